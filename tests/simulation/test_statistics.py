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
    assert result.relative_error == pytest.approx(result.standard_error / 13)
    assert statistics.mean([5.0]).standard_error == math.inf
    assert statistics.mean([5.0, 5.0]).relative_error == 0.0


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
    unpaired = statistics.difference_error(statistics.mean(ours).standard_error, statistics.mean(theirs).standard_error)
    assert paired.standard_error < unpaired / 100
    with pytest.raises(ValueError, match="equal shapes"):
        statistics.paired_difference(ours, theirs[:-1])


def test_ratio_of_proportional_samples_is_exact() -> None:
    below = np.array([1.0, 2.0, 5.0, 9.0])
    result = statistics.ratio(3 * below, below)
    assert result.value == pytest.approx(3.0, abs=1e-15)
    assert result.standard_error == pytest.approx(0.0, abs=1e-15)


def test_quantiles_interpolate() -> None:
    assert statistics.quantiles(np.array([4.0, 1.0, 3.0, 2.0]), (0, 0.5, 1)) == (1.0, 2.5, 4.0)
