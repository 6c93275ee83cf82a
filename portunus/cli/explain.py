"""`portunus explain`: show what a spec means, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import rich_click as click

EXAMPLE = "portunus explain specs/wotlk/mage_fire.spec"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("spec", metavar="SPEC")
@click.option("--profile", metavar="P", help="Whose numbers to show: a profile file or name. Left out: the spec's default.")
@click.option("--encounter", metavar="E", help="The fight of the numbers: an encounter file or name.  [default: patchwerk]")
@click.option("--stage", type=click.Choice(["tokens", "tree", "model"]), default="model", show_default=True, help="Which stage of the front end to show.")
def command(spec: str, profile: str | None, encounter: str | None, stage: str) -> None:
    """Show what a spec means: its spells, auras and procs, each line of its priority lists in English, and the numbers of a character; or the
    tokens and tree it is read into."""
    from portunus.cli import printable
    from portunus.resources import find_spec

    path = find_spec(spec)
    lines = _model(path, profile, encounter) if stage == "model" else {"tokens": _tokens, "tree": _tree}[stage](path)
    click.echo(printable("\n".join(lines)))


def _source(path: Path) -> tuple[Any, Any]:
    from portunus.dsl.diagnostics import DiagnosticError, Problems
    from portunus.dsl.load import read_source

    problems = Problems()
    source = read_source(path, str(path), problems)
    if source is None:
        raise DiagnosticError(problems.sorted())
    problems.sources[source.path] = source
    return source, problems


def _tokens(path: Path) -> list[str]:
    from portunus.dsl.diagnostics import DiagnosticError
    from portunus.dsl.tokens import lex

    source, problems = _source(path)
    tokens = lex(source, problems)
    if problems.failed:
        raise DiagnosticError(problems.sorted())
    return [f"{token.line:>5}:{token.column:<4} {token.type:<14} {str(token)!r}" for token in tokens]


def _tree(path: Path) -> list[str]:
    from portunus.dsl.diagnostics import DiagnosticError
    from portunus.dsl.parse import parse
    from portunus.dsl.syntax import outline

    source, problems = _source(path)
    entries = parse(source, problems)
    if problems.failed:
        raise DiagnosticError(problems.sorted())
    return outline(entries)


def _model(path: Path, profile: str | None, encounter: str | None) -> list[str]:
    from portunus.dsl.load import load_model
    from portunus.dsl.sheet import sheet

    model = load_model(path)
    sections = sheet(model)
    if profile is not None or model.default_profile:
        from portunus.compiler import resolve_encounter, resolve_profile, static_values
        from portunus.sim.figures import figures

        fight = resolve_encounter(encounter)
        character = resolve_profile(model, profile)
        sections += figures(model, static_values(model, character, fight), f"{character.source}, {fight.label}")
    return list(_flat(sections))


def _flat(sections: Iterable[tuple[str, list[str]]]) -> Iterable[str]:
    for title, lines in sections:
        yield title
        yield from (f"  {line}" for line in lines)
        yield ""
