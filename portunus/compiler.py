"""The compiler's driver: from a spec file, a profile and an encounter to kernels and tables.

    load_model -> lower -> numba text -> sealed cache -> addresses
                        -> tables filled for the profile and encounter
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from portunus.codegen.numba import engine_module, fights_module, rotation_module
from portunus.dsl import load_model
from portunus.dsl.model import Model, Rotation
from portunus.errors import PortunusError
from portunus.files import user_cache_folder
from portunus.ir.engine import PREPULL_LINES, SWITCHES, THRESHOLDS, watched
from portunus.ir.expressions import StaticValues, is_static, walk
from portunus.ir.fixed import fixed_fights
from portunus.ir.layout import numpy_dtype
from portunus.ir.polls import asked_for
from portunus.ir.program import Program, lower
from portunus.ir.scripts import TRACKS, follow_script
from portunus.resources import data_folder, find_spec
from portunus.runtime.cache import _is_sealed, load_all, load_sealed, module_name
from portunus.runtime.compiled import BlockSizes, CompiledSpec
from portunus.runtime.signature import Kernels
from portunus.sim.encounter import Encounter, load_encounter
from portunus.sim.profile import Profile, load_profile

PLAYER_LEVEL = 80
COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


def compile_spec(spec: str | Path | Model, *, profile: Profile | str | Path | None = None, encounter: Encounter | str | Path | None = None,
                 rotations: tuple[Rotation, ...] = (), reference: bool = False, fights_only: bool = False, fixed: bool = False) -> CompiledSpec:
    """Compile a spec (or take it from the cache) and fill its tables.

    Args:
        spec: A spec file or a model.
        profile: A profile, its file, or None for the spec's default.
        encounter: An encounter, its file or name (`patchwerk`), or None for `patchwerk`.
        rotations: Further priority lists beside the spec's own; the last one's prepull is played.
        reference: Switch the reference's artefacts on, for comparisons.
        fights_only: Compile only what whole fights with the last of `rotations` need: half the time, but no search can use it.
        fixed: Compile whole fights with the last of `rotations`, or the default list, for these very numbers: they are played faster and compiled in a
            third of the time, but for every other number they are compiled anew, and nothing but whole fights can be played.

    Raises:
        PortunusError: Anything wrong with an input.
    """
    model = spec if isinstance(spec, Model) else load_model(find_spec(str(spec)))
    character = resolve_profile(model, profile)
    fight = resolve_encounter(encounter)
    program = lower(in_encounter(replace(model, rotations=(*model.rotations, *rotations)), fight))
    prepull_of = rotations[-1].name if rotations else "default"
    values = tables_of(program, character, fight, reference=reference, rotation=prepull_of)
    if fixed:
        return _assemble_fixed(program, values, fight, reference=reference, rotation=prepull_of)
    return assemble(program, values, fight, reference=reference, only=prepull_of if fights_only else None)


def in_encounter(model: Model, encounter: Encounter) -> Model:
    """The model for an encounter: with one in which enemies come and go or the player must move, it follows the script.

    Raises:
        PortunusError: The ruleset does not allow so many enemies.
    """
    if encounter.most_enemies > model.ruleset.max_enemies:
        raise PortunusError(f"the encounter {encounter.name} has {encounter.most_enemies} enemies, the ruleset allows {model.ruleset.max_enemies}",
                            hint="Raise `max_enemies` in the ruleset file, or choose an encounter with fewer enemies.")
    return follow_script(model) if encounter.scripted and not model.scripted else model


def program_of(spec: str | Path, encounter: Encounter | None = None) -> Program:
    """The lowered spec, without compiling it; for an encounter, else for one without a script."""
    model = load_model(find_spec(str(spec)))
    return lower(model if encounter is None else in_encounter(model, encounter))


def is_compiled(program: Program) -> bool:
    """Are all kernels of a program in the cache, whole and unchanged? Nothing is loaded."""
    root = user_cache_folder("kernels", "v1")
    sampled = engine_module(program, "sampled")
    texts = [sampled, engine_module(program, "expected"), *(rotation_module(program, name, module_name(sampled)) for name in program.rotations)]
    return all(_is_sealed(root / module_name(text)) for text in texts)


def resolve_profile(model: Model, profile: Profile | str | Path | None) -> Profile:
    """The profile meant: given, by file, or the spec's default."""
    if isinstance(profile, Profile):
        return profile
    if profile is not None:
        given = Path(profile)
        shipped = data_folder("specs") / "wotlk" / "profiles" / f"{profile}.toml"
        return load_profile(given if given.is_file() or not shipped.is_file() else shipped, model)
    if not model.default_profile:
        raise PortunusError(f"{model.name} names no default profile", hint="Give one with --profile FILE.toml.")
    return load_profile(Path(model.sources[0]).parent / "profiles" / model.default_profile, model)


