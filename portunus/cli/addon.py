"""`portunus addon`: write the game addon of a spec."""

from __future__ import annotations

from pathlib import Path

import rich_click as click


@click.command(epilog="Example: portunus addon specs/wotlk/mage_fire.spec --out ~/Games/Wrath/Interface/AddOns")
@click.argument("spec")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The client's AddOns folder, or any other.")
@click.option("--fields", is_flag=True, help="Also list what each field of the barcode says and where the addon gets it.")
def command(spec: str, out: Path, fields: bool) -> None:
    """Write the game addon of a spec as a folder `Portunus` below OUT.

    The addon shows what the client's addon API says about your character as a strip of coloured cells in a corner of the screen. It reads
    and paints; it presses nothing, changes no setting and sends nothing. An addon that Portunus made before is replaced; any other
    folder of that name is left alone. Portunus is a research project; using it with a game is at your own risk under that game's terms.
    """
    from portunus.barcode.fields import build_schema
    from portunus.barcode.image import CELL_PIXELS, picture_size
    from portunus.codegen.lua_addon import write_addon
    from portunus.dsl import load_model
    from portunus.ir.engine import actions_of
    from portunus.resources import find_spec

    model = load_model(find_spec(spec))
    schema = build_schema(model, actions_of(model))
    folder = write_addon(schema, out)
    width, height = picture_size(schema.data_columns, CELL_PIXELS)
    size = f"{width} x {height} pixels"
    click.echo(f"{folder}: addon for {schema.title}, {len(schema.fields)} fields in {schema.payload_bytes} bytes, {size}, schema {schema.full_hash[:4]}")
    if fields:
        for field in schema.fields:
            click.echo(f"  {field.name:32} {field.bits:3} bits  {field.source}")
