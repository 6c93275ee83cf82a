"""One simulation in three steps: walk down and add a leaf, have it judged, carry the result back up.

Walking down counts the visit at once and puts the current mean in for its result, so that further walks of the same batch see a
visit but no change of value (WU-UCT: Liu et al. 2020). Walking back replaces it by the result. With one leaf at a time this is the
plain sequential algorithm.
"""

from __future__ import annotations

from math import exp

import numpy as np

from portunus.evaluator.kernels import call_evaluator, kernel
from portunus.runtime.calls import call_features, call_legal, call_step
from portunus.runtime.signature import HEADER_FAULT, HEADER_FINISHED
from portunus.search.game import gain, remaining_seconds
from portunus.search.selection import UNSEEN, choose_edge, choose_outcome
from portunus.search.tree import ALONE, DEPTH, DEPTH_SUM, DUPLICATES, EVALUATIONS, FAULT, PENDING, ROOT, SIMULATIONS, STEPS, USED

_FULL = 1e-6  # probability below which outcomes count as complete


@kernel
def open_node(game, arena, index, row):
    """Start a node for the state already in `arena.states[index]`; read its actions and features into line `row`.

    At the end of a fight nothing is left to judge: its value is exactly 0.
    """
    node, state = arena.nodes[index], arena.states[index]
    node.value_sum, node.value = 0.0, 0.0
    node.visits, node.next, node.edges, node.evaluated = 0, -1, 0, 0
    node.remaining = remaining_seconds(state)
    arena.counters[FAULT] |= state[HEADER_FAULT]
    if state[HEADER_FINISHED] != 0 or state[HEADER_FAULT] != 0:
        node.evaluated = 1
        return
    address, mask = arena.states_at + index * game.words * 8, arena.mask[row]
    call_legal(game.legal, address, game.tables, arena.mask_at + row * game.actions)
    call_features(game.features, address, game.tables, arena.features_at + row * game.feature_count * 4)
    first, count = index * game.actions, 0
    for a in range(game.actions):
        if mask[a] != 0:
            edge = arena.edges[first + count]
            edge.value_sum, edge.visits, edge.outcomes, edge.stored = 0.0, 0, -1, 0
            edge.prior, edge.unseen, edge.draws, edge.action = 0.0, 1.0, 0.0, a
            count += 1
    node.edges = count
    if count == 0:
        node.evaluated = 1


@kernel
def expand(game, arena, index, heads):
    """Write a judgement, float32 [A + 1], into a node: its prior is the softmax of the logits over its edges."""
    node, first = arena.nodes[index], index * game.actions
    highest, total = -1e300, 0.0
    for e in range(first, first + node.edges):
        highest = max(highest, heads[arena.edges[e].action])
    for e in range(first, first + node.edges):
        weight = exp(heads[arena.edges[e].action] - highest)
        arena.edges[e].prior = weight
        total += weight
    for e in range(first, first + node.edges):
        arena.edges[e].prior /= total
    node.value = heads[game.actions]
    node.evaluated = 1
    arena.counters[EVALUATIONS] += 1


@kernel
def draw_outcome(game, arena, rules, parent, edge, row):
    """Step the simulator on the search's own random stream; return the node of the outcome, new or known."""
    index = arena.counters[USED]
    source, state = arena.states[parent], arena.states[index]
    for w in range(game.words):
        state[w] = source[w]
    address = arena.states_at + index * game.words * 8
    signature = call_step(game.step, address, game.tables, game.metrics, arena.rng_at, edge.action, arena.info_at)
    arena.counters[STEPS] += 1
    edge.draws += 1.0
    child, last = edge.outcomes, -1
    while child >= 0:
        if arena.nodes[child].signature == signature:
            return child
        last = child
        child = arena.nodes[child].next
    arena.counters[USED] += 1
    open_node(game, arena, index, row)
    node = arena.nodes[index]
    node.signature = signature
    node.reward = gain(game, arena.info[0], arena.nodes[parent].remaining, node.remaining)
    if edge.stored < rules.outcome_slots:
        node.probability = min(arena.info[1], edge.unseen)
    else:
        node.probability = edge.unseen  # this one stands for all that have no slot of their own
    left = edge.unseen - node.probability
    if left < _FULL:
        left = 0.0
    edge.draws *= left / edge.unseen
    edge.unseen = left
    edge.stored += 1
    if last < 0:
        edge.outcomes = index
    else:
        arena.nodes[last].next = index
    return index