def resolve_encounter(encounter: Encounter | str | Path | None) -> Encounter:
    """The encounter meant: given, by file, or by the name of a shipped one."""
    if isinstance(encounter, Encounter):
        return encounter
    text = str(encounter or "patchwerk")
    if Path(text).is_file():
        return load_encounter(Path(text))
    folder = data_folder("specs") / "encounters"
    path = folder / f"{text}.spec"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in folder.glob("*.spec")))
        raise PortunusError(f"there is no encounter {text!r}", hint=f"Shipped encounters: {names}. Or give the path of a file.")
    return load_encounter(path)


def static_values(model: Model, profile: Profile, encounter: Encounter) -> StaticValues:
    """An evaluator of static expressions for one character in one encounter."""
    return StaticValues(model, profile.talents, profile.glyphs, profile.stats, profile.options, profile.race,
                        encounter.level - PLAYER_LEVEL, encounter.distance_yards, encounter.enemies, profile.weapons, encounter.armor, encounter.in_front)


def tables_of(program: Program, profile: Profile, encounter: Encounter, *, reference: bool = False, rotation: str = "default") -> dict[str, object]:
    """Every number of the tables, by slot name.

    Args:
        reference: Switch the artefacts on.
        rotation: Whose prepull is played.
    """
    model = program.model
    values = static_values(model, profile, encounter)
    full, tenth = values.stat("resist_full"), values.stat("resist_tenth")
    fixed: dict[str, Any] = {
        "duration": encounter.duration_ns, "enemies": encounter.most_enemies,
        "slots": program.layout.slots_before_enemies + encounter.most_enemies * program.layout.slots_per_enemy,
        "gcd_floor": model.ruleset.gcd_floor, "poll": model.ruleset.poll, "clip_delay": encounter.clip_delay_ns, "auto_wait": 0 if reference else 1,
        "execute_20": encounter.execute[0], "execute_25": encounter.execute[1], "execute_35": encounter.execute[2],
        "area_factor": min(model.ruleset.area_cap / encounter.enemies, 1.0),
        "resist_full": full, "resist_tenth": tenth, "resist_mean": round(full + 0.9 * tenth + 0.8 * (1.0 - full - tenth), 15),
    }
    declared = {name for name, _ in model.ruleset.switches}
    for name in (*declared, *SWITCHES):
        fixed[f"switch_{name}"] = 1 if reference and name in declared else 0
    fixed |= asked_for(model, values)
    if model.scripted:
        fixed |= _script(encounter) | {"area_cap": float(model.ruleset.area_cap)}
    prepull = _prepull(program, rotation)
    fixed["prepull_count"] = len(prepull)
    for index in range(PREPULL_LINES):
        fixed[f"prepull_at_{index}"], fixed[f"prepull_action_{index}"] = prepull[index] if index < len(prepull) else (0, 0)
    for resource in watched(model):
        found = _thresholds(program, rotation, resource, values)
        for index in range(THRESHOLDS):
            fixed[f"{resource}_threshold_{index}"] = found[index] if index < len(found) else -1.0
    return dict(program.tables.fill(values, fixed))


