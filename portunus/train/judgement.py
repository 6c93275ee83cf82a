"""How wrong a network's values are about what two actions differ by, once a search has averaged over many states.

At decisions of fights that the network plays, a search names the action it would put forward against the network's favourite, and says by how
much it is better. Then both are taken, with the same random numbers, and the network plays on; after `GCDS` global cooldowns its value stands for
the rest. One half of these pairs does not share its luck with the other, so the product of what the search believed less each half's mean is on
average the square of its error, and the product of both means the square of the true difference (independent replicates: Law, Simulation
Modeling and Analysis, chapter 9).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.hashed import mix
from portunus.evaluator.kernels import call_evaluator, kernel
from portunus.evaluator.mlp import Mlp
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.runtime.signature import HEADER_FAULT, HEADER_FINISHED, INFO_WORDS, RNG_WORDS
from portunus.search.engine import Search
from portunus.search.game import gain, remaining_seconds
from portunus.search.paired import name_challenger
from portunus.search.settings import SearchSettings
from portunus.search.streams import TRIAL, stream_of
from portunus.train.play import MAX_DECISIONS, best_legal

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec

STATES = 1000
PAIRS = 64  # at each
SIMULATIONS = 256  # of each search
GCDS = 27.0  # both go on for so long
SPACING = 7  # decisions between two states that are looked at
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Judgement:
    """What was measured; standard deviations in u.

    Attributes:
        error: Of what the search believed of the difference, about what it is.
        error_margin: Half a 95 % interval of `error`.
        spread: Of the true differences, about 0.
        states: Decisions looked at.
        pairs: Played at each.
        simulations: Of each search.
    """

    error: float
    error_margin: float
    spread: float
    states: int
    pairs: int
    simulations: int

    def to_json(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


@kernel
def _play_on(game, judge, state, play, action, key, horizon, rng, info, mask, seen, heads):
    """Take `action` in `state`, int64 [W], then what the network likes best for `horizon` seconds; returns what that achieves, u."""
    play[:] = state
    start, result = remaining_seconds(state), 0.0
    for number in range(MAX_DECISIONS):
        rng[:] = 0
        rng[0] = mix(key + np.uint64(number) * _GOLDEN)
        before = remaining_seconds(play)
        call_step(game.step, play.ctypes.data, game.tables, game.metrics, rng.ctypes.data, action, info.ctypes.data)
        left = remaining_seconds(play)
        result += gain(game, info[0], before, left)
        if play[HEADER_FINISHED] != 0 or play[HEADER_FAULT] != 0:
            break
        call_legal(game.legal, play.ctypes.data, game.tables, mask.ctypes.data)
        call_features(game.features, play.ctypes.data, game.tables, seen.ctypes.data)
        call_evaluator(
            judge.address, judge.integers, judge.reals, judge.weights, game.tables, play.ctypes.data, rng.ctypes.data, seen.ctypes.data,
            mask.ctypes.data, heads.ctypes.data,
        )  # fmt: skip
        if start - left >= horizon:
            return result + heads[game.actions]
        action = best_legal(mask, heads)
    return result


@kernel
def _pairs(game, judge, state, challenger, favourite, stream, horizon, means, pairs):
    """Mean of challenger - favourite over `pairs` pairs each into `means`, float64 [2]; returns the fault bits of the last state."""
    play, rng, info = np.zeros(game.words, np.int64), np.zeros(RNG_WORDS, np.uint64), np.zeros(INFO_WORDS)
    mask, seen, heads = np.zeros(game.actions, np.uint8), np.zeros(game.feature_count, np.float32), np.zeros(game.actions + 1, np.float32)
    means[:] = 0.0
    for k in range(2 * pairs):
        key = mix(stream + np.uint64(k) * _GOLDEN)
        mine = _play_on(game, judge, state, play, challenger, key, horizon, rng, info, mask, seen, heads)
        other = _play_on(game, judge, state, play, favourite, key, horizon, rng, info, mask, seen, heads)
        means[k % 2] += (mine - other) / pairs
    return play[HEADER_FAULT]


def measure_judgement(compiled: CompiledSpec, weights: NetworkWeights, *, seed: int, states: int = STATES, pairs: int = PAIRS) -> Judgement:
    """Measure a network.

    Args:
        compiled: The spec it is for.
        weights: The network.
        seed: Of the first fight.
        states: Decisions to look at.
        pairs: Played at each, half of them for each of two means.

    Raises:
        PortunusError: The kernels report a fault, or the search never has anything to put forward.
    """
    search = Search(compiled, Mlp(weights), SearchSettings(node_capacity=SIMULATIONS + 1))
    actions, horizon = search.game.actions, GCDS * float(compiled.gcd_seconds)
    believed: list[float] = []
    found: list[np.ndarray] = []
    fight, fruitless = seed, 0
    while len(found) < states:
        state, rng, number = compiled.new_state(), compiled.new_rng(fight), 0
        compiled.reset(state, rng)
        before = len(found)
        while state[HEADER_FINISHED] == 0 and len(found) < states:
            looked_at = number % SPACING == fight % SPACING
            result = search.run(state, simulations=SIMULATIONS if looked_at else 1, seed=(fight << 20) + number)
            challenger, favourite = name_challenger(search.arena, search.rules, 0)
            liked = int(result.actions[favourite])
            if looked_at and challenger >= 0 and actions > 1:
                means, stream = np.zeros(2), stream_of((fight << 20) + number, TRIAL)
                if _pairs(search.game, search.judge, state, int(result.actions[challenger]), liked, stream, horizon, means, pairs // 2):
                    raise PortunusError(f"{compiled.name}: the simulator reports a fault", exit_code=1)
                believed.append(float(result.values[challenger] - result.values[favourite]))
                found.append(means)
            compiled.step(state, liked, rng)
            number += 1
        fight += 1
        fruitless = fruitless + 1 if len(found) == before else 0
        if fruitless == 100:
            raise PortunusError(f"{compiled.name}: in 100 fights the search never doubts what the network likes best", exit_code=1)
    x, (first, second) = np.array(believed), np.array(found).T
    squares = (x - first) * (x - second)
    square, margin = float(squares.mean()), 1.96 * float(squares.std(ddof=1)) / len(x) ** 0.5
    error = max(square, 0.0) ** 0.5
    return Judgement(error, max(square + margin, 0.0) ** 0.5 - error, max(float((first * second).mean()), 0.0) ** 0.5, len(x), pairs, SIMULATIONS)
