"""Correlations against scipy, their intervals against simulation and the bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bunsan.measure.correlation import mean_ranks, pearson, spearman
from bunsan.measure.intervals import bootstrap

VALUES = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=4, max_size=30)


@given(VALUES)
def test_as_scipy(rows: list[tuple[int, int]]) -> None:
    a, b = np.array(rows, float).T
    np.testing.assert_allclose(mean_ranks(a), stats.rankdata(a))
    if a.std() == 0 or b.std() == 0:
        assert np.isnan(spearman(a, b).estimate)
        assert np.isnan(pearson(a, b).low)
        return
    assert pearson(a, b).estimate == pytest.approx(stats.pearsonr(a, b)[0], abs=1e-9)
    assert spearman(a, b).estimate == pytest.approx(stats.spearmanr(a, b)[0], abs=1e-9)
    expected = stats.pearsonr(a, b).confidence_interval(0.9)
    found = pearson(a, b, 0.9)
    if abs(found.estimate) < 1 - 1e-9:
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-7)
    assert found.pairs == len(rows)


def test_rank_interval_covers_as_often_as_it_says() -> None:
    """Spearman's coefficient of a bivariate normal is 6 / pi asin(rho / 2)."""
    rng = np.random.default_rng(0)
    rho = 0.6
    truth = 6 / np.pi * np.arcsin(rho / 2)
    held = 0
    for _ in range(1500):
        x = rng.standard_normal(60)
        y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(60)
        found = spearman(x, y)
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 1500 <= 0.97


def test_rank_interval_near_the_bootstrap() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(400)
    y = x + rng.standard_normal(400)
    found = spearman(x, y)
    drawn = bootstrap(
        lambda rows: spearman(rows[:, 0], rows[:, 1]).estimate,
        np.column_stack([x, y]),
        method="percentile",
        resamples=600,
    )
    assert found.low == pytest.approx(float(drawn.low), abs=0.03)
    assert found.high == pytest.approx(float(drawn.high), abs=0.03)


def test_few_and_perfect() -> None:
    assert np.isnan(spearman([1], [2]).estimate)
    three = spearman([1, 2, 3], [2, 4, 9])
    assert three.estimate == 1
    assert np.isnan(three.low)
    perfect = pearson([1, 2, 3, 4], [2, 4, 6, 8])
    assert (perfect.estimate, perfect.low, perfect.high) == pytest.approx((1, 1, 1))
    with pytest.raises(ValueError, match="shapes"):
        pearson([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="finite"):
        spearman([1, np.nan], [1, 2])
    with pytest.raises(ValueError, match="level"):
        spearman([1, 2, 3, 5], [1, 2, 3, 4], level=95)
