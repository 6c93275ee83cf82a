"""The world a client would show in a simulator state: names of state fields on one side, answers of the addon API on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from portunus.barcode.fields import POWER_TYPES, client_runes, visible_auras
from portunus.barcode.twin import TwinSpec
from portunus.barcode.world import Cooldown, Rune, VisibleAura, VisibleCast, VisibleUnit, World
from portunus.ir.layout import NEVER

if TYPE_CHECKING:
    from portunus.dsl.model import Aura
    from portunus.runtime.compiled import CompiledSpec

HEALTH_MAX = 10_000_000


def enemy_id(index: int) -> str:
    """The client's id of an enemy."""
    return f"0xF13000{index + 1:010X}"


def _entry(compiled: CompiledSpec | TwinSpec, name: str) -> float:
    """A number of the spec's tables; times in nanoseconds."""
    value = compiled.table_values[name]
    assert isinstance(value, SupportsFloat)
    return float(value)


def _aura(compiled: CompiledSpec | TwinSpec, aura: Aura, named: Any, at: int | None, now_ns: float, to_clock) -> VisibleAura | None:
    def value(part: str) -> Any:
        whole = named[f"{aura.name}_{part}"]
        return whole if at is None else whole[at]

    if not value("on") or value("end") <= now_ns:
        return None
    stacks = int(value("stacks")) if aura.max_stacks > 1 else 0
    if value("end") >= NEVER:
        return VisibleAura(aura.id, aura.label, stacks, 0.0, 0.0)
    written = f"{aura.name}_duration"
    length = int(value("period")) * aura.ticks if aura.ticks else _entry(compiled, written) if written in compiled.table_values else 0
    return VisibleAura(aura.id, aura.label, stacks, length / 1e9, to_clock(int(value("end"))))


def present(compiled: CompiledSpec | TwinSpec, scene: int) -> list[int]:
    """Numbers of the enemies that are there in a scene of the encounter's script; all where it has none."""
    if not compiled.model.scripted:
        return list(range(compiled.enemies))
    bits: Any = compiled.table_values["scene_present"]
    return [number for number in range(compiled.enemies) if int(bits[scene]) >> number & 1]


def _health(compiled: CompiledSpec | TwinSpec, named: Any, now_ns: float) -> float:
    """The share of health the enemies have left: what damage has left of it where the encounter says how much they have, else by time."""
    if compiled.model.scripted and _entry(compiled, "health") > 0:
        lost = float(named["damage"]) + _entry(compiled, "others") * max(0.0, now_ns / 1e9)
        return min(1.0, max(1.0 / HEALTH_MAX, 1.0 - lost / _entry(compiled, "health")))  # the fight goes on to its end: nobody is seen dead
    return min(1.0, max(0.0, 1.0 - now_ns / float(named["duration"])))


