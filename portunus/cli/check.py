"""`portunus check`: find every mistake in spec files."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

EXAMPLE = "portunus check specs/wotlk/mage_fire.spec"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True,
    help="How findings are printed: for people, as data, as annotations of a GitHub workflow, or for code scanners.",
)  # fmt: skip
@click.option("--fix", is_flag=True, help="First mend what can be mended without changing what a spec means.")
def command(specs: tuple[str, ...], form: str, fix: bool) -> int:
    """Find every mistake in spec files: names, types, units, unused and unreachable parts. `portunus rule CODE` explains a code.

    Exit code 0 without errors (warnings are allowed), 2 with errors.
    """
    from portunus.cli import printable
    from portunus.resources import find_spec

    paths = [find_spec(spec) for spec in specs]
    if fix:
        for path in paths:
            for line in _mend(path):
                print(printable(line), file=sys.stderr)
    findings = list(dict.fromkeys(item for path in paths for item in _check(path)))
    errors = sum(item.severity == "error" for item in findings)
    if form == "text":
        for item in findings:
            print(printable(item.render()), file=sys.stderr)
        warnings = len(findings) - errors
        click.echo(f"{_count(len(specs), 'file')} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    else:
        from portunus.dsl import exchange

        text = getattr(exchange, f"as_{form}")(findings)
        click.echo(printable(text), nl=bool(text))
    return 2 if errors else 0


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}" + ("" if number == 1 else "s")


def _mend(path: Path) -> list[str]:
    """Write a file with its safe repairs; a line for each."""
    from portunus.dsl.diagnostics import Problems
    from portunus.dsl.load import read_source
    from portunus.dsl.repair import repaired
    from portunus.files import write_atomic

    source = read_source(path, str(path), Problems())
    if source is None:
        return []
    text, mended = repaired(path, source.text)
    if mended:
        write_atomic(path, text)
    return [f"{item.span.path}:{item.span.line}:{item.span.column}: mended[{item.code}]: {item.message}: {item.hint}" for item in mended]


def _check(path: Path) -> list:
    """The findings of a file."""
    from portunus.dsl.load import examine

    return list(examine(path).diagnostics)
