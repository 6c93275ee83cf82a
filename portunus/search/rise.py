"""How fast values rise because they are searched: a search finds better play than its judge expects, and a luckier judgement than the rest.

What was searched for ten seconds of the fight looks better than what was searched for two, whatever it is worth. So that actions are compared
fairly, each second that is searched costs as much as values rise in one, as time does in the relative values of a process that goes on for ever
(average reward: Mahadevan 1996). A judge that knows what good play achieves has a rise of 0, however wrong it is here and there.

It is measured once for each search: from some states of fights in which the judge's favourite is played, along the most visited actions, the slope
of what was gained plus what the judge says against the seconds of the fight that have passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portunus.evaluator.kernels import kernel
from portunus.runtime.signature import HEADER_DURATION, HEADER_FAULT, HEADER_FINISHED, HEADER_NOW
from portunus.search.fights import MAX_DECISIONS
from portunus.search.tree import ROOT, borrow

if TYPE_CHECKING:
    from portunus.search.engine import Search

FIGHTS = 2
STATES = 10  # of each fight, at even times
SIMULATIONS = 1024  # of each search
_LEAST = 8  # visits of a state whose most visited action is followed
_ROOM = 4096  # states that can wait to be looked at


@kernel
def line_sums(arena, waiting, sums):
    """Follow the most visited actions, whatever comes of them; add the moments of seconds, and of seconds and value (u), about their means to `sums`, float64 [2].

    `waiting` is float64 [`_ROOM`, 4], scratch: node, probability, seconds, gain so far.
    """
    arena = borrow(arena)
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = ROOT, 1.0, 0.0, 0.0
    count = 1
    w, wt, wv, wtt, wtv = 0.0, 0.0, 0.0, 0.0, 0.0
    while count > 0:
        count -= 1
        node, chance, seconds, gained = arena.nodes[int(waiting[count, 0])], waiting[count, 1], waiting[count, 2], waiting[count, 3]
        value = gained + node.leaf
        w += chance
        wt += chance * seconds
        wv += chance * value
        wtt += chance * seconds * seconds
        wtv += chance * seconds * value
        if node.edges == 0 or node.visits < _LEAST:
            continue
        best = node.first
        for e in range(node.first + 1, node.first + node.edges):
            if arena.edges[e].visits > arena.edges[best].visits:
                best = e
        total = 0.0
        o = arena.edges[best].outcomes
        while o >= 0:
            if arena.nodes[arena.outcomes[o].node].evaluated != 0:
                total += arena.outcomes[o].probability
            o = arena.outcomes[o].next
        o = arena.edges[best].outcomes
        while o >= 0 and count < waiting.shape[0]:
            outcome = arena.outcomes[o]
            after = arena.nodes[outcome.node]
            if after.evaluated != 0:
                waiting[count, 0], waiting[count, 1] = outcome.node, chance * outcome.probability / total
                waiting[count, 2], waiting[count, 3] = seconds + node.remaining - after.remaining, gained + outcome.reward
                count += 1
            o = outcome.next
    sums[0] += wtt - wt * wt / w
    sums[1] += wtv - wt * wv / w


def measure(search: Search) -> float:
    """The slope, u per second, of a search that corrects nothing yet; at least 0, for a search does not find worse play than its judge expects."""
    waiting, sums, compiled, looked_at = np.zeros((_ROOM, 4)), np.zeros(2), search.compiled, 0
    for seed in range(FIGHTS):
        state, rng, taken = compiled.new_state(), compiled.new_rng(seed), 0
        compiled.reset(state, rng)
        for _ in range(MAX_DECISIONS):
            if state[HEADER_FINISHED] != 0 or state[HEADER_FAULT] != 0:
                break
            if state[HEADER_NOW] * STATES >= state[HEADER_DURATION] * taken:
                result = search.run(state, simulations=SIMULATIONS, seed=looked_at)
                line_sums(search.arena, waiting, sums)
                taken += 1
                looked_at += 1
            else:
                result = search.run(state, simulations=1)
            compiled.step(state, int(result.actions[np.argmax(result.priors)]), rng)
    return max(0.0, float(sums[1] / sums[0])) if sums[0] > 0 else 0.0
