"""`portunus overlay`: the window that shows the next action and why."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from portunus.errors import PortunusError


class Box(click.ParamType):
    """Left, top, width and height in pixels, as one word."""

    name = "X,Y,W,H"

    def convert(self, value, param, ctx):
        """The four numbers; fails with a message on anything else."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        try:
            left, top, width, height = (int(part) for part in parts)
        except ValueError:
            self.fail(f"{value!r} is not four whole numbers such as 0,0,640,64", param, ctx)
        if not (0 < width <= 20_000 and 0 < height <= 20_000 and abs(left) <= 20_000 and abs(top) <= 20_000):
            self.fail(f"{value!r} is not a part of a screen", param, ctx)
        return left, top, width, height


@click.command(epilog="Example: portunus overlay specs/wotlk/mage_fire.spec --budget-ms 250")
@click.argument("spec")
@click.option("--model", type=click.Path(path_type=Path), help="Network to search with; without it the default rotation guides the search.")
@click.option("--budget-ms", type=click.FloatRange(20, 10_000), default=250.0, show_default=True, help="Time from pixels to answer.")
@click.option("--profile", help="Character profile, a name or a TOML file.")
@click.option("--encounter", help="Encounter, a name or a .spec file.")
@click.option("--region", type=Box(), help="Part of the screen to search for the addon's strip.")
@click.option("--place", type=Box(), help="Where to put the window this time; the remembered place stays.")
@click.option("--reset", is_flag=True, help="Forget the window's remembered place and look.")
@click.option("--screenshot", type=click.Path(path_type=Path), help="Save the window as a PNG file and end.")
@click.option("--after", type=click.FloatRange(0, 3600), default=5.0, show_default=True, help="Seconds from ready to screenshot.")
@click.option("--latency-log", type=click.Path(path_type=Path), help="Write the times of every suggestion as JSON lines.")
def command(
    spec: str,
    model: Path | None,
    budget_ms: float,
    profile: str | None,
    encounter: str | None,
    region: tuple[int, int, int, int] | None,
    place: tuple[int, int, int, int] | None,
    reset: bool,
    screenshot: Path | None,
    after: float,
    latency_log: Path | None,
) -> None:
    """Open the window that shows the next action and why.

    It reads the coloured strip that the addon draws (see `portunus addon`), and nothing else of the game. Drag it to move it, its lower
    right corner to resize it. Portunus is a research project; using it with a game is at your own risk under that game's terms of service.
    """
    from portunus.resources import find_spec

    path = find_spec(spec)
    if model is not None and not model.is_file():
        raise PortunusError(f"there is no model file {model}", hint="Train one with portunus train, or leave --model out.")
    from portunus_overlay.feed import Plan
    from portunus_overlay.main import Options, run_overlay

    plan = Plan(path, profile=profile, encounter=encounter, model=model, budget_ms=budget_ms, region=region)
    latency = run_overlay(plan, Options(screenshot=screenshot, after=after, latency_log=latency_log, reset=reset, place=place))
    figures = latency.summary()
    if figures["suggestions"]:
        click.echo(
            f"{figures['suggestions']} suggestions; from captured pixels to the screen: "
            f"p50 {figures['age_p50_ms']} ms, p99 {figures['age_p99_ms']} ms; "
            f"from the first changed pixels: p50 {figures['change_p50_ms']} ms, p99 {figures['change_p99_ms']} ms; "
            f"advice changed within a decision: {figures['replaced_percent']} %"
        )
    else:
        click.echo("no suggestion was shown")
