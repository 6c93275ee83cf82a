"""One answer from several trees: who simulates what, the same answer for any number of threads, and better answers from more trees."""

from collections import Counter

import numpy as np
import pytest
from test_evaluators import weights
from toys import NAMES, ListValue

from portunus.errors import PortunusError
from portunus.evaluator.mlp import Mlp
from portunus.evaluator.prior import RotationPrior
from portunus.planner.local import Planner
from portunus.planner.messages import Suggestion
from portunus.planner.shared import SharedPlanner, Threads
from portunus.search.settings import SearchSettings
from portunus.search.shared import deal, turns
from portunus.search.streams import TRIAL, stream_of

SMALL = SearchSettings(node_capacity=8192)


def shared(toy, trees: int, threads: int | None = None, **settings) -> SharedPlanner:
    planners = [Planner(toy, ListValue(toy), SearchSettings(node_capacity=8192, **settings)) for _ in range(trees)]
    return SharedPlanner(Threads(planners, threads=threads))


@pytest.mark.parametrize(("candidates", "trees", "simulations"), [((0, 1, 2, 3), 2, 40), ((2, 5, 6), 2, 100), ((1, 4), 4, 33), ((3,), 2, 7), ((3, 4, 7), 4, 33), ((0, 1, 2), 5, 4)])
def test_every_candidate_gets_its_share_and_every_tree_its_load(candidates, trees, simulations):
    work = deal(candidates, trees, simulations)
    loads, visits = [], Counter()
    for stretches in work:
        loads.append(sum(stretch.count for stretch in stretches))
        for edges, count in stretches:
            for i in range(count):
                visits[edges[i % len(edges)]] += 1
    assert sum(loads) == simulations and max(loads) - min(loads) <= 1
    assert set(visits) <= set(candidates)
    assert max(visits[c] for c in candidates) - min(visits[c] for c in candidates) <= (trees if len(candidates) <= 2 else 1)


def test_trees_work_on_different_candidates():
    assert turns((0, 1, 2, 3), 2) == [(0, 1), (2, 3)]
    assert turns((0, 1, 2), 2) == [(0, 0, 1), (1, 2, 2)]
    assert turns((0, 1), 4) == [(0, 1)] * 4
    assert turns((0, 1, 2), 4) == [(0, 0, 0), (0, 1, 1), (1, 1, 2), (2, 2, 2)]


def test_one_tree_of_one_searches_as_a_search_does(toy):
    whole = Planner(toy, ListValue(toy), SMALL).plan(toy.opening(), simulations=1000, seed=3)
    alone = shared(toy, 1).plan(toy.opening(), simulations=1000, seed=3)
    assert [(r.name, r.visits, r.value) for r in alone.actions] == [(r.name, r.visits, r.value) for r in whole.actions]
    assert (alone.action, alone.queue) == (whole.action, whole.queue)


def test_where_values_are_drawn_all_trees_hold_one_trial(toy):
    def drawn() -> Planner:
        return Planner(toy, RotationPrior(toy, mass=0.9, horizon_seconds=3600.0), SMALL)

    whole = drawn().plan(toy.opening(), simulations=400, seed=3)
    alone = SharedPlanner(Threads([drawn()])).plan(toy.opening(), simulations=400, seed=3)
    assert [(r.name, r.visits, r.value) for r in alone.actions] == [(r.name, r.visits, r.value) for r in whole.actions]
    assert (alone.action, alone.simulations) == (whole.action, whole.simulations)
    several = SharedPlanner(Threads([drawn() for _ in range(3)]))
    answer = several.plan(toy.opening(), simulations=900, seed=3)
    assert several._ledger._trial[0] == 225
    assert answer.simulations == 900 == sum(report.visits for report in answer.actions) + 2 * 225
    assert several.plan(toy.opening(), budget_ms=40, seed=3).simulations > 200


def test_streams_of_neighbouring_seeds_and_trees_share_nothing():
    steps = np.arange(1000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # what splitmix64 adds at each draw
    words = [stream_of(seed, number + kind) + steps for seed in range(-2, 40) for number in range(4) for kind in (0, TRIAL)]
    assert len(np.unique(np.concatenate(words))) == 1000 * len(words)


@pytest.mark.parametrize("trees", [2, 3, 4])
def test_equal_numbers_give_equal_visits_for_any_number_of_threads(toy, trees):
    answers = []
    for threads in (1, 2, 4):
        suggestion = shared(toy, trees, threads).plan(toy.opening(), simulations=1500, seed=5)
        assert Suggestion.from_json(suggestion.to_json()) == suggestion
        answers.append(suggestion.to_json())
        for timed in ("search_ms", "network_ms"):
            del answers[-1][timed]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["simulations"] == sum(report["visits"] for report in answers[0]["actions"]) == 1500


def test_a_report_of_several_trees_is_whole(toy):
    state = toy.opening()
    suggestion = shared(toy, 2).plan(state, simulations=3000, seed=5, sequence=7)
    assert suggestion.sequence == 7
    assert {report.name for report in suggestion.actions} == {NAMES[a] for a in np.flatnonzero(toy.legal(state))}
    assert suggestion.actions[0].name == suggestion.action == suggestion.tree.children[0].name
    assert suggestion.actions[0].loss_damage == 0.0
    assert all(report.line for report in suggestion.actions)
    assert sum(report.prior for report in suggestion.actions) == pytest.approx(1.0)


def test_a_budget_in_time_is_kept(toy):
    planner = shared(toy, 2, certain_errors=0.0)
    planner.plan(toy.opening(), budget_ms=30)
    suggestion = planner.plan(toy.opening(), budget_ms=60)
    assert 30 < suggestion.search_ms < 150
    assert suggestion.simulations > 500


def test_some_actions_may_be_ruled_out(toy):
    state = toy.opening()
    best = Planner(toy, ListValue(toy), SMALL).plan(state, simulations=500).action
    allowed = np.array([name != best for name in NAMES])
    for planner in (Planner(toy, ListValue(toy), SMALL), Planner(toy, Mlp(weights()), SMALL), shared(toy, 2)):
        suggestion = planner.plan(state, simulations=500, allowed=allowed)
        assert best not in {report.name for report in suggestion.actions}
        assert sum(report.prior for report in suggestion.actions) == pytest.approx(1.0)
        assert planner.plan(state, budget_ms=20, allowed=allowed).action != best
        with pytest.raises(PortunusError, match="none of the allowed actions"):
            planner.plan(state, simulations=500, allowed=np.zeros(len(NAMES), bool))


def test_a_watched_search_is_the_same_and_ends_when_told(toy):
    planner = Planner(toy, ListValue(toy), SMALL)
    free = planner.plan(toy.opening(), simulations=4000, seed=2)
    asked = []
    watched = planner.plan(toy.opening(), simulations=4000, seed=2, watch=lambda: bool(asked.append(1)))
    assert [(r.name, r.visits, r.value) for r in watched.actions] == [(r.name, r.visits, r.value) for r in free.actions]
    assert len(asked) > 4
    ended = planner.plan(toy.opening(), simulations=4000, seed=2, watch=lambda: True)
    assert 0 < ended.simulations <= SMALL.chunk
    assert shared(toy, 2).plan(toy.opening(), simulations=4000, watch=lambda: True).simulations < 4000
