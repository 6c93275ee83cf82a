"""The time kept back for an answer follows what answers took; both planners use it."""

import pytest
from toys import ListValue

from portunus.planner.local import Planner
from portunus.planner.reserve import Reserve
from portunus.planner.shared import SharedPlanner, Threads
from portunus.search.settings import SearchSettings


def test_what_took_long_counts_at_once_and_is_forgotten_slowly():
    reserve = Reserve(4.0)
    reserve.learn(250.0, ended_ms=246.0, answered_ms=9000.0)  # it also compiled
    assert reserve.ms == 4.0 and reserve.search_ms(250.0) == 246.0
    reserve.learn(250.0, ended_ms=250.0, answered_ms=258.0)  # planned to end after 246
    assert reserve.ms == pytest.approx(8.0)
    for _ in range(10):
        reserve.learn(250.0, ended_ms=100.0, answered_ms=102.0)  # ended early
    assert 5.0 < reserve.ms < 8.0
    for _ in range(200):
        reserve.learn(250.0, ended_ms=100.0, answered_ms=102.0)
    assert reserve.ms == pytest.approx(2.0, abs=0.1)


def test_most_of_a_budget_is_searched_whatever_answers_took():
    reserve = Reserve(4.0)
    assert reserve.search_ms(5.0) == 2.5
    for _ in range(50):
        reserve.learn(100.0, ended_ms=100.0, answered_ms=400.0)
    assert reserve.ms == 20.0 and reserve.search_ms(100.0) == 80.0


@pytest.mark.parametrize("several", [False, True])
def test_planners_learn_from_their_answers(toy, several, monkeypatch):
    def planner() -> Planner:
        return Planner(toy, ListValue(toy), SearchSettings(node_capacity=8192))

    asked = SharedPlanner(Threads([planner(), planner()])) if several else planner()
    learned = []
    monkeypatch.setattr(Reserve, "learn", lambda self, budget, **times: learned.append((budget, times["ended_ms"], times["answered_ms"])))
    asked.plan(toy.opening(), simulations=64)
    assert not learned
    asked.plan(toy.opening(), budget_ms=20)
    ((budget, ended, answered),) = learned
    assert budget == 20 and 0 < ended <= answered
