"""Network features: what a policy sees of a state, as float32 numbers of order one, generated from the layout."""

from __future__ import annotations

from portunus.dsl.model import Aura
from portunus.ir.attacks import listened
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, text
from portunus.ir.layout import MISSILES, NEVER, missiles
from portunus.ir.scripts import TRACKS

SECOND = 1_000_000_000


def feature_list(context: Context) -> list[tuple[str, str]]:
    """(name, kernel text) of every feature, in order."""
    model = context.model
    found = [
        ("fight.remains.minutes", f"(s.duration - s.now) / {60.0 * SECOND}"),
        ("fight.remains.short", f"min((s.duration - s.now) / {15.0 * SECOND}, 1.0)"),
        ("fight.remains.last", f"min((s.duration - s.now) / {4.0 * SECOND}, 1.0)"),
        ("fight.time.opening", f"min(max(s.now, 0) / {15.0 * SECOND}, 1.0)"),
        ("target.execute", "1.0 if phase(s, t) <= 0.35 else 0.0"),
        ("enemies", f"{context.enemies} / {float(model.ruleset.max_enemies)}"),
        ("haste", "1.0 / cast_speed(s, t) - 1.0"),
    ]
    if model.scripted:
        for track in TRACKS:
            up, until = f"t.scene_{track}[s.scene] != 0", f"min((t.scene_{track}_until[s.scene] - s.now) / {15.0 * SECOND}, 1.0)"
            found += [(f"{track}.up", f"1.0 if {up} else 0.0"), (f"{track}.changes", until)]
        found.append(("vulnerable.factor", "t.scene_taken[s.scene] - 1.0"))
        found += [(f"enemy@{i + 1}", f"1.0 if present(s, t, {i}) else 0.0") for i in range(1, model.ruleset.max_enemies)]
    for resource in model.resources:
        maximum = context.tables.slot(resource.maximum, f"{resource.name}_max")
        found.append((f"{resource.name}.share", f"s.{resource.name} / {maximum}"))
        found.append((f"{resource.name}.low", f"min(s.{resource.name} / (0.15 * {maximum}), 1.0)"))
        if resource.rest_after is not None:
            rest = text(resource.rest_after, context, Scope(), f"{resource.name}_rest_after")
            found.append((f"{resource.name}.casting", f"1.0 if s.now < s.{resource.name}_paid_at + {rest} else 0.0"))
    for spell in model.spells:
        if spell.owner:
            continue
        if spell.cooldown is not None:
            length = text(spell.cooldown, context, Scope(), f"{spell.name}_cooldown")
            found.append((f"cooldown.{spell.name}.ready", f"1.0 if s.cd_{spell.name} <= s.now else 0.0"))
            found.append((f"cooldown.{spell.name}.remains", f"min(max(s.cd_{spell.name} - s.now, 0) / {length}, 1.0)"))
        if spell.uses is not None:
            found.append((f"{spell.name}.uses", f"s.uses_{spell.name} / 6.0"))
        if spell.missile is not None and listened(context, spell):
            found.append((f"{spell.name}.in_flight", f"in_flight(s, {context.spell_index(spell.name)})"))
    for icd in model.icds:
        length = text(icd.time, context, Scope(), f"{icd.name}_icd")
        found.append((f"icd.{icd.name}.remains", f"min(max(s.icd_{icd.name} - s.now, 0) / {length}, 1.0)"))
    for pet in model.pets:
        found.append((f"{pet.name}.remains", f"(s.{pet.name}_end - s.now) / {30.0 * SECOND} if s.{pet.name}_on != 0 else 0.0"))
    for aura in model.auras:
        if not aura.on_target:
            found += _aura(context, aura, aura.name, "")
    for enemy in range(model.ruleset.max_enemies):
        for aura in model.auras:
            if aura.on_target:
                found += _aura(context, aura, f"{aura.name}@{enemy + 1}", f"[{enemy}]")
    return found


def _aura(context: Context, aura: Aura, name: str, at: str) -> list[tuple[str, str]]:
    up = f"s.{aura.name}_on{at} != 0"
    found = [(f"{name}.up", f"1.0 if {up} else 0.0")]
    if aura.duration is not None or aura.ticks:
        length = (text(aura.duration, context, Scope(), f"{aura.name}_duration") if aura.duration is not None
                  else f"(s.{aura.name}_period{at} * {aura.ticks})")
        found.append((f"{name}.remains", f"min((s.{aura.name}_end{at} - s.now) / {length}, 1.0) if {up} else 0.0"))
    if aura.max_stacks:
        found.append((f"{name}.stacks", f"min(s.{aura.name}_stacks{at} / 5.0, 2.0) if {up} else 0.0"))
    for value in aura.values:
        scale = "1000.0" if aura.tick_amount is not None else "3.0"
        found.append((f"{name}.{value}", f"s.{aura.name}_{value}{at} / {scale} if {up} else 0.0"))
    return found


def feature_functions(context: Context) -> list[Function]:
    """`features(s, t, out)` and what it needs."""
    w = Writer()
    found = feature_list(context)
    for index, (_, line) in enumerate(found):
        w.put(f"out[{index}] = {line}")
    w.put(f"return {len(found)}")
    features = Function("features", ("s", "t", "out"), "Write the network's features.", "", tuple(w.lines))
    if not missiles(context.model):
        return [features]
    slot = context.layout.slot("missile_0")
    flight = Writer()
    flight.put("count = 0.0")
    flight.put(f"for i in range({MISSILES}):")
    flight.put(f"    if s.at[{slot} + i] < {NEVER} and s.missile_spell[i] == spell:")
    flight.put("        count += 1.0")
    flight.put("return count")
    return [Function("in_flight", ("s", "spell"), "Missiles of a spell under way.", "", tuple(flight.lines)), features]
