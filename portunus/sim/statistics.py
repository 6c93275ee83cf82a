"""The statistics of fights: running moments, means with intervals, paired differences, ratios, distributions and quantiles.

Everything is a closed formula in double precision, without scipy, which takes most of a second to load. Sums are taken in a fixed
order, so equal inputs give equal bits. What runs over many fights keeps a fixed amount of memory, however many there are.
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
    def relative_half_width(self) -> float:
        """Half the interval as a share of the value; infinite for a value of zero that is not known exactly."""
        if self.half_width == 0:
            return 0.0
        return self.half_width / abs(self.value) if self.value else math.inf

    @property
    def shown(self) -> bool:
        """True if the interval leaves out zero: the sign of the value is shown."""
        return self.low > 0 or self.high < 0

    def scaled(self, factor: float) -> Estimate:
        """The estimate in another unit: everything times a positive `factor`."""
        return Estimate(self.value * factor, self.standard_error * factor, self.count, self.low * factor, self.high * factor, self.confidence)


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


class BatchMoments:
    """Means per fight of `[K]` quantities that are only known as sums over batches of fights.

    Their errors come from the spread between the batches, each weighing as much as it has fights (West 1979): the batch mean of n fights has
    1/n of the variance of a fight.
    """

    def __init__(self) -> None:
        self.batches = 0
        self.fights = 0
        self.mean = np.zeros(0)
        self.squares = np.zeros(0)

    def add(self, sums: np.ndarray, fights: int) -> None:
        """Take in the sums `[K]` over a batch of `fights` fights."""
        if self.batches == 0:
            self.mean, self.squares = np.zeros(sums.size), np.zeros(sums.size)
        total = self.fights + fights
        step = sums / fights - self.mean
        self.mean += step * (fights / total)
        self.squares += step * step * (self.fights * fights / total)
        self.batches += 1
        self.fights = total

    def estimates(self, *, confidence: float = 0.95) -> list[Estimate]:
        """The `K` means with their intervals; infinite ones with fewer than two batches."""
        if self.batches < 2:
            return [Estimate(float(m), math.inf, self.batches, -math.inf, math.inf, confidence) for m in self.mean]
        errors = np.sqrt(self.squares / (self.batches - 1) / self.fights)
        reach = student_quantile((1 + confidence) / 2, self.batches - 1)
        return [Estimate(m, e, self.batches, m - reach * e, m + reach * e, confidence) for m, e in zip(self.mean.tolist(), errors.tolist(), strict=True)]


class JointMoments:
    """Means of K quantities of the same fights, and how they vary together (Chan, Golub, LeVeque 1983 for the merging of parts).

    Attributes:
        count: Number of fights.
        mean: float64 [K].
        scatter: float64 [K, K], sums of products of deviations from the means.
    """

    def __init__(self, quantities: int) -> None:
        self.count = 0
        self.mean = np.zeros(quantities)
        self.scatter = np.zeros((quantities, quantities))

    def add_array(self, values: np.ndarray) -> None:
        """Take in `[n, K]` values."""
        if values.shape[0] == 0:
            return
        count, mean = values.shape[0], values.mean(axis=0)
        spread = values - mean
        total = self.count + count
        step = mean - self.mean
        # Sums over one axis, not a matrix product: its order, and with it the last bits, may depend on the machine.
        self.scatter += (spread[:, :, None] * spread[:, None, :]).sum(axis=0) + np.multiply.outer(step, step) * (self.count * count / total)
        self.mean += step * (count / total)
        self.count = total

    def estimate(self, which: int, *, confidence: float = 0.95) -> Estimate:
        """The mean of one quantity."""
        return estimate(float(self.mean[which]), self._error(self.scatter[which, which]), self.count, confidence=confidence)

    def combination(self, weights: np.ndarray, *, confidence: float = 0.95) -> Estimate:
        """The mean of a weighted sum `[K]` of the quantities."""
        squares = (self.scatter * np.multiply.outer(weights, weights)).sum()
        return estimate(float((self.mean * weights).sum()), self._error(squares), self.count, confidence=confidence)

    def ratio(self, above: int, below: int, *, confidence: float = 0.95) -> Estimate:
        """Ratio of two means, with the error of the linearised ratio (Cochran 1977, section 6.3); infinitely uncertain if the lower mean is 0."""
        centre = float(self.mean[below])
        if not centre:
            return estimate(math.nan, math.inf, self.count, confidence=confidence)
        value = float(self.mean[above]) / centre
        squares = self.scatter[above, above] - 2 * value * self.scatter[above, below] + value * value * self.scatter[below, below]
        return estimate(value, self._error(squares) / abs(centre), self.count, confidence=confidence)

    def correlation(self, first: np.ndarray, second: np.ndarray) -> float:
        """Correlation of two combinations `[K]` of the quantities, -1 to 1; 0 if one of them never varies."""

        def together(one: np.ndarray, other: np.ndarray) -> float:
            return float((self.scatter * np.multiply.outer(one, other)).sum())

        product = math.sqrt(max(0.0, together(first, first)) * max(0.0, together(second, second)))
        return max(-1.0, min(1.0, together(first, second) / product)) if product else 0.0

    def _error(self, squares: float) -> float:
        return math.sqrt(max(0.0, float(squares)) / (self.count - 1) / self.count) if self.count > 1 else math.inf


class Distribution:
    """How values `>= 0` are distributed, on a grid that is fine enough to read quantiles from and does not grow with their number.

    A cell of the grid is 1/4096 of a power of two wide, at most 0.025 % of the value; counts are whole numbers, so the order in which values
    come does not matter.

    Attributes:
        count: Number of values.
        lowest, highest: The extreme values; infinite without values.
        lowest_seed, highest_seed: Seeds of the fights they came from; the smallest one of equals.
    """

    _SHIFT = 52 - 12  # bits of a double's fraction that are dropped

    def __init__(self) -> None:
        self.count = 0
        self.lowest, self.highest = math.inf, -math.inf
        self.lowest_seed = self.highest_seed = 0
        self._cells: dict[int, int] = {}

    def add(self, values: np.ndarray, *, first_seed: int = 0) -> None:
        """Take in `[n]` values; value i comes from the fight with seed `first_seed + i`."""
        if values.size == 0:
            return
        values = np.ascontiguousarray(values, dtype=np.float64)
        low, high = int(values.argmin()), int(values.argmax())
        if (values[low], first_seed + low) < (self.lowest, self.lowest_seed) or not self.count:
            self.lowest, self.lowest_seed = float(values[low]), first_seed + low
        if values[high] > self.highest or (values[high] == self.highest and first_seed + high < self.highest_seed):
            self.highest, self.highest_seed = float(values[high]), first_seed + high
        cells, counts = np.unique(values.view(np.int64) >> self._SHIFT, return_counts=True)
        for cell, count in zip(cells.tolist(), counts.tolist(), strict=True):
            self._cells[cell] = self._cells.get(cell, 0) + count
        self.count += values.size

    def _edges(self, cells: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of cells, within the extreme values."""
        numbers = np.array(cells, dtype=np.int64)
        below, above = (numbers << self._SHIFT).view(np.float64), ((numbers + 1) << self._SHIFT).view(np.float64)
        return np.clip(below, self.lowest, self.highest), np.clip(above, self.lowest, self.highest)

    def quantile(self, probability: float) -> float:
        """The value below which this share of all values lies, interpolated inside a cell; exact for 0 and 1.

        Raises:
            ValueError: There are no values.
        """
        if not self.count:
            raise ValueError("no quantile of no values")
        if probability in (0, 1):
            return self.highest if probability else self.lowest
        cells = sorted(self._cells)
        below, above = self._edges(cells)
        wanted, before = probability * (self.count - 1) + 0.5, 0
        for index, cell in enumerate(cells):
            count = self._cells[cell]
            if before + count >= wanted:
                return float(below[index] + (above[index] - below[index]) * (wanted - before) / count)
            before += count
        return self.highest

    def bars(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """At most `most` bars of equal width: their counts `[B]` and edges `[B + 1]`.

        Raises:
            ValueError: There are no values.
        """
        if not self.count:
            raise ValueError("no bars of no values")
        cells = sorted(self._cells)
        number = max(1, min(most, math.isqrt(self.count) + 1, (cells[-1] - cells[0] + 1) // 4))
        below, above = self._edges(cells)
        high = self.highest if self.highest > self.lowest else self.lowest + 1.0
        heights, edges = np.histogram((below + above) / 2, bins=number, range=(self.lowest, high), weights=[self._cells[c] for c in cells])
        return heights.astype(np.int64), edges


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
