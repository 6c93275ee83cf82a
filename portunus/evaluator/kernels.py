"""How an evaluator enters the compiled search: a C function called by address, like the kernels of a spec.

    evaluate(integers, reals, weights, tables, state, rng, features, mask, heads) -> 0

| pointer | content |
|---|---|
| integers, reals, weights | int64, float64, float32 blocks of the evaluator's own, scratch space included |
| tables, state | int64 words of the spec and of the state to judge, which stays as it is |
| rng | uint64 [4], the search's own random stream |
| features | float32 [F] |
| mask | uint8 [A], 1 = legal |
| heads | float32 [A + 1], written: the logits of the actions, then the value in u |

The search compiles once for all evaluators, and only the evaluator in use is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.ir import Constant
from numba import njit, types
from numba.core import cgutils
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.extending import intrinsic

from portunus.runtime.stored import StoredFunction

_I64 = ir.IntType(64)
_INTEGERS, _REALS, _FLOATS = types.CPointer(types.int64), types.CPointer(types.float64), types.CPointer(types.float32)
_WORDS, _RANDOM, _MASK = types.CPointer(types.int64), types.CPointer(types.uint64), types.CPointer(types.uint8)
_EVALUATE = types.int64(_INTEGERS, _REALS, _FLOATS, _WORDS, _WORDS, _RANDOM, _FLOATS, _MASK, _FLOATS)



def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for search, evaluators and self-play. Bits matter: no fastmath, no parallel sums."""
    return _compiled_when_called(function, forceinline=False)


def part(function: Callable[..., Any]) -> Any:
    """A `kernel` that becomes part of each function that calls it: for what runs in every simulation and takes many arrays."""
    return _compiled_when_called(function, forceinline=True)


def _compiled_when_called(function: Callable[..., Any], *, forceinline: bool) -> Any:
    dispatcher = njit(nogil=True, error_model="numpy", forceinline=forceinline)(function)
    dispatcher._cache = StoredFunction(function)
    return dispatcher


@dataclass(frozen=True)
class KernelEvaluator:
    """An evaluator in the form the search calls. Whoever uses the address keeps this object alive.

    Attributes:
        address: Of the C function.
        integers: int64 block.
        reals: float64 block.
        weights: float32 block.
        features: Inputs it expects, 0 = any number.
        actions: Actions it judges, 0 = any number.
        two: Address of the same function for two states at once, whose features, masks and heads lie one after the other; it reads no state and
            draws nothing. 0 = there is none.
        noisy: Its values are drawn, not computed: a search asks for more evidence (`SearchSettings.caution`).
        doubt: Temperature, u, at which differences of its values count beside its priors however many states it is asked about: 0 = its errors
            average out.
        keep: Other arrays whose addresses are in `integers`.
    """

    address: int
    integers: np.ndarray
    reals: np.ndarray = field(default_factory=lambda: np.zeros(1))
    weights: np.ndarray = field(default_factory=lambda: np.zeros(1, np.float32))
    features: int = 0
    actions: int = 0
    two: int = 0
    noisy: bool = False
    doubt: float = 0.0
    keep: tuple[Any, ...] = ()


@cache
def compiled(function: Callable[..., int]) -> Any:
    """The C function of an evaluator, compiled when it is first used; it lives as long as the process."""
    callback = CFunc(function, normalize_signature(_EVALUATE), locals={}, options={"error_model": "numpy"})
    callback._cache = StoredFunction(function)
    callback.compile()
    return callback


@intrinsic
def call_evaluator(typingctx, address, integers, reals, weights, tables, state, rng, features, mask, heads):
    """`evaluate` at `address`; all pointers as int64; returns 0."""

    def emit(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.FunctionType(_I64, [_I64] * 9).as_pointer())
        return builder.call(pointer, list(args[1:]))

    return types.int64(*[types.int64] * 10), emit


@intrinsic
def address_of(typingctx, pointer):
    """The address in a C pointer, as int64."""

    def emit(context, builder, signature, args):
        return builder.ptrtoint(args[0], _I64)

    return types.int64(pointer), emit


@intrinsic
def borrowed(typingctx, array):
    """The same array without a claim on its memory: numba then counts no references to it, which takes a third of a search's time.

    Whoever calls the kernel keeps the memory alive.
    """

    def emit(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        view.meminfo, view.parent = Constant(view.meminfo.type, None), Constant(view.parent.type, None)
        return view._getvalue()

    return array(array), emit


@intrinsic
def prefetch(typingctx, address):
    """Ask for the cache line at `address`, int64, which is about to be written; returns 0."""

    def emit(context, builder, signature, args):
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(fetch, [builder.inttoptr(args[0], byte), number(1), number(3), number(1)])  # to write, to keep, data
        return _I64(0)

    return types.int64(types.int64), emit
