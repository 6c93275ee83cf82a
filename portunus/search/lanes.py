"""What runs over a state's actions or words, eight at a time in vector registers.

numba's loops take actions one by one, with a branch for every one never tried and a division that waits for the last, and fetch words one by one. The
arithmetic is the same, operation by operation and in the same order, so the bits are those of a plain loop (a test compares them).
"""

from __future__ import annotations

from math import factorial

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

EIGHT = 8  # edges at a time; whoever keeps edges leaves so many unused ones at the end
LEAST = -1e300  # less than any value
BLOCK_WORDS = 1 + 2 * EIGHT  # of a line of the plan of `blend_blocks`
_DEGREE = 13  # of the polynomial for exp: what is left out is below the last bit
_WORDS = 4  # 8-byte words of an edge: value; visits, first outcome; prior, unseen; draws, action, length
_VALUE, _VISITS, _PRIOR = 0, 1, 2

_I1, _I32, _I64, _F32, _F64 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()
_LONGS, _INTS, _BITS = (ir.VectorType(kind, EIGHT) for kind in (_I64, _I32, _I1))
_SINGLES, _DOUBLES, _BYTES = (ir.VectorType(kind, EIGHT) for kind in (_F32, _F64, ir.IntType(8)))


def _all(value: float):
    return ir.Constant(_DOUBLES, [value] * EIGHT)


class _Row:
    """Numbers in a row, `count` of them; `start` is the first of eight."""

    def __init__(self, builder, count) -> None:
        self.builder, self.count = builder, count

    def places(self, numbers):
        return ir.Constant(ir.VectorType(_I32, len(numbers)), list(numbers))

    def spread(self, value, vector):
        """`value` in every lane."""
        b = self.builder
        one = b.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
        return b.shuffle_vector(one, ir.Constant(vector, ir.Undefined), self.places([0] * EIGHT))

    def places_from(self, start):
        return self.builder.add(self.spread(start, _LONGS), ir.Constant(_LONGS, list(range(EIGHT))))

    def across(self, vector, join):
        """All eight lanes joined by a function of two vectors."""
        b = self.builder
        for half in (4, 2, 1):
            vector = join(vector, b.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), self.places([k ^ half for k in range(EIGHT)])))
        return b.extract_element(vector, ir.Constant(_I32, 0))

    def highest(self, vector):
        """The largest of eight numbers."""
        b = self.builder
        return self.across(vector, lambda one, other: b.select(b.fcmp_ordered(">", other, one), other, one))

    def add_in_order(self, total, vector):
        """A sum, the lanes added one after the other."""
        b = self.builder
        for k in range(EIGHT):
            total = b.fadd(total, b.extract_element(vector, ir.Constant(_I32, k)))
        return total

    def some(self, base, start, vector):
        """Eight numbers from `start` on, 0 for those that are not there."""
        b = self.builder
        name = {_LONGS: "i64", _SINGLES: "f32", _BYTES: "i8"}[vector]
        at = vector.as_pointer()
        load = cgutils.get_or_insert_function(
            b.module, ir.FunctionType(vector, [at, _I32, _BITS, vector]), f"llvm.masked.load.v{EIGHT}{name}.p0v{EIGHT}{name}"
        )
        return b.call(load, [b.bitcast(b.gep(base, [start]), at), ir.Constant(_I32, 1), self.there(start), ir.Constant(vector, None)])

    def there(self, start):
        """Which of the eight belong to the row at all."""
        return self.builder.icmp_signed("<", self.places_from(start), self.spread(self.count, _LONGS))

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


class _Edges(_Row):
    """Some edges in a row."""

    def __init__(self, builder, address, count) -> None:
        super().__init__(builder, count)
        self.base = builder.inttoptr(address, _I64.as_pointer())

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


