"""One training from compiled spec to published model: start workers, train, measure, publish."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.model_file import Model, load_model, manifest_path, owner_of
from portunus.resources import data_folder
from portunus.train.checkpoint import checkpoint_path
from portunus.train.cloning import EXPLORATION
from portunus.train.cluster import local_ray
from portunus.train.play import record_rotation
from portunus.train.progress import Display
from portunus.train.publish import publish_model
from portunus.train.trainer import MEASURE_SEEDS, Trainer, TrainSettings
from portunus.train.workers import LocalPool, RayPool

if TYPE_CHECKING:
    from rich.console import Console

    from portunus.runtime.compiled import CompiledSpec


def train(
    compiled: CompiledSpec, source: Callable[[], CompiledSpec], settings: TrainSettings, *,
    out: Path | None, workers: int, resume: bool, console: Console, facts: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train a network for a spec and publish it, unless the one that is there is better.

    Args:
        compiled: The spec.
        source: Makes the same spec again inside a worker; a module-level function or a partial of one.
        settings: How to train.
        out: The `.pt` file; None = `models/<name>.pt` of this installation.
        workers: Ray workers; 0 = self-play in this process.
        resume: Go on from the checkpoint beside `out`.
        console: Where progress goes.
        facts: JSON values about the inputs, for manifest and card.

    Returns:
        Every figure printed, as JSON values.

    Raises:
        PortunusError: Bad input, a place that cannot be written to, or workers that keep failing.
    """
    path = out or default_model(compiled.name)
    check_place(path, compiled)
    with Display(console, settings.seconds) as display:
        trainer = Trainer(compiled, settings, checkpoint=checkpoint_path(path), report=display.show)
        if resume:
            trainer.resume()
        if workers == 0:
            best = trainer.run(LocalPool(compiled, settings.self_play, settings.fights))
        else:
            with local_ray(workers):
                best = trainer.run(RayPool(source, settings.self_play, settings.fights, workers=workers))
    measured = trainer.measure(best)
    training = {"seed": settings.seed, "from_scratch": settings.from_scratch, "workers": workers, **(facts or {}), **vars(trainer.counters)}
    judgement = trainer.judge(best).to_json()
    result = {
        "model": str(path),
        "training": training,
        "judgement": judgement,
        "measured": {
            "fights": measured.fights,
            "network_dps": measured.mean,
            "rotation_dps": measured.other,
            "difference_percent": measured.percent,
            "half_width_percent": measured.percent_half_width,
        },
    }
    incumbent = incumbent_of(path, compiled)
    rival = None if incumbent is None else trainer.measure(best, incumbent.weights)
    if rival is not None and rival.difference + rival.half_width < 0:
        lost = f"kept the network that is there: it is {-rival.percent:.2f} % ± {rival.percent_half_width:.2f} % better than the new one"
        return {**result, "published": False, "verdict": f"{path}: {lost}; write to another file with --out to have both"}
    published = {**training, "measured against the default list": result["measured"]}
    states = record_rotation(compiled, MEASURE_SEEDS + np.arange(4), epsilon=EXPLORATION, stream_seed=settings.seed).features
    publish_model(path, best, compiled, samples=states, training=published, judgement=judgement)
    return {**result, "published": True, "verdict": f"published {path}, with {manifest_path(path).name} and {path.with_suffix('.md').name}"}


def default_model(name: str) -> Path:
    """Where the network of a spec lies unless told otherwise: the models of this installation, or below the current folder."""
    packaged = data_folder("models")
    folder = packaged if os.access(packaged, os.W_OK) else Path("models")
    return folder / f"{name}.pt"


def incumbent_of(path: Path, compiled: CompiledSpec) -> Model | None:
    """The network that is there already, if it still fits the spec."""
    if not path.exists():
        return None
    try:
        return load_model(path, compiled)
    except PortunusError:
        return None


def check_place(path: Path, compiled: CompiledSpec) -> None:
    """Find out before training whether the model can be written, and never plan to overwrite something else.

    Raises:
        PortunusError: The name is no `.pt`, the folder cannot be written to, or the file is no model of this spec.
    """
    if path.suffix != ".pt":
        raise PortunusError(f"a model file is named NAME.pt, not {path.name}", hint="Choose another name for --out.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PortunusError(f"cannot make the folder {path.parent}: {error.strerror}", hint="Choose another place for --out.") from error
    if not os.access(path.parent, os.W_OK):
        raise PortunusError(f"the folder {path.parent} cannot be written to", hint="Choose another place for --out.")
    if not path.exists():
        return
    owner = owner_of(path)
    if owner != compiled.name:
        found = f"the model of {owner!r}" if owner else "no model with a manifest"
        raise PortunusError(f"{path} is {found}, so it will not be overwritten", hint="Choose another name for --out.")
