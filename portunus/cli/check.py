"""`portunus check`: find every mistake in spec files."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

EXAMPLE = "portunus check specs/wotlk/mage_fire.spec"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("specs", metavar="SPEC...", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How findings are printed.")
@click.option("--rule", "code", metavar="PT123", help="Explain a code instead: what it means, a bad example and a good one.")
def command(specs: tuple[str, ...], form: str, code: str | None) -> int:
    """Find every mistake in spec files: names, types, units, unused and unreachable parts.

    Exit code 0 without errors (warnings are allowed), 2 with errors.
    """
    from portunus.errors import PortunusError, nearest

    if code is not None:
        from portunus.dsl.catalogue import RULES, page

        if code.upper() not in RULES:
            close = nearest(code.upper(), list(RULES))
            raise PortunusError(f"there is no code {code}", hint=f"Did you mean {close}?" if close else "Codes look like PT401.")
        click.echo(page(code.upper()))
        return 0
    if not specs:
        raise PortunusError("no spec file was named", hint=f"For example: {EXAMPLE}")
    from portunus.resources import find_spec

    findings = [item for spec in specs for item in _check(find_spec(spec))]
    errors = sum(item.severity == "error" for item in findings)
    if form == "json":
        import json

        click.echo(json.dumps([item.as_dict() for item in findings], indent=1))
    else:
        from portunus.cli import printable

        for item in findings:
            print(printable(item.render()), file=sys.stderr)
        warnings = len(findings) - errors
        click.echo(f"{_count(len(specs), 'file')} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 2 if errors else 0


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}" + ("" if number == 1 else "s")


def _check(path: Path) -> list:
    """The findings of a file; those of an encounter too, whose values the language itself does not read."""
    from portunus.dsl.diagnostics import DiagnosticError
    from portunus.dsl.load import examine

    checked = examine(path)
    findings = list(checked.diagnostics)
    if checked.symbols is not None and "encounter" in checked.symbols.sections and not findings:
        from portunus.sim.encounter import load_encounter

        try:
            load_encounter(path)
        except DiagnosticError as error:
            findings += error.diagnostics
    return findings
