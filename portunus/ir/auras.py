"""Auras as kernel functions: apply, fade, tick."""

from __future__ import annotations

from portunus.dsl.model import Aura, Remove, Renew
from portunus.ir.attacks import crit_chance, crit_factor, damage_factor, listened, mitigation, taken_factor
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expiry import write_listing
from portunus.ir.expressions import Scope, text
from portunus.ir.layout import NEVER, asked_fresh, has_twin, remembers
from portunus.ir.statements import all_statements, call_aura, inner, write_body
from portunus.ir.stats import write_keep, write_rescale


def origin(thing) -> str:
    """Where in the spec a function comes from, without folders."""
    return f"{thing.span.path.rsplit('/', 1)[-1]}:{thing.span.line}"


def _parameters(aura: Aura, *more: str) -> tuple[str, ...]:
    return ("s", "t", "m", "r", *(["target"] if aura.on_target else []), *more)


def _where(aura: Aura) -> str:
    return "[target]" if aura.on_target else ""


def slot_text(context: Context, aura: Aura, kind: str) -> str:
    """Text of the index of an aura's event slot."""
    layout = context.layout
    if not aura.on_target:
        return str(layout.slot(f"{aura.name}_tick"))
    first = layout.slot(f"{aura.name}_{kind}_0")
    return f"({first} + target * {layout.slots_per_enemy})"


def aura_functions(context: Context, aura: Aura) -> list[Function]:
    """The functions of one aura."""
    functions = [_fade(context, aura), _apply(context, aura)]
    kinds = {s.kind for s in all_statements(context.model) if isinstance(s, Renew) and s.aura == aura.name}
    functions += [make(context, aura) for kind, make in (("renew", _renew), ("rollover", _rollover)) if kind in kinds]
    if aura.ticks:
        functions.insert(0, _tick(context, aura))
    if any(isinstance(x, Remove) and x.aura == aura.name for outer in aura.on_tick for x in inner(outer)):
        functions.append(_fade(context, aura, within_tick=True))
    return functions


def _apply(context: Context, aura: Aura) -> Function:
    w, at, name = Writer(), _where(aura), f"s.{aura.name}"
    scope = Scope(target="target" if aura.on_target else "0", spell="spell")
    if asked_fresh(context.model, aura):
        w.put(f"{name}_applied_at{at} = s.now")
        w.put(f"{name}_applied_by{at} = spell")
    for other in context.model.auras:
        if aura.exclusive and other.exclusive == aura.exclusive and other.name != aura.name:
            with w.block(f"if s.{other.name}_on{at} != 0:"):
                w.put(call_aura(context, other.name, "fade", scope))
    w.put(f"m.aura_procs[{context.aura_index(aura.name)}] += 1")
    if aura.tick_amount is not None and not any((x.id, x.tag) == (aura.id, aura.tag) for x in context.model.spells):
        w.put(f"m.casts[{context.row(aura)}] += 1")
        if aura.tick_crits is None and aura.refresh == "reset":
            w.put(f"m.hits[{context.row(aura)}] += 1")
    if aura.ticks:
        _apply_periodic(w, context, aura, scope)
    else:
        end = f"{NEVER}" if aura.duration is None else f"s.now + {text(aura.duration, context, scope, f'{aura.name}_duration')}"
        with w.block(f"if {name}_on{at} == 0:"):
            w.put(f"{name}_on{at} = 1")
            _count_up(w, context, aura)
            if aura.max_stacks:
                w.put(f"{name}_stacks{at} = 1")
            write_keep(w, context, aura.name)
        w.put(f"{name}_end{at} = {end}")
        _block(w, context, aura)
        write_rescale(w, context, aura.name)
    w.put(f"s.expire_at = min(s.expire_at, {name}_end{at})")
    return Function(f"apply_{aura.name}", _parameters(aura, "spell"), f"{aura.label} begins or is renewed.", origin(aura), tuple(w.lines))


