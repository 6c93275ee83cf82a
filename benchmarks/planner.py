"""Measure the planner as a service; by hand, on a quiet machine. Each command prints a table and the load beside it.

    python benchmarks/planner.py actors --fights 200              regret by number of trees, equal simulations per tree
    python benchmarks/planner.py actors --fights 60 --budget-ms 40   the same with Ray actors, equal time
    python benchmarks/planner.py ponder --fights 60               regret with and without searching ahead, equal time to answer
    python benchmarks/planner.py restarts --kills 20 --stops 5    how long the worker's crash or hang leaves the overlay without advice

Regret is what decisions give away against best play, in percent of what the default rotation gives away, on the three small specs that are
solved exactly; fights have the same seeds in every column.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from contextlib import ExitStack
from functools import cache, partial
from itertools import pairwise
from time import perf_counter

import numpy as np

from portunus.compiler import compile_spec
from portunus.planner.local import Planner, open_evaluator
from portunus.planner.shared import SharedPlanner, Threads
from portunus.runtime.signature import HEADER_FINISHED
from portunus.search.exact import Exact, ListJudge, solve
from portunus.search.fights import state_at
from portunus.search.settings import SearchSettings
from portunus.search.truth import NOISE

EXAMPLES = ("burst_window", "proc_chain", "dot_execute")
NODES = 65_536


@cache
def solved(name: str) -> Exact:
    return solve(compile_spec(f"specs/examples/{name}.spec", encounter="trial"))


@cache
def rotation(name: str):
    return open_evaluator(solved(name).compiled)


def planner_of(name: str, judge: str = "rotation", seed: int = 1) -> Planner:
    """Judged by the default rotation played on (drawn values), or by its exact value with a fixed error for each state."""
    exact = solved(name)
    evaluator = rotation(name) if judge == "rotation" else ListJudge(exact, noise=NOISE, seed=seed)
    return Planner(exact.compiled, evaluator, SearchSettings(node_capacity=NODES, certain_errors=0.0))


def regrets(name: str, decide, fights: int, after=None) -> np.ndarray:
    """Percent of the rotation's regret in each fight. decide(state, seed) -> action; after(seconds of the action) passes the time."""
    exact, found = solved(name), []
    for fight in range(1, fights + 1):
        state, rng, lost, number = exact.opening.copy(), exact.compiled.new_rng(fight), 0.0, 0
        while state[HEADER_FINISHED] == 0:
            action = decide(state, 1000 * fight + number)
            lost += exact.regret(state, action)
            exact.compiled.step(state, action, rng, expected=True)
            if after is not None:
                after()
            number += 1
        found.append(100 * lost / exact.gap)
    return np.array(found)


def row(name: str, columns: list[np.ndarray]) -> None:
    def text(x: np.ndarray) -> str:
        return f"{x.mean():6.2f} ± {x.std(ddof=1) / len(x) ** 0.5:4.2f}"

    changes = [text(b - a) for a, b in pairwise(columns)]
    print(f"{name:14s} {'   '.join(text(c) for c in columns)}   change {'   '.join(changes)}", flush=True)


def actors(args) -> None:
    """Regret by number of trees."""
    numbers = args.trees
    print(f"regret, % of the default rotation's, ± standard error, {args.fights} fights each; trees: {numbers}")
    if args.budget_ms is not None:
        from portunus.planner.cluster import RayCrew
        from portunus.train.cluster import local_ray

        print(f"equal time, {args.budget_ms:g} ms for a decision; the first tree in this process, the others Ray actors; states judged by the rotation")
        total: list[list[np.ndarray]] = [[] for _ in numbers]
        for name in EXAMPLES:
            columns = []
            with ExitStack() as stack:
                if max(numbers) > 1:
                    stack.enter_context(local_ray(max(numbers) - 1))
                for count in numbers:
                    if count == 1:
                        shared = SharedPlanner(Threads([planner_of(name)]))
                    else:
                        crew = stack.enter_context(RayCrew(planner_of(name), partial(planner_of, name), workers=count - 1))
                        crew.wait()
                        shared = SharedPlanner(crew)
                    simulations = []

                    def decide(state, seed, shared=shared, simulations=simulations):
                        action = shared.decide(state, budget_ms=args.budget_ms, seed=seed)
                        simulations.append(shared.peek()[1])
                        return action

                    decide(solved(name).opening, 0)
                    columns.append(regrets(name, decide, args.fights))
                    print(f"    {name}, {count} trees: {np.median(simulations):,.0f} simulations a decision (median)", flush=True)
            row(name, columns)
            for kept, column in zip(total, columns, strict=True):
                kept.append(column)
        row("mean", [np.mean(kept, axis=0) for kept in total])
        return
    for judge in ("rotation", "noisy list"):
        print(f"equal simulations per tree, {args.simulations}; states judged by the {judge}")
        total = [[] for _ in numbers]
        for name in EXAMPLES:
            columns = []
            for count in numbers:
                by_fight: dict[int, SharedPlanner] = {}

                def decide(state, seed, name=name, count=count, by_fight=by_fight, judge=judge):
                    fight = seed // 1000 if judge != "rotation" else 0
                    if fight not in by_fight:
                        by_fight.clear()
                        by_fight[fight] = SharedPlanner(Threads([planner_of(name, judge, fight) for _ in range(count)], threads=1))
                    return by_fight[fight].decide(state, simulations=args.simulations * count, seed=seed)

                columns.append(regrets(name, decide, args.fights))
            row(name, columns)
            for kept, column in zip(total, columns, strict=True):
                kept.append(column)
        row("mean", [np.mean(kept, axis=0) for kept in total])


