"""The trial between the favourite and a challenger, against exact values of a small problem."""

import numpy as np
import pytest
from toys import HEAVY, POWER, STRIKE, WAIT, Exact, Toy, place_of

from portunus.evaluator.prior import RotationPrior
from portunus.search.engine import Search
from portunus.search.paired import compare, decided, standing, succeeds
from portunus.search.settings import SearchSettings

PLAYED_ON = 3600.0  # s, to the end of every fight


@pytest.fixture(scope="module")
def toy() -> Toy:
    return Toy(seconds=30)


def tried(toy: Toy, state: np.ndarray, challenger: int, *, pairs: int, seed: int = 1):
    """The trial of an action against the rotation's."""
    search = Search(toy, RotationPrior(toy, mass=0.9, horizon_seconds=PLAYED_ON), SearchSettings(node_capacity=4096))
    search.run(state, simulations=1, seed=seed)
    search._trial.totals[:] = 0.0
    actions = [int(a) for a in search.arena.edges["action"][: search.arena.nodes[0]["edges"]]]
    edges = actions.index(challenger), actions.index(toy.rotation(state))
    compare(search.game, search.arena, search.judge, search._trial, np.uint64(seed), *edges, pairs)
    return search._trial


def by_the_list(toy: Toy, state: np.ndarray, action: int) -> float:
    """Damage of an action and of the list after it, exactly."""
    exact = Exact(toy.seconds)
    damage, ways = exact.outcomes(place_of(state), action)
    return damage + sum(chance * exact.list_value(place) for chance, place in ways)


@pytest.mark.parametrize("challenger", [STRIKE, HEAVY, WAIT])
def test_the_mean_of_a_trial_is_the_exact_difference(toy, challenger):
    state = toy.opening()
    mean, error = standing(tried(toy, state, challenger, pairs=4000).totals)
    unit = toy.reference_dps * toy.gcd_seconds
    wanted = (by_the_list(toy, state, challenger) - by_the_list(toy, state, POWER)) / unit
    assert abs(mean - wanted) < 4 * error
    assert 0 < error < 0.2


def test_both_sides_meet_the_same_luck(toy):
    totals = tried(toy, toy.opening(), POWER, pairs=50).totals
    assert list(totals) == [50.0, 0.0, 0.0]


def test_few_pairs_and_small_leads_do_not_succeed(toy):
    trial = tried(toy, toy.opening(), HEAVY, pairs=200)
    for totals, success, over in (
        ([16, 16.0, 16.0], False, False),  # too few, however clear
        ([400, 400.0, 500.0], True, True),
        ([400, 8.0, 0.2], False, True),  # certain, and of no account
        ([400, 60.0, 1600.0], False, False),  # one and a half standard errors
        ([400, -400.0, 500.0], False, True),
    ):
        trial.totals[:] = totals
        assert (succeeds(trial.totals, 2.0, 0.1), decided(trial.totals, 2.0, 0.1)) == (success, over)


def test_actions_that_are_slightly_worse_seldom_pass(toy):
    """Chance makes one of them look better to the tree in most searches; fresh draws tell."""
    state, rng = toy.opening(), toy.new_rng(0)
    while place_of(state).now < 15:
        toy.step(state, toy.rotation(state), rng)
    favourite, unit = toy.rotation(state), toy.reference_dps * toy.gcd_seconds
    losses = [by_the_list(toy, state, favourite) - by_the_list(toy, state, int(a)) for a in np.flatnonzero(toy.legal(state)) if a != favourite]
    assert 0.1 < min(losses) / unit < 0.3
    search = Search(toy, RotationPrior(toy, mass=0.9, horizon_seconds=PLAYED_ON), SearchSettings(node_capacity=4096))
    named = changed = 0
    for seed in range(60):
        action = search.run(state, simulations=400, seed=seed).action
        named += search._trial.totals[0] > 0
        changed += action != favourite
    assert named > 10
    assert changed <= 2


def test_a_budget_in_simulations_counts_the_pairs(toy):
    search = Search(toy, RotationPrior(toy, mass=0.9, horizon_seconds=PLAYED_ON), SearchSettings(node_capacity=4096))
    found = [search.run(toy.opening(), simulations=400, seed=7) for _ in range(2)]
    assert found[0].action == found[1].action
    assert found[0].simulations == found[1].simulations <= 400
    assert list(found[0].visits) == list(found[1].visits)
    assert found[0].visits.sum() == 200