def _thresholds(program: Program, rotation: str, resource: str, values: StaticValues) -> list[float]:
    """The amounts of a resource, rounded up, that a priority list asks for: what its spells cost, and what it compares the resource with."""
    found: set[float] = set()
    for line in next((r.lines for r in program.model.rotations if r.name == rotation), ()):
        for name in (line.spell, *line.spells):
            spell = program.model.spell(name) if name else None
            if spell is not None and spell.cost is not None and spell.resource == resource:
                found.add(math.ceil(values.value(spell.cost)))
        for node in walk(line.condition) if line.condition is not None else ():
            if node.op in COMPARISONS:
                for one, other in (node.args, reversed(node.args)):
                    if one.op == "resource" and one.args[0] == resource and is_static(other):
                        found.add(math.ceil(values.value(other)))
    amounts = sorted(float(x) for x in found if x > 0)
    if len(amounts) > THRESHOLDS:
        raise PortunusError(f"the list {rotation} asks for more than {THRESHOLDS} different amounts of {resource}", hint="Shorten it.")
    return amounts


def _script(encounter: Encounter) -> dict[str, Any]:
    """What the tables hold of an encounter's script."""
    found = encounter.scenes
    tables: dict[str, Any] = {
        "scenes": len(found), "health": encounter.health, "others": encounter.others, "scene_at": [x.at_ns for x in found],
        "scene_present": [sum(1 << number for number in x.present) for x in found], "scene_enemies": [len(x.present) for x in found],
        "scene_taken": [x.taken for x in found],
    }
    for place, track in enumerate(TRACKS):
        tables[f"scene_{track}"] = [int(getattr(x, track)) for x in found]
        tables[f"scene_{track}_until"] = [x.until_ns[place] for x in found]
    return tables


def _prepull(program: Program, rotation: str) -> list[tuple[int, int]]:
    found = next((r for r in program.model.rotations if r.name == rotation), None)
    if found is None:
        return []
    index = {a.spell: i for i, a in reversed(list(enumerate(program.actions)))}
    lines = [(at, index[spell]) for at, spell in found.prepull]
    if len(lines) > PREPULL_LINES:
        raise PortunusError(f"the prepull of {rotation} has more than {PREPULL_LINES} lines", hint="Shorten it.")
    return lines


def pack_tables(program: Program, values: dict[str, object]) -> np.ndarray:
    """The tables block, int64 words, from values by slot name."""
    block = np.zeros(1, numpy_dtype(program.tables.fields()))
    for name, value in values.items():
        block[name][0] = value
    return block.view(np.int64).copy()


def layout_hash(program: Program) -> str:
    """What stored states and networks depend on."""
    return program.layout.digest([a.name for a in program.actions], program.feature_names, program.model.behaviour)


def assemble(program: Program, values: dict[str, object], encounter: Encounter, *, reference: bool, only: str | None = None) -> CompiledSpec:
    """Kernels and tables together; with `only` the sampled form and that priority list alone."""
    sampled_text = engine_module(program, "sampled")
    sampled, *others = load_all([sampled_text] if only is not None else [sampled_text, engine_module(program, "expected")])
    lists = {name: load_sealed(rotation_module(program, name, module_name(sampled_text))) for name in program.rotations if only in (None, name)}
    kernels = Kernels(sampled.entry_reset.address, sampled.entry_step.address, others[0].entry_step.address if others else 0, sampled.entry_legal.address,
                      sampled.entry_features.address, {name: module.entry_rotation.address for name, module in lists.items()})
    return _compiled(program, values, encounter, kernels, sampled.entry_fights.address, reference=reference, keep=(sampled, *others, *lists.values()))


def _assemble_fixed(program: Program, values: dict[str, object], encounter: Encounter, *, reference: bool, rotation: str) -> CompiledSpec:
    """Whole fights with these numbers and that list, and no other kernel."""
    module = load_sealed(fights_module(program, fixed_fights(program, values, rotation)))
    kernels = Kernels(0, 0, 0, 0, 0, {rotation: 0})
    return _compiled(program, values, encounter, kernels, module.entry_fights.address, reference=reference, keep=(module,))


def _compiled(program: Program, values: dict[str, object], encounter: Encounter, kernels: Kernels, fights: int, *, reference: bool, keep: tuple[object, ...]) -> CompiledSpec:
    model, tables = program.model, pack_tables(program, values)
    sizes = BlockSizes(program.layout, len(tables), numpy_dtype(program.tables.fields()))
    return CompiledSpec(model.name, model.label, model, program.actions, program.feature_names, sizes, layout_hash(program), model.behaviour, tables, values, kernels,
                        fights, encounter.duration_ns, encounter.most_enemies, model.ruleset.gcd / 1e9, reference, keep)
