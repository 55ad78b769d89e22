"""Tables of codes against hand-made counts, formulas written out, and a well-known library."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chi2_contingency
from scipy.stats.contingency import expected_freq

from bunsan.base.language import use_language
from bunsan.words.coding.tabulate import jaccard, no_code_label, tabulate

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

MATRIX = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 0], [0, 0, 0]], np.bool_)


def test_counts_by_hand() -> None:
    table = tabulate(MATRIX)
    assert table.units == 5
    assert table.count.tolist() == [3, 2, 0, 2]
    assert table.percent.tolist() == [60.0, 40.0, 0.0, 40.0]
    assert table.groups is None


def test_groups_by_hand() -> None:
    cross = tabulate(MATRIX, np.array([0, 2, 0, -1, 2]), 4).groups
    assert cross is not None
    assert cross.units.tolist() == [2, 0, 2, 0]
    assert cross.count.tolist() == [[1, 1, 0, 1], [0] * 4, [1, 0, 0, 1], [0] * 4]
    assert cross.percent.tolist() == [
        [50.0, 50.0, 0.0, 50.0],
        [0.0] * 4,
        [50.0, 0.0, 0.0, 50.0],
        [0.0] * 4,
    ]
    assert cross.dof == 1


def test_chi_squared_and_residuals_of_a_worked_example() -> None:
    """22 of 626, 17 of 289 and 23 of 300 units have the code. Expected are 62/1215 of each."""
    sizes, hits = [626, 289, 300], [22, 17, 23]
    group = np.repeat([0, 1, 2], sizes)
    code = np.concatenate([np.arange(n) < k for n, k in zip(sizes, hits, strict=True)])
    cross = tabulate(code[:, None], group).groups
    assert cross is not None
    expected = [n * 62 / 1215 for n in sizes]
    without = [n * 1153 / 1215 for n in sizes]
    by_hand = sum((k - e) ** 2 / e for k, e in zip(hits, expected, strict=True))
    by_hand += sum((n - k - w) ** 2 / w for n, k, w in zip(sizes, hits, without, strict=True))
    assert round(by_hand, 3) == 7.697
    np.testing.assert_allclose(cross.chi2, [by_hand, by_hand])  # no code: the same table
    np.testing.assert_allclose(cross.p, np.exp(-by_hand / 2))  # 2 degrees of freedom
    assert cross.dof == 2
    np.testing.assert_allclose(
        cross.residual[:, 0], [(k - e) / e**0.5 for k, e in zip(hits, expected, strict=True)]
    )
    np.testing.assert_allclose(
        cross.adjusted[0, 0],
        (22 - expected[0]) / (expected[0] * (1 - 626 / 1215) * (1 - 62 / 1215)) ** 0.5,
    )


def test_two_groups_are_corrected_after_yates() -> None:
    """Yates: the sum of (|O - E| - 0.5)^2 / E over 3 1 / 2 4."""
    code = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], np.bool_)
    cross = tabulate(code[:, None], np.array([0] * 4 + [1] * 6)).groups
    assert cross is not None
    by_hand = sum((1 - 0.5) ** 2 / e for e in (2, 2, 3, 3))
    np.testing.assert_allclose(cross.chi2[0], by_hand)
    # For two groups the squares of the adjusted residuals are chi-squared without correction.
    np.testing.assert_allclose(cross.adjusted[:, 0] ** 2, sum(1 / e for e in (2, 2, 3, 3)))


@unhurried
@given(
    arrays(np.bool_, st.tuples(st.integers(0, 40), st.integers(0, 4))),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_the_same_as_counting_one_by_one(matrix, n_groups: int, random) -> None:
    group = np.array([random.randrange(-1, n_groups) for _ in matrix], np.int64)
    table = tabulate(matrix, group, n_groups)
    rows = [[*row, not any(row)] for row in matrix.tolist()]
    n_codes = matrix.shape[1] + 1
    cross = table.groups
    assert cross is not None
    for c in range(n_codes):
        assert table.count[c] == sum(row[c] for row in rows)
        observed = []
        for g in range(n_groups):
            members = [row[c] for row, of in zip(rows, group.tolist(), strict=True) if of == g]
            assert cross.units[g] == len(members)
            assert cross.count[g, c] == sum(members)
            assert cross.percent[g, c] == (100 * sum(members) / len(members) if members else 0)
            if members:
                observed.append([sum(members), len(members) - sum(members)])
        together = np.array(observed).reshape(-1, 2)
        if len(together) < 2 or not together.sum(axis=0).all():
            assert np.isnan([cross.chi2[c], cross.p[c]]).all()
            continue
        result = chi2_contingency(together)
        np.testing.assert_allclose((cross.chi2[c], cross.p[c]), result[:2])
        assert cross.dof == result.dof
        filled = cross.units > 0
        expected = expected_freq(together)[:, 0]
        np.testing.assert_allclose(
            cross.residual[filled, c], (together[:, 0] - expected) / np.sqrt(expected)
        )


def test_nothing_to_test() -> None:
    everyone = np.ones((4, 1), np.bool_)
    cross = tabulate(everyone, np.array([0, 0, 1, 1])).groups
    assert cross is not None
    assert np.isnan(cross.chi2).all()
    assert np.isnan(cross.adjusted).all()
    alone = tabulate(MATRIX, np.zeros(5, np.int64)).groups
    assert alone is not None
    assert np.isnan(alone.chi2).all()
    assert alone.dof == 0
    empty = tabulate(np.zeros((0, 2), np.bool_), np.zeros(0, np.int64), 2)
    assert empty.count.tolist() == [0, 0, 0]
    assert empty.percent.tolist() == [0.0, 0.0, 0.0]
    assert empty.groups is not None
    assert empty.groups.count.tolist() == [[0] * 3] * 2


@unhurried
@given(arrays(np.bool_, st.tuples(st.integers(0, 30), st.integers(0, 4))))
def test_jaccard_is_shared_units_over_all_units(matrix) -> None:
    units = [set(np.flatnonzero(column).tolist()) for column in matrix.T]
    expected = [[len(a & b) / len(a | b) if a | b else 0.0 for b in units] for a in units]
    assert jaccard(matrix).tolist() == expected


def test_no_code_label() -> None:
    try:
        use_language("ja")
        assert no_code_label() == "＃コード無し"
    finally:
        use_language(None)
    assert no_code_label() == "#no codes"


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint16])
def test_groups_of_any_integer_type(kind: type) -> None:
    cross = tabulate(MATRIX, np.array([0, 1, 0, 1, 1], kind)).groups
    assert cross is not None
    assert cross.count[:, 0].tolist() == [1, 2]
