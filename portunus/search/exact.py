"""The exact solution of a small spec, by dynamic programming over every state that legal play can reach.

All outcomes of every step are enumerated through the spec's own kernels (scripted chance draws, see `portunus.runtime.signature`).
States that differ only in what can no longer matter (damage done, numbers of past events, the end of an aura that is down) are one
state. What comes out judges a search: how much each action gives away (Bellman 1957).

Legend: S = states, W = words of a state, A = actions, T = transitions, K = slots of the hash table (a power of two).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import carray

from portunus.errors import PortunusError
from portunus.evaluator.kernels import KernelEvaluator, compiled, kernel
from portunus.runtime.calls import call_legal, call_rotation, call_step
from portunus.runtime.signature import HEADER_FAULT, HEADER_FINISHED, HEADER_NOW, INFO_WORDS, RNG_WORDS
from portunus.search.game import Game, game_of
from portunus.search.key import Key, hash_state, hash_ties

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

MAX_STATES = 400_000
_BRANCHES = 4  # room for this many outcomes of an action, on average
_HEAD = 11  # integers before the key
_WAYS = 4096  # outcomes of one step that can wait to be looked at
_PRIOR = 5.0  # how much likelier the list's action is than another one

@kernel
def find(key, table, hashes, state):
    """The number of a state, int64 [W], or -1 - the free place of `table`, int64 [K]; then its hash. `hashes` is uint64 [S]."""
    mine = hash_state(key, state) ^ hash_ties(key, state)
    last = np.uint64(table.shape[0] - 1)
    place = mine & last
    while True:
        index = table[place]
        if index < 0:
            return -1 - np.int64(place), mine
        if hashes[index] == mine:
            return index, mine
        place = (place + np.uint64(1)) & last


@kernel
def locate(key, table, hashes, state):
    """The number of a state, int64 [W], or a negative number if it is not in the table."""
    return find(key, table, hashes, state)[0]


class Graph(NamedTuple):
    """Every reachable state and every way between them.

    Attributes:
        table: int64 [K], hash table of states, -1 = free.
        hashes: uint64 [S].
        states: int64 [S, W].
        listed: int32 [S], the action of the priority list.
        first: int64 [S * A + 1], where the transitions of an action begin; none for an illegal one.
        rewards: float64 [S * A], expected damage.
        chances: float64 [T], probability of each transition. following: int32 [T], where it leads.
    """

    table: np.ndarray
    hashes: np.ndarray
    states: np.ndarray
    listed: np.ndarray
    first: np.ndarray
    rewards: np.ndarray
    chances: np.ndarray
    following: np.ndarray


@kernel
def add_state(key, graph, state, used):
    """The number of `state`, int64 [W], which is added as number `used` if it is new; -1 when there is no room."""
    index, mine = find(key, graph.table, graph.hashes, state)
    if index >= 0:
        return index
    if used >= graph.states.shape[0]:
        return np.int64(-1)
    graph.table[-1 - index] = used
    graph.hashes[used] = mine
    graph.states[used] = state
    return np.int64(used)


@kernel
def explore(game, rotation, graph, ways, scratch, mask, rng, info):
    """Fill `graph` from the state already in it as number 0; return the number of states, or minus a reason to give up.

    Reasons: -1 too many states or transitions, -2 too many outcomes of one step, -3 a fault of the kernels.
    """
    used, transitions, index = 1, 0, 0
    actions = game.actions
    while index < used:
        source = graph.states[index]
        address = graph.states.ctypes.data + index * game.words * 8
        over = source[HEADER_FINISHED] != 0
        graph.listed[index] = -1 if over else call_rotation(rotation, address, game.tables)
        if not over:
            call_legal(game.legal, address, game.tables, mask.ctypes.data)
        for a in range(actions):
            graph.first[index * actions + a] = transitions
            graph.rewards[index * actions + a] = 0.0
            if over or mask[a] == 0:
                continue
            ways[0, 0], ways[0, 1] = 0, 0
            waiting = 1
            while waiting > 0:
                waiting -= 1
                bits, length = ways[waiting, 0], ways[waiting, 1]
                scratch[:] = source
                rng[1], rng[2] = np.uint64(bits), np.uint64(length)
                signature = call_step(game.step, scratch.ctypes.data, game.tables, game.metrics, rng.ctypes.data, a, info.ctypes.data)
                if scratch[HEADER_FAULT] != 0:
                    return -3
                drawn = np.int64(info[2])
                if drawn > 60 or waiting + drawn - length >= ways.shape[0]:
                    return -2
                for i in range(length, drawn):  # the same draws up to here, then the other way
                    other = np.int64(1) - ((signature >> (drawn - 1 - i)) & 1)
                    ways[waiting, 0], ways[waiting, 1] = bits | (other << i), i + 1
                    bits |= (np.int64(1) - other) << i
                    waiting += 1
                following = add_state(game.key, graph, scratch, used)
                if following < 0 or transitions >= graph.chances.shape[0]:
                    return -1
                used = max(used, following + 1)
                graph.rewards[index * actions + a] += info[1] * info[0]
                graph.chances[transitions], graph.following[transitions] = info[1], following
                transitions += 1
        index += 1
    graph.first[used * actions] = transitions
    return used


@kernel
def sweep(graph, actions, turn, best, listed, q):
    """One pass of value iteration over the states in `turn`; return the largest change of a value, damage.

    Args:
        graph: The graph.
        actions: A.
        turn: int64 [S], latest states first, so that one pass and one more to see that nothing moves are the rule.
        best, listed: float64 [S], value under best play and under the list, updated.
        q: float64 [S * A], value of each action followed by best play, written; -1 for an illegal action.
    """
    change = 0.0
    for k in range(turn.shape[0]):
        s = turn[k]
        top, own = -1.0, 0.0
        for a in range(actions):
            e = s * actions + a
            begin, end = graph.first[e], graph.first[e + 1]
            q[e] = -1.0
            if begin == end:
                continue
            value, under_list = graph.rewards[e], graph.rewards[e]
            for t in range(begin, end):
                value += graph.chances[t] * best[graph.following[t]]
                under_list += graph.chances[t] * listed[graph.following[t]]
            q[e] = value
            top = max(top, value)
            if a == graph.listed[s]:
                own = under_list
        top = max(top, 0.0)
        change = max(change, abs(top - best[s]), abs(own - listed[s]))
        best[s], listed[s] = top, own
    return change


@dataclass(frozen=True)
class Exact:
    """A solved spec. Damage throughout, counted from the state on.

    Attributes:
        compiled: The spec. game: the search's view of it.
        graph: Every reachable state and transition.
        best: float64 [S], expected damage of best play. listed: float64 [S], of the default rotation.
        q: float64 [S, A], of an action followed by best play; -1 for an illegal one.
        opening: int64 [W], the state all fights begin with.
    """

    compiled: CompiledSpec
    game: Game
    graph: Graph
    best: np.ndarray
    listed: np.ndarray
    q: np.ndarray
    opening: np.ndarray

    @property
    def states(self) -> int:
        """Number of reachable states."""
        return len(self.best)

    @property
    def gap(self) -> float:
        """What the default rotation gives away in a fight, damage."""
        return float(self.best[0] - self.listed[0])

    def index(self, state: np.ndarray) -> int:
        """Number of a state, int64 [W].

        Raises:
            PortunusError: Legal play from the opening does not lead there.
        """
        found = int(locate(self.game.key, self.graph.table, self.graph.hashes, state))
        if found < 0:
            raise PortunusError(f"{self.compiled.name}: legal play does not lead to this state", hint="Play in the expected form, from `opening`.")
        return found

    def regret(self, state: np.ndarray, action: int) -> float:
        """Damage lost by taking `action` in `state` and playing best from then on, instead of best play at once."""
        index = self.index(state)
        return float(self.best[index] - self.q[index, action])


def solve(compiled: CompiledSpec, *, rotation: str = "default", max_states: int = MAX_STATES) -> Exact:
    """Solve a spec exactly.

    Args:
        compiled: A spec in an encounter whose fights all begin alike and are short enough.
        rotation: The list whose value is computed beside the optimum.
        max_states: Most states to look at.

    Raises:
        PortunusError: There are more states or outcomes than can be looked at, or the kernels report a fault.
    """
    metrics = compiled.new_metrics()
    game = game_of(compiled, metrics)
    actions, words = game.actions, game.words
    opening, rng = compiled.new_state(), np.zeros(RNG_WORDS, np.uint64)
    compiled.reset(opening, rng)
    size = 1 << (2 * max_states - 1).bit_length()
    graph = Graph(
        np.full(size, -1, np.int64), np.zeros(max_states, np.uint64), np.empty((max_states, words), np.int64), np.empty(max_states, np.int32),
        np.zeros(max_states * actions + 1, np.int64), np.empty(max_states * actions), np.empty(max_states * actions * _BRANCHES),
        np.empty(max_states * actions * _BRANCHES, np.int32),
    )  # fmt: skip
    add_state(game.key, graph, opening, 0)
    used = explore(
        game, compiled.kernels.rotations[rotation], graph, np.zeros((_WAYS, 2), np.int64), np.zeros(words, np.int64),
        np.zeros(actions, np.uint8), rng, np.zeros(INFO_WORDS),
    )  # fmt: skip
    if used < 0:
        reason = {-1: f"has more than {max_states:,} states", -2: "has too many outcomes in one step", -3: "reports a fault of its kernels"}[int(used)]
        raise PortunusError(f"{compiled.name} cannot be solved exactly: it {reason}", hint="Solve a smaller spec, or a shorter encounter.")
    ways = int(graph.first[used * actions])
    graph = Graph(
        graph.table, graph.hashes[:used], graph.states[:used], graph.listed[:used], graph.first[: used * actions + 1], graph.rewards[: used * actions],
        graph.chances[:ways], graph.following[:ways],
    )  # fmt: skip
    best, listed, q = np.zeros(used), np.zeros(used), np.zeros(used * actions)
    turn = np.argsort(-graph.states[:, HEADER_NOW], kind="stable")
    while sweep(graph, actions, turn, best, listed, q) > 0.0:
        pass
    return Exact(compiled, game, graph, best, listed, q.reshape(used, actions), opening)


class ListJudge:
    """Judges a state by what the default rotation achieves from it, exactly, plus a fixed error per state; its action gets the highest prior.

    It knows nothing of best play, so nothing of the optimum leaks into a search that asks it.

    Args:
        exact: A solved spec.
        noise: Standard deviation of the error, u.
        seed: Of the errors.
    """

    def __init__(self, exact: Exact, *, noise: float, seed: int = 7) -> None:
        self.exact = exact
        game, graph = exact.game, exact.graph
        states = graph.states
        left = np.where(states[:, HEADER_FINISHED] == 0, states[:, 1] - states[:, HEADER_NOW], 0) * 1e-9
        value = (exact.listed - game.reference_dps * left) / game.unit
        value += np.where(left > 0, np.random.default_rng(seed).normal(0.0, noise, len(value)), 0.0)
        self._reals = np.stack([value, graph.listed.astype(np.float64)], axis=1).ravel()
        key, words = exact.game.key, len(exact.game.key.words)
        head = [exact.game.words, exact.game.actions, words, key.plain, key.guarded, key.at, key.order, key.slots, len(graph.table), exact.states, len(key.plan)]
        parts = (key.words, key.factors, key.guards, key.least, graph.table, graph.hashes, key.plan)
        self._integers = np.concatenate([np.array(head), *[part.view(np.int64) for part in parts]])

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        return KernelEvaluator(compiled(_judge).address, self._integers, self._reals, actions=self.exact.game.actions)


def _judge(integers, reals, weights, tables, state, rng, features, mask, heads):
    head = carray(integers, _HEAD)
    actions, k, size, states = head[1], head[2], head[8], head[9]
    block = carray(integers, _HEAD + 4 * k + size + states + head[10])[_HEAD:]
    words, factors, guards = block[:k].view(np.uint64), block[k : 2 * k].view(np.uint64), block[2 * k : 3 * k].view(np.uint64)
    key = Key(words, factors, guards, block[3 * k : 4 * k], head[3], head[4], head[5], head[6], head[7], block[4 * k + size + states :])
    index = locate(key, block[4 * k : 4 * k + size], block[4 * k + size : 4 * k + size + states].view(np.uint64), carray(state, head[0]))
    out = carray(heads, actions + 1)
    known = carray(reals, 2 * states)
    for a in range(actions):
        out[a] = 0.0
    out[np.int64(known[2 * index + 1])] = np.float32(log(_PRIOR))
    out[actions] = np.float32(known[2 * index])
    return 0
