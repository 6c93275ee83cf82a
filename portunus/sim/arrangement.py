"""From what a user asks for (spec, profile, encounter, a list) to fights that can be played, and the name of the list to play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portunus.errors import PortunusError, nearest

if TYPE_CHECKING:
    from portunus.dsl.model import Model, Rotation
    from portunus.ir.program import Program
    from portunus.runtime.compiled import CompiledSpec
    from portunus.sim.encounter import Encounter
    from portunus.sim.fights import Fighter
    from portunus.sim.import_apl import ImportedList
    from portunus.sim.profile import Profile


MANY_FIGHTS = 1_000_000  # minutes of playing; kernels for these very numbers alone save a quarter of them and take 5 to 20 s to compile


@dataclass(frozen=True)
class Arrangement:
    """Fights ready to be played.

    Attributes:
        spec: The spec file.
        model: What it says, without the list that is played.
        played: The priority list that is played.
        profile, encounter: Who fights, and what.
        reference: True if the artefacts of the reference simulator are on.
        imported: The imported list, or None if the list is the spec's own.
    """

    spec: Path
    model: Model
    played: Rotation
    profile: Profile
    encounter: Encounter
    reference: bool
    imported: ImportedList | None

    @property
    def rotation(self) -> str:
        """Name of the priority list."""
        return self.played.name

    @property
    def source(self) -> Callable[..., CompiledSpec]:
        """What compiles these fights, here or in another process."""
        from portunus.compiler import compile_spec

        # The list that is given beside the others is the one whose casts before the pull are played.
        return partial(compile_spec, self.model, profile=self.profile, encounter=self.encounter, rotations=(self.played,), reference=self.reference)

    @cached_property
    def compiled(self) -> CompiledSpec:
        """The kernels and tables; compiled when first asked for."""
        return self.source()

    def compiled_for(self, fights: int) -> CompiledSpec:
        """What plays so many fights soonest: many are worth kernels for these very numbers."""
        return self.compiled if fights < MANY_FIGHTS else self.source(fixed=True)

    def fighter(self) -> Fighter:
        """These fights as something that can be played."""
        from portunus.sim.fights import Fighter

        return Fighter(self.compiled, self.rotation, self.source)

    def fighter_for(self, profile: Profile) -> Fighter:
        """The same kernels with the numbers of another character."""
        from portunus.compiler import pack_tables, tables_of
        from portunus.sim.fights import Fighter

        program, _ = self.lowered
        values = tables_of(program, profile, self.encounter, reference=self.reference, rotation=self.rotation)
        return Fighter(replace(self.compiled, tables=pack_tables(program, values), table_values=values), self.rotation, self.source)

    @cached_property
    def lowered(self) -> tuple[Program, dict[str, Any]]:
        """The program and its tables, for the slow twin: nothing is compiled."""
        from portunus.compiler import in_encounter, tables_of
        from portunus.ir.program import lower

        program = lower(in_encounter(replace(self.model, rotations=(*self.model.rotations, self.played)), self.encounter))
        return program, dict(tables_of(program, self.profile, self.encounter, reference=self.reference, rotation=self.rotation))


def arrange(
    spec: str, *, profile: str | None = None, encounter: str | None = None, rotation: str = "default", apl: Path | str | None = None,
    reference: bool = False,
) -> Arrangement:
    """Read everything and choose the list.

    Args:
        spec: A spec file, or the name of a shipped one.
        profile: A profile file or name; None = the spec's default.
        encounter: An encounter file or name; None = the default one.
        rotation: Name of a priority list of the spec.
        apl: A priority list to import and play instead.
        reference: Switch the artefacts of the reference simulator on.

    Raises:
        PortunusError: Something is missing or wrong.
    """
    from portunus.compiler import resolve_encounter, resolve_profile
    from portunus.dsl import load_model
    from portunus.resources import find_spec
    from portunus.sim.import_apl import import_file

    path = find_spec(spec)
    model = load_model(path)
    imported = None
    if apl is not None:
        imported = import_file(apl, model)
        played = imported.rotation(model)
    else:
        names = [r.name for r in model.rotations]
        if rotation not in names:
            close = nearest(rotation, names)
            raise PortunusError(f"{model.label} has no rotation {rotation!r}", hint=f"Did you mean {close!r}?" if close else f"It has: {', '.join(names)}.")
        played = model.rotation(rotation)
    others = replace(model, rotations=tuple(r for r in model.rotations if r.name != played.name))
    return Arrangement(path, others, played, resolve_profile(model, profile), resolve_encounter(encounter), reference, imported)


def vary(ready: Arrangement, text: str) -> Arrangement:
    """The same fights with something changed.

    Args:
        ready: What is changed.
        text: `KEY=VALUE`, several joined by commas. Keys: `rotation` or `apl` (another list), `profile` (another character), `race`, `talents`,
            `glyphs` (joined by `+`), `stats.NAME`, `options.NAME`.

    Raises:
        PortunusError: A key or value is unknown.
    """
    from portunus.compiler import resolve_profile
    from portunus.sim.profile import profile_from_dict, profile_table

    changes: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value or not (key in _KEYS or key.startswith(("stats.", "options."))):
            close = nearest(key, _KEYS)
            meant = f"Did you mean {close}=...? " if close and close != key else ""
            raise PortunusError(f"{part.strip()!r} is no variant", hint=f"{meant}A variant is KEY=VALUE; keys: {', '.join(_KEYS)}, stats.NAME, options.NAME.")
        if key in changes:
            raise PortunusError(f"the variant {text!r} says {key} twice", hint="Give --versus twice to compare two variants.")
        changes[key] = value
    if "rotation" in changes and "apl" in changes:
        raise PortunusError(f"the variant {text!r} names two priority lists", hint="Give rotation=... or apl=..., not both.")
    rotation, apl, other = changes.pop("rotation", None), changes.pop("apl", None), changes.pop("profile", None)
    profile = resolve_profile(ready.model, other) if other is not None else ready.profile
    varied = arrange(str(ready.spec), rotation=rotation or "default", apl=apl, reference=ready.reference) if rotation or apl else ready
    if changes:
        table = profile_table(profile, ready.model)
        for key, value in changes.items():
            group, dot, name = key.partition(".")
            if dot:
                table[group] = {**table[group], name: _number(value, key)}
            else:
                table[key] = value.split("+") if key == "glyphs" else value
        profile = replace(profile_from_dict(table, ready.model, source=f"{profile.source} with {text}"), weapons=profile.weapons)
    return replace(varied, profile=profile, encounter=ready.encounter)


_KEYS = ("rotation", "apl", "profile", "race", "talents", "glyphs")


def _number(text: str, key: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise PortunusError(f"{key}={text} is no number", hint=f"For example {key}=500.") from error