def _renew(context: Context, aura: Aura) -> Function:
    w, at, name = Writer(), _where(aura), f"s.{aura.name}"
    scope = Scope(target="target" if aura.on_target else "0", spell="spell")
    with w.block(f"if {name}_on{at} == 0:"):
        w.put(call_aura(context, aura.name, "apply", scope, "spell"))
    with w.block("else:"):
        w.put(f"m.aura_procs[{context.aura_index(aura.name)}] += 1")
        _snapshot(w, context, aura, scope)
        w.put(f"{name}_end{at} = s.now + {name}_period{at} * {context.ticks(aura, at)}")
    return Function(f"renew_{aura.name}", _parameters(aura, "spell"), f"{aura.label} lasts longer, with a new snapshot; its ticks keep their time.", origin(aura),
                    tuple(w.lines))


def _rollover(context: Context, aura: Aura) -> Function:
    w, at, name = Writer(), _where(aura), f"s.{aura.name}"
    scope = Scope(target="target" if aura.on_target else "0")
    tick = slot_text(context, aura, "tick")
    assert aura.every is not None
    with w.block(f"if {name}_on{at} != 0:"):
        if aura.tick_amount is not None:
            w.put(f"{name}_base{at} = {text(aura.tick_amount, context, scope, f'{aura.name}_amount')}")
        if aura.hasted:
            w.put(f"{name}_period{at} = {period_text(context, aura, scope)}")
        w.put(f"{name}_end{at} = s.now + {name}_period{at} * {context.ticks(aura, at)}")
        with w.block(f"if s.at[{tick}] == s.now and {name}_last_tick{at} != s.now:"):  # a tick due at this instant happens at once
            w.put(call_aura(context, aura.name, "tick", scope))
        w.put(f"schedule(s, {tick}, s.at[{tick}])")
        w.put(f"s.expire_at = min(s.expire_at, {name}_end{at})")
    return Function(f"rollover_{aura.name}", _parameters(aura), f"{aura.label} starts over without losing its next tick.", origin(aura), tuple(w.lines))


def _snapshot(w: Writer, context: Context, aura: Aura, scope: Scope) -> None:
    at, name = _where(aura), f"s.{aura.name}"
    if aura.tick_amount is not None:
        assert aura.attack is not None
        w.put(f"{name}_base{at} = {text(aura.tick_amount, context, scope, f'{aura.name}_amount')}")
        w.put(f"{name}_factor{at} = {damage_factor(context, aura, aura.attack, scope)}")
        w.put(f"{name}_crit{at} = {crit_chance(context, aura, aura.attack, scope)}")


def _apply_periodic(w: Writer, context: Context, aura: Aura, scope: Scope) -> None:
    at, name = _where(aura), f"s.{aura.name}"
    assert aura.every is not None
    _snapshot(w, context, aura, scope)
    spell = next((x for x in context.model.spells if x.channel == aura.name), None)
    tick = slot_text(context, aura, "tick")
    if aura.refresh == "reset":
        with w.block(f"if {name}_on{at} == 0:"):
            _begin(w, context, aura)
    else:
        with w.block(f"if {name}_on{at} != 0:"):
            w.put(call_aura(context, aura.name, "fade", scope))
        _begin(w, context, aura)
    w.put(f"{name}_ticks{at} = 0")
    w.put(f"{name}_period{at} = {period_text(context, aura, scope)}")
    if aura.tick_count is not None:
        w.put(f"{name}_count{at} = int({text(aura.tick_count, context, scope, f'{aura.name}_ticks')})")
    w.put(f"{name}_end{at} = s.now + {name}_period{at} * {context.ticks(aura, at)}")
    if has_twin(context.model, aura):
        with w.block("if t.switch_dot_twin != 0:"):
            w.put(f"schedule(s, {slot_text(context, aura, 'twin')}, s.now + {name}_period{at})")
    w.put(f"schedule(s, {tick}, s.now + {name}_period{at})")
    if spell is not None:
        w.put(f"s.channel = {context.spell_index(spell.name) + 1}")


