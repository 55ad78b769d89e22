"""Intervals and adjusted p-values against scipy, hand values and slow twins."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.measure.intervals import (
    benjamini_hochberg,
    bootstrap,
    chi2_p,
    holm,
    newcombe,
    wilson,
)


@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_is_scipys(n: int, share: float, level: float) -> None:
    k = round(n * share)
    low, high = wilson(k, n, level)
    expected = scipy.stats.binomtest(k, n).proportion_ci(level, method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)


def test_wilson_at_the_ends_and_without_trials() -> None:
    low, high = wilson([0, 10, 0], [10, 10, 0])
    z2 = 1.959963984540054**2
    assert low.tolist() == pytest.approx([0, 10 / (10 + z2), 0])
    assert high.tolist() == pytest.approx([z2 / (10 + z2), 1, 1])
    assert low[0] == 0
    assert high[1] == 1
    with pytest.raises(ValueError, match="successes"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, 95)


def test_newcombe_gives_the_values_of_the_paper() -> None:
    # Newcombe (1998), table II, method 10.
    cases = {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (6, 7, 2, 7): (0.0582, 0.8062),
        (5, 56, 0, 29): (-0.0381, 0.1926),
        (0, 10, 0, 20): (-0.1611, 0.2775),
        (10, 10, 0, 20): (0.6791, 1.0000),
        (10, 10, 0, 10): (0.6075, 1.0000),
    }
    k1, n1, k2, n2 = np.array(list(cases)).T
    low, high = newcombe(k1, n1, k2, n2)
    expected = np.array(list(cases.values()))
    np.testing.assert_allclose(low, expected[:, 0], atol=6e-5)
    np.testing.assert_allclose(high, expected[:, 1], atol=6e-5)


def test_newcombe_without_trials_is_nan_not_a_warning() -> None:
    low, high = newcombe([1, 1], [2, 2], [0, 1], [0, 4])
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] < 0.25 < high[1]


def test_bootstrap_agrees_with_scipys() -> None:
    rng = np.random.default_rng(3)
    data = rng.gamma(2.0, size=60)  # skewed, so that BCa and percentile differ

    ours = bootstrap(np.mean, data, resamples=8000, seed=1)
    plain = bootstrap(np.mean, data, resamples=8000, method="percentile", seed=1)
    for interval, method in ((ours, "BCa"), (plain, "percentile")):
        theirs = scipy.stats.bootstrap(
            (data,), np.mean, n_resamples=8000, method=method, rng=np.random.default_rng(2)
        ).confidence_interval
        width = theirs.high - theirs.low
        assert interval.estimate == data.mean()
        assert abs(interval.low - theirs.low) < 0.03 * width
        assert abs(interval.high - theirs.high) < 0.03 * width
    assert ours.high > plain.high  # the long tail is to the right


def test_bootstrap_of_several_statistics_at_once_is_each_alone() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3))
    both = bootstrap(lambda r: r.mean(axis=0), rows, resamples=300, seed=5)
    for column in range(3):
        alone = bootstrap(lambda r, c=column: r[:, c].mean(), rows, resamples=300, seed=5)
        assert both.low[column] == pytest.approx(float(alone.low))
        assert both.high[column] == pytest.approx(float(alone.high))


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for trial in range(200):
        interval = bootstrap(np.mean, rng.normal(5, 2, 40), resamples=400, seed=trial)
        hits += bool(interval.low <= 5 <= interval.high)
    # 95 % of 200 is 190; under 176 or over 199 has probability below 1e-3 either way
    assert 176 <= hits <= 199


def test_bootstrap_of_a_constant_and_of_one_row() -> None:
    interval = bootstrap(np.mean, np.full(10, 4.0), resamples=50)
    assert (interval.low, interval.estimate, interval.high) == (4, 4, 4)
    with pytest.raises(BadInput, match="two rows"):
        bootstrap(np.mean, [1.0])
    with pytest.raises(ValueError, match="method"):
        bootstrap(np.mean, [1.0, 2.0], method="magic")  # type: ignore[arg-type]


p_values = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(p_values)
def test_benjamini_hochberg_is_scipys(p: list[float]) -> None:
    np.testing.assert_allclose(benjamini_hochberg(p), scipy.stats.false_discovery_control(p))


@given(p_values)
def test_holm_is_its_definition(p: list[float]) -> None:
    order = sorted(range(len(p)), key=lambda i: p[i])
    expected = [0.0] * len(p)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        expected[i] = largest
    assert holm(p).tolist() == pytest.approx(expected)


def test_adjusting_by_hand_with_tests_that_were_not_made() -> None:
    p = np.array([[0.01, np.nan], [0.04, 0.03]])
    q = benjamini_hochberg(p)
    assert q.shape == (2, 2)
    assert np.isnan(q[0, 1])
    assert [q[0, 0], q[1, 1], q[1, 0]] == pytest.approx([0.03, 0.04, 0.04])
    h = holm(p)
    assert [h[0, 0], h[1, 1], h[1, 0]] == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([]).shape == (0,)
    with pytest.raises(ValueError, match="p-values"):
        holm([1.5])


@given(st.floats(0, 1400))
def test_chi2_p_is_scipys(x: float) -> None:
    assert chi2_p(x) == pytest.approx(scipy.stats.chi2.sf(x, 1), rel=1e-9)


def test_chi2_p_of_the_value_everybody_knows() -> None:
    assert chi2_p(3.841458820694124) == pytest.approx(0.05)
    assert chi2_p(0) == 1
    assert math.isnan(chi2_p(float("nan")))
