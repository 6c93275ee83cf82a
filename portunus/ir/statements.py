"""Statements of handlers as kernel text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from portunus.dsl import model as dsl
from portunus.dsl.model import Expr, Gain, Model, Spell, Statement
from portunus.errors import PortunusError
from portunus.ir.attacks import (
    Thing,
    crit_chance,
    crit_factor,
    damage_factor,
    hit_chance,
    mitigation,
    roll_direct,
    roll_strike,
    taken_factor,
)
from portunus.ir.context import Context, Writer
from portunus.ir.expressions import Scope, text, travel, walk
from portunus.ir.layout import NEVER, swing_slot
from portunus.ir.runes import counts
from portunus.ir.stats import depends_on, period, rates, write_keep, write_rescale


def inner(statement: Statement) -> Iterator[Statement]:
    """A statement and all statements inside it."""
    yield statement
    for name in ("then", "orelse"):
        for child in getattr(statement, name, ()):
            yield from inner(child)


def all_statements(model: Model) -> Iterator[Statement]:
    """Every statement of the spec's handlers, in the order of the file."""
    bodies: list[tuple[Statement, ...]] = []
    for spell in model.spells:
        bodies += [spell.on_start, spell.on_cast, spell.on_roll, spell.on_land]
    for aura in model.auras:
        bodies += [aura.on_tick, aura.on_expire]
    bodies += [h.body for h in model.handlers]
    for body in bodies:
        for statement in body:
            yield from inner(statement)


def all_gains(model: Model) -> Iterator[Gain]:
    """Every gain of a resource in the spec."""
    return (s for s in all_statements(model) if isinstance(s, Gain))


def body_expressions(body: tuple[Statement, ...]) -> Iterator[Expr]:
    """The expressions of the statements of a body, whole."""
    for outer in body:
        for statement in inner(outer):
            for name in ("condition", "chance", "amount", "count", "duration", "after"):
                expr = getattr(statement, name, None)
                if expr is not None:
                    yield expr


def all_expressions(model: Model) -> Iterator[Expr]:
    """Every expression in the spec's handlers, with all its parts."""
    for expr in body_expressions(tuple(all_statements(model))):
        yield from walk(expr)


def write_body(w: Writer, context: Context, body: tuple[Statement, ...], scope: Scope, subject: Thing | None) -> None:
    """Write the statements of a handler; `subject` is the spell or aura whose handler it is."""
    for statement in body:
        _WRITERS[type(statement)](w, context, statement, scope, subject)


def _if(w: Writer, context: Context, s: dsl.If, scope: Scope, subject: Thing | None) -> None:
    with w.block(f"if {text(s.condition, context, scope)}:"):
        write_body(w, context, s.then, scope, subject)
    if s.orelse:
        with w.block("else:"):
            write_body(w, context, s.orelse, scope, subject)


def _chance(w: Writer, context: Context, s: dsl.Chance, scope: Scope, subject: Thing | None) -> None:
    chance = text(s.chance, context, scope, "chance")
    with w.block(f"if {f'chance({chance}, m, r)' if context.expected else f'proc({chance}, r)'}:"):
        write_body(w, context, s.then, scope, subject)
    if s.orelse:
        with w.block("else:"):
            write_body(w, context, s.orelse, scope, subject)


def _damage(w: Writer, context: Context, s: dsl.Damage, scope: Scope, subject: Thing | None) -> None:
    assert isinstance(subject, Spell)
    amount = text(s.amount, context, scope, f"{subject.name}_amount")
    if s.scope == "each":
        _volley(w, context, s, scope, subject)
    elif s.scope == "enemies":
        scripted = context.model.scripted
        w.put(f"amount = {amount} * {f'min(t.area_cap / {context.enemies}, 1.0)' if scripted else 't.area_factor'}")
        with w.block(f"for {'turn' if scripted else 'enemy'} in range({context.enemies}):"):
            if scripted:
                w.put("enemy = nth_enemy(s, t, 0, turn)")
            roll_direct(w, context, subject, "amount", scope.at("enemy"))
            _rolled(w, context, subject, scope.at("enemy"), f"1 if enemy == {scope.target} else 0")
            w.put(f"land_{subject.name}(s, t, m, r, enemy, damage, outcome, cost)")
    elif subject.missile is None:
        roll_direct(w, context, subject, amount, scope)
        _rolled(w, context, subject, scope, scope.primary)
        w.put(f"land_{subject.name}(s, t, m, r, {scope.target}, damage, outcome, cost)")
    else:
        _launch(w, context, subject, s, scope)


