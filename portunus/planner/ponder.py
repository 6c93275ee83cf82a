"""Searching ahead: while nobody asks, the states that come next are searched already, so that their answers are there at once.

What comes next is what a caller says it expects, or the likely outcomes of the action suggested last. A state that is asked for is answered
from the tree of a state that resembles it (`Likeness`): the clock of a game and the draws of damage never repeat to the last digit. What was
thought about it before counts against the budget; a state never thought about gets the whole budget, as without pondering.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from portunus.planner.local import Planner
from portunus.planner.messages import Suggestion
from portunus.runtime.compiled import CompiledSpec
from portunus.runtime.signature import HEADER_DURATION, HEADER_FINISHED, HEADER_NOW
from portunus.search.key import Key
from portunus.search.settings import SearchSettings
from portunus.search.tree import SIMULATIONS, USED
from portunus.search.view import TreeView

SLOTS = 4  # states kept in mind
LIKELY = 3  # of them expected next
NODES = 32_768  # memory of each
CHUNK = 128  # simulations between two looks at the clock, so that a thought ends as soon as somebody asks
LONGEST_MS = 1000.0  # thought about one state
LEAST_MS = 5.0  # a budget that has less than this left is used up
UNTRIED = 0.5  # part of a budget that an answer gets whose trial (`portunus.search.paired`) was cut short
UNLIKELY = 0.02  # outcomes less probable than this are not thought about

TIME_NS = 60_000_000  # two instants this close count as one
SHORTEST_TIME = 1_000_000  # integers smaller than this (1 ms) are numbers, not instants, and must be equal
REAL = 0.15  # relative difference of two amounts that count as one
HIDDEN = ("missile_damage", "missile_outcome")  # what a missile will do is decided when it leaves, but nobody sees it before it lands
LEFT = 0.05  # relative difference of the rest of the fight


class Likeness:
    """Whether the answer for one state may be given for another: equal in all that is counted, close in time and amounts.

    Args:
        compiled: The spec.
        key: What of a state still matters.
    """

    def __init__(self, compiled: CompiledSpec, key: Key) -> None:
        dtype = compiled.layout.state_dtype
        assert dtype.fields is not None
        hidden = np.zeros(compiled.layout.state_words, bool)
        real = np.zeros(compiled.layout.state_words, bool)
        for name, (field, offset) in ((name, f[:2]) for name, f in dtype.fields.items()):
            words = slice(offset // 8, offset // 8 + field.itemsize // 8)
            real[words], hidden[words] = field.base.kind == "f", name in HIDDEN
        self._key = key
        self._words = key.words.astype(np.int64)
        self._guards = key.guards.astype(np.int64)
        self._real = real[self._words] & ~hidden[self._words]
        self._whole = ~real[self._words] & ~hidden[self._words] & (self._words != HEADER_DURATION) & (self._words != HEADER_FINISHED)

    def _matters(self, state: np.ndarray) -> np.ndarray:
        """The words that matter, int64 [K], others 0, instants that have passed as now."""
        key, values = self._key, state[self._words].copy()
        guarded = slice(key.plain, key.guarded)
        values[guarded] = np.where(state[self._guards[guarded]] >= key.least[guarded], values[guarded], 0)
        np.maximum(values[key.guarded :], state[HEADER_NOW], out=values[key.guarded :])
        return values

    def __call__(self, one: np.ndarray, other: np.ndarray) -> bool:
        """Compare two states, int64 [W]."""
        if one[HEADER_FINISHED] != other[HEADER_FINISHED]:
            return False
        left = [int(s[HEADER_DURATION] - s[HEADER_NOW]) for s in (one, other)]
        if abs(left[0] - left[1]) > TIME_NS + LEFT * max(left):
            return False
        a, b = self._matters(one), self._matters(other)
        x, y = a[self._whole], b[self._whole]
        different = x != y
        instants = (np.minimum(np.abs(x), np.abs(y)) >= SHORTEST_TIME) & (np.abs(x - y) <= TIME_NS)
        if np.any(different & ~instants):
            return False
        p, q = a[self._real].view(np.float64), b[self._real].view(np.float64)
        return bool(np.all(np.abs(p - q) <= REAL * np.maximum(np.abs(p), np.abs(q)) + 1e-9))


@dataclass
class _Slot:
    """One state in mind: its planner with the tree, and for how long it was thought about."""

    planner: Planner
    state: np.ndarray | None = None  # None until it is first used
    thought_ms: float = 0.0
    weight: float = 0.0
    ended: bool = False  # more thought changes nothing: settled, or no memory left
    used: int = 0  # when it was last asked for or taken


class Ponderer:
    """A planner that thinks ahead. Not for several threads at once.

    Args:
        planner: Gives the spec, the evaluator and the settings; answers what is not pondered (budgets in simulations, ruled out actions).

    Attributes:
        asked, hits: Answers with a budget in time, and those of them that thought had been given to before.
        hit: Whether the last answer was one of them.
    """

    def __init__(self, planner: Planner) -> None:
        self.compiled = planner.compiled
        self._planner = planner
        settings = SearchSettings(**{**vars(planner.search.settings), "node_capacity": NODES, "chunk": CHUNK})
        self._slots = [_Slot(Planner(planner.compiled, planner.evaluator, settings)) for _ in range(SLOTS)]
        self._alike = Likeness(planner.compiled, planner.search.game.key)
        self._expected: list[tuple[np.ndarray, float]] = []
        self._current: _Slot | None = None
        self._answering: Planner = planner
        self._turn = 0
        self._piece_ms = 2 * LEAST_MS  # thought without looking for a more urgent state: one budget, so that it ends with its trial
        self.asked = self.hits = 0
        self.hit = False

    def plan(
        self, state: np.ndarray, *, budget_ms: float | None = None, simulations: int | None = None, seed: int = 0, sequence: int = 0,
        allowed: np.ndarray | None = None, watch: Callable[[], bool] | None = None, likely: Sequence[tuple[np.ndarray, float]] = (),
    ) -> Suggestion:  # fmt: skip
        """See `Planner.plan`. `likely` names states that may be asked for next, with probabilities; without any, the outcomes of the
        action suggested are expected."""
        self._expected, self._current, self.hit = [], None, False
        if budget_ms is None or allowed is not None:
            self._answering = self._planner
            return self._planner.plan(state, budget_ms=budget_ms, simulations=simulations, seed=seed, sequence=sequence, allowed=allowed, watch=watch)
        started = perf_counter()
        self._turn += 1
        self._piece_ms = max(budget_ms, 2 * LEAST_MS)
        self.asked += 1
        slot = next((s for s in self._slots if s.state is not None and self._alike(s.state, state)), None)
        if slot is not None and slot.state is not None and slot.thought_ms > 0:
            self.hit = True
            self.hits += 1
            self._answering = slot.planner
            left, tried = budget_ms - slot.thought_ms, slot.planner.search.tried
            if not tried:
                left = max(left, UNTRIED * budget_ms)
            if left > LEAST_MS and not (slot.ended and tried):
                suggestion = slot.planner.plan(slot.state, budget_ms=left, seed=seed, sequence=sequence, watch=watch, keep=True)
            else:
                suggestion = slot.planner.report(slot.planner.search.result(), started=started, sequence=sequence)
        else:
            slot = slot or self._free()
            self._answering = slot.planner
            slot.state, slot.ended, slot.thought_ms = state.copy(), False, 0.0
            suggestion = slot.planner.plan(state, budget_ms=budget_ms, seed=seed, sequence=sequence, watch=watch)
        slot.thought_ms += (perf_counter() - started) * 1e3
        slot.used, slot.weight = self._turn, 1.0
        self._current = slot
        self.expect(likely or self._outcomes(slot, suggestion.action))
        return suggestion

    def peek(self) -> tuple[str, int]:
        """See `Planner.peek`."""
        return self._answering.peek()

    def expect(self, states: Sequence[tuple[np.ndarray, float]]) -> None:
        """Say which states, int64 [W], may be asked for next, with their probabilities."""
        likely = [item for item in sorted(states, key=lambda item: -item[1]) if item[1] >= UNLIKELY and not item[0][HEADER_FINISHED]]
        self._expected = []
        for state, weight in likely[:LIKELY]:
            slot = next((s for s in self._slots if s.state is not None and self._alike(s.state, state)), None)
            if slot is None:
                self._expected.append((state.copy(), weight))
            elif slot is not self._current:
                slot.weight, slot.used = weight, self._turn

    def think(self, interrupted: Callable[[], bool] | None = None) -> bool:
        """Think for a while about the most urgent of the states in mind.

        Args:
            interrupted: Called between chunks of simulations; True ends the thought.

        Returns:
            False when all has been thought through.
        """
        for state, weight in self._expected:  # each gets a slot; the one that was of use longest ago goes
            slot = self._free()
            slot.state, slot.weight, slot.thought_ms, slot.ended, slot.used = state, weight, 0.0, False, self._turn
        self._expected = []
        ready = [s for s in self._slots if s.state is not None and s.used == self._turn and not s.ended and s.thought_ms < LONGEST_MS]
        if not ready:
            return False
        slot = min(ready, key=lambda s: (s.thought_ms + self._piece_ms) / max(s.weight, 1e-3))
        assert slot.state is not None
        began, before = perf_counter(), int(slot.planner.search.arena.counters[SIMULATIONS]) if slot.thought_ms > 0 else 0
        slot.planner.search.run(slot.state, budget_ms=self._piece_ms, seed=1, keep=slot.thought_ms > 0, watch=interrupted)
        spent = (perf_counter() - began) * 1e3
        slot.thought_ms += spent
        done = int(slot.planner.search.arena.counters[SIMULATIONS]) - before
        stopped = interrupted is not None and interrupted()
        slot.ended = not stopped and (done == 0 or spent < 0.5 * self._piece_ms or int(slot.planner.search.arena.counters[USED]) >= NODES)
        return True

    def _free(self) -> _Slot:
        return min((s for s in self._slots if s is not self._current), key=lambda s: (s.state is not None, s.used, s.weight))

    def _outcomes(self, slot: _Slot, action: str) -> list[tuple[np.ndarray, float]]:
        """The states that the action may lead to, as far as the search saw them."""
        search = slot.planner.search
        view = TreeView(search)
        wanted = next(a for a, known in enumerate(self.compiled.actions) if known.name == action)
        return [(search.arena.states[node].copy(), chance) for node, chance in view.after(wanted)]
