"""Published searches as they stand in their papers, to be measured beside this one; nothing else uses them.

- `puct`: one tree node per action and outcome, means of sampled returns, PUCT everywhere, the most visited action is played
  (Silver et al. 2018), values in the fixed unit u.
- `minmax`: the same with values scaled by the lowest and highest mean seen anywhere in the tree, and the growing constant of PUCT
  (Schrittwieser et al. 2020).
- `open_loop`: the same as `puct` with one node per sequence of actions, whatever chance did (Perez et al. 2015).

Every simulation plays on from the root with random draws of its own. Legend: N = nodes, A = actions, D = longest path, W = words of a state.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import call_evaluator, kernel
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.runtime.signature import HEADER_FINISHED, INFO_WORDS, RNG_WORDS
from portunus.search.game import gain, game_of, remaining_seconds
from portunus.search.settings import SearchSettings
from portunus.search.streams import stream_of

if TYPE_CHECKING:
    from portunus.evaluator.protocol import InKernel
    from portunus.runtime.compiled import CompiledSpec

CONTROLS = ("puct", "minmax", "open_loop")
_BASE, _INIT = 19652.0, 1.25  # of the growing constant

_EXPLORATION = 2.5  # u, where plain PUCT is at its best


class Tree(NamedTuple):
    """What a control writes.

    Attributes:
        visits: int32 [N]. priors: float64 [N, A].
        counts, totals: int32 and float64 [N, A], simulations through an action and the sum of their returns, u.
        first, following: int32 [N, A] and [N], lists of children. signatures: int64 [N], the outcome that leads to a node.
        path: int32 [D, 2], nodes and actions. rewards: float64 [D], u.
        state: int64 [W]. mask, features, heads, rng, info: as the kernels want them.
    """

    visits: np.ndarray
    priors: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    first: np.ndarray
    following: np.ndarray
    signatures: np.ndarray
    path: np.ndarray
    rewards: np.ndarray
    state: np.ndarray
    mask: np.ndarray
    features: np.ndarray
    heads: np.ndarray
    rng: np.ndarray
    info: np.ndarray


class Control:
    """One of `CONTROLS` over a compiled spec, with a kernel evaluator.

    Args:
        compiled: The spec.
        evaluator: Judges leaves.
        kind: Which.
        settings: The constant of PUCT and the longest path are taken from here.

    Raises:
        PortunusError: There is no such control.
    """

    def __init__(self, compiled: CompiledSpec, evaluator: InKernel, kind: str, settings: SearchSettings | None = None) -> None:
        if kind not in CONTROLS:
            raise PortunusError(f"there is no control {kind!r}", hint=f"There are {', '.join(CONTROLS)}.")
        self._metrics = compiled.new_metrics()
        self.game, self.kind, self.settings = game_of(compiled, self._metrics), kind, settings or SearchSettings(exploration=_EXPLORATION)
        self._inside = evaluator.in_kernel()

    def decide(self, state: np.ndarray, *, simulations: int, seed: int = 0) -> int:
        """The action to take in `state`, int64 [W], after so many simulations."""
        tree = self._tree(simulations + 2, seed)
        inside = self._inside
        return int(
            decide(
                self.game, tree, state, simulations, self.settings.exploration, self.kind == "minmax", self.kind == "open_loop",
                (inside.address, inside.integers.ctypes.data, inside.reals.ctypes.data, inside.weights.ctypes.data),
            )
        )  # fmt: skip

    def _tree(self, nodes: int, seed: int) -> Tree:
        actions, depth = self.game.actions, self.settings.max_depth
        rng = np.zeros(RNG_WORDS, np.uint64)
        rng[0] = stream_of(seed)
        return Tree(
            np.zeros(nodes, np.int32), np.zeros((nodes, actions)), np.zeros((nodes, actions), np.int32), np.zeros((nodes, actions)),
            np.full((nodes, actions), -1, np.int32), np.full(nodes, -1, np.int32), np.zeros(nodes, np.int64), np.zeros((depth, 2), np.int32),
            np.zeros(depth), np.zeros(self.game.words, np.int64), np.zeros(actions, np.uint8), np.zeros(self.game.feature_count, np.float32),
            np.zeros(actions + 1, np.float32), rng, np.zeros(INFO_WORDS),
        )  # fmt: skip


@kernel
def best_action(tree, node, exploration, scaled, low, high):
    """The legal action of a node with the highest PUCT score."""
    visits = tree.visits[node]
    total, count = 0.0, 0
    for a in range(tree.mask.shape[0]):
        total += tree.totals[node, a]
        count += tree.counts[node, a]
    mean = total / count if count > 0 else 0.0
    constant = log((visits + _BASE + 1.0) / _BASE) + _INIT if scaled else exploration
    best, best_score = -1, -1e300
    for a in range(tree.mask.shape[0]):
        if tree.mask[a] == 0:
            continue
        n = tree.counts[node, a]
        q = tree.totals[node, a] / n if n > 0 else mean
        if scaled:
            q = (q - low) / (high - low) if n > 0 and high > low else 0.0
        score = q + constant * tree.priors[node, a] * sqrt(float(visits)) / (1.0 + n)
        if score > best_score:
            best, best_score = a, score
    return best


@kernel
def child_of(tree, node, action, signature, used):
    """The node after an outcome of an action; a new one gets the number `used`."""
    child, last = tree.first[node, action], -1
    while child >= 0:
        if tree.signatures[child] == signature:
            return child
        last = child
        child = tree.following[child]
    tree.signatures[used] = signature
    if last < 0:
        tree.first[node, action] = used
    else:
        tree.following[last] = used
    return used


@kernel
def judge_leaf(game, tree, node, evaluator):
    """Judge `tree.state`, the state of a new node; return its value, u."""
    state, features, mask, heads = tree.state.ctypes.data, tree.features.ctypes.data, tree.mask.ctypes.data, tree.heads.ctypes.data
    call_legal(game.legal, state, game.tables, mask)
    call_features(game.features, state, game.tables, features)
    call_evaluator(evaluator[0], evaluator[1], evaluator[2], evaluator[3], game.tables, state, tree.rng.ctypes.data, features, mask, heads)
    total = 0.0
    for a in range(game.actions):
        tree.priors[node, a] = exp(tree.heads[a])
        total += tree.priors[node, a] if tree.mask[a] != 0 else 0.0
    tree.priors[node] /= total  # of actions legal here; in an open loop others may be legal another time
    return np.float64(tree.heads[game.actions])


@kernel
def decide(game, tree, root, simulations, exploration, scaled, open_loop, evaluator):
    """Search from `root`, int64 [W]; return the most visited action, of equals the one worth more, -1 at the end of a fight."""
    low, high, used = 1e300, -1e300, 1
    for _ in range(simulations + 1):  # the first judges the root
        tree.state[:] = root
        node, depth = np.int64(0), 0
        while tree.visits[node] > 0 and tree.state[HEADER_FINISHED] == 0 and depth < tree.rewards.shape[0]:
            call_legal(game.legal, tree.state.ctypes.data, game.tables, tree.mask.ctypes.data)
            action = best_action(tree, node, exploration, scaled, low, high)
            before = remaining_seconds(tree.state)
            signature = call_step(
                game.step, tree.state.ctypes.data, game.tables, game.metrics, tree.rng.ctypes.data, action, tree.info.ctypes.data
            )
            tree.path[depth, 0], tree.path[depth, 1] = node, action
            tree.rewards[depth] = gain(game, tree.info[0], before, remaining_seconds(tree.state))
            depth += 1
            node = np.int64(child_of(tree, node, action, 0 if open_loop else signature, used))
            used = max(used, node + 1)
        value = 0.0 if tree.state[HEADER_FINISHED] != 0 else judge_leaf(game, tree, node, evaluator)
        tree.visits[node] += 1
        for d in range(depth - 1, -1, -1):
            n, a = tree.path[d, 0], tree.path[d, 1]
            value += tree.rewards[d]
            tree.visits[n] += 1
            tree.counts[n, a] += 1
            tree.totals[n, a] += value
            mean = tree.totals[n, a] / tree.counts[n, a]
            low, high = min(low, mean), max(high, mean)
    best = -1
    for a in range(game.actions):
        n = tree.counts[0, a]
        if n > 0 and (best < 0 or n > tree.counts[0, best] or (n == tree.counts[0, best] and tree.totals[0, a] > tree.totals[0, best])):
            best = a
    return best
