"""`portunus compile`: make the kernels of a spec, or show them."""

from __future__ import annotations

import rich_click as click


@click.command(name="compile", epilog="Example: portunus compile specs/wotlk/mage_fire.spec --show sampled | less")
@click.argument("spec")
@click.option("--profile", metavar="FILE", help="Profile whose numbers fill the tables (default: the spec's own).")
@click.option("--encounter", metavar="NAME", help="Encounter (default: patchwerk).")
@click.option("--show", type=click.Choice(["sampled", "expected", "rotations", "tables", "layout"]), help="Print this instead of compiling.")
def command(spec: str, profile: str | None, encounter: str | None, show: str | None) -> None:
    """Compile SPEC to simulator kernels, unless the cache has them.

    The generated modules are plain files with a map back to the lines of the spec; numbers live in tables beside them, so a
    changed number compiles nothing.
    """
    import time

    start = time.perf_counter()
    from portunus.compiler import is_compiled, layout_hash, pack_tables, program_of, resolve_encounter, resolve_profile, tables_of

    fight = resolve_encounter(encounter)
    program = program_of(spec, fight)
    if show in ("sampled", "expected"):
        from portunus.codegen.numba import engine_module

        click.echo(engine_module(program, show))
        return
    if show == "rotations":
        from portunus.ir.program import source

        click.echo("\n\n".join(source(f).replace("def rotation(", f"def rotation_{name}(") for name, f in program.rotations.items()))
        return
    if show == "layout":
        for field in program.layout.state:
            click.echo(f"{field.name:32} {field.type:5} x {field.size:<3} {field.meaning}")
        return
    values = tables_of(program, resolve_profile(program.model, profile), fight)
    if show == "tables":
        for name, value in values.items():
            click.echo(f"{name:40} {value}" if not isinstance(value, list) else f"{name:40} {[v for v in value if v]}")
        return
    made = 0
    if not is_compiled(program):
        from portunus.compiler import assemble
        from portunus.runtime.cache import compile_seconds

        if not click.get_text_stream("stderr").isatty():
            click.echo(f"compiling {spec} (about a minute the first time)", err=True)
        assemble(program, values, fight, reference=False)
        made = len(compile_seconds)
    click.echo(f"{program.model.name}: {'compiled ' + str(made) + ' modules' if made else 'in the cache'} in {time.perf_counter() - start:.1f} s; "
               f"{len(program.actions)} actions, {len(program.feature_names)} features, state {program.layout.state_words * 8} bytes, "
               f"{len(pack_tables(program, values))} table words, layout {layout_hash(program)[:12]}")
