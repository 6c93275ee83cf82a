"""How fast the search is on this machine, with everything that belongs to it: for the demo's table and the benchmarks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.evaluator.kernels import call_evaluator, kernel
from portunus.evaluator.mlp import Mlp
from portunus.evaluator.protocol import NetworkWeights
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.search.engine import Search
from portunus.search.fights import state_at
from portunus.search.lanes import copy_words
from portunus.search.settings import SearchSettings
from portunus.search.tree import USED, bytes_per_node

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

SIMULATIONS = 1024
ROUNDS = 9
WARM_SECONDS = 0.5  # of searching before anything is measured: a processor that was idle takes its time to clock up
_PARTS = {"network": 0, "step": 1, "clone": 2, "features": 3, "legal": 4, "pair": 5}


def measure(
    compiled: CompiledSpec, weights: NetworkWeights, *, simulations: int = SIMULATIONS, rounds: int = ROUNDS, seconds: float = 30.0, seed: int = 1
) -> dict[str, Any]:
    """Search one state again and again on one thread; processor time counts, so other programs disturb little.

    A measured search includes everything: planting the root, judging it, all simulations, the choice, the result.

    Args:
        compiled: The spec.
        weights: A network for it.
        simulations: Of one search.
        rounds: Searches; the median counts.
        seconds: The state is the first decision at that time of a fight played by the default rotation.
        seed: Of the fight and the searches.

    Returns:
        `simulations_per_second`, median, and `slowest` and `fastest` round; `evaluations_per_second`; `simulations`, `depth`,
        `mean_depth`, `duplicates` and `steps_per_simulation` of one search; `hidden` and `features` of the network; nanoseconds of one
        `network_ns`, `pair_ns` (two states at once), `step_ns` (copying the state included), `clone_ns`, `features_ns` and `legal_ns`; `network_share`,
        `simulator_share` (steps, features and legal actions) and `tree_share` (the rest) of a simulation's time; and `node_bytes`.
    """
    search = Search(compiled, Mlp(weights), SearchSettings(node_capacity=simulations + 2))
    state = state_at(compiled, int(seconds * 1e9), seed=seed)
    result = search.run(state, simulations=simulations, seed=seed)
    times, clocks = [], []
    warm = perf_counter() + WARM_SECONDS
    while perf_counter() < warm:
        search.run(state, simulations=simulations, seed=seed)
    for number in range(rounds):
        begun, clock = thread_time(), perf_counter()
        result = search.run(state, simulations=simulations, seed=seed + number)
        times.append(thread_time() - begun)
        clocks.append(perf_counter() - clock)
    typical = median(times)
    parts = {name: _part_ns(search, part) for name, part in _PARTS.items()}
    steps = result.steps / simulations
    nanoseconds = typical / simulations * 1e9
    network = (0.5 * parts["pair"] if search.judge.two else parts["network"]) * result.evaluations / simulations / nanoseconds
    simulator = (parts["step"] * steps + (parts["features"] + parts["legal"]) * result.nodes / simulations) / nanoseconds
    return {
        "simulations_per_second": simulations / typical,
        "slowest": simulations / max(times),
        "fastest": simulations / min(times),
        "wall_simulations_per_second": simulations / median(clocks),
        "evaluations_per_second": result.evaluations / typical,
        "simulations": simulations,
        "rounds": rounds,
        "depth": result.depth,
        "mean_depth": result.mean_depth,
        "duplicates": result.duplicates,
        "steps_per_simulation": steps,
        "hidden": weights.hidden,
        "features": weights.features,
        **{f"{name}_ns": value for name, value in parts.items()},
        "network_share": network,
        "simulator_share": simulator,
        "tree_share": max(0.0, 1.0 - network - simulator),
        "node_bytes": bytes_per_node(search.game.actions, search.game.words),
    }


def both_cores(compiled: CompiledSpec, weights: NetworkWeights, *, simulations: int = SIMULATIONS, searches: int = 40, seed: int = 1) -> float:
    """How many times the simulations of one thread two threads do in the same time, by the clock, each with a tree of its own."""
    state = state_at(compiled, 30 * 10**9, seed=seed)
    pair = [Search(compiled, Mlp(weights), SearchSettings(node_capacity=simulations + 2)) for _ in range(2)]

    def work(search: Search) -> None:
        for number in range(searches):
            search.run(state, simulations=simulations, seed=number)

    gains = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            seconds = []
            for some in (pair[:1], pair):
                begun = perf_counter()
                list(pool.map(work, some))
                seconds.append(perf_counter() - begun)
            gains.append(2.0 * seconds[0] / seconds[1])
    return median(gains)


def _part_ns(search: Search, part: int, *, calls: int = 4000, rounds: int = 5) -> float:
    """Processor time of one call on states of the tree just searched, ns; the best of some rounds, less an empty loop."""
    scratch = np.zeros(search.game.words, np.int64)
    spent = {}
    for which in (part, -1):
        best = float("inf")
        _repeat(search.game, search.arena, search.judge, scratch, which, 10)
        for _ in range(rounds):
            begun = thread_time()
            _repeat(search.game, search.arena, search.judge, scratch, which, calls)
            best = min(best, thread_time() - begun)
        spent[which] = best
    return max(0.0, spent[part] - spent[-1]) / calls * 1e9


@kernel
def _repeat(game, arena, judge, scratch, part, calls):
    """Call one part `calls` times on the nodes of the tree in a scattered order; `scratch`, int64 [W], takes the copies."""
    used, total = arena.counters[USED], 0
    for i in range(calls):
        index = (i * 7919) % used
        address = arena.states_at + index * game.words * 8
        if part == 0:
            call_evaluator(
                judge.address, judge.integers, judge.reals, judge.weights, game.tables, address, arena.rng_at, arena.features_at,
                arena.mask_at, arena.heads_at,
            )  # fmt: skip
        elif part == 5 and judge.two != 0:
            call_evaluator(
                judge.two, judge.integers, judge.reals, judge.weights, game.tables, arena.states_at, arena.rng_at, arena.features_at,
                arena.mask_at, arena.heads_at,
            )  # fmt: skip
        elif part == 1 or part == 2:
            copy_words(scratch.ctypes.data, address, game.words)
            count = arena.nodes[index].edges
            if part == 1 and count > 0:
                edge = arena.edges[arena.nodes[index].first + i % count]
                total += call_step(game.step, scratch.ctypes.data, game.tables, game.metrics, arena.rng_at, edge.action, arena.info_at)
        elif part == 3:
            total += call_features(game.features, address, game.tables, arena.features_at)
        elif part == 4:
            total += call_legal(game.legal, address, game.tables, arena.mask_at)
        total += index
    return total
