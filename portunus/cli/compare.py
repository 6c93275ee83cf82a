"""`portunus compare`: reference scenarios here and there, a table of differences, exit code 1 outside tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit


@click.command("compare", epilog="Example: portunus compare tests/golden/mage_fire --exact --json compare.json")
@click.argument("references", metavar="REF...", nargs=-1, required=True)
@click.option("--exact/--no-exact", default=None,
              help="Replay single fights with the reference's random stream; they are read from exact.json, or exact/FOLDER.json, beside the files. "
                   "Left out: where there are any.")
@click.option("--exact-file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Read the single fights from this file instead.")
@click.option("--iterations", type=click.IntRange(min=0), default=None,
              help="Fights per scenario to begin with; 0 = only the exact replay. Left out: until the mean is known to 0.1 %. A scenario that is outside "
                   "a tolerance is played on, at most to the reference's number.")
@click.option("--twin", type=click.IntRange(min=1), default=None, metavar="FIGHTS",
              help="Only replay this many single fights of each scenario, by the readable Python form: slow fights, but nothing is compiled.")
@click.option("--log", "log_of", type=click.IntRange(min=0), default=None, metavar="FIGHT",
              help="Only print the log of this fight of each scenario (0 = the first), beside the reference's where FILE.log.txt is there; nothing is compiled.")
@click.option("--workers", type=click.IntRange(min=1, max=256), default=None, help="Threads; they do not change the results. [default: processors]")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every figure to this file.")
@click.option("--markdown", "markdown_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write the page of the documentation.")
def command(
    references: tuple[str, ...], exact: bool | None, exact_file: Path | None, iterations: int | None, twin: int | None, workers: int | None, json_file: Path | None,
    markdown_file: Path | None, log_of: int | None,
) -> None:  # fmt: skip
    """Compare with reference results: REF are files, or folders with files in and below them, as the reference wrote them.

    A scenario agrees when its DPS is within 0.5 % and the casts of each action within 1 % of the reference, or within three standard errors
    where that is wider, and when every replayed fight is equal to 1e-9. The exit code is 1 if one does not, or cannot be compared.
    """
    import json

    from rich.console import Console

    from portunus import __version__
    from portunus.cli.sim import processors
    from portunus.errors import PortunusError
    from portunus.files import write_atomic
    from portunus.sim.compare import compare_all
    from portunus.sim.fidelity import comparison_document, fidelity_page, verdict
    from portunus.sim.golden import find_references
    from portunus.sim.prepared import prepare_all

    replay = True if exact_file is not None or twin is not None or iterations == 0 else exact
    if iterations == 0 and exact is False:
        raise PortunusError("with --iterations 0 and --no-exact there is nothing to compare", hint="Leave one of them out.")
    console = Console(width=None if Console().is_terminal else 160)
    prepared, refused = prepare_all(find_references(references), exact=exact_file, replay=replay)
    passed = not refused
    if log_of is not None:
        equal = [print_logs(scenario, log_of) for scenario in prepared]
        passed &= all(equal)
    elif twin is not None:
        equal = [replay_line(scenario, twin, console) for scenario in prepared]
        passed &= all(equal)
    else:
        with FightProgress(len(prepared)) as bar:
            results = compare_all(prepared, iterations=iterations, workers=workers or processors(), done=bar.finished, progress=bar.scenario)
        print_results(results, refused, console)
        console.print(verdict(results, refused), highlight=False, markup=False, soft_wrap=True)
        if json_file is not None:
            write_atomic(json_file, json.dumps(comparison_document(results, refused, version=__version__), indent=1) + "\n")
        if markdown_file is not None:
            flag = [] if exact is None else ["--exact" if exact else "--no-exact"]
            parts = ["portunus compare", *references, *flag, *(["--exact-file", str(exact_file)] if exact_file else []),
                     *(["--iterations", str(iterations)] if iterations is not None else []), "--markdown", str(markdown_file)]
            write_atomic(markdown_file, fidelity_page(results, refused, command=" ".join(parts)))
        passed &= all(r.passed for r in results)
    for refusal in refused:
        console.print(f"not compared: {refusal.error.message}", style="red", highlight=False, markup=False, soft_wrap=True)
    if not passed:
        raise Exit(1)


MANY = 40  # scenarios: of more only those that fail are listed one by one


def print_results(results: list[Any], refused: list[Any], console: Any) -> None:
    """Print the table of scenarios, what is outside its tolerance, and a summary of each spec."""
    from portunus.sim.fidelity import summaries

    shown = results if len(results) <= MANY else [r for r in results if not r.passed]
    if shown:
        console.print(comparison_table(shown))
    for result in results:
        for failure in result.failures:
            console.print(f"{result.name}: {failure}", style="red", highlight=False, markup=False, soft_wrap=True)
    rows = summaries(results, refused)
    if len(rows) > 1:
        console.print(summary_table(rows))


def summary_table(rows: list[Any]) -> Any:
    """One row per spec (a rich table)."""
    from rich.table import Table
    from rich.text import Text

    from portunus.sim.fidelity import SUMMARY_HEADER, summary_cells

    table = Table(title="Agreement by spec", title_justify="left")
    for number, heading in enumerate(SUMMARY_HEADER):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(Text(cell, "" if row.agree == row.files else "red") for cell in summary_cells(row)))
    return table


def print_logs(scenario: Any, fight: int) -> bool:
    """Print our log of a fight, beside the reference's if it is the first fight and there is one; True if nothing differs."""
    from portunus.cli import printable
    from portunus.sim.reference_log import beside, read_log
    from portunus.sim.trace import trace_line

    setting, ours = scenario.golden.scenario, scenario.log(fight)
    path = scenario.golden.path.with_suffix(".log.txt")
    click.echo(printable(f"{setting.name}, fight {fight} (seed {setting.seed + fight})"))
    if fight or not path.is_file():
        for event in ours:
            click.echo(printable(trace_line(event, enemies=setting.targets)))
        return True
    rows = beside(ours, read_log(path), scenario.model)
    for row in rows:
        mark = "*" if row.differs else " " if row.ours and row.reference else "."
        mine = trace_line(row.ours, enemies=setting.targets)[9:] if row.ours else ""
        click.echo(printable(f"{row.time_ns / 1e9:9.3f} {mark} {mine:<84} | {row.reference.text if row.reference else ''}".rstrip()))
    different = [row for row in rows if row.differs]
    both = sum(row.ours is not None and row.reference is not None for row in rows)
    first = f", the first at {different[0].time_ns / 1e9:.3f} s" if different else ""
    click.echo(f"{both} events in both logs; * {len(different)} that differ{first}; . bookkeeping of one side; the reference's log ends at {rows[-1].time_ns / 1e9:.2f} s")
    return not different


