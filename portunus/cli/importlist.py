"""`portunus import`: a priority list of the peer simulator as a rotation of the language."""

from __future__ import annotations

import rich_click as click


@click.command("import", epilog="Example: portunus import fire.apl.json specs/wotlk/mage_fire.spec --name imported > imported.spec")
@click.argument("list_file", metavar="LIST.json")
@click.argument("spec")
@click.option("--name", default=None, help="Name of the rotation; left out, it is made from the file's name.")
def command(list_file: str, spec: str, name: str | None) -> None:
    """Print the priority list in LIST.json as a rotation of SPEC.

    LIST.json is a list as the wowsims simulators export it, a reference scenario, or the exported settings of one character. The rotation
    goes to standard output; what the list itself leaves out is told on standard error. Anything that cannot be said in the language is
    named with its place, and nothing is printed.
    """
    from portunus.cli import printable
    from portunus.dsl import load_model
    from portunus.resources import find_spec
    from portunus.sim.import_apl import import_file

    model = load_model(find_spec(spec))
    imported = import_file(list_file, model, name=name)
    imported.rotation(model)
    click.echo(imported.text, nl=False)
    for place, reason in imported.ignored:
        click.echo(printable(f"ignored: {place}: {reason}"), err=True)
    for place, remark in imported.notes:
        click.echo(printable(f"note: {place}: {remark}"), err=True)
