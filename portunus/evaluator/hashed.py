"""An evaluator made for tests: arbitrary but repeatable opinions, a hash of the features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import carray

from portunus.evaluator.kernels import KernelEvaluator, compiled, kernel


@dataclass(frozen=True)
class Hashed:
    """Logits and value are a hash of the features: the same state always gets the same opinion.

    Attributes:
        features: F, the number of features.
        actions: A, the number of actions.
        seed: Another seed gives other opinions.
        spread: Values lie in -spread..spread, u; logits in -1..1.
    """

    features: int
    actions: int
    seed: int = 0
    spread: float = 0.5

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        integers = np.array([self.features, self.actions, self.seed & 0x7FFF_FFFF])
        return KernelEvaluator(compiled(_evaluate).address, integers, np.array([self.spread]), features=self.features, actions=self.actions)


@kernel
def mix(x):
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): a well-mixed uint64 from any uint64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def fraction(bits):
    """The upper 53 bits of a uint64 as a float64 in [0, 1)."""
    return np.float64(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


def _evaluate(integers, reals, weights, tables, state, rng, features, mask, heads):
    sizes, step = carray(integers, 3), np.uint64(0x9E3779B97F4A7C15)
    x, out = carray(features, sizes[0]), carray(heads, sizes[1] + 1)
    key = mix(np.uint64(sizes[2]) + step)
    for f in range(sizes[0]):
        key = mix(key ^ np.uint64(np.int64(np.float64(x[f]) * 1048576.0)))
    for a in range(sizes[1]):
        key = mix(key + step)
        out[a] = np.float32(2.0 * fraction(key) - 1.0)
    key = mix(key + step)
    out[sizes[1]] = np.float32(carray(reals, 1)[0] * (2.0 * fraction(key) - 1.0))
    return 0
