"""The published searches that serve as controls, against a plain twin that plays every simulation from the root."""

from math import exp, log, sqrt

import numpy as np
import pytest
from numba import njit
from toys import BLAST, POWER, STRIKE, ListValue, Toy, place_of

from portunus.search.controls import CONTROLS, EXPLORATION, Control
from portunus.search.game import remaining_seconds
from portunus.search.settings import SearchSettings
from portunus.search.streams import stream_of


@njit
def _exp(x):
    return exp(x)


FIVE = float(_exp(np.float32(log(5.0))))  # as kernels round it: scores of actions are often equal to the last digit but one


class Twin:
    """A control as its paper says it, in plain Python."""

    def __init__(self, toy: Toy, judge: ListValue, kind: str) -> None:
        self.toy, self.judge, self.kind = toy, judge, kind

    def decide(self, state: np.ndarray, *, simulations: int, seed: int) -> int:
        toy, u = self.toy, self.toy.reference_dps * self.toy.gcd_seconds
        rng, low, high = np.zeros(4, np.uint64), 1e300, -1e300
        rng[0] = stream_of(seed)
        nodes: dict[tuple, dict] = {}
        for _ in range(simulations + 1):
            here, name, path = state.copy(), (), []
            while name in nodes and here[2] == 0 and len(path) < SearchSettings().max_depth:
                action = self._best(nodes[name], toy.legal(here), low, high)
                before = remaining_seconds(here)
                damage, _, signature = toy.step(here, action, rng, expected=True)
                path.append((name, action, (damage - toy.reference_dps * (before - remaining_seconds(here))) / u))
                name += ((action, 0 if self.kind == "open_loop" else signature),)
            value = 0.0
            node = nodes.setdefault(name, {"visits": 0, "counts": [0] * 6, "totals": [0.0] * 6, "priors": [0.0] * 6})
            if here[2] == 0:
                place, mask = place_of(here), toy.legal(here)
                value = float(self.judge.table[place.now, place.proc, place.power, place.cooldown])
                favourite = POWER if place.cooldown == 0 else BLAST if place.proc else STRIKE
                weights = [FIVE if a == favourite else 1.0 for a in range(6)]
                node["priors"] = [w / sum(w for w, legal in zip(weights, mask, strict=True) if legal) for w in weights]
            node["visits"] += 1
            for parent, action, reward in reversed(path):
                value += reward
                above = nodes[parent]
                above["visits"] += 1
                above["counts"][action] += 1
                above["totals"][action] += value
                mean = above["totals"][action] / above["counts"][action]
                low, high = min(low, mean), max(high, mean)
        root = nodes[()]
        return max((n, total, -a) for a, (n, total) in enumerate(zip(root["counts"], root["totals"], strict=True)) if n)[2] * -1

    def _best(self, node: dict, mask: np.ndarray, low: float, high: float) -> int:
        visits, scaled = node["visits"], self.kind == "minmax"
        mean = sum(node["totals"]) / max(sum(node["counts"]), 1)
        constant = log((visits + 19652.0 + 1.0) / 19652.0) + 1.25 if scaled else EXPLORATION
        scores = []
        for a in np.flatnonzero(mask):
            n = node["counts"][a]
            q = node["totals"][a] / n if n else mean
            if scaled:
                q = (q - low) / (high - low) if n and high > low else 0.0
            scores.append((q + constant * node["priors"][a] * sqrt(visits) / (1.0 + n), -int(a)))
        return -max(scores)[1]


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_control_decides_as_its_plain_twin(toy, kind):
    judge = ListValue(toy)
    control, twin = Control(toy, judge, kind), Twin(toy, judge, kind)
    state, rng, chosen = toy.opening(), toy.new_rng(3), set()
    while state[2] == 0:
        number = int(state[0] // 10**9)
        action = control.decide(state, simulations=200, seed=number)
        assert action == twin.decide(state, simulations=200, seed=number)
        chosen.add(action)
        toy.step(state, action, rng)
    assert len(chosen) > 2
