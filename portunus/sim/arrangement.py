"""From what a user asks for (spec, profile, encounter, a list) to a compiled spec and the name of the list to play."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from portunus.errors import PortunusError, nearest

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec
    from portunus.sim.encounter import Encounter
    from portunus.sim.import_apl import ImportedList
    from portunus.sim.profile import Profile


@dataclass(frozen=True)
class Arrangement:
    """Fights ready to be played.

    Attributes:
        compiled: The kernels and tables.
        rotation: Name of the priority list.
        spec: The spec file.
        profile, encounter: What was compiled for.
        imported: The imported list, or None if the list is the spec's own.
    """

    compiled: CompiledSpec
    rotation: str
    spec: Path
    profile: Profile
    encounter: Encounter
    imported: ImportedList | None


def arrange(
    spec: str, *, profile: str | None = None, encounter: str | None = None, rotation: str = "default", apl: Path | str | None = None,
    reference: bool = False,
) -> Arrangement:
    """Read everything, compile it and choose the list.

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
    from portunus.compiler import compile_spec, resolve_encounter, resolve_profile
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
    # The list that is given beside the others is the one whose casts before the pull are played.
    others = replace(model, rotations=tuple(r for r in model.rotations if r.name != played.name))
    character, fight = resolve_profile(model, profile), resolve_encounter(encounter)
    compiled = compile_spec(others, profile=character, encounter=fight, rotations=(played,), reference=reference)
    return Arrangement(compiled, played.name, path, character, fight, imported)
