"""`portunus bench`: how fast this machine simulates a spec, beside a fixed piece of work timed in the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click


@click.command("bench", epilog="Example: portunus bench --json bench.json")
@click.argument("spec", default="specs/wotlk/mage_fire.spec")
@click.option("--seconds", type=click.FloatRange(min=0.1, max=600), default=2.0, show_default=True, help="Time for each round of fights.")
@click.option("--rounds", type=click.IntRange(min=1, max=100), default=5, show_default=True, help="Rounds; the median and the extremes are shown.")
@click.option("--compile/--no-compile", "with_compile", default=True, show_default=True, help="Also time compiling, with an empty and a filled cache.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the first fight.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every printed figure to this file.")
def command(spec: str, seconds: float, rounds: int, with_compile: bool, seed: int, json_file: Path | None) -> None:
    """Measure simulation speed, compile time and clone cost of SPEC on one core.

    The calibration is a fixed loop of integer and floating-point work. Speeds are also given as multiples of it, which can be compared
    between machines; the plain figures only on the same one.
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from portunus.cli.measure import benchmark
    from portunus.files import write_atomic

    console = Console()
    with console.status("measuring ...") as status:
        result = benchmark(spec, seconds=seconds, rounds=rounds, with_compile=with_compile, seed=seed, say=lambda what: status.update(f"{what} ..."))
    table = Table(title=f"{result['title']} on one core", title_justify="left")
    for heading in ("what", "median", "lowest", "highest", "unit"):
        table.add_column(heading, justify="left" if heading in ("what", "unit") else "right")
    for row in result["rows"]:
        table.add_row(row["what"], *(_figure(row[key]) for key in ("median", "lowest", "highest")), row["unit"])
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in result["machine"].items()), highlight=False)
    if json_file is not None:
        write_atomic(json_file, json.dumps(result, indent=1) + "\n")


def _figure(value: Any) -> str:
    """Three significant digits or more, with thousands separated; empty for what was measured only once."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
