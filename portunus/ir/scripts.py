"""What a fight does by itself: enemies that come and go, times of moving, windows in which enemies take more or less damage.

An encounter without such events keeps the kernels it has always had. One with events asks for a second shape of them, the same for all such encounters:
the fight is cut into scenes, whose times, enemies and factors are tables; the state holds the number of the scene, and one event slot leads to the next.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from portunus.dsl.limits import SCENES
from portunus.dsl.model import Expr, Model
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, cooldown_text
from portunus.ir.layout import NEVER, has_twin, remembers
from portunus.ir.statements import call_aura

if TYPE_CHECKING:
    from portunus.ir.tables import Tables

TRACKS = ("movement", "adds", "vulnerable")
_STATE = ("s", "t", "m", "r")
_FIXED_BEFORE = ("tick_crits", "hasted_if", "permanent")  # what a fight cannot change


def follow_script(model: Model) -> Model:
    """The model for encounters with events: what asks for the scene is asked during the fight."""
    changed = {name: _asked_live(getattr(model, name)) for name in ("spells", "auras", "modifiers", "handlers", "pets", "rotations")}
    return replace(model, scripted=True, **changed)


def _asked_live(thing: Any) -> Any:
    if isinstance(thing, Expr):
        op, args = thing.op, tuple(_asked_live(a) for a in thing.args)
        if op == "enemies":
            return replace(thing, op="enemies_now")
        if op == "script":
            return replace(thing, op="scene")
        return thing if args == thing.args else replace(thing, args=args)
    if isinstance(thing, tuple):
        return tuple(_asked_live(item) for item in thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        given = {f.name: getattr(thing, f.name) for f in fields(thing) if f.name not in _FIXED_BEFORE and f.init}
        return replace(thing, **{name: _asked_live(value) for name, value in given.items()})
    return thing


def script_tables(tables: Tables) -> None:
    """Slots of the tables for the scenes of a fight."""
    for name in ("scene_at", "scene_present", "scene_enemies", "scene_movement", "scene_adds", "scene_vulnerable"):
        tables.array(name, "int", SCENES)
    tables.array("scene_taken", "float", SCENES)
    for track in TRACKS:
        tables.array(f"scene_{track}_until", "int", SCENES)
    tables.fixed("scenes", "int")
    for name in ("area_cap", "health", "others"):
        tables.fixed(name, "float")


def scene_text(track: str, what: str) -> str:
    """Kernel text of what a priority list asks of a track of the script."""
    up, until = f"t.scene_{track}[s.scene] != 0", f"t.scene_{track}_until[s.scene] - s.now"
    return {"up": f"({up})", "remains": f"({until} if {up} else 0)", "in": f"(0 if {up} else {until})"}[what]


def script_functions(context: Context) -> list[Function]:
    """Who is there, and what happens between two scenes."""
    slot = context.layout.slot("scene")
    nth, move = Writer(), Writer()
    nth.put("place = 0")
    with nth.block("for i in range(t.enemies):"):
        nth.put("enemy = (target + i) % t.enemies")
        with nth.block("if present(s, t, enemy):"):
            with nth.block("if place == turn:"):
                nth.put("return enemy")
            nth.put("place += 1")
    nth.put("return target")
    move.put("s.scene += 1")
    with move.block("if s.scene + 1 < t.scenes:"):
        move.put(f"schedule(s, {slot}, t.scene_at[s.scene + 1])")
    with move.block("for enemy in range(t.enemies):"), move.block("if not present(s, t, enemy):"):
        move.put("forget(s, t, m, r, enemy)")
    cancelled = "(t.scene_movement[s.scene] != 0 and s.cast_end > s.now) or not present(s, t, s.cast_target)"
    with move.block(f"if s.cast_spell >= 0 and ({cancelled}):"):
        move.put("interrupt(s, t)")
    channels = [context.model.aura(name) for name in dict.fromkeys(s.channel for s in context.model.spells if s.channel and not s.owner)]
    if channels:
        with move.block("if t.scene_movement[s.scene] != 0 and s.channel != 0:"):
            for aura in channels:
                if aura.on_target:
                    with move.block("for enemy in range(t.enemies):"), move.block(f"if s.{aura.name}_on[enemy] != 0:"):
                        move.put(call_aura(context, aura.name, "fade", Scope(target="enemy")))
                else:
                    with move.block(f"if s.{aura.name}_on != 0:"):
                        move.put(call_aura(context, aura.name, "fade", Scope()))
            with move.block("if s.gcd_end <= s.now:"):
                move.put("set_gcd(s, s.now + t.clip_delay)")
    return [
        Function("forget", (*_STATE, "target"), "An enemy is gone, and with it what was on it; nothing of that takes effect.", "", tuple(_forget(context).lines)),
        Function("interrupt", ("s", "t"), "The player's cast ends without effect; the global cooldown it began goes on.", "", tuple(_interrupt(context).lines)),
        Function("nth_enemy", ("s", "t", "target", "turn"), "The enemy `turn` places after `target` among those that are there.", "", tuple(nth.lines)),
        Function("next_scene", _STATE, "The next scene of the fight begins.", "", tuple(move.lines)),
    ]


def present_function() -> Function:
    """Is an enemy there?"""
    return Function("present", ("s", "t", "enemy"), "Is an enemy there?", "", ("    return (t.scene_present[s.scene] // (1 << enemy)) % 2 == 1",))


def _forget(context: Context) -> Writer:
    w, layout = Writer(), context.layout
    for aura in context.model.auras:
        if not aura.on_target:
            continue
        name = f"s.{aura.name}"
        with w.block(f"if {name}_on[target] != 0:"):
            w.put(f"m.aura_uptime[{context.aura_index(aura.name)}] += max(min(s.now, {name}_end[target]), 0)")
            w.put(f"{name}_on[target] = 0")
            if aura.max_stacks:
                w.put(f"{name}_stacks[target] = 0")
            if aura.ticks:
                w.put(f"s.at[{layout.slot(f'{aura.name}_tick_0')} + target * {layout.slots_per_enemy}] = {NEVER}")
                if has_twin(context.model, aura):
                    w.put(f"s.at[{layout.slot(f'{aura.name}_twin_0')} + target * {layout.slots_per_enemy}] = {NEVER}")
            if any(x.channel == aura.name for x in context.model.spells):
                w.put("s.channel = 0")
                if remembers(context.model):
                    w.put("s.list_interrupt = 0")
                with w.block("if s.gcd_end <= s.now:"):
                    w.put("set_gcd(s, s.now + t.clip_delay)")
    return w


def _interrupt(context: Context) -> Writer:
    w = Writer()
    for spell in context.model.spells:
        if spell.chosen and spell.cast is not None and spell.cooldown is not None:
            with w.block(f"if s.cast_spell == {context.spell_index(spell.name)}:"):
                if spell.charges:
                    w.put(f"s.cd_{spell.name}_full = max(s.cd_{spell.name}_full - {cooldown_text(context, spell, Scope())}, s.now)")
                for name in (spell.name, *spell.shares):
                    w.put(f"s.cd_{name} = s.now")
    w.put("s.cast_spell = -1")
    w.put(f"s.at[{context.layout.slot('cast')}] = {NEVER}")
    w.put("set_gcd(s, max(s.cast_lock, s.now))")
    if context.autocast:
        w.put("sort_autocast(s, t)")
    return w