@intrinsic
def best_of(typingctx, edges, count, unvisited, weight, place, newest):
    """The place of the edge with the highest Q + weight * prior / (1 + visits), first of equals; Q of one never visited is `unvisited`.

    Args:
        edges: Address of EDGE [count + `EIGHT`], int64.
        count: int64, at least 1.
        unvisited, weight: float64.
        place: int64, an edge whose value is `newest`, float64, whatever memory says: vectors would wait for a number just stored. -1 = none.
    """

    def emit(context, builder, signature, args):
        edges, b = _Edges(builder, args[0], args[1]), builder
        unvisited, weight, newest = (edges.spread(args[k], _DOUBLES) for k in (2, 3, 5))
        known = edges.spread(args[4], _LONGS)
        first_bit = cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.IntType(8), [ir.IntType(8), _I1]), "llvm.cttz.i8")

        def body(start, values):
            best, best_score = values
            rows = edges.rows(start)
            visits = edges.visits(rows)
            tried = b.icmp_signed(">", visits, ir.Constant(_INTS, [0] * EIGHT))
            value = b.select(b.icmp_signed("==", edges.places_from(start), known), newest, edges.value(rows))
            q = b.select(tried, value, unvisited)
            bonus = b.fdiv(b.fmul(weight, edges.prior(rows)), b.fadd(_all(1.0), b.sitofp(visits, _DOUBLES)))
            scores = b.select(edges.there(start), b.fadd(q, bonus), _all(LEAST))
            score = edges.highest(scores)
            same = b.bitcast(b.fcmp_ordered("==", scores, edges.spread(score, _DOUBLES)), ir.IntType(8))
            place = b.add(start, b.zext(b.call(first_bit, [same, ir.Constant(_I1, 0)]), _I64))
            better = b.fcmp_ordered(">", score, best_score)
            return b.select(better, place, best), b.select(better, score, best_score)

        return edges.loop([ir.Constant(_I64, 0), ir.Constant(_F64, LEAST)], body)[0]

    return types.int64(types.int64, types.int64, types.float64, types.float64, types.int64, types.float64), emit


@intrinsic
def weigh(typingctx, edges, count, sharpness, place, newest):
    """(sum of weight * value, sum of weights, visits), float64, float64, int64, over the edges visited.

    The weight of an edge that is x below the best one is visits * (1 + sharpness * x)^-4.

    Args:
        edges: Address of EDGE [count + `EIGHT`], int64.
        count: int64, at least 1.
        sharpness: float64.
        place, newest: As for `best_of`.
    """
    result = types.Tuple((types.float64, types.float64, types.int64))

    def emit(context, builder, signature, args):
        edges, b = _Edges(builder, args[0], args[1]), builder
        sharpness, place, newest = edges.spread(args[2], _DOUBLES), edges.spread(args[3], _LONGS), edges.spread(args[4], _DOUBLES)

        def known(start):
            rows = edges.rows(start)
            visits = edges.visits(rows)
            tried = b.and_(b.icmp_signed(">", visits, ir.Constant(_INTS, [0] * EIGHT)), edges.there(start))
            value = b.select(b.icmp_signed("==", edges.places_from(start), place), newest, edges.value(rows))
            return tried, b.select(tried, visits, ir.Constant(_INTS, [0] * EIGHT)), value

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
            more = b.sext(edges.across(visits, b.add), _I64)
            return edges.add_in_order(total, product), edges.add_in_order(weights, weight), b.add(number, more)

        nothing = ir.Constant(_F64, 0.0)
        return context.make_tuple(builder, result, edges.loop([nothing, nothing, ir.Constant(_I64, 0)], add_up))

    return result(types.int64, types.int64, types.float64, types.int64, types.float64), emit


def _exponential(b, x):
    """exp of eight numbers between -700 and 0, to the last bit or the one before: 2^n times a polynomial in what is left of x."""
    fma = cgutils.get_or_insert_function(b.module, ir.FunctionType(_DOUBLES, [_DOUBLES] * 3), f"llvm.fma.v{EIGHT}f64")
    round_it = 1.5 * 2.0**52
    turned = b.call(fma, [x, _all(1.4426950408889634), _all(round_it)])
    n = b.fsub(turned, _all(round_it))
    rest = b.call(fma, [n, _all(-0.6931471805599453), x])
    rest = b.call(fma, [n, _all(-2.3190468138462996e-17), rest])
    result = _all(1.0 / factorial(_DEGREE))
    for k in range(_DEGREE - 1, -1, -1):
        result = b.call(fma, [result, rest, _all(1.0 / factorial(k))])
    exponent = b.shl(b.bitcast(turned, _LONGS), ir.Constant(_LONGS, [52] * EIGHT))  # n in two's complement, the rest is shifted out
    return b.bitcast(b.add(b.bitcast(result, _LONGS), exponent), _DOUBLES)