def _volley(w: Writer, context: Context, s: dsl.Damage, scope: Scope, spell: Spell) -> None:
    """The target and the next enemies in turn: all rolls, then all landings; written out for each of them."""
    most = min(s.up_to, context.model.ruleset.max_enemies)
    for phase in ("roll",) if s.in_turn else ("roll", "land"):
        for place in range(most):
            enemy = f"enemy_{place}"
            with w.block(f"if {place} < {context.enemies}:"):
                if phase == "roll":
                    w.put(f"{enemy} = {context.in_turn(scope.target, place)}")
                    roll_direct(w, context, spell, text(s.amount, context, scope.at(enemy), f"{spell.name}_amount"), scope.at(enemy))
                    _rolled(w, context, spell, scope.at(enemy), str(int(place == 0)))
                    if s.in_turn:
                        w.put(f"land_{spell.name}(s, t, m, r, {enemy}, damage, outcome, cost)")
                    else:
                        w.put(f"damage_{place}, outcome_{place} = damage, outcome")
                else:
                    w.put(f"land_{spell.name}(s, t, m, r, {enemy}, damage_{place}, outcome_{place}, cost)")


def _rolled(w: Writer, context: Context, spell: Spell, scope: Scope, primary: str) -> None:
    """What the spell does when a hit of it is rolled, before it lands."""
    if spell.on_roll:
        w.put(f"primary = {primary}")
        write_body(w, context, spell.on_roll, scope, spell)


def write_payment(w: Writer, context: Context, spell: Spell) -> None:
    """Pay what a spell costs; `cost` is that of its first resource."""
    index = context.spell_index(spell.name)
    if spell.cost is not None:
        with w.block("if cost > 0.0:"):
            w.put(f"s.{spell.resource} -= cost")
            if next(x for x in context.model.resources if x.name == spell.resource).rest_after is not None:
                w.put(f"s.{spell.resource}_paid_at = s.now")
            w.put(f"m.spent[{index}] += cost")
    for resource, amount in spell.more_costs:
        w.put(f"s.{resource} -= {text(amount, context, Scope(), f'{spell.name}_{resource}')}")
    if spell.rune_cost:
        w.put(f"pay_runes(s, t, {counts(context, spell)})")


def _pay(w: Writer, context: Context, s: dsl.Pay, scope: Scope, subject: Thing | None) -> None:
    assert isinstance(subject, Spell)
    if subject.free_if is not None:
        with w.block("if free == 0:"):
            write_payment(w, context, subject)
    else:
        write_payment(w, context, subject)


def _rune_change(w: Writer, context: Context, s: dsl.RuneChange, scope: Scope, subject: Thing | None) -> None:
    call = {"convert": f"convert_runes(s, {s.kind})", "borrow": f"borrow_rune(s, {s.kind})", "return": "give_rune_back(s)",
            "ready": f"ready_rune(s, {s.kind})" if s.kind >= 0 else "ready_all_runes(s)"}
    w.put(call[s.what])


