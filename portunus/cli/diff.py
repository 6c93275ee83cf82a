"""`portunus diff`: what changed in meaning between two specs, and what it is worth."""

from __future__ import annotations

import rich_click as click

EXAMPLE = "portunus diff old/mage_fire.spec specs/wotlk/mage_fire.spec --dps"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("old")
@click.argument("new")
@click.option("--dps", is_flag=True, help="Also measure the change in DPS: both play the same fights.")
@click.option("--profile", help="With --dps: the character of both, a name or a .toml file; default: each spec's own.")
@click.option("--encounter", help="With --dps: the fight, a name or a .spec file; default: patchwerk.")
@click.option("--iterations", type=click.IntRange(100, 10_000_000), help="With --dps: fights of each; default: 2000.")
@click.option("--seed", type=int, help="With --dps: seed of the first fight; default: 1.")
def command(old: str, new: str, dps: bool, profile: str | None, encounter: str | None, iterations: int | None, seed: int | None) -> None:
    """Say what NEW means that OLD does not: spells, auras, numbers with their units, lines of priority lists. Layout, comments and order that mean
    nothing are no difference. Both are read with all the files they use."""
    from portunus.cli import printable
    from portunus.dsl.difference import differences
    from portunus.dsl.load import load_model
    from portunus.errors import PortunusError
    from portunus.resources import find_spec

    if not dps and any(given is not None for given in (profile, encounter, iterations, seed)):
        raise PortunusError("--profile, --encounter, --iterations and --seed are about the fights of --dps", hint="Add --dps, or leave them out.")
    found = differences(load_model(find_spec(old)), load_model(find_spec(new)))
    click.echo(printable("\n".join(found or ["no difference in meaning"])))
    if dps:
        click.echo(printable(_change(old, new, profile=profile, encounter=encounter, iterations=iterations or 2000, seed=1 if seed is None else seed)))


def _change(old: str, new: str, *, profile: str | None, encounter: str | None, iterations: int, seed: int) -> str:
    """The line about the DPS: both specs in fights with the same seeds."""
    from portunus.cli.sim import processors
    from portunus.sim.arrangement import arrange
    from portunus.sim.versus import play_versus

    before, after = (arrange(spec, profile=profile, encounter=encounter) for spec in (old, new))
    result, (changed,) = play_versus(before, [(new, after)], iterations=iterations, seed=seed, workers=processors())
    difference, share = changed.difference, changed.share
    return (f"DPS {result.dps.value:,.1f} -> {changed.dps.value:,.1f}: {difference.value:+,.1f} ± {difference.half_width:,.1f} "
            f"({100 * share.value:+.2f} % ± {100 * share.half_width:.2f} %; 95 % intervals, {result.fights:,} fights with the same seeds, {before.encounter.label})")
