"""`portunus sim`: many fights of one spec: damage per second, actions, auras, resources; a report; the log of one fight."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click import get_current_context
from click.core import ParameterSource

if TYPE_CHECKING:
    from portunus.sim.arrangement import Arrangement
    from portunus.sim.results import SimulationResult

MOST_FIGHTS = 1_000_000


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@click.command("sim", epilog="Example: portunus sim specs/wotlk/mage_fire.spec --iterations 10000 --report report.html")
@click.argument("spec")
@click.option("--profile", default=None, help="Character, a name or a TOML file; default: the spec's own.")
@click.option("--encounter", default=None, help="Fight, a name or a .spec file; default: patchwerk.")
@click.option("--rotation", default=None, help="Priority list of the spec. [default: default]")
@click.option("--apl", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Play this priority list of the wowsims simulators instead.")
@click.option("--iterations", type=click.IntRange(min=1, max=10_000_000), default=None, help="Fights. [default: 10000; with --target-error at most 1000000]")
@click.option("--target-error", type=click.FloatRange(min=0, max=100, min_open=True), default=None, metavar="PCT",
              help="Stop when the standard error of the mean is at most this many percent of it.")
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), default=1, show_default=True, help="Seed of the first fight; the next ones count up.")
@click.option("--workers", type=click.IntRange(min=1, max=256), default=None, help="Threads; they do not change the results. [default: processors]")
@click.option("--reference", is_flag=True, help="Switch the artefacts of the reference simulator on.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every figure to this file.")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write a page with charts to this file.")
@click.option("--trace", is_flag=True, help="Only print the log of the first fight; nothing is compiled.")
@click.option("--precise", is_flag=True, help="With --trace: nanoseconds, every digit, and the number of random draws so far.")
def command(
    spec: str, profile: str | None, encounter: str | None, rotation: str | None, apl: Path | None, iterations: int | None, target_error: float | None,
    seed: int, workers: int | None, reference: bool, json_file: Path | None, report_file: Path | None, trace: bool, precise: bool,
) -> None:  # fmt: skip
    """Simulate many fights of SPEC and print damage per second, actions, auras and resources.

    The same seed, spec and inputs give the same figures on any number of workers.
    """
    from portunus.cli import printable
    from portunus.errors import PortunusError
    from portunus.sim.arrangement import arrange

    if apl is not None and rotation is not None:
        raise PortunusError("--rotation and --apl both name a priority list", hint="Give one of them.")
    if precise and not trace:
        raise PortunusError("--precise is about the log", hint="Add --trace.")
    if trace and (json_file or report_file or iterations or target_error):
        raise PortunusError("--trace prints the log of one fight and sums nothing up", hint="Leave out --iterations, --target-error, --json and --report.")
    ready = arrange(spec, profile=profile, encounter=encounter, rotation=rotation or "default", apl=apl, reference=reference)
    for place, reason in (*ready.imported.ignored, *ready.imported.notes) if ready.imported is not None else ():
        click.echo(printable(f"note: {apl}: {place}: {reason}"), err=True)
    if trace:
        print_trace(ready, seed=seed, precise=precise)
        return
    result = play(ready, iterations=iterations, target_error=target_error, seed=seed, workers=workers or processors())
    print_result(ready, result)
    if json_file is not None:
        write_json(json_file, ready, result)
    if report_file is not None:
        write_page(report_file, ready, result, again=command_line(get_current_context()))


def command_line(context: click.Context) -> str:
    """The command line of a click context, with what was given and nothing else."""
    import shlex

    words = ["portunus", context.info_name or ""]
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        value = context.params.get(parameter.name or "")
        if source is not ParameterSource.COMMANDLINE:
            continue
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        else:
            words += [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], str(value)]  # type: ignore[attr-defined]
    return shlex.join(words)


def play(ready: Arrangement, *, iterations: int | None, target_error: float | None, seed: int, workers: int) -> SimulationResult:
    """The fights, with a bar on standard error if somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from portunus.sim.results import simulate

    most = iterations or (MOST_FIGHTS if target_error is not None else 10_000)
    console = Console(stderr=True)
    with Progress(TextColumn("fights"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True,
                  disable=not console.is_terminal) as bar:
        task = bar.add_task("fights", total=most)
        return simulate(
            ready.compiled, iterations=most, seed=seed, rotation=ready.rotation, workers=workers,
            target_error=target_error / 100 if target_error is not None else None, progress=lambda done, _: bar.update(task, completed=done),
        )  # fmt: skip


def print_result(ready: Arrangement, result: SimulationResult) -> None:
    """The result as text for a reader."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if Console().is_terminal else 140, highlight=False)

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style), soft_wrap=True)

    def table(title: str, *headings: str) -> Table:
        made = Table(title=title, title_justify="left", title_style="bold")
        for i, heading in enumerate(headings):
            made.add_column(heading, justify="left" if i == 0 else "right")
        return made

    enemies = f"{result.enemies} enem{'y' if result.enemies == 1 else 'ies'}"
    say(f"{result.title}, rotation {result.rotation}, {ready.encounter.label}: {result.duration_s:g} s, {enemies}")
    say(f"DPS {result.dps.value:,.1f} ± {result.dps.half_width:,.1f} (95 % interval)", "bold")
    quantile = dict(result.quantiles)
    say(f"spread {result.deviation:,.1f}, lowest {quantile[0.0]:,.0f}, median {quantile[0.5]:,.0f}, highest {quantile[1.0]:,.0f}")
    actions = table("Actions, per fight", "action", "DPS", "share", "casts", "hits", "crit", "misses", "average")
    for a in sorted(result.actions, key=lambda a: (-a.damage.value, -a.casts.value, a.label)):
        if a.casts.value or a.hits or a.misses:
            actions.add_row(Text(a.label), f"{a.damage.value / result.duration_s:,.1f}", f"{a.share:.1%}", f"{a.casts.value:,.2f}", f"{a.hits:,.2f}" if a.hits else "",
                            f"{a.crits / a.hits:.1%}" if a.hits else "", f"{a.misses:,.2f}" if a.misses else "", f"{a.average:,.0f}" if a.average else "")
    console.print(actions)
    auras = table("Auras", "aura", "up", "applied per fight")
    for aura in sorted(result.auras, key=lambda a: (-a.uptime_s, a.label)):
        if aura.uptime_s or aura.procs:
            auras.add_row(Text(aura.label), f"{aura.uptime_s / result.duration_s / (result.enemies if aura.on_target else 1):.1%}", f"{aura.procs:,.2f}")
    console.print(auras)
    labels = {s.name: s.label for s in ready.compiled.model.spells} | {a.name: a.label for a in ready.compiled.model.auras}
    resources = table("Resources, per fight", "source or use", "resource", "amount")
    for gain in result.resources:
        if gain.gain:
            resources.add_row(Text(labels.get(gain.source, gain.source.replace("_", " "))), gain.resource, f"{gain.gain:+,.1f}")
    for spell, amount in sorted(result.spent, key=lambda pair: -pair[1]):
        resources.add_row(Text(labels[spell]), ready.compiled.model.spell(spell).resource, f"{-amount:+,.1f}")
    console.print(resources)
    threads = f"{result.workers} thread{'s' if result.workers > 1 else ''}"
    say(f"{result.fights:,} fights in {result.seconds:.2f} s, {result.fights_per_second:,.0f} fights/s on {threads}")
    say("; ".join(f"{name} {value}" for name, value in inputs(ready, result)))


def inputs(ready: Arrangement, result: SimulationResult) -> tuple[tuple[str, str], ...]:
    """Everything that makes the same figures again."""
    from portunus import __version__

    return (
        ("portunus", __version__), ("spec", str(ready.spec)), ("behaviour", str(ready.compiled.behaviour)), ("layout", ready.compiled.layout_hash),
        ("profile", ready.profile.source), ("encounter", ready.encounter.name), ("rotation", ready.rotation),
        ("seeds", f"{result.seed} to {result.seed + result.fights - 1}"), ("reference artefacts", "on" if ready.compiled.reference else "off"),
    )  # fmt: skip


def write_json(path: Path, ready: Arrangement, result: SimulationResult) -> None:
    """Every figure to a file."""
    import json

    from portunus.files import write_atomic
    from portunus.sim.results import result_document

    written = {name.replace(" ", "_"): value for name, value in inputs(ready, result)}
    write_atomic(path, json.dumps(result_document(result, inputs=written), indent=1) + "\n")


def write_page(path: Path, ready: Arrangement, result: SimulationResult, *, again: str) -> None:
    """The report, with the fight of the first seed drawn in full; `again` is the command line that makes it."""
    from portunus.sim.report import report_of, write_report
    from portunus.sim.timeline import timeline_of

    text = ready.imported.text if ready.imported is not None else ""
    timeline = timeline_of(ready.compiled, seed=result.seed, rotation=ready.rotation)
    write_report(path, report_of(result, command=again, inputs=inputs(ready, result), timeline=timeline, rotation_text=text))


def print_trace(ready: Arrangement, *, seed: int, precise: bool) -> None:
    """The log of one fight, a line per event."""
    from portunus.cli import printable
    from portunus.sim.trace import trace_line, trace_program

    for event in trace_program(*ready.lowered(), seed, ready.rotation):
        click.echo(printable(trace_line(event, enemies=ready.encounter.enemies, precise=precise)))
