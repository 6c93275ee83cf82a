"""Training samples, and the replay buffer they wait in."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Samples:
    """Decisions to learn from. N = decisions, F = features, A = actions.

    Attributes:
        features: float32[N, F].
        mask: uint8[N, A], 1 = legal.
        policy: float32[N, A], the probabilities to learn.
        policy_weight: float32[N], 0 = says nothing about the policy.
        value: float32[N], the value to learn, u.
        value_weight: float32[N], 0 = says nothing about the value.
    """

    features: np.ndarray
    mask: np.ndarray
    policy: np.ndarray
    policy_weight: np.ndarray
    value: np.ndarray
    value_weight: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    def take(self, rows: np.ndarray | slice) -> Samples:
        """The given rows."""
        return Samples(*(getattr(self, field.name)[rows] for field in fields(self)))

    def arrays(self) -> dict[str, np.ndarray]:
        """The columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Replay:
    """The newest `capacity` samples; one owner, so nothing is locked."""

    def __init__(self, capacity: int, features: int, actions: int) -> None:
        self.capacity = capacity
        self._rows = Samples(
            features=np.zeros((capacity, features), np.float32),
            mask=np.zeros((capacity, actions), np.uint8),
            policy=np.zeros((capacity, actions), np.float32),
            policy_weight=np.zeros(capacity, np.float32),
            value=np.zeros(capacity, np.float32),
            value_weight=np.zeros(capacity, np.float32),
        )
        self.added = 0

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, samples: Samples) -> None:
        """Add samples, in place of the oldest when full."""
        samples = samples.take(slice(-self.capacity, None))
        rows = (self.added + np.arange(len(samples))) % self.capacity
        for name, column in samples.arrays().items():
            getattr(self._rows, name)[rows] = column
        self.added += len(samples)

    def clear(self) -> None:
        """Forget all samples."""
        self.added = 0

    def draw(self, count: int, rng: np.random.Generator) -> Samples:
        """`count` samples at random, with replacement."""
        return self._rows.take(rng.integers(0, len(self), count))

    def newest(self, count: int) -> Samples:
        """The newest samples, oldest first."""
        count = min(count, len(self))
        return self._rows.take((self.added - count + np.arange(count)) % self.capacity)
