"""Trees in actors of a Ray cluster; the first tree stays in this process.

The Ray this process has joined is used as it is (`portunus.train.cluster` starts and joins). An actor that dies or fails, or is silent longer than a
caller has patience, takes part in no further round of that decision; it is replaced, and the new one joins when it is ready.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from portunus.errors import PortunusError
from portunus.planner.local import Planner, open_evaluator
from portunus.planner.shared import Tree
from portunus.search.settings import SearchSettings
from portunus.search.shared import RootStatistics, Stretch

START_SECONDS = 300.0  # an actor's start includes compiling where its machine has not yet
STUCK_SECONDS = 10.0  # an answer so late never comes
MOST_FAILURES = 20  # of one crew, before lost actors are no longer replaced


def make_tree(
    spec: str, layout_hash: str, *, profile: str | None, encounter: str | None, model: Path | str | None, backend: str, settings: SearchSettings | None
) -> Planner:
    """The planner of an actor, made from the names the driver's was made from.

    Raises:
        PortunusError: This machine understands the spec differently.
    """
    from portunus.compiler import compile_spec

    compiled = compile_spec(Path(spec), profile=profile, encounter=encounter)
    if compiled.layout_hash != layout_hash:
        raise PortunusError("a worker of the cluster understands the spec differently", hint="Install the same version of Portunus everywhere.")
    return Planner(compiled, open_evaluator(compiled, model, backend=backend), settings)


class RemoteTree(Tree):
    """The body of an actor."""

    def __init__(self, make: Callable[[], Planner], number: int) -> None:
        super().__init__(make(), number)
        state = self.planner.compiled.new_state()
        self.planner.compiled.reset(state, self.planner.compiled.new_rng(0))
        self.open(state, 0, None, None)
        self.work((0,), [Stretch(1, 0.01)], True)
        self.report([action.name for action in self.planner.compiled.actions], "")

    def open(self, state: np.ndarray, seed: int, allowed: np.ndarray | None, simulations: int | None) -> RootStatistics:
        """See `Tree.open`; what Ray hands over cannot be written to, and kernels are compiled for arrays that can."""
        return super().open(np.array(state), seed, allowed, simulations)

    def process(self) -> int:
        """Id of this actor's process; it answers when the tree is ready."""
        return os.getpid()


@dataclass
class _Slot:
    """One actor: its answer under way, since when, and its process once it is ready."""

    actor: Any
    number: int
    answer: Any = None
    since: float = 0.0
    process: int = 0


class RayCrew:
    """See `portunus.planner.shared.Crew`; a context manager that ends its actors.

    Args:
        planner: Of tree 0.
        make: Makes the planner of an actor, in its process.
        workers: Number of actors.

    Attributes:
        lost: Actors that died or were given up.
    """

    def __init__(self, planner: Planner, make: Callable[[], Planner], *, workers: int) -> None:
        import ray

        self.local = Tree(planner, 0)
        self.lost = 0
        self._reason = ""  # why an actor was lost last
        self._source = ray.put(make)
        self._actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(RemoteTree)
        self._slots = [self._start(number) for number in range(1, workers + 1)]
        self._crew: list[_Slot] = []  # those that take part in the decision under way

    def __enter__(self) -> RayCrew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, number: int) -> _Slot:
        actor = self._actor.remote(self._source, number)
        return _Slot(actor, number, actor.process.remote(), time.monotonic())

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Wait until all actors are ready.

        Raises:
            PortunusError: One cannot start.
        """
        end, before = time.monotonic() + seconds, self.lost
        while any(slot.process == 0 for slot in self._slots):
            self._look_round(0.2)
            if self.lost > before + len(self._slots) or time.monotonic() > end:
                raise PortunusError(f"the workers of the cluster do not start{self._reason}", hint="Leave out --address to search on this machine.", exit_code=1)

    @property
    def processes(self) -> list[int]:
        """Ids of the processes of the actors that are ready."""
        return [slot.process for slot in self._slots if slot.process]

    def gather(self) -> int:
        """See `Crew`."""
        self._look_round(0.0)
        self._crew = [slot for slot in self._slots if slot.process and slot.answer is None]
        return 1 + len(self._crew)

    def call(self, method: str, arguments: Sequence[tuple[Any, ...] | None], *, patience: float | None) -> list[Any]:
        """See `Crew`."""
        import ray

        waiting = []
        for slot, given in zip(self._crew, arguments[1:], strict=True):
            if given is not None:
                slot.answer, slot.since = getattr(slot.actor, method).remote(*given), time.monotonic()
                waiting.append(slot)
        results: list[Any] = [None] * len(arguments)
        begun = time.monotonic()
        if arguments[0] is not None:
            results[0] = getattr(self.local, method)(*arguments[0])
        if waiting:  # without a limit of the caller's: much longer than the local tree took for its equal share
            limit = max(STUCK_SECONDS, 5 * (time.monotonic() - begun)) if patience is None else patience
            ray.wait([slot.answer for slot in waiting], num_returns=len(waiting), timeout=limit)
        for slot in waiting:
            done, result = self._collect(slot)
            if done:
                results[1 + self._crew.index(slot)] = result
        return results

    def close(self) -> None:
        """See `Crew`."""
        import ray

        for slot in self._slots:
            ray.kill(slot.actor, no_restart=True)
        self._slots, self._crew = [], []

    def _collect(self, slot: _Slot) -> tuple[bool, Any]:
        """The answer of an actor if it is there; an actor that is gone is replaced."""
        import ray

        ready, _ = ray.wait([slot.answer], timeout=0)
        if not ready:
            return False, None
        try:
            result = ray.get(slot.answer, timeout=STUCK_SECONDS)
        except ray.exceptions.RayError as error:  # an error of its work as well: what is wrong with the question, the local tree says itself
            self._reason = f": {(str(error).strip().splitlines() or [''])[-1]}"
            self._replace(slot)
            return False, None
        slot.answer = None
        return True, result

    def _look_round(self, seconds: float) -> None:
        """Take in late answers, notice who is ready or gone."""
        import ray

        busy = [slot for slot in self._slots if slot.answer is not None]
        if not busy:
            return
        ray.wait([slot.answer for slot in busy], timeout=seconds)
        for slot in busy:
            done, result = self._collect(slot)
            if done and not slot.process:
                slot.process = result
            elif slot.answer is not None and time.monotonic() - slot.since > (STUCK_SECONDS if slot.process else START_SECONDS):
                self._replace(slot)

    def _replace(self, slot: _Slot) -> None:
        """Put a new actor into the place of one that failed."""
        import ray

        self.lost += 1
        ray.kill(slot.actor, no_restart=True)
        if self.lost > MOST_FAILURES:
            self._slots.remove(slot)
            return
        new = self._start(slot.number)
        slot.actor, slot.answer, slot.since, slot.process = new.actor, new.answer, new.since, 0
