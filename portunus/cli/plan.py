"""`portunus plan`: what to do next and why, or whole fights in which the search decides."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from rich.console import Console

    from portunus.planner.local import Planner
    from portunus.planner.messages import Suggestion
    from portunus.planner.shared import SharedPlanner
    from portunus.runtime.compiled import CompiledSpec

BUDGET_MS = 250.0


@click.command(
    "plan",
    epilog="Example: portunus plan specs/wotlk/mage_fire.spec --at 30s --explain; and: portunus plan specs/wotlk/mage_fire.spec --simulations 256 --fights 20",
)
@click.argument("spec")
@click.option("--budget-ms", type=click.FloatRange(min=1, max=60_000), default=None, help="Time for each decision, ms. Default: 250.")
@click.option("--simulations", type=click.IntRange(min=1, max=10_000_000), default=None, help="Simulations for each decision instead; equal seeds give equal answers.")
@click.option("--at", default=None, metavar="TIME", help="Plan at this time of a fight played by the default rotation: 30s, 2min. Default: its first decision.")
@click.option("--fights", type=click.IntRange(min=2, max=100_000), default=None, help="Play whole fights, the search against the default rotation.")
@click.option("--model", type=click.Path(dir_okay=False, path_type=Path), default=None, help="A network, NAME.pt. Default: judge by the default rotation.")
@click.option("--backend", type=click.Choice(["compiled", "torchscript"]), default="compiled", show_default=True, help="How a network is evaluated.")
@click.option("--root", type=click.Choice(["gumbel", "puct"]), default="gumbel", show_default=True, help="How the search shares its simulations among the actions.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=1, show_default=True, help="Of the fights and of the search.")
@click.option("--profile", default=None, help="Gear and talents; default: the spec's own.")
@click.option("--encounter", default=None, help="The fight; default: the spec's own.")
@click.option("--decisions", type=click.IntRange(min=2, max=1_000_000), default=None, help="Measure how long decisions take: so many, in fights the search plays.")
@click.option("--hogs", type=click.IntRange(min=0, max=256), default=0, show_default=True, help="With --decisions: busy processes beside it, which want all of a core.")
@click.option("--workers", type=click.IntRange(min=1, max=256), default=1, show_default=True, help="Trees searched side by side, in threads, and merged into one answer.")
@click.option("--address", default=None, metavar="RAY",
              help="Search the trees on a Ray cluster instead: host:port, auto for this machine's, local to start one.")  # fmt: skip
@click.option("--ponder", is_flag=True, help="With --decisions: search ahead while each action takes its time, as the overlay does.")
@click.option("--explain", is_flag=True, help="Also show what each action leads to, and the tree: what may happen, and what would be done then.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every printed figure, and the tree, to this file.")
def command(
    spec: str, budget_ms: float | None, simulations: int | None, at: str | None, fights: int | None, model: Path | None, backend: str,
    root: str, seed: int, profile: str | None, encounter: str | None, decisions: int | None, hogs: int, workers: int, address: str | None,
    ponder: bool, explain: bool, json_file: Path | None,
) -> None:  # fmt: skip
    """Search for the best next action of SPEC, or play fights in which the search takes every decision."""
    import json

    from rich.console import Console

    from portunus.cli.plan_view import explain_decision, show_decision, show_fights, show_latencies
    from portunus.cli.planning import open_planner
    from portunus.errors import PortunusError
    from portunus.files import write_atomic
    from portunus.resources import find_spec

    if budget_ms is not None and simulations is not None:
        raise PortunusError("a search takes one budget", hint="Give --budget-ms or --simulations, not both.")
    if (fights or decisions) is not None and (at is not None or explain):
        raise PortunusError("--fights and --decisions play fights", hint="Leave out --at and --explain, which are about one decision.")
    if fights is not None and decisions is not None:
        raise PortunusError("--fights measures damage, --decisions measures time", hint="Give one of them.")
    if hogs and decisions is None:
        raise PortunusError("--hogs disturbs a measurement of time", hint="Add --decisions 200.")
    if ponder and (decisions is None or simulations is not None or workers > 1 or address is not None):
        raise PortunusError("--ponder is measured in decisions by time, in one tree", hint="Add --decisions 200; leave out --simulations, --workers and --address.")
    when = None if at is None else _time(at)
    path = find_spec(spec)
    budget = {"simulations": simulations} if simulations is not None else {"budget_ms": budget_ms or BUDGET_MS}
    console = Console()
    judged = f"network {model.name} ({backend})" if model else "default rotation"
    with ExitStack() as stack:
        with console.status("Compiling the spec and the search"):
            from portunus.compiler import compile_spec
            from portunus.planner.local import SearchSettings

            compiled = compile_spec(path, profile=profile, encounter=encounter)
            planner = stack.enter_context(open_planner(
                compiled, path, profile=profile, encounter=encounter, model=model, backend=backend, settings=SearchSettings(root=root),
                workers=workers, address=address,
            ))  # fmt: skip
        if fights is not None:
            found = _fights(console, compiled, planner, fights=fights, budget=budget, seed=seed)
            document = {"spec": compiled.name, "judged_by": judged, **found}
            show_fights(console, compiled, document)
        elif decisions is not None:
            found = _latencies(compiled, planner, decisions=decisions, budget=budget, seed=seed, hogs=hogs, ponder=ponder)
            document = {"spec": compiled.name, "judged_by": judged, **found}
            show_latencies(console, compiled, document)
        else:
            suggestion, seconds = _decide(compiled, planner, when=when, budget=budget, seed=seed)
            document = {"spec": compiled.name, "seed": seed, "judged_by": judged, "time_seconds": seconds, **suggestion.to_json()}
            show_decision(console, compiled, suggestion, seconds=seconds, judged=judged)
            if explain:
                labels = {action.name: action.label for action in compiled.actions}
                explain_decision(console, suggestion, labels=labels, unit=compiled.reference_dps * compiled.gcd_seconds)
    if json_file is not None:
        write_atomic(json_file, json.dumps(document, indent=1) + "\n")


def _time(text: str) -> int:
    """A time such as `30s`, `1.5min` or plain seconds, as nanoseconds."""
    import re

    from portunus.errors import PortunusError
    from portunus.units import convert

    match = re.fullmatch(r"(-?\d{1,6}(?:\.\d{1,9})?)\s*(ms|s|min|h)?", text.strip())
    if match is None:
        raise PortunusError(f"--at {text!r} is not a time", hint="Write it like 30s or 2min.")
    return int(convert(match[1], match[2] or "s"))


def _decide(compiled: CompiledSpec, planner: Planner | SharedPlanner, *, when: int | None, budget: dict[str, Any], seed: int) -> tuple[Suggestion, float]:
    """The suggestion, and the time of the fight it is for, seconds."""
    from portunus.runtime.signature import HEADER_NOW
    from portunus.search.fights import state_at

    state = state_at(compiled, -(1 << 62) if when is None else when, seed=seed)
    return planner.plan(state, seed=seed, **budget), int(state[HEADER_NOW]) * 1e-9


def _fights(
    console: Console, compiled: CompiledSpec, planner: Planner | SharedPlanner, *, fights: int, budget: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Play the fights; every figure that is printed, by name."""
    import numpy as np
    from rich.progress import Progress

    from portunus.evaluator.control import ControlledDamage
    from portunus.evaluator.rotation_value import fit_rotation_value
    from portunus.search.fights import Fight, by_rotation, play_fight
    from portunus.sim.statistics import mean, paired_difference, quantiles

    def decide(state: np.ndarray, number: int) -> tuple[int, int]:
        suggestion = planner.plan(state, seed=seed + number, sequence=number, **budget)
        return index[suggestion.action], suggestion.simulations

    index = {action.name: i for i, action in enumerate(compiled.actions)}
    control = ControlledDamage(compiled, fit_rotation_value(compiled), seed=seed)
    ours: list[Fight] = []
    theirs: list[Fight] = []
    controlled: list[float] = []
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        for number in progress.track(range(fights), description="playing fights"):
            for fights_of, player in ((ours, decide), (theirs, by_rotation(compiled))):
                fights_of.append(play_fight(compiled, player, seed=seed + number, watch=control.show))
                controlled.append(control.damage / fights_of[-1].seconds)
    search, rotation = np.array(controlled[::2]), np.array(controlled[1::2])
    sampled = paired_difference(np.array([f.dps for f in ours]), np.array([f.dps for f in theirs]))
    latencies = np.concatenate([f.latencies_ms for f in ours])
    difference, base = paired_difference(search, rotation), mean(rotation)
    simulations = sum(f.simulations for f in ours)
    p50, p99 = quantiles(latencies, (0.5, 0.99))
    return {
        "fights": fights,
        "seed": seed,
        "budget": budget,
        "search_dps": mean(search).value,
        "search_dps_half_width": mean(search).half_width,
        "rotation_dps": base.value,
        "rotation_dps_half_width": base.half_width,
        "difference_dps": difference.value,
        "difference_dps_half_width": difference.half_width,
        "difference_percent": 100 * difference.value / base.value,
        "difference_percent_half_width": 100 * difference.half_width / base.value,
        "sampled_search_dps": mean(np.array([f.dps for f in ours])).value,
        "sampled_rotation_dps": mean(np.array([f.dps for f in theirs])).value,
        "sampled_difference_dps": sampled.value,
        "sampled_difference_dps_half_width": sampled.half_width,
        "seconds": float(np.mean([f.seconds for f in ours])),
        "decisions": len(latencies),
        "simulations": simulations,
        "simulations_per_second": simulations / (latencies.sum() / 1e3),
        "latency_ms_p50": p50,
        "latency_ms_p99": p99,
        "latency_ms_max": float(latencies.max()),
        "actions": {
            action.name: {"search": _count(ours, i), "rotation": _count(theirs, i)} for i, action in enumerate(compiled.actions)
        },
    }


