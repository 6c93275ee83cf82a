"""Looks at a priority list that must find what the one before found: passed over.

On the reference's grid (switch `idle_grid`) a player who has nothing to do looks again every 50 ms. Until another event comes only the clock has
moved, so the list keeps its answer until the clock passes an instant that one of its conditions compares it with. A list that says "wait" notes the
first of them, and the least amount of a resource that ticks by itself at which it may say something else. The looks and ticks before that are counted
and not played.

While a global cooldown runs, a list can choose only what needs none. Where nothing of that is possible the list need not be asked.
"""

from __future__ import annotations

from portunus.dsl.model import Model, Resource, Rotation, Spell
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, StaticValues, conjuncts, is_static, text
from portunus.ir.foresight import foresee
from portunus.ir.layout import NEVER, followed, list_rolls, pauses, polls
from portunus.ir.quiet import write_unheard

BEYOND = 1e300  # an amount that no resource reaches


def write_foresight(w: Writer, context: Context, rotation: Rotation, named: frozenset[str]) -> None:
    """Write, before a list says "wait", until when it will say so."""
    resource = followed(context.model)
    found = foresee(context, rotation, resource, named)
    if found is None:
        return
    with w.block("if t.switch_idle_grid != 0 and s.gcd_end <= s.now and s.now > 0:"):  # a phase may change at the start, too
        w.put(f"until = {NEVER}")
        for instant in found.at:
            w.put(f"until = min(until, ahead(s, {instant}))")
        w.put("s.list_stays = until")
        if resource is not None:
            w.put(f"wanted = {f's.{resource.name}' if found.every_amount else BEYOND}")
            for amount in found.amounts if not found.every_amount else ():
                w.put(f"wanted = min(wanted, above(s.{resource.name}, {amount}))")
            w.put("s.list_wants = wanted")


def needs_no_gcd(spell: Spell) -> bool:
    """May it be cast while a global cooldown runs?"""
    return spell.gcd is None and spell.autocast is None


def free_spells(model: Model) -> list[Spell]:
    """The spells that may be cast while a global cooldown runs, where reading a list that takes none of them then leaves everything as it is; else none."""
    free = [spell for spell in model.spells if spell.chosen and needs_no_gcd(spell)]
    changing = {name for m in model.modifiers if m.kind == "cost" for name in (m.spells or [s.name for s in free])}
    fixed = all(s.cost is None or (is_static(s.cost) and s.name not in changing) for s in free)
    waiting = any(line.kind == "wait" for rotation in model.rotations for line in rotation.lines)
    return free if polls(model) and fixed and not waiting and not list_rolls(model) else []


def asked_for(model: Model, values: StaticValues) -> dict[str, int]:
    """For each of `free_spells` the table slot that tells whether any list may take it while a global cooldown runs."""
    lines = [line for rotation in model.rotations for line in rotation.lines if not any(is_static(e) and not values.value(e) for e in conjuncts(line.condition))]
    taken = {name for line in lines for name in (line.casts[1:] if line.kind == "strict" else line.casts)}
    return {f"asked_{spell.name}": int(spell.name in taken) for spell in free_spells(model)}


def poll_functions(context: Context) -> list[Function]:
    """`pass_polls`, and what it and the lists need."""
    if not polls(context.model):
        return []
    resource = followed(context.model)
    functions = [Function("ahead", ("s", "at"), "An instant that is not past; never, if it is.", "", (f"    return at if at >= s.now else {NEVER}",))]
    if resource is not None:
        functions += [Function("above", ("before", "amount"), "An amount that is not below another; beyond reach, if it is.", "", (f"    return amount if amount >= before else {BEYOND}",))]
    return [*functions, _pass_polls(context, resource)]


def _pass_polls(context: Context, resource: Resource | None) -> Function:
    """After the next look is scheduled: what of it and of those after it the list does not need."""
    w, layout = Writer(), context.layout
    count, one = len(layout.slots), layout.slots_before_enemies + layout.slots_per_enemy
    slot = layout.slot(f"tick_{resource.name}") if resource is not None else 0
    w.put("at, stays = s.at[0], s.list_stays")
    w.put("s.list_stays = 0")
    with w.block("if stays <= at" + (" or s.pile > 0:" if pauses(context.model) else ":")):
        w.put("return")
    w.put(f"limit = min(min(stays, s.expire_at), min(s.duration + 1, soonest(s.at, 1, {one}, {slot}, {slot + 1 if slot else 0})))")
    if count > one:
        with w.block("if t.enemies > 1:"):
            w.put(f"limit = min(limit, soonest(s.at, {one}, {count}, 0, 0))")
    with w.block("if at >= limit:"):
        w.put("return")
    if resource is None:
        w.put("polls = (limit - 1 - at) // t.poll + 1")
    else:
        _play_ticks(w, context, resource, slot)
    w.put("s.events += polls")
    w.put("s.sequence += polls - 1")
    if any(f.name == "decisions" for f in layout.state):
        w.put("s.decisions += polls")
    w.put(f"set_gcd(s, {'at' if resource is not None else 'at + polls * t.poll'})")
    return Function("pass_polls", ("s", "t", "m"), "Pass over looks at the list, and ticks between them, that change no answer.", "", tuple(w.lines))


def _play_ticks(w: Writer, context: Context, resource: Resource, slot: int) -> None:
    """Looks and ticks in turn, a tick before a look of the same instant, until a tick matters."""
    name = resource.name
    w.put(f"polls, ticks, tick, before, going = 0, 0, s.at[{slot}], s.{name}, 1")
    w.put(f"gain = {text(resource.amount_casting, context, Scope(), f'{name}_tick')}")
    with w.block("while going != 0 and at < limit:"):
        with w.block("if tick <= at:"):
            write_unheard(w, context, resource, "before", "after >= s.list_wants or ")
        with w.block("else:"):
            w.put("polls += 1")
            w.put("at += t.poll")
    with w.block("if ticks > 0:"):
        w.put(f"s.{name} = before")
        w.put("s.events += ticks")
        w.put("s.sequence += ticks - 1")
        w.put(f"schedule(s, {slot}, tick)")
    with w.block("if polls == 0:"):
        w.put("return")
