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
    soonest = queue_numba.soonest(block.at, 0, 8, 2, 5)
    now = min(soonest, block.at[other])
    return slot, other, soonest, queue_numba.shared(block.at, now, 13), queue_numba.first_due(block.at, block.order, now, 13), queue_numba.shared(block.at, soonest, 8)


def test_compiled_and_plain_queue_agree() -> None:
    rng = np.random.default_rng(1)
    blocks = np.zeros(3_000, BLOCK)
    blocks["at"] = rng.integers(-4, 12, blocks["at"].shape) << rng.integers(0, 40, (len(blocks), 1))
    blocks["order"] = rng.permuted(np.tile(np.arange(-6, 7) << 40, (len(blocks), 1)), axis=1)
    shared = 0
    for block in blocks:
        at, order = block["at"].tolist(), block["order"].tolist()
        now = min(at[:2] + at[5:])
        soonest, due = min(at[:2] + at[5:8]), queue_python.first_due(at, order, now, 13)
        expected = (queue_python.earliest(at, 0, 8, 2, 5), queue_python.earliest(at, 8, 13, 0, 0), queue_python.soonest(at, 0, 8, 2, 5), queue_python.shared(at, now, 13), due,
                    queue_python.shared(at, soonest, 8))
        assert ask(block) == expected and expected[2] == soonest and expected[5] == (at[:8].count(soonest) > 1)
        assert at[due] == now and order[due] == min(o for a, o in zip(at, order, strict=True) if a == now)
        shared += expected[3]
    assert 300 < shared < 2_700