def _latencies(
    compiled: CompiledSpec, planner: Any, *, decisions: int, budget: dict[str, Any], seed: int, hogs: int, ponder: bool
) -> dict[str, Any]:
    """Take so many decisions in fights and time each; every figure that is printed, by name.

    With `ponder` the time that an action takes in the fight passes on the clock as well, and is used to search ahead.
    """
    import gc
    import os
    import subprocess
    import sys
    from time import perf_counter

    import numpy as np

    from portunus.runtime.signature import HEADER_FINISHED, HEADER_NOW
    from portunus.search.fights import state_at
    from portunus.sim.statistics import quantiles

    if ponder:
        from portunus.planner.ponder import Ponderer

        planner = Ponderer(planner)
        planner.plan(state_at(compiled, -(1 << 62), seed=seed), budget_ms=20)
    index = {action.name: i for i, action in enumerate(compiled.actions)}
    state, rng, fight = compiled.new_state(), compiled.new_rng(seed), 0
    compiled.reset(state, rng)
    times, simulations, hits = np.zeros(decisions), np.zeros(decisions, np.int64), np.zeros(decisions, bool)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(hogs)]
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number in range(decisions):
            begun = perf_counter()
            suggestion = planner.plan(state, seed=seed + number, **budget)
            times[number] = (perf_counter() - begun) * 1e3
            simulations[number] = suggestion.simulations
            before = int(state[HEADER_NOW])
            if ponder:
                hits[number] = planner.hit
            compiled.step(state, index[suggestion.action], rng)
            if ponder:
                end = perf_counter() + (int(state[HEADER_NOW]) - before) * 1e-9
                while perf_counter() < end and planner.think(lambda end=end: perf_counter() > end):
                    pass
            if state[HEADER_FINISHED]:
                fight += 1
                rng = compiled.new_rng(seed + fight)
                compiled.reset(state, rng)
    finally:
        gc.enable()
        for process in busy:
            process.kill()
            process.wait()
    limit = budget.get("budget_ms")
    p50, p99 = quantiles(times, (0.5, 0.99))
    found: dict[str, Any] = {"pondered": ponder and bool(hits.any()) and not bool(hits.all())}
    if found["pondered"]:
        found |= {"hit_share": float(hits.mean())}
        for name, chosen in (("hit", hits), ("miss", ~hits)):
            low, high = quantiles(times[chosen], (0.5, 0.99))
            found |= {f"{name}_ms_p50": low, f"{name}_ms_p99": high, f"{name}_simulations": float(np.median(simulations[chosen]))}
    return found | {
        "decisions": decisions, "seed": seed, "budget": budget, "hogs": hogs, "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "latency_ms_p50": p50, "latency_ms_p99": p99, "latency_ms_max": float(times.max()), "latency_ms_mean": float(times.mean()),
        "early_share": float((times < 0.9 * limit).mean()) if limit else None,
        "late_share": float((times > limit + 5.0).mean()) if limit else None,
        "simulations_per_second": int(simulations.sum()) / (times.sum() / 1e3),
    }  # fmt: skip


def _count(fights: list[Any], action: int) -> float:
    """How often an action was taken per fight."""
    return sum(int((f.actions == action).sum()) for f in fights) / len(fights)
