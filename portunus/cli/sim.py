"""`portunus sim`: many fights of one spec: damage per second, actions, auras, resources; variants; a report; the log of one fight."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click import get_current_context
from click.core import ParameterSource

if TYPE_CHECKING:
    from rich.table import Table

    from portunus.sim.arrangement import Arrangement
    from portunus.sim.fights import Fighter, Players
    from portunus.sim.results import Progress, SimulationResult
    from portunus.sim.versus import StatWeights, VariantResult

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
              help="Stop when the 95 % interval reaches at most this many percent of the mean to either side; with --versus, of every difference; "
                   "with --stat-weights, of the heaviest weight.")
@click.option("--versus", multiple=True, metavar="KEY=VALUE[,...]",
              help="Also play this variant in the same fights and show the paired difference; may be given several times. Keys: rotation, apl, profile, race, "
                   "talents, glyphs (joined by +), stats.NAME, options.NAME.")
@click.option("--stat-weights", is_flag=True, help="Also measure what a point of each statistic is worth, in the same fights.")
@click.option("--stat-step", type=click.FloatRange(min=0, min_open=True), default=50.0, show_default=True, help="Points by which --stat-weights raises and lowers.")
@click.option("--normalise", default=None, metavar="STAT", help="The statistic that counts as 1. [default: the heaviest kind of power]")
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), default=1, show_default=True, help="Seed of the first fight; the next ones count up.")
@click.option("--workers", type=click.IntRange(min=1, max=256), default=None, help="Threads; they do not change the results. [default: processors]")
@click.option("--address", default=None, metavar="RAY",
              help="Spread the fights over the Ray cluster at this address (host:port, or auto); the figures stay the same. local: over a private Ray on this machine.")
@click.option("--reference", is_flag=True, help="Switch the artefacts of the reference simulator on.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every figure to this file.")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write a page with charts to this file.")
@click.option("--trace", is_flag=True, help="Only print the log of the first fight; nothing is compiled.")
@click.option("--precise", is_flag=True, help="With --trace: nanoseconds, every digit, and the number of random draws so far.")
def command(
    spec: str, profile: str | None, encounter: str | None, rotation: str | None, apl: Path | None, iterations: int | None, target_error: float | None,
    versus: tuple[str, ...], stat_weights: bool, stat_step: float, normalise: str | None, seed: int, workers: int | None, address: str | None,
    reference: bool, json_file: Path | None, report_file: Path | None, trace: bool, precise: bool,
) -> None:  # fmt: skip
    """Simulate many fights of SPEC and print damage per second, actions, auras and resources.

    The same seed, spec and inputs give the same figures on any number of workers.
    """
    from portunus.cli import printable
    from portunus.errors import PortunusError
    from portunus.sim.arrangement import arrange, vary

    refuse_contradictions(
        (apl is not None and rotation is not None, "--rotation and --apl both name a priority list", "Give one of them."),
        (precise and not trace, "--precise is about the log", "Add --trace."),
        (trace and bool(json_file or report_file or iterations or target_error or versus or stat_weights), "--trace prints the log of one fight and sums nothing up",
         "Leave out --iterations, --target-error, --versus, --stat-weights, --json and --report."),
        (bool(versus) and stat_weights, "--versus and --stat-weights are two measurements", "Run the command once for each."),
        (normalise is not None and not stat_weights, "--normalise is about stat weights", "Add --stat-weights."),
    )  # fmt: skip
    ready = arrange(spec, profile=profile, encounter=encounter, rotation=rotation or "default", apl=apl, reference=reference)
    variants = [(text, vary(ready, text)) for text in versus]
    if len(set(versus)) != len(versus):
        raise PortunusError("--versus names a variant twice", hint="Give each variant once.")
    for label, each in ((str(apl), ready), *variants):
        for place, reason in (*each.imported.ignored, *each.imported.notes) if each.imported is not None else ():
            click.echo(printable(f"note: {label}: {place}: {reason}"), err=True)
    if trace:
        print_trace(ready, seed=seed, precise=precise)
        return
    most = iterations or (MOST_FIGHTS if target_error is not None else 10_000)
    with cluster(address, workers) as players, progress_bar(most) as progress:
        outcome = measure(ready, variants, weigh=stat_weights, step=stat_step, normalise=normalise, iterations=most, seed=seed, workers=workers or processors(),
                          target_error=None if target_error is None else target_error / 100, progress=progress, players=players)
    print_outcome(ready, outcome)
    if json_file is not None:
        write_json(json_file, ready, outcome)
    if report_file is not None:
        write_page(report_file, ready, outcome, again=command_line(get_current_context()))


def refuse_contradictions(*cases: tuple[bool, str, str]) -> None:
    """Raise the first contradiction of `(holds, message, hint)`."""
    from portunus.errors import PortunusError

    for holds, message, hint in cases:
        if holds:
            raise PortunusError(message, hint=hint)


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
        elif parameter.is_flag:  # type: ignore[attr-defined]
            words.append(parameter.opts[0])
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], str(one)]
    return shlex.join(words)


@contextmanager
def progress_bar(most: int) -> Iterator[Progress]:
    """A bar on standard error if somebody watches; gives what is called with (fights done, fights at most)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    with Progress(TextColumn("fights"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True,
                  disable=not console.is_terminal) as bar:
        task = bar.add_task("fights", total=most)
        yield lambda done, _: bar.update(task, completed=done)


@contextmanager
def cluster(address: str | None, workers: int | None) -> Iterator[Callable[[list[Fighter]], Players] | None]:
    """A Ray while the block runs, and what makes players from it; None without an address: threads play."""
    if address is None:
        yield None
        return
    from functools import partial

    from portunus.sim.cluster import RayPlayers
    from portunus.train.cluster import joined_ray, local_ray

    with local_ray(workers or processors()) if address == "local" else joined_ray(address):
        yield partial(RayPlayers, workers=workers)


@dataclass(frozen=True)
class Outcome:
    """What was measured; variants or weights if they were asked for."""

    result: SimulationResult
    variants: tuple[VariantResult, ...] = ()
    weights: StatWeights | None = None

    @property
    def fighters(self) -> int:
        """How many played each fight."""
        return 1 + len(self.variants) + sum(1 if w.bend is None else 2 for w in (self.weights.weights if self.weights else ()))


def measure(
    ready: Arrangement, variants: list[tuple[str, Arrangement]], *, weigh: bool, step: float, normalise: str | None, iterations: int, seed: int, workers: int,
    target_error: float | None, progress: Progress, players: Callable[[list[Fighter]], Players] | None = None,
) -> Outcome:  # fmt: skip
    """Play the fights, with the variants or for the weights."""
    from portunus.sim.results import simulate
    from portunus.sim.versus import play_versus, stat_weights

    common: dict[str, Any] = {"iterations": iterations, "seed": seed, "workers": workers, "target_error": target_error, "progress": progress}
    if weigh:
        result, weights = stat_weights(ready, step=step, normalise=normalise, players=players, **common)
        return Outcome(result, weights=weights)
    if variants:
        return Outcome(*play_versus(ready, variants, players=players, **common))
    alone = players([ready.fighter()]) if players is not None else None
    counted = alone is None and target_error is None  # else nobody knows yet how many fights it will be, or other machines compile
    compiled = ready.compiled_for(iterations) if counted else ready.compiled
    return Outcome(simulate(compiled, rotation=ready.rotation, players=alone, **common))


def print_outcome(ready: Arrangement, outcome: Outcome) -> None:
    """What was measured as text for a reader."""
    from rich.console import Console
    from rich.text import Text

    result = outcome.result
    console = Console(width=None if Console().is_terminal else 160, highlight=False)

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style), soft_wrap=True)

    fewest = ready.encounter.enemies
    enemies = f"{f'{fewest} to ' if fewest < result.enemies else ''}{result.enemies} enem{'y' if result.enemies == 1 else 'ies'}"
    say(f"{result.title}, rotation {result.rotation}, {ready.encounter.label}: {result.duration_s:g} s, {enemies}")
    say(f"DPS {result.dps.value:,.1f} ± {result.dps.half_width:,.1f} (95 % interval, {100 * result.dps.relative_half_width:.2f} %)", "bold")
    if result.health_gone_s:
        say(f"at this damage the enemies' health is gone after {result.health_gone_s:.0f} s; the fight goes on in its last phase to its `duration`: "
            f"write `duration {result.health_gone_s:.0f}s` to end it there", "yellow")
    known, quantile = result.distribution, dict(result.quantiles)
    say(f"spread {result.deviation:,.1f}, lowest {known.lowest:,.0f} (seed {known.lowest_seed}), median {quantile[0.5]:,.0f}, "
        f"highest {known.highest:,.0f} (seed {known.highest_seed})")
    if outcome.variants:
        console.print(variants_table(outcome.variants))
    elif outcome.weights is not None:
        console.print(weights_table(outcome.weights))
        if outcome.weights.inert:
            say(f"without any effect: {', '.join(outcome.weights.inert)}")
    else:
        for table in result_tables(ready, result):
            console.print(table)
    threads = f"{result.workers} worker{'s' if result.workers > 1 else ''}"
    together = result.fights_per_second * outcome.fighters
    say(f"{result.fights:,} fights{f' for each of {outcome.fighters}' if outcome.fighters > 1 else ''} in {result.seconds:.2f} s, {together:,.0f} fights/s on {threads}")
    say("; ".join(f"{name} {value}" for name, value in inputs(ready, result)))


