"""The Gumbel root: which actions are looked at, how often, which one wins, and what a network should learn from it.

Danihelka, Guez, Schrittwieser, Silver: Policy improvement by planning with Gumbel (ICLR 2022). An action scores
g(a) + logit(a) + sigma(q(a)), sigma(q) = (c_visit + most visits) * c_scale * q, with q in the fixed unit u instead of a range. The
best m by g + logit are simulated in turn; after each phase the better half stays. Where the evaluator doubts its values, visits without end do not
make them certain: the temperature 1 / ((c_visit + most visits) * c_scale) has its doubt added.
"""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from portunus.evaluator.hashed import fraction, mix
from portunus.evaluator.kernels import borrowed, kernel
from portunus.search.game import borrow_game
from portunus.search.simulate import judge, plant, simulate
from portunus.search.tree import ALONE, ROOT, borrow

_TINY = 1e-30
FIRST = np.int64(0)  # where a turn among the candidates begins


def phases_of(considered: int) -> int:
    """Number of halving phases for m considered actions: ceil(log2(m)), at least 1."""
    return max(1, (considered - 1).bit_length())


def visit_schedule(considered: int, simulations: int) -> list[int]:
    """How many visits the chosen action must have before each simulation: the published sequential-halving table.

    Args:
        considered: m, number of considered actions.
        simulations: n.

    Returns:
        n numbers; the k-th simulation goes to an action that has been visited so often.
    """
    if considered <= 1:
        return list(range(simulations))
    phases, visits, remaining, table = phases_of(considered), [0] * considered, considered, []
    while len(table) < simulations:
        for _ in range(max(1, simulations // (phases * remaining))):
            table.extend(visits[:remaining])
            for i in range(remaining):
                visits[i] += 1
        remaining = max(2, remaining // 2)
    return table[:simulations]


@kernel
def next_uniform(rng):
    """A float64 in (0, 1) from the search's own stream, uint64 [4] (splitmix64)."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    return fraction(mix(rng[0])) + 1e-17


@kernel
def begin(game, arena, rules, evaluator, state, row):
    """Plant `state`, int64 [W], as the root and, unless the evaluator is outside (address 0), judge it."""
    plant(game, arena, state, row)
    if arena.nodes[ROOT].evaluated == 0 and evaluator.address != 0:
        judge(game, arena, rules, evaluator, ROOT, row)
        settle(arena, rules)


@kernel
def settle(arena, rules):
    """Draw the noise of the root's edges."""
    for j in range(arena.nodes[ROOT].edges):
        arena.scores[0, j] = -log(-log(next_uniform(arena.rng))) * rules.gumbel_scale if rules.gumbel_scale > 0.0 else 0.0


@kernel
def most_visits(arena):
    """Visits of the most visited edge of the root."""
    most = 0
    for e in range(arena.nodes[ROOT].edges):
        most = max(most, arena.edges[e].visits)
    return most


@kernel
def mixed_value(arena):
    """v_mix of the paper, u: the root's own value mixed with the prior-weighted mean of the visited actions."""
    total, weight, value = 0, 0.0, 0.0
    for e in range(arena.nodes[ROOT].edges):
        edge = arena.edges[e]
        if edge.visits > 0:
            prior = max(edge.prior, _TINY)
            total += edge.visits
            weight += prior
            value += prior * edge.value
    if total == 0:
        return arena.nodes[ROOT].leaf
    return (arena.nodes[ROOT].leaf + total * value / weight) / (1.0 + total)


@kernel
def weight_of_values(arena, rules):
    """What a value counts beside the logarithm of a prior, per u."""
    weight = (rules.value_visits + most_visits(arena)) * rules.value_scale
    return weight / (1.0 + rules.doubt * weight)


@kernel
def score_edges(arena, rules):
    """Write g + logit + sigma(completed q) of each root edge into `arena.scores[1]`; the logit is the log of the prior."""
    factor = weight_of_values(arena, rules)
    completed = mixed_value(arena)
    for e in range(arena.nodes[ROOT].edges):
        edge = arena.edges[e]
        q = edge.value if edge.visits > 0 else completed
        arena.scores[1, e] = arena.scores[0, e] + log(max(edge.prior, _TINY)) + factor * q


@kernel
def keep_best(arena, rules, candidates, count, keep):
    """Sort the first `count` of `candidates`, int64 [m], by score, best first (stable); return how many stay, at most `keep`."""
    score_edges(arena, rules)
    for i in range(1, count):
        edge = candidates[i]
        k = i
        while k > 0 and arena.scores[1, candidates[k - 1]] < arena.scores[1, edge]:
            candidates[k] = candidates[k - 1]
            k -= 1
        candidates[k] = edge
    return min(count, keep)


@kernel
def consider(arena, rules, candidates):
    """Fill `candidates`, int64 [A], with the edges to look at, best g + logit first; return how many."""
    count = np.int64(arena.nodes[ROOT].edges)
    for e in range(count):
        candidates[e] = e
    return keep_best(arena, rules, candidates, count, rules.considered_actions)


@kernel
def search_whole(game, arena, rules, evaluator, state, candidates, simulations):
    """A complete search with a kernel evaluator and a budget in simulations; `candidates` is int64 [A], scratch.

    Sequential halving follows `visit_schedule`; returns the simulations done.
    """
    game, arena, candidates = borrow_game(game), borrow(arena), borrowed(candidates)
    begin(game, arena, rules, evaluator, state, ALONE)
    if rules.puct_root:
        return simulate(game, arena, rules, evaluator, candidates[:0], FIRST, simulations)
    remaining = consider(arena, rules, candidates)
    if remaining == 0:
        return 0
    phases = 0
    while (1 << phases) < remaining:
        phases += 1
    phases = max(phases, 1)
    done = 0
    while done < simulations:
        wanted = min(remaining * max(1, simulations // (phases * remaining)), simulations - done)
        ran = simulate(game, arena, rules, evaluator, candidates[:remaining], FIRST, wanted)
        done += ran
        if ran < wanted:
            break
        if done < simulations:
            remaining = keep_best(arena, rules, candidates, remaining, max(2, remaining // 2))
    return done


@kernel
def squared_error(arena, e):
    """Square of the standard error of the mean value of a root edge, u^2; infinite for fewer than two visits."""
    edge = arena.edges[e]
    if edge.visits < 2:
        return np.inf
    mean = arena.scores[2, e] / edge.visits
    return max(arena.scores[3, e] / edge.visits - mean * mean, 0.0) / (edge.visits - 1)


@kernel
def settled(arena, candidates, count, errors, lead):
    """Can no more simulations be expected to change the answer?

    True when the best of the first `count` of `candidates` leads each of the others by `errors` standard errors of their difference
    and by `lead` besides, u.
    """
    best, highest = -1, -1e300
    for i in range(count):
        edge = arena.edges[candidates[i]]
        if edge.visits == 0:
            return False
        if edge.value > highest:
            best, highest = candidates[i], edge.value
    for i in range(count):
        e = candidates[i]
        if e != best:
            edge = arena.edges[e]
            ahead = highest - edge.value
            if not ahead > lead + errors * sqrt(squared_error(arena, best) + squared_error(arena, e)):
                return False
    return True


@kernel
def choose_action_edge(arena, rules):
    """The root edge to play: best score among the most visited (Gumbel root), or most visits, then value (PUCT root).

    With an evaluator whose values are drawn, and no noise at the root, it must beat the evaluator's favourite by `rules.caution`
    standard errors of their difference and by `rules.least_gain`, else the favourite is played: of two actions that look alike, the
    one that was good before.
    """
    most = most_visits(arena)
    score_edges(arena, rules)
    best, favourite = -1, 0
    for e in range(arena.nodes[ROOT].edges):
        edge = arena.edges[e]
        if edge.prior > arena.edges[favourite].prior:
            favourite = e
        if edge.visits < most:
            continue
        if rules.puct_root:
            better = best < 0 or edge.value > arena.edges[best].value
        else:
            better = best < 0 or arena.scores[1, e] > arena.scores[1, best]
        if better:
            best = e
    if best >= 0 and best != favourite and rules.caution > 0.0 and rules.gumbel_scale == 0.0 and arena.edges[favourite].visits > 0:
        ahead = arena.edges[best].value - arena.edges[favourite].value
        if not ahead > max(rules.caution * sqrt(squared_error(arena, best) + squared_error(arena, favourite)), rules.least_gain):
            return favourite
    return best


@kernel
def improved_policy(game, arena, rules, policy):
    """Write softmax(logit + sigma(completed q)) over the actions into `policy`, float64 [A]; return its expected value, u."""
    root = arena.nodes[ROOT]
    factor = weight_of_values(arena, rules)
    completed = mixed_value(arena)
    policy[:] = 0.0
    highest, total, value = -1e300, 0.0, 0.0
    for e in range(root.edges):
        edge = arena.edges[e]
        q = edge.value if edge.visits > 0 else completed
        arena.scores[1, e] = log(max(edge.prior, _TINY)) + factor * q
        highest = max(highest, arena.scores[1, e])
    for e in range(root.edges):
        weight = exp(arena.scores[1, e] - highest)
        policy[arena.edges[e].action] = weight
        total += weight
    for e in range(root.edges):
        edge = arena.edges[e]
        policy[edge.action] /= total
        value += policy[edge.action] * (edge.value if edge.visits > 0 else completed)
    return value
