"""Reference scenarios made ready to be played: spec, character, fight and priority list in our words, and the single fights beside them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portunus.errors import PortunusError
from portunus.sim.golden import Golden, in_our_words, profile_table, read_exact, read_golden, spec_of

if TYPE_CHECKING:
    from portunus.dsl.model import Model, Rotation
    from portunus.ir.program import Program
    from portunus.runtime.compiled import CompiledSpec
    from portunus.sim.compare import ExactComparison
    from portunus.sim.encounter import Encounter
    from portunus.sim.import_apl import ImportedList
    from portunus.sim.profile import Profile
    from portunus.sim.trace import TraceEvent


@dataclass(frozen=True)
class PreparedScenario:
    """A reference result with everything of ours it needs to be played."""

    golden: Golden
    spec: Path
    model: Model
    profile: Profile
    encounter: Encounter
    rotation: Rotation
    exact: tuple[float, ...] | None

    def lowered(self) -> tuple[Program, dict[str, Any]]:
        """The program and its tables, for the slow twin: nothing is compiled."""
        from portunus.compiler import tables_of
        from portunus.ir.program import lower

        program = lower(replace(self.model, rotations=(*self.model.rotations, self.rotation)))
        return program, dict(tables_of(program, self.profile, self.encounter, reference=True, rotation=self.rotation.name))

    def replay(self, fights: int) -> ExactComparison:
        """The first `fights` of the exact comparison, played by the slow twin."""
        from portunus.codegen.python import Twin
        from portunus.sim.compare import compare_exact

        program, tables = self.lowered()
        twin, reference = Twin(program), (self.exact or ())[:fights]
        seconds = self.encounter.duration_ns / 1e9
        damage, state = [], None
        for i in range(len(reference)):
            state, _ = twin.fight(tables, self.golden.scenario.seed + i, self.rotation.name, before=state)
            damage.append(state.damage / seconds)  # type: ignore[attr-defined]
        return compare_exact(damage, reference)

    def log(self, fight: int) -> list[TraceEvent]:
        """The log of fight number `fight` (0 is the first), written by the slow twin."""
        from portunus.sim.trace import trace_program

        program, tables = self.lowered()
        return trace_program(program, tables, self.golden.scenario.seed + fight, self.rotation.name)

    def compile(self, *, fixed: bool = False) -> CompiledSpec:
        """The scenario as kernels, with the reference's artefacts on; scenarios of one spec share them, whatever their numbers, unless they are `fixed`."""
        from portunus.compiler import compile_spec

        return compile_spec(
            self.model, profile=self.profile, encounter=self.encounter, rotations=(self.rotation,), reference=True, fights_only=True, fixed=fixed
        )


@dataclass(frozen=True)
class Refusal:
    """A reference file that cannot be compared, and why."""

    path: Path
    error: PortunusError


class Preparation:
    """Reads reference files and translates their scenarios; what they share is read once.

    Args:
        exact: File with the damage per second of single fights; None looks for it beside each reference file, see `exact_beside`.
        replay: True needs the single fights, None takes them where they are, False leaves them out.
    """

    def __init__(self, *, exact: Path | None = None, replay: bool | None = None) -> None:
        self._exact, self._replay = exact, replay
        self._models: dict[Path, Model] = {}
        self._fights: dict[Path, dict[str, tuple[float, ...]]] = {}
        self._rotations: dict[tuple[Path, str], Rotation] = {}

    def scenario(self, path: Path) -> PreparedScenario:
        """One reference file.

        Raises:
            PortunusError: Something is missing, damaged or not translatable.
        """
        from portunus.dsl import load_model

        golden = read_golden(path)
        spec, words = spec_of(golden.scenario)
        golden = in_our_words(golden, words)
        if spec not in self._models:
            self._models[spec] = load_model(spec)
        model = self._models[spec]
        profile, encounter = scenario_setting(golden, words, model)
        imported = _named_list(golden, model)
        if (spec, imported.name) not in self._rotations:
            self._rotations[spec, imported.name] = imported.rotation(model)
        return PreparedScenario(golden, spec, model, profile, encounter, self._rotations[spec, imported.name], self._single(path))

    def _single(self, path: Path) -> tuple[float, ...] | None:
        source = None if self._replay is False else self._exact if self._exact is not None else exact_beside(path)
        if source is None:
            if self._replay:
                raise PortunusError(f"there is no exact.json beside {path.name}", hint="Name the file with the single fights by --exact-file.")
            return None
        if source not in self._fights:
            self._fights[source] = read_exact(source)
        fights = self._fights[source].get(path.name)
        if not fights and self._replay:
            raise PortunusError(f"{source} has no fights of {path.name}", hint="It is looked up by the reference file's name.")
        return fights


