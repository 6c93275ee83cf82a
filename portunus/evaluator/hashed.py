"""An evaluator made for tests: arbitrary but repeatable opinions, a hash of the features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portunus.evaluator.kernels import HASHED, KernelEvaluator, kernel, kernel_evaluator


@dataclass(frozen=True)
class Hashed:
    """Logits and value are a hash of the features: the same state always gets the same opinion.

    Attributes:
        seed: Another seed gives other opinions.
        spread: Values lie in -spread..spread, u.
    """

    seed: int = 0
    spread: float = 0.5

    def in_kernel(self) -> KernelEvaluator:
        """Its form inside the search."""
        return kernel_evaluator(HASHED, seed=self.seed & 0x7FFF_FFFF, mass=self.spread)


@kernel
def mix(x):
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): a well-mixed uint64 from any uint64."""
    x = np.uint64(x)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def fraction(bits):
    """The upper 53 bits of a uint64 as a float64 in [0, 1)."""
    return np.float64(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def hashed(seed, spread, features, logits):
    """Write logits in -1..1, float32 [A]; return a value in -spread..spread, both from `features`, float32 [F]."""
    key = mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    for f in range(features.shape[0]):
        key = mix(key ^ np.uint64(np.int64(np.float64(features[f]) * 1048576.0)))
    for a in range(logits.shape[0]):
        key = mix(key + np.uint64(0x9E3779B97F4A7C15))
        logits[a] = np.float32(2.0 * fraction(key) - 1.0)
    key = mix(key + np.uint64(0x9E3779B97F4A7C15))
    return spread * (2.0 * fraction(key) - 1.0)