def replay_line(scenario: Any, fights: int, console: Any) -> bool:
    """Replay a scenario with the slow twin and print its line; True if every fight is equal."""
    found = scenario.replay(fights)
    shown = " ".join(f"{d:.1e}" for d in found.differences)
    console.print(f"{'equal    ' if found.passed else 'DIFFERENT'} {scenario.golden.scenario.name}: {shown}", highlight=False, markup=False, soft_wrap=True)
    return found.passed


def comparison_table(results: list[Any]) -> Any:
    """The table of differences (a rich table), one row per scenario; also shown by the demo."""
    from rich.table import Table
    from rich.text import Text

    from portunus.sim.fidelity import casts_text, percent

    exact = any(r.exact is not None for r in results)
    judged = any(r.judged for r in results)
    table = Table(title="Comparison with the reference", title_justify="left")
    table.add_column("scenario")
    for heading in ("fights", *(("DPS", "reference", "difference", "tolerance") if judged else ())):
        table.add_column(heading, justify="right")
    if judged:
        table.add_column("worst casts")
    if exact:
        table.add_column("exact replay", justify="right")
    table.add_column("agrees")
    for r in results:
        cells = [r.name, f"{r.fights:,}"]
        if judged:
            cells += [f"{r.dps.ours:.2f}", f"{r.dps.reference:.2f}", percent(r.dps.percent, digits=3), f"{r.dps.tolerance_percent:.2f} %", casts_text(r.worst_casts)]
        if exact:
            cells.append("" if r.exact is None else f"{r.exact.largest:.1e}")
        table.add_row(*map(Text, cells), Text("yes", "green") if r.passed else Text("no", "bold red"))
    return table


class FightProgress:
    """A bar on standard error while scenarios are played; where nobody watches, a line for each that is done."""

    def __init__(self, scenarios: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = Console(stderr=True)
        self.bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=self.console,
                            transient=True, disable=not self.console.is_terminal)
        self.task = self.bar.add_task("scenarios", total=scenarios)
        self.scenarios, self.done = scenarios, 0

    def __enter__(self) -> FightProgress:
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def finished(self, result: Any) -> None:
        """One scenario is done."""
        from portunus.cli import printable

        self.done += 1
        self.bar.advance(self.task)
        if not self.console.is_terminal and self.scenarios > 1:
            click.echo(printable(f"{self.done} of {self.scenarios}: {result.spec} {result.name} {'agrees' if result.passed else 'DIFFERS'}"), err=True)

    def scenario(self, name: str) -> Any:
        """What to call with (fights done, fights at most) while `name` is played."""
        from rich.markup import escape

        def report(done: int, most: int) -> None:
            self.bar.update(self.task, description=f"{escape(name)}: {done:,} fights")

        return report
