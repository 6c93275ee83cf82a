"""The event queue of the slow twin: the same answers as `queue_numba`, in plain Python over lists."""

from __future__ import annotations


def earliest(at: list[int], first: int, last: int, gap: int, after: int) -> int:
    """The slot with the least `at` of `first` to `last` (exclusive), without those of `gap` to `after` (exclusive); the first of equal ones."""
    return min((at[slot], slot) for slot in range(first, last) if not gap <= slot < after)[1]


def soonest(at: list[int], first: int, last: int, gap: int, after: int) -> int:
    """The least `at` itself, of the slots `earliest` looks at."""
    return min(at[slot] for slot in range(first, last) if not gap <= slot < after)


def shared(at: list[int], now: int, count: int) -> bool:
    """Are there several of the first `count` slots with `at` equal to `now`?"""
    return at[:count].count(now) > 1


def first_due(at: list[int], order: list[int], now: int, count: int) -> int:
    """Of the first `count` slots with `at` equal to `now`, which must be among them, the one with the least `order`."""
    return min((order[slot], slot) for slot in range(count) if at[slot] == now)[1]
