"""Live statistics and the rates of auto-attacks: kernel functions of what auras change during a fight."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from portunus.dsl.model import Expr, Model, Resource, Spell, Stat
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import OF_THE_FIGHT, Scope, is_static, make, stat_function, text, walk
from portunus.ir.layout import PHASES, inherited_stats, kept_field, stat_field, swing_slot

ENEMY = Scope(target="target")


def stat_functions(context: Context) -> list[Function]:
    """One function per live statistic, and what sets those a pet inherits once."""
    once = {stat.name for pet in context.model.pets for stat in inherited_stats(context.model, pet)}
    kept = kept_stats(context.model)
    functions = [_armor(context)] if any(m.kind == "armor" for m in context.model.modifiers) else []
    for stat in context.model.stats:
        if not stat.live:
            continue
        if stat.name in once:
            functions.append(_function(stat, stat_function(stat.name), "fixed when summoned", [f"    return s.{stat_field(stat.name)}"]))
            functions.append(_formula(context, stat, f"fresh_{stat_function(stat.name)}"))
        elif stat in kept:
            functions.append(_function(stat, stat_function(stat.name), "its value now", [f"    return s.{kept_field(stat.name)}"]))
            functions.append(_formula(context, stat, f"fresh_{stat_function(stat.name)}"))
        else:
            functions.append(_formula(context, stat, stat_function(stat.name)))
    keep = [f"s.phase_{percent}_at = int((1.0 - t.execute_{percent}) * s.duration)" for percent in PHASES]
    keep += [*(_keep(stat) for stat in kept), *([_KEEP_SPEED] if keeps_cast_speed(context.model) else [])]
    functions.append(Function("keep_stats", ("s", "t"), "Find every statistic that is kept anew, and when phases of health begin.", "", tuple("    " + line for line in keep)))
    return functions


_KEEP_SPEED = "s.cast_speed_kept = fresh_cast_speed(s, t)"
_LASTING = frozenset({"live_stat", "aura_up", "aura_stacks"})


def kept_stats(model: Model) -> tuple[Stat, ...]:
    """The live statistics that nothing but the player's auras change: their values are kept until one begins, ends or changes its stacks."""
    once = {stat.name for pet in model.pets for stat in inherited_stats(model, pet)}
    found: dict[str, Stat] = {}
    for stat in model.stats:
        parts = (stat.formula, *stat.adds, *stat.factors, *(amount for _, _, amount in stat.changes))
        if stat.live and stat.name not in once and all(_lasts(model, e, found) for e in parts):
            found[stat.name] = stat
    return tuple(found.values())


def _lasts(model: Model, expr: Expr, kept: Collection[str]) -> bool:
    """Does nothing but the player's auras change an expression?"""
    for node in walk(expr):
        if node.op == "live_stat" and node.args[0] not in kept:
            return False
        if node.op in ("aura_up", "aura_stacks") and model.aura(node.args[0]).on_target:
            return False
        if node.op not in _LASTING and (node.op == "range" or node.op in OF_THE_FIGHT or node.op == "live_armor"):
            return False
    return True


def keeps_cast_speed(model: Model) -> bool:
    """Is the speed of casts kept, too: does nothing but the player's auras change it?"""
    kept = {stat.name for stat in kept_stats(model)}
    changes = [m for m in model.modifiers if m.kind == "cast_speed"]
    haste = model.stat("spell_haste")
    return ((haste is None or not haste.live or haste.name in kept)
            and not any(m.aura and model.aura(m.aura).on_target for m in changes)
            and all(_lasts(model, e, kept) for m in changes for e in (m.amount, m.condition) if e is not None))


def _speeds(model: Model, aura: str) -> bool:
    """Does an aura change the speed of casts?"""
    if any(m.kind == "cast_speed" and (m.aura == aura or any(_mentions(model, e, aura) for e in (m.amount, m.condition) if e is not None)) for m in model.modifiers):
        return True
    haste = model.stat("spell_haste")
    return haste is not None and haste.live and aura in depends_on(model, haste.name)


