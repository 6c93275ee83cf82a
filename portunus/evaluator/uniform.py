"""An evaluator that knows nothing: all legal actions alike, every state at reference pace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import carray

from portunus.evaluator.kernels import KernelEvaluator, compiled


@dataclass(frozen=True)
class Uniform:
    """Equal logits, value 0: the search alone, with nothing that guides it.

    Attributes:
        actions: A, the number of actions.
    """

    actions: int

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        return KernelEvaluator(compiled(_evaluate).address, np.array([self.actions]), actions=self.actions)


def _evaluate(integers, reals, weights, tables, state, rng, features, mask, heads):
    count = carray(integers, 1)[0] + 1
    out = carray(heads, count)
    for a in range(count):
        out[a] = 0.0
    return 0
