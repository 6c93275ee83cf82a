"""The event queue: the compiled knock-out and tie-break give what the plain ones give."""

from __future__ import annotations

import numpy as np
from numba import from_dtype, njit

from portunus.runtime import queue_numba, queue_python

SLOTS = 13  # neither a power of two nor a multiple of a vector
BLOCK = np.dtype([("at", np.int64, (SLOTS,)), ("order", np.int64, (SLOTS,))])


@njit((from_dtype(BLOCK),))
def ask(block):
    slot = queue_numba.earliest(block.at, 0, 8, 2, 5)
    other = queue_numba.earliest(block.at, 8, 13, 0, 0)
    now = min(block.at[slot], block.at[other])
    return slot, other, queue_numba.shared(block.at, now), queue_numba.first_due(block.at, block.order, now)


def test_compiled_and_plain_queue_agree() -> None:
    rng = np.random.default_rng(1)
    blocks = np.zeros(3_000, BLOCK)
    blocks["at"] = rng.integers(-4, 12, blocks["at"].shape) << rng.integers(0, 40, (len(blocks), 1))
    blocks["order"] = rng.permuted(np.tile(np.arange(-6, 7) << 40, (len(blocks), 1)), axis=1)
    shared = 0
    for block in blocks:
        at, order = block["at"].tolist(), block["order"].tolist()
        now = min(at[:2] + at[5:])
        expected = (queue_python.earliest(at, 0, 8, 2, 5), queue_python.earliest(at, 8, 13, 0, 0), queue_python.shared(at, now), queue_python.first_due(at, order, now))
        assert ask(block) == expected
        assert at[expected[3]] == now and order[expected[3]] == min(o for a, o in zip(at, order, strict=True) if a == now)
        shared += expected[2]
    assert 300 < shared < 2_700
