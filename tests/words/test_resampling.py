"""Pair counts of resamples against resampling itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from bunsan.words import resampling
from bunsan.words.resampling import resampled_pairs


def test_counts_are_those_of_the_weighted_units() -> None:
    rng = np.random.default_rng(0)
    dense = (rng.random((50, 6)) < 0.5) * 3  # values above 1 count as presence
    dense[dense.sum(axis=1) < 6] += np.array([1, 1, 0, 0, 0, 0])  # no unit with fewer than two
    first, second = np.triu_indices(6, 1)
    samples = list(resampled_pairs(csr_array(dense), first, second, 7, seed=3))
    twin = np.random.default_rng(3)
    twin.poisson(np.zeros(6), (7, 6))
    twin.poisson(0, 7)
    weights = twin.poisson(1.0, (50, 7))
    present = (dense > 0).astype(int)
    for b, sample in enumerate(samples):
        pairs = present.T @ np.diag(weights[:, b]) @ present
        assert sample.pairs.tolist() == pairs[first, second].tolist()
        assert sample.counts.tolist() == np.diag(pairs).tolist()
        assert sample.units == weights[:, b].sum()


def test_moments_with_units_of_no_and_one_word() -> None:
    dense = np.array([[0, 0, 0]] * 40 + [[1, 0, 0]] * 30 + [[1, 1, 0]] * 20 + [[1, 1, 1]] * 10)
    first, second = np.array([0, 0]), np.array([1, 2])  # the pair 1-2 is not asked for
    samples = list(resampled_pairs(csr_array(dense), first, second, 4000, seed=1))
    for values, expected in (
        ([s.units for s in samples], 100),
        ([s.counts[0] for s in samples], 60),
        ([s.counts[2] for s in samples], 10),
        ([s.pairs[0] for s in samples], 30),
        ([s.pairs[1] for s in samples], 10),
    ):
        # Poisson: mean and variance are the count
        assert np.mean(values) == pytest.approx(expected, abs=5 * np.sqrt(expected / 4000))
        assert np.var(values) == pytest.approx(expected, rel=0.15)
    # they are counts of the same units, not drawn one by one
    assert all(s.counts[2] == s.pairs[1] for s in samples)
    assert np.corrcoef([s.counts[0] for s in samples], [s.pairs[0] for s in samples])[0, 1] > 0.6


@given(st.lists(st.sets(st.integers(0, 4)), max_size=30), st.integers(0, 3))
def test_possible_tables_only(units: list[set[int]], seed: int) -> None:
    dense = np.array([[i in unit for i in range(5)] for unit in units], int).reshape(-1, 5)
    first, second = np.triu_indices(5, 1)
    for s in resampled_pairs(csr_array(dense), first, second, 3, seed=seed):
        n1, n2 = s.counts[first], s.counts[second]
        assert (s.pairs <= np.minimum(n1, n2)).all()
        assert (n1 + n2 - s.pairs <= s.units).all()


def test_blocks_and_batches_change_the_draw_but_not_its_law(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    dense = (rng.random((300, 8)) < 0.4).astype(int)
    first, second = np.triu_indices(8, 1)
    monkeypatch.setattr(resampling, "_PAIRS", 50)
    monkeypatch.setattr(resampling, "_BYTES", 4 * len(first) * 3)
    samples = list(resampled_pairs(csr_array(dense), first, second, 400, seed=1))
    assert len(samples) == 400
    mean = np.mean([s.pairs for s in samples], axis=0)
    expected = (dense.T @ dense)[first, second]
    assert (np.abs(mean - expected) < 5 * np.sqrt(expected / 400)).all()
