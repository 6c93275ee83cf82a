"""Asking the evaluator that runs inside the search."""

from __future__ import annotations

from portunus.evaluator.hashed import hashed
from portunus.evaluator.kernels import HASHED, NETWORK, ROTATION, kernel
from portunus.evaluator.mlp import network
from portunus.evaluator.prior import rotation_prior
from portunus.evaluator.uniform import uniform
from portunus.runtime.calls import call_rotation, call_step
from portunus.runtime.signature import HEADER_FINISHED, HEADER_NOW
from portunus.search.game import gain, remaining_seconds


@kernel
def play_on(game, rotation, horizon_ns, state, rng, info):
    """Damage beyond the reference pace, u, when `rotation` plays `state`, int64 [W], on for `horizon_ns`; `state` is used up."""
    before, until, damage = remaining_seconds(state), state[HEADER_NOW] + horizon_ns, 0.0
    while state[HEADER_FINISHED] == 0 and state[HEADER_NOW] < until:
        action = call_rotation(rotation, state.ctypes.data, game.tables)
        call_step(game.step, state.ctypes.data, game.tables, game.metrics, rng.ctypes.data, action, info.ctypes.data)
        damage += info[0]
    return gain(game, damage, before, remaining_seconds(state))


@kernel
def evaluate(game, evaluator, state, playout, rng, info, features, mask, logits):
    """Judge one state with a kernel evaluator.

    Args:
        game: The game.
        evaluator: A `KernelEvaluator`.
        state: int64 [W].
        playout: int64 [W], scratch.
        rng: uint64 [4], the search's stream.
        info: float64 [4], scratch.
        features: float32 [F], of the state.
        mask: uint8 [A], of the state.
        logits: float32 [A], written.

    Returns:
        The value, u.
    """
    if evaluator.kind == NETWORK:
        return network(evaluator, features, logits)
    if evaluator.kind == ROTATION:
        rotation_prior(evaluator.rotation, evaluator.mass, game.tables, state.ctypes.data, mask, logits)
        if evaluator.horizon_ns == 0:
            return 0.0
        for w in range(game.words):
            playout[w] = state[w]
        return play_on(game, evaluator.rotation, evaluator.horizon_ns, playout, rng, info)
    if evaluator.kind == HASHED:
        return hashed(evaluator.seed, evaluator.mass, features, logits)
    return uniform(logits)
