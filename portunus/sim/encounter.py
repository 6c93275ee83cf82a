"""Encounters: how long a fight lasts, against how many enemies, from how far away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portunus.dsl.diagnostics import DiagnosticError, Problems, TooManyErrors
from portunus.dsl.load import read_source
from portunus.dsl.model import Span
from portunus.dsl.parse import parse
from portunus.dsl.split import Field, split_block
from portunus.dsl.symbols import literal
from portunus.dsl.syntax import Node

PLAYER_LEVEL = 80
DEFAULT_ARMOR = 10643.0  # of an enemy three levels above


@dataclass(frozen=True)
class Encounter:
    """A fight.

    Attributes:
        name: Name in the file.
        label: What a reader sees.
        duration_ns: Length in nanoseconds.
        enemies: Number of enemies.
        level: Level of the enemies.
        distance_yards: Distance to the enemies.
        execute: Health fractions at which phases begin, ascending.
        armor: Armour of the enemies.
        clip_delay_ns: Pause of the player after a channel.
        in_front: The player stands before the enemies.
    """

    name: str
    label: str
    duration_ns: int
    enemies: int
    level: int
    distance_yards: float
    execute: tuple[float, ...]
    armor: float = DEFAULT_ARMOR
    clip_delay_ns: int = 0
    in_front: bool = False


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


def read_encounter(item: Field, problems: Problems) -> Encounter:
    """The encounter of an `encounter` block; findings go to `problems`."""
    entries = item.block.entries if item.block is not None else ()
    fields = {part.word: part for part in split_block(entries, "encounter", problems) if isinstance(part, Field)}
    node = item.arguments["name"]

    def value(word: str, argument: str, default: float, low: float, high: float, *, whole: bool = True, unit: str = "number") -> float:
        part = fields.get(word)
        if part is None:
            return default
        return literal(part.arguments[argument], problems, what=f"`{word}`", low=low, high=high, whole=whole, unit=unit)

    for word, example in (("duration", "duration 300s"), ("enemies", "enemies 1")):
        if word not in fields:
            problems.error("PT305", node.span, f"the encounter `{node.text}` does not say its {word}", f"for example: {example}")
    phases: tuple[Node, ...] = fields["execute"].arguments["phases"] if "execute" in fields else ()
    execute = tuple(literal(phase, problems, what="a phase", low=0, high=1) for phase in phases)
    if list(execute) != sorted(set(execute)):
        problems.error("PT308", phases[0].span, "the phases are not in ascending order", "write `execute 20% 25% 35%`")
    return Encounter(
        name=node.text,
        label=item.name("label") or node.text.replace("_", " ").capitalize(),
        duration_ns=int(value("duration", "time", 10**9, 10**9, 3600 * 10**9, whole=False, unit="time")),
        enemies=int(value("enemies", "count", 1, 1, 64)),
        level=int(value("level", "level", PLAYER_LEVEL + 3, PLAYER_LEVEL, PLAYER_LEVEL + 3)),
        distance_yards=value("distance", "distance", 20.0, 0, 100, whole=False, unit="distance"),
        execute=execute,
        armor=value("armor", "amount", DEFAULT_ARMOR, 0, 1e6, whole=False),
        in_front="in_front" in fields,
    )
