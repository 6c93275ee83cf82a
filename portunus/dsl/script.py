"""The script of an encounter: what happens by itself, cut into scenes between two changes.

Legend: a window is a time in which something holds, its end not included; times are nanoseconds since the pull.
"""

from __future__ import annotations

from collections.abc import Iterable

from portunus.dsl.records import dataclass

NEVER_NS = 3600 * 10**9  # an hour after a moment: later than any fight


@dataclass(frozen=True)
class Window:
    """A time in which something holds.

    Attributes:
        begin_ns, end_ns: From when until when.
        amount: How many enemies come, or the factor on damage taken; 1 for movement.
    """

    begin_ns: int
    end_ns: int
    amount: float = 1.0


@dataclass(frozen=True)
class Scene:
    """What holds from one change to the next.

    Attributes:
        at_ns: When it begins.
        present: Numbers of the enemies that are there.
        movement, adds, vulnerable: Whether a window of that kind is open.
        taken: Factor on the damage enemies take.
        until_ns: For movement, adds and vulnerable: when the open window closes (adds: when any of them go), or the next one opens.
    """

    at_ns: int
    present: tuple[int, ...]
    movement: bool
    adds: bool
    vulnerable: bool
    taken: float
    until_ns: tuple[int, int, int]


def places(adds: Iterable[Window], enemies: int) -> list[tuple[Window, tuple[int, ...]]]:
    """Which numbers the enemies of each wave have: the lowest ones that are free from its first moment to its last.

    Args:
        adds: The waves.
        enemies: How many are there all the time; they have the first numbers.
    """
    found: list[tuple[Window, tuple[int, ...]]] = []
    for wave in sorted(adds, key=lambda w: (w.begin_ns, w.end_ns)):
        taken = {number for other, numbers in found if other.end_ns > wave.begin_ns for number in numbers}
        free = (number for number in range(enemies, enemies + len(taken) + int(wave.amount)) if number not in taken)
        found.append((wave, tuple(number for number, _ in zip(free, range(int(wave.amount)), strict=False))))
    return found


def scenes(*, enemies: int, adds: tuple[Window, ...], movement: tuple[Window, ...], vulnerable: tuple[Window, ...], duration_ns: int) -> list[Scene]:
    """The scenes of a fight, from the pull on; without windows there is one.

    Args:
        enemies: How many are there all the time.
        adds, movement, vulnerable: The windows.
        duration_ns: Length of the fight.
    """
    numbered = places(adds, enemies)
    tracks = (movement, adds, vulnerable)
    changes = sorted({0, *(t for windows in tracks for w in windows for t in (w.begin_ns, w.end_ns) if t < duration_ns)})
    found = []
    for at in changes:
        here = tuple(range(enemies)) + tuple(sorted(n for wave, numbers in numbered if wave.begin_ns <= at < wave.end_ns for n in numbers))
        open_ = [[w for w in windows if w.begin_ns <= at < w.end_ns] for windows in tracks]
        taken = 1.0
        for window in open_[2]:
            taken *= window.amount
        until = [_until(windows, now, at, first=kind == 1) for kind, (windows, now) in enumerate(zip(tracks, open_, strict=True))]
        found.append(Scene(at, here, bool(open_[0]), bool(open_[1]), bool(open_[2]), taken, (until[0], until[1], until[2])))
    return found


def _until(windows: tuple[Window, ...], open_: list[Window], at: int, *, first: bool) -> int:
    """When the open windows close (several that meet count as one, unless the `first` end is asked for), else when the next one opens."""
    if not open_:
        return min((w.begin_ns for w in windows if w.begin_ns > at), default=at + NEVER_NS)
    end = (min if first else max)(w.end_ns for w in open_)
    while not first and any(w.begin_ns <= end < w.end_ns for w in windows):
        end = max(w.end_ns for w in windows if w.begin_ns <= end < w.end_ns)
    return end
