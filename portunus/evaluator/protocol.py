"""What judges a state: for each action how promising it is, and for the state how much damage lies ahead.

The value of a state s is g(s) = (V(s) - reference_dps * remaining_seconds(s)) / u, with V the damage still to be done and u the
damage of the reference rotation in one global cooldown: "global cooldowns of damage ahead of the reference pace". It does not grow
with the length of the fight. At the end of a fight it is exactly 0.

There are two kinds of evaluators. A *kernel evaluator* runs inside the compiled search, one leaf at a time, and offers
`in_kernel() -> KernelEvaluator`. A *batch evaluator* is called from Python with a fixed number of leaves and offers `evaluate`.

Legend: A = actions, F = features, h = hidden units, L = leaves of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from portunus.errors import PortunusError

if TYPE_CHECKING:
    from portunus.evaluator.kernels import KernelEvaluator


@runtime_checkable
class BatchEvaluator(Protocol):
    """An evaluator that is asked for many leaves at once; it may have a `doubt`, see `portunus.evaluator.kernels.KernelEvaluator`."""

    def evaluate(self, features: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Judge L states.

        Args:
            features: float32 [L, F].
            mask: uint8 [L, A], 1 = legal.

        Returns:
            Logits of the actions, float32 [L, A], and values in u, float32 [L].
        """
        ...


@runtime_checkable
class InKernel(Protocol):
    """An evaluator that runs inside the compiled search."""

    def in_kernel(self) -> KernelEvaluator:
        """Its numbers, in the one form the search kernel takes."""
        ...


Evaluator = BatchEvaluator | InKernel


@dataclass(frozen=True)
class NetworkWeights:
    """Weights of F -> h -> h -> A + 1 with rectified units and one fused head; all float32.

    Attributes:
        w1: [h, F].
        b1: [h].
        w2: [h, h].
        b2: [h].
        w3: [A + 1, h]; rows 0..A-1 are the logits of the actions, the last row is the value in u.
        b3: [A + 1].
    """

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
    w3: np.ndarray
    b3: np.ndarray

    def __post_init__(self) -> None:
        for field in fields(self):
            array = getattr(self, field.name)
            if not isinstance(array, np.ndarray) or array.dtype != np.float32:
                raise PortunusError(f"network weights: {field.name} is not a float32 array")
            if not np.isfinite(array).all():
                raise PortunusError(f"network weights: {field.name} holds a value that is no finite number")
        if self.w1.ndim != 2 or self.w3.ndim != 2 or self.w3.shape[0] < 2:
            raise PortunusError("network weights: w1 and w3 must be tables of rows, w3 with one row per action and one for the value")
        h, heads = self.w1.shape[0], self.w3.shape[0]
        expected = {"b1": (h,), "w2": (h, h), "b2": (h,), "w3": (heads, h), "b3": (heads,)}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise PortunusError(f"network weights: {name} has shape {getattr(self, name).shape}, expected {shape}")

    @property
    def features(self) -> int:
        """F, the number of inputs."""
        return self.w1.shape[1]

    @property
    def hidden(self) -> int:
        """h, the number of units of each hidden layer."""
        return self.w1.shape[0]

    @property
    def actions(self) -> int:
        """A, the number of actions."""
        return self.w3.shape[0] - 1
