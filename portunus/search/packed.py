"""A game, a tree, the rules and the judge as two blocks of numbers, which Python hands to a kernel in a microsecond.

As tuples of arrays they cost numba fifteen for each call, which a search of 64 simulations would notice.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from portunus.evaluator.kernels import kernel, part
from portunus.search.game import Game
from portunus.search.key import Key
from portunus.search.root import choose_action_edge, improved_policy, search_whole
from portunus.search.rules import Judge, Rules
from portunus.search.tree import EDGE, NODE, OUTCOME, ROOT, STEP, Arena

_INT, _WORD, _REAL, _SINGLE, _BYTE, _HALF = (np.dtype(name) for name in ("i8", "u8", "f8", "f4", "u1", "i4"))


def pack(game: Game, arena: Arena, rules: Rules, judge: Judge) -> tuple[np.ndarray, np.ndarray]:
    """The numbers, int64 and float64, that `unpack` reads; whoever uses them keeps the arrays alive.

    An array is its address and its two lengths (the second 1 for one dimension).
    """
    integers: list[int] = []
    reals: list[float] = []
    for value in (*game[:-1], *game.key, *arena, *rules, *judge):
        if isinstance(value, np.ndarray):
            integers += [value.ctypes.data, len(value), value.shape[1] if value.ndim == 2 else 1]
        elif isinstance(value, float):
            reals.append(value)
        else:
            integers.append(int(value))
    return np.array(integers, np.int64), np.array(reals)


@intrinsic
def view_at(typingctx, address, count, dtype):
    """The array of `count` elements of a dtype at `address`, both int64; no reference is counted to it."""
    array = types.Array(dtype.dtype, 1, "C")

    def emit(context, builder, signature, args):
        view = context.make_array(array)(context, builder)
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array.dtype)))
        populate_array(
            view, data=builder.inttoptr(args[0], context.get_data_type(array.dtype).as_pointer()),
            shape=cgutils.pack_array(builder, [args[1]]), strides=cgutils.pack_array(builder, [size]), itemsize=size, meminfo=None,
        )  # fmt: skip
        return view._getvalue()

    return array(types.int64, types.int64, dtype), emit


@part
def _row(n, at, dtype):
    """The one-dimensional array whose three numbers begin at `at`."""
    return view_at(n[at], n[at + 1], dtype)


@part
def _table(n, at, dtype):
    """The two-dimensional array whose three numbers begin at `at`."""
    return view_at(n[at], n[at + 1] * n[at + 2], dtype).reshape((n[at + 1], n[at + 2]))


@part
def unpack(n, r):
    """The game, the arena, the rules and the judge of `pack`."""
    key = Key(_row(n, 8, _WORD), _row(n, 11, _WORD), _row(n, 14, _WORD), _row(n, 17, _INT), n[20], n[21], n[22], n[23], n[24], _row(n, 25, _INT))
    game = Game(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], r[0], r[1], key)
    arena = Arena(
        _row(n, 28, NODE), _row(n, 31, EDGE), _row(n, 34, OUTCOME), _table(n, 37, _INT), _row(n, 40, _INT), _row(n, 43, _INT), _row(n, 46, _WORD),
        _row(n, 49, _REAL), _table(n, 52, STEP), _row(n, 55, _HALF), _table(n, 58, _SINGLE), _table(n, 61, _BYTE), _table(n, 64, _SINGLE),
        _table(n, 67, _REAL), _row(n, 70, _SINGLE), n[73], n[74], n[75], n[76], n[77], n[78], n[79],
    )  # fmt: skip
    rules = Rules(n[80] != 0, n[81], r[2], r[3], r[4], r[5], r[6], n[82], n[83], r[7], r[8], r[9], r[10], r[11], r[12], r[13], n[84] != 0)
    return game, arena, rules, Judge(n[85], n[86], n[87], n[88], n[89])


@kernel
def run_whole(integers, reals, state, candidates, simulations):
    """`portunus.search.root.search_whole` with packed arguments."""
    game, arena, rules, judge = unpack(integers, reals)
    return search_whole(game, arena, rules, judge, state, candidates, simulations)


@kernel
def conclude(integers, reals, counts, values, policy):
    """Read the root: its actions and visits into `counts`, int64 [2, A], values and priors of the actions into `values`, float64 [2, A].

    The improved policy goes to `policy`, float64 [A]. The value of an action never tried is that of the root.

    Returns:
        Number of edges, the edge to play, the root's value under the policy.
    """
    game, arena, rules, _ = unpack(integers, reals)
    value = improved_policy(game, arena, rules, policy)
    best = choose_action_edge(arena, rules)
    edges = arena.nodes[ROOT].edges
    for e in range(edges):
        edge = arena.edges[e]
        counts[0, e], counts[1, e] = edge.action, edge.visits
        values[0, e], values[1, e] = edge.value if edge.visits > 0 else value, edge.prior
    return edges, best, value
