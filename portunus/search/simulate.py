"""One simulation in three steps: walk down and add a leaf, have it judged, carry the result back up.

What an action is worth is computed anew from its outcomes each time, weighted by their true probabilities, and what a state is worth from
its actions; nothing is averaged over the chance draws of the simulations. Walking down counts the visit at once and leaves the values alone, so that
further walks of the same batch see a visit but no change of value (WU-UCT: Liu et al. 2020).
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from portunus.evaluator.kernels import borrowed, call_evaluator, kernel, part, prefetch
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.runtime.signature import HEADER_FAULT, HEADER_FINISHED
from portunus.search.game import borrow_game, gain, remaining_seconds
from portunus.search.key import hash_state
from portunus.search.lanes import copy_words, softmax, weigh
from portunus.search.selection import UNSEEN, choose_edge, choose_outcome
from portunus.search.tree import (
    ALONE,
    DEPTH,
    DEPTH_SUM,
    DUPLICATES,
    EDGE_BYTES,
    EDGES,
    EVALUATIONS,
    FAULT,
    JOINED,
    OUTCOMES,
    PENDING,
    ROOT,
    SEARCHES,
    SIMULATIONS,
    STEPS,
    USED,
    borrow,
)

_NOBODY = np.int64(-1)  # the number of no simulation
_NONE = np.int64(-1)  # no edge, no node
_FULL = 1e-6  # probability below which outcomes count as complete


@part
def open_node(game, arena, index, row):
    """Start a node for the state already in `arena.states[index]`; read its actions and features into line `row`.

    At the end of a fight nothing is left to judge: its value is exactly 0.
    """
    node, state = arena.nodes[index], arena.states[index]
    node.value, node.leaf = 0.0, 0.0
    node.visits, node.reach, node.first, node.edges, node.evaluated = 1, 1.0, arena.counters[EDGES], 0, 0
    node.remaining, node.walk, node.coming, node.passed = remaining_seconds(state), _NOBODY, -1, -1
    arena.counters[FAULT] |= state[HEADER_FAULT]
    if state[HEADER_FINISHED] != 0 or state[HEADER_FAULT] != 0:
        node.evaluated = 1
        return
    address, mask = arena.states_at + index * game.words * 8, arena.mask[row]
    call_legal(game.legal, address, game.tables, arena.mask_at + row * game.actions)
    call_features(game.features, address, game.tables, arena.features_at + row * game.feature_count * 4)
    last = arena.counters[EDGES]
    for a in range(game.actions):
        if mask[a] != 0:
            edge = arena.edges[last]
            edge.value, edge.visits, edge.outcomes, edge.stored = 0.0, 0, -1, 0
            edge.prior, edge.unseen, edge.draws, edge.action = 0.0, 1.0, 0.0, a
            last += 1
    node.edges = last - arena.counters[EDGES]
    arena.counters[EDGES] = last
    if node.edges == 0:
        node.evaluated = 1


@part
def still_likeliest(logits, mask, action):
    """Is `action` legal, and no legal action's logit higher?"""
    highest = logits[action]
    for a in range(mask.shape[0]):
        if mask[a] != 0:
            highest = max(highest, logits[a])
    return mask[action] != 0 and highest == logits[action]


@part
def expand(game, arena, rules, index, row):
    """Write the judgement in line `row` of the heads into a node: its prior is the softmax of the logits over its edges.

    If the likeliest action is the one that was passed over just before, the priors are raised to the power `rules.passed_over`: who holds an action
    back mostly does so for more than one decision.
    """
    node, heads = arena.nodes[index], arena.heads[row]
    if node.passed >= 0 and still_likeliest(heads, arena.mask[row], node.passed):
        for a in range(game.actions):
            heads[a] *= rules.passed_over
    softmax(arena.heads_at + row * (game.actions + 1) * 4, arena.mask_at + row * game.actions, game.actions, arena.priors_at)
    highest, likeliest = np.float32(-1.0), np.int32(-1)
    for e in range(node.first, node.first + node.edges):
        action = np.int32(arena.edges[e].action)
        prior = arena.priors[action]
        arena.edges[e].prior = prior
        likeliest = action if prior > highest else likeliest
        highest = max(prior, highest)
    node.likeliest = likeliest
    node.leaf = heads[game.actions]
    node.value = node.leaf
    node.evaluated = 1
    arena.counters[EVALUATIONS] += 1


@part
def place_of(arena, key):
    """Where a state with this key stands in the hash table, or where it belongs; `known_node` tells which."""
    last = np.uint64(arena.table.shape[0] - 1)
    slot = key & last
    while True:
        index = known_node(arena, slot)
        if index < 0 or arena.nodes[index].key == key:
            return slot
        slot = (slot + np.uint64(1)) & last


