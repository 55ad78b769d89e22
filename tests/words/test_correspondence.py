"""Correspondence analysis against published values, plain linear algebra and its own laws."""

from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.words.correspondence import _alike, correspondence, regions

# Greenacre (1984), table 3.1: staff groups x smoking categories.
SMOKE = np.array([[4, 2, 3, 2], [4, 3, 7, 4], [25, 10, 12, 4], [18, 24, 33, 13], [10, 6, 7, 2]])


def test_published_values_of_the_smoking_example() -> None:
    ca = correspondence(SMOKE)
    np.testing.assert_allclose(ca.eigenvalues, [0.074759, 0.010017, 0.000414], atol=5e-7)
    np.testing.assert_allclose(ca.shares, [0.878, 0.118, 0.005], atol=5e-4)
    # the first axis and the second, up to the sign
    rows = [[0.066, 0.194], [0.259, 0.243], [0.381, 0.011], [0.233, 0.058], [0.201, 0.079]]
    columns = [[0.393, 0.030], [0.099, 0.141], [0.196, 0.007], [0.294, 0.198]]
    np.testing.assert_allclose(np.abs(ca.rows[:, :2]), rows, atol=6e-4)
    np.testing.assert_allclose(np.abs(ca.columns[:, :2]), columns, atol=6e-4)
    # contributions and cos2 in thousandths, as the book prints them
    np.testing.assert_allclose(
        1000 * ca.row_contributions[:, :2],
        [[3, 214], [84, 551], [512, 3], [331, 152], [70, 81]],
        atol=0.6,
    )
    np.testing.assert_allclose(
        1000 * ca.column_cos2[:, :2], [[994, 6], [327, 657], [982, 1], [684, 310]], atol=0.6
    )


def test_supplementary_points_of_the_book() -> None:
    ca = correspondence(SMOKE)
    # the national average (42, 29, 20, 9), a supplementary row
    national = ca.project_rows([42, 29, 20, 9])
    np.testing.assert_allclose(np.abs(national[:2]), [0.258, 0.118], atol=6e-4)
    # a supplementary point with the profile of an active one lies on it
    np.testing.assert_allclose(ca.project_rows(SMOKE * 7), ca.rows, atol=1e-12)
    np.testing.assert_allclose(ca.project_columns(SMOKE.T / 3), ca.columns, atol=1e-12)
    np.testing.assert_allclose(ca.project_rows(SMOKE.sum(axis=0)), 0, atol=1e-12)


tables = st.integers(2, 6).flatmap(
    lambda c: st.lists(st.lists(st.integers(0, 30), min_size=c, max_size=c), min_size=2, max_size=9)
)


@given(tables)
def test_laws(rows: list[list[int]]) -> None:
    table = np.array(rows)
    used = table[np.ix_(table.sum(axis=1) > 0, table.sum(axis=0) > 0)]
    assume(min(used.shape) >= 2)
    chi2 = scipy.stats.chi2_contingency(used, correction=False).statistic
    if chi2 / used.sum() < 1e-9:
        with pytest.raises(BadInput, match="same proportions"):
            correspondence(table)
        return
    assume(chi2 / used.sum() > 1e-6)
    ca = correspondence(table)
    assert ca.eigenvalues.sum() == pytest.approx(chi2 / table.sum())
    assert ca.shares.sum() == pytest.approx(1)
    assert (np.diff(ca.eigenvalues) <= 1e-12).all()
    assert len(ca.eigenvalues) <= min(used.shape) - 1
    rows_at, columns_at = np.nan_to_num(ca.rows), np.nan_to_num(ca.columns)
    # centroid at the origin, variance of each axis is its eigenvalue
    np.testing.assert_allclose(ca.row_mass @ rows_at, 0, atol=1e-9)
    np.testing.assert_allclose(ca.column_mass @ columns_at**2, ca.eigenvalues, atol=1e-9)
    np.testing.assert_allclose(ca.row_contributions.sum(axis=0), 1)
    np.testing.assert_allclose(
        ca.row_contributions, ca.row_mass[:, None] * rows_at**2 / ca.eigenvalues, atol=1e-9
    )
    # the reconstitution formula gives the table back
    fitted = np.outer(ca.row_mass, ca.column_mass) * (
        1 + (rows_at / np.sqrt(ca.eigenvalues)) @ columns_at.T
    )
    np.testing.assert_allclose(fitted * table.sum(), table, atol=1e-6)


