"""Which way down: PUCT among the actions of a node, stratification among the outcomes of an action."""

from __future__ import annotations

import numpy as np

from portunus.evaluator.kernels import part
from portunus.search.lanes import best_of
from portunus.search.tree import EDGE_BYTES

UNSEEN = -1  # `choose_outcome`: an outcome that may not be in the list yet


@part
def choose_edge(rules, edges, node, value, e, newest):
    """The edge (index into `edges`) with the highest Q + c * P * sqrt(N) / (1 + n), first of equals.

    PUCT (Silver et al. 2017) with Q in the fixed unit u. An action never tried counts as the node's value less
    `rules.unvisited_reduction` (first-play urgency).

    Args:
        rules: The settings.
        edges: EDGE [N * A + EIGHT].
        node: A record of NODE, judged, with at least one edge.
        value: What the node is worth, u.
        e, newest: An edge of the node and its value, u, which need not be stored yet; -1 = all are.
    """
    first = np.int64(node.first)
    unvisited, weight = value - rules.unvisited_reduction, rules.exploration * node.reach
    return first + best_of(edges.ctypes.data + first * EDGE_BYTES, np.int64(node.edges), unvisited, weight, e - first, newest)


@part
def choose_outcome(outcomes, edge):
    """The outcome of an action to follow: argmax p / (1 + n), so that visits are in proportion to probabilities.

    Outcomes not seen yet take part as one candidate, with the probability that is left and the number of times it was drawn.

    Args:
        outcomes: OUTCOME [N].
        edge: A record of EDGE.

    Returns:
        An outcome, or `UNSEEN`.
    """
    if edge.stored == 1 and edge.unseen == 0.0:
        return edge.outcomes
    best, best_share = UNSEEN, edge.unseen / (1.0 + edge.draws) if edge.unseen > 0.0 else 0.0
    o = edge.outcomes
    while o >= 0:
        share = outcomes[o].share
        if share > best_share:
            best, best_share = o, share
        o = outcomes[o].next
    return best
