"""The search tree: an arena of fixed-size nodes in flat arrays, emptied by setting one counter to zero.

A node is a state at a decision point. Its edges are its legal actions. Below an edge hangs a list of nodes, one per outcome of the
action that has occurred so far, told apart by the signature the step kernel returned; what probability they leave open is `unseen`.

Legend: N = nodes, A = actions, F = features, W = words of a state, L = leaves of a batch, D = longest path. -1 = none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portunus.runtime.signature import INFO_WORDS, RNG_WORDS

# One node, 64 bytes, a cache line.
NODE = np.dtype(
    [
        ("value_sum", "f8"),  # of everything backed up to it, u
        ("reward", "f8"),  # damage beyond the reference pace of the step that led here, expected form, u
        ("probability", "f8"),  # of this outcome of its action
        ("signature", "i8"),  # of this outcome
        ("remaining", "f8"),  # seconds of the fight left
        ("value", "f8"),  # the evaluator's value, u
        ("visits", "i4"),  # simulations through it, those under way included
        ("next", "i4"),  # next outcome of the same action, -1 = last
        ("edges", "i4"),  # number of legal actions; 0 at the end of the fight
        ("evaluated", "i4"),  # 1 once the evaluator has judged it
    ],
    align=True,
)

# One edge, 32 bytes. Edge j of node i is edges[i * A + j].
EDGE = np.dtype(
    [
        ("value_sum", "f8"),  # of everything backed up to it, u
        ("visits", "i4"),  # simulations through it, those under way included
        ("outcomes", "i4"),  # first node of its list of outcomes, -1 = never tried
        ("prior", "f4"),  # probability given by the evaluator; sums to 1 over the edges of a node
        ("unseen", "f4"),  # probability of outcomes that are not in the list
        ("draws", "f4"),  # how often `unseen` was drawn, scaled down as it shrinks
        ("action", "i2"),  # which action
        ("stored", "i2"),  # length of the list of outcomes
    ],
    align=True,
)

# One step of a path.
STEP = np.dtype(
    [
        ("node_value", "f8"),  # put in for the visit under way, taken back when its result is known
        ("edge_value", "f8"),  # the same for the edge taken
        ("edge", "i8"),  # index into `edges`
        ("node", "i4"),
        ("length", "i4"),  # edges of the whole path, in its first step only
    ],
    align=True,
)

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
COUNTERS = 9


class Arena(NamedTuple):
    """Everything a search writes.

    Attributes:
        nodes: NODE [N]; node 0 is the root.
        edges: EDGE [N * A].
        states: int64 [N, W].
        counters: int64 [COUNTERS].
        rng: uint64 [4], the search's own random stream; never the fight's.
        info: float64 [4], written by the step kernel.
        paths: STEP [L, D + 1], the paths of the batch under way.
        leaves: int32 [L], the leaf that each line of features, mask and heads belongs to.
        features: float32 [L, F].
        mask: uint8 [L, A], 1 = legal.
        heads: float32 [L, A + 1], logits and value.
        scores: float64 [3, A], of the root's edges: Gumbel noise, scratch for scores, and sums of squares of what was backed up, u^2.
        states_at, rng_at, info_at, features_at, mask_at, heads_at: Addresses of these arrays.
    """

    nodes: np.ndarray
    edges: np.ndarray
    states: np.ndarray
    counters: np.ndarray
    rng: np.ndarray
    info: np.ndarray
    paths: np.ndarray
    leaves: np.ndarray
    features: np.ndarray
    mask: np.ndarray
    heads: np.ndarray
    scores: np.ndarray
    states_at: int
    rng_at: int
    info_at: int
    features_at: int
    mask_at: int
    heads_at: int


def new_arena(*, nodes: int, actions: int, features: int, words: int, batch: int, max_depth: int) -> Arena:
    """An empty arena; memory is only touched as nodes are used."""
    arrays = {
        "nodes": np.empty(nodes, NODE),
        "edges": np.empty(nodes * actions, EDGE),
        "states": np.empty((nodes, words), np.int64),
        "counters": np.zeros(COUNTERS, np.int64),
        "rng": np.zeros(RNG_WORDS, np.uint64),
        "info": np.zeros(INFO_WORDS, np.float64),
        "paths": np.zeros((batch, max_depth + 1), STEP),
        "leaves": np.zeros(batch, np.int32),
        "features": np.zeros((batch, features), np.float32),
        "mask": np.ones((batch, actions), np.uint8),
        "heads": np.zeros((batch, actions + 1), np.float32),
        "scores": np.zeros((3, actions), np.float64),
    }
    addresses = {f"{name}_at": arrays[name].ctypes.data for name in ("states", "rng", "info", "features", "mask", "heads")}
    return Arena(**arrays, **addresses)


def bytes_per_node(actions: int, words: int) -> int:
    """Memory one node takes, bytes."""
    return NODE.itemsize + actions * EDGE.itemsize + words * 8
