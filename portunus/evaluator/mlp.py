"""The network as a numba kernel: the weights of a published model, evaluated inside the search, one state at a time.

A layer adds rows of the (transposed) weight table, one per active input, four at a time; inputs that are 0, most of them after a
rectifier, cost nothing. The order of the sums is fixed, so results are equal bit for bit whatever else is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import carray

from portunus.errors import PortunusError
from portunus.evaluator.kernels import KernelEvaluator, compiled, kernel
from portunus.evaluator.protocol import NetworkWeights

_LANES = 16  # rows of weights are padded with zeros to full vectors


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
        sizes, block = _packed(w)
        return KernelEvaluator(compiled(_evaluate).address, sizes, weights=block, features=w.features, actions=w.actions)


def _packed(w: NetworkWeights) -> tuple[np.ndarray, np.ndarray]:
    """Sizes int64 [5] and one float32 block: per layer the bias, then one row per input; then room for two layers' outputs."""
    hidden, heads = -(-w.hidden // _LANES) * _LANES, -(-(w.actions + 1) // _LANES) * _LANES
    parts = []
    for weights, bias, width, inputs in ((w.w1, w.b1, hidden, w.features), (w.w2, w.b2, hidden, hidden), (w.w3, w.b3, heads, hidden)):
        table = np.zeros((inputs + 1, width), np.float32)
        table[0, : len(bias)] = bias
        table[1 : 1 + weights.shape[1], : len(bias)] = weights.T
        parts.append(table.ravel())
    parts.append(np.zeros(2 * hidden + heads, np.float32))
    active = np.zeros(max(w.features, hidden), np.int64)
    return np.concatenate([np.array([w.features, w.actions, hidden, heads, len(active)]), active]), np.concatenate(parts)


@kernel
def layer(table, x, active, out):
    """out = bias + x @ weights.

    Args:
        table: float32 [1 + inputs, outputs]; row 0 is the bias, row 1 + i the weights of input i.
        x: float32 [inputs].
        active: int64 [>= inputs], scratch.
        out: float32 [outputs], written.
    """
    outputs = out.shape[0]
    count = 0
    for i in range(x.shape[0]):
        active[count] = i
        count += np.int64(x[i] != np.float32(0.0))  # a sum, not a branch: which inputs are active is hard to foresee
    bias = table[0]
    for k in range(outputs):
        out[k] = bias[k]
    i = 0
    while i + 4 <= count:
        i0, i1, i2, i3 = active[i], active[i + 1], active[i + 2], active[i + 3]
        r0, r1, r2, r3 = table[1 + i0], table[1 + i1], table[1 + i2], table[1 + i3]
        x0, x1, x2, x3 = x[i0], x[i1], x[i2], x[i3]
        for k in range(outputs):
            out[k] = out[k] + x0 * r0[k] + x1 * r1[k] + x2 * r2[k] + x3 * r3[k]
        i += 4
    while i < count:
        row, factor = table[1 + active[i]], x[active[i]]
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
def network(sizes, block, features, heads):
    """Write logits and value, float32 [A + 1], of one state with `features`, float32 [F]; sizes and block as packed."""
    inputs, actions, hidden, width = sizes[0], sizes[1], sizes[2], sizes[3]
    active = sizes[5:]
    end1 = (inputs + 1) * hidden
    end2 = end1 + (hidden + 1) * hidden
    end3 = end2 + (hidden + 1) * width
    first, second, last = block[end3 : end3 + hidden], block[end3 + hidden : end3 + 2 * hidden], block[end3 + 2 * hidden :]
    layer(block[:end1].reshape((inputs + 1, hidden)), features, active, first)
    rectify(first)
    layer(block[end1:end2].reshape((hidden + 1, hidden)), first, active, second)
    rectify(second)
    layer(block[end2:end3].reshape((hidden + 1, width)), second, active, last)
    for a in range(actions + 1):
        heads[a] = last[a]


def _evaluate(integers, reals, weights, tables, state, rng, features, mask, heads):
    head = carray(integers, 5)
    inputs, actions, hidden, width = head[0], head[1], head[2], head[3]
    block = carray(weights, (inputs + 1) * hidden + (hidden + 1) * (hidden + width) + 2 * hidden + width)
    network(carray(integers, 5 + head[4]), block, carray(features, inputs), carray(heads, actions + 1))
    return 0


@kernel
def _forward_all(sizes, block, features, heads):
    for i in range(features.shape[0]):
        network(sizes, block, features[i], heads[i])


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
    heads = np.empty((len(features), weights.actions + 1), np.float32)
    _forward_all(*_packed(weights), features, heads)
    return np.ascontiguousarray(heads[:, :-1]), np.ascontiguousarray(heads[:, -1])
