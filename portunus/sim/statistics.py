"""The statistics of fights: running moments, means with intervals, paired differences, ratios and quantiles.

Everything is a closed formula in double precision, without scipy, which takes most of a second to load. Sums are taken in a fixed
order, so equal inputs give equal bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A mean and how well it is known.

    Attributes:
        value: The estimate.
        standard_error: Its standard error; infinite with fewer than two observations.
        count: Number of observations behind it.
        low: Lower end of the confidence interval.
        high: Upper end.
        confidence: Probability with which the interval holds the true value, 0.95 unless asked for otherwise.
    """

    value: float
    standard_error: float
    count: int
    low: float
    high: float
    confidence: float = 0.95

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    @property
    def relative_error(self) -> float:
        """Standard error as a share of the value; infinite for a value of zero that is not known exactly."""
        if self.standard_error == 0:
            return 0.0
        return self.standard_error / abs(self.value) if self.value else math.inf


class Moments:
    """Count, mean and sum of squared deviations, updated one value or one array at a time (Welford 1962; Chan, Golub, LeVeque 1979)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0
        self.smallest = math.inf
        self.largest = -math.inf

    def add(self, value: float) -> None:
        """Take in one value."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)
        self.smallest = min(self.smallest, value)
        self.largest = max(self.largest, value)

    def add_array(self, values: np.ndarray) -> None:
        """Take in an array of any shape."""
        if values.size == 0:
            return
        other = Moments()
        other.count = int(values.size)
        other.mean = float(np.mean(values, dtype=np.float64))
        other.squares = float(np.sum(np.square(values - other.mean), dtype=np.float64))
        other.smallest = float(values.min())
        other.largest = float(values.max())
        self.merge(other)

    def merge(self, other: Moments) -> None:
        """Take in everything `other` has seen."""
        if other.count == 0:
            return
        total = self.count + other.count
        step = other.mean - self.mean
        self.mean += step * other.count / total
        self.squares += other.squares + step * step * self.count * other.count / total
        self.count = total
        self.smallest = min(self.smallest, other.smallest)
        self.largest = max(self.largest, other.largest)

    @property
    def variance(self) -> float:
        """Unbiased variance; 0 with fewer than two values."""
        return self.squares / (self.count - 1) if self.count > 1 else 0.0

    @property
    def deviation(self) -> float:
        """Standard deviation."""
        return math.sqrt(self.variance)

    def estimate(self, confidence: float = 0.95) -> Estimate:
        """The mean with its interval."""
        error = self.deviation / math.sqrt(self.count) if self.count > 1 else math.inf
        return estimate(self.mean, error, self.count, confidence=confidence)


def estimate(value: float, standard_error: float, count: int, *, confidence: float = 0.95) -> Estimate:
    """An estimate with the Student interval of `count - 1` degrees of freedom."""
    if count < 2 or not math.isfinite(standard_error):
        return Estimate(value, math.inf, count, -math.inf, math.inf, confidence)
    reach = student_quantile((1 + confidence) / 2, count - 1) * standard_error
    return Estimate(value, standard_error, count, value - reach, value + reach, confidence)


def mean(values: np.ndarray | Sequence[float], *, confidence: float = 0.95) -> Estimate:
    """Mean of `[N]` independent values with its interval."""
    moments = Moments()
    moments.add_array(np.asarray(values, dtype=np.float64))
    return moments.estimate(confidence)


def paired_difference(ours: np.ndarray, theirs: np.ndarray, *, confidence: float = 0.95) -> Estimate:
    """Mean of `ours - theirs` of `[N]` fights that share their seeds: what the seeds have in common drops out."""
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if ours.shape != theirs.shape:
        raise ValueError(f"paired values need equal shapes, these are {ours.shape} and {theirs.shape}")
    return mean(ours - theirs, confidence=confidence)


def ratio(numerator: np.ndarray, denominator: np.ndarray, *, confidence: float = 0.95) -> Estimate:
    """Ratio of the means of two paired samples `[N]`, with the error of the linearised ratio (Cochran 1977, section 6.3)."""
    above, below = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if above.shape != below.shape:
        raise ValueError(f"paired values need equal shapes, these are {above.shape} and {below.shape}")
    centre = float(below.mean())
    value = float(above.mean()) / centre
    residual = mean((above - value * below) / centre)
    return estimate(value, residual.standard_error, above.size, confidence=confidence)


def difference_error(first: float, second: float) -> float:
    """Standard error of the difference of two independent estimates with these standard errors."""
    return math.hypot(first, second)


def quantiles(values: np.ndarray, probabilities: Sequence[float]) -> tuple[float, ...]:
    """Quantiles of `[N]` values, with linear interpolation between neighbours."""
    return tuple(float(q) for q in np.quantile(np.asarray(values, dtype=np.float64), probabilities))


def student_cumulative(t: float, freedom: int) -> float:
    """Probability that Student's t with `freedom` degrees of freedom is at most `t`."""
    tail = 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))
    return 1 - tail if t > 0 else tail


def student_quantile(probability: float, freedom: int) -> float:
    """The t below which Student's distribution with `freedom` degrees of freedom has `probability`, by bisection.

    Raises:
        ValueError: `probability` is not inside (0, 1) or `freedom` is not positive.
    """
    if not 0 < probability < 1 or freedom < 1:
        raise ValueError(f"no quantile for probability {probability} and {freedom} degrees of freedom")
    if probability < 0.5:
        return -student_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while student_cumulative(high, freedom) < probability:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if student_cumulative(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b) by its continued fraction (NIST handbook 8.17.22, Lentz's method)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    upper, lower = 1.0, 1 - (a + b) * x / (a + 1)
    lower = 1 / (lower if abs(lower) > tiny else tiny)
    fraction = lower
    for m in range(1, 1000):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            lower = 1 + term * lower
            lower = 1 / (lower if abs(lower) > tiny else tiny)
            upper = 1 + term / upper
            upper = upper if abs(upper) > tiny else tiny
            change = upper * lower
            fraction *= change
        if abs(change - 1) < 1e-15:
            break
    return front * fraction