def test_distances_are_chi_square_distances_of_profiles() -> None:
    ca = correspondence(SMOKE)
    profiles = SMOKE / SMOKE.sum(axis=1, keepdims=True)
    for i in range(5):
        for j in range(5):
            expected = np.sqrt(((profiles[i] - profiles[j]) ** 2 / ca.column_mass).sum())
            assert np.linalg.norm(ca.rows[i] - ca.rows[j]) == pytest.approx(expected, abs=1e-12)


@given(st.permutations(range(5)), st.integers(1, 9))
def test_order_of_words_and_size_of_counts_change_nothing(order: list[int], factor: int) -> None:
    ca, other = correspondence(SMOKE), correspondence(SMOKE[order] * factor)
    np.testing.assert_allclose(other.rows, ca.rows[order], atol=1e-9)
    np.testing.assert_allclose(other.columns, ca.columns, atol=1e-9)


def test_words_of_one_profile_may_be_joined() -> None:
    split = np.vstack([SMOKE, SMOKE[2] * 2])
    joined = SMOKE.copy()
    joined[2] *= 3
    np.testing.assert_allclose(correspondence(split).columns, correspondence(joined).columns)


def test_two_groups_give_one_axis_and_a_sign() -> None:
    ca = correspondence([[8, 2], [3, 7], [4, 6]])
    assert ca.rows.shape == (3, 1)
    assert ca.shares.tolist() == pytest.approx([1.0])
    # both groups contribute alike; the first of them is positive
    assert ca.columns[0, 0] > 0 > ca.columns[1, 0]
    assert ca.rows[0, 0] > 0


def test_the_strongest_group_lies_on_the_positive_side() -> None:
    ca = correspondence(SMOKE)
    strongest = np.abs(ca.column_contributions).argmax(axis=0)
    assert (ca.columns[strongest, range(3)] > 0).all()


def test_empty_rows_and_columns_have_no_place_and_no_influence() -> None:
    padded = np.zeros((7, 6), int)
    padded[[0, 1, 3, 4, 6]] = np.insert(SMOKE, [2, 4], 0, axis=1)
    ca, plain = correspondence(padded), correspondence(SMOKE)
    np.testing.assert_allclose(ca.rows[[0, 1, 3, 4, 6]], plain.rows)
    assert np.isnan(ca.rows[[2, 5]]).all()
    assert np.isnan(ca.columns[[2, 5]]).all()
    assert ca.row_contributions[2].tolist() == [0, 0, 0]
    assert np.isnan(ca.row_cos2[5]).all()


def test_what_cannot_be_mapped_says_why() -> None:
    with pytest.raises(BadInput, match=r"1 group\(s\)"):
        correspondence([[3], [4]])
    with pytest.raises(BadInput, match=r"1 group\(s\)"):
        correspondence([[3, 0], [4, 0]])
    with pytest.raises(BadInput, match=r"1 word\(s\)"):
        correspondence([[3, 1], [0, 0]])
    with pytest.raises(BadInput, match="same proportions"):
        correspondence([[1, 2], [10, 20]])
    with pytest.raises(BadInput, match="no counts"):
        correspondence([[1, -2], [10, 20]])
    with pytest.raises(ValueError, match="dimensions"):
        correspondence([1, 2])


