"""The outcome table of every shipped spec: probabilities sum to one, and what is drawn comes as often, and is worth as much, as the table says.

The fast test asks the plain Python twin, which equals the kernels bit for bit. `pytest -m slow tests/kernel/test_outcome_tables.py` compiles
every spec (some minutes) and compares whole fights of the sampled and the expected form.
"""

from __future__ import annotations

from copy import deepcopy

import both_forms
import numpy as np
import pytest

from portunus.cli.client import twin_spec
from portunus.codegen.python import Twin
from portunus.compiler import compile_spec
from portunus.resources import find_spec

SPECS = sorted(path.stem for path in find_spec("wotlk/mage_fire.spec").parent.glob("*_*.spec"))
SAMPLES = 200
LIMIT = 200  # outcomes of one step that are enumerated
ERRORS = 5.0  # standard errors that pass as chance: some thousand comparisons are made


class Expected:
    """The expected form of a spec, one step at a time."""

    def __init__(self, name: str) -> None:
        self.spec = twin_spec(find_spec(f"wotlk/{name}.spec"))
        self.twin = Twin(self.spec.program, "expected")
        self.call = self.twin.functions

    def state_after(self, decisions: int, seed: int):
        """A state so many decisions of the default rotation into a fight, with its tables and metrics."""
        s, t, m = self.twin.blocks(dict(self.spec.table_values))
        r = [seed, 0, 0, 0]
        self.call["begin"](s, t, m, r)
        for _ in range(decisions):
            self.call["step"](s, t, m, r, self.twin.rotations["default"](s, t))
        assert s.finished == 0 and s.fault == 0
        return s, t, m

    def step(self, block, action: int, r: list[int]) -> tuple[float, float, int]:
        """Reward, probability and signature of one step from a copy of the state."""
        s, t, m = deepcopy(block[0]), block[1], block[2]
        before = s.damage
        self.call["step"](s, t, m, r, action)
        assert s.fault == 0
        return s.damage - before, m.probability, m.signature

    def legal(self, block) -> list[int]:
        """The legal actions of a state."""
        mask = [0] * len(self.spec.actions)
        self.call["legal"](block[0], block[1], mask)
        return [a for a, allowed in enumerate(mask) if allowed]

    def outcomes(self, block, action: int) -> dict[int, tuple[float, float]] | None:
        """Probability and reward by signature, by scripts; None if there are more than `LIMIT`."""
        found: dict[int, tuple[float, float]] = {}
        waiting: list[list[int]] = [[]]
        while waiting:
            script = waiting.pop()
            reward, probability, signature = self.step(block, action, [1, sum(bit << i for i, bit in enumerate(script)), len(script), 0])
            drawn = [int(bit) for bit in bin(signature)[3:]]
            assert signature not in found and drawn[: len(script)] == script
            found[signature] = (probability, reward)
            waiting += [[*drawn[:i], 1 - drawn[i]] for i in range(len(script), len(drawn))]
            if len(found) > LIMIT or len(drawn) > 60:
                return None
        return found


def check_table(form: Expected, block, action: int, seed: int) -> bool:
    """Compare the table of an action with draws from it; False if it is too long to be enumerated."""
    table = form.outcomes(block, action)
    if table is None:
        return False
    chances = np.array([p for p, _ in table.values()])
    assert chances.min() > 0 and chances.sum() == pytest.approx(1.0, abs=1e-9)
    mean = sum(p * reward for p, reward in table.values())
    r, seen, rewards = [seed, 0, 0, 0], dict.fromkeys(table, 0), []
    for _ in range(SAMPLES):
        reward, probability, signature = form.step(block, action, r)
        assert table[signature][0] == probability
        seen[signature] += 1
        rewards.append(reward)
    for signature, (chance, _) in table.items():
        expected = SAMPLES * chance
        assert abs(seen[signature] - expected) <= ERRORS * max(1.0, expected * (1 - chance)) ** 0.5 + 1, (signature, chance)
    # The own choices of companions are no outcomes: where they play a part the rewards of the table are drawn as well.
    share = 1 / SAMPLES + (0.0 if all(reward in {of for _, of in table.values()} for reward in rewards) else sum(chances**2))
    spread = max(np.std(rewards), sum(p * (reward - mean) ** 2 for p, reward in table.values()) ** 0.5)
    assert abs(np.mean(rewards) - mean) <= ERRORS * spread * share**0.5 + 1e-9 * max(1.0, abs(mean))
    return True


@pytest.mark.parametrize("name", SPECS)
def test_table_matches_what_is_drawn(name):
    form, compared = Expected(name), 0
    for decisions, seed in ((12, 1), (45, 2)):
        block = form.state_after(decisions, seed)
        listed = form.twin.rotations["default"](block[0], block[1])
        others = [a for a in form.legal(block) if a != listed]
        for action in [listed, *others[:: max(1, len(others) // 2)][:2]]:
            compared += check_table(form, block, action, seed)
    assert compared >= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_fights_of_both_forms_are_worth_the_same(name):
    """What the fight draws and what a search expects agree on average: the mean damage of whole fights of the default rotation."""
    spec = compile_spec(find_spec(f"wotlk/{name}.spec"))
    difference, error = both_forms.difference(spec, sampled=4000, expected=1200)
    assert abs(difference) < 4.5 * error
