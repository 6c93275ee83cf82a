"""The fitted value of the default rotation: near the exact one, repeatable, and good enough to search with."""

import numpy as np
import pytest
from toys import STATE, Exact, Toy, place_of

from portunus.errors import PortunusError
from portunus.evaluator.prior import RotationPrior
from portunus.evaluator.rotation_value import fit_rotation_value
from portunus.search.engine import Search
from portunus.search.settings import SearchSettings


@pytest.fixture(scope="module")
def toy() -> Toy:
    return Toy()


@pytest.fixture(scope="module")
def fitted(toy):
    return fit_rotation_value(toy, fights=2000, window_seconds=5.0)


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


def test_inside_the_search_it_says_the_same(toy, fitted):
    search = Search(toy, RotationPrior(toy, after=fitted), SearchSettings(node_capacity=64))
    for seed in range(20):
        state = wandering(toy, seed)
        search.run(state, simulations=1)
        assert float(search.arena.nodes[0]["leaf"]) == pytest.approx(fitted.value(toy.features(state), int(state[1] - state[0])), abs=1e-5)


def test_searching_with_it_beats_the_list_on_the_way(toy, fitted):
    exact = Exact(toy.seconds)
    search = Search(toy, RotationPrior(toy, horizon_seconds=5.0, after=fitted), SearchSettings(node_capacity=2048))
    lost = {"search": 0.0, "list": 0.0}
    for seed in range(20):
        for who in lost:
            state, rng = toy.opening(), toy.new_rng(seed)
            for number in range(100):
                if state.view(STATE)[0]["finished"]:
                    break
                action = toy.rotation(state) if who == "list" else search.run(state, simulations=256, seed=number).action
                lost[who] += exact.regret(place_of(state), action)
                toy.step(state, action, rng)
    assert lost["search"] < 0.65 * lost["list"]


def test_an_unknown_rotation_is_refused(toy):
    with pytest.raises(PortunusError, match="no rotation"):
        fit_rotation_value(toy, rotation="aoe")
