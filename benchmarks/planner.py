"""Measure the planner as a service; by hand, on a quiet machine. Each command prints a table and the load beside it.

    python benchmarks/planner.py actors --fights 200              regret by number of trees, equal simulations per tree
    python benchmarks/planner.py actors --fights 60 --budget-ms 40 --judgement-us 30    the same with Ray actors, equal time
    python benchmarks/planner.py actors --fights 60 --budget-ms 40 --judgement-us 30 --processor    the same by processor time, on a machine that is not quiet
    python benchmarks/planner.py ponder --fights 60               regret with and without searching ahead, equal time to answer
    python benchmarks/planner.py restarts --kills 20 --stops 5    how long the worker's crash or hang leaves the overlay without advice (--cold: without a spare)

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
from time import perf_counter, thread_time
from typing import Any
from unittest import mock

import numpy as np

import portunus.search.shared as shared_search
from portunus.compiler import compile_spec
from portunus.planner.local import Planner, open_evaluator
from portunus.planner.shared import SharedPlanner, Threads
from portunus.runtime.signature import HEADER_FINISHED
from portunus.search.exact import Exact, ListJudge, solve
from portunus.search.fights import state_at
from portunus.search.settings import SearchSettings
from portunus.search.truth import NOISE

JUDGES = ("rotation", "list")
EXAMPLES = ("burst_window", "proc_chain", "dot_execute")
NODES = 65_536


@cache
def solved(name: str) -> Exact:
    return solve(compile_spec(f"specs/examples/{name}.spec", encounter="trial"))


@cache
def rotation(name: str):
    return open_evaluator(solved(name).compiled)


def planner_of(name: str, judge: str = "rotation", seed: int = 1, judgement_us: float = 0.0) -> Planner:
    """Judged by the default rotation played on (drawn values), or by its exact value with a fixed error for each state.

    The examples are judged in a microsecond, real specs in up to 30: `judgement_us` is what each simulation takes longer.
    """
    exact = solved(name)
    evaluator = rotation(name) if judge == "rotation" else ListJudge(exact, noise=NOISE, seed=seed)
    planner = Planner(exact.compiled, evaluator, SearchSettings(node_capacity=NODES, certain_errors=0.0))
    if judgement_us > 0:
        # This one search only, so that its class stays as it is: what mypy does not know of.
        planner.search._advance = slowed(planner.search._advance, judgement_us, lambda count, *_: count)  # type: ignore[method-assign]
        if not hasattr(shared_search.compare, "slowed"):
            shared_search.compare = slowed(shared_search.compare, 2 * judgement_us, lambda _, *arguments: arguments[-1])
    return planner


def slowed(work: Any, microseconds: float, count: Any) -> Any:
    """The same function, which uses so much more of a processor for each of `count(result, *arguments)` things it does."""

    def slower(*arguments):
        begun = thread_time()
        result = work(*arguments)
        end = thread_time() + 1e-6 * microseconds * count(result, *arguments)
        while thread_time() < end:
            pass
        slower.seconds += thread_time() - begun
        return result

    slower.slowed, slower.seconds = True, 0.0
    return slower


class OneByOne(Threads):
    """Trees that work one after the other, and a clock that runs as if each had a processor of its own.

    Args:
        planners: One per tree.
        round_trip_ms: What a call of several trees takes beside their work.
    """

    def __init__(self, planners: list[Planner], round_trip_ms: float) -> None:
        super().__init__(planners, threads=1)
        self._round_trip, self._ahead = round_trip_ms / 1e3, 0.0

    def now(self) -> float:
        """Seconds."""
        return thread_time() + self._ahead

    def call(self, method, arguments, *, patience):
        """See `Crew`."""
        taken, answers = [], []
        for tree, given in zip(self._trees, arguments, strict=True):
            begun = thread_time()
            answers.append(None if given is None else getattr(tree, method)(*given))
            taken.append(thread_time() - begun)
        self._ahead += max(taken) - sum(taken) + (self._round_trip if len(taken) > 1 else 0.0)
        return answers


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
    if args.budget_ms is None:
        print(f"equal simulations for each tree, {args.simulations:,}")
    elif args.processor:
        print(f"equal processor time for each tree, {args.budget_ms:g} ms for a decision, of which {args.round_trip_ms:g} ms for each message to other trees")
    else:
        print(f"equal time, {args.budget_ms:g} ms for a decision; the first tree in this process, the others Ray actors")
    if args.judgement_us:
        print(f"each simulation takes {args.judgement_us:g} us longer than in these small examples")
    for judge in args.judges:
        print(f"states judged by the {judge}")
        total: list[list[np.ndarray]] = [[] for _ in numbers]
        for name in EXAMPLES:
            columns = []
            for count in numbers:
                used: list[tuple[int, float]] = []
                with ExitStack() as stack:
                    columns.append(regrets(name, decider(args, name, judge, count, used, stack), args.fights))
                simulations, seconds = np.median(used, axis=0)
                print(f"    {name}, {count} trees: {simulations:,.0f} simulations and {1e3 * seconds:.1f} ms a decision (median)", flush=True)
            row(name, columns)
            for kept, column in zip(total, columns, strict=True):
                kept.append(column)
        row("mean", [np.mean(kept, axis=0) for kept in total])


def decider(args, name: str, judge: str, count: int, used: list[tuple[int, float]], stack: ExitStack) -> Any:
    """Decides with so many trees; `used` gets the simulations and seconds of each decision."""
    make = partial(planner_of, name, judge, judgement_us=args.judgement_us)
    by_fight: dict[int, SharedPlanner] = {}
    budget = {"simulations": args.simulations * count} if args.budget_ms is None else {"budget_ms": args.budget_ms}
    clock = perf_counter
    if args.budget_ms is not None and not args.processor and count > 1:
        from portunus.planner.cluster import RayCrew
        from portunus.train.cluster import local_ray

        stack.enter_context(local_ray(count - 1))
        crew = stack.enter_context(RayCrew(make(), make, workers=count - 1))
        crew.wait()
        by_fight[0] = SharedPlanner(crew)

    def decide(state, seed):
        nonlocal clock
        # Errors of a judge that belong to its states are others in each fight, except where processes keep their judge.
        fight = seed // 1000 if judge == "list" and (args.budget_ms is None or args.processor) else 0
        if fight not in by_fight:
            planners = [make(seed=max(fight, 1)) for _ in range(count)]
            by_fight.clear()
            if args.processor:
                one_by_one = OneByOne(planners, args.round_trip_ms)
                clock = one_by_one.now
                stack.enter_context(mock.patch("portunus.search.shared.perf_counter", thread_time))
                stack.enter_context(mock.patch("portunus.planner.shared.perf_counter", clock))
            by_fight[fight] = SharedPlanner(one_by_one if args.processor else Threads(planners, threads=1))
        planner, begun = by_fight[fight], clock()
        action = planner.decide(state, seed=seed, **budget)
        used.append((planner.peek()[1], clock() - begun))
        return action

    decide(solved(name).opening, 0)  # compiles
    used.clear()
    return decide


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
    from portunus.planner.service import Limits, PlannerService

    compiled = compile_spec(args.spec)
    state = state_at(compiled, 30 * 10**9, seed=1)
    limits = Limits(back_off=(0.0,), crashes=10**6, spare=float("inf") if args.cold else 0.0)
    service = PlannerService(args.spec, profile=None, encounter=None, limits=limits, layout_hash=compiled.layout_hash)
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
                advice()
                while not args.cold and not service.status.spare:
                    time.sleep(0.05)
                time.sleep(0.5)
                advice()
                before = service.status
                os.kill(before.pid or 0, how)
                begun = time.monotonic()
                while service.status.restarts == before.restarts:
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
    parser.add_argument("--judges", nargs="+", choices=JUDGES, default=list(JUDGES), help="actors: who judges states")
    parser.add_argument("--judgement-us", type=float, default=0.0, help="actors: what each simulation takes longer, as with larger specs")
    parser.add_argument("--processor", action="store_true", help="actors: count processor time, the trees one after the other, without Ray")
    parser.add_argument("--round-trip-ms", type=float, default=2.0, help="actors: charged with --processor for each message to other trees")
    parser.add_argument("--between-ms", type=float, default=60.0, help="ponder: time between decisions")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--cold", action="store_true", help="restarts: without a spare process")
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
