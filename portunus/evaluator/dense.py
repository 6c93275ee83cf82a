"""One layer of a network in vector registers: the sums of many outputs stay in registers while the inputs stream by.

numba's own loop stores and loads every partial sum again and may not fuse a multiplication with the addition that follows; here both
are written out. A fused multiply-add rounds once, on every processor alike, and the order of the sums is fixed, so results are
equal bit for bit everywhere.

Blocks of 128 outputs skip the inputs that are 0, most of them after a rectifier: they are found 64 at a time as the bits of a word.
Narrower ones take every input, eight sums side by side, because one sum would wait for itself.
"""

from __future__ import annotations

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16  # numbers in a vector; rows of weights are padded with zeros to a multiple of it
WORD = 64  # inputs are padded with zeros to a multiple of it
ALIGNMENT = 64  # of tables, inputs and outputs, bytes
_BLOCK = 8  # sums held in registers at a time

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_FLOAT, _VECTOR = ir.FloatType(), ir.VectorType(ir.FloatType(), LANES)


class _Emitter:
    """Pieces of code over the arguments of `add_layer`."""

    def __init__(self, builder, table, x, out, stride) -> None:
        self.builder, self.table, self.x, self.out, self.stride = builder, table, x, out, stride
        module = builder.module
        self.fma = cgutils.get_or_insert_function(module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{LANES}f32")
        self.first_bit = cgutils.get_or_insert_function(module, ir.FunctionType(_I64, [_I64, ir.IntType(1)]), "llvm.cttz.i64")

    def number(self, value: int):
        return ir.Constant(_I64, value)

    def vector(self, base, index):
        """The address of a vector of 16 floats."""
        return self.builder.bitcast(self.builder.gep(base, [index]), _VECTOR.as_pointer())

    def load(self, base, index):
        return self.builder.load(self.vector(base, index), align=ALIGNMENT)

    def store(self, value, base, index) -> None:
        self.builder.store(value, self.vector(base, index), align=ALIGNMENT)

    def spread(self, index):
        """Input number `index` in every lane."""
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        lane = self.builder.insert_element(nothing, self.builder.load(self.builder.gep(self.x, [index])), ir.Constant(_I32, 0))
        return self.builder.shuffle_vector(lane, nothing, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))

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

    def active(self, word):
        """A bit for each of the inputs 64 * word .. 64 * word + 63 that is not 0."""
        builder, first = self.builder, self.builder.mul(word, self.number(WORD))
        bits = self.number(0)
        for part in range(WORD // LANES):
            values = self.load(self.x, builder.add(first, self.number(part * LANES)))
            some = builder.fcmp_unordered("!=", values, ir.Constant(_VECTOR, [0.0] * LANES))
            some = builder.zext(builder.bitcast(some, ir.IntType(LANES)), _I64)
            bits = builder.or_(bits, builder.shl(some, self.number(part * LANES)))
        return bits

    def wide(self, column, words) -> None:
        """128 outputs from `column` on; inputs that are 0 are skipped."""
        builder = self.builder
        places = [builder.add(column, self.number(v * LANES)) for v in range(_BLOCK)]
        with self.loop(self.number(0), lambda word: builder.icmp_signed("<", word, words), [self.load(self.out, p) for p in places]) as outer:
            word, sums, following_word = outer
            with self.loop(self.active(word), lambda bits: builder.icmp_unsigned("!=", bits, self.number(0)), sums) as inner:
                bits, sums, following = inner
                index = builder.add(builder.call(self.first_bit, [bits, ir.Constant(ir.IntType(1), 1)]), builder.mul(word, self.number(WORD)))
                factor, row = self.spread(index), builder.mul(index, self.stride)
                sums = [
                    builder.call(self.fma, [factor, self.load(self.table, builder.add(row, place)), total])
                    for place, total in zip(places, sums, strict=True)
                ]
                following(builder.and_(bits, builder.sub(bits, self.number(1))), *sums)
            following_word(builder.add(word, self.number(1)), *self.left[1:])
        for place, total in zip(places, self.left[1:], strict=True):
            self.store(total, self.out, place)

    def narrow(self, column, words) -> None:
        """16 outputs from `column` on; eight sums, each over every eighth input."""
        builder, inputs = self.builder, self.builder.mul(words, self.number(WORD))
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        with self.loop(self.number(0), lambda i: builder.icmp_signed("<", i, inputs), [self.load(self.out, column), *[zero] * (_BLOCK - 1)]) as loop:
            first, sums, following = loop
            rows = [builder.add(first, self.number(k)) for k in range(_BLOCK)]
            weights = [self.load(self.table, builder.add(builder.mul(row, self.stride), column)) for row in rows]
            added = [builder.call(self.fma, [self.spread(r), w, total]) for r, w, total in zip(rows, weights, sums, strict=True)]
            following(builder.add(first, self.number(_BLOCK)), *added)
        sums = self.left[1:]
        while len(sums) > 1:
            sums = [builder.fadd(a, b) for a, b in zip(sums[::2], sums[1::2], strict=True)]
        self.store(sums[0], self.out, column)


@intrinsic
def add_layer(typingctx, table, x, inputs, width, out):
    """out += x @ table. All arrays begin at a multiple of `ALIGNMENT` bytes.

    Args:
        table: Address of float32 [inputs, width], as int64.
        x: Address of float32 [inputs].
        inputs: int64, a multiple of `WORD`.
        width: int64, a multiple of `LANES`.
        out: Address of float32 [width], updated.
    """

    def emit(context, builder, signature, args):
        floats = _FLOAT.as_pointer()
        table, x, out = (builder.inttoptr(args[i], floats) for i in (0, 1, 4))
        emitter = _Emitter(builder, table, x, out, args[3])
        words, column = builder.sdiv(args[2], emitter.number(WORD)), emitter.number(0)
        for part, size in ((emitter.wide, _BLOCK * LANES), (emitter.narrow, LANES)):

            def fits(place, size=size):
                return builder.icmp_signed("<=", builder.add(place, emitter.number(size)), args[3])

            with emitter.loop(column, fits, []) as (place, _, following):
                part(place, words)
                following(builder.add(place, emitter.number(size)))
            column = emitter.left[0]
        return context.get_constant(types.int64, 0)

    return types.int64(*[types.int64] * 5), emit
