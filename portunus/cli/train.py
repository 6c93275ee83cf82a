"""`portunus train`: a network by imitation of the default list and self-play, published with its manifest and card."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import rich_click as click


def default_workers() -> int:
    """One processor for the learner, the others for self-play; at least one."""
    return max(1, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 2) - 1)


@click.command(
    "train",
    epilog="Example: portunus train specs/wotlk/mage_fire.spec --minutes 3",
)
@click.argument("spec")
@click.option("--minutes", type=click.FloatRange(min=0.05), default=3.0, show_default=True, help="Time for training; compiling comes on top.")
@click.option("--workers", type=click.IntRange(min=0, max=256), default=None, help="Self-play processes (Ray); 0 = play in this process. Default: processors less one.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Model file, NAME.pt. Default: models/<spec name>.pt.")
@click.option("--from-scratch", is_flag=True, help="No warm start from the default list.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside the model file.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=1, show_default=True, help="Of everything random.")
@click.option("--profile", default=None, help="Gear and talents; default: the spec's own.")
@click.option("--encounter", default=None, help="The fight; default: the spec's own.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Write every printed figure to this file.")
def command(
    spec: str, minutes: float, workers: int | None, out: Path | None, from_scratch: bool, resume: bool, seed: int,
    profile: str | None, encounter: str | None, json_file: Path | None,
) -> None:  # fmt: skip
    """Train a network for SPEC by imitation and self-play, and publish the best one.

    The figures at the end come from fights that were used for nothing else, whatever they say.
    """
    import json

    from rich.console import Console

    from portunus.files import write_atomic
    from portunus.resources import find_spec

    path = find_spec(spec)
    from portunus.compiler import compile_spec
    from portunus.train.session import train
    from portunus.train.trainer import TrainSettings

    console = Console()
    chosen = {key: value for key, value in (("profile", profile), ("encounter", encounter)) if value is not None}
    source = partial(compile_spec, str(path), **chosen)
    with console.status("compiling the spec"):
        compiled = source()
    result = train(
        compiled, source, TrainSettings(seconds=60 * minutes, seed=seed, from_scratch=from_scratch),
        out=out, workers=default_workers() if workers is None else workers, resume=resume, console=console,
        facts={"spec_file": path.name, **chosen},
    )  # fmt: skip
    _print(console, result)
    if json_file is not None:
        write_atomic(json_file, json.dumps(result, indent=1) + "\n")


def _print(console: Any, result: dict[str, Any]) -> None:
    measured, training = result["measured"], result["training"]
    console.print(
        f"network alone {measured['network_dps']:.1f} DPS, default list {measured['rotation_dps']:.1f} DPS over {measured['fights']} paired fights: "
        f"[bold]{measured['difference_percent']:+.2f} % ± {measured['half_width_percent']:.2f} %[/bold] (95 % interval)",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"{training['decisions']} decisions learned from, {training['steps']} gradient steps, {training['promotions']} of {training['gates']} "
        f"candidates promoted, {training['lost_work']} pieces of work lost",
        highlight=False,
        soft_wrap=True,
    )
    console.print(result["verdict"], highlight=False, soft_wrap=True)
