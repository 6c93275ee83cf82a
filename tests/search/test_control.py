"""Taking the luck out of a fight's damage: the mean stays, whoever plays and however bad the value; a good value leaves little variance."""

from dataclasses import replace

import numpy as np
import pytest

from portunus.compiler import compile_spec
from portunus.evaluator.control import ControlledDamage
from portunus.evaluator.rotation_value import RotationValue
from portunus.runtime.signature import HEADER_DURATION, HEADER_NOW
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


def test_a_decision_at_the_last_instant_is_worth_nothing_whatever_the_value_says():
    """A value that is the same everywhere must cancel, also where a fight still asks for an action when no time is left."""
    spec, last = compile_spec("specs/examples/proc_chain.spec"), 0

    def play(constant: float) -> float:
        nothing = np.zeros(0)
        value = RotationValue(10**9, nothing.astype(np.int64), nothing, nothing, np.full((1, 1), constant), 0.0, 0)
        control = ControlledDamage(spec, value, samples=3)

        def watch(state, action, number):
            nonlocal last
            last += state[HEADER_NOW] >= state[HEADER_DURATION]
            control.show(state, action, number)

        play_fight(spec, at_random(spec, 1), seed=1, watch=watch)
        return control.damage

    assert play(7.0) == pytest.approx(play(0.0))
    assert last > 0
