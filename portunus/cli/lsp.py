"""`portunus lsp`: the language server, for editors."""

from __future__ import annotations

import gc

import rich_click as click

from portunus.errors import PortunusError


@click.command("lsp", epilog="Example: portunus lsp   (an editor starts it; editors/README.md says how for VS Code, Neovim and Helix)")
def command() -> None:
    """Serve editors over standard input and output: findings as you type, completion, hover, definition, rename, formatting."""
    try:
        from portunus.lsp.server import create_server
    except ModuleNotFoundError as error:
        raise PortunusError(f"this needs {error.name}, which is not installed", hint="pip install 'portunus-planner[lsp]'") from error

    gc.freeze()
    # A check makes and drops a hundred thousand small objects. Looking through all that is kept takes longer than a check: the server does it at rest.
    gc.set_threshold(200_000, 50, 10_000)
    create_server().start_io()
