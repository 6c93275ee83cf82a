"""`portunus compile`: make the kernels of a spec, or show them."""

from __future__ import annotations

import rich_click as click


@click.command(name="compile", epilog="Example: portunus compile specs/wotlk/mage_fire.spec --show sampled | less")
@click.argument("spec")
@click.option("--profile", metavar="FILE", help="Profile whose numbers fill the tables (default: the spec's own).")
@click.option("--encounter", metavar="NAME", help="Encounter (default: patchwerk).")
@click.option("--show", type=click.Choice(["sampled", "expected", "rotations", "tables", "layout"]), help="Print this instead of compiling.")
def command(spec: str, profile: str | None, encounter: str | None, show: str | None) -> None:
    """Compile SPEC to simulator kernels, or take them from the cache.

    The generated modules are plain files with a map back to the lines of the spec; numbers live in tables beside them, so a
    changed number compiles nothing.
    """
    import time

    from portunus.compiler import compile_spec, program_of, resolve_encounter, resolve_profile, tables_of

    if show is not None:
        fight = resolve_encounter(encounter)
        program = program_of(spec, fight)
        if show in ("sampled", "expected"):
            from portunus.codegen.numba import engine_module

            click.echo(engine_module(program, show))
        elif show == "rotations":
            from portunus.ir.program import source

            click.echo("\n\n".join(source(f).replace("def rotation(", f"def rotation_{name}(") for name, f in program.rotations.items()))
        elif show == "tables":
            for name, value in tables_of(program, resolve_profile(program.model, profile), fight).items():
                click.echo(f"{name:40} {value}" if not isinstance(value, list) else f"{name:40} {[v for v in value if v]}")
        else:
            for field in program.layout.state:
                click.echo(f"{field.name:32} {field.type:5} x {field.size:<3} {field.meaning}")
        return
    from portunus.runtime.cache import compile_seconds

    if not click.get_text_stream("stderr").isatty():
        click.echo(f"compiling {spec} (about a minute the first time)", err=True)
    start = time.perf_counter()
    compiled = compile_spec(spec, profile=profile, encounter=encounter)
    seconds = time.perf_counter() - start
    made = len(compile_seconds)
    sizes = compiled.layout
    click.echo(f"{compiled.name}: {'compiled ' + str(made) + ' modules' if made else 'taken from the cache'} in {seconds:.1f} s; "
               f"{len(compiled.actions)} actions, {len(compiled.feature_names)} features, state {sizes.state_words * 8} bytes, "
               f"{sizes.table_words} table words, layout {compiled.layout_hash[:12]}")
