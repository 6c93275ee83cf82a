"""The search of mctx over a network of the same shape, for `portunus bench search` alone. mctx is not a dependency of Portunus."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portunus.evaluator.protocol import NetworkWeights


def available() -> bool:
    """Is mctx installed?"""
    return find_spec("mctx") is not None


def compile_search(weights: NetworkWeights, simulations: int) -> Callable[[], None]:
    """One Gumbel search of so many simulations, compiled and run once; it may use all cores, and its moves cost nothing but the network."""
    import jax
    import jax.numpy as jnp
    import mctx

    w1, b1, w2, b2, w3, b3 = (jnp.asarray(x) for x in (weights.w1, weights.b1, weights.w2, weights.b2, weights.w3, weights.b3))

    def network(features):
        hidden = jax.nn.relu(features @ w1.T + b1)
        out = jax.nn.relu(hidden @ w2.T + b2) @ w3.T + b3
        return out[:, :-1], out[:, -1]

    def recurrent(nothing, key, action, features):
        following = features * 0.99 + 0.01 * action[:, None]
        logits, value = network(following)
        return mctx.RecurrentFnOutput(reward=value * 0.01, discount=jnp.ones_like(value), prior_logits=logits, value=value), following

    def search(key, features):
        logits, value = network(features)
        root = mctx.RootFnOutput(prior_logits=logits, value=value, embedding=features)
        return mctx.gumbel_muzero_policy(None, key, root, recurrent, simulations, gumbel_scale=0.0).action

    ready, features, key = jax.jit(search), jnp.full((1, weights.features), 0.1), jax.random.PRNGKey(0)

    def run() -> None:
        ready(key, features).block_until_ready()

    run()
    return run
