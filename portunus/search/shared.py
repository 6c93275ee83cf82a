"""One decision shared by several trees: who simulates what, and what all of them together say about the root.

The candidates of the root are dealt out like cards, and each tree plays sequential halving (`portunus.search.root`) among those in its hand, until one
is left, which it then looks at to the end. So two trees do nothing twice, and each candidate gets about as many simulations in one tree as it would get in a
single tree with all of them; and trees need to hear of one another only in the end, when the winners are compared. Where there are more trees than hands
of two candidates, several take the same hand with random numbers of their own, and what they find is averaged. Where values are drawn, half of the
budget goes to a trial as in a single search (`portunus.search.paired`): every tree plays pairs of its own, and all pairs together decide. A
number of simulations and of trees gives one answer, whoever runs the trees and in whatever order.

Legend: A = actions, k = legal actions of the root, T = trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np

from portunus.search.engine import Search, SearchResult
from portunus.search.paired import PAIRS, compare, decided, name_challenger, succeeds
from portunus.search.root import choose_action_edge, consider, improved_policy, keep_best, phases_of, settle, settled
from portunus.search.streams import stream_of
from portunus.search.tree import DEPTH, EVALUATIONS, FAULT, ROOT, SIMULATIONS, new_arena


class RootStatistics(NamedTuple):
    """What one tree knows of its root.

    Attributes:
        actions: int64 [k], the actions it may choose from.
        priors: float64 [k].
        visits: int64 [k].
        values: float64 [k], u.
        sums: float64 [2, k], of the results of the simulations through each action, u, and of their squares.
        leaf: What the evaluator said of the root, u.
        trial: float64 [3], see `portunus.search.paired.Trial.totals`.
        simulations: Done, rollouts of the trial included.
        evaluations: States judged.
        depth: Deepest decision reached.
        hand: Edges this tree has still in the running, best first.
    """

    actions: np.ndarray
    priors: np.ndarray
    visits: np.ndarray
    values: np.ndarray
    sums: np.ndarray
    leaf: float
    trial: np.ndarray
    simulations: int
    evaluations: int
    depth: int
    hand: tuple[int, ...]


class Stretch(NamedTuple):
    """A piece of a tree's work: the best `keep` of its hand in turn, for so many simulations or seconds."""

    keep: int
    load: float