def ponder(args) -> None:
    """Regret with and without searching ahead."""
    from portunus.planner.ponder import Ponderer

    print(f"{args.budget_ms or 10:g} ms for a decision, {args.between_ms:g} ms between decisions; {args.fights} fights each; without, with searching ahead")
    for name in EXAMPLES:
        budget = args.budget_ms or 10.0
        names = {action.name: i for i, action in enumerate(solved(name).compiled.actions)}
        plain, ahead = planner_of(name), Ponderer(planner_of(name))
        waits: dict[bool, list[float]] = {True: [], False: []}

        def with_it(state, seed, ahead=ahead, names=names, waits=waits, budget=budget):
            begun = perf_counter()
            action = names[ahead.plan(state, budget_ms=budget, seed=seed).action]
            waits[ahead.hit].append((perf_counter() - begun) * 1e3)
            return action

        def between(ahead=ahead):
            end = perf_counter() + args.between_ms / 1e3
            while perf_counter() < end and ahead.think(lambda: perf_counter() > end):
                pass

        def without(state, seed, plain=plain, names=names, budget=budget):
            return names[plain.plan(state, budget_ms=budget, seed=seed).action]

        row(name, [regrets(name, without, args.fights), regrets(name, with_it, args.fights, between)])
        print(f"    hits {100 * ahead.hits / ahead.asked:.1f} %; time to answer {np.median(waits[True] or [0]):.1f} ms on a hit, {np.median(waits[False] or [0]):.1f} ms else")


def restarts(args) -> None:
    """Kill and stop the worker, and see how soon advice comes again."""
    from portunus.planner.service import READY, Limits, PlannerService

    compiled = compile_spec(args.spec)
    state = state_at(compiled, 30 * 10**9, seed=1)
    service = PlannerService(args.spec, profile=None, encounter=None, limits=Limits(back_off=(0.0,), crashes=10**6), layout_hash=compiled.layout_hash)
    number = 0

    def advice() -> float:
        """Seconds until the next suggestion."""
        nonlocal number
        begun = time.monotonic()
        while True:
            number += 1
            service.request(state, number, time.monotonic())
            end = time.monotonic() + 0.05
            while time.monotonic() < end:
                if service.poll() is not None:
                    return time.monotonic() - begun
                time.sleep(0.002)
            if time.monotonic() - begun > 120:
                raise SystemExit(f"no advice in 120 s: {service.status}")

    advice()
    try:
        for how, count in ((signal.SIGKILL, args.kills), (signal.SIGSTOP, args.stops)):
            noticed, again = [], []
            for _ in range(count):
                time.sleep(args.between_s)
                advice()
                os.kill(service.status.pid or 0, how)
                begun = time.monotonic()
                while service.status.state == READY:
                    time.sleep(0.001)
                noticed.append(time.monotonic() - begun)
                advice()
                again.append(time.monotonic() - begun)
            if count:
                print(
                    f"{count} x {signal.Signals(how).name}: noticed after {1e3 * np.median(noticed):.0f} ms (median), {1e3 * max(noticed):.0f} ms (longest); "
                    f"advice again after {np.median(again):.2f} s (median), {max(again):.2f} s (longest)", flush=True,
                )  # fmt: skip
    finally:
        service.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("actors", "ponder", "restarts"))
    parser.add_argument("--fights", type=int, default=100)
    parser.add_argument("--trees", type=int, nargs="+", default=None, help="actors: numbers of trees")
    parser.add_argument("--simulations", type=int, default=128, help="actors: per tree and decision")
    parser.add_argument("--budget-ms", type=float, default=None)
    parser.add_argument("--between-ms", type=float, default=60.0, help="ponder: time between decisions")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--between-s", type=float, default=15.0, help="restarts: time between them; a spare process loads meanwhile, if there is time")
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--spec", default="specs/wotlk/mage_fire.spec")
    args = parser.parse_args()
    args.trees = args.trees or ([1, 2] if args.budget_ms else [1, 2, 4])
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    {"actors": actors, "ponder": ponder, "restarts": restarts}[args.what](args)
    print(f"load average after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    import planner  # by a name that the processes of Ray can import too

    planner.main()