@part
def known_node(arena, slot):
    """The node at a place of the hash table, -1 if the place is free."""
    entry = arena.table[slot]
    return entry & 0x7FFFFFFF if entry >> 32 == arena.counters[SEARCHES] else np.int64(-1)


@part
def draw_outcome(game, arena, rules, parent, edge, row):
    """Step the simulator on the search's own random stream; return the outcome, new or known.

    If all that was seen so far is one way a single chance can go, the step is told to go the other way.
    """
    counters, outcomes = arena.counters, arena.outcomes
    index = counters[USED]
    state, address = arena.states[index], arena.states_at + index * game.words * 8
    copy_words(address, arena.states_at + parent * game.words * 8, game.words)
    if edge.stored == 1:
        only = outcomes[edge.outcomes].signature
        if only == 2 or only == 3:
            arena.rng[1], arena.rng[2] = np.uint64(3 - only), np.uint64(1)
    signature = call_step(game.step, address, game.tables, game.metrics, arena.rng_at, edge.action, arena.info_at)
    arena.rng[2] = np.uint64(0)
    counters[STEPS] += 1
    edge.draws += 1.0
    o, last = edge.outcomes, -1
    while o >= 0:
        if outcomes[o].signature == signature:
            return np.int64(o)
        last = o
        o = outcomes[o].next
    key = hash_state(game.key, state)
    slot = place_of(arena, key)
    child = known_node(arena, slot)
    if child >= 0:
        counters[JOINED] += 1
    else:
        child = index
        counters[USED] += 1
        arena.table[slot] = counters[SEARCHES] << 32 | index
        open_node(game, arena, index, row)
        arena.nodes[index].key = key
        if edge.action != arena.nodes[parent].likeliest:
            arena.nodes[index].passed = arena.nodes[parent].likeliest
    o = counters[OUTCOMES]
    counters[OUTCOMES] += 1
    outcome = outcomes[o]
    outcome.signature, outcome.visits, outcome.node, outcome.next = signature, 0, child, -1
    before, after = arena.nodes[parent].remaining, arena.nodes[child].remaining
    outcome.reward = gain(game, arena.info[0], before, after) - rules.rate * (before - after)
    if edge.stored < rules.outcome_slots:
        outcome.probability = min(arena.info[1], edge.unseen)
    else:
        outcome.probability = edge.unseen  # this one stands for all that have no slot of their own
    outcome.share = outcome.probability
    left = edge.unseen - outcome.probability
    if left < _FULL:
        left = 0.0
    edge.draws *= left / edge.unseen
    edge.unseen = left
    edge.stored += 1
    if last < 0:
        edge.outcomes = o
    else:
        outcomes[last].next = o
    return o


@part
def descend(game, arena, rules, root_edge, row, index, length, walk, other):
    """Walk from node `index` to a leaf along line `row`, counting the visit; return the leaf, or a node on the way of simulation `other`.

    Args:
        game: The game.
        arena: The tree, with room for one more node.
        rules: The settings.
        root_edge: The edge to take at the root, -1 = choose as everywhere else.
        row: Line of the batch.
        index, length: Where to begin, and how many decisions below the root that is.
        walk: Number of this simulation.
        other: Stop at a node below the root that the simulation of this number went through.
    """
    nodes, edges, path = arena.nodes, arena.edges, arena.paths[row]
    while True:
        node = nodes[index]
        path[length].node = index
        if node.walk == other and length > 0 and other >= 0:
            path[0].length = length
            return index
        node.walk = walk
        if node.evaluated == 0 or node.edges == 0 or length == rules.max_depth or arena.counters[OUTCOMES] == arena.outcomes.shape[0]:
            break
        if length == 0 and root_edge >= 0:
            e = root_edge
        elif node.coming >= 0:
            e = np.int64(node.coming)
        else:
            e = choose_edge(rules, edges, node, node.value, _NONE, 0.0)
        edge = edges[e]
        if edge.visits == 0:
            edge.value = node.value - rules.unvisited_reduction
        edge.visits += 1
        node.visits += 1
        node.reach = sqrt(float(node.visits))
        o = np.int64(choose_outcome(arena.outcomes, edge))
        if o == UNSEEN:
            o = draw_outcome(game, arena, rules, index, edge, row)
        outcome = arena.outcomes[o]
        outcome.visits += 1
        outcome.share = outcome.probability / (1.0 + outcome.visits)
        path[length].edge, path[length].outcome = e, o
        index = np.int64(outcome.node)
        length += 1
    path[0].length = length
    arena.counters[SIMULATIONS] += 1
    arena.counters[DEPTH] = max(arena.counters[DEPTH], length)
    arena.counters[DEPTH_SUM] += length
    return index


