"""Published searches as they stand in their papers, to be measured beside this one; nothing else uses them.

- `puct`: one tree node per action and outcome, means of sampled returns, PUCT everywhere, the most visited action is played
  (Silver et al. 2018), values in the fixed unit u.
- `minmax`: the same with values scaled by the lowest and highest mean seen anywhere in the tree, and the growing constant of PUCT
  (Schrittwieser et al. 2020).
- `open_loop`: the same as `puct` with one node per sequence of actions, whatever chance did (Perez et al. 2015).

Every simulation plays on from the root with random draws of its own. What is the same each time it is played is played once: a node keeps its
state if every way to it leads to that state, and an action its gain and what follows if it draws nothing. The results are those of
playing all of it (a test compares them).

Legend: N = nodes, A = actions, D = longest path, W = words of a state.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import borrowed, call_evaluator, kernel
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.runtime.signature import HEADER_FINISHED, INFO_WORDS, RNG_WORDS
from portunus.search.game import borrow_game, gain, game_of, remaining_seconds
from portunus.search.settings import SearchSettings
from portunus.search.streams import stream_of

if TYPE_CHECKING:
    from portunus.evaluator.protocol import InKernel
    from portunus.runtime.compiled import CompiledSpec

CONTROLS = ("puct", "minmax", "open_loop")
_BASE, _INIT = 19652.0, 1.25  # of the growing constant

EXPLORATION = 2.5  # u, where plain PUCT is at its best


class Tree(NamedTuple):
    """What a control writes.

    Attributes:
        visits: int32 [N]. priors: float64 [N, A].
        counts, totals: int32 and float64 [N, A], simulations through an action and the sum of their returns, u.
        first, following: int32 [N, A] and [N], lists of children. signatures: int64 [N], the outcome that leads to a node.
        fixed: uint8 [N], 1 = a node with one state, kept in states, int64 [N, W], and legal, uint8 [N, A].
        sure: int32 [N, A], the node after an action that draws nothing, 0 = not known to be one. gains: float64 [N, A], of such an action, u.
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
    fixed: np.ndarray
    states: np.ndarray
    legal: np.ndarray
    sure: np.ndarray
    gains: np.ndarray
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
        self.game, self.kind, self.settings = game_of(compiled, self._metrics), kind, settings or SearchSettings(exploration=EXPLORATION)
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
            np.full((nodes, actions), -1, np.int32), np.full(nodes, -1, np.int32), np.zeros(nodes, np.int64), np.zeros(nodes, np.uint8),
            np.empty((nodes, self.game.words), np.int64), np.empty((nodes, actions), np.uint8), np.zeros((nodes, actions), np.int32),
            np.empty((nodes, actions)), np.zeros((depth, 2), np.int32), np.zeros(depth), np.zeros(self.game.words, np.int64), np.zeros(actions, np.uint8), np.zeros(self.game.feature_count, np.float32),
            np.zeros(actions + 1, np.float32), rng, np.zeros(INFO_WORDS),
        )  # fmt: skip


@kernel
def borrow_tree(tree):
    """The same tree, whose arrays no reference is counted to; see `portunus.search.tree.borrow`."""
    return Tree(
        borrowed(tree.visits), borrowed(tree.priors), borrowed(tree.counts), borrowed(tree.totals), borrowed(tree.first), borrowed(tree.following),
        borrowed(tree.signatures), borrowed(tree.fixed), borrowed(tree.states), borrowed(tree.legal), borrowed(tree.sure), borrowed(tree.gains),
        borrowed(tree.path), borrowed(tree.rewards), borrowed(tree.state), borrowed(tree.mask), borrowed(tree.features), borrowed(tree.heads),
        borrowed(tree.rng), borrowed(tree.info),
    )  # fmt: skip


@kernel
def best_action(tree, node, mask, exploration, scaled, low, high):
    """The legal action of a node with the highest PUCT score; `mask` is uint8 [A], 1 = legal."""
    visits = tree.visits[node]
    total, count = 0.0, 0
    for a in range(mask.shape[0]):
        total += tree.totals[node, a]
        count += tree.counts[node, a]
    mean = total / count if count > 0 else 0.0
    constant = log((visits + _BASE + 1.0) / _BASE) + _INIT if scaled else exploration
    best, best_score = -1, -1e300
    for a in range(mask.shape[0]):
        if mask[a] == 0:
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
    game, tree, root = borrow_game(game), borrow_tree(tree), borrowed(root)
    low, high, used = 1e300, -1e300, 1
    tree.states[0], tree.fixed[0] = root, 1
    call_legal(game.legal, root.ctypes.data, game.tables, tree.legal.ctypes.data)
    for _ in range(simulations + 1):  # the first judges the root
        node, depth, here = np.int64(0), 0, False  # here: `tree.state` is the state of `node`
        while tree.visits[node] > 0 and depth < tree.rewards.shape[0]:
            known = tree.fixed[node] != 0
            if (tree.states[node, HEADER_FINISHED] if known else tree.state[HEADER_FINISHED]) != 0:
                break
            if not known:
                call_legal(game.legal, tree.state.ctypes.data, game.tables, tree.mask.ctypes.data)
            action = best_action(tree, node, tree.legal[node] if known else tree.mask, exploration, scaled, low, high)
            tree.path[depth, 0], tree.path[depth, 1] = node, action
            if tree.sure[node, action] != 0:
                tree.rewards[depth] = tree.gains[node, action]
                node, here = np.int64(tree.sure[node, action]), False
                depth += 1
                continue
            if known and not here:
                tree.state[:] = tree.states[node]
            before, stream = remaining_seconds(tree.state), tree.rng[0]
            signature = call_step(
                game.step, tree.state.ctypes.data, game.tables, game.metrics, tree.rng.ctypes.data, action, tree.info.ctypes.data
            )
            here = True
            tree.rewards[depth] = gain(game, tree.info[0], before, remaining_seconds(tree.state))
            child = np.int64(child_of(tree, node, action, 0 if open_loop else signature, used))
            certain = tree.rng[0] == stream
            if child == used:
                used += 1
                if known and (certain or not open_loop):
                    tree.fixed[child], tree.states[child] = 1, tree.state
                    call_legal(game.legal, tree.state.ctypes.data, game.tables, tree.legal.ctypes.data + child * game.actions)
            if known and certain:
                tree.sure[node, action], tree.gains[node, action] = child, tree.rewards[depth]
            depth += 1
            node = child
        if tree.fixed[node] != 0 and not here:
            tree.state[:] = tree.states[node]
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
