"""Many whole fights: batches of them, played by threads, handed out in order of their seeds.

Fight i uses the random stream seeded with `seed + i`, and a batch is played by one thread from its first fight to its last, so a result
depends neither on the number of threads nor on who played which batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portunus.ir.layout import MetricRow
from portunus.runtime.compiled import CompiledSpec

CHUNK = 500


@dataclass(frozen=True)
class Fighter:
    """What is played.

    Attributes:
        compiled: Kernels with their tables.
        rotation: The priority list.
        source: Makes the same kernels in another process, where only the tables may have to be replaced; None if that is never needed.
    """

    compiled: CompiledSpec
    rotation: str
    source: Callable[[], CompiledSpec] | None = None


@dataclass(frozen=True)
class Work:
    """One batch to play: which fighter, the seed of the first fight, how many fights, and how many of the run come before it."""

    fighter: int
    first_seed: int
    count: int
    before: int = 0


@dataclass(frozen=True)
class Batch:
    """One batch of n fights as it was played.

    Attributes:
        first_seed: Seed of the first fight.
        damage: float64 [n], damage of each fight (player and pets).
        counters: int64 [metrics_words], the metrics block, summed over the batch.
    """

    first_seed: int
    damage: np.ndarray
    counters: np.ndarray


class Players(Protocol):
    """Whoever plays batches: threads of this process, or workers of a cluster."""

    @property
    def workers(self) -> int:
        """How many play at once."""
        ...

    def play(self, work: Iterable[Work]) -> Iterator[Batch]:
        """The batches in the order of `work`; some are played ahead, and dropped if nobody asks for them."""
        ...


def play_batch(fighter: Fighter, work: Work) -> Batch:
    """Play one batch in this thread; the kernels hold no lock of Python's.

    Raises:
        PortunusError: Unknown rotation, or a kernel fault.
    """
    damage, counters, state = np.zeros(work.count), fighter.compiled.new_metrics(), fighter.compiled.new_state()
    if work.before and fighter.compiled.leftovers:  # the fight before these, for what it leaves
        fighter.compiled.run(np.zeros(1), first_seed=work.first_seed - 1, rotation=fighter.rotation, state=state)
    fighter.compiled.run(damage, first_seed=work.first_seed, rotation=fighter.rotation, metrics=counters, state=state)
    return Batch(work.first_seed, damage, counters)


class Threads:
    """Threads of this process.

    Args:
        fighters: What `Work.fighter` counts.
        workers: Number of threads.
    """

    def __init__(self, fighters: list[Fighter], workers: int) -> None:
        self._fighters = fighters
        self.workers = workers

    def play(self, work: Iterable[Work]) -> Iterator[Batch]:
        """See `Players`."""
        if self.workers == 1:
            for item in work:
                yield play_batch(self._fighters[item.fighter], item)
            return
        waiting: deque[Future[Batch]] = deque()
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for item in work:
                    waiting.append(pool.submit(play_batch, self._fighters[item.fighter], item))
                    if len(waiting) > 2 * self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


@dataclass(frozen=True)
class FightTotals:
    """Results of n fights; sums are over all fights, not means.

    Attributes:
        damage: float64 [n], damage of each fight (player and pets).
        duration_s: Length of a fight.
        rows: What the per-row arrays refer to. R = len(rows).
        casts, hits, crits, misses: int64 [R]. row_damage: float64 [R].
        auras: Names. aura_uptime_s: float64, enemy auras summed over enemies. aura_procs: int64.
        sources: (resource, source) pairs. gains: float64.
        spent: Resource spent by spell name.
    """

    damage: np.ndarray
    duration_s: float
    rows: tuple[MetricRow, ...]
    casts: np.ndarray
    hits: np.ndarray
    crits: np.ndarray
    misses: np.ndarray
    row_damage: np.ndarray
    auras: tuple[str, ...]
    aura_uptime_s: np.ndarray
    aura_procs: np.ndarray
    sources: tuple[tuple[str, str], ...]
    gains: np.ndarray
    spent: dict[str, float]

    @property
    def iterations(self) -> int:
        return len(self.damage)

    @property
    def dps(self) -> np.ndarray:
        """DPS of each fight, float64 [n]."""
        return self.damage / self.duration_s


def run_fights(compiled: CompiledSpec, iterations: int, *, seed: int = 1, rotation: str = "default", workers: int = 1) -> FightTotals:
    """Play `iterations` fights with a priority list and keep the damage of each (`portunus.sim.results.simulate` keeps none).

    Args:
        seed: Fight i uses `seed + i`.
        workers: Threads.

    Raises:
        PortunusError: Unknown rotation, or a kernel fault.
    """
    work = [Work(0, seed + start, min(CHUNK, iterations - start), start) for start in range(0, iterations, CHUNK)]
    batches = list(Threads([Fighter(compiled, rotation)], workers).play(work))
    blocks = [b.counters.view(compiled.layout.metrics_dtype)[0] for b in batches]

    def total(name: str) -> np.ndarray:
        return np.sum([b[name] for b in blocks], axis=0)

    layout, model = compiled.layout.layout, compiled.model
    spent = total("spent")
    return FightTotals(np.concatenate([b.damage for b in batches]), compiled.duration_ns / 1e9, layout.rows, total("casts"), total("hits"), total("crits"),
                       total("misses"), total("row_damage"), tuple(a.name for a in model.auras), total("aura_uptime") / 1e9, total("aura_procs"),
                       layout.sources, total("gains"), {s.name: float(spent[i]) for i, s in enumerate(model.spells) if spent[i]})