def world_of(compiled: CompiledSpec | TwinSpec, state: np.ndarray, now: float, *, clock_at_pull: float = 1000.0) -> World:
    """See `World.from_state`.

    A simulator state knows one lock for global cooldown and cast; while a cast is what locks, no global cooldown is shown.
    """
    named, model = compiled.view(state), compiled.model
    now_ns = now * 1e9

    def to_clock(instant_ns: float) -> float:
        return clock_at_pull + float(instant_ns) / 1e9

    cooldowns: dict[bool, dict[int, Cooldown]] = {False: {}, True: {}}
    counts = {}
    for spell in model.spells:
        if spell.owner:
            continue
        if spell.cooldown is not None and named[f"cd_{spell.name}"] > now_ns:
            length = _entry(compiled, f"{spell.name}_cooldown") / 1e9
            cooldowns[spell.item][spell.id] = Cooldown(to_clock(int(named[f"cd_{spell.name}"])) - length, length)
        if spell.item and spell.uses is not None:
            counts[spell.id] = int(named[f"uses_{spell.name}"])
    auras = visible_auras(model)
    own = [_aura(compiled, aura, named, None, now_ns, to_clock) for aura in auras if not aura.on_target and not aura.shown_as]
    stances = [aura for aura in auras if aura.shown_as == "stance"]
    share = _health(compiled, named, now_ns)
    enemies = []
    for index in present(compiled, int(named["scene"]) if model.scripted else 0):
        seen = [_aura(compiled, aura, named, index, now_ns, to_clock) for aura in auras if aura.on_target]
        enemies.append(VisibleUnit(enemy_id(index), round(share * HEALTH_MAX), HEALTH_MAX, tuple(a for a in seen if a)))
    cast = _cast(compiled, named, now_ns, to_clock)
    lock = int(named["gcd_end"])
    cast_locks = cast is not None and not cast.channelled and int(named["cast_end"]) == lock
    return World(
        clock=to_clock(now_ns),
        powers={
            ("pet" if r.owner else "player", POWER_TYPES[r.name]): (int(named[r.name]), int(_entry(compiled, f"{r.name}_max")))
            for r in model.resources if r.name in POWER_TYPES
        },
        pet=any(pet.permanent is not None and named[f"{pet.name}_on"] for pet in model.pets),
        combo_points=int(named["combo_points"]) if any(r.name == "combo_points" for r in model.resources) else 0,
        runes=_runes(compiled, named, now_ns, to_clock),
        in_combat=now >= 0 and not named["finished"],
        global_cooldown=Cooldown(to_clock(lock) - compiled.gcd_seconds, compiled.gcd_seconds) if lock > now_ns and not cast_locks else None,
        cast=cast,
        cooldowns=cooldowns[False],
        item_cooldowns=cooldowns[True],
        free_spells=frozenset(s.id for s in model.spells if s.chosen and s.gcd is None and not s.item),
        item_counts=counts,
        auras=tuple(aura for aura in own if aura),
        stances=tuple(aura.id for aura in stances),
        stance=next((aura.id for aura in stances if named[f"{aura.name}_on"]), 0),
        queued=frozenset(aura.id for aura in auras if aura.shown_as == "queued" and named[f"{aura.name}_on"]),
        enemies=tuple(enemies),
    )


def _runes(compiled: CompiledSpec | TwinSpec, named: Any, now_ns: float, to_clock) -> dict[int, Rune]:
    runes: dict[int, Rune] = {}
    numbers = client_runes(compiled.model)
    if not numbers:
        return runes
    layout = (compiled if isinstance(compiled, TwinSpec) else TwinSpec.of(compiled)).state_layout
    for i, number in enumerate(numbers):
        ready_at = int(named["at"][layout.slot(f"rune_{i}")])
        length = _entry(compiled, "rune_recharge") / 1e9
        down = bool(named["rune_spent"][i]) and ready_at > now_ns
        runes[number] = Rune(Cooldown(to_clock(ready_at) - length, length) if down else None, bool(named["rune_wild"][i]))
    return runes


def _cast(compiled: CompiledSpec | TwinSpec, named: Any, now_ns: float, to_clock) -> VisibleCast | None:
    model = compiled.model
    if named["channel"]:
        for spell in model.spells:
            if spell.channel and np.any(named[f"{spell.channel}_on"]):
                aura = model.aura(spell.channel)
                at = int(np.argmax(np.atleast_1d(named[f"{spell.channel}_on"])))
                end, period = (int(np.atleast_1d(named[f"{spell.channel}_{part}"])[at]) for part in ("end", "period"))
                start = end - period * aura.ticks
                return VisibleCast(spell.id, spell.label, to_clock(start), to_clock(end), True)
    if named["cast_spell"] < 0 or named["cast_end"] <= now_ns:
        return None
    spell = model.spells[int(named["cast_spell"])]
    # The start is not part of a state; the unhasted cast time puts it early, and no reader depends on it.
    length = _entry(compiled, f"{spell.name}_cast") / 1e9
    end = to_clock(int(named["cast_end"]))
    return VisibleCast(spell.id, spell.label, end - length, end, False)
