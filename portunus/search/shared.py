"""One decision shared by several trees: who simulates what, and what all of them together say about the root.

The root runs sequential halving as a single tree would (`portunus.search.root`). While more than two candidates are left they are dealt
out: the simulations of the phase lie in a row, candidate after candidate, and every tree takes an equal stretch of it, so that each
candidate is looked at as deeply as one tree with all the simulations would. The last two are looked at by every tree, each with random
numbers of its own, and the results are averaged by visits: the errors of drawn values average out, and what each tree found before is
used again. Where values are drawn, half of the budget goes to a trial as in a single search (`portunus.search.paired`): every tree plays pairs
of its own, and all pairs together decide. The trees meet at the end of each phase and nowhere else, so a number of simulations and of trees gives one answer, whoever
runs the trees and in whatever order.

Legend: A = actions, k = legal actions of the root, T = trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from time import perf_counter
from typing import NamedTuple

import numpy as np

from portunus.search.engine import Search, SearchResult
from portunus.search.paired import PAIRS, compare, decided, name_challenger, succeeds
from portunus.search.root import choose_action_edge, consider, improved_policy, keep_best, phases_of, settle, settled
from portunus.search.streams import stream_of
from portunus.search.tree import DEPTH, EVALUATIONS, FAULT, ROOT, SIMULATIONS, new_arena

FINALISTS = 2  # so many candidates or fewer are looked at by every tree


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


class Stretch(NamedTuple):
    """A piece of a tree's work: `count` simulations, taking the `edges` of the root in turn."""

    edges: tuple[int, ...]
    count: int


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
        self._check_fault()
        return self.root()

    def work(self, stretches: Sequence[Stretch]) -> RootStatistics:
        """Simulate what was dealt out."""
        for edges, count in stretches:
            self._stretch(np.array(edges, np.int64), count, max(1, min(self.batch, count // 8)))
        self._check_fault()
        return self.root()

    def work_for(self, edges: Sequence[int], seconds: float) -> RootStatistics:
        """Simulate for a time, taking the `edges` of the root in turn, each at least once; ends early when the memory is full."""
        end, candidates = perf_counter() + seconds, np.array(edges, np.int64)
        done, now, least = 0, perf_counter(), 1 if self.inside else self.batch
        pace, wanted = float("inf"), max(len(candidates), least)
        while True:
            begun = now
            ran = self._advance(candidates, done, wanted, self.batch)
            done += ran
            now = perf_counter()
            if ran < wanted or now >= end or (self._watch is not None and self._watch()):
                break
            pace = min(pace, (now - begun) / ran)
            wanted = max(least, min(self.settings.chunk, 2 * wanted, int(0.5 * (end - now) / pace)))
        self._check_fault()
        return self.root()

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
            int(counters[SIMULATIONS]) + tried, int(counters[EVALUATIONS]) + tried, int(counters[DEPTH]),
        )  # fmt: skip

    def best(self) -> int:
        """The action it would take now."""
        return int(self.arena.edges[int(choose_action_edge(self.arena, self.rules))]["action"])

    def result(self) -> SearchResult:
        """What this tree alone would answer."""
        return self._result(perf_counter())


def deal(candidates: Sequence[int], trees: int, simulations: int) -> list[list[Stretch]]:
    """Share the simulations of a phase among the trees.

    Args:
        candidates: Edges of the root; each gets an equal number of the simulations, the first ones more where they do not come out even.
        trees: T.
        simulations: Of all trees together.

    Returns:
        The work of each tree.
    """
    if len(candidates) <= FINALISTS:
        loads = [simulations * (tree + 1) // trees - simulations * tree // trees for tree in range(trees)]
        return [[Stretch(tuple(candidates), load)] if load else [] for load in loads]
    even, more = divmod(simulations, len(candidates))
    wanted = [even + (place < more) for place in range(len(candidates))]
    work: list[list[Stretch]] = []
    place, left = 0, wanted[0]
    for tree in range(trees):
        room = simulations * (tree + 1) // trees - simulations * tree // trees
        mine: dict[int, int] = {}
        while room > 0:
            if left == 0:
                place += 1
                left = wanted[place]
                continue
            taken = min(room, left)
            mine[candidates[place]] = mine.get(candidates[place], 0) + taken
            room, left = room - taken, left - taken
        work.append(_in_turn(mine))
    return work


def _in_turn(counts: dict[int, int]) -> list[Stretch]:
    """So many simulations of each edge, as evenly mixed as taking turns allows."""
    stretches, done = [], 0
    while counts:
        level = min(counts.values())
        if level > done:
            stretches.append(Stretch(tuple(counts), (level - done) * len(counts)))
            done = level
        counts = {edge: count for edge, count in counts.items() if count > level}
    return stretches


def turns(candidates: Sequence[int], trees: int) -> list[tuple[int, ...]]:
    """The edges each tree takes in turn until a time is up, so that at equal speed the candidates get equal numbers."""
    if len(candidates) <= FINALISTS:
        return [tuple(candidates)] * trees
    size = len(candidates)
    common = gcd(size, trees)
    row = [edge for edge in candidates for _ in range(trees // common)]
    size //= common
    return [tuple(row[tree * size : (tree + 1) * size]) for tree in range(trees)]


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
        self.remaining = 0

    def open(self, first: Sequence[RootStatistics], *, seed: int) -> None:
        """Start a decision: `first` is what the trees know before any simulation."""
        root = first[0]
        self._first = root
        self._verdict = -1
        self._arena.rng[:] = 0
        self._arena.rng[0] = stream_of(seed)
        edges = self._arena.edges[: len(root.actions)]
        edges["action"] = root.actions
        self._arena.nodes[ROOT]["edges"] = len(root.actions)
        self._arena.scores[:] = 0.0
        self.add_up(first)
        settle(self._arena, self._rules)
        self.remaining = int(consider(self._arena, self._rules, self._candidates))

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

    @property
    def phases(self) -> int:
        """Halving phases for the candidates that remain."""
        return phases_of(self.remaining) if self.remaining else 0

    def candidates(self, trees: int) -> list[int]:
        """The edges still in the running, in the order of the root, so that from phase to phase most of them stay with their trees; a
        tree that is alone takes them best first, like any search."""
        edges = [int(edge) for edge in self._candidates[: self.remaining]]
        return sorted(edges) if trees > 1 else edges

    def halve(self) -> None:
        """End a phase: the better half stays, two at least."""
        self.remaining = int(keep_best(self._arena, self._rules, self._candidates, self.remaining, max(2, self.remaining // 2)))

    @property
    def settled(self) -> bool:
        """Can no more simulations be expected to change the answer?"""
        s = self._settings
        if s.certain_errors == 0 or self.remaining == 0:
            return False
        if self.paired and self.opponents()[0] < 0:
            return True
        return bool(settled(self._arena, self._candidates, self.remaining, s.certain_errors, s.certain_lead))

    def opponents(self) -> tuple[int, int]:
        """The edges of the root for a trial: (challenger, favourite); challenger -1 where there is nothing to try."""
        challenger, favourite = name_challenger(self._arena, self._rules)
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
        edges["visits"][self._candidates[: self.remaining]] = visits.max()  # trees of unequal speed: those still in the running count as equal
        best = self._verdict if self._verdict >= 0 else int(choose_action_edge(arena, self._rules))
        edges["visits"] = visits
        return int(edges["action"][best]), policy, value

    def table(self) -> RootStatistics:
        """All that is known of the root, in one."""
        assert self._first is not None
        edges = self._arena.edges[: len(self._first.actions)]
        return RootStatistics(
            self._first.actions, edges["prior"].astype(np.float64), edges["visits"].astype(np.int64), edges["value"].copy(),
            self._arena.scores[2:, : len(edges)].copy(), float(self._arena.nodes[ROOT]["leaf"]), self._trial, self.simulations, self.evaluations, self.depth,
        )  # fmt: skip