def _table(title: str, *headings: str) -> Table:
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold")
    for i, heading in enumerate(headings):
        made.add_column(heading, justify="left" if i == 0 else "right")
    return made


def result_tables(ready: Arrangement, result: SimulationResult) -> list[Table]:
    """Actions, auras and resources, each figure with half its 95 % interval."""
    from rich.text import Text

    from portunus.sim.report import plus_minus

    actions = _table("Actions, per fight", "action", "DPS", "share", "casts", "hits", "crit", "avoided", "average")
    for a in sorted(result.actions, key=lambda a: (-a.damage.value, -a.casts.value, a.label)):
        if a.casts.value or a.hits.value or a.avoided.value:
            landed = bool(a.hits.value)
            actions.add_row(Text(a.label), plus_minus(a.damage, 1, factor=1 / result.duration_s), f"{a.share:.1%}", plus_minus(a.casts, 2),
                            plus_minus(a.hits, 2) if landed else "", f"{a.crits.value / a.hits.value:.1%}" if landed else "",
                            plus_minus(a.avoided, 2) if a.avoided.value else "", f"{a.average:,.0f}" if a.average else "")
    auras = _table("Auras", "aura", "up", "applied per fight")
    for aura in sorted(result.auras, key=lambda a: (-a.uptime_s.value, a.label)):
        if aura.uptime_s.value or aura.procs.value:
            most = result.time_to_be_up_s(aura)
            auras.add_row(Text(aura.label), plus_minus(aura.uptime_s, 1, factor=100 / most, unit=" %"), plus_minus(aura.procs, 2))
    labels = {s.name: s.label for s in ready.model.spells} | {a.name: a.label for a in ready.model.auras}
    resources = _table("Resources, per fight", "source or use", "resource", "amount")
    for gain in result.resources:
        if gain.gain.value:
            resources.add_row(Text(labels.get(gain.source, gain.source.replace("_", " "))), gain.resource, "+" + plus_minus(gain.gain, 1))
    for spell, amount in sorted(result.spent, key=lambda pair: -pair[1].value):
        resources.add_row(Text(labels[spell]), ready.model.spell(spell).resource, "-" + plus_minus(amount, 1))
    return [actions, auras, resources]


