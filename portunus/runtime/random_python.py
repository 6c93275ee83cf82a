"""Random draws of the slow twin: the same numbers as `random_numba`, in plain Python over a list of 4 integers."""

from __future__ import annotations

from typing import Any

_MASK = (1 << 64) - 1


def uniform(r: list[int]) -> float:
    """The next uniform number in [0, 1)."""
    r[0] = (r[0] + 0x9E3779B97F4A7C15) & _MASK
    z = r[0]
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    z ^= z >> 31
    return float(z >> 11) * (1.0 / 9007199254740992.0)


def stream(r: list[int]) -> int:
    """The word of the stream before the next draw, as a signed 64-bit integer."""
    return _wrap(r[0])


def restore(r: list[int], word: int) -> None:
    """Go on after another word of the stream."""
    r[0] = word & _MASK


def stream_next(word: int) -> int:
    """The word of a random stream after one draw, as a signed 64-bit integer."""
    return _wrap(word + 0x9E3779B97F4A7C15)


def stream_uniform(word: int) -> float:
    """The uniform number in [0, 1) of a stream's word: what `uniform` gives when it comes to it."""
    return uniform([(word - 0x9E3779B97F4A7C15) & _MASK])


def proc(probability: float, r: list[int]) -> bool:
    """True with `probability`; a certain or impossible outcome draws nothing."""
    if probability >= 1.0:
        return True
    if probability <= 0.0:
        return False
    return uniform(r) < probability


def chance(probability: float, m: Any, r: list[int]) -> bool:
    """As `proc`, and records the outcome in `m`; follows the script while it lasts."""
    if probability >= 1.0:
        return True
    if probability <= 0.0:
        return False
    happens = bool((r[1] >> m.draws) & 1) if m.draws < r[2] else uniform(r) < probability
    m.draws += 1
    if m.draws > 62:
        m.signature ^= m.signature >> 31
    m.probability *= probability if happens else 1.0 - probability
    m.signature = _wrap(m.signature * 2 + (1 if happens else 0))
    return happens


def _wrap(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)
