"""`portunus rule`: the page of a code."""

from __future__ import annotations

import rich_click as click

EXAMPLE = "portunus rule PT401"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("codes", metavar="[CODE]...", nargs=-1)
def command(codes: tuple[str, ...]) -> None:
    """Explain the codes of `portunus check`: what each means, a bad example and a good one. Without a code: the list of them."""
    from portunus.dsl.catalogue import RULES, page
    from portunus.errors import PortunusError, nearest

    for code in codes:
        if code.upper() not in RULES:
            close = nearest(code.upper(), list(RULES))
            raise PortunusError(f"there is no code {code}", hint=f"Did you mean {close}?" if close else "Codes look like PT401.")
    if codes:
        click.echo("\n".join(page(code.upper()) for code in codes), nl=False)
    else:
        click.echo("\n".join(f"{rule.code}  {rule.short}" for rule in RULES.values()))
