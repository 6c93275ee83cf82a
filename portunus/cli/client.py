"""`portunus client`: a stand-in for the game that runs the generated addon on a simulated fight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from portunus.errors import PortunusError

if TYPE_CHECKING:
    from portunus.barcode.twin import TwinSpec


class Position(click.ParamType):
    """Left and top in pixels, as one word."""

    name = "X,Y"

    def convert(self, value, param, ctx):
        """The two numbers; fails with a message on anything else."""
        if isinstance(value, tuple):
            return value
        try:
            left, top = (int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not two whole numbers such as 40,60", param, ctx)
        if max(abs(left), abs(top)) > 20_000:
            self.fail(f"{value!r} is not on a screen", param, ctx)
        return left, top


def _require_screen() -> None:
    """Make sure a window can open before anything long is done."""
    import os
    import sys

    from portunus.display import require_packages

    if not sys.platform.startswith("linux"):
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise PortunusError(
            "there is no screen to open a window on", hint="Start it from a desktop, or on a virtual screen: xvfb-run -s '-screen 0 1280x800x24' portunus client ..."
        )
    require_packages()


def twin_spec(path: Path, *, profile: str | None = None, encounter: str | None = None) -> TwinSpec:
    """A spec with the tables of a character and encounter, for a window that needs no compiled kernels.

    Args:
        path: The spec file.
        profile: A profile's name or file, None for the spec's default.
        encounter: An encounter's name or file, None for the standard one.

    Raises:
        PortunusError: Anything wrong with an input.
    """
    from portunus.barcode.twin import TwinSpec
    from portunus.compiler import program_of, resolve_encounter, resolve_profile, tables_of

    fight = resolve_encounter(encounter)
    program = program_of(path, fight)
    values = tables_of(program, resolve_profile(program.model, profile), fight)
    return TwinSpec(program, values, fight.duration_ns, fight.most_enemies)


@click.command(epilog="Example: portunus client specs/wotlk/mage_fire.spec --fights 3 --speed 2")
@click.argument("spec")
@click.option("--fights", type=click.IntRange(1, 1000), default=1, show_default=True, help="Fights to play.")
@click.option("--speed", type=click.FloatRange(0.1, 20.0), default=1.0, show_default=True, help="Game seconds per second.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the first fight.")
@click.option("--position", type=Position(), default="40,60", show_default=True, help="Left upper corner of the window, X,Y.")
@click.option("--frames", type=click.Path(path_type=Path, file_okay=False), help="Folder for a PNG file of every barcode painted.")
@click.option("--profile", help="Character profile, a name or a TOML file.")
@click.option("--encounter", help="Encounter, a name or a .spec file.")
@click.option("--rotation", default="default", show_default=True, help="Priority list that plays.")
@click.option("--game", type=click.Choice(["335", "34x"]), default="34x", show_default=True, help="Which client's API to stand in for.")
def command(
    spec: str,
    fights: int,
    speed: float,
    seed: int,
    position: tuple[int, int],
    frames: Path | None,
    profile: str | None,
    encounter: str | None,
    rotation: str,
    game: str,
) -> None:
    """Open a stand-in for the game: a window that plays simulated fights and lets the generated addon paint its strip.

    The addon runs in real Lua 5.1 against the API of the chosen client and sees nothing but what that API answers. The overlay reads
    this window as it would read the game.
    """
    from portunus.resources import find_spec

    path = find_spec(spec)
    if frames is not None and frames.exists() and any(frames.iterdir()):
        raise PortunusError(f"the folder {frames} is not empty", hint="Choose an empty or new folder for --frames.")
    _require_screen()
    from portunus.barcode.session import PracticeSession
    from portunus.cli.client_window import run_window

    session = PracticeSession(twin_spec(path, profile=profile, encounter=encounter), fights=fights, seed=seed, speed=speed, client=game, rotation=rotation)
    run_window(session, position=position, frames=frames)
    seconds = max(0.0, session.fight.now)
    if seconds >= 1:
        click.echo(f"fight {session.fight_number} of {fights}: {session.fight.damage / seconds:,.0f} damage per second over {seconds:.0f} s")
