"""The fitted value of the default rotation: near the exact one, and repeatable."""

import numpy as np
import pytest
from toys import STATE, Exact, Toy, place_of

from portunus.errors import PortunusError
from portunus.evaluator.rotation_value import fit_rotation_value


def wandering(toy: Toy, seed: int) -> np.ndarray:
    """A state on the way of a player who mixes the list with random actions."""
    rng, dice, state = toy.new_rng(seed), np.random.default_rng(seed), toy.opening()
    for _ in range(int(dice.integers(0, 20))):
        before = state.copy()
        toy.step(state, int(dice.choice(np.flatnonzero(toy.legal(state)))) if dice.random() < 0.2 else toy.rotation(state), rng)
        if state.view(STATE)[0]["finished"]:
            return before
    return state


def test_it_is_near_the_exact_value_of_the_list(toy, fitted):
    exact, unit = Exact(toy.seconds), toy.reference_dps * toy.gcd_seconds
    errors, values = [], []
    for seed in range(200):
        state = wandering(toy, seed)
        left = int(state[1] - state[0])
        truth = (exact.list_value(place_of(state)) - toy.reference_dps * left * 1e-9) / unit
        errors.append(fitted.value(toy.features(state), left) - truth)
        values.append(truth)
    assert np.std(errors) < 0.25 * np.std(values)
    assert abs(np.mean(errors)) < 0.1


def test_equal_seeds_give_equal_fits(toy, fitted):
    again = fit_rotation_value(toy, fights=2000, window_seconds=5.0)
    assert np.array_equal(again.weights, fitted.weights) and again.samples == fitted.samples > 10_000


def test_an_unknown_rotation_is_refused(toy):
    with pytest.raises(PortunusError, match="no rotation"):
        fit_rotation_value(toy, rotation="aoe")
