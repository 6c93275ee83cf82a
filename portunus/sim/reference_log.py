"""A log of the reference beside ours of the same fight: what both know, what only one does, and where they first differ."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from portunus.dsl.model import Model
from portunus.errors import PortunusError
from portunus.sim.trace import TraceEvent

TIME_TOLERANCE_NS = 10_000_000  # the reference prints hundredths of a second, and cuts some of them off
AMOUNT_TOLERANCE = 0.06  # and its amounts with up to three decimals
_ID = r"\{(?:(?:SpellID|ItemID|OtherID): (?P<id>\d+))?(?:, Tag: (?P<tag>-?\d+))?\}"
_UNIT = r"\[(?P<time>-?[\d.]+)\] \[(?P<unit>[^\]]+)\] "
_CHANGE = rf"(?P<amount>[\d.]+) (?P<resource>[a-z ]+) from (?P<from>{_ID}) \((?P<before>[\d.]+) --> (?P<after>[\d.]+)\)"
_LINES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(_UNIT + rest))
    for kind, rest in (
        ("cast", rf"Casting {_ID} \(Cost"),
        ("damage", rf"\[Target (?P<target>\d+)\] {_ID} (?P<tick>tick )?(?P<outcome>[A-Z]\w*) for (?P<amount>[\d.]+) damage"),
        ("avoid", rf"\[Target (?P<target>\d+)\] {_ID} (?P<tick>tick )?(?P<outcome>Miss|Dodge|Parry|Resist)\b"),
        ("gain", "Gained " + _CHANGE),
        ("spend", "Spent " + _CHANGE),
        ("aura", rf"Aura gained: {_ID}"),
        ("renew", rf"Aura refreshed: {_ID}"),
        ("fade", rf"Aura faded: {_ID}"),
        ("stacks", rf"{_ID} stacks: (?P<before>\d+) --> (?P<after>\d+)"),
    )
)
_AUTO_ATTACKS = {3: 6603, 4: 75}  # the reference's numbers of Attack and Shoot: the client's ids
_REGENERATION = ("tick", "casting", "resting")  # sources of what a resource gains by itself
_JUDGED = ("cast", "damage", "avoid", "gain", "spend")  # the rest is bookkeeping that both do in their own way


@dataclass(frozen=True)
class ReferenceEvent:
    """A line of the reference's log; `kind`, `amount`, `before`, `after` as in `TraceEvent`. `identity`: the client's id and tag."""

    time_ns: int
    kind: str
    identity: tuple[int, int]
    amount: float
    resource: str
    before: float
    after: float
    pet: bool
    text: str


@dataclass(frozen=True)
class LogRow:
    """A line of the two logs side by side; one of them may be missing. `differs`: only one side has it, and it matters."""

    time_ns: int
    ours: TraceEvent | None
    reference: ReferenceEvent | None
    differs: bool


def read_log(path: Path) -> list[ReferenceEvent]:
    """The events of a log that this simulator also knows.

    Raises:
        PortunusError: The file cannot be read or holds none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PortunusError(f"cannot read the log {path}: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}") from error
    events = []
    for line in text.splitlines():
        for kind, pattern in _LINES:
            if found := pattern.match(line):
                field = found.groupdict()
                number = int(field["id"] or 0)
                if "OtherID" in line:
                    number = _AUTO_ATTACKS.get(number, -1)
                events.append(ReferenceEvent(
                    round(float(field["time"]) * 1e9), kind, (number, int(field["tag"] or 0)), float(field.get("amount") or 0),
                    (field.get("resource") or "").replace(" ", "_"), float(field.get("before") or 0), float(field.get("after") or 0), " - " in field["unit"], line.split("] ", 1)[1],
                ))  # fmt: skip
                break
    if not events:
        raise PortunusError(f"{path} holds no line of a fight's log", hint="Expected lines as `[1.27] [player (#1)] Casting {SpellID: 42859} (...`.")
    return sorted(events, key=lambda event: event.time_ns)  # what is there from the start comes before the casts ahead of the pull


def identities(model: Model) -> dict[str, tuple[int, int]]:
    """The client's id and tag of every spell and aura."""
    return {s.name: (s.id, s.tag) for s in model.spells} | {a.name: (a.id, a.tag) for a in model.auras}


def beside(ours: Iterable[TraceEvent], reference: list[ReferenceEvent], model: Model) -> list[LogRow]:
    """The two logs in one order of time, equal events in one row; ours is cut where the reference's log ends.

    Events are equal if their kind, amount and time agree (`TIME_TOLERANCE_NS`, `AMOUNT_TOLERANCE`); casts also need the same id. Not counted as a
    difference: auras and stacks, gains and payments that change nothing, damage of 0, casts of effects that go off by themselves, resources of pets,
    and what a resource regenerates if the log leaves that out.
    """
    names = identities(model)
    by_itself = {names[s.name] for s in model.spells if s.triggered or s.swing is not None} | {names[a.name] for a in model.auras}
    last = max(e.time_ns for e in reference)
    told = {e.resource for e in reference if e.kind == "gain" and "from {OtherID" in e.text}
    mine = [e for e in ours if e.time_ns <= last + TIME_TOLERANCE_NS and e.kind not in ("done", "end")]
    rows, free = [], 0
    taken: set[int] = set()
    for their in reference:
        while free < len(mine) and mine[free].time_ns < their.time_ns - TIME_TOLERANCE_NS:
            free += 1
        match = None
        for index in range(free, len(mine)):
            if mine[index].time_ns > their.time_ns + TIME_TOLERANCE_NS:
                break
            if index not in taken and _same(mine[index], their, names):
                match = index
                break
        if match is not None:
            taken.add(match)
            rows.append(LogRow(mine[match].time_ns, mine[match], their, False))
        else:
            by_itself_cast = their.kind == "cast" and their.identity in by_itself
            of_a_pet = their.pet and their.kind in ("gain", "spend")
            matters = their.kind in _JUDGED and their.time_ns < last and not (by_itself_cast or of_a_pet or _changes_nothing(their))
            rows.append(LogRow(their.time_ns, None, their, matters))
    for index, event in enumerate(mine):
        if index not in taken:
            left_out = event.kind in ("gain", "spend") and (bool(event.owner) or (event.name in _REGENERATION and event.resource not in told))
            matters = event.kind in _JUDGED and event.time_ns < last - TIME_TOLERANCE_NS and not (left_out or _changes_nothing(event))
            rows.append(LogRow(event.time_ns, event, None, matters))
    return sorted(rows, key=lambda row: row.time_ns)


def _changes_nothing(event: TraceEvent | ReferenceEvent) -> bool:
    return (event.kind in ("gain", "spend") and event.before == event.after) or (event.kind == "damage" and event.amount == 0)


def _same(ours: TraceEvent, their: ReferenceEvent, names: dict[str, tuple[int, int]]) -> bool:
    kinds = {"trigger": "cast", "swing": "cast"}
    if kinds.get(ours.kind, ours.kind) != their.kind:
        return False
    if their.kind in ("damage", "gain", "spend"):
        return abs(ours.amount - their.amount) <= AMOUNT_TOLERANCE
    if their.kind == "stacks" and (ours.before, ours.after) != (their.before, their.after):
        return False
    number, tag = names.get(ours.name, (0, 0))
    return number == their.identity[0] and (their.kind == "cast" or tag == their.identity[1])  # a cast's tag may be its combo points
