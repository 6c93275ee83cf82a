"""Calling a spec's kernels by address from numba code, so that the caller compiles once for all specs.

Each helper turns an integer address into a C function pointer and calls it; pointers travel as integers (`array.ctypes.data`).
Callers keep the arrays behind the pointers alive.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_I64 = ir.IntType(64)


def _call(count: int):
    """An intrinsic `call(address, a1, ..., a_count) -> int64`, all arguments int64."""

    def emit(context, builder, signature, args):
        function_type = ir.FunctionType(_I64, [_I64] * count)
        pointer = builder.inttoptr(args[0], function_type.as_pointer())
        return builder.call(pointer, list(args[1:]))

    return emit


@intrinsic
def call_step(typingctx, address, state, tables, metrics, rng, action, info):
    """`step` at `address`; all pointers and the action as int64; returns the outcome signature."""
    return types.int64(*[types.int64] * 7), _call(6)


@intrinsic
def call_reset(typingctx, address, state, tables, rng):
    """`reset` at `address`; returns 0."""
    return types.int64(*[types.int64] * 4), _call(3)


@intrinsic
def call_legal(typingctx, address, state, tables, mask):
    """`legal` at `address`; writes the mask, returns the number of legal actions."""
    return types.int64(*[types.int64] * 4), _call(3)


@intrinsic
def call_features(typingctx, address, state, tables, out):
    """`features` at `address`; writes float32 values, returns how many."""
    return types.int64(*[types.int64] * 4), _call(3)


@intrinsic
def call_rotation(typingctx, address, state, tables):
    """`rotation` at `address`; returns the action its priority list takes."""
    return types.int64(*[types.int64] * 3), _call(2)
