"""Value targets: how far ahead of the reference pace a fight went on from each of its decisions."""

from __future__ import annotations

import numpy as np


def lambda_returns(gains: np.ndarray, values: np.ndarray, last: np.ndarray, off_policy: np.ndarray, *, trace: float) -> np.ndarray:
    """TD(lambda) returns (Sutton and Barto 2018, section 12.1), cut before an action the policy would not have taken.

    Args:
        gains: Damage of each decision beyond the reference pace, u, float[N]; whole fights, one after the other.
        values: Estimated value of each decision's state, u, float[N].
        last: bool[N], the fight ends after this decision; what lies behind it is worth exactly 0.
        off_policy: bool[N], the action taken here was an exploration, so its own return says nothing about the policy.
        trace: lambda; 0 = one step and then the estimate, 1 = the whole fight.

    Returns:
        float64[N]; the entry of an off-policy decision belongs to the explored action and must not train the value.
    """
    targets = np.empty(len(gains))
    following, estimate, explored = 0.0, 0.0, True
    for index in range(len(gains) - 1, -1, -1):
        if last[index]:
            following, estimate, explored = 0.0, 0.0, True
        behind = estimate if explored else (1 - trace) * estimate + trace * following
        targets[index] = gains[index] + behind
        following, estimate, explored = targets[index], values[index], bool(off_policy[index])
    return targets
