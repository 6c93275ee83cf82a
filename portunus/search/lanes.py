"""The sums over a state's actions, eight actions at a time in vector registers.

numba's loops take them one by one, with a branch for every action never tried and a division that waits for the last. The arithmetic is the
same, operation by operation and in the same order, so the bits are those of a plain loop (a test compares them).
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

EIGHT = 8  # edges at a time; whoever keeps edges leaves so many unused ones at the end
LEAST = -1e300  # less than any value
_WORDS = 4  # 8-byte words of an edge: value; visits, first outcome; prior, unseen; draws, action, length
_VALUE, _VISITS, _PRIOR = 0, 1, 2

_I1, _I32, _I64, _F32, _F64 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()
_LONGS, _INTS, _BITS = (ir.VectorType(kind, EIGHT) for kind in (_I64, _I32, _I1))
_SINGLES, _DOUBLES = (ir.VectorType(kind, EIGHT) for kind in (_F32, _F64))


def _all(value: float):
    return ir.Constant(_DOUBLES, [value] * EIGHT)


class _Edges:
    """Some edges in a row, `start` the first of eight of them."""

    def __init__(self, builder, address, count) -> None:
        self.builder, self.count = builder, count
        self.base = builder.inttoptr(address, _I64.as_pointer())

    def places(self, numbers):
        return ir.Constant(ir.VectorType(_I32, len(numbers)), list(numbers))

    def rows(self, start):
        """Four vectors of two edges each, read as words."""
        b, found = self.builder, []
        for k in range(_WORDS):
            at = b.gep(self.base, [b.add(b.mul(start, ir.Constant(_I64, _WORDS)), ir.Constant(_I64, k * EIGHT))])
            found.append(b.load(b.bitcast(at, _LONGS.as_pointer()), align=8))
        return found

    def word(self, rows, number):
        """One word of each of the eight edges."""
        b = self.builder
        pick = self.places([number, number + _WORDS, number + EIGHT, number + EIGHT + _WORDS])
        low, high = b.shuffle_vector(rows[0], rows[1], pick), b.shuffle_vector(rows[2], rows[3], pick)
        return b.shuffle_vector(low, high, self.places(range(EIGHT)))

    def value(self, rows):
        return self.builder.bitcast(self.word(rows, _VALUE), _DOUBLES)

    def visits(self, rows):
        return self.builder.trunc(self.word(rows, _VISITS), _INTS)

    def prior(self, rows):
        b = self.builder
        return b.fpext(b.bitcast(b.trunc(self.word(rows, _PRIOR), _INTS), _SINGLES), _DOUBLES)

    def there(self, start):
        """Which of the eight belong to the row at all."""
        b = self.builder
        places = b.add(self.spread(start, _LONGS), ir.Constant(_LONGS, list(range(EIGHT))))
        return b.icmp_signed("<", places, self.spread(self.count, _LONGS))

    def spread(self, value, vector):
        b = self.builder
        one = b.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
        return b.shuffle_vector(one, ir.Constant(vector, ir.Undefined), self.places([0] * EIGHT))

    def highest(self, vector):
        """The largest of eight numbers."""
        b = self.builder
        for half in (4, 2, 1):
            other = b.shuffle_vector(vector, ir.Constant(_DOUBLES, ir.Undefined), self.places([k ^ half for k in range(EIGHT)]))
            vector = b.select(b.fcmp_ordered(">", other, vector), other, vector)
        return b.extract_element(vector, ir.Constant(_I32, 0))

    def loop(self, carried, body):
        """Run `body(start, values)` -> new values for every eight edges, beginning with the values `carried`; returns the last."""
        b = self.builder
        before, head = b.block, b.append_basic_block("eight")
        b.branch(head)
        b.position_at_end(head)
        start, values = b.phi(_I64), [b.phi(value.type) for value in carried]
        start.add_incoming(ir.Constant(_I64, 0), before)
        for phi, value in zip(values, carried, strict=True):
            phi.add_incoming(value, before)
        following = body(start, values)
        after = b.add(start, ir.Constant(_I64, EIGHT))
        done = b.append_basic_block("done")
        start.add_incoming(after, b.block)
        for phi, value in zip(values, following, strict=True):
            phi.add_incoming(value, b.block)
        b.cbranch(b.icmp_signed("<", after, self.count), head, done)
        b.position_at_end(done)
        return following


@intrinsic
def best_of(typingctx, edges, count, unvisited, weight):
    """The place of the edge with the highest Q + weight * prior / (1 + visits), first of equals; Q of one never visited is `unvisited`.

    Args:
        edges: Address of EDGE [count + `EIGHT`], int64.
        count: int64, at least 1.
        unvisited, weight: float64.
    """

    def emit(context, builder, signature, args):
        edges, b = _Edges(builder, args[0], args[1]), builder
        unvisited, weight = edges.spread(args[2], _DOUBLES), edges.spread(args[3], _DOUBLES)
        first_bit = cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.IntType(8), [ir.IntType(8), _I1]), "llvm.cttz.i8")

        def body(start, values):
            best, best_score = values
            rows = edges.rows(start)
            visits = edges.visits(rows)
            tried = b.icmp_signed(">", visits, ir.Constant(_INTS, [0] * EIGHT))
            q = b.select(tried, edges.value(rows), unvisited)
            bonus = b.fdiv(b.fmul(weight, edges.prior(rows)), b.fadd(_all(1.0), b.sitofp(visits, _DOUBLES)))
            scores = b.select(edges.there(start), b.fadd(q, bonus), _all(LEAST))
            score = edges.highest(scores)
            same = b.bitcast(b.fcmp_ordered("==", scores, edges.spread(score, _DOUBLES)), ir.IntType(8))
            place = b.add(start, b.zext(b.call(first_bit, [same, ir.Constant(_I1, 0)]), _I64))
            better = b.fcmp_ordered(">", score, best_score)
            return b.select(better, place, best), b.select(better, score, best_score)

        return edges.loop([ir.Constant(_I64, 0), ir.Constant(_F64, LEAST)], body)[0]

    return types.int64(types.int64, types.int64, types.float64, types.float64), emit


@intrinsic
def weigh(typingctx, edges, count, sharpness):
    """(sum of weight * value, sum of weights, visits), float64, float64, int64, over the edges visited.

    The weight of an edge that is x below the best one is visits * (1 + sharpness * x)^-4.

    Args:
        edges: Address of EDGE [count + `EIGHT`], int64.
        count: int64, at least 1.
        sharpness: float64.
    """
    result = types.Tuple((types.float64, types.float64, types.int64))

    def emit(context, builder, signature, args):
        edges, b = _Edges(builder, args[0], args[1]), builder
        sharpness = edges.spread(args[2], _DOUBLES)

        def known(start):
            rows = edges.rows(start)
            visits = edges.visits(rows)
            tried = b.and_(b.icmp_signed(">", visits, ir.Constant(_INTS, [0] * EIGHT)), edges.there(start))
            return tried, b.select(tried, visits, ir.Constant(_INTS, [0] * EIGHT)), edges.value(rows)

        def highest(start, values):
            tried, _, value = known(start)
            top = edges.highest(b.select(tried, value, _all(LEAST)))
            return [b.select(b.fcmp_ordered(">", top, values[0]), top, values[0])]

        best = edges.spread(edges.loop([ir.Constant(_F64, LEAST)], highest)[0], _DOUBLES)

        def add_up(start, values):
            total, weights, number = values
            tried, visits, value = known(start)
            value = b.select(tried, value, best)
            away = b.fdiv(_all(1.0), b.fadd(_all(1.0), b.fmul(sharpness, b.fsub(best, value))))
            square = b.fmul(away, away)
            weight = b.fmul(b.fmul(b.sitofp(visits, _DOUBLES), square), square)
            product = b.fmul(weight, value)
            for k in range(EIGHT):
                lane = ir.Constant(_I32, k)
                total, weights = b.fadd(total, b.extract_element(product, lane)), b.fadd(weights, b.extract_element(weight, lane))
            for half in (4, 2, 1):
                visits = b.add(visits, b.shuffle_vector(visits, ir.Constant(_INTS, ir.Undefined), edges.places([k ^ half for k in range(EIGHT)])))
            return total, weights, b.add(number, b.sext(b.extract_element(visits, ir.Constant(_I32, 0)), _I64))

        nothing = ir.Constant(_F64, 0.0)
        return context.make_tuple(builder, result, edges.loop([nothing, nothing, ir.Constant(_I64, 0)], add_up))

    return result(types.int64, types.int64, types.float64), emit
