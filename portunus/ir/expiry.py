"""The pass that ends what is due, and the order in which auras that end at one instant end.

Enemies come first, then the player; for each the auras in the order of the file. The reference keeps a list of the active auras of each unit, fills the
gap of one that ends with the last one, and ends what is due from the front. A spec in which that order shows (both ends roll) asks for it by the switch
`list_expiry`; its state then holds these lists.
"""

from __future__ import annotations

from portunus.dsl.model import Aura
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope
from portunus.ir.layout import NEVER, has_aura_lists, lasting
from portunus.ir.statements import call_aura

STATE = ("s", "t", "m", "r")
_TOGETHER = 8


def expire_functions(context: Context) -> list[Function]:
    """`expire` and what it needs."""
    w, model = Writer(), context.model
    enemy, own = lasting(model, on_target=True), lasting(model, on_target=False)
    listed = has_aura_lists(model)
    if listed:
        with w.block("if t.switch_list_expiry != 0:"):
            w.put("expire_listed(s, t, m, r)")
        with w.block("else:"):
            _in_order(w, context, enemy, own)
    else:
        _in_order(w, context, enemy, own)
    w.put(f"ends = {NEVER}")
    if enemy:
        with w.block("for target in range(t.enemies):"):
            w.put(f"ends = min(ends, {_least(enemy, '[target]')})")
    if own:
        w.put(f"ends = min(ends, {_least(own, '')})")
    w.put("s.expire_at = ends")
    ending = Function("ending", ("on", "end"), "When an aura ends, whether it is active or not.", "", (f"    return end if on != 0 else {NEVER}",))
    expire = Function("expire", STATE, "End every aura that is due: enemies first, then the player.", "", tuple(w.lines))
    return [*([ending] if enemy or own else []), *(_listed(context, enemy, own) if listed else []), expire]


def _in_order(w: Writer, context: Context, enemy: tuple[Aura, ...], own: tuple[Aura, ...]) -> None:
    """A few auras at a time: whether any of them is due is found without a branch for each, which no processor can foresee."""
    if enemy:
        with w.block("for target in range(t.enemies):"):
            for some in _some(enemy):
                _end_due(w, context, some, "[target]", Scope(target="target"))
    for some in _some(own):
        _end_due(w, context, some, "", Scope())


def _end_due(w: Writer, context: Context, auras: tuple[Aura, ...], at: str, scope: Scope) -> None:
    with w.block(f"if {_least(auras, at)} <= s.now:"):
        for aura in auras:
            with w.block(f"if s.{aura.name}_on{at} != 0 and s.{aura.name}_end{at} <= s.now:"):
                w.put(call_aura(context, aura.name, "fade", scope))


def _some(auras: tuple[Aura, ...]) -> list[tuple[Aura, ...]]:
    return [auras[i : i + _TOGETHER] for i in range(0, len(auras), _TOGETHER)]


def _least(auras: tuple[Aura, ...], at: str) -> str:
    """Text of when the first of some auras ends, as a knock-out."""
    if len(auras) == 1:
        return f"ending(s.{auras[0].name}_on{at}, s.{auras[0].name}_end{at})"
    half = len(auras) // 2
    return f"min({_least(auras[:half], at)}, {_least(auras[half:], at)})"


def list_functions(context: Context) -> list[Function]:
    """Putting an aura on the list of its unit and taking it off; nothing without the switch."""
    if not has_aura_lists(context.model):
        return []
    width = len(context.model.auras)
    put = [f"    s.aura_list[unit * {width} + s.aura_count[unit]] = aura", "    s.aura_count[unit] += 1"]
    drop = ["    last = s.aura_count[unit] - 1", "    for i in range(last + 1):", f"        if s.aura_list[unit * {width} + i] == aura:",
            f"            s.aura_list[unit * {width} + i] = s.aura_list[unit * {width} + last]", "            s.aura_count[unit] = last", "            return"]
    return [Function("list_aura", ("s", "unit", "aura"), "An aura begins: it is the last of its unit's list.", "", tuple(put)),
            Function("unlist_aura", ("s", "unit", "aura"), "An aura ends: the last of the list takes its place.", "", tuple(drop))]


def _listed(context: Context, enemy: tuple[Aura, ...], own: tuple[Aura, ...]) -> list[Function]:
    """The pass over the lists."""
    ends, fade, w = Writer(), Writer(), Writer()
    width, player = len(context.model.auras), context.layout.max_enemies
    for aura in (*enemy, *own):
        at = "[unit]" if aura.on_target else ""
        with ends.block(f"if aura == {context.aura_index(aura.name)}:"):
            ends.put(f"return s.{aura.name}_end{at}")
        with fade.block(f"if aura == {context.aura_index(aura.name)}:"):
            fade.put(call_aura(context, aura.name, "fade", Scope(target="unit")))
            fade.put("return")
    ends.put(f"return {NEVER}")
    sums = Writer()
    with sums.block(f"if unit == {player}:"):
        sums.put(f"return {_sum(context, own, '')}")
    sums.put(f"return {_sum(context, enemy, '[unit]')}")
    with w.block("for turn in range(t.enemies + 1):"):
        w.put(f"place = turn if turn < t.enemies else {player}")
        w.put("due = due_of(s, place)")
        with w.block("while due > 0:"):
            w.put("aura = due // 256")
            with w.block("if due % 256 > 1:"):  # the first of the list; the only one is it anyway
                w.put("i = 0")
                with w.block(f"while end_of(s, place, s.aura_list[place * {width} + i]) > s.now:"):
                    w.put("i += 1")
                w.put(f"aura = s.aura_list[place * {width} + i]")
            w.put("fade_listed(s, t, m, r, place, aura)")
            w.put("due = due_of(s, place)")
    return [Function("end_of", ("s", "unit", "aura"), "When an active aura ends.", "", tuple(ends.lines)),
            Function("is_due", ("s", "on", "end"), "1 if an aura is due, else 0.", "", ("    return 1 if ending(on, end) <= s.now else 0",)),
            Function("due_of", ("s", "unit"), "How many auras of a unit are due, and 256 times the sum of their numbers.", "", tuple(sums.lines)),
            Function("fade_listed", (*STATE, "unit", "aura"), "End an aura by its number.", "", tuple(fade.lines)),
            Function("expire_listed", STATE, "End what is due in the order of the reference's lists.", "", tuple(w.lines))]


def _sum(context: Context, auras: tuple[Aura, ...], at: str) -> str:
    """Text of the number of due auras plus 256 times the sum of their numbers."""
    return " + ".join(f"is_due(s, s.{a.name}_on{at}, s.{a.name}_end{at}) * {1 + 256 * context.aura_index(a.name)}" for a in auras) or "0"


def write_listing(w: Writer, context: Context, aura: Aura, verb: str) -> None:
    """Write that an aura joins (`list`) or leaves (`unlist`) the list of its unit, where there are lists and it has an end."""
    if has_aura_lists(context.model) and aura in lasting(context.model, on_target=aura.on_target):
        with w.block("if t.switch_list_expiry != 0:"):
            w.put(f"{verb}_aura(s, {'target' if aura.on_target else context.layout.max_enemies}, {context.aura_index(aura.name)})")
