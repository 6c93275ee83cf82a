"""Random draws of kernels, compiled: splitmix64 over a block of 4 words (state, script bits, script length, unused).

Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014); uniforms are the top 53 bits / 2^53.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(error_model="numpy")
def uniform(r):
    """The next uniform number in [0, 1)."""
    r[0] = r[0] + np.uint64(0x9E3779B97F4A7C15)
    z = r[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(error_model="numpy")
def stream_next(word):
    """The word of a random stream after one draw, as a signed 64-bit integer."""
    return np.int64(np.uint64(word) + np.uint64(0x9E3779B97F4A7C15))


@njit(error_model="numpy")
def stream_uniform(word):
    """The uniform number in [0, 1) of a stream's word: what `uniform` gives when it comes to it."""
    z = np.uint64(word)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(error_model="numpy")
def proc(probability, r):
    """True with `probability`; a certain or impossible outcome draws nothing."""
    if probability >= 1.0:
        return True
    if probability <= 0.0:
        return False
    return uniform(r) < probability


@njit(error_model="numpy")
def chance(probability, m, r):
    """As `proc`, and records the outcome: its probability, its bit in the signature; follows the script while it lasts."""
    if probability >= 1.0:
        return True
    if probability <= 0.0:
        return False
    if m.draws < np.int64(r[2]):
        happens = (r[1] >> np.uint64(m.draws)) & np.uint64(1) != np.uint64(0)
    else:
        happens = uniform(r) < probability
    m.draws += 1
    if m.draws > 62:
        m.signature ^= m.signature >> 31
    if happens:
        m.probability *= probability
        m.signature = m.signature * 2 + 1
    else:
        m.probability *= 1.0 - probability
        m.signature = m.signature * 2
    return happens
