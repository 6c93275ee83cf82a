"""Published networks: `NAME.pt` (TorchScript), `NAME.json` (the manifest that vouches for it) and how both are read.

Nothing in a model file is executed. The manifest ties the file's hash to the spec, the layout of the state, the features and the actions
the network was made for; the tensors are then read as data (see `archive.py`) into `NetworkWeights`. No torch is needed for that.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.archive import ArchiveError, read_archive
from portunus.evaluator.protocol import NetworkWeights

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

FORMAT = 1  # of the manifest
MAX_MODEL_BYTES = 64 * 1024 * 1024
MAX_MANIFEST_BYTES = 1024 * 1024
TEST_VECTORS = 16
TOLERANCE = 1e-5  # largest difference allowed between two ways to evaluate one network, relative above 1
METADATA = "metadata.json"  # the extra file inside the TorchScript archive
TENSORS = ("w1", "b1", "w2", "b2", "w3", "b3")
RETRAIN = "Train one with: portunus train SPEC --out FILE.pt"


@dataclass(frozen=True)
class Model:
    """A network read from a model file and proved to fit a compiled spec.

    Attributes:
        path: The `.pt` file.
        weights: float32 weights; the last output row is the value.
        reference_dps: Damage per second of the default list when the network was trained; the pace its value counts from.
        gcd_seconds: Length of a global cooldown, seconds.
        manifest: The whole manifest.
        raw: The bytes of the `.pt` file, hash-checked.
    """

    path: Path
    weights: NetworkWeights
    reference_dps: float
    gcd_seconds: float
    manifest: dict[str, Any]
    raw: bytes

    @property
    def unit(self) -> float:
        """Damage in one unit of the value output: one global cooldown at the reference pace."""
        return self.reference_dps * self.gcd_seconds

    @property
    def doubt(self) -> float:
        """What the network's values are doubted by, u (`KernelEvaluator.doubt`); 0 where nobody has measured how wrong they are.

        A difference x believed between two actions, whose error has the standard deviation e, speaks of true differences of standard deviation s
        around 0: the better-looking action is the better one with probability Phi(x s / (e sqrt(e^2 + s^2))), about the logistic function of 1.702
        times that (Bowling et al. 2009). Added to the logits of the priors, x therefore counts 1.702 s / (e sqrt(e^2 + s^2)).
        """
        measured = self.manifest.get("judgement")
        return 0.0 if measured is None else doubt_of(float(measured["error"]), float(measured["spread"]))

    def test_vectors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The stored features [16, F], logits [16, A] and values [16], float32."""
        stored = self.manifest["test_vectors"]
        features, logits, values = (np.asarray(stored[name], dtype=np.float32) for name in ("features", "logits", "values"))
        return features, logits, values


def doubt_of(error: float, spread: float) -> float:
    """The temperature of `Model.doubt`, u, from both standard deviations, u."""
    return 0.0 if error == 0 else error * math.hypot(error, spread) / (1.702 * max(spread, 1e-3 * error))


def identity(compiled: CompiledSpec) -> dict[str, Any]:
    """What a network is bound to: the fields of a compiled spec that must be equal for its weights to mean anything."""
    return {
        "spec": compiled.name,
        "behaviour": compiled.behaviour,
        "layout_hash": compiled.layout_hash,
        "feature_names_hash": _sha256("\n".join(compiled.feature_names).encode()),
        "actions": [action.name for action in compiled.actions],
    }


