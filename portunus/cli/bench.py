"""`portunus bench`: how fast this machine simulates specs, beside a fixed piece of work timed in the same run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from portunus.cli.measure import Figure

PARTS: dict[str, str] = {"search": "bench_search"}  # first word -> module of this folder whose `command` takes the rest: measurements of other parts


class BenchCommand(click.RichCommand):
    """Hands over to one of `PARTS` if the first word names it."""

    def make_context(self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any) -> click.Context:
        """The context of the command that measures what was asked for."""
        if args and args[0] in PARTS:
            from importlib import import_module

            other: click.Command = import_module(f"portunus.cli.{PARTS[args[0]]}").command
            return other.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("bench", cls=BenchCommand, epilog="Example: portunus bench specs/wotlk/mage_fire.spec --workers 2 --json bench.json")
@click.argument("specs", metavar="[SPEC|SCENARIO]...", nargs=-1)
@click.option("--seconds", type=click.FloatRange(min=0.1, max=600), default=2.0, show_default=True, help="Time for each round of fights.")
@click.option("--rounds", type=click.IntRange(min=1, max=100), default=5, show_default=True, help="Rounds; the median and the extremes are shown.")
@click.option("--compile/--no-compile", "with_compile", default=True, show_default=True, help="Also time compiling, with an empty and a filled cache.")
@click.option("--workers", type=click.IntRange(min=1, max=256), default=1, show_default=True, help="Also measure what this many threads gain.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the first fight.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every printed figure to this file.")
@click.option("--append", "history", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="FILE",
              help="Append a row for each spec to this history, such as benchmarks/history.md.")
@click.option("--label", default="", help="What the rows of the history stand for, in a few words.")
def command(
    specs: tuple[str, ...], seconds: float, rounds: int, with_compile: bool, workers: int, seed: int, json_file: Path | None, history: Path | None, label: str,
) -> None:  # fmt: skip
    """Measure speed, compile time and clone cost of specs, or of scenarios of the reference (.json, or a folder); of all shipped specs if nothing is named.

    For a scenario the speed of the reference in it stands beside, where it is known.

    The calibration is a fixed loop of integer and floating-point work. Speeds are also given as multiples of it, which can be compared
    between machines; the plain figures only on the same one.
    """
    import json
    from datetime import date

    from rich.console import Console

    from portunus.cli.measure import append_history, benchmark, history_rows, machine, subjects
    from portunus.errors import PortunusError
    from portunus.files import write_atomic

    if (history is None) == bool(label.strip()):
        raise PortunusError("--append and --label belong together", hint='For example: --append benchmarks/history.md --label "faster event queue"')
    before = history.read_text(encoding="utf-8") if history is not None and history.is_file() else ""
    append_history(before, [])  # refuses a wrong file before anything is measured
    measured = subjects(specs)
    console = Console(width=None if Console().is_terminal else 160)
    results: dict[str, dict[str, Figure]] = {}
    with console.status("measuring ...") as status:
        for number, subject in enumerate(measured, start=1):
            about = f"{subject.name} ({number} of {len(measured)})"
            results[subject.name] = benchmark(subject, seconds=seconds, rounds=rounds, with_compile=with_compile, workers=workers, seed=seed,
                                           say=lambda what, about=about: status.update(f"{about}: {what} ..."))  # type: ignore[misc]
    for table in tables(results):
        console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()), highlight=False)
    if json_file is not None:
        figures = {spec: {name: figure.document() for name, figure in found.items()} for spec, found in results.items()}
        write_atomic(json_file, json.dumps({"seed": seed, "rounds": rounds, "seconds": seconds, "specs": figures, "machine": machine()}, indent=1) + "\n")
    if history is not None:
        write_atomic(history, append_history(before, history_rows(results, machine(), date=date.today().isoformat(), label=label.strip())))


def tables(results: dict[str, dict[str, Figure]]) -> list[Any]:
    """For one spec a line per figure with its extremes; for several a line per spec with the medians."""
    from rich.table import Table

    from portunus.cli.measure import shown

    if len(results) == 1:
        ((spec, figures),) = results.items()
        table = Table(title=spec, title_justify="left")
        for heading in ("what", "median", "lowest", "highest", "unit"):
            table.add_column(heading, justify="left" if heading in ("what", "unit") else "right")
        for figure in figures.values():
            extremes = [shown(min(figure.values)), shown(max(figure.values))] if len(figure.values) > 1 else ["", ""]
            table.add_row(figure.what, shown(figure.median), *extremes, figure.unit)
        return [table]
    headings = {"fights": "fights/s", "relative": "per billion loops", "calibration": "calibration", "ns_per_decision": "ns/decision", "ns_per_event": "ns/event",
                "threads_gain": "threads", "clone": "clone ns", "state_bytes": "bytes", "compile_cold": "cold s", "compile_warm": "warm s", "import": "import s",
                "reference": "reference/s", "times": "times", "fixed_fights": "fixed/s", "fixed_times": "times"}
    first = next(iter(results.values()))
    table = Table(title="Medians; speeds on one core", title_justify="left")
    table.add_column("spec")
    for name, heading in headings.items():
        if name in first:
            table.add_column(heading, justify="right")
    for spec, figures in results.items():
        table.add_row(spec, *(shown(figures[name].median) for name in headings if name in figures))
    return [table]
