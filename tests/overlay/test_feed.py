"""One look after another: what the feed says of each state of the screen link, and what it asks the planner."""

import numpy as np
import pytest
from portunus_overlay.feed import Watch
from portunus_overlay.situation import State

from portunus.barcode.reader import Link, Observation
from portunus.runtime.signature import HEADER_DURATION, HEADER_FINISHED, HEADER_WORDS

VALUES = {"gcd.end": 0.4, "cast.end": 1.9, "target.health": 0.5, "enemies": 3.0, "combat.start": -12.5}


class FakeReader:
    """A reader that was told what to see."""

    def __init__(self) -> None:
        self.link, self.detail, self.next = Link.SEARCHING, "", None

    def see(self, at: float, **values: float | None) -> None:
        self.link, self.next = Link.OK, Observation(VALUES | values, 0, 0, at)

    def poll(self) -> Observation | None:
        seen, self.next = self.next, None
        return seen


class FakeRestorer:
    """Restores a state of a header only; chance leads to two decision points."""

    def __init__(self) -> None:
        self.finished = False

    def restore(self, observation: Observation) -> np.ndarray:
        state = np.zeros(HEADER_WORDS, np.int64)
        state[HEADER_DURATION] = 300 * 10**9
        state[HEADER_FINISHED] = self.finished
        return state

    def decisions(self, state: np.ndarray) -> list[tuple[np.ndarray, float]]:
        other = state.copy()
        other[0] = 7
        return [(state, 0.42), (other, 0.58)]


@pytest.fixture
def parts():
    asked = []
    reader, restorer = FakeReader(), FakeRestorer()

    def ask(state, sequence, at, likely) -> None:
        asked.append((int(state[0]), sequence, at, [(int(other[0]), chance) for other, chance in likely]))

    watch = Watch(reader, restorer, ask, enemies=1)
    return reader, restorer, watch, asked


def test_every_new_frame_is_asked_about_once(parts):
    reader, _, watch, asked = parts
    assert watch.look().state == State.SEARCHING
    reader.see(10.0)
    first = watch.look()
    again = watch.look()
    reader.see(10.05)
    second = watch.look()
    assert asked == [(7, 0, 10.0, [(0, 0.42)]), (7, 1, 10.05, [(0, 0.42)])]  # the more likely outcome, and the other
    assert (first.state, first.sequence, again.sequence, second.sequence) == (State.OK, 0, 0, 1)
    assert list(watch.captures) == [(0, 10.0), (1, 10.05)]


def test_the_situation_is_told(parts):
    reader, _, watch, _ = parts
    reader.see(10.0)
    seen = watch.look().situation
    assert (seen.target_health, seen.enemies, seen.enemies_seen, seen.fight_time, seen.fight_length) == (0.5, 1, 3, 12.5, 300.0)
    assert seen.ready_at == pytest.approx(11.9)
    assert seen.likelihood == 0.58
    reader.see(10.1, **{"gcd.end": None, "cast.end": None, "target.health": None, "enemies": None, "combat.start": None})
    seen = watch.look().situation
    assert (seen.ready_at, seen.target_health, seen.enemies_seen, seen.fight_time) == (10.1, None, None, None)


def test_after_the_fight_nothing_is_asked(parts):
    reader, restorer, watch, asked = parts
    restorer.finished = True
    reader.see(10.0)
    signal = watch.look()
    assert (signal.state, signal.detail, asked) == (State.IDLE, "The fight is over.", [])


@pytest.mark.parametrize("link", list(Link))
def test_every_link_state_has_words(link, parts):
    reader, _, watch, _ = parts
    reader.link = link
    assert watch.look().state in State