def forward(weights: NetworkWeights, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The network in numpy, the plain reference of every other form.

    Args:
        weights: The network.
        features: float32[L, F].

    Returns:
        Logits float32[L, A] (no mask applied) and values float32[L].
    """
    hidden = np.maximum(features @ weights.w1.T + weights.b1, 0)
    hidden = np.maximum(hidden @ weights.w2.T + weights.b2, 0)
    out = hidden @ weights.w3.T + weights.b3
    return out[:, :-1], out[:, -1]


def manifest_path(path: Path) -> Path:
    """The manifest beside a model file."""
    return path.with_suffix(".json")


def seal(manifest: dict[str, Any]) -> bytes:
    """The manifest as text, with a checksum over its own canonical form."""
    body = {key: value for key, value in manifest.items() if key != "checksum"}
    body["checksum"] = _sha256(json.dumps(body, sort_keys=True).encode())
    return (json.dumps(body, indent=1, sort_keys=True) + "\n").encode()


def load_model(path: Path | str, compiled: CompiledSpec) -> Model:
    """Read a published network as data and make sure it belongs to this spec.

    Args:
        path: The `.pt` file; its manifest `.json` lies beside it.
        compiled: The spec the network is to play.

    Raises:
        PortunusError: Missing, damaged, truncated, hostile, or made for another spec, layout, feature or action list; names which.
    """
    path = Path(path)
    raw = _read_limited(path, MAX_MODEL_BYTES, "model")
    manifest = _matching_manifest(path, _sha256(raw))
    _check_identity(path, manifest, compiled)
    try:
        archive = read_archive(raw)
    except ArchiveError as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if archive.extra.get(METADATA) != json.dumps(manifest["model"], sort_keys=True).encode():
        raise _refused(path, "says something else inside than its manifest does")
    try:
        weights = _weights(path, manifest, archive.tensors, len(compiled.feature_names), len(compiled.actions))
        units = manifest["units"]
        reference_dps, gcd_seconds = float(units["reference_dps"]), float(units["gcd_seconds"])
        if not (math.isfinite(reference_dps) and math.isfinite(gcd_seconds) and reference_dps > 0 and gcd_seconds > 0):
            raise ValueError("units")
        model = Model(path, weights, reference_dps, gcd_seconds, manifest, raw)
        if not 0 <= model.doubt < math.inf:
            raise ValueError("judgement")
        features, logits, values = model.test_vectors()
        if features.shape != (TEST_VECTORS, weights.w1.shape[1]):
            raise ValueError("test vectors")
        ours = forward(weights, features)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refused(path, f"has an incomplete manifest ({error})") from error
    difference = largest_difference(ours, (logits, values))
    if not difference <= TOLERANCE:
        raise _refused(path, f"does not reproduce its own test vectors (off by {difference:.1e})")
    return model


def largest_difference(left: tuple[np.ndarray, np.ndarray], right: tuple[np.ndarray, np.ndarray]) -> float:
    """The largest difference between two (logits, values), relative where a number is larger than 1; inf for other shapes."""
    worst = 0.0
    for ours, theirs in zip(left, right, strict=True):
        if ours.shape != theirs.shape:
            return math.inf
        worst = max(worst, float(np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)))))
    return worst


def owner_of(path: Path) -> str | None:
    """Name of the spec a model file says it is for; None if it has no readable manifest."""
    try:
        return str(_read_manifest(path, manifest_path(path))["model"]["spec"])
    except (PortunusError, KeyError, TypeError):
        return None


def _weights(path: Path, manifest: dict, tensors: dict[str, np.ndarray], features: int, actions: int) -> NetworkWeights:
    """Exactly the six tensors of the architecture, with exactly the shapes this spec asks for."""
    hidden = manifest["network"]["hidden"]
    shapes = network_shapes(features, hidden, actions)
    if set(tensors) != set(TENSORS):
        raise _refused(path, f"holds the tensors {', '.join(sorted(tensors))}, not {', '.join(TENSORS)}")
    for name in TENSORS:
        if tensors[name].shape != shapes[name]:
            raise _refused(path, f"has {name} of shape {list(tensors[name].shape)}, this spec needs {list(shapes[name])}")
        if not np.all(np.isfinite(tensors[name])):
            raise _refused(path, f"has a number in {name} that is not finite")
    if manifest["tensors"] != tensor_list(tensors):
        raise _refused(path, "holds other tensors than its manifest lists")
    return NetworkWeights(**{name: np.ascontiguousarray(tensors[name]) for name in TENSORS})


def network_shapes(features: int, hidden: int, actions: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the six tensors: two hidden layers and one fused head, whose last row is the value."""
    outputs = actions + 1
    return {"w1": (hidden, features), "b1": (hidden,), "w2": (hidden, hidden), "b2": (hidden,), "w3": (outputs, hidden), "b3": (outputs,)}


def tensor_list(tensors: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Name, element type and shape of each tensor, as the manifest states them."""
    return [{"name": name, "dtype": "float32", "shape": list(tensors[name].shape)} for name in TENSORS]


def _matching_manifest(path: Path, digest: str) -> dict[str, Any]:
    """The manifest that vouches for these bytes; a publish that was cut short may have left the newer one under `.json.next`."""
    plain = manifest_path(path)
    candidates = [candidate for candidate in (plain, Path(f"{plain}.next")) if candidate.is_file()]
    if not candidates:
        raise PortunusError(f"the model {path} has no manifest {plain.name} beside it, so nothing vouches for it", hint=RETRAIN)
    manifests = [_read_manifest(path, candidate) for candidate in candidates]
    for manifest in manifests:
        if manifest["sha256"] == digest:
            return manifest
    raise _refused(path, "is damaged or was changed: its hash is not the one in its manifest")


def _read_manifest(path: Path, file: Path) -> dict[str, Any]:
    raw = _read_limited(file, MAX_MANIFEST_BYTES, "manifest")
    try:
        manifest = json.loads(raw)
        sealed = isinstance(manifest, dict) and seal(manifest) == raw
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"has an unreadable manifest {file.name}") from error
    if not sealed:
        raise _refused(path, f"has a damaged manifest {file.name}: its checksum does not fit")
    if manifest.get("format") != FORMAT:
        raise _refused(path, f"has a manifest of format {manifest.get('format')}, this version reads format {FORMAT}")
    missing = [key for key in ("sha256", "model", "network", "tensors", "units", "test_vectors") if key not in manifest]
    if missing:
        raise _refused(path, f"has a manifest without {', '.join(missing)}")
    return manifest


def _check_identity(path: Path, manifest: dict[str, Any], compiled: CompiledSpec) -> None:
    """Refuse a network of another spec, naming the first field that differs."""
    made_for = manifest["model"]
    for key, ours in identity(compiled).items():
        theirs = made_for.get(key) if isinstance(made_for, dict) else None
        if theirs == ours:
            continue
        if key == "actions" and isinstance(theirs, list):
            other = [str(name) for name in theirs if name not in ours] + [name for name in ours if name not in theirs]
            detail = f"other actions ({', '.join(other[:4]) or 'in another order'})"
        elif key == "spec":
            detail = f"the spec {theirs!r}, not {ours!r}"
        else:
            detail = f"{key} {str(theirs)[:16]}, and {compiled.name} has {str(ours)[:16]}"
        raise PortunusError(f"the model {path} was made for {detail}", hint=RETRAIN)


def _read_limited(path: Path, limit: int, what: str) -> bytes:
    try:
        with open(path, "rb") as handle:
            raw = handle.read(limit + 1)
    except OSError as error:
        raise PortunusError(f"cannot read the {what} {path}: {error.strerror}", hint=RETRAIN) from error
    if len(raw) > limit:
        raise PortunusError(f"the {what} {path} is larger than {limit >> 20} MiB", hint=RETRAIN)
    return raw


def _refused(path: Path, why: str) -> PortunusError:
    return PortunusError(f"the model {path} {why}", hint="Copy or download both files again, or train one: portunus train SPEC --out FILE.pt")


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
