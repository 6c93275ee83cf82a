"""The contract of the expected step that the search relies on, and the exact solution the toy is judged by."""

import numpy as np
import pytest
from toys import HEAVY, SCATTER, STRIKE, Exact, Place, Toy, place_of


def enumerate_outcomes(compiled, state, action):
    """All outcomes of an expected step by scripts: {signature: (probability, reward, state after)}."""
    found, waiting = {}, [()]
    while waiting:
        script = waiting.pop()
        after, rng = state.copy(), compiled.new_rng(1)
        rng[1] = sum(1 << i for i, bit in enumerate(script) if bit)
        rng[2] = len(script)
        reward, probability, signature = compiled.step(after, action, rng, expected=True)
        drawn = signature.bit_length() - 1
        if drawn > len(script):
            waiting += [(*script, True), (*script, False)]
        else:
            found[signature] = (probability, reward, after)
    return found


@pytest.mark.parametrize("action, outcomes", [(STRIKE, 2), (HEAVY, 2), (SCATTER, 16)])
def test_scripts_enumerate_every_outcome_once(action, outcomes):
    toy = Toy(dice=4)
    found = enumerate_outcomes(toy, toy.opening(), action)
    assert len(found) == outcomes
    assert sum(probability for probability, _, _ in found.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("action", [STRIKE, HEAVY])
def test_expected_step_is_the_mean_of_the_sampled_one(action):
    toy, rng, n = Toy(), np.random.default_rng(3), 4000
    exact = sum(p * reward for p, reward, _ in enumerate_outcomes(toy, toy.opening(), action).values())
    sampled, procs = [], 0
    stream = toy.new_rng(int(rng.integers(2**31)))
    for _ in range(n):
        state = toy.opening()
        sampled.append(toy.step(state, action, stream)[0])
        procs += place_of(state).proc
    assert abs(np.mean(sampled) - exact) < 4 * (np.std(sampled) + 1e-9) / n**0.5 + 1e-9
    chance = {STRIKE: 0.3, HEAVY: 0.5}[action]
    assert abs(procs / n - chance) < 4 * (chance * (1 - chance) / n) ** 0.5


def test_kernels_and_exact_solution_say_the_same():
    toy, exact, rng = Toy(), Exact(30), np.random.default_rng(5)
    for _ in range(30):
        state, stream = toy.opening(), toy.new_rng(int(rng.integers(2**31)))
        while place_of(state).now < 30:
            place, action = place_of(state), int(rng.choice(np.flatnonzero(toy.legal(state))))
            reward, ways = exact.outcomes(place, action)
            found = enumerate_outcomes(toy, state, action)
            assert {place_of(after): p for p, _, after in found.values()} == pytest.approx(
                {Place(min(q.now, 30), q.proc, q.power, q.cooldown): p for p, q in ways}
            ) or place.now + 3 >= 30
            assert {round(r, 9) for _, r, _ in found.values()} == {round(reward, 9)}
            toy.step(state, action, stream)