class Part(Search):
    """A search that can also be one tree of several: opened at a state, then told piece by piece what to simulate."""

    def open(self, state: np.ndarray, *, seed: int, number: int, allowed: np.ndarray | None, simulations: int | None) -> RootStatistics:
        """Start from a state.

        Args:
            state: int64 [W], a decision point.
            seed: Of the decision.
            number: Of this tree among the others; each has a stream of random numbers of its own.
            allowed: See `Search.run`.
            simulations: Most that this tree will be asked for; None = until its memory is full.

        Raises:
            PortunusError: The state does not fit, or no legal action is allowed.
        """
        self._start(state, seed=seed, number=number)
        if simulations is not None and simulations >= len(self.arena.nodes):
            self._make_room(simulations + 1)
            self._start(state, seed=seed, number=number)
        self._begin(np.ascontiguousarray(state), allowed)
        self._hand = np.zeros(0, np.int64)
        self._check_fault()
        return self.root()

    def work(self, hand: Sequence[int], stretches: Sequence[Stretch], *, timed: bool) -> RootStatistics:
        """Simulate edges of the root, fewer from stretch to stretch; ends early when the memory is full.

        Args:
            hand: The edges.
            stretches: Of numbers of simulations; or
            timed: of seconds, in which each edge is taken at least once.
        """
        self._hand = hand = np.array(hand, np.int64)
        for keep, load in stretches:
            if keep < len(hand):
                keep_best(self.arena, self.rules, hand, len(hand), keep)
                self._hand = hand = hand[:keep]
            if timed:
                complete = self._stretch_for(hand, load)
            else:
                complete = self._stretch(hand, int(load), max(1, min(self.batch, int(load) // 8))) == load
            if not complete:
                break
        self._check_fault()
        return self.root()

    def _stretch_for(self, edges: np.ndarray, seconds: float) -> bool:
        """`_stretch` for a time; False when the search is over."""
        end = perf_counter() + seconds
        done, now, least = 0, perf_counter(), 1 if self.inside else self.batch
        pace, wanted = float("inf"), max(len(edges), least)
        while True:
            begun = now
            ran = self._advance(edges, done, wanted, self.batch)
            done += ran
            now = perf_counter()
            if ran < wanted or (self._watch is not None and self._watch()):
                return False
            if now >= end:
                return True
            pace = min(pace, (now - begun) / ran)
            wanted = max(least, min(self.settings.chunk, 2 * wanted, int(0.5 * (end - now) / pace)))

    def try_pairs(self, challenger: int, favourite: int, pairs: int) -> RootStatistics:
        """Play so many pairs of rollouts from two edges of the root."""
        compare(self.game, self.arena, self.judge, self._trial, self._stream, challenger, favourite, pairs)
        self._check_fault()
        return self.root()

    def try_pairs_for(self, challenger: int, favourite: int, seconds: float) -> RootStatistics:
        """The same for a time."""
        now = perf_counter()
        end, pace, wanted = now + seconds, float("inf"), 1
        while wanted > 0:
            begun = now
            compare(self.game, self.arena, self.judge, self._trial, self._stream, challenger, favourite, wanted)
            now = perf_counter()
            if self.arena.counters[FAULT] or (self._watch is not None and self._watch()):
                break
            pace = min(pace, (now - begun) / wanted)
            wanted = min(self.settings.chunk, 2 * wanted, int((end - now) / pace))
        self._check_fault()
        return self.root()

    def root(self) -> RootStatistics:
        """What this tree knows of its root now."""
        arena, counters = self.arena, self.arena.counters
        edges = arena.edges[: arena.nodes[ROOT]["edges"]]
        tried = 2 * int(self._trial.totals[PAIRS])
        return RootStatistics(
            edges["action"].astype(np.int64), edges["prior"].astype(np.float64), edges["visits"].astype(np.int64), edges["value"].copy(),
            arena.scores[2:, : len(edges)].copy(), float(arena.nodes[ROOT]["leaf"]), self._trial.totals.copy(),
            int(counters[SIMULATIONS]) + tried, int(counters[EVALUATIONS]) + tried, int(counters[DEPTH]), tuple(int(edge) for edge in self._hand),
        )  # fmt: skip

    def best(self) -> int:
        """The action it would take now."""
        return int(self.arena.edges[int(choose_action_edge(self.arena, self.rules))]["action"])

    def result(self) -> SearchResult:
        """What this tree alone would answer."""
        return self._result(perf_counter())


def deal(candidates: Sequence[int], trees: int) -> list[list[int]]:
    """A hand of candidates for each tree: two hands, or more if each has two candidates or more; trees beyond that take a hand again.

    Args:
        candidates: Edges of the root, best first; they go round the hands and back, so that the best two are in different ones.
        trees: T.
    """
    hands: list[list[int]] = [[] for _ in range(min(trees, max(2, len(candidates) // 2)))]
    for place in range(max(len(candidates), len(hands))):
        turn, seat = divmod(place, len(hands))
        hands[seat if turn % 2 == 0 else len(hands) - 1 - seat].append(candidates[place % len(candidates)])
    return [list(hands[tree % len(hands)]) for tree in range(trees)]


def halvings(size: int, *, alone: bool) -> int:
    """Phases in which a hand of so many candidates is played out; a tree that is `alone` compares the last two to the end."""
    return phases_of(size) if alone else size.bit_length()


def plan(size: int, phases: int, load: float, *, timed: bool, alone: bool) -> list[Stretch]:
    """How a tree plays out a hand of `size` candidates in so many phases; see `portunus.search.root.visit_schedule`.

    Args:
        size: Candidates.
        phases: See `halvings`.
        load: Simulations; or
        timed: seconds.
        alone: No other tree searches.
    """
    stretches, done, least = [], 0.0, 2 if alone else 1
    if timed:
        for _ in range(phases):
            stretches.append(Stretch(size, load / phases))
            size = max(least, size // 2)
        return stretches
    while done < load:
        part = min(size * max(1, int(load) // (phases * size)), load - done)
        stretches.append(Stretch(size, part))
        done += part
        size = max(least, size // 2)
    return stretches


class Ledger:
    """The root as all trees together know it, and the rules of the Gumbel root applied to that.

    Args:
        search: Gives the game and the settings; its tree is not touched.
    """

    def __init__(self, search: Search) -> None:
        game = search.game
        self._game, self._rules, self._settings = game, search.rules, search.settings
        self._arena = new_arena(nodes=1, actions=game.actions, features=1, words=1, batch=1, max_depth=1)
        self._candidates = np.zeros(game.actions, np.int64)
        self._first: RootStatistics | None = None
        self._trial = np.zeros(3)
        self._verdict = -1  # edge of the root that the trial decided for
        self.paired = search.paired
        self.candidates: list[int] = []

    def open(self, root: RootStatistics, *, seed: int) -> None:
        """Start a decision: `root` is what a tree knows before any simulation. `candidates` are the edges to look at then, best first."""
        self._first = root
        self._verdict = -1
        self._arena.rng[:] = 0
        self._arena.rng[0] = stream_of(seed)
        edges = self._arena.edges[: len(root.actions)]
        edges["action"] = root.actions
        self._arena.nodes[ROOT]["edges"] = len(root.actions)
        self._arena.scores[:] = 0.0
        self.add_up([root])
        settle(self._arena, self._rules)
        self.candidates = self._candidates[: int(consider(self._arena, self._rules, self._candidates))].tolist()

    def add_up(self, known: Sequence[RootStatistics]) -> None:
        """Take in the newest that is known of each tree: numbers add up, values are averaged by visits."""
        k = len(known[0].actions)
        arena, edges = self._arena, self._arena.edges[:k]
        visits = np.array([part.visits for part in known])
        total = visits.sum(0)
        values = np.array([part.values for part in known])
        away = (visits * (values - values[0])).sum(0)  # from the first tree's, so that a tree alone keeps its digits
        edges["visits"] = total
        edges["value"] = values[0] + np.divide(away, total, out=np.zeros(k), where=total > 0)
        priors = np.mean([part.priors for part in known], axis=0)
        edges["prior"] = priors
        arena.scores[2:, :k] = np.sum([part.sums for part in known], axis=0)
        arena.nodes[ROOT]["leaf"] = np.mean([part.leaf for part in known])
        self._trial = np.sum([part.trial for part in known], axis=0)
        self.simulations = sum(part.simulations for part in known)
        self.evaluations = sum(part.evaluations for part in known)
        self.depth = max(part.depth for part in known)

    def keep(self, hands: Sequence[Sequence[int]]) -> None:
        """Only these edges are still in the running."""
        self.candidates = list(dict.fromkeys(edge for hand in hands for edge in hand))
        self._candidates[: len(self.candidates)] = self.candidates

    @property
    def settled(self) -> bool:
        """Can no more simulations be expected to change the answer?"""
        s = self._settings
        if s.certain_errors == 0:
            return False
        if self.paired and self.opponents()[0] < 0:
            return True
        return bool(settled(self._arena, self._candidates, len(self.candidates), s.certain_errors, s.certain_lead))

    def opponents(self) -> tuple[int, int]:
        """The edges of the root for a trial: (challenger, favourite); challenger -1 where there is nothing to try."""
        running = self._arena.edges[self.candidates]["visits"]
        challenger, favourite = name_challenger(self._arena, self._rules, int(running.min()))  # hands, and the speed of trees, differ
        return int(challenger), int(favourite)

    @property
    def decided(self) -> bool:
        """Would more pairs hardly change the verdict?"""
        return decided(self._trial, self._rules.caution, self._rules.least_gain)

    def judge(self, challenger: int, favourite: int) -> None:
        """End the trial: what was tried so far decides for one of two edges."""
        won = challenger >= 0 and succeeds(self._trial, self._rules.caution, self._rules.least_gain)
        self._verdict = challenger if won else favourite

    def choice(self) -> tuple[int, np.ndarray, float]:
        """The action to take (-1 if the fight is over), the improved policy, float64 [A], and its value, u."""
        arena = self._arena
        policy = np.zeros(self._game.actions)
        value = float(improved_policy(self._game, arena, self._rules, policy))
        edges = arena.edges[: arena.nodes[ROOT]["edges"]]
        if len(edges) == 0:
            return -1, policy, value
        visits = edges["visits"].copy()
        edges["visits"][self.candidates] = visits.max()  # trees of unequal speed: those still in the running count as equal
        best = self._verdict if self._verdict >= 0 else int(choose_action_edge(arena, self._rules))
        edges["visits"] = visits
        return int(edges["action"][best]), policy, value

    def table(self) -> RootStatistics:
        """All that is known of the root, in one."""
        assert self._first is not None
        edges = self._arena.edges[: len(self._first.actions)]
        return RootStatistics(
            self._first.actions, edges["prior"].astype(np.float64), edges["visits"].astype(np.int64), edges["value"].copy(),
            self._arena.scores[2:, : len(edges)].copy(), float(self._arena.nodes[ROOT]["leaf"]), self._trial, self.simulations, self.evaluations, self.depth, tuple(self.candidates),
        )  # fmt: skip
