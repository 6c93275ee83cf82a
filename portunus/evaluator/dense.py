"""A network of three layers in vector registers: the sums of many outputs stay in registers while the inputs stream by.

numba's own loop stores and loads every partial sum again and may not fuse a multiplication with the addition that follows; here both
are written out. A fused multiply-add rounds once, on every processor alike, and the order of the sums is fixed, so results are
equal bit for bit everywhere, and for a state alone as beside others.

Blocks of 128 outputs skip the inputs that are 0 (in all states judged at once), most of them after a rectifier: they are found 64 at a time as the
bits of a word. Narrower ones take every input, eight sums side by side, because one sum would wait for itself. The weights do not fit into the first
cache, so their way from the second one is what a judgement costs; two states at once share it.
"""

from __future__ import annotations

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16  # numbers in a vector; rows of weights are padded with zeros to a multiple of it
WORD = 64  # inputs are padded with zeros to a multiple of it
ALIGNMENT = 64  # of tables and scratch space, bytes
_BLOCK = 8  # sums held in registers at a time, for each state

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_FLOAT, _VECTOR, _FLAGS = ir.FloatType(), ir.VectorType(ir.FloatType(), LANES), ir.VectorType(ir.IntType(1), LANES)


def _number(value: int):
    return ir.Constant(_I64, value)