@part
def action_value(arena, rules, edge):
    """What an action is worth, u: the mean over the outcomes seen, by their probabilities; those not judged yet count as nothing.

    Where values are drawn, outcomes count as often as they were visited: with hundreds of rare ones seen, weighting draws by probability once more
    would favour the likely.
    """
    value, weight = 0.0, 0.0
    o = edge.outcomes
    while o >= 0:
        outcome = arena.outcomes[o]
        after = arena.nodes[outcome.node]
        if after.evaluated != 0:
            share = float(outcome.visits) if rules.drawn else outcome.probability
            value += share * (outcome.reward + after.value)
            weight += share
        o = outcome.next
    return value / weight


@part
def state_value(rules, edges, node, e, newest):
    """What a state is worth, u, where `newest` is the value of its edge `e`: its judgement counts as `rules.judgement_visits`, each action's value as often as it was visited, worse actions less.

    The weight of an action that is x worse than the best one falls like exp(-`rules.sharpness` * visits of the node * x), here (1 + x / 4)^-4: few
    visits give the mean, which errors of single values move little, many the maximum, which is what best play achieves.
    """
    first, sharpness = np.int64(node.first), 0.25 * rules.sharpness * node.visits
    total, weights, visits = weigh(edges.ctypes.data + first * EDGE_BYTES, np.int64(node.edges), sharpness, e - first, newest)
    own = rules.judgement_visits
    return (own * node.leaf + visits * (total / weights)) / (own + visits)


@part
def carry_up(arena, rules, row, last, ahead):
    """Compute the values along line `row` anew, from its leaf, which is judged, to the action at the root; with `last` 0 the root's own too.

    With `ahead` find out which edge comes next at each node: nothing of it changes before the next simulation is there, and here the processor
    has time to spare.
    """
    nodes, edges, path = arena.nodes, arena.edges, arena.paths[row]
    length = path[0].length
    result = nodes[path[length].node].value
    for depth in range(length - 1, -1, -1):
        e, node = np.int64(path[depth].edge), nodes[path[depth].node]
        value = action_value(arena, rules, edges[e])
        if depth >= last:
            worth = state_value(rules, edges, node, e, value)
            if ahead:
                node.coming = choose_edge(rules, edges, node, worth, e, value)
            node.value = worth
        edges[e].value = value
        result += arena.outcomes[path[depth].outcome].reward
    if length > 0:
        arena.scores[2, path[0].edge] += result
        arena.scores[3, path[0].edge] += result * result


@part
def ask(game, arena, evaluator, index, row):
    """Call the kernel evaluator on node `index`, whose features and mask are in line `row`, which takes the judgement."""
    call_evaluator(
        evaluator.address, evaluator.integers, evaluator.reals, evaluator.weights, game.tables,
        arena.states_at + index * game.words * 8, arena.rng_at, arena.features_at + row * game.feature_count * 4,
        arena.mask_at + row * game.actions, arena.heads_at + row * (game.actions + 1) * 4,
    )  # fmt: skip


@part
def judge(game, arena, rules, evaluator, index, row):
    """Have the kernel evaluator judge the open node `index` whose features are in line `row`."""
    ask(game, arena, evaluator, index, row)
    expand(game, arena, rules, index, row)


@kernel
def judge_again(game, arena, evaluator, count, ask_it):
    """Read the features of nodes spread over the tree and, if `ask_it`, have them judged; the tree stays as it is. For timing."""
    stride = arena.counters[USED] // count
    for i in range(count):
        index = i * stride
        address = arena.states_at + index * game.words * 8
        call_legal(game.legal, address, game.tables, arena.mask_at)
        call_features(game.features, address, game.tables, arena.features_at)
        if ask_it:
            ask(game, arena, evaluator, index, ALONE)


@part
def fetch_next(game, arena):
    """Have the memory of the next state come to the cache while the evaluator is busy: a search writes two megabytes once each."""
    address = arena.states_at + arena.counters[USED] * game.words * 8
    for byte in range(0, game.words * 8, 64):
        prefetch(address + byte)


@part
def judge_both(game, arena, rules, evaluator, first, second):
    """`judge` for two nodes at once, in lines 0 and 1."""
    call_evaluator(
        evaluator.two, evaluator.integers, evaluator.reals, evaluator.weights, game.tables, arena.states_at, arena.rng_at, arena.features_at,
        arena.mask_at, arena.heads_at,
    )  # fmt: skip
    expand(game, arena, rules, first, 0)
    expand(game, arena, rules, second, 1)