def _launch(w: Writer, context: Context, spell: Spell, s: dsl.Damage, scope: Scope) -> None:
    """A missile: everything is rolled when the cast ends; what planning needs to roll again is stored beside it."""
    attack = spell.attack
    assert attack is not None and spell.missile is not None
    mean = text(s.amount, context.as_expected(), scope, f"{spell.name}_amount")
    if attack.table:
        raise PortunusError(f"{spell.name}: a missile rolls as spells do; it cannot have an attack table", hint="Take out `missile` or `table`.")
    factors, taken = damage_factor(context, spell, attack, scope), taken_factor(context, spell, scope)
    reduced = mitigation(context, spell, attack, scope)
    mean_reduced = mitigation(context.as_expected(), spell, attack, scope)
    w.put(f"multiplier = ({factors})" + (f" * ({taken})" if taken else ""))
    w.put(f"crit = {crit_chance(context, spell, attack, scope)}")
    w.put(f"factor = {crit_factor(context, spell, attack, scope)}")
    w.put(f"mean = {mean} * multiplier" + (f" * {mean_reduced}" if mean_reduced else ""))
    if context.expected:
        w.put("damage, outcome = mean, 1")
    else:
        w.put(f"damage = {text(s.amount, context, scope, f'{spell.name}_amount')} * multiplier" + (f" * {reduced}" if reduced else ""))
        w.put("outcome = 0")
        with w.block(f"if proc({hit_chance(context, spell, attack.crit_chance, scope)}, r):"):
            w.put("outcome = 1")
            with w.block("if uniform(r) < crit:"):
                w.put("outcome = 2")
                w.put("damage = damage * factor")
    flight = "0" if spell.owner else context.tables.slot(travel(spell), f"{spell.name}_travel")
    w.put(f"launch(s, s.now + {flight}, {context.spell_index(spell.name)}, {scope.target}, outcome, damage, mean, crit, factor, cost)")


def _strike(w: Writer, context: Context, s: dsl.Strike, scope: Scope, subject: Thing | None) -> None:
    assert isinstance(subject, Spell) and subject.attack is not None
    roll_strike(w, context, subject, scope)
    with w.block("if outcome > 0:"):
        write_body(w, context, s.then, scope, subject)
    w.put(f"land_{subject.name}(s, t, m, r, {scope.target}, 0.0, outcome, cost)")


def _each(w: Writer, context: Context, s: dsl.Each, scope: Scope, subject: Thing | None) -> None:
    first = 1 if s.other else 0
    with w.block(f"for turn in range({first}, min({context.enemies}, {first + s.up_to})):"):
        w.put(f"enemy = {context.in_turn(scope.target, 'turn')}")
        write_body(w, context, s.then, replace(scope, target="enemy", primary="1 if turn == 0 else 0"), subject)


def call_aura(context: Context, name: str, verb: str, scope: Scope, *more: str) -> str:
    """Text of a call of an aura's function, with the enemy where it needs one."""
    where = [scope.target] if context.model.aura(name).on_target else []
    return f"{verb}_{name}({', '.join(['s', 't', 'm', 'r', *where, *more])})"


def _apply(w: Writer, context: Context, s: dsl.Apply, scope: Scope, subject: Thing | None) -> None:
    w.put(call_aura(context, s.aura, "apply", scope, scope.spell))


def _renew(w: Writer, context: Context, s: dsl.Renew, scope: Scope, subject: Thing | None) -> None:
    w.put(call_aura(context, s.aura, s.kind, scope, *([scope.spell] if s.kind == "renew" else [])))


def _extend(w: Writer, context: Context, s: dsl.Extend, scope: Scope, subject: Thing | None) -> None:
    where = f"[{scope.target}]" if context.model.aura(s.aura).on_target else ""
    with w.block(f"if s.{s.aura}_on{where} != 0:"):
        w.put(f"more = int({text(s.count, context, scope, f'{s.aura}_extension')})")
        w.put(f"s.{s.aura}_count{where} += more")
        w.put(f"s.{s.aura}_end{where} += more * s.{s.aura}_period{where}")


def _remove(w: Writer, context: Context, s: dsl.Remove, scope: Scope, subject: Thing | None) -> None:
    where = f"[{scope.target}]" if context.model.aura(s.aura).on_target else ""
    with w.block(f"if s.{s.aura}_on{where} != 0:"):
        itself = not isinstance(subject, Spell) and subject is not None and subject.name == s.aura and bool(subject.ticks)
        w.put(call_aura(context, s.aura, "end" if itself else "fade", scope))


