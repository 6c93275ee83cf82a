"""Random draws of kernels, compiled: splitmix64 over a block of 4 words (state, script bits, script length, bits of the next number).

The next number is found when the one before it is drawn: a processor that guessed wrong how a roll ends knows it some 20 cycles earlier. `prepare`
finds the first one, after anything else has set the state.

Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014); uniforms are the top 53 bits / 2^53.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic


@intrinsic
def _as_bits(typingctx: Any, number: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), emit


@intrinsic
def _as_number(typingctx: Any, bits: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), emit


@njit(error_model="numpy")
def prepare(r):
    """Find the number that `uniform` gives next."""
    r[3] = _as_bits(stream_uniform(r[0] + np.uint64(0x9E3779B97F4A7C15)))


@njit(error_model="numpy")
def uniform(r):
    """The next uniform number in [0, 1)."""
    number = _as_number(r[3])
    r[0] = r[0] + np.uint64(0x9E3779B97F4A7C15)
    prepare(r)
    return number


@njit(error_model="numpy")
def stream(r):
    """The word of the stream before the next draw, as a signed 64-bit integer."""
    return np.int64(r[0])


@njit(error_model="numpy")
def restore(r, word):
    """Go on after another word of the stream."""
    r[0] = np.uint64(word)
    prepare(r)


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