class _Emitter:
    """Pieces of code for some states at once; an address is a pointer to floats, an index counts floats."""

    def __init__(self, builder) -> None:
        self.builder = builder
        module = builder.module
        self.zero = ir.Constant(_VECTOR, [0.0] * LANES)
        self.fma = cgutils.get_or_insert_function(module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{LANES}f32")
        self.first_bit = cgutils.get_or_insert_function(module, ir.FunctionType(_I64, [_I64, ir.IntType(1)]), "llvm.cttz.i64")
        at = _VECTOR.as_pointer()
        self.load_some = cgutils.get_or_insert_function(
            module, ir.FunctionType(_VECTOR, [at, _I32, _FLAGS, _VECTOR]), f"llvm.masked.load.v{LANES}f32.p0v{LANES}f32"
        )
        self.store_some = cgutils.get_or_insert_function(
            module, ir.FunctionType(ir.VoidType(), [_VECTOR, at, _I32, _FLAGS]), f"llvm.masked.store.v{LANES}f32.p0v{LANES}f32"
        )

    def vector(self, base, index):
        """The address of a vector of 16 floats."""
        return self.builder.bitcast(self.builder.gep(base, [index]), _VECTOR.as_pointer())

    def load(self, base, index):
        return self.builder.load(self.vector(base, index), align=ALIGNMENT)

    def store(self, value, base, index) -> None:
        self.builder.store(value, self.vector(base, index), align=ALIGNMENT)

    def everywhere(self, value, vector):
        """`value` in every lane of a vector of that type."""
        nothing = ir.Constant(vector, ir.Undefined)
        lane = self.builder.insert_element(nothing, value, ir.Constant(_I32, 0))
        return self.builder.shuffle_vector(lane, nothing, ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count))

    def spread(self, x, index):
        """Input number `index` of a state in every lane."""
        return self.everywhere(self.builder.load(self.builder.gep(x, [index])), _VECTOR)

    def below(self, index, size):
        """For 16 numbers from `index` on: which of them are less than `size`."""
        wide = ir.VectorType(_I64, LANES)
        places = self.builder.add(self.everywhere(index, wide), ir.Constant(wide, list(range(LANES))))
        return self.builder.icmp_signed("<", places, self.everywhere(size, wide))

    @contextmanager
    def loop(self, start, goes_on, values):
        """A loop over `index`, which begins at `start` and goes on while `goes_on(index)`; yields (index, values, step).

        `values` are carried along; the body ends with `step(next index, next values)`. Afterwards `self.left` holds the last index and values.
        """
        builder = self.builder
        before = builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
        builder.branch(head)
        builder.position_at_end(head)
        carried = [builder.phi(value.type) for value in (start, *values)]
        for phi, value in zip(carried, (start, *values), strict=True):
            phi.add_incoming(value, before)
        builder.cbranch(goes_on(carried[0]), body, done)
        builder.position_at_end(body)

        def step(*following) -> None:
            for phi, value in zip(carried, following, strict=True):
                phi.add_incoming(value, builder.block)
            builder.branch(head)

        yield carried[0], carried[1:], step
        builder.position_at_end(done)
        self.left = carried

    def copy_in(self, source, size, x, padded) -> None:
        """Copy `size` floats from anywhere to `x`, and zeros up to `padded`."""
        with self.loop(_number(0), lambda i: self.builder.icmp_signed("<", i, padded), []) as (i, _, following):
            values = self.builder.call(self.load_some, [self.vector(source, i), ir.Constant(_I32, 4), self.below(i, size), self.zero])
            self.store(values, x, i)
            following(self.builder.add(i, _number(LANES)))

    def copy_out(self, x, size, target) -> None:
        """Copy `size` floats from `x` to anywhere."""
        with self.loop(_number(0), lambda i: self.builder.icmp_signed("<", i, size), []) as (i, _, following):
            self.builder.call(self.store_some, [self.load(x, i), self.vector(target, i), ir.Constant(_I32, 4), self.below(i, size)])
            following(self.builder.add(i, _number(LANES)))

    def active(self, x, word):
        """A bit for each of the inputs 64 * word .. 64 * word + 63 of a state that is not 0."""
        builder, first = self.builder, self.builder.mul(word, _number(WORD))
        bits = _number(0)
        for part in range(WORD // LANES):
            values = self.load(x, builder.add(first, _number(part * LANES)))
            some = builder.zext(builder.bitcast(builder.fcmp_unordered("!=", values, self.zero), ir.IntType(LANES)), _I64)
            bits = builder.or_(bits, builder.shl(some, _number(part * LANES)))
        return bits

    def finish(self, sums, out, place, rectify) -> None:
        if rectify:
            sums = self.builder.select(self.builder.fcmp_ordered(">", sums, self.zero), sums, self.zero)
        self.store(sums, out, place)

    def wide(self, table, stride, bias, xs, words, outs, column, rectify) -> None:
        """128 outputs from `column` on; inputs that are 0 in all states are skipped."""
        builder = self.builder
        places = [builder.add(column, _number(v * LANES)) for v in range(_BLOCK)]
        start = [self.load(bias, place) for place in places] * len(xs)
        with self.loop(_number(0), lambda word: builder.icmp_signed("<", word, words), start) as outer:
            word, sums, following_word = outer
            bits = self.active(xs[0], word)
            for x in xs[1:]:
                bits = builder.or_(bits, self.active(x, word))
            with self.loop(bits, lambda bits: builder.icmp_unsigned("!=", bits, _number(0)), sums) as inner:
                bits, sums, following = inner
                index = builder.add(builder.call(self.first_bit, [bits, ir.Constant(ir.IntType(1), 1)]), builder.mul(word, _number(WORD)))
                row = builder.mul(index, stride)
                weights = [self.load(table, builder.add(row, place)) for place in places]
                factors = [self.spread(x, index) for x in xs]
                added = [
                    builder.call(self.fma, [factor, weights[v], sums[state * _BLOCK + v]])
                    for state, factor in enumerate(factors) for v in range(_BLOCK)
                ]  # fmt: skip
                following(builder.and_(bits, builder.sub(bits, _number(1))), *added)
            following_word(builder.add(word, _number(1)), *self.left[1:])
        totals = self.left[1:]
        for state, out in enumerate(outs):
            for v, place in enumerate(places):
                self.finish(totals[state * _BLOCK + v], out, place, rectify)

    def narrow(self, table, stride, bias, xs, words, outs, column, rectify) -> None:
        """16 outputs from `column` on; eight sums, each over every eighth input."""
        builder, inputs = self.builder, self.builder.mul(words, _number(WORD))
        start = [self.load(bias, column), *[self.zero] * (_BLOCK - 1)] * len(xs)
        with self.loop(_number(0), lambda i: builder.icmp_signed("<", i, inputs), start) as loop:
            first, sums, following = loop
            rows = [builder.add(first, _number(k)) for k in range(_BLOCK)]
            weights = [self.load(table, builder.add(builder.mul(row, stride), column)) for row in rows]
            added = [
                builder.call(self.fma, [self.spread(x, row), weights[k], sums[state * _BLOCK + k]])
                for state, x in enumerate(xs) for k, row in enumerate(rows)
            ]  # fmt: skip
            following(builder.add(first, _number(_BLOCK)), *added)
        totals = self.left[1:]
        for state, out in enumerate(outs):
            sums = totals[state * _BLOCK : (state + 1) * _BLOCK]
            while len(sums) > 1:
                sums = [builder.fadd(a, b) for a, b in zip(sums[::2], sums[1::2], strict=True)]
            self.finish(sums[0], out, column, rectify)

    def layer(self, table, xs, inputs, width, outs, rectify) -> None:
        """outs = x @ table + bias for each state, the bias being the row after the last; rectified if so wanted."""
        builder = self.builder
        words, column = builder.sdiv(inputs, _number(WORD)), _number(0)
        bias = builder.gep(table, [builder.mul(inputs, width)])
        for part, size in ((self.wide, _BLOCK * LANES), (self.narrow, LANES)):

            def fits(place, size=size):
                return builder.icmp_signed("<=", builder.add(place, _number(size)), width)

            with self.loop(column, fits, []) as (place, _, following):
                part(table, width, bias, xs, words, outs, place, rectify)
                following(builder.add(place, _number(size)))
            column = self.left[0]


def _network(states: int):
    """Code for so many states at once."""

    def emit(context, builder, signature, args):
        pointer = _FLOAT.as_pointer()
        block, scratch, features, heads = (builder.inttoptr(args[i], pointer) for i in (0, 1, 2, 3))
        count, outputs, inputs, hidden, width = args[4:]
        emitter = _Emitter(builder)

        def times(a, b):
            return builder.mul(a, b)

        def row(base, number, size):
            return builder.gep(base, [times(_number(number), size)])

        second = builder.gep(block, [times(builder.add(inputs, _number(1)), hidden)])
        third = builder.gep(second, [times(builder.add(hidden, _number(1)), hidden)])
        x1 = [row(scratch, k, inputs) for k in range(states)]
        after = row(scratch, states, inputs)
        x2, x3 = ([row(after, first + k, hidden) for k in range(states)] for first in (0, states))
        after = row(after, 2 * states, hidden)
        x4 = [row(after, k, width) for k in range(states)]
        for k in range(states):
            emitter.copy_in(row(features, k, count), count, x1[k], inputs)
        emitter.layer(block, x1, inputs, hidden, x2, rectify=True)
        emitter.layer(second, x2, hidden, hidden, x3, rectify=True)
        emitter.layer(third, x3, hidden, width, x4, rectify=False)
        for k in range(states):
            emitter.copy_out(x4[k], outputs, row(heads, k, outputs))
        return context.get_constant(types.int64, 0)

    return emit


@intrinsic
def judge_one(typingctx, block, scratch, features, heads, count, outputs, inputs, hidden, width):
    """The outputs of a network of three layers, the first two rectified, for one state. All arguments are int64.

    Args:
        block: Address of float32 [inputs + 1, hidden], [hidden + 1, hidden], [hidden + 1, width], one after the other: one row of weights per input,
            then the bias; begins at a multiple of `ALIGNMENT` bytes.
        scratch: Address of float32 [inputs + 2 * hidden + width], aligned likewise; for two states twice as much.
        features: Address of float32 [count].
        heads: Address of float32 [outputs], written.
        count, outputs: What of inputs and width is in use.
        inputs, hidden: Multiples of `WORD`.
        width: A multiple of `LANES`.
    """
    return types.int64(*[types.int64] * 9), _network(1)


@intrinsic
def judge_two(typingctx, block, scratch, features, heads, count, outputs, inputs, hidden, width):
    """`judge_one` for two states, whose features and heads lie one after the other; the same bits as alone."""
    return types.int64(*[types.int64] * 9), _network(2)
