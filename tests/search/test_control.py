"""Taking the luck out of a fight's damage: the mean stays, whoever plays and however bad the value; a good value leaves little variance."""

from dataclasses import replace

import numpy as np
import pytest

from portunus.evaluator.control import ControlledDamage
from portunus.search.fights import by_rotation, play_fight


def measured(toy, value, player, fights: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Damage of fights as it fell and with the luck taken out."""
    control = ControlledDamage(toy, value, samples=100)
    sampled, controlled = [], []
    for seed in range(fights):
        sampled.append(play_fight(toy, player(seed), seed=seed, watch=control.show).damage)
        controlled.append(control.damage)
    return np.array(sampled), np.array(controlled)


def at_random(toy, seed):
    """A player who takes any legal action."""
    dice = np.random.default_rng(seed)
    return lambda state, number: (int(dice.choice(np.flatnonzero(toy.legal(state)))), 0)


@pytest.mark.parametrize("who", ["list", "random"])
@pytest.mark.parametrize("quality", ["good", "bad"])
def test_the_mean_stays(toy, fitted, who, quality):
    value = fitted if quality == "good" else replace(fitted, weights=fitted.weights[::-1] * 0.5)
    sampled, controlled = measured(toy, value, (lambda seed: by_rotation(toy)) if who == "list" else lambda seed: at_random(toy, seed))
    difference = sampled - controlled
    assert abs(difference.mean()) < 3.5 * difference.std(ddof=1) / len(difference) ** 0.5


def test_most_of_the_variance_goes(toy, fitted):
    sampled, controlled = measured(toy, fitted, lambda seed: by_rotation(toy))
    assert controlled.std() < 0.5 * sampled.std()
