"""Random streams of one seed: of a decision, of each of its trees, of each of its trials. None is a piece of another."""

from __future__ import annotations

import numpy as np

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
TRIAL = 1 << 32  # added to the number of a tree: the stream of its trials


def _mix(x: int) -> int:
    """The finaliser of splitmix64, as `portunus.evaluator.hashed.mix`, for Python's integers."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def stream_of(seed: int, number: int = 0) -> np.uint64:
    """Where stream `number` of a seed begins.

    Both are mixed: splitmix64 goes through all numbers in equal steps, so beginnings a step or a few apart would give one sequence, shifted.

    Args:
        seed: Any integer; of a decision.
        number: Of the stream: 0 for a search alone, the number of a tree among several, `TRIAL` more for its trials.
    """
    return np.uint64(_mix((_mix((seed + _GOLDEN) & _MASK) + (number + 1) * _GOLDEN) & _MASK))