@kernel
def simulate(game, arena, rules, evaluator, candidates, first, count):
    """Run up to `count` simulations with a kernel evaluator; return how many, fewer only when the arena is full.

    Two simulations that take different edges at the root are judged together, if the evaluator can, unless the second meets a node that the first went
    through: then the first is finished before the second goes on. What is found is what one after the other would find.

    Args:
        game: The game.
        arena: A tree whose root is judged.
        rules: The settings.
        evaluator: A `Judge`.
        candidates: int64 [k], edges to take at the root in turn; k = 0: the root chooses like any node.
        first: Where in the turn to begin.
        count: Simulations wanted.
    """
    game, arena, candidates = borrow_game(game), borrow(arena), borrowed(candidates)
    counters, nodes, turns = arena.counters, arena.nodes, candidates.shape[0]
    pairs = evaluator.two != 0 and turns > 1
    last = 1 if turns > 0 else 0  # of the root's own value nothing depends while its edges are given
    begun, walk, held, root_edge = 0, counters[SIMULATIONS], np.int64(-1), np.int64(-1)
    row, index, length, other = ALONE, ROOT, 0, _NOBODY
    while True:
        if length == 0 and held < 0 and (begun == count or counters[USED] >= nodes.shape[0] or counters[FAULT] != 0):
            break
        if length == 0:
            root_edge = candidates[(first + begun) % turns] if turns > 0 else np.int64(-1)
        leaf = descend(game, arena, rules, root_edge, row, index, length, walk, other)
        waiting = nodes[leaf].evaluated == 0
        if held >= 0 and nodes[leaf].walk == other:
            judge(game, arena, rules, evaluator, held, ALONE)
            carry_up(arena, rules, ALONE, last, True)
            index, length, held, other = leaf, arena.paths[row][0].length, np.int64(-1), _NOBODY
            continue
        begun += 1
        walk += 1
        if waiting:
            fetch_next(game, arena)
            if held >= 0:
                judge_both(game, arena, rules, evaluator, held, leaf)
            elif pairs and row == ALONE and begun < count and counters[USED] < nodes.shape[0] and counters[FAULT] == 0:
                held, other, row, index, length = leaf, walk - 1, ALONE + 1, ROOT, 0
                continue
            else:
                judge(game, arena, rules, evaluator, leaf, row)
        elif held >= 0:
            judge(game, arena, rules, evaluator, held, ALONE)
        if held >= 0:
            carry_up(arena, rules, ALONE, last, True)
        carry_up(arena, rules, row, last, True)
        row, index, length, other, held = ALONE, ROOT, 0, _NOBODY, np.int64(-1)
    root = nodes[ROOT]
    if begun > 0 and turns > 0 and root.edges > 0:
        root.value = state_value(rules, arena.edges, root, np.int64(root.first), arena.edges[root.first].value)
    return begun


@kernel
def collect(game, arena, rules, candidates, first, count):
    """Walk down `count` times without judging; lines 0..PENDING-1 of `features` and `mask` hold the new leaves.

    Returns:
        Number of paths, fewer than `count` only when the arena is full.
    """
    game, arena, candidates = borrow_game(game), borrow(arena), borrowed(candidates)
    turns = candidates.shape[0]
    pending = 0
    paths = 0
    while paths < count:
        if arena.counters[USED] >= arena.nodes.shape[0] or arena.counters[FAULT] != 0:
            break
        used = arena.counters[USED]
        # A new leaf fills line `paths`, which is then moved up to close the gaps that duplicates and known ends leave.
        leaf = descend(
            game, arena, rules, candidates[(first + paths) % turns] if turns > 0 else np.int64(-1), paths, ROOT, 0, arena.counters[SIMULATIONS], _NOBODY
        )
        if arena.counters[USED] > used and arena.nodes[leaf].evaluated == 0:
            arena.leaves[pending] = leaf
            for f in range(game.feature_count):
                arena.features[pending, f] = arena.features[paths, f]
            for a in range(game.actions):
                arena.mask[pending, a] = arena.mask[paths, a]
            pending += 1
        elif arena.nodes[leaf].evaluated == 0:
            arena.counters[DUPLICATES] += 1
        paths += 1
    arena.counters[PENDING] = pending
    return paths


@kernel
def apply_batch(game, arena, rules, paths):
    """Write the judgements of the pending leaves, lines of `arena.heads`, and carry all `paths` results up."""
    game, arena = borrow_game(game), borrow(arena)
    for i in range(arena.counters[PENDING]):
        expand(game, arena, rules, np.int64(arena.leaves[i]), i)
    for row in range(paths):
        carry_up(arena, rules, row, 0, False)


@kernel
def plant(game, arena, state, row):
    """Empty the arena and put `state`, int64 [W], at the root, open but not judged."""
    searches = arena.counters[SEARCHES] + 1
    arena.counters[:] = 0
    arena.counters[SEARCHES], arena.counters[USED] = searches, 1
    for w in range(game.words):
        arena.states[ROOT, w] = state[w]
    open_node(game, arena, ROOT, row)
    root = arena.nodes[ROOT]
    root.key = hash_state(game.key, arena.states[ROOT])
    arena.table[place_of(arena, root.key)] = searches << 32
    arena.scores[:] = 0.0
