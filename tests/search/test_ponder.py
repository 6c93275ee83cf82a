"""Searching ahead: what counts as the same state, what is expected, and that answers are there at once."""

import numpy as np
import pytest
from toys import NAMES, SECOND, STATE, STRIKE, ListValue

from portunus.evaluator.prior import RotationPrior
from portunus.planner.local import Planner
from portunus.planner.ponder import LONGEST_MS, Likeness, Ponderer
from portunus.search.settings import SearchSettings


@pytest.fixture
def ponderer(toy) -> Ponderer:
    return Ponderer(Planner(toy, ListValue(toy), SearchSettings(node_capacity=8192, certain_errors=0.0)))


def at(toy, **changes) -> np.ndarray:
    state = toy.opening()
    for name, value in changes.items():
        state.view(STATE)[0][name] = value
    return state


def after(toy, state, action: int) -> np.ndarray:
    following = state.copy()
    toy.step(following, action, toy.new_rng(7))
    return following


def test_states_are_alike_when_an_answer_for_one_serves_for_the_other(toy):
    alike = Likeness(toy, Planner(toy, ListValue(toy), SearchSettings(node_capacity=64)).search.game.key)
    state = at(toy, now=5 * SECOND, power_end=9 * SECOND, cd_power=14 * SECOND)
    assert alike(state, state)
    assert alike(state, at(toy, now=5 * SECOND + 20_000_000, power_end=9 * SECOND + 15_000_000, cd_power=14 * SECOND, damage=1e5))
    assert not alike(state, at(toy, now=6 * SECOND, power_end=9 * SECOND, cd_power=14 * SECOND))
    assert not alike(state, at(toy, now=5 * SECOND, power_end=9 * SECOND, cd_power=14 * SECOND, proc_on=1))
    assert alike(at(toy, now=5 * SECOND, cd_power=2 * SECOND), at(toy, now=5 * SECOND, cd_power=4 * SECOND)), "both are ready"
    assert not alike(state, at(toy, now=5 * SECOND, power_end=9 * SECOND, cd_power=14 * SECOND, finished=1))


def test_the_outcomes_of_the_suggested_action_are_thought_about(toy, ponderer):
    state = toy.opening()
    suggestion = ponderer.plan(state, budget_ms=20)
    assert (ponderer.asked, ponderer.hits) == (1, 0)
    thoughts = 0
    while ponderer.think():
        thoughts += 1
    assert 3 <= thoughts < 400
    following = after(toy, state, NAMES.index(suggestion.action))
    answer = ponderer.plan(following, budget_ms=200, sequence=3)
    assert ponderer.hit and ponderer.hits == 1
    assert answer.search_ms < 100 and answer.sequence == 3
    assert answer.simulations > 2 * suggestion.simulations
    assert {report.name for report in answer.actions} == {NAMES[a] for a in np.flatnonzero(toy.legal(following))}


def test_a_state_nobody_expected_gets_the_whole_budget(toy, ponderer):
    ponderer.plan(toy.opening(), budget_ms=20)
    ponderer.think()
    answer = ponderer.plan(at(toy, now=11 * SECOND, cd_power=3 * SECOND), budget_ms=60)
    assert not ponderer.hit
    assert answer.search_ms > 30


def test_callers_say_what_they_expect(toy, ponderer):
    expected = [(at(toy, now=4 * SECOND, proc_on=proc), chance) for proc, chance in ((0, 0.7), (1, 0.3))]
    ponderer.plan(toy.opening(), budget_ms=20, likely=expected)
    while ponderer.think():
        pass
    for state, _ in expected:
        ponderer.plan(state, budget_ms=20)
        assert ponderer.hit


def test_a_thought_ends_when_somebody_asks(toy, ponderer):
    ponderer.plan(toy.opening(), budget_ms=20)
    asked = []

    def interrupted() -> bool:
        asked.append(1)
        return True

    assert ponderer.think(interrupted)
    assert len(asked) <= 2
    assert max(slot.thought_ms for slot in ponderer._slots) < LONGEST_MS / 4


def test_a_number_of_simulations_is_answered_without_what_was_thought(toy, ponderer):
    state = after(toy, toy.opening(), STRIKE)
    plain = Planner(toy, ListValue(toy), SearchSettings(node_capacity=8192, certain_errors=0.0)).plan(state, simulations=500, seed=4)
    ponderer.plan(toy.opening(), budget_ms=20)
    while ponderer.think():
        pass
    again = ponderer.plan(state, simulations=500, seed=4)
    assert [(r.name, r.visits, r.value) for r in again.actions] == [(r.name, r.visits, r.value) for r in plain.actions]


def test_a_game_goes_on_where_it_was_expected(toy, ponderer):
    """Whole fights: most decisions are ones that were thought about before."""
    state, rng = toy.opening(), toy.new_rng(3)
    while not state.view(STATE)[0]["finished"]:
        suggestion = ponderer.plan(state, budget_ms=10)
        for _ in range(3):
            ponderer.think()
        toy.step(state, NAMES.index(suggestion.action), rng)
    assert ponderer.hits >= 0.7 * (ponderer.asked - 1)


def test_an_answer_whose_trial_was_cut_short_gets_one(toy):
    """Where values are drawn the tree's favourite is not believed before its trial, whether or not a thought got that far."""
    ponderer = Ponderer(Planner(toy, RotationPrior(toy, mass=0.9, horizon_seconds=3600.0), SearchSettings(node_capacity=8192, certain_errors=0.0)))
    suggestion = ponderer.plan(toy.opening(), budget_ms=20)
    following = after(toy, toy.opening(), NAMES.index(suggestion.action))
    ponderer.expect([(following, 1.0)])
    for _ in range(40):
        ponderer.think(lambda: True)
    (slot,) = [s for s in ponderer._slots if s.state is not None and s is not ponderer._current]
    assert slot.thought_ms > 0 and not slot.planner.search.tried
    slot.thought_ms = 1000.0
    ponderer.plan(following, budget_ms=40)
    assert ponderer.hit and slot.planner.search.tried
    while ponderer.think():
        pass
    assert all(s.planner.search.tried for s in ponderer._slots if s.thought_ms > 0)