def _mentions(model: Model, expr: Expr, aura: str) -> bool:
    """Does an expression depend on an aura, through live statistics too?"""
    return any((n.op in ("aura_up", "aura_stacks") and n.args[0] == aura) or (n.op == "live_stat" and aura in depends_on(model, n.args[0])) for n in walk(expr))


def _keep(stat: Stat) -> str:
    return f"s.{kept_field(stat.name)} = fresh_{stat_function(stat.name)}(s, t, 0)"


def write_keep(w: Writer, context: Context, aura: str) -> None:
    """After an aura began, ended or changed its stacks: find the statistics it bears on anew."""
    for stat in kept_stats(context.model):
        if aura in depends_on(context.model, stat.name):
            w.put(_keep(stat))
    if keeps_cast_speed(context.model) and _speeds(context.model, aura):
        w.put(_KEEP_SPEED)


def _function(stat: Stat, name: str, summary: str, lines: list[str]) -> Function:
    return Function(name, ("s", "t", "target"), f"{stat.name}: {summary}.", "", tuple(lines))


def _formula(context: Context, stat: Stat, name: str) -> Function:
    w = Writer()
    hint = stat.name.replace(".", "_")
    w.put(f"value = {text(stat.formula, context, ENEMY, hint)}")
    for expr in stat.adds:
        w.put(f"value += {text(expr, context, ENEMY, f'{hint}_add')}")
    for kind, sign in (("add", "+="), ("multiply", "*=")):
        if kind == "multiply":
            for expr in stat.factors:
                w.put(f"value *= {text(expr, context, ENEMY, f'{hint}_factor')}")
        for aura, change, amount in stat.changes:
            if change == kind:
                with w.block(f"if s.{aura}_on != 0:"):
                    w.put(f"value {sign} {text(amount, context, ENEMY, f'{hint}_{aura}')}")
    w.put("return value")
    return _function(stat, name, "its value now", w.lines)


def _armor(context: Context) -> Function:
    from portunus.ir.attacks import guarded, modifiers

    like = context.model.stats[0].formula
    base = text(Expr("armor", (), "number", like.span), context, Scope(), "target_armor")
    parts = [base, *(guarded(context, m, ENEMY, "1.0") for m in modifiers(context, "armor", None))]
    return Function("enemy_armor", ("s", "t", "target"), "An enemy's armour now.", "", (f"    return {' * '.join(parts)}",))


def depends_on(model: Model, name: str) -> frozenset[str]:
    """The auras a live statistic depends on, through other statistics too."""
    found: set[str] = set()
    waiting, seen = [name], {name}
    while waiting:
        stat = model.stat(waiting.pop())
        if stat is None:
            continue
        found |= {aura for aura, _, _ in stat.changes}
        for expr in (stat.formula, *stat.adds, *stat.factors, *(amount for _, _, amount in stat.changes)):
            for node in walk(expr):
                if node.op == "live_stat" and node.args[0] not in seen:
                    seen.add(node.args[0])
                    waiting.append(node.args[0])
                elif node.op in ("aura_up", "aura_stacks"):
                    found.add(node.args[0])
    return frozenset(found)


# ---- auto-attacks ----------------------------------------------------------------------------------------------------------------


def swings(model: Model, owner: str | None = None) -> Iterator[Spell]:
    """The auto-attacks, of one owner or of all."""
    return (s for s in model.spells if s.swing is not None and owner in (None, s.owner))


def rates(context: Context) -> dict[str, list[Spell]]:
    """Live rates that change swings under way, each with its auto-attacks."""
    found: dict[str, list[Spell]] = {}
    for spell in swings(context.model):
        assert spell.swing is not None
        stat = context.model.stat(spell.swing.rate)
        if spell.swing.rescaled and stat is not None and stat.live:
            found.setdefault(stat.name, []).append(spell)
    return found


