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
from portunus.search.root import visit_schedule
from portunus.search.settings import SearchSettings
from portunus.search.shared import deal, halvings, plan
from portunus.search.streams import TRIAL, stream_of

SMALL = SearchSettings(node_capacity=8192)


def shared(toy, trees: int, threads: int | None = None, **settings) -> SharedPlanner:
    planners = [Planner(toy, ListValue(toy), SearchSettings(node_capacity=8192, **settings)) for _ in range(trees)]
    return SharedPlanner(Threads(planners, threads=threads))


@pytest.mark.parametrize(("size", "trees", "different"), [(1, 1, 1), (4, 1, 1), (4, 2, 2), (3, 2, 2), (8, 3, 3), (2, 4, 2), (4, 4, 2), (1, 3, 2), (16, 5, 5)])
def test_every_candidate_is_in_one_hand_and_every_tree_has_one(size, trees, different):
    hands = deal(list(range(10, 10 + size)), trees)
    assert len(hands) == trees and all(hands)
    assert hands == [hands[tree % different] for tree in range(trees)]
    held = Counter(edge for hand in hands[:different] for edge in hand)
    assert set(held) == set(range(10, 10 + size))
    assert sum(held.values()) == max(size, different)
    if size >= different:
        assert [hand[0] for hand in hands[:different]] == list(range(10, 10 + different))
        assert max(map(len, hands)) - min(map(len, hands)) <= 1


@pytest.mark.parametrize(("size", "load"), [(4, 333), (3, 100), (1, 7), (8, 5)])
def test_a_hand_is_played_out_until_one_is_left(size, load):
    phases = halvings(size, alone=False)
    stretches = plan(size, phases, load, timed=False, alone=False)
    assert sum(part for _, part in stretches) == load
    assert [keep for keep, _ in stretches] == sorted((keep for keep, _ in stretches), reverse=True)
    assert stretches[-1].keep == 1 or load < size
    timed = plan(size, phases, 0.2, timed=True, alone=False)
    assert len(timed) == phases and timed[-1].keep == 1 and sum(part for _, part in timed) == pytest.approx(0.2)


def test_alone_a_tree_keeps_the_published_schedule():
    for size in (1, 2, 3, 5, 8, 16):
        visits, table = [0] * size, []
        for keep, count in plan(size, halvings(size, alone=True), 200, timed=False, alone=True):
            for i in range(int(count)):
                table.append(visits[i % keep])
                visits[i % keep] += 1
        assert table == visit_schedule(size, 200)


class Unreliable(Threads):
    """Threads of which one is lost before the trees meet for the first time."""

    def __init__(self, planners) -> None:
        super().__init__(planners, threads=1)
        self.called: list[tuple[str, list]] = []

    def call(self, method, arguments, *, patience):
        self.called.append((method, list(arguments)))
        answers = super().call(method, arguments, patience=patience)
        return [*answers[:-1], None] if len(self.called) == 1 else answers


@pytest.mark.parametrize("trees", [2, 3])
def test_the_candidates_of_a_lost_tree_go_to_the_others(toy, trees):
    crew = Unreliable([Planner(toy, ListValue(toy), SMALL) for _ in range(trees)])
    planner = SharedPlanner(crew)
    suggestion = planner.plan(toy.opening(), simulations=900, seed=3, watch=lambda: False)
    searching = [arguments for method, arguments in crew.called if method in ("begin", "work")]
    lost, after = searching[0][-1][4], searching[1:]
    assert lost and after and all(arguments[-1] is None for arguments in after)
    assert set(lost) <= {edge for arguments in after[0] if arguments is not None for edge in arguments[0]}
    assert planner.trees == trees - 1
    assert {report.name for report in suggestion.actions} == {NAMES[a] for a in np.flatnonzero(toy.legal(toy.opening()))}


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