@kernel
def descend(game, arena, rules, root_edge, row):
    """Walk from the root to a leaf along line `row`, counting the visit; return the leaf.

    Args:
        game: The game.
        arena: The tree, with room for one more node.
        rules: The settings.
        root_edge: The edge to take at the root, -1 = choose as everywhere else.
        row: Line of the batch.
    """
    nodes, edges, path = arena.nodes, arena.edges, arena.paths[row]
    index, length = ROOT, 0
    while True:
        node = nodes[index]
        mean = node.value_sum / node.visits if node.visits > 0 else 0.0
        node.visits += 1
        node.value_sum += mean
        path[length].node, path[length].node_value = index, mean
        if node.evaluated == 0 or node.edges == 0 or length == rules.max_depth:
            break
        e = choose_edge(rules, game.actions, nodes, edges, index) if length > 0 or root_edge < 0 else root_edge
        edge = edges[e]
        guess = edge.value_sum / edge.visits if edge.visits > 0 else mean - rules.unvisited_reduction
        edge.visits += 1
        edge.value_sum += guess
        path[length].edge, path[length].edge_value = e, guess
        child = np.int64(choose_outcome(nodes, edge))
        if child == UNSEEN:
            child = draw_outcome(game, arena, rules, index, edge, row)
        index = child
        length += 1
    path[0].length = length
    arena.counters[SIMULATIONS] += 1
    arena.counters[DEPTH] = max(arena.counters[DEPTH], length)
    arena.counters[DEPTH_SUM] += length
    return index


@kernel
def carry_up(arena, row):
    """Carry the value of the leaf of line `row` back to the root, adding the rewards on the way."""
    nodes, edges, path = arena.nodes, arena.edges, arena.paths[row]
    length = path[0].length
    value, reward = nodes[path[length].node].value, 0.0
    for depth in range(length, -1, -1):
        step = path[depth]
        node = nodes[step.node]
        if depth < length:
            value += reward
            edges[step.edge].value_sum += value - step.edge_value
        node.value_sum += value - step.node_value
        reward = node.reward
    if length > 0:
        arena.scores[2, path[0].edge] += value * value


@kernel
def ask(game, arena, evaluator, index, row):
    """Call the kernel evaluator on node `index`, whose features and mask are in line `row`, which takes the judgement."""
    call_evaluator(
        evaluator.address, evaluator.integers, evaluator.reals, evaluator.weights, game.tables,
        arena.states_at + index * game.words * 8, arena.rng_at, arena.features_at + row * game.feature_count * 4,
        arena.mask_at + row * game.actions, arena.heads_at + row * (game.actions + 1) * 4,
    )  # fmt: skip


@kernel
def judge(game, arena, evaluator, index, row):
    """Have the kernel evaluator judge the open node `index` whose features are in line `row`."""
    ask(game, arena, evaluator, index, row)
    expand(game, arena, index, arena.heads[row])


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


@kernel
def simulate(game, arena, rules, evaluator, candidates, first, count):
    """Run up to `count` simulations with a kernel evaluator; return how many, fewer only when the arena is full.

    Args:
        game: The game.
        arena: A tree whose root is judged.
        rules: The settings.
        evaluator: A `Judge`.
        candidates: int64 [k], edges to take at the root in turn; k = 0: the root chooses like any node.
        first: Where in the turn to begin.
        count: Simulations wanted.
    """
    turns = candidates.shape[0]
    for i in range(count):
        if arena.counters[USED] >= arena.nodes.shape[0] or arena.counters[FAULT] != 0:
            return i
        leaf = descend(game, arena, rules, candidates[(first + i) % turns] if turns > 0 else -1, ALONE)
        if arena.nodes[leaf].evaluated == 0:
            judge(game, arena, evaluator, leaf, ALONE)
        carry_up(arena, ALONE)
    return count


@kernel
def collect(game, arena, rules, candidates, first, count):
    """Walk down `count` times without judging; lines 0..PENDING-1 of `features` and `mask` hold the new leaves.

    Returns:
        Number of paths, fewer than `count` only when the arena is full.
    """
    turns = candidates.shape[0]
    pending = 0
    paths = 0
    while paths < count:
        if arena.counters[USED] >= arena.nodes.shape[0] or arena.counters[FAULT] != 0:
            break
        used = arena.counters[USED]
        # A new leaf fills line `paths`, which is then moved up to close the gaps that duplicates and known ends leave.
        leaf = descend(game, arena, rules, candidates[(first + paths) % turns] if turns > 0 else -1, paths)
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
def apply_batch(game, arena, paths):
    """Write the judgements of the pending leaves, lines of `arena.heads`, and carry all `paths` results up."""
    for i in range(arena.counters[PENDING]):
        expand(game, arena, np.int64(arena.leaves[i]), arena.heads[i])
    for row in range(paths):
        carry_up(arena, row)


@kernel
def plant(game, arena, state, row):
    """Empty the arena and put `state`, int64 [W], at the root, open but not judged."""
    arena.counters[:] = 0
    arena.counters[USED] = 1
    for w in range(game.words):
        arena.states[ROOT, w] = state[w]
    open_node(game, arena, ROOT, row)
    root = arena.nodes[ROOT]
    root.reward, root.probability, root.signature = 0.0, 1.0, 0
    arena.scores[:] = 0.0
