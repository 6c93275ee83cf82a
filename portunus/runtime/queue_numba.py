"""The event queue of kernels, compiled: which event comes next.

A queue is two arrays, `at` int64 [N] and `order` int64 [N], one element per slot. Written as loops it took a third of a fight. A processor cannot
pass a number that was just stored on to a vector that is loaded, so the slot of the next event is found by a knock-out of single numbers without
branches; vectors only look for ties, where a wait stops nothing.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_LANES = 8
_I64 = ir.IntType(64)
_MOST = (1 << 63) - 1


@intrinsic(prefer_literal=True)
def earliest(typingctx, at, first, last, gap, after):
    """The slot with the least `at` of `first` to `last` (exclusive), without those of `gap` to `after` (exclusive), all written as numbers; the first of equal ones."""
    return _knock_out(1, at, first, last, gap, after)


@intrinsic(prefer_literal=True)
def soonest(typingctx, at, first, last, gap, after):
    """The least `at` itself, of the slots `earliest` looks at: known as early as the slot, with nothing found twice."""
    return _knock_out(0, at, first, last, gap, after)


def _knock_out(wanted: int, at: Any, *bounds: Any) -> Any:
    """Signature and code of an intrinsic that gives the least `at` (`wanted` 0) or its slot (1); None unless the bounds are written as numbers."""
    if not all(isinstance(bound, types.IntegerLiteral) for bound in bounds):
        return None
    first, last, gap, after = (bound.literal_value for bound in bounds)

    def emit(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        left = [(builder.load(builder.gep(data, [_I64(slot)])), _I64(slot)) for slot in range(first, last) if not gap <= slot < after]
        while len(left) > 1:
            pairs = [left[i : i + 2] for i in range(0, len(left), 2)]
            left = [_earlier(builder, *pair) if len(pair) == 2 else pair[0] for pair in pairs]
        return left[0][wanted]

    return types.int64(at, *bounds), emit


def _earlier(builder: Any, one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    later = builder.icmp_signed("<", other[0], one[0])
    return builder.select(later, other[0], one[0]), builder.select(later, other[1], one[1])


@intrinsic(prefer_literal=True)
def shared(typingctx, at, now, count):
    """Are there several of the first `count` slots, written as a number, with `at` equal to `now`?"""
    if not isinstance(count, types.IntegerLiteral):
        return None

    def emit(context, builder, signature, args):
        bits = _equal(builder, count.literal_value, _pieces(context, builder, signature.args[0], args[0], count.literal_value), args[1])
        return builder.icmp_unsigned("!=", builder.and_(bits, builder.sub(bits, bits.type(1))), bits.type(0))

    return types.boolean(at, types.int64, count), emit


@intrinsic(prefer_literal=True)
def first_due(typingctx, at, order, now, count):
    """Of the first `count` slots, written as a number, with `at` equal to `now`, which must be among them, the one with the least `order`."""
    if not isinstance(count, types.IntegerLiteral):
        return None

    def emit(context, builder, signature, args):
        times, orders = (_pieces(context, builder, kind, value, count.literal_value) for kind, value in zip(signature.args[:2], args[:2], strict=True))
        vector = times[0][1].type
        due, most = _splat(builder, args[2], vector), ir.Constant(vector, [_MOST] * vector.count)
        ranks = [(start, builder.select(builder.icmp_signed("==", when, due), rank, most)) for (start, when), (_, rank) in zip(times, orders, strict=True)]
        bits = _equal(builder, count.literal_value, ranks, _least(builder, [rank for _, rank in ranks]))
        slot = builder.cttz(bits, ir.IntType(1)(1))
        return builder.trunc(slot, _I64) if bits.type.width > 64 else slot

    return types.int64(at, order, types.int64, count), emit


def _pieces(context: Any, builder: Any, kind: Any, value: Any, count: int) -> list[tuple[int, Any]]:
    """The first elements of an array as vectors, with the index of the first element of each; the last may overlap the one before."""
    lanes = min(_LANES, count)
    vector = ir.VectorType(_I64, lanes)
    data = context.make_array(kind)(context, builder, value).data
    starts = list(dict.fromkeys([*range(0, count - lanes + 1, lanes), count - lanes]))
    return [(start, builder.load(builder.bitcast(builder.gep(data, [_I64(start)]), vector.as_pointer()), align=8)) for start in starts]


def _splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count))


def _equal(builder: Any, count: int, pieces: list[tuple[int, Any]], value: Any) -> Any:
    """Which elements equal `value`, one bit each."""
    word = ir.IntType(-(-count // 64) * 64)
    bits, wanted = word(0), _splat(builder, value, pieces[0][1].type)
    for start, vector in pieces:
        here = builder.bitcast(builder.icmp_signed("==", vector, wanted), ir.IntType(vector.type.count))
        bits = builder.or_(bits, builder.shl(builder.zext(here, word), word(start)))
    return bits


def _least(builder: Any, vectors: list[Any]) -> Any:
    """The least element of several vectors."""
    vector = vectors[0].type
    name = f"v{vector.count}i64"
    smaller = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector, vector]), f"llvm.smin.{name}")
    across = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_I64, [vector]), f"llvm.vector.reduce.smin.{name}")
    while len(vectors) > 1:
        vectors = [builder.call(smaller, pair) if len(pair) == 2 else pair[0] for pair in (vectors[i : i + 2] for i in range(0, len(vectors), 2))]
    return builder.call(across, [vectors[0]])
