"""What a fighter has to spend, read from a state: every resource, and how many runes of each kind are ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portunus.dsl.model import Model

Field = Callable[[str], Any]


@dataclass(frozen=True)
class Gauge:
    """One thing to spend.

    Attributes:
        name: Of the resource, or `frost_rune`. label: for a reader. owner: the pet whose it is, "" = the player.
        read: Its amount, given what returns a field of a state by name.
        counted: True for runes: they come and go one by one.
    """

    name: str
    label: str
    owner: str
    read: Callable[[Field], float]
    counted: bool = False


def gauges(model: Model) -> tuple[Gauge, ...]:
    """All of a spec's gauges."""
    found = [Gauge(r.name, r.label, r.owner, _field(r.name)) for r in model.resources]
    if model.runes is not None:
        each = model.runes.each
        for number, kind in enumerate(model.runes.kinds):
            found.append(Gauge(f"{kind}_rune", f"{kind.capitalize()} runes", "", _runes(range(number * each, (number + 1) * each), wild=0), counted=True))
        everything = range(each * len(model.runes.kinds))
        found.append(Gauge("wild_rune", "Wild runes", "", _runes(everything, wild=1), counted=True))
    return tuple(found)


def _field(name: str) -> Callable[[Field], float]:
    return lambda field: float(field(name))


def _runes(which: range, *, wild: int) -> Callable[[Field], float]:
    """Ready runes among `which` that are wild or not."""

    def read(field: Field) -> float:
        spent, kind = field("rune_spent"), field("rune_wild")
        return float(sum(spent[i] == 0 and (kind[i] != 0) == bool(wild) for i in which))

    return read
