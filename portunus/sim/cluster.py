"""Fights spread over the workers of a Ray cluster: the same batches with the same seeds, taken in in the same order, so the same bits.

A worker that dies or hangs is replaced and its batches are played again; a batch depends on nothing but its fighter and its seeds.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.sim.fights import Batch, Fighter, Work, play_batch

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

BATCHES = 4  # of one piece of work, so that a worker is asked a few times a second
AHEAD = 3  # pieces per worker that are played before the oldest is in
START_SECONDS = 300.0  # a worker's first piece includes compiling
PATIENCE_SECONDS = 60.0
MOST_FAILURES = 8  # in a row, before the run gives up


@dataclass(frozen=True)
class Recipe:
    """What a worker needs to make its fighters: `sources[s]` makes kernels, and fighter i is `(s, tables, rotation, layout_hash)`."""

    sources: tuple[Callable[[], CompiledSpec], ...]
    fighters: tuple[tuple[int, np.ndarray, str, str], ...]


def recipe_of(fighters: list[Fighter]) -> Recipe:
    """The recipe of fighters; those that share kernels share a source.

    Raises:
        ValueError: A fighter has no source.
    """
    numbers: dict[int, int] = {}
    sources: list[Callable[[], CompiledSpec]] = []
    made = []
    for fighter in fighters:
        if fighter.source is None:
            raise ValueError("a fighter without a source cannot be sent to another process")
        kernels = id(fighter.compiled.keep)
        if kernels not in numbers:
            numbers[kernels] = len(sources)
            sources.append(fighter.source)
        made.append((numbers[kernels], fighter.compiled.tables, fighter.rotation, fighter.compiled.layout_hash))
    return Recipe(tuple(sources), tuple(made))


class Worker:
    """The body of a Ray actor: makes the fighters once (the kernels come from its machine's cache), then plays.

    Raises:
        PortunusError: This machine makes other kernels than the one that asks.
    """

    def __init__(self, recipe: Recipe) -> None:
        kernels = [source() for source in recipe.sources]
        self._fighters = []
        for source, tables, rotation, layout_hash in recipe.fighters:
            if kernels[source].layout_hash != layout_hash or kernels[source].tables.shape != tables.shape:
                raise PortunusError("a worker of the cluster understands the spec differently", hint="Install the same version of Portunus everywhere.")
            self._fighters.append(Fighter(replace(kernels[source], tables=np.array(tables)), rotation))

    def play(self, work: list[Work]) -> list[Batch]:
        """One piece of work."""
        return [play_batch(self._fighters[item.fighter], item) for item in work]

    def process(self) -> int:
        """Id of this worker's process."""
        return os.getpid()


@dataclass
class _Slot:
    """One actor, the number of the piece it plays, its answer to come, and since when."""

    actor: Any
    piece: int = -1
    answer: Any = None
    since: float = 0.0
    warm: bool = False


class RayPlayers:
    """Workers of the Ray this process has joined; see `portunus.sim.fights.Players`.

    Args:
        fighters: What `Work.fighter` counts.
        workers: How many; None, or more than the cluster has processors: one for each of them.
        patience: Seconds after which a worker that does not answer is replaced.

    Attributes:
        lost: Pieces of work that had to be played again.
    """

    def __init__(self, fighters: list[Fighter], *, workers: int | None = None, patience: float = PATIENCE_SECONDS) -> None:
        import ray

        processors = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.workers = min(workers or processors, processors)
        self.lost = 0
        self._patience = patience
        self._failures = 0
        self._recipe = ray.put(recipe_of(fighters))
        self._make = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Worker)
        self._slots: list[_Slot] = []

    def play(self, work: Iterable[Work]) -> Iterator[Batch]:
        """See `Players`.

        Raises:
            PortunusError: A kernel fault, or workers that keep failing.
        """
        import ray

        self._slots = [_Slot(self._make.remote(self._recipe)) for _ in range(self.workers)]
        items = iter(work)
        pieces: dict[int, list[Work]] = {}  # handed out or waiting, by number
        again: deque[int] = deque()
        done: dict[int, list[Batch]] = {}
        made = told = 0
        try:
            while True:
                while told in done:
                    yield from done.pop(told)
                    del pieces[told]
                    told += 1
                for slot in self._slots:
                    if slot.answer is not None:
                        continue
                    if again:
                        number = again.popleft()
                    elif made - told < AHEAD * self.workers and (piece := list(islice(items, BATCHES))):
                        number, made = made, made + 1
                        pieces[number] = piece
                    else:
                        break
                    slot.piece, slot.answer, slot.since = number, slot.actor.play.remote(pieces[number]), time.monotonic()
                busy = {slot.answer: slot for slot in self._slots if slot.answer is not None}
                if not busy:
                    return
                ready, _ = ray.wait(list(busy), num_returns=1, timeout=1.0)
                for answer in ready:
                    slot = busy[answer]
                    try:
                        done[slot.piece] = ray.get(answer, timeout=self._patience)
                        slot.answer, slot.warm, self._failures = None, True, 0
                    except ray.exceptions.RayError as error:
                        again.append(self._replace(slot, error))
                for slot in self._slots:
                    limit = self._patience if slot.warm else max(START_SECONDS, self._patience)
                    if slot.answer is not None and time.monotonic() - slot.since > limit:
                        again.append(self._replace(slot, TimeoutError(f"a worker did not answer for {limit:.0f} s")))
        finally:
            for slot in self._slots:
                ray.kill(slot.actor, no_restart=True)
            self._slots = []

    def _replace(self, slot: _Slot, error: Exception) -> int:
        """Put a new actor into the place of one that failed; returns the number of the piece that is to be played again."""
        import ray

        if isinstance(error, PortunusError):  # the spec's fault, or the installation's: it would happen again
            raise error
        cause = getattr(error, "cause", None)
        if isinstance(cause, PortunusError):
            raise cause
        self.lost += 1
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            reason = str(error).strip().splitlines()[-1:]
            raise PortunusError(f"workers of the cluster keep failing: {''.join(reason)}", hint="Leave out --address to play on this machine.",
                                exit_code=1) from error
        ray.kill(slot.actor, no_restart=True)
        slot.actor, slot.answer, slot.warm = self._make.remote(self._recipe), None, False
        return slot.piece

    @property
    def processes(self) -> list[int]:
        """Ids of the workers' processes, while they play."""
        import ray

        return ray.get([slot.actor.process.remote() for slot in self._slots], timeout=START_SECONDS)
