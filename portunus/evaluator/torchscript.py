"""TorchScript: the published form of a network, and the reference every faster form is checked against.

The only module that touches `torch.jit`. It never loads a TorchScript file: `TorchScriptEvaluator` pours weights that were read as data
into the network class below, which is code of this package. Upstream has deprecated TorchScript; only those warnings are silenced here.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from portunus.errors import PortunusError
from portunus.evaluator.model_file import METADATA, TENSORS, TOLERANCE, Model, largest_difference
from portunus.evaluator.protocol import NetworkWeights

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 32  # the one batch shape that is ever evaluated; other shapes differ in the last bits
ILLEGAL = -1e9  # logit of an action that is not allowed; finite, so that differences stay numbers


class FusedNetwork(torch.nn.Module):
    """Two hidden ReLU layers and one fused head: A action logits and, in the last row, the value."""

    def __init__(self, features: int, hidden: int, actions: int) -> None:
        super().__init__()
        self.w1 = torch.nn.Parameter(torch.zeros(hidden, features))
        self.b1 = torch.nn.Parameter(torch.zeros(hidden))
        self.w2 = torch.nn.Parameter(torch.zeros(hidden, hidden))
        self.b2 = torch.nn.Parameter(torch.zeros(hidden))
        self.w3 = torch.nn.Parameter(torch.zeros(actions + 1, hidden))
        self.b3 = torch.nn.Parameter(torch.zeros(actions + 1))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [L, A] without a mask, and values [L], of features [L, F]."""
        hidden = torch.relu(torch.nn.functional.linear(features, self.w1, self.b1))
        hidden = torch.relu(torch.nn.functional.linear(hidden, self.w2, self.b2))
        out = torch.nn.functional.linear(hidden, self.w3, self.b3)
        return out[:, :-1], out[:, -1]


@contextmanager
def _deprecation_known() -> Iterator[None]:
    """Silence the deprecation of TorchScript itself, by message, and nothing else."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\..*` is deprecated", category=DeprecationWarning)
        yield


def _scripted(weights: NetworkWeights) -> torch.jit.ScriptModule:
    hidden, features = weights.w1.shape
    network = FusedNetwork(features, hidden, weights.w3.shape[0] - 1)
    with torch.no_grad():
        for name in TENSORS:
            getattr(network, name).copy_(torch.from_numpy(np.array(getattr(weights, name), dtype=np.float32)))
    network.requires_grad_(False).eval()
    with _deprecation_known():
        return torch.jit.script(network)


def to_torchscript(weights: NetworkWeights, metadata: dict[str, Any]) -> bytes:
    """A TorchScript file of the network, with the metadata inside as an extra file.

    Every entry is stored uncompressed and debug records (which name source folders) are left out, so the tensors can be read without torch.
    """
    buffer = io.BytesIO()
    with _deprecation_known():
        torch.jit.save(_scripted(weights), buffer, _extra_files={METADATA: json.dumps(metadata, sort_keys=True)})
    packed = io.BytesIO()
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            if not name.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), source.read(name))
    return packed.getvalue()


class TorchScriptEvaluator:
    """Evaluates a network through TorchScript, always in padded batches of one shape, on one thread.

    Args:
        weights: The network, read by `load_model` or straight from training.
        doubt: See `portunus.evaluator.kernels.KernelEvaluator`.
    """

    def __init__(self, weights: NetworkWeights, doubt: float = 0.0) -> None:
        self.doubt = doubt
        torch.set_num_threads(1)
        self._network = _scripted(weights)
        self._padded = torch.zeros(BATCH, weights.w1.shape[1])
        for _ in range(3):  # the first calls specialise the graph
            self._network(self._padded)
        self.fingerprint = hashlib.sha256(b"".join(getattr(weights, name).tobytes() for name in TENSORS)).hexdigest()

    def evaluate(self, features: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate L states; any L, each row independent of the others.

        Args:
            features: float32[L, F].
            mask: uint8[L, A], 1 = legal.

        Returns:
            Logits float32[L, A], `ILLEGAL` where the mask is 0, and values float32[L] in units of one reference global cooldown.
        """
        count = len(features)
        logits = np.empty(mask.shape, np.float32)
        values = np.empty(count, np.float32)
        with torch.inference_mode():
            for start in range(0, count, BATCH):
                stop = min(start + BATCH, count)
                self._padded[: stop - start] = torch.from_numpy(features[start:stop])
                self._padded[stop - start:] = 0
                policy, value = self._network(self._padded)
                logits[start:stop] = policy[: stop - start].numpy()
                values[start:stop] = value[: stop - start].numpy()
        logits[mask == 0] = ILLEGAL
        return logits, values


def open_evaluator(model: Model, fast: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None) -> TorchScriptEvaluator:
    """The TorchScript evaluator of a loaded model, checked on its test vectors.

    Args:
        model: A model that `load_model` accepted.
        fast: Another form of the same network, features [L, F] to (logits, values), checked against TorchScript as well.

    Raises:
        PortunusError: TorchScript or the other form computes something else than the published outputs.
    """
    evaluator = TorchScriptEvaluator(model.weights, model.doubt)
    features, logits, values = model.test_vectors()
    ours = evaluator.evaluate(features, np.ones(logits.shape, np.uint8))
    pairs = {"TorchScript": (ours, (logits, values))}
    if fast is not None:
        pairs["the compiled network"] = (fast(features), ours)
    for name, (left, right) in pairs.items():
        difference = largest_difference(left, right)
        if not difference <= TOLERANCE:
            raise PortunusError(
                f"{name} evaluates the model {model.path} differently on this machine (by {difference:.1e})",
                hint="Report this with your processor and versions; meanwhile train a model on this machine.",
            )
    return evaluator