def _add_stack(w: Writer, context: Context, s: dsl.AddStack, scope: Scope, subject: Thing | None) -> None:
    aura = context.model.aura(s.aura)
    where = f"[{scope.target}]" if aura.on_target else ""
    with w.block(f"if s.{s.aura}_on{where} != 0:"):
        w.put(f"s.{s.aura}_stacks{where} = min(s.{s.aura}_stacks{where} + int({text(s.count, context, scope)}), {context.count(aura, 'max_stacks', aura.max_stacks)})")
        _end_without_stacks(w, context, s.aura, where, scope, s.count)


def _end_without_stacks(w: Writer, context: Context, aura: str, where: str, scope: Scope, changed: Expr) -> None:
    write_keep(w, context, aura)
    if changed.op == "number" and changed.args[0] > 0:
        write_rescale(w, context, aura)
        return
    with w.block(f"if s.{aura}_stacks{where} <= 0:"):
        w.put(call_aura(context, aura, "fade", scope))
    if any(aura in depends_on(context.model, name) for name in rates(context)):
        with w.block("else:"):
            write_rescale(w, context, aura)


def _set_stacks(w: Writer, context: Context, s: dsl.SetStacks, scope: Scope, subject: Thing | None) -> None:
    aura = context.model.aura(s.aura)
    where = f"[{scope.target}]" if aura.on_target else ""
    with w.block(f"if s.{s.aura}_on{where} != 0:"):
        w.put(f"s.{s.aura}_stacks{where} = min(int({text(s.amount, context, scope, f'{s.aura}_stacks')}), {context.count(aura, 'max_stacks', aura.max_stacks)})")
        _end_without_stacks(w, context, s.aura, where, scope, s.amount)


def _set_value(w: Writer, context: Context, s: dsl.SetValue, scope: Scope, subject: Thing | None) -> None:
    where = f"[{scope.target}]" if context.model.aura(s.aura).on_target else ""
    w.put(f"s.{s.aura}_{s.value}{where} = {text(s.amount, context, scope)}")


def _gain(w: Writer, context: Context, s: Gain, scope: Scope, subject: Thing | None) -> None:
    resource = next(r for r in context.model.resources if r.name == s.resource)
    source = context.layout.sources.index((s.resource, s.source))
    maximum = context.tables.slot(resource.maximum, f"{s.resource}_max")
    w.put(f"gain_{s.resource}({gain_arguments(context, s.resource)}, {text(s.amount, context, scope, f'{s.source}_gain')}, {maximum}, {source})")


def gain_arguments(context: Context, resource: str) -> str:
    """The first arguments of the function that gives a resource: with listeners it needs the whole state."""
    return "s, t, m, r" if any(h.event == "gain" and resource in h.subjects for h in context.model.handlers) else "s, m"


def _lose(w: Writer, context: Context, s: dsl.Lose, scope: Scope, subject: Thing | None) -> None:
    w.put(f"s.{s.resource} = max(s.{s.resource} - {text(s.amount, context, scope, f'{s.resource}_lost')}, 0.0)")


def _delay(w: Writer, context: Context, s: dsl.Delay, scope: Scope, subject: Thing | None) -> None:
    at = f"s.at[{swing_slot(context.layout, context.model.spell(s.spell))}]"
    amount = text(s.amount, context, scope, f"{s.spell}_delay")
    share = "" if not s.random else "0.5" if context.expected else "uniform(r)"
    moved = f"int(1e9 * ({share} * ({amount} / 1e9)))" if share else amount
    with w.block(f"if {at} < {NEVER}:"):
        w.put(f"{at} += {moved}")


def _any_enemy(w: Writer, context: Context, s: dsl.AnyEnemy, scope: Scope, subject: Thing | None) -> None:
    w.put("enemy = 0")
    with w.block(f"if {context.enemies} > 1:"):
        drawn = f"min(int({context.enemies} * uniform(r)), {context.enemies} - 1)"
        w.put(f"enemy = {context.in_turn('0', drawn) if context.model.scripted else drawn}")
    write_body(w, context, s.then, scope.at("enemy"), subject)


