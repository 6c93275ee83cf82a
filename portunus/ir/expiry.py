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
from portunus.ir.stats import prorated

STATE = ("s", "t", "m", "r")


def expire_functions(context: Context) -> list[Function]:
    """`expire` and what it needs."""
    w, model = Writer(), context.model
    enemy, own = lasting(model, on_target=True), lasting(model, on_target=False)
    listed = has_aura_lists(model)
    w.put(f"ends, again = {NEVER}, 0")
    if listed:
        with w.block("if t.switch_list_expiry != 0:"):
            w.put("expire_listed(s, t, m, r)")
            w.put("again = 1")
        with w.block("else:"):
            _in_order(w, context, enemy, own)
    else:
        _in_order(w, context, enemy, own)
    with w.block("if again != 0:"):
        w.put(f"ends = {NEVER}")
        if enemy:
            with w.block("for target in range(t.enemies):"):
                for aura in enemy:
                    with w.block(f"if s.{aura.name}_on[target] != 0:"):
                        w.put(f"ends = min(ends, s.{aura.name}_end[target])")
        for aura in own:
            with w.block(f"if s.{aura.name}_on != 0:"):
                w.put(f"ends = min(ends, s.{aura.name}_end)")
    w.put("s.expire_at = ends")
    expire = Function("expire", STATE, "End every aura that is due: enemies first, then the player.", "", tuple(w.lines))
    return [*(_listed(context, enemy, own) if listed else []), expire]


def _in_order(w: Writer, context: Context, enemy: tuple[Aura, ...], own: tuple[Aura, ...]) -> None:
    if enemy:
        with w.block("for target in range(t.enemies):"):
            for aura in enemy:
                _ask(w, context, aura, "[target]", Scope(target="target"))
    for aura in own:
        _ask(w, context, aura, "", Scope())


def _ask(w: Writer, context: Context, aura: Aura, at: str, scope: Scope) -> None:
    """End an aura that is due, or note when it ends; an end that may begin or renew other auras asks for another look at all of them."""
    with w.block(f"if s.{aura.name}_on{at} != 0:"):
        with w.block(f"if s.{aura.name}_end{at} <= s.now:"):
            w.put(call_aura(context, aura.name, "fade", scope))
            if aura.ticks or aura.on_expire or prorated(context.model):
                w.put("again = 1")
        with w.block("else:"):
            w.put(f"ends = min(ends, s.{aura.name}_end{at})")


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
    with w.block(f"for place in range({player + 1}):"):
        w.put("i = 0")
        with w.block("while i < s.aura_count[place]:"):
            w.put(f"aura = s.aura_list[place * {width} + i]")
            w.put("i += 1")
            with w.block("if end_of(s, place, aura) <= s.now:"):
                w.put("fade_listed(s, t, m, r, place, aura)")
                w.put("i = 0")
    return [Function("end_of", ("s", "unit", "aura"), "When an active aura ends.", "", tuple(ends.lines)),
            Function("fade_listed", (*STATE, "unit", "aura"), "End an aura by its number.", "", tuple(fade.lines)),
            Function("expire_listed", STATE, "End what is due in the order of the reference's lists.", "", tuple(w.lines))]


def write_listing(w: Writer, context: Context, aura: Aura, verb: str) -> None:
    """Write that an aura joins (`list`) or leaves (`unlist`) the list of its unit, where there are lists and it has an end."""
    if has_aura_lists(context.model) and aura in lasting(context.model, on_target=aura.on_target):
        with w.block("if t.switch_list_expiry != 0:"):
            w.put(f"{verb}_aura(s, {'target' if aura.on_target else context.layout.max_enemies}, {context.aura_index(aura.name)})")
