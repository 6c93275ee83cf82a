"""The event queue of the slow twin: the same answers as `queue_numba`, in plain Python over lists."""

from __future__ import annotations


def earliest(at: list[int], first: int, last: int, gap: int, after: int) -> int:
    """The slot with the least `at` of `first` to `last` (exclusive), without those of `gap` to `after` (exclusive); the first of equal ones."""
    return min((at[slot], slot) for slot in range(first, last) if not gap <= slot < after)[1]


def shared(at: list[int], now: int) -> bool:
    """Are there several slots with `at` equal to `now`?"""
    return at.count(now) > 1


def first_due(at: list[int], order: list[int], now: int) -> int:
    """Of the slots with `at` equal to `now`, which must be one of `at`, the one with the least `order`."""
    return min((rank, slot) for slot, (when, rank) in enumerate(zip(at, order, strict=True)) if when == now)[1]
