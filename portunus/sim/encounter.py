"""Encounter files, read alone."""

from __future__ import annotations

from pathlib import Path

from portunus.dsl.diagnostics import DiagnosticError, Problems, TooManyErrors
from portunus.dsl.encounter import DEFAULT_ARMOR, Encounter, read_encounter
from portunus.dsl.load import read_source
from portunus.dsl.model import Span
from portunus.dsl.parse import parse
from portunus.dsl.split import Field, split_block

__all__ = ["DEFAULT_ARMOR", "Encounter", "load_encounter"]


def load_encounter(path: Path | str) -> Encounter:
    """The encounter of a file.

    Raises:
        DiagnosticError: The file has errors, or defines no encounter.
    """
    problems = Problems()
    encounter: Encounter | None = None
    try:
        source = read_source(Path(path), str(path), problems)
        entries = parse(source, problems) if source is not None else ()
        found = [item for item in split_block(entries, "file", problems) if isinstance(item, Field)]
        sections = [item for item in found if item.keyword.word == "encounter"]
        if len(sections) != 1 and not problems.failed:
            problems.error("PT311", Span(str(path), 1, 1), f"{path} defines {len(sections) or 'no'} encounters", "An encounter file defines one.")
        encounter = read_encounter(sections[0], problems) if sections else None
    except TooManyErrors:
        encounter = None
    if encounter is None or problems.failed:
        raise DiagnosticError(problems.sorted())
    return encounter