def sample(
    rng: np.random.Generator, profile: NDArray[np.float64], documents: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Documents of 30 words from each column of `profile` (words x groups)."""
    groups = np.repeat(np.arange(profile.shape[1]), documents)
    counts = np.stack([rng.multinomial(30, profile[:, g]) for g in groups])
    return counts, groups


def table_of(counts: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([counts[groups == g].sum(axis=0) for g in range(groups.max() + 1)], axis=1)


PROFILE = np.array(
    [[0.5, 0.3, 0.3], [0.2, 0.4, 0.2], [0.1, 0.1, 0.3], [0.19, 0.19, 0.19], [0.01, 0.01, 0.01]]
)


def test_regions_have_the_spread_of_tables_drawn_anew() -> None:
    rng = np.random.default_rng(2)
    counts, groups = sample(rng, PROFILE, 60)
    ca = correspondence(table_of(counts, groups))
    found = regions(ca, csr_array(counts), groups, resamples=600, seed=1)
    anew = np.stack(
        [ca.project_rows(table_of(*sample(rng, PROFILE, 60)))[:, :2] for _ in range(600)]
    )
    for i in range(4):
        expected = np.sqrt(np.diag(np.cov(anew[:, i].T)))
        assert np.sqrt(np.diag(found.row_covariance[i])) == pytest.approx(expected, rel=0.3)


def test_regions_cover_the_place_in_the_source_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    hits = np.zeros(4)
    for trial in range(60):
        counts, groups = sample(rng, PROFILE, 40)
        ca = correspondence(table_of(counts, groups))
        found = regions(ca, csr_array(counts), groups, resamples=150, seed=trial)
        truth = ca.project_rows(PROFILE)[:4, :2]
        for i in range(4):
            away = truth[i] - ca.rows[i, :2]
            hits[i] += away @ np.linalg.solve(found.row_covariance[i], away) <= found.radius**2
    assert (hits / 60 >= 0.8).all()


def test_stable_and_unstable_points() -> None:
    rng = np.random.default_rng(3)
    counts, groups = sample(rng, PROFILE, 80)
    counts = np.hstack([counts, np.zeros((len(counts), 1), np.int64)])
    counts[0, 5] = 1  # a word that occurs once
    ca = correspondence(table_of(counts, groups))
    found = regions(ca, csr_array(counts), groups, seed=1)
    assert found.row_stable[:3].all()  # clearly apart from the average
    assert found.row_stable[3]  # average, and surely so
    assert not found.row_stable[5]  # drawing documents alone would have shown no spread at all
    assert found.column_stable.all()
    assert found.row_ellipses()[5, 0] > 5 * found.row_ellipses()[3, 0]


def test_a_group_of_one_document_is_not_certain() -> None:
    rng = np.random.default_rng(9)
    counts, groups = sample(rng, PROFILE, 50)
    keep = np.flatnonzero((groups < 2) | (np.arange(len(groups)) == len(groups) - 1))
    counts, groups = counts[keep], groups[keep]
    found = regions(correspondence(table_of(counts, groups)), csr_array(counts), groups)
    assert found.column_ellipses()[2, 0] > 3 * found.column_ellipses()[:2, 0].max()


def test_regions_by_seed_with_one_axis_and_left_out_documents() -> None:
    counts, groups = sample(np.random.default_rng(0), PROFILE[:, :2], 20)
    ca = correspondence(table_of(counts, groups))
    first = regions(ca, csr_array(counts), groups, resamples=50, seed=4)
    again = regions(ca, csr_array(counts), groups, resamples=50, seed=4)
    other = regions(ca, csr_array(counts), groups, resamples=50, seed=5)
    assert first.axes == (0,)
    assert first.radius == pytest.approx(1.959964)
    assert (first.row_covariance == again.row_covariance).all()
    assert not (first.row_covariance == other.row_covariance).all()
    np.testing.assert_allclose(
        first.row_ellipses()[:, 0], 1.959964 * np.sqrt(first.row_covariance[:, 0, 0]), rtol=1e-6
    )
    assert (first.row_ellipses()[:, 1:] == 0).all()
    more = np.vstack([counts, np.full((5, 5), 100)])
    outside = regions(ca, csr_array(more), np.r_[groups, [-1] * 5], resamples=50, seed=4)
    np.testing.assert_allclose(outside.row_covariance, first.row_covariance)
    with pytest.raises(ValueError, match="not those of the table"):
        regions(ca, csr_array(counts), groups + 1)


def test_ellipses_are_the_covariance() -> None:
    counts, groups = sample(np.random.default_rng(0), PROFILE, 20)
    found = regions(correspondence(table_of(counts, groups)), csr_array(counts), groups)
    for covariance, (long, short, angle) in zip(
        found.column_covariance, found.column_ellipses(), strict=True
    ):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        rebuilt = turn @ np.diag([long**2, short**2]) @ turn.T / found.radius**2
        np.testing.assert_allclose(rebuilt, covariance, atol=1e-15)
        assert long >= short


@given(
    st.lists(
        st.tuples(st.integers(-1, 2), st.lists(st.integers(0, 2), min_size=3, max_size=3)),
        min_size=1,
        max_size=30,
    )
)
def test_documents_alike_are_taken_together(documents: list[tuple[int, list[int]]]) -> None:
    group = np.array([g for g, _ in documents], np.int64)
    counts = csr_array(np.array([c for _, c in documents], np.float64))
    kinds, rows, times = _alike(group, counts)
    found = {
        (int(g), *map(int, row)): int(t)
        for g, row, t in zip(kinds, rows.toarray(), times, strict=True)
    }
    assert found == Counter((g, *c) for g, c in documents if g >= 0)
    assert len(found) == len(times)
