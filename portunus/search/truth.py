"""How close a search comes to the exact optimum: the share of the gap between the list and best play that it closes in its own fights."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from portunus.runtime.signature import HEADER_FINISHED
from portunus.search.controls import CONTROLS, Control
from portunus.search.engine import Search
from portunus.search.exact import Exact, ListJudge
from portunus.search.settings import SearchSettings

if TYPE_CHECKING:
    from portunus.evaluator.protocol import Evaluator

NOISE = 0.18  # standard deviation of the error of a leaf's value, u


class Decider(Protocol):
    """Something that decides by a number of simulations, such as `Search`."""

    def decide(self, state: np.ndarray, *, simulations: int, seed: int) -> int:
        """The action to take in `state`, int64 [W]."""
        ...


class SearchDecider:
    """A `Search` as a `Decider`, each decision from a tree of its own.

    Args:
        exact: A solved spec.
        evaluator: Judges leaves.
        settings: How to search.
    """

    def __init__(self, exact: Exact, evaluator: Evaluator, settings: SearchSettings | None = None) -> None:
        self._search = Search(exact.compiled, evaluator, settings or SearchSettings(node_capacity=2048))

    def decide(self, state: np.ndarray, *, simulations: int, seed: int) -> int:
        """The action to take in `state`, int64 [W]."""
        return self._search.run(state, simulations=simulations, seed=seed).action


def deciders(exact: Exact) -> dict[str, Callable[[Evaluator], Decider]]:
    """The search and what it is compared with, by name; each takes the evaluator."""
    found: dict[str, Callable[[Evaluator], Decider]] = {"search": lambda evaluator: SearchDecider(exact, evaluator)}
    for kind in CONTROLS:
        found[kind] = lambda evaluator, kind=kind: Control(exact.compiled, evaluator, kind)  # type: ignore[misc]
    return found


@dataclass(frozen=True)
class Closed:
    """A measurement.

    Attributes:
        share: Share of the gap closed, 1 = best play, 0 = the list.
        error: Standard error of it.
        fights: Fights played.
    """

    share: float
    error: float
    fights: int


def gap_closed(
    exact: Exact, build: Callable[[Evaluator], Decider], *, simulations: int, fights: int, noise: float = NOISE, seed: int = 1, threads: int = 1
) -> Closed:  # fmt: skip
    """Play fights and add up what each decision gives away against best play: the noise of rewards plays no part.

    Every fight has errors of its own in the values of its leaves, so that the standard error covers them too.

    Args:
        exact: A solved spec.
        build: Makes the search from an evaluator.
        simulations: Of each decision.
        fights: How many.
        noise: Standard deviation of the errors, u.
        seed: Of fights, searches and errors.
        threads: Fights played side by side; it changes no result.
    """

    def play(fight: int) -> float:
        search = build(ListJudge(exact, noise=noise, seed=fight))
        state, rng, lost, number = exact.opening.copy(), exact.compiled.new_rng(fight), 0.0, 0
        while state[HEADER_FINISHED] == 0:
            action = search.decide(state, simulations=simulations, seed=1000 * fight + number)
            lost += exact.regret(state, action)
            exact.compiled.step(state, action, rng, expected=True)
            number += 1
        return 1.0 - lost / exact.gap

    closed = [play(seed)]  # alone: it compiles
    with ThreadPoolExecutor(threads) as pool:
        closed += pool.map(play, range(seed + 1, seed + fights))
    return Closed(float(np.mean(closed)), float(np.std(closed, ddof=1) / fights**0.5), fights)