def period(context: Context, spell: Spell) -> str:
    """Text of the time from one swing to the next, nanoseconds."""
    assert spell.swing is not None
    every = text(spell.swing.every, context, Scope(), f"{spell.name}_every")
    if not spell.swing.rate:
        return every
    rate = text(context.stat_expr(spell.swing.rate, spell.swing.every), context, Scope(), "rate")
    seconds = f"({every} / 1e9)"
    if is_static(spell.swing.every):
        per_second = make("number", 1e9, like=spell.swing.every)
        seconds = text(make("div", spell.swing.every, per_second, like=spell.swing.every), context, Scope(), f"{spell.name}_seconds")
    return f"int(1e9 * ({seconds} / {rate}))"


def prorated(model: Model) -> list[Resource]:
    """The resources whose running tick is paid out when what it gives changes."""
    return [r for r in model.resources if r.prorated]


def settle_function(context: Context, resource: Resource) -> Function:
    """`settle_RESOURCE`: what a tick gives has changed."""
    from portunus.ir.statements import gain_arguments

    assert resource.every is not None
    w, name, slot = Writer(), resource.name, context.layout.slot(f"tick_{resource.name}")
    every = text(resource.every, context, Scope(), f"{name}_every")
    w.put(f"rate = {text(resource.amount_casting, context, Scope(), f'{name}_tick')}")
    with w.block(f"if rate != s.{name}_rate:"):
        w.put(f"share = (s.now - (s.at[{slot}] - {every})) / {every} if s.at[{slot}] < {1 << 62} else 1.0")
        w.put(f"part = s.{name}_rate * share")
        w.put(f"s.{name}_rate = rate")
        w.put(f"schedule(s, {slot}, s.now + {every})")
        w.put(f"gain_{name}({gain_arguments(context, name)}, part, {context.tables.slot(resource.maximum, f'{name}_max')}, "
              f"{context.layout.sources.index((name, 'tick'))})")
    return Function(f"settle_{name}", ("s", "t", "m", "r"), f"What a tick of {resource.label} gives has changed: pay out its part, begin a new one.", "", tuple(w.lines))


def rate_functions(context: Context) -> list[Function]:
    """`rescale_RATE`: a changed rate changes the swings under way; `settle_RESOURCE`: the same for ticks."""
    functions = [settle_function(context, resource) for resource in prorated(context.model)]
    for name, spells in rates(context).items():
        w, kept = Writer(), f"s.{stat_field(name)}_rate"
        w.put(f"rate = {stat_function(name)}(s, t, 0)")
        with w.block(f"if rate != {kept}:"):
            w.put(f"share = {kept} / rate")
            w.put(f"{kept} = rate")
            for spell in spells:
                at = f"s.at[{swing_slot(context.layout, spell)}]"
                with w.block(f"if {at} < {1 << 62} and {at} > s.now:"):
                    w.put(f"{at} = s.now + int(({at} - s.now) * share)")
        functions.append(Function(rescale_name(name), ("s", "t"), f"{name} changed: swings under way become shorter or longer.", "", tuple(w.lines)))
    return functions


def rescale_name(stat: str) -> str:
    """Name of the function that rescales the swings of a rate."""
    return f"rescale_{stat.replace('.', '__')}"


def write_rescale(w: Writer, context: Context, aura: str) -> None:
    """After an aura began, ended or changed its stacks: rescale the swings it bears on."""
    for name in rates(context):
        if aura in depends_on(context.model, name):
            w.put(f"{rescale_name(name)}(s, t)")
    for resource in prorated(context.model):
        names = [node.args[0] for node in walk(resource.amount_casting) if node.op == "live_stat"]
        direct = any(node.op in ("aura_up", "aura_stacks") and node.args[0] == aura for node in walk(resource.amount_casting))
        if direct or any(aura in depends_on(context.model, name) for name in names):
            w.put(f"settle_{resource.name}(s, t, m, r)")