def prepare(paths: list[Path], *, exact: Path | None = None, find_exact: bool = False) -> list[PreparedScenario]:
    """Read reference files and translate their scenarios.

    Args:
        paths: Reference files.
        exact: File with the damage per second of single fights.
        find_exact: Look for the single fights beside each reference file, see `exact_beside`.

    Raises:
        PortunusError: Something is missing, damaged or not translatable.
    """
    preparation = Preparation(exact=exact, replay=exact is not None or find_exact)
    return [preparation.scenario(path) for path in paths]


def prepare_all(paths: list[Path], *, exact: Path | None = None, replay: bool | None = None) -> tuple[list[PreparedScenario], list[Refusal]]:
    """Read reference files; those that cannot be compared come with the reason.

    Raises:
        PortunusError: None of them can be compared.
    """
    preparation = Preparation(exact=exact, replay=replay)
    prepared: list[PreparedScenario] = []
    refused: list[Refusal] = []
    for path in paths:
        try:
            prepared.append(preparation.scenario(path))
        except PortunusError as error:
            refused.append(Refusal(path, error))
    if refused and not prepared:
        raise refused[0].error
    return prepared, refused


def exact_beside(path: Path) -> Path | None:
    """Where the single fights of a reference file are: `exact.json` in its folder, or `exact/<folder>.json` beside the folder `golden`; None = nowhere."""
    path = path.resolve()
    found = (path.with_name("exact.json"), path.parent.parent.parent / "exact" / f"{path.parent.name}.json")
    return next((candidate for candidate in found if candidate.is_file()), None)


def scenario_setting(golden: Golden, words: Any, model: Model) -> tuple[Profile, Encounter]:
    """The scenario's character and fight."""
    from portunus.sim.encounter import Encounter
    from portunus.sim.import_apl import rotation_name
    from portunus.sim.profile import profile_from_dict

    scenario = golden.scenario
    glyphs = {item: name for name, item in model.glyphs}
    profile = profile_from_dict(profile_table(scenario, words, glyphs), model, source=golden.path.name)
    # The reference makes the shares monotone before it uses them.
    below_20, below_25, below_35 = scenario.execute
    phases = (below_20, max(below_20, below_25), max(below_20, below_25, below_35))
    encounter = Encounter(
        name=rotation_name(scenario.name), label=scenario.name, duration_ns=int(scenario.duration * 1e9), enemies=scenario.targets,
        level=scenario.target_level, distance_yards=scenario.distance, execute=phases, armor=scenario.armor, clip_delay_ns=int(scenario.clip_delay * 1e9),
        in_front=scenario.in_front,
    )
    return profile, encounter


def _named_list(golden: Golden, model: Model) -> ImportedList:
    """The scenario's priority list; equal lists get equal names, so that scenarios can share kernels."""
    from portunus.sim.import_apl import import_list

    where = f"the priority list of {golden.path.name}"
    imported = import_list(golden.scenario.apl, model, where=where)
    name = f"list_{hashlib.sha256(imported.text.encode()).hexdigest()[:8]}"
    return replace(imported, name=name)
