"""`portunus test`: look for fights that break a law of a spec or one of its own properties."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from portunus.errors import PortunusError

if TYPE_CHECKING:
    from portunus.testing.search import Report

EXAMPLE = "portunus test specs/wotlk/mage_fire.spec --seconds 60"


@click.command("test", epilog=f"Example: {EXAMPLE}")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--seconds", type=click.FloatRange(min=1, max=86_400), default=20.0, show_default=True, help="How long to look, per spec.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31), default=0, show_default=True, help="Another seed looks at other fights.")
@click.option("--twin", is_flag=True, help="Do not compile: leave out the comparison of the kernel with its readable twin.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write everything that was found to this file.")
def command(specs: tuple[str, ...], seconds: float, seed: int, twin: bool, json_file: Path | None) -> int:
    """Look for fights that break a law: characters, encounters and legal actions at random, shrunk to the shortest fight that shows it.

    Laws are those of every spec (resources in range, time never back, legal actions accepted and illegal ones refused, ...) and the spec's own
    `property` lines. Exit code 0 if all held, 1 if one broke, 2 if a spec has errors.
    """
    from portunus.dsl import load_model
    from portunus.resources import find_spec

    try:
        from portunus.testing.search import find_failures
    except ModuleNotFoundError as error:
        raise PortunusError(f"this needs {error.name}, which is not installed", hint="pip install 'portunus-planner[testing]'") from error

    reports = []
    models = [(path, load_model(path)) for path in map(find_spec, specs)]
    for path, model in models:
        report = find_failures(model, seconds=seconds, random_seed=seed, kernel=not twin)
        reports.append((path, report))
        click.echo("\n".join(shown(path, report)))
    if json_file is not None:
        from portunus.files import write_atomic

        write_atomic(json_file, json.dumps([as_dict(path, report) for path, report in reports], indent=1) + "\n")
    return 1 if any(report.failures for _, report in reports) else 0


def shown(path: Path, report: Report) -> list[str]:
    """A report as lines: every law, and below a broken one the shortest fight that breaks it."""
    from portunus.testing.laws import LAWS

    lines = [f"{os.fspath(path)}: {report.fights:,} fights, {report.decisions:,} decisions in {report.seconds:.1f} s"]
    for law in report.laws:
        failure = report.failure(law)
        text = LAWS.get(law, f'property "{law}"')
        if failure is None:
            lines.append(f"  left out  {text}: {report.unchecked[law]}" if law in report.unchecked else f"  held      {text}")
            continue
        where = f" ({failure.span.path}:{failure.span.line})" if failure.span is not None else ""
        lines.append(f"  BROKEN    {text}{where}")
        lines += [f"    {line}" for line in failure.timeline.splitlines()]
    return lines


def as_dict(path: Path, report: Report) -> dict[str, Any]:
    """A report as plain data."""
    return {
        "spec": os.fspath(path), "name": report.name, "fights": report.fights, "decisions": report.decisions, "seconds": round(report.seconds, 3),
        "laws": list(report.laws), "left_out": report.unchecked,
        "broken": [
            {"law": f.law, "line": f.span.line if f.span else None, "message": f.message, "actions": list(f.actions), "timeline": f.timeline.splitlines(),
             "seconds": round(f.seconds, 3), "fights": f.fights, "seed": f.case.seed}
            for f in report.failures
        ],
    }  # fmt: skip
