"""The network as a numba kernel: the weights of a published model, evaluated inside the search, one state at a time.

A layer adds rows of the (transposed) weight table, one per active input, four at a time; inputs that are 0, most of them after a
rectifier, cost nothing. The order of the sums is fixed, so results are equal bit for bit whatever else is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import NETWORK, KernelEvaluator, kernel, kernel_evaluator
from portunus.evaluator.protocol import NetworkWeights


@dataclass(frozen=True)
class Mlp:
    """A network that runs inside the search.

    Attributes:
        weights: Of the network; copied when the search is built.
    """

    weights: NetworkWeights

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        w = self.weights
        return kernel_evaluator(
            NETWORK,
            w1=np.ascontiguousarray(w.w1.T), b1=w.b1.copy(),
            w2=np.ascontiguousarray(w.w2.T), b2=w.b2.copy(),
            w3=np.ascontiguousarray(w.w3.T), b3=w.b3.copy(),
            hidden=np.zeros((2, w.hidden), np.float32),
            heads=np.zeros(w.actions + 1, np.float32),
            active=np.zeros(max(w.features, w.hidden), np.int64),
        )  # fmt: skip


@kernel
def layer(weights, bias, x, active, out):
    """out = bias + x @ weights, with `weights` float32 [inputs, outputs]; `active` int64 [>= inputs] is scratch."""
    outputs = bias.shape[0]
    count = 0
    for i in range(x.shape[0]):
        active[count] = i
        if x[i] != np.float32(0.0):
            count += 1
    for k in range(outputs):
        out[k] = bias[k]
    i = 0
    while i + 4 <= count:
        r0, r1, r2, r3 = weights[active[i]], weights[active[i + 1]], weights[active[i + 2]], weights[active[i + 3]]
        x0, x1, x2, x3 = x[active[i]], x[active[i + 1]], x[active[i + 2]], x[active[i + 3]]
        for k in range(outputs):
            out[k] = out[k] + x0 * r0[k] + x1 * r1[k] + x2 * r2[k] + x3 * r3[k]
        i += 4
    while i < count:
        row, factor = weights[active[i]], x[active[i]]
        for k in range(outputs):
            out[k] = out[k] + factor * row[k]
        i += 1


@kernel
def rectify(x):
    """Replace negative values of `x`, float32 [n], by 0."""
    zero = np.float32(0.0)
    for k in range(x.shape[0]):
        x[k] = x[k] if x[k] > zero else zero


@kernel
def network(evaluator, features, logits):
    """Write the logits, float32 [A], of one state with `features`, float32 [F]; return its value in u."""
    first, second, heads = evaluator.hidden[0], evaluator.hidden[1], evaluator.heads
    layer(evaluator.w1, evaluator.b1, features, evaluator.active, first)
    rectify(first)
    layer(evaluator.w2, evaluator.b2, first, evaluator.active, second)
    rectify(second)
    layer(evaluator.w3, evaluator.b3, second, evaluator.active, heads)
    actions = logits.shape[0]
    for a in range(actions):
        logits[a] = heads[a]
    return np.float64(heads[actions])


@kernel
def _forward_all(evaluator, features, logits, values):
    for i in range(features.shape[0]):
        values[i] = network(evaluator, features[i], logits[i])


def forward(weights: NetworkWeights, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate states with the kernel the search uses; row by row, so the result does not depend on the number of rows.

    Args:
        weights: Of the network.
        features: float32 [L, F].

    Returns:
        Logits float32 [L, A] and values float32 [L], u.

    Raises:
        PortunusError: The features do not fit the network.
    """
    features = np.ascontiguousarray(features, np.float32)
    if features.ndim != 2 or features.shape[1] != weights.features:
        raise PortunusError(f"the network takes {weights.features} features, the states have {features.shape[-1]}")
    logits = np.empty((len(features), weights.actions), np.float32)
    values = np.empty(len(features), np.float32)
    _forward_all(Mlp(weights).in_kernel(), features, logits, values)
    return logits, values
