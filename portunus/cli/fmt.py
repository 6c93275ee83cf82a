"""`portunus fmt`: write spec files in the one canonical format."""

from __future__ import annotations

import rich_click as click

EXAMPLE = "portunus fmt --check specs/wotlk/mage_fire.spec"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit code 1 if a file is not in the canonical format.")
def command(specs: tuple[str, ...], only_check: bool) -> int:
    """Write spec files in the one canonical format: indentation, spaces, columns. Comments and order stay."""
    from portunus.dsl.diagnostics import DiagnosticError, Problems
    from portunus.dsl.format import format_text
    from portunus.dsl.load import read_source
    from portunus.files import write_atomic
    from portunus.resources import find_spec

    paths = [find_spec(spec) for spec in specs]
    changed = []
    for path in paths:
        problems = Problems()
        source = read_source(path, str(path), problems)
        if source is None:
            raise DiagnosticError(problems.sorted())
        text = source.text
        formatted = format_text(text, name=str(path))
        if formatted != text:
            changed.append(path)
            if not only_check:
                write_atomic(path, formatted)
    for path in changed:
        click.echo(f"{'would change' if only_check else 'changed'} {path}")
    if not changed:
        click.echo(f"{len(paths)} file{'' if len(paths) == 1 else 's'} already in the canonical format")
    return 1 if changed and only_check else 0
