"""What mctx selects on fixed deterministic trees, recorded in `mctx.json` so that the tests need no jax (600 MB).

    python tests/search/mctx_trees.py            # writes mctx.json; needs `pip install mctx`
    pytest tests/search/test_mctx.py -m slow     # the same comparison with mctx itself

A tree is a complete one: `ACTIONS` ways at each of `DEPTH` levels, with random rewards, values and logits that follow from its number.
Two searches run over each: PUCT everywhere, and a Gumbel root over PUCT.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

ACTIONS, DEPTH = 4, 6
EXPLORATION, VALUE_VISITS, VALUE_SCALE = 2.5, 50.0, 0.1
BUDGETS = (16, 64, 200)
TREES = 12
RECORD = Path(__file__).with_name("mctx.json")


def tree(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rewards [S, A], values [S] and logits [S, A] of the states of a tree; child `a` of state `s` is s * A + a + 1."""
    rng, states = np.random.default_rng(number), (ACTIONS ** (DEPTH + 1) - 1) // (ACTIONS - 1)
    rewards, values, logits = rng.normal(0, 0.4, (states, ACTIONS)), rng.normal(0, 0.5, states), rng.normal(0, 1, (states, ACTIONS))
    return rewards.astype(np.float32), values.astype(np.float32), logits.astype(np.float32)


@cache
def mctx_search(root: str, simulations: int) -> Callable[..., tuple[Any, ...]]:
    """A function of a tree that returns visits, action and improved policy of the root as mctx has them; compiled once for all trees."""
    import jax
    import jax.numpy as jnp
    import mctx
    from mctx._src import action_selection, seq_halving  # the selection rules themselves are public only as parts of whole policies

    leaves = (ACTIONS**DEPTH - 1) // (ACTIONS - 1)  # states from here on end the fight

    def recurrent(known, key, action, state):
        rewards, values, logits = known
        child = state * ACTIONS + action + 1
        place, over = jnp.minimum(child, len(values) - 1), child >= leaves
        out = mctx.RecurrentFnOutput(
            reward=rewards[jnp.minimum(state, leaves - 1), action], discount=jnp.where(over, 0.0, 1.0), prior_logits=logits[place],
            value=jnp.where(over, 0.0, values[place]),
        )  # fmt: skip
        return out, child

    def plain(tree, node):
        """Q-values as they are; an action never tried is worth what its node is."""
        return jnp.where(tree.children_visits[node] > 0, tree.qvalues(node), tree.node_values[node])

    puct = partial(action_selection.muzero_action_selection, pb_c_init=EXPLORATION, pb_c_base=1e9, qtransform=plain)
    completed = partial(mctx.qtransform_completed_by_mix_value, value_scale=VALUE_SCALE, maxvisit_init=VALUE_VISITS, rescale_values=False)
    halving = partial(
        action_selection.gumbel_muzero_root_action_selection, num_simulations=simulations, max_num_considered_actions=ACTIONS, qtransform=completed
    )

    def search(rewards, values, logits):
        gumbel = jnp.zeros((1, ACTIONS))
        found = mctx.search(
            (rewards, values, logits), jax.random.PRNGKey(0), recurrent_fn=recurrent, num_simulations=simulations,
            root=mctx.RootFnOutput(prior_logits=logits[:1], value=values[:1], embedding=jnp.zeros(1, jnp.int32)),
            root_action_selection_fn=partial(puct, depth=0) if root == "puct" else halving, interior_action_selection_fn=puct,
            invalid_actions=jnp.zeros((1, ACTIONS)), extra_data=action_selection.GumbelMuZeroExtraData(root_gumbel=gumbel),
        )  # fmt: skip
        visits = found.summary().visit_counts[0]
        q = completed(jax.tree.map(lambda x: x[0], found), 0)
        score = seq_halving.score_considered(jnp.max(visits), gumbel[0], logits[0], q, visits)
        return visits, jnp.argmax(score), jax.nn.softmax(logits[0] + q)

    return jax.jit(search)


def mctx_visits(root: str, number: int, simulations: int) -> dict[str, Any]:
    """Root visits and (Gumbel) the action chosen and the improved policy."""
    visits, action, policy = mctx_search(root, simulations)(*tree(number))
    found = {"visits": np.asarray(visits).astype(int).tolist()}
    return found if root == "puct" else {**found, "action": int(action), "policy": np.asarray(policy).astype(float).round(7).tolist()}


def record() -> list[dict[str, Any]]:
    """Everything the tests compare with."""
    return [
        {"root": root, "tree": number, "simulations": simulations, **mctx_visits(root, number, simulations)}
        for root in ("puct", "gumbel")
        for number in range(TREES)
        for simulations in BUDGETS
    ]


if __name__ == "__main__":
    RECORD.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in record()) + "\n]\n")
