"""A search as an object: give it a state and a budget, get the visits, the values and the action.

The budget is a number of simulations (equal seeds, equal visits) or milliseconds. With milliseconds each halving phase gets an
equal slice of the time, and the clock is read between chunks of simulations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.mlp import Mlp
from portunus.evaluator.protocol import BatchEvaluator, Evaluator, InKernel
from portunus.runtime.signature import FAULTS
from portunus.search import rise
from portunus.search.game import game_of
from portunus.search.packed import conclude, pack, run_whole
from portunus.search.paired import FEWEST, PAIRS, compare, decided, name_challenger, new_trial, succeeds
from portunus.search.restrict import restrict_root
from portunus.search.root import begin, consider, keep_best, phases_of, settle, settled
from portunus.search.rules import Judge, Rules
from portunus.search.settings import SearchSettings
from portunus.search.simulate import apply_batch, collect, expand, judge_again, simulate
from portunus.search.streams import TRIAL, stream_of
from portunus.search.tree import DEPTH, DEPTH_SUM, DUPLICATES, EVALUATIONS, FAULT, SIMULATIONS, STEPS, USED, Arena, new_arena

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec


_TIMED = 32  # states judged again to time an evaluator inside the kernel
_FORCED = 32  # simulations of a decision with one legal action: it shows what follows, there is nothing to choose
_TIMED_EVERY = 64  # searches after which it is timed anew


@dataclass(frozen=True)
class SearchResult:
    """What a search found. k = number of legal actions of the root.

    Attributes:
        action: The action to take, -1 if the fight is over.
        actions: int64 [k], the legal actions.
        visits: int64 [k].
        values: float64 [k], mean value, u; of an action never tried, the root's mixed value.
        priors: float64 [k].
        policy: float64 [A], the improved policy a network should learn; 0 for illegal actions.
        value: Value of the root under that policy, u.
        simulations: Done.
        evaluations: States judged, the root included.
        steps: Calls of the simulator.
        nodes: In the tree.
        duplicates: Simulations that ended in a leaf that was already waiting for its judgement.
        depth: Deepest decision reached.
        mean_depth: Of all simulations.
        search_ms: Time taken, evaluator included.
        network_ms: Part of it spent in a network; for one inside the kernel, its judgements times what some of them took again.
    """

    action: int
    actions: np.ndarray
    visits: np.ndarray
    values: np.ndarray
    priors: np.ndarray
    policy: np.ndarray
    value: float
    simulations: int
    evaluations: int
    steps: int
    nodes: int
    duplicates: int
    depth: int
    mean_depth: float
    search_ms: float
    network_ms: float


class Search:
    """A tree search over one compiled spec, with its memory. Not for several threads at once; each takes its own.

    Args:
        compiled: The spec.
        evaluator: Inside the kernel (`in_kernel`) or outside (`evaluate`).
        settings: How to search.

    Raises:
        PortunusError: The evaluator does not fit the spec.
    """

    def __init__(self, compiled: CompiledSpec, evaluator: Evaluator, settings: SearchSettings | None = None) -> None:
        self.compiled = compiled
        self.settings = settings or SearchSettings()
        self._metrics = compiled.new_metrics()
        self.game = game_of(compiled, self._metrics)
        self._evaluator = evaluator
        self._inside = evaluator.in_kernel() if isinstance(evaluator, InKernel) else None
        self._outside = evaluator if isinstance(evaluator, BatchEvaluator) else None
        if self._inside is None and self._outside is None:
            raise PortunusError(f"{type(evaluator).__name__} is no evaluator", hint="An evaluator has `in_kernel` or `evaluate`.")
        self.inside = self._inside is not None
        self.judge = self._addresses()
        s = self.settings
        drawn = self._inside is not None and self._inside.noisy
        doubt = float(self._inside.doubt if self._inside else getattr(evaluator, "doubt", 0.0))
        self.rules = Rules(
            s.root == "puct", s.considered_actions, float(s.gumbel_scale), float(s.value_visits),
            float(s.drawn_value_scale if drawn else s.value_scale),
            float(s.drawn_exploration if drawn else s.exploration), float(s.unvisited_reduction),
            s.node_capacity if drawn else s.outcome_slots, s.max_depth, float(s.caution) if drawn else 0.0, float(s.least_gain),
            0.0 if drawn else float(s.sharpness), 1.0 if drawn else float(s.judgement_visits), 1.0 if drawn else float(s.passed_over),
            0.0, doubt, drawn,
        )  # fmt: skip
        if s.rise_share > 0 and not drawn:
            plain = {"rise_share": 0.0, "gumbel_scale": 0.0, "node_capacity": rise.SIMULATIONS + 1}
            apart = Search(compiled, evaluator, SearchSettings(**{**vars(s), **plain}))
            self.rules = self.rules._replace(rate=s.rise_share * rise.measure(apart))
        self.batch = 1 if self.inside else s.batch
        self._make_room(s.node_capacity)
        self._candidates = np.zeros(self.game.actions, np.int64)
        self._outside_seconds = self._judgement_seconds = 0.0
        self._searches = 0
        self._watch: Callable[[], bool] | None = None
        self.paired = drawn and s.caution > 0 and s.gumbel_scale == 0
        self._trial = new_trial(self.game)
        self._stream = stream_of(0, TRIAL)
        self._verdict = -1  # edge of the root that a trial decided for

    def _addresses(self) -> Judge:
        numbers = self._inside
        if numbers is None:
            return Judge(0, 0, 0, 0)
        for wanted, given, what in ((numbers.features, self.game.feature_count, "features"), (numbers.actions, self.game.actions, "actions")):
            if wanted not in (0, given):
                raise PortunusError(
                    f"the evaluator is made for {wanted} {what}, {self.compiled.name} has {given}",
                    hint="Train a network for this spec, or choose the model that belongs to it.",
                )
        return Judge(numbers.address, numbers.integers.ctypes.data, numbers.reals.ctypes.data, numbers.weights.ctypes.data, numbers.two)

    def _make_room(self, nodes: int) -> None:
        game = self.game
        self.arena: Arena = new_arena(
            nodes=nodes, actions=game.actions, features=game.feature_count, words=game.words,
            batch=2 if self.inside else self.batch, max_depth=self.settings.max_depth,
        )  # fmt: skip
        self._packed = pack(game, self.arena, self.rules, self.judge)

    def run(
        self, state: np.ndarray, *, simulations: int | None = None, budget_ms: float | None = None, seed: int = 0, keep: bool = False,
        allowed: np.ndarray | None = None, watch: Callable[[], bool] | None = None,
    ) -> SearchResult:  # fmt: skip
        """Search from `state`, which is left as it is.

        Args:
            state: int64 [W], a decision point.
            simulations: Budget in simulations; or
            budget_ms: budget in milliseconds.
            seed: Of the search's own random stream.
            keep: Go on with the tree of the last search, which was from this state or one that is as good as it; budgets in time only.
            allowed: bool [A], the actions to choose from; None = every legal one. Later decisions of the search are not restricted.
            watch: Called between chunks of simulations; the search ends with what it knows when it returns True.

        Raises:
            PortunusError: Not exactly one budget is given, no legal action is allowed, or the simulator reports a fault.
        """
        started = perf_counter()
        if (simulations is None) == (budget_ms is None):
            raise PortunusError("a search takes one budget: simulations or milliseconds")
        if keep and (budget_ms is None or self.arena.counters[USED] == 0):
            raise PortunusError("only a search with a time budget goes on with a tree, and only after another search")
        if (simulations if budget_ms is None else budget_ms) <= 0:
            raise PortunusError("the budget of a search must be more than 0")
        self._start(state, seed=None if keep else seed)
        self._watch = watch
        state = np.ascontiguousarray(state)
        if simulations is not None:
            if simulations >= len(self.arena.nodes):
                self._make_room(simulations + 1)
                return self.run(state, simulations=simulations, seed=seed, allowed=allowed, watch=watch)
            pairs = simulations // 4 if self.paired else 0
            self._run_simulations(state, simulations - 2 * pairs, allowed)
            self._try_challenger(pairs=pairs)
        else:
            if not keep:
                self._begin(state, allowed)
            seconds = budget_ms / 1e3
            self._run_until(started, started + (0.5 * seconds if self.paired else seconds))
            self._try_challenger(end=started + seconds)
        self._check_fault()
        return self._result(started)

    def _start(self, state: np.ndarray, *, seed: int | None, number: int = 0) -> None:
        """Check the state and set the random streams, those of tree `number`; None goes on with the old ones."""
        if state.dtype != np.int64 or state.shape != (self.game.words,):
            raise PortunusError(f"a state of {self.compiled.name} is int64 [{self.game.words}], this one is {state.dtype} {list(state.shape)}")
        self._outside_seconds = 0.0
        self._searches += 1
        self._watch = None
        self._trial.totals[:] = 0.0
        if seed is not None:
            self._verdict = -1
            self.arena.rng[:] = 0
            self.arena.rng[0] = stream_of(seed, number)
            self._stream = stream_of(seed, TRIAL + number)

    @property
    def tried(self) -> bool:
        """Whether the answer has stood the trial that drawn values need; an interrupted search may have ended before it."""
        return not self.paired or self._verdict >= 0

    def _run_simulations(self, state: np.ndarray, simulations: int, allowed: np.ndarray | None) -> None:
        if self.inside and allowed is None and self._watch is None:  # the same in one call
            run_whole(*self._packed, state, self._candidates, simulations)
            return
        self._begin(state, allowed)
        batch = max(1, min(self.batch, simulations // 8))
        if self.rules.puct_root:
            self._stretch(self._candidates[:0], simulations, batch)
            return
        remaining = consider(self.arena, self.rules, self._candidates)
        phases, done = phases_of(remaining), 0
        while done < simulations and remaining:
            wanted = min(remaining * max(1, simulations // (phases * remaining)), simulations - done)
            ran = self._stretch(self._candidates[:remaining], wanted, batch)
            done += ran
            if ran < wanted:
                return
            remaining = keep_best(self.arena, self.rules, self._candidates, remaining, max(2, remaining // 2))

    def _stretch(self, candidates: np.ndarray, count: int, batch: int) -> int:
        """`_advance` in chunks, so that `watch` is asked now and then; returns how many simulations ran."""
        done, chunk = 0, max(1, self.settings.chunk // batch) * batch
        while done < count:
            wanted = min(chunk, count - done)
            ran = self._advance(candidates, done, wanted, batch)
            done += ran
            if ran < wanted or (self._watch is not None and self._watch()):
                break
        return done

    def _run_until(self, started: float, deadline: float) -> None:
        keep_best(self.arena, self.rules, self._candidates, 0, 1)  # loaded or compiled by the first search, not in the middle of a later one
        settled(self.arena, self._candidates, 0, 0.0, 0.0)
        if self.rules.puct_root:
            phases, remaining = 1, 0
        else:
            remaining = consider(self.arena, self.rules, self._candidates)
            phases = phases_of(remaining)
            if remaining == 0:
                return
        for phase in range(phases):
            end = started + (deadline - started) * (phase + 1) / phases
            if not self._fill_slice(self._candidates[:remaining], end):
                return
            if phase < phases - 1:
                remaining = keep_best(self.arena, self.rules, self._candidates, remaining, max(2, remaining // 2))

    def _fill_slice(self, candidates: np.ndarray, end: float) -> bool:
        """Simulate until `end`, in chunks that fit; every candidate is visited at least once.

        False when the search is over: the arena is full, or the answer is settled.
        """
        done, now, turns, pace = 0, perf_counter(), max(len(candidates), 1), float("inf")
        wanted = turns if self.inside else max(turns, self.batch)
        while True:
            begun = now
            ran = self._advance(candidates, done, wanted, self.batch)
            done += ran
            now = perf_counter()
            if ran < wanted or (self._watch is not None and self._watch()):
                return False
            certain = done >= (self.settings.chunk if self.arena.nodes[0]["edges"] > 1 else _FORCED) and self._is_settled(candidates)
            if certain or now >= end:
                self._advance(candidates, done, -done % turns, self.batch)  # as often each: the choice is among the most visited
                return not certain
            pace = min(pace, (now - begun) / ran)  # the fastest chunk: a slow one was interrupted
            wanted = max(1 if self.inside else self.batch, min(self.settings.chunk, 2 * wanted, int(0.5 * (end - now) / pace)))

    def _try_challenger(self, *, pairs: int = 0, end: float = 0.0) -> None:
        """Where values are drawn: let pairs of rollouts decide between the favourite and what the tree thinks best, so many or until `end`."""
        if not self.paired or self.arena.counters[FAULT] or (self._watch is not None and self._watch()):
            return
        rules, trial = self.rules, self._trial
        challenger, favourite = name_challenger(self.arena, rules, 0)
        compare(self.game, self.arena, self.judge, trial, self._stream, challenger, favourite, 0)  # compiled by the first search
        now, pace = perf_counter(), float("inf")
        wanted = min(FEWEST, pairs) if pairs else 1
        while challenger >= 0 and wanted > 0:
            begun = now
            compare(self.game, self.arena, self.judge, trial, self._stream, challenger, favourite, wanted)
            now = perf_counter()
            if self.arena.counters[FAULT] or (self._watch is not None and self._watch()):
                return
            if pairs:
                wanted = min(self.settings.chunk, pairs - int(trial.totals[PAIRS]))
                continue
            if decided(trial.totals, rules.caution, rules.least_gain):
                break
            pace = min(pace, (now - begun) / wanted)
            wanted = min(self.settings.chunk, 2 * wanted, int(0.5 * (end - now) / pace))
        self._verdict = int(challenger if challenger >= 0 and succeeds(trial.totals, rules.caution, rules.least_gain) else favourite)

    def _is_settled(self, candidates: np.ndarray) -> bool:
        s = self.settings
        if s.certain_errors == 0 or len(candidates) == 0:
            return False
        if self.paired and name_challenger(self.arena, self.rules, 0)[0] < 0:
            return True
        return bool(settled(self.arena, candidates, len(candidates), s.certain_errors, s.certain_lead))

    def _begin(self, state: np.ndarray, allowed: np.ndarray | None) -> None:
        begin(self.game, self.arena, self.rules, self.judge, state, 0)
        if not self.inside and self.arena.nodes[0]["evaluated"] == 0:
            self._ask()
            expand(self.game, self.arena, self.rules, 0, 0)
            settle(self.arena, self.rules)
        if allowed is not None:
            restrict_root(self.compiled.actions, self.arena, allowed)

    def _ask(self) -> None:
        assert self._outside is not None
        begun = perf_counter()
        logits, values = self._outside.evaluate(self.arena.features, self.arena.mask)
        self.arena.heads[:, :-1] = logits
        self.arena.heads[:, -1] = values
        self._outside_seconds += perf_counter() - begun

    def _advance(self, candidates: np.ndarray, first: int, count: int, batch: int) -> int:
        """Run up to `count` simulations, round the candidates; returns how many."""
        if self.inside:
            return simulate(self.game, self.arena, self.rules, self.judge, candidates, first, count)
        done = 0
        while done < count:
            wanted = min(batch, count - done)
            paths = collect(self.game, self.arena, self.rules, candidates, first + done, wanted)
            self._ask()
            apply_batch(self.game, self.arena, self.rules, paths)
            done += paths
            if paths < wanted:
                break
        return done

    def _check_fault(self) -> None:
        fault = int(self.arena.counters[FAULT])
        if fault:
            reasons = "; ".join(text for bit, text in FAULTS.items() if fault & bit) or f"fault bits {fault}"
            raise PortunusError(f"{self.compiled.name}: the simulator stopped the search: {reasons}", exit_code=1)

    def _inside_seconds(self) -> float:
        """Seconds the kernel evaluator took: now and then some states are judged once more, with and without it, and the clock is read."""
        if (self._searches - 1) % _TIMED_EVERY == 0:
            count = min(_TIMED, int(self.arena.counters[USED]))
            shortest = [float("inf"), float("inf")]  # without, with
            for _ in range(3):
                for judged in (False, True):
                    begun = perf_counter()
                    judge_again(self.game, self.arena, self.judge, count, judged)
                    shortest[judged] = min(shortest[judged], perf_counter() - begun)
            self._judgement_seconds = max(0.0, shortest[True] - shortest[False]) / count
        return self._judgement_seconds * int(self.arena.counters[EVALUATIONS])

    def _result(self, started: float) -> SearchResult:
        actions, counters = self.game.actions, self.arena.counters
        counts, values, policy = np.empty((2, actions), np.int64), np.empty((2, actions)), np.zeros(actions)
        edges, best, value = conclude(*self._packed, counts, values, policy)
        best = self._verdict if self._verdict >= 0 else best
        tree, tried = int(counters[SIMULATIONS]), 2 * int(self._trial.totals[PAIRS])
        network_seconds = self._inside_seconds() if isinstance(self._evaluator, Mlp) else self._outside_seconds
        return SearchResult(
            action=int(counts[0, best]) if best >= 0 else -1,
            actions=counts[0, :edges],
            visits=counts[1, :edges],
            values=values[0, :edges],
            priors=values[1, :edges],
            policy=policy,
            value=float(value),
            simulations=tree + tried,
            evaluations=int(counters[EVALUATIONS]) + tried,
            steps=int(counters[STEPS]),
            nodes=int(counters[USED]),
            duplicates=int(counters[DUPLICATES]),
            depth=int(counters[DEPTH]),
            mean_depth=float(counters[DEPTH_SUM]) / tree if tree else 0.0,
            search_ms=(perf_counter() - started) * 1e3,
            network_ms=network_seconds * 1e3,
        )
