"""Noise and skipping against the published formulas."""

import numpy as np
import pytest

from bunsan.words.training.noise import keep_thresholds, noise_table


@pytest.mark.parametrize("exponent", [0.75, 0.0, 1.0, -0.5])
def test_noise_has_the_published_shares(exponent):
    counts = np.array([100_000, 5000, 300, 300, 20, 5, 1])
    table = noise_table(counts, exponent, np.random.default_rng(0))
    assert len(table) & (len(table) - 1) == 0
    share = counts**exponent / (counts**exponent).sum()
    found = np.bincount(table, minlength=7)
    assert np.abs(found - share * len(table)).max() <= 1
    # Shuffled: the first hundredth is a sample too.
    part = np.bincount(table[: len(table) // 100], minlength=7) / (len(table) // 100)
    np.testing.assert_allclose(part, share, atol=0.02)


def test_no_group_of_rare_words_loses_by_rounding():
    counts = np.concatenate([[10**9], np.ones(200_000)]).astype(np.int64)
    table = noise_table(counts, 0.75, np.random.default_rng(0))
    share = 200_000 / (200_000 + 10**6.75)
    assert (table > 0).mean() == pytest.approx(share, abs=1e-6)


def test_skipping_is_that_of_the_formula():
    counts = np.array([90_000, 9000, 900, 99, 1])
    t, f = 0.01, counts / 100_000
    wanted = np.minimum(1, np.sqrt(t / f) + t / f)
    np.testing.assert_allclose(keep_thresholds(counts, 0.01) / 2**32, wanted, atol=1e-9)
    assert (keep_thresholds(counts, 0) == 2**32 - 1).all()
