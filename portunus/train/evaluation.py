"""Measuring a network: the default list, the network alone and the network with search, all in the same fights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.evaluator.mlp import Mlp
from portunus.search.engine import Search
from portunus.search.fights import play_fight
from portunus.train.gate import NORMAL_95, compare
from portunus.train.play import Fights, network_fights, rotation_fights

if TYPE_CHECKING:
    from portunus.evaluator.model_file import Model
    from portunus.runtime.compiled import CompiledSpec


@dataclass(frozen=True)
class Budget:
    """Of one search; exactly one is set.

    Attributes:
        simulations: Number of simulations; equal seeds give equal fights.
        milliseconds: Time.
    """

    simulations: int | None = None
    milliseconds: float | None = None

    def __str__(self) -> str:
        return f"{self.simulations} simulations" if self.simulations is not None else f"{self.milliseconds:g} ms"


def search_fights(
    compiled: CompiledSpec, search: Search, seeds: np.ndarray, budget: Budget, *, tick: Callable[[], None] = lambda: None
) -> tuple[Fights, dict[str, float]]:
    """Fights in which a search decides, every roll drawn from the fight's own stream.

    Args:
        compiled: The spec.
        search: The search.
        seeds: int[n], one fight each.
        budget: Of each decision.
        tick: Called after each fight.

    Returns:
        The fights, and what the searches did: decisions, simulations per second of search time, mean and 99th percentile of the time of
        a decision in ms.

    Raises:
        PortunusError: A fight broke off with a fault.
    """
    played = []
    for seed in seeds:

        def decide(state: np.ndarray, number: int, seed: int = int(seed)) -> tuple[int, int]:
            found = search.run(state, simulations=budget.simulations, budget_ms=budget.milliseconds, seed=(seed << 20) + number)
            return found.action, found.simulations

        played.append(play_fight(compiled, decide, seed=int(seed)))
        tick()
    times = np.concatenate([fight.latencies_ms for fight in played])
    figures = {
        "decisions": len(times),
        "simulations_per_second": sum(fight.simulations for fight in played) / (times.sum() / 1e3),
        "mean_ms": float(times.mean()),
        "p99_ms": float(np.percentile(times, 99)),
    }
    return Fights(np.array([fight.damage for fight in played]), np.array([fight.seconds for fight in played])), figures


def evaluate_model(
    compiled: CompiledSpec, model: Model, *, fights: int, seed: int, budget: Budget | None, tick: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Play the same fights three ways and compare.

    Args:
        compiled: The spec.
        model: The network.
        fights: How many fights each plays, at least 2.
        seed: Of the first fight; the following seeds are used too.
        budget: Of each searched decision; None = no search.
        tick: Called after each searched fight.

    Returns:
        JSON values: per player its mean DPS and half a 95 % interval, and its paired difference to the default list in percent.

    Raises:
        PortunusError: A fight broke off with a fault.
    """
    seeds = seed + np.arange(fights)
    rotation = rotation_fights(compiled, seeds).dps
    players = {"default list": rotation, "network alone": network_fights(compiled, model.weights, seeds).dps}
    figures: dict[str, Any] = {}
    if budget is not None:
        searched, figures = search_fights(compiled, Search(compiled, Mlp(model.weights, model.doubt)), seeds, budget, tick=tick)
        players["network and search"] = searched.dps
    rows = []
    for name, dps in players.items():
        row = {"player": name, "dps": float(dps.mean()), "half_width": NORMAL_95 * float(dps.std(ddof=1)) / len(dps) ** 0.5}
        if name != "default list":
            paired = compare(dps, rotation)
            row |= {"difference_percent": paired.percent, "difference_half_width": paired.percent_half_width}
        rows.append(row)
    return {
        "spec": compiled.name,
        "model": str(model.path),
        "fights": fights,
        "seed": seed,
        "budget": str(budget) if budget else "no search",
        "players": rows,
        "search": figures,
    }
