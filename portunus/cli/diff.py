"""`portunus diff`: what changed in meaning between two specs."""

from __future__ import annotations

import rich_click as click

EXAMPLE = "portunus diff old/mage_fire.spec specs/wotlk/mage_fire.spec"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("old")
@click.argument("new")
def command(old: str, new: str) -> None:
    """Say what NEW means that OLD does not: spells, auras, numbers with their units, lines of priority lists. Layout, comments and order that mean
    nothing are no difference. Both are read with all the files they use."""
    from portunus.cli import printable
    from portunus.dsl.difference import differences
    from portunus.dsl.load import load_model
    from portunus.resources import find_spec

    found = differences(load_model(find_spec(old)), load_model(find_spec(new)))
    click.echo(printable("\n".join(found or ["no difference in meaning"])))
