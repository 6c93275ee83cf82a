"""Publishing a network: the TorchScript file, the manifest that vouches for it, and a card for people."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import portunus
from portunus.errors import PortunusError
from portunus.evaluator.mlp import forward
from portunus.evaluator.model_file import FORMAT, TENSORS, TEST_VECTORS, Model, identity, load_model, manifest_path, seal, tensor_list
from portunus.evaluator.torchscript import open_evaluator, to_torchscript
from portunus.files import write_atomic

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights
    from portunus.runtime.compiled import CompiledSpec


def publish_model(
    path: Path, weights: NetworkWeights, compiled: CompiledSpec, *, samples: np.ndarray, training: dict[str, Any],
    judgement: dict[str, Any] | None = None,
) -> Model:  # fmt: skip
    """Write `NAME.pt`, `NAME.json` and `NAME.md`, then read them back and check every form of the network against the others.

    A reader sees the old network or the new one, never a mix: the new manifest is first laid down as `NAME.json.next`.

    Args:
        path: The `.pt` file.
        weights: The network.
        compiled: The spec it belongs to.
        samples: Features of states it may meet, float32[N, F], N >= 1; 16 of them become the test vectors.
        training: How it was made and what was measured, for manifest and card; plain JSON values.
        judgement: How wrong its values are, see `portunus.train.judgement`; None = not measured.

    Returns:
        The model as a reader gets it.

    Raises:
        PortunusError: The files cannot be written, or do not read back as what was written.
    """
    if path.suffix != ".pt":
        raise PortunusError(f"a model file is named NAME.pt, not {path.name}")
    chosen = samples[np.linspace(0, len(samples) - 1, TEST_VECTORS).astype(int)]
    logits, values = forward(weights, chosen)
    bound_to = identity(compiled)
    raw = to_torchscript(weights, bound_to)
    manifest = {
        "format": FORMAT,
        "portunus": portunus.__version__,
        "file": path.name,
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "model": bound_to,
        "title": compiled.title,
        "network": {"kind": "mlp", "features": weights.features, "hidden": weights.hidden, "actions": weights.actions},
        "tensors": tensor_list({name: getattr(weights, name) for name in TENSORS}),
        "units": {"reference_dps": compiled.reference_dps, "gcd_seconds": compiled.gcd_seconds},
        "training": training,
        **({} if judgement is None else {"judgement": judgement}),
        "test_vectors": {"features": chosen.tolist(), "logits": logits.tolist(), "values": values.tolist()},
    }
    sealed, plain = seal(manifest), manifest_path(path)
    coming = Path(f"{plain}.next")
    write_atomic(coming, sealed)
    write_atomic(path, raw)
    write_atomic(plain, sealed)
    coming.unlink()
    write_atomic(path.with_suffix(".md"), card(json.loads(sealed)))
    model = load_model(path, compiled)
    open_evaluator(model, lambda features: forward(model.weights, features))
    return model


def state_judgement(path: Path, compiled: CompiledSpec, judgement: dict[str, Any]) -> Model:
    """Write into the manifest and the card of a published network how wrong its values are (`portunus.train.judgement`); the network stays.

    Raises:
        PortunusError: The network is unusable, or the files cannot be written.
    """
    manifest = {**load_model(path, compiled).manifest, "judgement": judgement}
    write_atomic(manifest_path(path), seal(manifest))
    write_atomic(path.with_suffix(".md"), card(manifest))
    return load_model(path, compiled)


def card(manifest: dict[str, Any]) -> str:
    """The Markdown card of a published network, every figure taken from its manifest."""
    network, units, training = manifest["network"], manifest["units"], manifest["training"]
    lines = [
        f"# {manifest['title']}: a network for `{manifest['model']['spec']}`",
        "",
        f"Takes {network['features']} numbers that describe a state, gives one logit for each of {network['actions']} actions and the value of the state.",
        f"Two hidden layers of {network['hidden']}; {manifest['bytes']} bytes; made by Portunus {manifest['portunus']}.",
        "",
        "The value is damage still to be done, counted from the pace of the default priority list "
        f"({units['reference_dps']:.1f} damage per second), in units of what that list does in one global cooldown ({units['gcd_seconds']:g} s).",
        "",
        "| how it was made | |",
        "|---|---|",
        *(f"| {key.replace('_', ' ')} | {_shown(value)} |" for key, value in training.items() if not isinstance(value, dict)),
    ]
    for title, figures in training.items():
        if isinstance(figures, dict):
            lines += ["", f"| {title.replace('_', ' ')} | |", "|---|---|", *(f"| {k.replace('_', ' ')} | {_shown(v)} |" for k, v in figures.items())]
    if "judgement" in manifest:
        lines += ["", "| how wrong its values are about what two actions differ by | |", "|---|---|"]
        lines += [f"| {k.replace('_', ' ')} | {_shown(v)} |" for k, v in manifest["judgement"].items()]
    actions = ", ".join(f"`{name}`" for name in manifest["model"]["actions"])
    lines += ["", f"Actions: {actions}.", "", f"SHA-256 of `{manifest['file']}`: `{manifest['sha256']}`.", ""]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    return str(value).replace("|", "\\|").replace("\n", " ")
