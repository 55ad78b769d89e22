"""How often items are drawn: as often as they were, whatever the way of drawing."""

import numpy as np
import pytest

from bunsan.measure.scores.resampling import group_numbers, limits, resampled_weights


def drawn(types: np.ndarray, n_types: int, **options: object) -> np.ndarray:
    return np.concatenate(list(resampled_weights(types, n_types, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize("n_types", [3, 60])
def test_counts_have_the_moments_of_drawing_with_replacement(n_types: int) -> None:
    n = 120
    types = np.arange(n) % n_types
    found = drawn(types, n_types, resamples=6000)
    assert found.shape == (6000, n_types)
    assert (found.sum(axis=1) == n).all()
    p = 1 / n_types
    np.testing.assert_allclose(found.mean(axis=0), n * p, rtol=0.05)
    np.testing.assert_allclose(found.var(axis=0).mean(), n * p * (1 - p), rtol=0.05)


def test_groups_come_whole() -> None:
    types = np.array([0, 1, 1, 2, 2, 2])
    groups = np.array([0, 0, 1, 1, 1, 2])
    found = drawn(types, 3, groups=groups, resamples=500)
    kinds = {tuple(row) for row in found.tolist()}
    whole = np.array([[1, 1, 0], [0, 1, 2], [0, 0, 1]])  # what each group brings
    times = [(a, b, c) for a in range(4) for b in range(4) for c in range(4) if a + b + c == 3]
    assert kinds <= {tuple((np.array(t) @ whole).astype(float)) for t in times}
    assert len(kinds) == len(times)


def test_limits_leave_out_what_does_not_exist() -> None:
    values = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan], [3.0, 5.0, np.nan]])
    low, high = limits(values)
    assert low[:2].tolist() == [pytest.approx(1.05), 5.0]
    assert high[:2].tolist() == [pytest.approx(2.95), 5.0]
    assert np.isnan([low[2], high[2]]).all()
    alone = limits(np.full(4, np.nan))
    assert np.isnan(alone).all()


def test_numbers_of_groups() -> None:
    assert group_numbers(None, 3) is None
    found = group_numbers(["b", "a", "b"], 3)
    assert found is not None
    assert found.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="groups of shape"):
        group_numbers(["a"], 2)
