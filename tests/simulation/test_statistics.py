"""Statistics against closed forms and against the plain definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portunus.sim import statistics

numbers = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60)


@given(numbers)
def test_running_moments_equal_the_definition(values: list[float]) -> None:
    moments = statistics.Moments()
    for value in values:
        moments.add(value)
    array = np.array(values)
    scale = max(1.0, float(np.abs(array).max()))
    assert moments.count == len(values)
    assert moments.mean == pytest.approx(array.mean(), abs=1e-10 * scale)
    assert moments.variance == pytest.approx(array.var(ddof=1), rel=1e-7, abs=1e-9 * scale**2)
    assert (moments.smallest, moments.largest) == (array.min(), array.max())


@given(numbers, numbers)
def test_merged_moments_equal_moments_of_all(first: list[float], second: list[float]) -> None:
    parts, whole = statistics.Moments(), statistics.Moments()
    parts.add_array(np.array(first))
    parts.add_array(np.array(second))
    parts.add_array(np.array([]))
    whole.add_array(np.array(first + second))
    scale = max(1.0, abs(whole.smallest), abs(whole.largest))
    assert parts.count == whole.count
    assert parts.mean == pytest.approx(whole.mean, abs=1e-10 * scale)
    assert parts.squares == pytest.approx(whole.squares, rel=1e-9, abs=1e-9 * scale**2)


def test_moments_survive_a_large_offset() -> None:
    moments = statistics.Moments()
    for value in (1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16):
        moments.add(value)
    assert moments.variance == pytest.approx(30.0, rel=1e-12)


@pytest.mark.parametrize("probability", [0.5, 0.75, 0.9, 0.975, 0.995, 0.01])
def test_student_quantiles_with_closed_forms(probability: float) -> None:
    """One degree of freedom is Cauchy; two and four have algebraic quantiles (Shaw 2006)."""
    a = 4 * probability * (1 - probability)
    one = math.tan(math.pi * (probability - 0.5))
    two = (2 * probability - 1) * math.sqrt(2 / a)
    four = math.copysign(2 * math.sqrt(max(0.0, math.cos(math.acos(math.sqrt(a)) / 3) / math.sqrt(a) - 1)), probability - 0.5)
    for freedom, expected in ((1, one), (2, two), (4, four)):
        assert statistics.student_quantile(probability, freedom) == pytest.approx(expected, rel=1e-10, abs=1e-7)


def test_student_approaches_the_normal_distribution() -> None:
    assert statistics.student_quantile(0.975, 10**7) == pytest.approx(1.959963984540054, rel=1e-6)
    assert statistics.student_quantile(0.975, 30) == pytest.approx(2.0422724563012373, rel=1e-10)
    assert statistics.student_cumulative(0.0, 5) == 0.5
    with pytest.raises(ValueError, match="no quantile"):
        statistics.student_quantile(1.0, 3)


def test_mean_with_interval() -> None:
    result = statistics.mean([10.0, 12.0, 14.0, 16.0])
    assert result.value == 13.0
    assert result.standard_error == pytest.approx(math.sqrt(20 / 3 / 4))
    assert result.half_width == pytest.approx(3.182446305284263 * result.standard_error, rel=1e-10)
    assert result.relative_half_width == pytest.approx(result.half_width / 13)
    assert statistics.mean([5.0]).standard_error == math.inf
    assert statistics.mean([5.0, 5.0]).relative_half_width == 0.0
    assert result.shown and not statistics.mean([-1.0, 1.0]).shown
    assert result.scaled(0.5).high == result.high / 2


def test_interval_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    covered = sum(e.low <= 3.0 <= e.high for e in (statistics.mean(generator.normal(3.0, 2.0, 8)) for _ in range(1000)))
    assert 927 <= covered <= 970  # 950 expected, three standard deviations either way


def test_paired_difference_drops_what_is_common() -> None:
    generator = np.random.default_rng(3)
    common = generator.normal(4000, 300, 500)
    ours, theirs = common + 10 + generator.normal(0, 1, 500), common
    paired = statistics.paired_difference(ours, theirs)
    assert paired.low < 10 < paired.high
    unpaired = math.hypot(statistics.mean(ours).standard_error, statistics.mean(theirs).standard_error)
    assert paired.standard_error < unpaired / 100
    with pytest.raises(ValueError, match="equal shapes"):
        statistics.paired_difference(ours, theirs[:-1])


def test_batch_means_are_those_of_the_fights() -> None:
    """Batches of unequal length: the mean is that of all fights, and its error that of a fight over the root of their number."""
    generator = np.random.default_rng(5)
    fights = generator.normal(70.0, 4.0, (20_000, 2)) * [1.0, 1000.0]
    moments, start = statistics.BatchMoments(), 0
    for size in [250] * 79 + [249, 1]:
        moments.add(fights[start : start + size].sum(axis=0), size)
        start += size
    first, second = moments.estimates()
    assert [first.value, second.value] == pytest.approx(fights.mean(axis=0), rel=1e-12)
    assert first.standard_error == pytest.approx(4.0 / math.sqrt(20_000), rel=0.25)
    assert second.standard_error == pytest.approx(4000.0 / math.sqrt(20_000), rel=0.25)
    alone = statistics.BatchMoments()
    alone.add(np.array([5.0]), 10)
    assert alone.estimates()[0].value == 0.5 and alone.estimates()[0].standard_error == math.inf


def test_batch_intervals_cover_as_often_as_they_say() -> None:
    generator = np.random.default_rng(9)
    covered = 0
    for _ in range(500):
        moments = statistics.BatchMoments()
        for sums in generator.normal(3.0, 2.0, (16, 25)).sum(axis=1):
            moments.add(np.array([sums]), 25)
        estimate = moments.estimates()[0]
        covered += estimate.low <= 3.0 <= estimate.high
    assert 460 <= covered <= 490  # 475 expected, three standard deviations either way


def test_joint_moments_with_numpy_as_the_other_way() -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(0, 1, (1000, 3)) @ np.array([[1, 0.8, 0], [0, 0.3, 0], [0, 0, 2]]) + [4000.0, 3990.0, 1e6]
    moments = statistics.JointMoments(3)
    for part in np.split(values, [1, 250, 251, 777]):
        moments.add_array(part)
    moments.add_array(np.zeros((0, 3)))
    assert moments.count == 1000
    assert moments.mean == pytest.approx(values.mean(axis=0), rel=1e-13)
    assert moments.scatter == pytest.approx(np.cov(values.T) * 999, rel=1e-8, abs=1e-7)
    assert moments.estimate(1).standard_error == pytest.approx(statistics.mean(values[:, 1]).standard_error, rel=1e-10)
    together = moments.combination(np.array([1.0, -1.0, 0.0]))
    assert together.standard_error == pytest.approx(statistics.paired_difference(values[:, 0], values[:, 1]).standard_error, rel=1e-8)
    unit = np.eye(3)
    assert moments.correlation(unit[0], unit[1]) == pytest.approx(np.corrcoef(values.T)[0, 1], rel=1e-9)
    assert moments.correlation(unit[0], np.zeros(3)) == 0.0


def test_ratio_of_means() -> None:
    moments = statistics.JointMoments(2)
    below = np.array([1.0, 2.0, 5.0, 9.0])
    moments.add_array(np.stack([3 * below, below], axis=1))
    result = moments.ratio(0, 1)
    assert result.value == pytest.approx(3.0, abs=1e-15)
    assert result.standard_error == pytest.approx(0.0, abs=1e-7)
    generator = np.random.default_rng(4)
    covered = 0
    for _ in range(500):
        sample = statistics.JointMoments(2)
        base = generator.normal(4000, 200, 200)
        sample.add_array(np.stack([base * 0.02 + generator.normal(0, 30, 200), base], axis=1))
        ratio = sample.ratio(0, 1)
        covered += ratio.low <= 0.02 <= ratio.high
    assert 460 <= covered <= 490
    nothing = statistics.JointMoments(2)
    nothing.add_array(np.zeros((5, 2)))
    assert nothing.ratio(0, 1).standard_error == math.inf


def test_distribution_is_fine_and_does_not_grow() -> None:
    generator = np.random.default_rng(6)
    values = generator.normal(3600.0, 190.0, 200_000)
    known = statistics.Distribution()
    for start in range(0, values.size, 250):
        known.add(values[start : start + 250], first_seed=100 + start)
    cells = len(known._cells)
    assert known.count == values.size and cells < 5000
    for p in (0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999):
        assert known.quantile(p) == pytest.approx(float(np.quantile(values, p)), rel=2.5e-4)
    assert (known.quantile(0), known.quantile(1)) == (values.min(), values.max())
    assert (known.lowest_seed, known.highest_seed) == (100 + int(values.argmin()), 100 + int(values.argmax()))
    heights, edges = known.bars(48)
    assert heights.sum() == values.size and edges[0] == values.min() and edges[-1] == values.max()
    exact, _ = np.histogram(values, bins=edges)
    assert np.abs(heights - exact).max() < 0.03 * exact.max()
    known.add(generator.normal(3600.0, 190.0, 200_000), first_seed=1)
    assert len(known._cells) < 1.2 * cells


def test_distribution_does_not_depend_on_the_order() -> None:
    values = np.array([0.0, 5.0, 5.0, 7.25, 1e9, 0.0])
    one, other = statistics.Distribution(), statistics.Distribution()
    one.add(values, first_seed=1)
    other.add(values[3:], first_seed=4)
    other.add(values[:3], first_seed=1)
    assert vars(one) == vars(other)
    assert (one.lowest_seed, one.highest_seed) == (1, 5)
    same = statistics.Distribution()
    same.add(np.full(9, 3.5))
    assert [same.quantile(p) for p in (0, 0.3, 0.5, 1)] == [3.5] * 4
    assert same.bars(48)[0].sum() == 9
    empty = statistics.Distribution()
    empty.add(np.zeros(0))
    for call in (lambda: empty.quantile(0.5), lambda: empty.bars(3)):
        with pytest.raises(ValueError, match="of no values"):
            call()


def test_quantiles_interpolate() -> None:
    assert statistics.quantiles(np.array([4.0, 1.0, 3.0, 2.0]), (0, 0.5, 1)) == (1.0, 2.5, 4.0)