def variants_table(variants: tuple[VariantResult, ...]) -> Table:
    """The variants beside the base; a difference whose interval holds 0 is called what it is."""
    from rich.text import Text

    from portunus.sim.report import plus_minus

    table = _table("Variants in the same fights", "variant", "DPS", "difference", "percent", "verdict", "correlation")
    for v in sorted(variants, key=lambda v: -v.difference.value):
        verdict = ("better" if v.difference.value > 0 else "worse") if v.difference.shown else "no difference shown"
        table.add_row(Text(v.name), f"{v.dps.value:,.1f}", plus_minus(v.difference, 1, sign=True), plus_minus(v.share, 2, factor=100, unit=" %", sign=True),
                      verdict, f"{v.correlation:.2f}")
    return table


def weights_table(found: StatWeights) -> Table:
    """What a point of each statistic is worth; a weight whose interval holds 0 is not given as a multiple."""
    from rich.text import Text

    from portunus.sim.report import plus_minus

    table = _table(f"What a point is worth, {found.weights[0].step:g} up and down", "statistic", "has", "DPS a point", f"{found.unit} = 1", "")
    for w in found.weights:
        if not w.weight.shown:
            remark = "no effect shown"
        elif w.bend is not None and w.bend.shown:
            remark = f"gains {'less' if w.bend.value < 0 else 'more'} than it loses here"
        else:
            remark = ""
        table.add_row(Text(w.stat), f"{w.has:,.0f}", plus_minus(w.weight, 3), plus_minus(w.normalised, 3) if w.weight.shown else "", remark)
    return table


