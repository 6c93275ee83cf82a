"""Self-play workers: Ray actors that are replaced when they die or hang, or one player in this process.

Each piece of work depends on its arguments alone (network and seed), so lost work is simply dropped and its seed is spent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from portunus.errors import PortunusError
from portunus.train.samples import Samples
from portunus.train.selfplay import SelfPlay, SelfPlaySettings

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec

FIRST_WORK_SECONDS = 300.0  # the first work of a process includes compiling
MAX_FAILURES = 8  # in a row, before training gives up


class Pool(Protocol):
    """Players that turn networks into samples.

    Attributes:
        lost: Pieces of work that were given up.
    """

    lost: int

    def feed(self, weights: NetworkWeights, next_seed: Callable[[], int]) -> None:
        """Give work to every idle player."""
        ...

    def collect(self, seconds: float) -> list[Samples]:
        """Samples that are ready, waiting at most so long for the first."""
        ...


class LocalPool:
    """One player in this process; plays when its samples are collected."""

    def __init__(self, compiled: CompiledSpec, settings: SelfPlaySettings, fights: int) -> None:
        self._player = SelfPlay(compiled, settings)
        self._fights = fights
        self._work: tuple[NetworkWeights, int] | None = None
        self.lost = 0

    def feed(self, weights: NetworkWeights, next_seed: Callable[[], int]) -> None:
        """Keep the work until it is collected."""
        if self._work is None:
            self._work = weights, next_seed()

    def collect(self, seconds: float) -> list[Samples]:
        """Do the work now; the time to wait does not matter."""
        if self._work is None:
            return []
        (weights, seed), self._work = self._work, None
        return [self._player.play(weights, fights=self._fights, seed=seed)]


class Player:
    """The body of a Ray actor: compiles the spec once (the kernels come from the cache), then plays."""

    def __init__(self, source: Callable[[], CompiledSpec], settings: SelfPlaySettings) -> None:
        self._player = SelfPlay(source(), settings)

    def play(self, weights: NetworkWeights, fights: int, seed: int) -> Samples:
        """One piece of work."""
        return self._player.play(weights, fights=fights, seed=seed)


@dataclass
class _Slot:
    """One actor, the work it does, and since when."""

    actor: Any
    work: Any = None
    since: float = 0.0
    warm: bool = False


class RayPool:
    """Ray actors, one per processor; Ray must be running.

    Args:
        source: Makes the compiled spec inside a worker; a module-level function or a partial of one.
        settings: How to play.
        fights: Of one piece of work.
        workers: How many actors.
        patience: Seconds after which an actor that does not answer is replaced.
    """

    def __init__(
        self, source: Callable[[], CompiledSpec], settings: SelfPlaySettings, fights: int, *, workers: int, patience: float = 30.0
    ) -> None:
        self._make = lambda: self._remote().remote(source, settings)
        self._fights = fights
        self._patience = patience
        self._failures = 0
        self.lost = 0
        self.slots = [_Slot(self._make()) for _ in range(workers)]

    @staticmethod
    def _remote() -> Any:
        import ray

        return ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Player)

    def feed(self, weights: NetworkWeights, next_seed: Callable[[], int]) -> None:
        """Give work to every idle actor."""
        import ray

        idle = [slot for slot in self.slots if slot.work is None]
        if not idle:
            return
        shared = ray.put(weights)
        for slot in idle:
            slot.work = slot.actor.play.remote(shared, self._fights, next_seed())
            slot.since = time.monotonic()

    def collect(self, seconds: float) -> list[Samples]:
        """Samples that are ready, waiting at most so long for the first; replaces actors that died or hang.

        Raises:
            PortunusError: The actors keep failing; carries the last reason.
        """
        import ray

        busy = {slot.work: slot for slot in self.slots if slot.work is not None}
        ready, _ = ray.wait(list(busy), num_returns=len(busy), timeout=0) if busy else ([], [])
        if busy and not ready:
            ready, _ = ray.wait(list(busy), num_returns=1, timeout=seconds)
        found = []
        for work in ready:
            slot = busy[work]
            slot.work = None
            try:
                found.append(ray.get(work, timeout=self._patience))
                slot.warm, self._failures = True, 0
            except (ray.exceptions.RayError, PortunusError) as error:
                self._fail(slot, error)
        for slot in self.slots:
            limit = self._patience if slot.warm else max(FIRST_WORK_SECONDS, self._patience)
            if slot.work is not None and time.monotonic() - slot.since > limit:
                self._fail(slot, TimeoutError(f"a worker did not answer for {limit:.0f} s"))
        return found

    def _fail(self, slot: _Slot, error: Exception) -> None:
        """Drop the work of an actor and put a new one in its place."""
        import ray

        self.lost += 1
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            reason = str(error).strip().splitlines()[-1:]
            raise PortunusError(
                f"self-play workers keep failing: {''.join(reason)}", hint="Try --workers 0, which plays in this process.", exit_code=1
            ) from error
        ray.kill(slot.actor, no_restart=True)
        slot.actor, slot.work, slot.warm = self._make(), None, False
