"""The area under the ROC curve against scipy and by hand; its interval by how often it holds."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import mannwhitneyu

from bunsan.measure.auc import auc


def test_by_hand():
    """Of 2 x 3 comparisons the first wins four and ties one."""
    found = auc([3.0, 5.0], [1.0, 3.0, 4.0])
    assert found.estimate == pytest.approx(4.5 / 6)
    assert (found.first, found.second) == (2, 3)


def test_as_scipys_u():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(0, 9, rng.integers(1, 40)), rng.integers(2, 12, rng.integers(1, 40))
        u = mannwhitneyu(x, y).statistic
        assert auc(x, y).estimate == pytest.approx(u / (len(x) * len(y)))


@pytest.mark.parametrize(("m", "n"), [(6, 9), (88, 88), (30, 300)])
def test_the_limits_solve_the_equation(m, n):
    rng = np.random.default_rng(m)
    found = auc(rng.normal(0.5, 1, m), rng.normal(0, 1, n))
    assert found.low < found.estimate < found.high
    for t in (found.low, found.high):
        q1, q2 = t / (2 - t), 2 * t * t / (1 + t)  # Hanley & McNeil 1982, equation 1
        half = (m + n) / 2 - 1
        variance = (t * (1 - t) + half * (q1 - t * t) + half * (q2 - t * t)) / (m * n)
        assert abs(t - found.estimate) == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-4)


def test_the_ends():
    """Groups apart: one limit is the end itself, the other is not."""
    above, below = auc([2.0, 3.0], [0.0, 1.0]), auc([0.0, 1.0], [2.0, 3.0])
    assert (above.estimate, above.high) == (1.0, 1.0)
    assert above.low < 0.9
    assert (below.estimate, below.low) == (0.0, 0.0)
    assert below.high == pytest.approx(1 - above.low)
    assert auc([1.0] * 9, [1.0] * 9).estimate == 0.5


@pytest.mark.parametrize("shift", [0.0, 0.8, 2.0])
def test_the_interval_holds_what_it_promises(shift):
    rng = np.random.default_rng(1)
    truth = ndtr(shift / np.sqrt(2))
    found = [auc(rng.normal(shift, 1, 60), rng.normal(0, 1, 80)) for _ in range(800)]
    held = np.mean([a.low <= truth <= a.high for a in found])
    assert 0.925 < held < 0.98


def test_nothing_to_compare():
    assert np.isnan(auc([], [1.0]).estimate)
    with pytest.raises(ValueError, match="finite"):
        auc([np.nan], [1.0])
    with pytest.raises(ValueError, match="level"):
        auc([1.0], [1.0], level=95)
