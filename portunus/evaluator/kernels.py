"""The one form in which evaluators enter the compiled search, and how search and evaluators are compiled.

All kinds share one type, so the search compiles once; a kind ignores the fields of the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

UNIFORM = 0
HASHED = 1
ROTATION = 2
NETWORK = 3

# Bits matter: no fastmath, no parallel sums. No files either: compiled in this process.
kernel = njit(nogil=True, error_model="numpy")


class KernelEvaluator(NamedTuple):
    """Numbers of an evaluator. Legend as in `protocol`; w1, w2, w3 are transposed, one row per input.

    Attributes:
        kind: `UNIFORM`, `HASHED`, `ROTATION` or `NETWORK`.
        seed: Of `HASHED`.
        rotation: Address of the rotation kernel, of `ROTATION`.
        mass: Probability that goes to the rotation's action, of `ROTATION`; spread of the values in u, of `HASHED`.
        horizon_ns: How far `ROTATION` plays on to value a state, ns; 0 = not at all.
        w1, b1, w2, b2, w3, b3: float32 [F, h], [h], [h, h], [h], [h, A + 1], [A + 1], of `NETWORK`.
        hidden: float32 [2, h], scratch.
        heads: float32 [A + 1], scratch.
        active: int64 [max(F, h)], scratch.
    """

    kind: int
    seed: int
    rotation: int
    mass: float
    horizon_ns: int
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
    w3: np.ndarray
    b3: np.ndarray
    hidden: np.ndarray
    heads: np.ndarray
    active: np.ndarray


def kernel_evaluator(kind: int, **numbers: object) -> KernelEvaluator:
    """A `KernelEvaluator` of `kind` with the given fields; all others are empty."""
    row, table = np.zeros(1, np.float32), np.zeros((1, 1), np.float32)
    values: dict[str, object] = {
        "kind": kind, "seed": 0, "rotation": 0, "mass": 0.0, "horizon_ns": 0,
        "w1": table, "b1": row, "w2": table, "b2": row, "w3": table, "b3": row,
        "hidden": np.zeros((2, 1), np.float32), "heads": row.copy(), "active": np.zeros(1, np.int64),
    }  # fmt: skip
    values.update(numbers)
    return KernelEvaluator(**values)  # type: ignore[arg-type]
