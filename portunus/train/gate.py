"""Is one player better than another? Paired fights: both meet the same seeds, only the difference counts.

The sequential test is Wald's (1945) in the form engine testing uses it: a likelihood ratio of "better by `gain`" against "not better".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np

NORMAL_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True)
class Comparison:
    """Mean damage of two players over the same fights.

    Attributes:
        fights: How many.
        mean: Of the first player, in the unit of the arguments.
        other: Of the second player.
        difference: First minus second.
        half_width: Half of the 95 % interval of the difference.
    """

    fights: int
    mean: float
    other: float
    difference: float
    half_width: float

    @property
    def percent(self) -> float:
        """The difference in percent of the second player."""
        return 100 * self.difference / self.other

    @property
    def percent_half_width(self) -> float:
        """Half of the 95 % interval of the difference, in percent of the second player."""
        return 100 * self.half_width / self.other


def compare(first: np.ndarray, second: np.ndarray) -> Comparison:
    """Compare paired results float64[n], n >= 2."""
    difference = first - second
    half_width = NORMAL_95 * float(difference.std(ddof=1)) / len(difference) ** 0.5
    return Comparison(len(first), float(first.mean()), float(second.mean()), float(difference.mean()), half_width)


def log_likelihood_ratio(difference: np.ndarray, gain: float) -> float:
    """LLR of mean difference = `gain` against 0, for normal differences float64[n] of estimated variance."""
    variance = float(difference.var(ddof=1))
    if variance == 0:
        return 0.0 if not difference.any() else float(np.sign(difference[0])) * np.inf
    return float(gain / variance * (difference.sum() - len(difference) * gain / 2))


def threshold(error: float) -> float:
    """The LLR at which both errors of the test are about `error`."""
    return log((1 - error) / error)


def better(
    candidate: Callable[[np.ndarray], np.ndarray], best: Callable[[np.ndarray], np.ndarray], *,
    first_seed: int, most: int, gain: float, error: float = 0.05, block: int = 200,
) -> tuple[bool, Comparison]:  # fmt: skip
    """Play paired fights until it is clear whether the candidate is better.

    Args:
        candidate: Seeds int64[n] to damage float64[n].
        best: The same for the player to beat.
        first_seed: Seeds `first_seed`, `first_seed + 1`, ... are played.
        most: Most fights; undecided by then means not better.
        gain: The improvement to test for, as a share of the best player's damage.
        error: Probability of each wrong decision.
        block: Fights between two looks.

    Returns:
        Whether the candidate is better, and the comparison over all fights played.
    """
    ours, theirs = np.empty(0), np.empty(0)
    while len(ours) < most:
        seeds = first_seed + np.arange(len(ours), min(len(ours) + block, most))
        ours, theirs = np.append(ours, candidate(seeds)), np.append(theirs, best(seeds))
        ratio = log_likelihood_ratio(ours - theirs, gain * float(theirs.mean()))
        if abs(ratio) >= threshold(error):
            return ratio > 0, compare(ours, theirs)
    return False, compare(ours, theirs)