@intrinsic
def softmax(typingctx, logits, mask, count, out):
    """Probabilities in proportion to exp(logit), 0 where the mask is; returns 0.

    Args:
        logits: Address of float32 [count], int64.
        mask: Address of uint8 [count].
        count: int64, at least 1.
        out: Address of float32 [count rounded up to `EIGHT`], written.
    """

    def emit(context, builder, signature, args):
        b, row = builder, _Row(builder, args[2])
        logits, out = (b.inttoptr(args[k], _F32.as_pointer()) for k in (0, 3))
        mask = b.inttoptr(args[1], ir.IntType(8).as_pointer())

        def legal(start):
            return b.icmp_unsigned("!=", row.some(mask, start, _BYTES), ir.Constant(_BYTES, [0] * EIGHT))

        def stored(start):
            return b.bitcast(b.gep(out, [start]), _SINGLES.as_pointer())

        def read(start):
            return b.fpext(row.some(logits, start, _SINGLES), _DOUBLES)

        def top(start, values):
            found = row.highest(b.select(legal(start), read(start), _all(LEAST)))
            return [b.select(b.fcmp_ordered(">", found, values[0]), found, values[0])]

        highest = row.spread(row.loop([ir.Constant(_F64, LEAST)], top)[0], _DOUBLES)

        def powers(start, values):
            x = b.fsub(read(start), highest)
            x = b.select(b.fcmp_ordered(">", x, _all(-700.0)), x, _all(-700.0))
            weight = b.select(legal(start), _exponential(b, x), _all(0.0))
            b.store(b.fptrunc(weight, _SINGLES), stored(start), align=4)
            return [row.add_in_order(values[0], weight)]

        total = row.spread(row.loop([ir.Constant(_F64, 0.0)], powers)[0], _DOUBLES)

        def divided(start, values):
            b.store(b.fptrunc(b.fdiv(b.fpext(b.load(stored(start), align=4), _DOUBLES), total), _SINGLES), stored(start), align=4)
            return []

        row.loop([], divided)
        return context.get_constant(types.int64, 0)

    return types.int64(*[types.int64] * 4), emit


@intrinsic
def copy_words(typingctx, target, source, count):
    """Copy `count` 8-byte words, at least 1, between addresses, int64, whose memory does not overlap; returns 0."""

    def emit(context, builder, signature, args):
        b, row = builder, _Row(builder, args[2])
        target, source = (b.inttoptr(args[k], _I64.as_pointer()) for k in (0, 1))
        at = _LONGS.as_pointer()
        store = cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.VoidType(), [_LONGS, at, _I32, _BITS]), f"llvm.masked.store.v{EIGHT}i64.p0v{EIGHT}i64")

        def eight(start, values):
            b.call(store, [row.some(source, start, _LONGS), b.bitcast(b.gep(target, [start]), at), ir.Constant(_I32, 8), row.there(start)])
            return []

        row.loop([], eight)
        return context.get_constant(types.int64, 0)

    return types.int64(*[types.int64] * 3), emit


@intrinsic
def blend_blocks(typingctx, state, words, plan, blocks, now):
    """The sum, uint64, of what `portunus.search.key.blend` makes of the words of a state that are in the plan.

    Args:
        state: Address of int64 [words].
        words: int64.
        plan: Address of int64 [blocks, `BLOCK_WORDS`]: the first of eight words, the factor of each (0 leaves it out), and -1 for each time that counts
            as now once it has passed.
        blocks: int64, at least 1.
        now: int64, ns.
    """

    def emit(context, builder, signature, args):
        b, row = builder, _Row(builder, args[1])
        state, plan = (b.inttoptr(args[k], _I64.as_pointer()) for k in (0, 2))
        turns = _Row(builder, builder.mul(args[3], ir.Constant(_I64, EIGHT)))  # a loop takes steps of eight
        now, ever = row.spread(args[4], _LONGS), ir.Constant(_LONGS, [-(2**63)] * EIGHT)
        half = ir.Constant(_LONGS, [32] * EIGHT)

        def eight(start, values):
            at = b.gep(plan, [b.mul(b.sdiv(start, ir.Constant(_I64, EIGHT)), ir.Constant(_I64, BLOCK_WORDS))])

            def numbers(place):
                return b.load(b.bitcast(b.gep(at, [ir.Constant(_I64, place)]), _LONGS.as_pointer()), align=8)

            word = row.some(state, b.load(at), _LONGS)
            floor = b.select(b.icmp_signed("<", numbers(1 + EIGHT), ir.Constant(_LONGS, [0] * EIGHT)), now, ever)
            word = b.select(b.icmp_signed(">", word, floor), word, floor)
            part = b.mul(b.xor(word, b.lshr(word, half)), numbers(1))
            return [b.add(values[0], b.xor(part, b.lshr(part, half)))]

        total = turns.loop([ir.Constant(_LONGS, [0] * EIGHT)], eight)[0]
        return row.across(total, b.add)

    return types.uint64(*[types.int64] * 5), emit