def period_text(context: Context, aura: Aura, scope: Scope) -> str:
    """Text of the time between ticks at the haste of this moment."""
    assert aura.every is not None
    every = text(aura.every, context, scope, f"{aura.name}_every")
    if not aura.hasted:
        return every
    hasted = f"int({every} * cast_speed(s, t))"
    return hasted if aura.hasted_if is None else f"({hasted} if {context.tables.slot(aura.hasted_if, f'{aura.name}_hasted')} != 0 else {every})"


def _block(w: Writer, context: Context, aura: Aura) -> None:
    """An aura that blocks holds the global cooldown until it ends; with ends noticed late, until that is noticed."""
    if aura.blocks:
        end = f"s.{aura.name}_end"
        lazy = any(name == "lazy_expiry" for name, _ in context.model.ruleset.switches)
        w.put(f"set_gcd(s, {f'{NEVER} if t.switch_lazy_expiry != 0 else {end}' if lazy else end})")


def _begin(w: Writer, context: Context, aura: Aura) -> None:
    at, name = _where(aura), f"s.{aura.name}"
    w.put(f"{name}_on{at} = 1")
    _count_up(w, context, aura)
    w.put(f"{name}_last_tick{at} = s.now")
    if has_twin(context.model, aura):
        w.put(f"{name}_twin_last{at} = s.now")
    if aura.max_stacks:
        w.put(f"{name}_stacks{at} = 1")
    write_keep(w, context, aura.name)


def _count_up(w: Writer, context: Context, aura: Aura) -> None:
    """Uptime is the sum of ends less the sum of beginnings; the aura joins the list of its unit."""
    w.put(f"m.aura_uptime[{context.aura_index(aura.name)}] -= max(s.now, 0)")
    write_listing(w, context, aura, "list")


def _fade(context: Context, aura: Aura, *, within_tick: bool = False) -> Function:
    """`fade_AURA`; `end_AURA` is for an aura that ends itself in its own tick, which has happened then."""
    w, at, name = Writer(), _where(aura), f"s.{aura.name}"
    scope = Scope(target="target" if aura.on_target else "0")
    w.put(f"{name}_on{at} = 0")
    w.put(f"m.aura_uptime[{context.aura_index(aura.name)}] += max(min(s.now, {name}_end{at}), 0)")
    write_listing(w, context, aura, "unlist")
    if aura.max_stacks:
        w.put(f"{name}_stacks{at} = 0")
    write_keep(w, context, aura.name)
    write_rescale(w, context, aura.name)
    if aura.blocks:
        w.put("set_gcd(s, s.now)")
    write_body(w, context, aura.on_expire, scope, aura)
    if aura.ticks:
        if has_twin(context.model, aura):
            twin = slot_text(context, aura, "twin")
            with w.block(f"if s.at[{twin}] == s.now and {name}_twin_last{at} != s.now:"):
                _twin_tick(w, context, aura)
            w.put(f"s.at[{twin}] = {NEVER}")
        tick = slot_text(context, aura, "tick")
        if not within_tick:
            with w.block(f"if s.at[{tick}] == s.now and {name}_last_tick{at} != s.now:"):
                w.put(call_aura(context, aura.name, "tick", scope))
        w.put(f"s.at[{tick}] = {NEVER}")
        if any(x.channel == aura.name for x in context.model.spells):
            w.put("s.channel = 0")
            if remembers(context.model):
                w.put("s.list_interrupt = 0")
    verb, also = ("end", "within its own tick") if within_tick else ("fade", "a tick due at this instant still happens")
    return Function(f"{verb}_{aura.name}", _parameters(aura), f"{aura.label} ends; {also}.", origin(aura), tuple(w.lines))


def _twin_tick(w: Writer, context: Context, aura: Aura) -> None:
    w.put(f"s.{aura.name}_twin_last[target] = s.now")
    if not context.expected:
        w.put("resist(t, r)")