def _restart(w: Writer, context: Context, s: dsl.Restart, scope: Scope, subject: Thing | None) -> None:
    spell = context.model.spell(s.spell)
    slot = swing_slot(context.layout, spell)
    after = f" + {text(s.after, context, scope, f'{s.spell}_after')}" if s.after is not None else ""
    with w.block(f"if s.at[{slot}] < {NEVER}:"):
        w.put(f"schedule(s, {slot}, s.now{after} + {period(context, spell)})")


def _decide(w: Writer, context: Context, s: dsl.Decide, scope: Scope, subject: Thing | None) -> None:
    w.put("look(s, t, m, r)" if s.within else "wake(s)")


def _start_icd(w: Writer, context: Context, s: dsl.StartIcd, scope: Scope, subject: Thing | None) -> None:
    time = next(icd.time for icd in context.model.icds if icd.name == s.icd)
    w.put(f"s.icd_{s.icd} = s.now + {text(time, context, scope, f'{s.icd}_icd')}")


def _start_cooldown(w: Writer, context: Context, s: dsl.StartCooldown, scope: Scope, subject: Thing | None) -> None:
    spell = context.model.spell(s.spell)
    assert spell.cooldown is not None
    w.put(f"s.cd_{s.spell} = s.now + {text(spell.cooldown, context, scope, f'{s.spell}_cooldown')}")
    for other in spell.shares:
        w.put(f"s.cd_{other} = s.cd_{s.spell}")
    if spell.autocast is not None:
        w.put("sort_autocast(s, t)")


def _reset_cooldown(w: Writer, context: Context, s: dsl.ResetCooldown, scope: Scope, subject: Thing | None) -> None:
    for name in (s.spell, *context.model.spell(s.spell).shares):
        w.put(f"s.cd_{name} = s.now")
        if context.model.spell(name).charges:
            w.put(f"s.cd_{name}_full = s.now")
    if context.model.spell(s.spell).autocast is not None:
        w.put("sort_autocast(s, t)")


def _trigger(w: Writer, context: Context, s: dsl.Trigger, scope: Scope, subject: Thing | None) -> None:
    w.put(f"complete_{s.spell}(s, t, m, r, {scope.target}, 0.0)")


def _dismiss(w: Writer, context: Context, s: dsl.Dismiss, scope: Scope, subject: Thing | None) -> None:
    with w.block(f"if s.{s.pet}_on != 0:"):
        w.put(f"leave_{s.pet}(s, t, m, r)")


def _summon(w: Writer, context: Context, s: dsl.Summon, scope: Scope, subject: Thing | None) -> None:
    w.put(f"summon_{s.pet}(s, t, m, r, {text(s.duration, context, scope, f'{s.pet}_duration')})")


_WRITERS: dict[type, Callable[..., None]] = {
    dsl.If: _if,
    dsl.Chance: _chance,
    dsl.Damage: _damage,
    dsl.Strike: _strike,
    dsl.Apply: _apply,
    dsl.Renew: _renew,
    dsl.Extend: _extend,
    dsl.Remove: _remove,
    dsl.AddStack: _add_stack,
    dsl.SetStacks: _set_stacks,
    dsl.Each: _each,
    dsl.AnyEnemy: _any_enemy,
    dsl.SetValue: _set_value,
    dsl.Gain: _gain,
    dsl.Lose: _lose,
    dsl.Delay: _delay,
    dsl.Restart: _restart,
    dsl.Decide: _decide,
    dsl.Pay: _pay,
    dsl.RuneChange: _rune_change,
    dsl.StartCooldown: _start_cooldown,
    dsl.StartIcd: _start_icd,
    dsl.ResetCooldown: _reset_cooldown,
    dsl.Trigger: _trigger,
    dsl.Summon: _summon,
    dsl.Dismiss: _dismiss,
}
