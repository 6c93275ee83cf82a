"""`portunus plan`: what to do next and why, or whole fights in which the search decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from rich.console import Console

    from portunus.planner.local import Planner
    from portunus.planner.messages import Suggestion, TreeNode
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
@click.option("--explain", is_flag=True, help="Also show what each action leads to, and the tree: what may happen, and what would be done then.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every printed figure to this file.")
def command(
    spec: str, budget_ms: float | None, simulations: int | None, at: str | None, fights: int | None, model: Path | None, backend: str,
    root: str, seed: int, profile: str | None, encounter: str | None, decisions: int | None, hogs: int, explain: bool, json_file: Path | None,
) -> None:  # fmt: skip
    """Search for the best next action of SPEC, or play fights in which the search takes every decision."""
    import json

    from rich.console import Console

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
    when = None if at is None else _time(at)
    path = find_spec(spec)
    budget = {"simulations": simulations} if simulations is not None else {"budget_ms": budget_ms or BUDGET_MS}
    console = Console()
    with console.status("Compiling the spec and the search") as status:
        from portunus.compiler import compile_spec
        from portunus.planner.local import Planner, SearchSettings, open_evaluator

        compiled = compile_spec(path, profile=profile, encounter=encounter)
        evaluator = open_evaluator(compiled, model, backend=backend)
        planner = Planner(compiled, evaluator, SearchSettings(root=root))
        _warm_up(compiled, planner)
        status.update("Searching")
        result = None
        if fights is None and decisions is None:
            result = _decide(compiled, planner, when=when, budget=budget, seed=seed)
    judged = f"network {model.name} ({backend})" if model else "default rotation"
    if result is not None:
        suggestion, seconds = result
        _show(console, compiled, suggestion, seconds=seconds, judged=judged)
        if explain:
            _explain(console, suggestion, labels={action.name: action.label for action in compiled.actions})
            console.print(_tree(suggestion.tree))
        document = {"spec": compiled.name, "seed": seed, "judged_by": judged, "time_seconds": seconds, **suggestion.to_json()}
    elif decisions is not None:
        document = {"spec": compiled.name, "judged_by": judged, **_latencies(compiled, planner, decisions=decisions, budget=budget, seed=seed, hogs=hogs)}
        _show_latencies(console, compiled, document)
    else:
        document = {"spec": compiled.name, "judged_by": judged, **_fights(console, compiled, planner, fights=fights or 0, budget=budget, seed=seed)}
        _show_fights(console, compiled, document)
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


def _warm_up(compiled: CompiledSpec, planner: Planner) -> None:
    """Compile what the search needs, so that no measured decision pays for it."""
    state = compiled.new_state()
    compiled.reset(state, compiled.new_rng(0))
    planner.plan(state, simulations=64)
    planner.plan(state, budget_ms=20)


def _decide(compiled: CompiledSpec, planner: Planner, *, when: int | None, budget: dict[str, Any], seed: int) -> tuple[Suggestion, float]:
    """The suggestion, and the time of the fight it is for, seconds."""
    from portunus.runtime.signature import HEADER_NOW
    from portunus.search.fights import state_at

    state = state_at(compiled, -(1 << 62) if when is None else when, seed=seed)
    return planner.plan(state, seed=seed, **budget), int(state[HEADER_NOW]) * 1e-9


def _show(console: Console, compiled: CompiledSpec, suggestion: Suggestion, *, seconds: float, judged: str) -> None:
    from rich.table import Table
    from rich.text import Text

    labels = {action.name: action.label for action in compiled.actions}
    table = Table(title=f"{compiled.title} at {seconds:.2f} s", title_justify="left")
    for heading in ("action", "loss, damage", "loss, DPS", "value", "simulations", "expected before"):
        table.add_column(heading, justify="left" if heading == "action" else "right")
    for report in suggestion.actions:
        chosen = report.name == suggestion.action
        loss = ("best", "") if chosen else (f"{report.loss_damage:,.0f}", f"{report.loss_percent:.3f} %")
        table.add_row(
            Text(_named(report.name, report.label)), *loss, f"{report.value:+.3f}", f"{report.visits:,}", f"{100 * report.prior:.1f} %",
            style="bold" if chosen else "",
        )  # fmt: skip
    console.print(table)
    console.print("loss: damage given up against the best action, and its share of the DPS over the rest of the fight", style="dim")
    console.print("value: global cooldowns of damage ahead of the default rotation's pace, to the end of the fight", style="dim")
    line = " > ".join(_named(name, labels[name]) for name in (suggestion.action, *suggestion.queue))
    console.print(f"most likely line: [bold]{line}[/bold]", highlight=False)
    network = f" ({suggestion.network_ms:.1f} ms of it in the network)" if suggestion.network_ms else ""
    console.print(
        f"{suggestion.simulations:,} simulations in {suggestion.search_ms:.1f} ms{network}, "
        f"up to {suggestion.depth} decisions deep; states judged by: {judged}",
        highlight=False,
    )


def _named(name: str, label: str) -> str:
    """`Living Bomb`, or `Living Bomb (enemy 2)`."""
    return f"{label} (enemy {name.partition('@')[2]})" if "@" in name else label


def _explain(console: Console, suggestion: Suggestion, *, labels: dict[str, str]) -> None:
    """Of each action: what would follow, and what chance decides."""
    for report in suggestion.actions:
        if not report.visits:
            continue
        line = " > ".join(_named(name, labels[name]) for name in (report.name, *report.line))
        console.print(f"[bold]{line}[/bold]", highlight=False)
        for outcome in report.outcomes:
            difference = outcome.value - report.value
            console.print(f"    {100 * outcome.probability:3.0f} %  {outcome.label}: {difference:+.2f} against the mean", highlight=False, markup=False)


def _tree(root: TreeNode) -> Any:
    from rich.text import Text
    from rich.tree import Tree

    drawn = Tree(Text("now"))

    def grow(parent: Any, node: TreeNode) -> None:
        for child in node.children:
            share = f"{100 * child.probability:.0f} %"
            text = f"if {child.label} ({share})" if child.kind == "chance" else _named(child.name, child.label)
            line = Text(f"{text}  {child.value:+.2f}  {child.visits:,}")
            line.stylize("italic cyan" if child.kind == "chance" else "bold" if child is node.children[0] else "")
            grow(parent.add(line), child)

    grow(drawn, root)
    return drawn


def _fights(
    console: Console, compiled: CompiledSpec, planner: Planner, *, fights: int, budget: dict[str, Any], seed: int
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
    compiled: CompiledSpec, planner: Planner, *, decisions: int, budget: dict[str, Any], seed: int, hogs: int
) -> dict[str, Any]:
    """Take so many decisions in fights and time each; every figure that is printed, by name."""
    import gc
    import os
    import subprocess
    import sys
    from time import perf_counter

    import numpy as np

    from portunus.runtime.signature import HEADER_FINISHED
    from portunus.sim.statistics import quantiles

    index = {action.name: i for i, action in enumerate(compiled.actions)}
    state, rng, fight = compiled.new_state(), compiled.new_rng(seed), 0
    compiled.reset(state, rng)
    times, simulations = np.zeros(decisions), 0
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(hogs)]
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number in range(decisions):
            begun = perf_counter()
            suggestion = planner.plan(state, seed=seed + number, **budget)
            times[number] = (perf_counter() - begun) * 1e3
            simulations += suggestion.simulations
            compiled.step(state, index[suggestion.action], rng)
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
    return {
        "decisions": decisions, "seed": seed, "budget": budget, "hogs": hogs, "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "latency_ms_p50": p50, "latency_ms_p99": p99, "latency_ms_max": float(times.max()), "latency_ms_mean": float(times.mean()),
        "early_share": float((times < 0.9 * limit).mean()) if limit else None,
        "late_share": float((times > limit + 5.0).mean()) if limit else None,
        "simulations_per_second": simulations / (times.sum() / 1e3),
    }  # fmt: skip


def _show_latencies(console: Console, compiled: CompiledSpec, figures: dict[str, Any]) -> None:
    budget = figures["budget"]
    asked = f"{budget['budget_ms']:g} ms" if "budget_ms" in budget else f"{budget['simulations']:,} simulations"
    console.print(
        f"{compiled.title}: {figures['decisions']:,} decisions with {asked} each, {figures['hogs']} busy processes beside; "
        f"states judged by: {figures['judged_by']}",
        highlight=False,
    )
    console.print(
        f"a decision took {figures['latency_ms_p50']:.1f} ms (median), {figures['latency_ms_p99']:.1f} ms (99 %), "
        f"{figures['latency_ms_max']:.1f} ms (longest); {figures['simulations_per_second']:,.0f} simulations/s",
        highlight=False,
    )
    if figures["early_share"] is not None:
        console.print(
            f"ended early because the answer was settled: {100 * figures['early_share']:.1f} %; more than 5 ms late: {100 * figures['late_share']:.2f} %",
            highlight=False,
        )


def _count(fights: list[Any], action: int) -> float:
    """How often an action was taken per fight."""
    return sum(int((f.actions == action).sum()) for f in fights) / len(fights)


def _show_fights(console: Console, compiled: CompiledSpec, figures: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{compiled.title}: {figures['fights']} fights of {figures['seconds']:g} s with the same seeds", title_justify="left")
    for heading in ("who decides", "mean DPS", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "who decides" else "right")
    for who in ("search", "rotation"):
        table.add_row("search" if who == "search" else "default rotation", f"{figures[f'{who}_dps']:,.1f}", f"± {figures[f'{who}_dps_half_width']:,.1f}")
    table.add_row(
        "difference", f"{figures['difference_dps']:+,.1f}", f"± {figures['difference_dps_half_width']:,.1f}", style="bold", end_section=True
    )
    table.add_row("", f"{figures['difference_percent']:+.2f} %", f"± {figures['difference_percent_half_width']:.2f} %", style="bold")
    console.print(table)
    console.print(
        "DPS with the luck of the fights taken out as far as the rotation's fitted value knows it (same mean, less variance); as it fell: "
        f"{figures['sampled_search_dps']:,.1f} against {figures['sampled_rotation_dps']:,.1f}, "
        f"{figures['sampled_difference_dps']:+,.1f} ± {figures['sampled_difference_dps_half_width']:,.1f}",
        style="dim", highlight=False,
    )  # fmt: skip
    casts = Table(title="actions per fight", title_justify="left")
    for heading in ("action", "search", "default rotation"):
        casts.add_column(heading, justify="left" if heading == "action" else "right")
    labels = {action.name: action.label for action in compiled.actions}
    for name, counts in figures["actions"].items():
        if counts["search"] or counts["rotation"]:
            casts.add_row(Text(_named(name, labels[name])), f"{counts['search']:.1f}", f"{counts['rotation']:.1f}")
    console.print(casts)
    console.print(
        f"{figures['simulations_per_second']:,.0f} simulations/s; a decision took {figures['latency_ms_p50']:.1f} ms (median), "
        f"{figures['latency_ms_p99']:.1f} ms (99 %), {figures['latency_ms_max']:.1f} ms (longest of {figures['decisions']:,}); "
        f"states judged by: {figures['judged_by']}",
        highlight=False,
    )
