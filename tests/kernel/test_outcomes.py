"""Chance in the expected form: probabilities, rewards and children are those of the sampled form."""

from __future__ import annotations

import both_forms
import numpy as np
import pytest

from portunus.errors import PortunusError
from portunus.evaluator.prior import RotationPrior
from portunus.runtime.compiled import CompiledSpec
from portunus.runtime.outcomes import enumerate_outcomes
from portunus.search.engine import Search
from portunus.search.settings import SearchSettings


def play(compiled: CompiledSpec, seed: int, decisions: int) -> np.ndarray:
    """A state some decisions into a fight of the default rotation."""
    state, rng = compiled.new_state(), compiled.new_rng(seed)
    compiled.reset(state, rng)
    for _ in range(decisions):
        compiled.step(state, compiled.rotation(state), rng)
    return state


def action_named(compiled: CompiledSpec, name: str) -> int:
    return next(i for i, a in enumerate(compiled.actions) if a.name == name)


@pytest.mark.parametrize("decisions", [6, 15, 40, 90])
def test_probabilities_sum_to_one(mage: CompiledSpec, decisions: int) -> None:
    state = play(mage, 5, decisions)
    for action in np.flatnonzero(mage.legal(state)):
        outcomes = enumerate_outcomes(mage, state, int(action))
        assert sum(o.probability for o in outcomes) == pytest.approx(1.0, abs=1e-12)
        assert len({o.signature for o in outcomes}) == len(outcomes)


def test_mean_reward_and_frequencies_match_samples(mage: CompiledSpec) -> None:
    state = play(mage, 11, 45)  # the images, whose own choices are noise and not outcomes, have left by then
    action = action_named(mage, "fireball")
    outcomes = enumerate_outcomes(mage, state, action)
    mean = sum(o.probability * o.reward for o in outcomes)
    expected_mana = sum(o.probability * mage.view(o.state)["mana"] for o in outcomes)
    rewards, mana = [], []
    for seed in range(4000):
        following = state.copy()
        reward, _, _ = mage.step(following, action, mage.new_rng(seed), expected=True)
        rewards.append(reward)
        mana.append(mage.view(following)["mana"])
    assert abs(np.mean(rewards) - mean) < 4 * np.std(rewards) / np.sqrt(4000) + 1e-9
    assert abs(np.mean(mana) - expected_mana) < 4 * np.std(mana) / np.sqrt(4000) + 1e-9


def test_expected_fights_have_the_mean_of_sampled_fights(mage: CompiledSpec) -> None:
    difference, error = both_forms.difference(mage, sampled=3000, expected=300)
    assert abs(difference) < 4 * error


def test_a_critical_strike_that_grants_hot_streak_is_another_child(mage: CompiledSpec) -> None:
    """With half a Hot Streak up and a Fireball in flight, its landing decides between children with and without Hot Streak."""
    for seed in range(60):
        state = play(mage, seed, 10)
        view = mage.view(state)
        flying = [i for i in range(len(view["missile_spell"])) if view["at"][mage.layout.layout.slot(f"missile_{i}")] < 1 << 62]
        if view["hot_streak_counter_on"] and not view["hot_streak_on"] and any(view["missile_spell"][i] == 0 for i in flying):
            break
    else:
        raise AssertionError("no such state within 60 fights")
    outcomes = enumerate_outcomes(mage, state, action_named(mage, "fireball"))
    granted = [o for o in outcomes if mage.view(o.state)["hot_streak_on"]]
    plain = [o for o in outcomes if not mage.view(o.state)["hot_streak_on"]]
    assert granted and plain
    assert {o.signature for o in granted}.isdisjoint(o.signature for o in plain)
    assert 0.3 < sum(o.probability for o in granted) < 0.6


def test_planning_does_not_see_a_drawn_outcome(mage: CompiledSpec) -> None:
    """A missile in flight was rolled by the fight; the expected form must not know the result."""
    state = play(mage, 3, 10)
    other = state.copy()
    view = mage.view(other)
    view["missile_outcome"][:] = 2 - view["missile_outcome"]
    view["missile_damage"][:] = 1e9
    action = action_named(mage, "fireball")
    one, two = (enumerate_outcomes(mage, s, action) for s in (state, other))
    assert [(o.probability, o.signature, o.reward) for o in one] == [(o.probability, o.signature, o.reward) for o in two]


def test_a_search_does_not_see_what_the_fight_has_drawn_or_will_draw(mage: CompiledSpec) -> None:
    """Equal searches from states that differ in the hidden result of a missile, between which the fight's own stream moves on."""
    state, rng = play(mage, 3, 10), mage.new_rng(99)
    other = state.copy()
    view = mage.view(other)
    view["missile_outcome"][:] = 2 - view["missile_outcome"]
    view["missile_damage"][:] = 1e9
    search = Search(mage, RotationPrior(mage, horizon_seconds=5.0), SearchSettings(node_capacity=1024))
    found = []
    for known in (state, other):
        result = search.run(known, simulations=200, seed=7)
        found.append((result.visits.tolist(), result.values.tolist()))
        mage.step(state.copy(), mage.rotation(state), rng)
    assert found[0] == found[1]


def test_an_illegal_action_is_a_fault(mage: CompiledSpec) -> None:
    state = play(mage, 1, 3)
    illegal = int(np.flatnonzero(mage.legal(state) == 0)[0])
    with pytest.raises(PortunusError, match="illegal action"):
        mage.step(state, illegal, mage.new_rng(1))
