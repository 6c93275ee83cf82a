"""The search tree: an arena of fixed-size records in flat arrays, emptied by setting counters to zero.

A node is a state at a decision point. Its edges are its legal actions. Below an edge hangs a list of outcomes, one per way the action has
gone so far, told apart by the signature the step kernel returned; what probability they leave open is `unseen`. An outcome leads to a
node. Ways that lead to one and the same state (`portunus.search.key`) lead to one node, so the tree is a graph.

Legend: N = nodes, A = actions, F = features, W = words of a state, L = leaves of a batch, D = longest path. -1 = none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.kernels import borrowed, kernel
from portunus.runtime.signature import INFO_WORDS, RNG_WORDS
from portunus.search.lanes import EIGHT

MOST_ACTIONS = 127  # what `edges` of a node holds

# One node, 64 bytes, a cache line.
NODE = np.dtype(
    [
        ("value", "f8"),  # what the state is worth by all that is known, u
        ("leaf", "f8"),  # what the evaluator said, u
        ("remaining", "f8"),  # seconds of the fight left
        ("key", "u8"),  # hash of the state
        ("visits", "i4"),  # 1 + simulations that went on from here
        ("first", "i4"),  # first of its edges
        ("edges", "i1"),  # number of legal actions, at most 127; 0 at the end of the fight
        ("evaluated", "i1"),  # 1 once the evaluator has judged it
        ("passed", "i2"),  # the action likeliest just before, which was not taken, -1 = it was
        ("coming", "i4"),  # the edge the next simulation will take, -1 = to be found out then
        ("walk", "i4"),  # number of the last simulation that came by, see `simulate`
        ("likeliest", "i4"),  # the action with the highest prior, first of equals
        ("reach", "f8"),  # square root of its visits
    ],
    align=True,
)

# One edge, 32 bytes.
EDGE = np.dtype(
    [
        ("value", "f8"),  # what the action is worth, u: mean over its outcomes by their probabilities
        ("visits", "i4"),  # simulations through it, those under way included
        ("outcomes", "i4"),  # first of its outcomes, -1 = never tried
        ("prior", "f4"),  # probability given by the evaluator; sums to 1 over the edges of a node
        ("unseen", "f4"),  # probability of outcomes that are not in the list
        ("draws", "f4"),  # how often `unseen` was drawn, scaled down as it shrinks
        ("action", "i2"),  # which action
        ("stored", "i2"),  # length of the list of outcomes
    ],
    align=True,
)

EDGE_BYTES = EDGE.itemsize

# One outcome of an action, 64 bytes, a cache line.
OUTCOME = np.dtype(
    [
        ("signature", "i8"),  # tells it from the others
        ("reward", "f8"),  # damage beyond the reference pace of the step, expected form, less what its time costs, u
        ("probability", "f8"),
        ("share", "f8"),  # probability / (1 + visits)
        ("visits", "i4"),  # simulations through it
        ("node", "i4"),  # the state after it
        ("next", "i4"),  # next outcome of the same action, -1 = last
        ("spare", "i4", (5,)),
    ],
    align=True,
)

# One step of a path.
STEP = np.dtype([("node", "i4"), ("edge", "i4"), ("outcome", "i4"), ("length", "i4")])  # length: edges of the whole path, in its first step only

# Typed, because numba compiles a function once more for every constant it is called with.
ROOT = np.int64(0)  # the node
ALONE = np.int64(0)  # the line of a leaf that is judged alone

# What `Arena.counters` counts.
USED = 0  # nodes in use
SIMULATIONS = 1
STEPS = 2  # calls of the step kernel by the tree
EVALUATIONS = 3  # states judged
DEPTH = 4  # deepest decision reached
DEPTH_SUM = 5  # of all simulations
DUPLICATES = 6  # paths of a batch that ended in a leaf already waiting for its judgement
FAULT = 7  # fault bits of a state reached
PENDING = 8  # leaves of the current batch that wait for their judgement
EDGES = 9  # edges in use
OUTCOMES = 10  # outcomes in use
JOINED = 11  # new outcomes that led to a state already in the tree
SEARCHES = 12  # done in this arena: marks the entries of `table` that are of this search; never set back
COUNTERS = 13


class Arena(NamedTuple):
    """Everything a search writes.

    Attributes:
        nodes: NODE [N]; node 0 is the root.
        edges: EDGE [N * A + EIGHT].
        outcomes: OUTCOME [2 * N].
        states: int64 [N, W].
        table: int64 [a power of two >= 2 * N], hash table: SEARCHES in the upper half of a word, a node in the lower.
        counters: int64 [COUNTERS].
        rng: uint64 [4], the search's own random stream; never the fight's.
        info: float64 [4], written by the step kernel.
        paths: STEP [L, D + 1], the paths of the batch under way.
        leaves: int32 [L], the leaf that each line of features, mask and heads belongs to.
        features: float32 [L, F].
        mask: uint8 [L, A], 1 = legal.
        heads: float32 [L, A + 1], logits and value.
        scores: float64 [4, A], of the root's edges: Gumbel noise, scratch for scores, sums of the results of their simulations, u, and of
            the squares, u^2.
        priors: float32 [A rounded up to a multiple of EIGHT], scratch.
        states_at, rng_at, info_at, features_at, mask_at, heads_at, priors_at: Addresses of these arrays.
    """

    nodes: np.ndarray
    edges: np.ndarray
    outcomes: np.ndarray
    states: np.ndarray
    table: np.ndarray
    counters: np.ndarray
    rng: np.ndarray
    info: np.ndarray
    paths: np.ndarray
    leaves: np.ndarray
    features: np.ndarray
    mask: np.ndarray
    heads: np.ndarray
    scores: np.ndarray
    priors: np.ndarray
    states_at: int
    rng_at: int
    info_at: int
    features_at: int
    mask_at: int
    heads_at: int
    priors_at: int


def _lines(size: int) -> np.ndarray:
    """Memory that begins with a cache line, uint8 [size], 0 until it is used."""
    room = np.zeros(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size]


def new_arena(*, nodes: int, actions: int, features: int, words: int, batch: int, max_depth: int) -> Arena:
    """An empty arena; memory is only touched as nodes are used.

    Raises:
        PortunusError: A spec has more actions than a node can count.
    """
    if actions > MOST_ACTIONS:
        raise PortunusError(f"a search knows at most {MOST_ACTIONS} actions, this spec has {actions}")
    arrays = {
        "nodes": _lines(nodes * NODE.itemsize).view(NODE),
        "edges": _lines((nodes * actions + EIGHT) * EDGE.itemsize).view(EDGE),
        "outcomes": _lines(2 * nodes * OUTCOME.itemsize).view(OUTCOME),
        "states": _lines(nodes * words * 8).view(np.int64).reshape(nodes, words),
        "table": np.zeros(1 << (2 * nodes - 1).bit_length(), np.int64),
        "counters": np.zeros(COUNTERS, np.int64),
        "rng": np.zeros(RNG_WORDS, np.uint64),
        "info": np.zeros(INFO_WORDS, np.float64),
        "paths": np.zeros((batch, max_depth + 1), STEP),
        "leaves": np.zeros(batch, np.int32),
        "features": np.zeros((batch, features), np.float32),
        "mask": np.ones((batch, actions), np.uint8),
        "heads": np.zeros((batch, actions + 1), np.float32),
        "scores": np.zeros((4, actions), np.float64),
        "priors": np.zeros(-(-actions // EIGHT) * EIGHT, np.float32),
    }
    addresses = {f"{name}_at": arrays[name].ctypes.data for name in ("states", "rng", "info", "features", "mask", "heads", "priors")}
    return Arena(**arrays, **addresses)


@kernel
def borrow(arena):
    """The same arena, whose arrays no reference is counted to; every kernel that Python calls begins with it."""
    return Arena(
        borrowed(arena.nodes), borrowed(arena.edges), borrowed(arena.outcomes), borrowed(arena.states), borrowed(arena.table),
        borrowed(arena.counters), borrowed(arena.rng), borrowed(arena.info), borrowed(arena.paths), borrowed(arena.leaves),
        borrowed(arena.features), borrowed(arena.mask), borrowed(arena.heads), borrowed(arena.scores), borrowed(arena.priors),
        arena.states_at, arena.rng_at, arena.info_at, arena.features_at, arena.mask_at, arena.heads_at, arena.priors_at,
    )  # fmt: skip


def bytes_per_node(actions: int, words: int) -> int:
    """Memory one node takes at most, its edges, outcomes and place in the hash table included, bytes."""
    return NODE.itemsize + actions * EDGE.itemsize + 2 * OUTCOME.itemsize + words * 8 + 16