def twin_event(w: Writer, context: Context, aura: Aura) -> None:
    """Write the event of the damageless twin (an artefact of the reference: it uses a resist draw)."""
    with w.block(f"if s.{aura.name}_twin_last[target] != s.now:"):
        _twin_tick(w, context, aura)
    with w.block(f"if s.{aura.name}_on[target] != 0:"):
        w.put(f"schedule(s, {slot_text(context, aura, 'twin')}, s.now + s.{aura.name}_period[target])")


def tick_event(w: Writer, context: Context, aura: Aura) -> None:
    """Write the event of a tick: tick, then schedule the next one if it still runs."""
    at, tick = _where(aura), slot_text(context, aura, "tick")
    with w.block(f"if s.{aura.name}_last_tick{at} != s.now:"):
        w.put(call_aura(context, aura.name, "tick", Scope(target="target")))
    with w.block(f"if s.{aura.name}_on{at} != 0 and s.at[{tick}] == {NEVER}:"):
        w.put(f"schedule(s, {tick}, s.now + s.{aura.name}_period{at})")


def _tick(context: Context, aura: Aura) -> Function:
    w, at, name = Writer(), _where(aura), f"s.{aura.name}"
    scope = Scope(target="target" if aura.on_target else "0")
    w.put(f"{name}_ticks{at} += 1")
    w.put(f"{name}_last_tick{at} = s.now")
    if aura.tick_amount is not None:
        _tick_damage(w, context, aura, scope)
    write_body(w, context, aura.on_tick, scope, aura)
    for index, handler in enumerate(context.model.handlers):
        if handler.event == "tick" and aura.name in handler.subjects:
            damage, outcome = ("damage", "outcome") if aura.tick_amount is not None else ("0.0", "1")
            w.put(f"handler_{index}(s, t, m, r, {scope.target}, {damage}, {outcome}, 0.0, 0.0, -1)")
    if any(x.channel == aura.name for x in context.model.spells):
        with w.block(f"if {name}_ticks{at} >= {context.ticks(aura, at)}:"), w.block("if s.gcd_end <= s.now:"):
            w.put("set_gcd(s, s.now + t.clip_delay)")
        if any(x.channel == aura.name and x.interruptible for x in context.model.spells):
            with w.block("else:"):
                w.put("s.deciding = 1")
    return Function(f"tick_{aura.name}", _parameters(aura), f"One tick of {aura.label}.", origin(aura), tuple(w.lines))


def _tick_damage(w: Writer, context: Context, aura: Aura, scope: Scope) -> None:
    at, name, row = _where(aura), f"s.{aura.name}", context.row(aura)
    assert aura.attack is not None
    taken = taken_factor(context, aura, scope)
    reduced = mitigation(context, aura, aura.attack, scope)
    base = f"{name}_base{at}" if aura.tick_growth is None else f"({name}_base{at} + {text(aura.tick_growth, context, scope, f'{aura.name}_growth')})"
    w.put(f"damage = {base} * {name}_factor{at}" + (f" * ({taken})" if taken else "") + (f" * {reduced}" if reduced else ""))
    w.put("outcome = 1")
    if aura.tick_crits is not None:
        allowed = context.tables.slot(aura.tick_crits, f"{aura.name}_can_crit")
        factor = crit_factor(context, aura, aura.attack, scope)
        with w.block(f"if {allowed} != 0:"):
            if context.expected and not listened(context, aura):
                w.put(f"damage = damage * (1.0 + min(max({name}_crit{at}, 0.0), 1.0) * ({factor} - 1.0))")
            elif context.expected:
                with w.block(f"if chance({name}_crit{at}, m, r):"):
                    w.put("outcome = 2")
                    w.put(f"damage = damage * ({factor})")
            else:  # without a branch, which no processor can foresee
                w.put(f"outcome = 2 if uniform(r) < {name}_crit{at} else 1")
                w.put(f"stronger = {factor}")
                w.put("damage = damage * (stronger if outcome == 2 else 1.0)")
            w.put(f"m.crits[{row}] += outcome - 1")
            w.put(f"m.hits[{row}] += 2 - outcome")
    w.put(f"deal(s, m, {row}, damage)")
