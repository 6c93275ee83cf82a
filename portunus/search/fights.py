"""Whole fights in which a search takes every decision, and the same fights played by a rotation.

A fight's own random stream drives what happens in it; the searches draw from streams of their own, seeded by the number of the
decision, so they know nothing of what the fight will draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.runtime.signature import HEADER_DAMAGE, HEADER_DURATION, HEADER_FINISHED, HEADER_NOW

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

MAX_DECISIONS = 100_000  # of one fight


@dataclass(frozen=True)
class Fight:
    """One fight.

    Attributes:
        damage: Done in all.
        seconds: Length.
        actions: What was done, int64 [decisions].
        latencies_ms: How long each decision took, float64 [decisions].
        simulations: Of all its searches.
    """

    damage: float
    seconds: float
    actions: np.ndarray
    latencies_ms: np.ndarray
    simulations: int

    @property
    def dps(self) -> float:
        """Damage per second."""
        return self.damage / self.seconds


def play_fight(
    compiled: CompiledSpec, decide: Callable[[np.ndarray, int], tuple[int, int]], *, seed: int,
    watch: Callable[[np.ndarray, int, int], None] | None = None,
) -> Fight:  # fmt: skip
    """Play one fight.

    Args:
        compiled: The spec.
        decide: Called with the state and the number of the decision; returns the action and the simulations it took.
        seed: Of the fight's random stream.
        watch: Shown each state, the action chosen there and the number of the decision, outside the time that is measured.

    Raises:
        PortunusError: An action was illegal, or the fight does not end.
    """
    state, rng = compiled.new_state(), compiled.new_rng(seed)
    compiled.reset(state, rng)
    actions, latencies, simulations = [], [], 0
    while state[HEADER_FINISHED] == 0:
        if len(actions) == MAX_DECISIONS:
            raise PortunusError(f"{compiled.name}: a fight took more than {MAX_DECISIONS} decisions", exit_code=1)
        begun = perf_counter()
        action, used = decide(state, len(actions))
        latencies.append((perf_counter() - begun) * 1e3)
        if watch is not None:
            watch(state, action, len(actions))
        compiled.step(state, action, rng)
        actions.append(action)
        simulations += used
    damage = float(state[HEADER_DAMAGE : HEADER_DAMAGE + 1].view(np.float64)[0])
    return Fight(damage, int(state[HEADER_DURATION]) * 1e-9, np.array(actions, np.int64), np.array(latencies), simulations)


def by_rotation(compiled: CompiledSpec, rotation: str = "default") -> Callable[[np.ndarray, int], tuple[int, int]]:
    """A player that follows a rotation, for `play_fight`."""
    return lambda state, number: (compiled.rotation(state, rotation), 0)


def state_at(compiled: CompiledSpec, nanoseconds: int, *, seed: int) -> np.ndarray:
    """The first decision point at or after a time in a fight that the default rotation plays.

    Args:
        compiled: The spec.
        nanoseconds: Time since the pull; a large negative number means the opening.
        seed: Of the fight.

    Raises:
        PortunusError: The fight is over before.
    """
    state, rng = compiled.new_state(), compiled.new_rng(seed)
    compiled.reset(state, rng)
    for _ in range(MAX_DECISIONS):
        if state[HEADER_FINISHED] != 0:
            break
        if state[HEADER_NOW] >= nanoseconds:
            return state
        compiled.step(state, compiled.rotation(state), rng)
    length = int(state[HEADER_DURATION]) * 1e-9
    raise PortunusError(f"the fight is over before {nanoseconds * 1e-9:g} s", hint=f"It lasts {length:g} s; choose an earlier time.")
