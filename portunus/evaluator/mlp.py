"""The network as a numba kernel: the weights of a published model, evaluated inside the search, one state at a time.

The layers are in `portunus.evaluator.dense`. The order of the sums is fixed, so results are equal bit for bit whatever else is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import carray

from portunus.errors import PortunusError
from portunus.evaluator.dense import ALIGNMENT, LANES, WORD, judge_one, judge_two
from portunus.evaluator.kernels import KernelEvaluator, address_of, compiled, kernel
from portunus.evaluator.protocol import NetworkWeights


@dataclass(frozen=True)
class Mlp:
    """A network that runs inside the search.

    Attributes:
        weights: Of the network; copied when the search is built.
        doubt: See `KernelEvaluator`.
    """

    weights: NetworkWeights
    doubt: float = 0.0

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        w = self.weights
        sizes, block = _packed(w)
        return KernelEvaluator(compiled(_evaluate).address, sizes, weights=block, features=w.features, actions=w.actions, two=compiled(_evaluate_two).address, doubt=self.doubt)


def _aligned(size: int) -> np.ndarray:
    """Zeros, float32 [size], that begin at a multiple of `ALIGNMENT` bytes."""
    room = np.zeros(size + ALIGNMENT // 4, np.float32)
    start = -room.ctypes.data % ALIGNMENT // 4
    return room[start : start + size]


def _padded(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def _packed(w: NetworkWeights) -> tuple[np.ndarray, np.ndarray]:
    """Sizes int64 [5] and one float32 block: per layer one row per input, then the bias; then scratch space for two states.

    Inputs of a layer are padded with zeros to `WORD`, outputs to `LANES`.
    """
    inputs, hidden, heads = _padded(w.features, WORD), _padded(w.hidden, WORD), _padded(w.actions + 1, LANES)
    shapes = ((w.w1, w.b1, inputs, hidden), (w.w2, w.b2, hidden, hidden), (w.w3, w.b3, hidden, heads))
    block = _aligned(sum((rows + 1) * width for _, _, rows, width in shapes) + 2 * (inputs + 2 * hidden + heads))
    start = 0
    for weights, bias, rows, width in shapes:
        table = block[start : start + (rows + 1) * width].reshape(rows + 1, width)
        table[: weights.shape[1], : len(bias)] = weights.T
        table[rows, : len(bias)] = bias
        start += table.size
    return np.array([w.features, w.actions, inputs, hidden, heads]), block


@kernel
def _scratch_at(sizes):
    """Where the scratch space begins in the block: after all weights."""
    inputs, hidden, width = sizes[2], sizes[3], sizes[4]
    return (inputs + 1) * hidden + (hidden + 1) * (hidden + width)


def _evaluate(integers, reals, weights, tables, state, rng, features, mask, heads):
    sizes, at = carray(integers, 5), address_of(weights)
    judge_one(
        at, at + _scratch_at(sizes) * 4, address_of(features), address_of(heads), sizes[0], sizes[1] + 1, sizes[2], sizes[3], sizes[4]
    )
    return 0


def _evaluate_two(integers, reals, weights, tables, state, rng, features, mask, heads):
    sizes, at = carray(integers, 5), address_of(weights)
    judge_two(
        at, at + _scratch_at(sizes) * 4, address_of(features), address_of(heads), sizes[0], sizes[1] + 1, sizes[2], sizes[3], sizes[4]
    )
    return 0


@kernel
def _forward_all(sizes, block, features, heads):
    at = block.ctypes.data
    scratch, count, outputs = at + _scratch_at(sizes) * 4, sizes[0], sizes[1] + 1
    for i in range(features.shape[0]):
        judge_one(
            at, scratch, features.ctypes.data + i * count * 4, heads.ctypes.data + i * outputs * 4, count, outputs, sizes[2], sizes[3], sizes[4]
        )


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