def inputs(ready: Arrangement, result: SimulationResult) -> tuple[tuple[str, str], ...]:
    """Everything that makes the same figures again."""
    from portunus import __version__

    return (
        ("portunus", __version__), ("spec", str(ready.spec)), ("behaviour", str(ready.compiled.behaviour)), ("layout", ready.compiled.layout_hash),
        ("profile", ready.profile.source), ("encounter", ready.encounter.name), ("rotation", ready.rotation),
        ("seeds", f"{result.seed} to {result.seed + result.fights - 1}"), ("reference artefacts", "on" if ready.compiled.reference else "off"),
    )  # fmt: skip


def character(ready: Arrangement) -> tuple[tuple[str, str], ...]:
    """Who fights, as texts."""
    from portunus.sim.profile import profile_table

    table = profile_table(ready.profile, ready.model)
    lists = {key: ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in sorted(table[key].items())) or "none" for key in ("stats", "options")}
    weapons = "; ".join(f"{slot}: {', '.join(f'{name} {value:g}' for name, value in values.items())}" for slot, values in sorted(ready.profile.weapons.items()))
    return (("race", table["race"]), ("talents", table["talents"] or "none"), ("glyphs", ", ".join(table["glyphs"]).replace("_", " ") or "none"),
            ("statistics from gear", lists["stats"]), ("weapons", weapons or "none"), ("options", lists["options"]))


def write_json(path: Path, ready: Arrangement, outcome: Outcome) -> None:
    """Every figure to a file."""
    import json

    from portunus.files import write_atomic
    from portunus.sim.profile import profile_table
    from portunus.sim.results import result_document
    from portunus.sim.versus import versus_document, weights_document

    written: dict[str, Any] = {name.replace(" ", "_"): value for name, value in inputs(ready, outcome.result)}
    written["character"] = {**profile_table(ready.profile, ready.model), "weapons": ready.profile.weapons}
    document = result_document(outcome.result, inputs=written)
    if outcome.variants:
        document["versus"] = versus_document(outcome.variants)
    if outcome.weights is not None:
        document["stat_weights"] = weights_document(outcome.weights)
    write_atomic(path, json.dumps(document, indent=1) + "\n")


def write_page(path: Path, ready: Arrangement, outcome: Outcome, *, again: str) -> None:
    """The report, with the fight of the first seed drawn in full; `again` is the command line that makes it."""
    from portunus.sim.report import ReportData, write_report
    from portunus.sim.timeline import timeline_of

    text = ready.imported.text if ready.imported is not None else ""
    timeline = timeline_of(ready.compiled, seed=outcome.result.seed, rotation=ready.rotation)
    write_report(path, ReportData(outcome.result, again, inputs(ready, outcome.result) + character(ready), timeline=timeline, versus=outcome.variants, weights=outcome.weights,
                                  rotation_text=text))


def print_trace(ready: Arrangement, *, seed: int, precise: bool) -> None:
    """The log of one fight, a line per event."""
    from portunus.cli import printable
    from portunus.sim.trace import trace_line, trace_program

    for event in trace_program(*ready.lowered, seed, ready.rotation):
        click.echo(printable(trace_line(event, enemies=ready.encounter.most_enemies, precise=precise)))
