"""The warm start: a network that imitates the default priority list and knows what a state is worth under it.

A share of the recorded actions is random, so that the network also meets the states a list never reaches by itself. There it learns
what the list would do and what that is worth (policy evaluation), which is what a search needs to compare alternatives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portunus.train.play import record_rotation
from portunus.train.samples import Samples
from portunus.train.targets import lambda_returns

if TYPE_CHECKING:
    from collections.abc import Callable

    from portunus.runtime.compiled import CompiledSpec

EXPLORATION = 0.1  # share of random actions
SMOOTHING = 0.03  # probability shared by all legal actions, so that a search still looks at what the list never does
TRACE = 0.95  # lambda of the value targets


def clone_samples(
    compiled: CompiledSpec, values: Callable[[np.ndarray], np.ndarray], *, fights: int, seed: int, rotation: str = "default"
) -> Samples:
    """Play fights by the list and turn them into samples.

    Args:
        compiled: The spec.
        values: The current estimate, features float32[N, F] to u, float32[N].
        fights: How many.
        seed: Of the fights; the next `fights` seeds are used.
        rotation: The list to imitate.
    """
    record = record_rotation(compiled, seed + np.arange(fights), epsilon=EXPLORATION, stream_seed=seed, rotation=rotation)
    explored = record.taken != record.label
    targets = lambda_returns(record.gain, values(record.features), record.last, explored, trace=TRACE)
    policy = record.mask * (SMOOTHING / record.mask.sum(axis=1, keepdims=True))
    policy[np.arange(len(policy)), record.label] += 1 - SMOOTHING
    return Samples(
        features=record.features,
        mask=record.mask,
        policy=policy.astype(np.float32),
        policy_weight=np.ones(len(policy), np.float32),
        value=targets.astype(np.float32),
        value_weight=(~explored).astype(np.float32),
    )
