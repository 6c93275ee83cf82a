"""The network as a numba kernel: the weights of a published model, evaluated inside the search, one state at a time.

A layer adds rows of the (transposed) weight table (`portunus.evaluator.dense`). The order of the sums is fixed, so results are equal bit
for bit whatever else is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import carray

from portunus.errors import PortunusError
from portunus.evaluator.dense import ALIGNMENT, LANES, WORD, add_layer
from portunus.evaluator.kernels import KernelEvaluator, compiled, kernel
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
        sizes, block = _packed(w)
        return KernelEvaluator(compiled(_evaluate).address, sizes, weights=block, features=w.features, actions=w.actions)


def _aligned(size: int) -> np.ndarray:
    """Zeros, float32 [size], that begin at a multiple of `ALIGNMENT` bytes."""
    room = np.zeros(size + ALIGNMENT // 4, np.float32)
    start = -room.ctypes.data % ALIGNMENT // 4
    return room[start : start + size]


def _padded(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def _packed(w: NetworkWeights) -> tuple[np.ndarray, np.ndarray]:
    """Sizes int64 [5] and one float32 block: per layer one row per input, then the bias; then room for the inputs and each layer's outputs.

    Inputs of a layer are padded with zeros to `WORD`, outputs to `LANES`.
    """
    inputs, hidden, heads = _padded(w.features, WORD), _padded(w.hidden, WORD), _padded(w.actions + 1, LANES)
    shapes = ((w.w1, w.b1, inputs, hidden), (w.w2, w.b2, hidden, hidden), (w.w3, w.b3, hidden, heads))
    block = _aligned(sum((rows + 1) * width for _, _, rows, width in shapes) + inputs + 2 * hidden + heads)
    start = 0
    for weights, bias, rows, width in shapes:
        table = block[start : start + (rows + 1) * width].reshape(rows + 1, width)
        table[: weights.shape[1], : len(bias)] = weights.T
        table[rows, : len(bias)] = bias
        start += table.size
    return np.array([w.features, w.actions, inputs, hidden, heads]), block


@kernel
def network(sizes, block, features, heads):
    """Write logits and value, float32 [A + 1], of one state with `features`, float32 [F]; sizes and block as packed."""
    inputs, hidden, width = sizes[2], sizes[3], sizes[4]
    at, size = block.ctypes.data, np.int64(4)
    second = (inputs + 1) * hidden
    third = second + (hidden + 1) * hidden
    x1 = third + (hidden + 1) * width
    x2 = x1 + inputs
    x3 = x2 + hidden
    out = x3 + hidden
    block[x1 : x1 + features.shape[0]] = features
    block[x2:x3] = block[inputs * hidden : second]
    add_layer(at, at + x1 * size, inputs, hidden, at + x2 * size)
    rectify(block[x2:x3])
    block[x3:out] = block[second + hidden * hidden : third]
    add_layer(at + second * size, at + x2 * size, hidden, hidden, at + x3 * size)
    rectify(block[x3:out])
    block[out : out + width] = block[third + hidden * width : x1]
    add_layer(at + third * size, at + x3 * size, hidden, width, at + out * size)
    for a in range(heads.shape[0]):
        heads[a] = block[out + a]


@kernel
def rectify(x):
    """Replace negative values of `x`, float32 [n], by 0."""
    zero = np.float32(0.0)
    for k in range(x.shape[0]):
        x[k] = x[k] if x[k] > zero else zero


def _evaluate(integers, reals, weights, tables, state, rng, features, mask, heads):
    sizes = carray(integers, 5)
    inputs, hidden, width = sizes[2], sizes[3], sizes[4]
    block = carray(weights, (inputs + 1) * hidden + (hidden + 1) * (hidden + width) + inputs + 2 * hidden + width)
    network(sizes, block, carray(features, sizes[0]), carray(heads, sizes[1] + 1))
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
