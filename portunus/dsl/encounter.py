"""Encounters: how long a fight lasts, against how many enemies, from how far away, and what happens in it by itself."""

from __future__ import annotations

from functools import cached_property

from portunus.dsl import limits
from portunus.dsl.diagnostics import Problems
from portunus.dsl.records import dataclass
from portunus.dsl.script import Scene, Window, places, scenes
from portunus.dsl.split import Field, split_block
from portunus.dsl.symbols import literal
from portunus.dsl.syntax import Node

PLAYER_LEVEL = 80
DEFAULT_ARMOR = 10643.0  # of an enemy three levels above
PHASES = (0.2, 0.25, 0.35)  # of the enemies' health


@dataclass(frozen=True)
class Encounter:
    """A fight.

    Attributes:
        name: Name in the file.
        label: What a reader sees.
        duration_ns: Length in nanoseconds.
        enemies: Number of enemies that are there from the first moment to the last.
        level: Level of the enemies.
        distance_yards: Distance to the enemies.
        execute: For each of `PHASES` the part of the fight that is left when it begins.
        armor: Armour of the enemies.
        clip_delay_ns: Pause of the player after a channel.
        in_front: The player stands before the enemies.
        adds, movement, vulnerable: When further enemies are there, the player must move, enemies take other damage.
        health: Of the enemies, 0 = phases begin by time. others: damage per second the rest of the group does.
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
    adds: tuple[Window, ...] = ()
    movement: tuple[Window, ...] = ()
    vulnerable: tuple[Window, ...] = ()
    health: float = 0.0
    others: float = 0.0

    @property
    def scripted(self) -> bool:
        """Does anything happen by itself? Such fights have kernels of their own."""
        return bool(self.adds or self.movement or self.vulnerable or self.health)

    @cached_property
    def scenes(self) -> list[Scene]:
        """The fight from change to change."""
        return scenes(enemies=self.enemies, adds=self.adds, movement=self.movement, vulnerable=self.vulnerable, duration_ns=self.duration_ns)

    @property
    def most_enemies(self) -> int:
        """The largest number an enemy has, and one more."""
        return max((number + 1 for _, numbers in places(self.adds, self.enemies) for number in numbers), default=self.enemies)

    @property
    def mean_enemies(self) -> float:
        """How many enemies are there on the mean."""
        adds = sum(w.amount * (min(w.end_ns, self.duration_ns) - w.begin_ns) for w in self.adds)
        return self.enemies + adds / self.duration_ns


def read_encounter(item: Field, problems: Problems) -> Encounter:
    """The encounter of an `encounter` block; findings go to `problems`."""
    entries = item.block.entries if item.block is not None else ()
    parts = [part for part in split_block(entries, "encounter", problems) if isinstance(part, Field)]
    fields = {part.word: part for part in parts}
    node = item.arguments["name"]

    def value(word: str, argument: str, default: float, low: float, high: float, *, whole: bool = True, unit: str = "number") -> float:
        part = fields.get(word)
        if part is None:
            return default
        return literal(part.arguments[argument], problems, what=f"`{word}`", low=low, high=high, whole=whole, unit=unit)

    for word, example in (("duration", "duration 300s"), ("enemies", "enemies 1")):
        if word not in fields:
            problems.error("PT305", node.span, f"the encounter `{node.text}` does not say its {word}", f"for example: {example}")
    shortest = 10**9
    duration = max(int(value("duration", "time", shortest, shortest, 3600 * 10**9, whole=False, unit="time")), shortest)
    windows = {word: tuple(w for part in parts if part.word == word for w in _windows(part, duration, problems)) for word in ("adds", "movement", "vulnerable")}
    encounter = Encounter(
        name=node.text,
        label=item.name("label") or node.text.replace("_", " ").capitalize(),
        duration_ns=duration,
        enemies=int(value("enemies", "count", 1, 1, 64)),
        level=int(value("level", "level", PLAYER_LEVEL + 3, PLAYER_LEVEL, PLAYER_LEVEL + 3)),
        distance_yards=value("distance", "distance", 20.0, 0, 100, whole=False, unit="distance"),
        execute=_phases(parts, duration, problems),
        armor=value("armor", "amount", DEFAULT_ARMOR, 0, 1e6, whole=False),
        in_front="in_front" in fields,
        health=value("health", "amount", 0.0, 1, 1e12, whole=False),
        others=value("health", "others", 0.0, 0, 1e12, whole=False) if "health" in fields and fields["health"].arguments.get("others") is not None else 0.0,
        adds=windows["adds"], movement=windows["movement"], vulnerable=windows["vulnerable"],
    )
    crowded = next((part for part in parts if part.word in windows), None)
    if crowded is not None and not problems.failed and len(encounter.scenes) > limits.SCENES:
        problems.error("PT018", crowded.span, f"the encounter changes {len(encounter.scenes)} times; at most {limits.SCENES} scenes are allowed", "Use longer times, or a shorter fight.")
    return encounter


def _windows(part: Field, duration: int, problems: Problems) -> list[Window]:
    """The windows of one line, again and again where it says `every`; none of them begins after the fight."""
    given = part.arguments

    def time(name: str, low: int) -> int:
        return int(literal(given[name], problems, what=f"`{name}`", low=low, high=3600 * 10**9, unit="time"))

    amount = 1.0
    if part.word == "adds":
        amount = literal(given["count"], problems, what="`adds`", low=1, high=63, whole=True)
    elif part.word == "vulnerable":
        amount = literal(given["factor"], problems, what="`vulnerable`", low=0, high=100)
    begin, end = time("begin", 0), time("end", 0)
    if end <= begin:
        problems.error("PT309", given["end"].span, f"`{part.word}` ends before it has begun", "The time after `to` is that since the pull, not a length.")
    elif begin >= duration:
        problems.error("PT309", given["begin"].span, f"`{part.word}` begins after the end of the fight", "Let it begin earlier, or make `duration` longer.")
    every = given.get("every")
    if every is None or problems.failed:
        return [Window(begin, end, amount)]
    step = time("every", 10**6)
    if step < end - begin:
        problems.error("PT309", every.span, f"`{part.word}` comes again before it has ended", "Make `every` at least as long as the time from `from` to `to`.")
        return []
    # One more than may be is enough to be refused.
    return [Window(begin + n * step, end + n * step, amount) for n in range(min(-(-(duration - begin) // step), limits.SCENES + 1))]


def _phases(parts: list[Field], duration: int, problems: Problems) -> tuple[float, ...]:
    """What is left of the fight when each of `PHASES` begins."""
    execute = next((part for part in parts if part.word == "execute"), None)
    nodes: tuple[Node, ...] = execute.arguments["phases"] if execute is not None else ()
    given = [literal(node, problems, what="a phase", low=0, high=1) for node in nodes] or list(PHASES)
    if len(given) != len(PHASES) or given != sorted(set(given)):
        problems.error("PT308", nodes[0].span, "the phases are three, in ascending order", "For example: execute 20% 25% 35%")
        return PHASES
    for part in parts:
        if part.word != "phase":
            continue
        health = literal(part.arguments["health"], problems, what="`phase`", low=0, high=1)
        at = literal(part.arguments["time"], problems, what="`at`", low=0, high=duration, unit="time")
        if health not in PHASES:
            problems.error("PT308", part.arguments["health"].span, "a phase begins at 20%, 25% or 35% health")
        else:
            given[PHASES.index(health)] = 1.0 - at / duration
    if given != sorted(given):
        last = next(part for part in reversed(parts) if part.word == "phase")
        problems.error("PT309", last.arguments["time"].span, "this phase begins before that of a larger health", "The lower the health, the later the phase.")
    return tuple(given)
