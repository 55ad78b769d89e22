"""Nearest words, analogies and shared contexts against dense arithmetic."""

import numpy as np
import pytest
from counting_twin import compiled
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from bunsan.words.similarity import DenseVectors, SparseVectors, truncated_svd

IDS = np.array([3, 4, 10, 11, 12, 500, 501], np.int32)
matrices = hnp.arrays(np.float32, (7, 5), elements=st.integers(-3, 3).map(float))


def unit(matrix):
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.where(length > 0, length, 1)


def both(matrix):
    contexts = np.arange(100, 100 + matrix.shape[1], dtype=np.int32)
    return [SparseVectors(IDS, csr_array(matrix), contexts), DenseVectors(IDS, matrix)]


@compiled
@given(matrices, st.sampled_from(IDS.tolist()), st.integers(0, 9))
def test_nearest_words_are_those_of_a_full_sort(matrix, word, k):
    rows = unit(matrix)
    cosines = rows @ rows[IDS.tolist().index(word)]
    for vectors in both(matrix):
        found = vectors.nearest(word, k)
        assert len(found.ids) == min(k, 6)
        assert word not in found.ids
        assert len(set(found.ids.tolist())) == len(found.ids)
        others = np.sort(np.delete(cosines, IDS.tolist().index(word)))[::-1]
        np.testing.assert_allclose(found.cosines, others[: len(found.ids)], atol=1e-6)
        for i, cosine in zip(found.ids.tolist(), found.cosines, strict=True):
            assert vectors.similarity(word, i) == pytest.approx(float(cosine), abs=1e-6)
            assert vectors.similarity(word, i) == pytest.approx(
                float(cosines[IDS.tolist().index(i)]), abs=1e-6
            )


def test_equals_come_in_the_order_of_their_ids():
    same = np.ones((7, 5), np.float32)
    for vectors in both(same):
        assert vectors.nearest(500, 3).ids.tolist() == [3, 4, 10]


@compiled
@given(matrices, st.permutations(IDS.tolist()))
def test_analogies_add_unit_vectors(matrix, order):
    plus, minus = order[:2], order[2:3]
    rows = dict(zip(IDS.tolist(), unit(matrix), strict=True))
    query = sum(rows[w] for w in plus) - sum(rows[w] for w in minus)
    length = float(np.linalg.norm(query))
    query = query / length if length > 1e-5 else query
    for vectors in both(matrix):
        found = vectors.analogy(plus, minus, 4)
        assert set(found.ids.tolist()) == set(order[3:])
        if length > 1e-5:
            expected = sorted((float(rows[w] @ query) for w in order[3:]), reverse=True)
            np.testing.assert_allclose(found.cosines, expected, atol=1e-5)


def test_king_is_to_queen_as_man_is_to_woman():
    # royal, male, female: 3 king, 4 queen, 10 man, 11 woman
    matrix = np.zeros((7, 3), np.float32)
    matrix[:4] = [[2, 1, 0], [2, 0, 1], [0, 1, 0], [0, 0, 1]]
    matrix[4:] = [[0, 1, 1], [1, 0.1, 0.1], [1, 1, 0]]
    for vectors in (SparseVectors(IDS, csr_array(matrix), np.arange(3)), DenseVectors(IDS, matrix)):
        assert vectors.analogy([3, 11], [10], 1).ids.tolist() == [4]
        # The words asked about are no answer, though king itself is nearest to king.
        assert 3 not in vectors.analogy([3], [], 7).ids


@compiled
@given(matrices, hnp.arrays(np.float32, 5, elements=st.integers(-3, 3).map(float)))
def test_any_vector_can_be_asked_about(matrix, query):
    length = float(np.linalg.norm(query))
    expected = unit(matrix) @ (query / length if length else query)
    for vectors in both(matrix):
        np.testing.assert_allclose(vectors.similarities(query), expected, atol=1e-6)
        found = vectors.nearest_to(query, 99, exclude=[3, 999])
        assert sorted(found.ids.tolist()) == IDS[1:].tolist()
        np.testing.assert_allclose(found.cosines, np.sort(expected[1:])[::-1], atol=1e-6)


@compiled
@given(matrices, st.permutations(IDS.tolist()))
def test_shares_of_shared_contexts_sum_to_the_cosine(matrix, order):
    a, b = order[:2]
    vectors = both(matrix)[0]
    shared = vectors.shared_contexts(a, b, 5)
    row_a, row_b = matrix[IDS.tolist().index(a)], matrix[IDS.tolist().index(b)]
    assert sorted(shared.contexts.tolist()) == [100 + c for c in range(5) if row_a[c] and row_b[c]]
    assert shared.a.tolist() == [row_a[c - 100] for c in shared.contexts]
    assert shared.b.tolist() == [row_b[c - 100] for c in shared.contexts]
    assert np.all(np.diff(shared.shares) <= 0)
    assert shared.shares.sum() == pytest.approx(vectors.similarity(a, b), abs=1e-6)
    first = vectors.shared_contexts(a, b, 1)
    assert first.contexts.tolist() == shared.contexts.tolist()[:1]


def spectrum(rows, columns, seed=0):
    """A matrix whose singular values are 1/1, 1/2, 1/3, ..."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.standard_normal((rows, rows)))[0]
    right = np.linalg.qr(rng.standard_normal((columns, columns)))[0]
    rank = min(rows, columns)
    return (left[:, :rank] / np.arange(1, rank + 1)) @ right[:rank]


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (260, 240)])
@pytest.mark.parametrize("dimensions", [1, 8])
def test_svd_is_that_of_the_dense_matrix(shape, dimensions):
    matrix = spectrum(*shape)
    u, singular = truncated_svd(csr_array(matrix), dimensions)
    np.testing.assert_allclose(singular, 1 / np.arange(1, dimensions + 1), rtol=1e-4)
    exact = np.linalg.svd(matrix)[0][:, :dimensions]
    np.testing.assert_allclose(np.abs((u * exact).sum(axis=0)), 1, atol=1e-4)
    assert np.all(u[np.abs(u).argmax(axis=0), np.arange(dimensions)] > 0)


def test_svd_of_the_same_seed_is_the_same_and_of_zeros_is_zero():
    matrix = csr_array(spectrum(260, 240))
    first, second = (truncated_svd(matrix, 5, seed=7)[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert np.all(truncated_svd(csr_array((300, 300)), 3)[1] == 0)
    for wrong in (0, 241):
        with pytest.raises(ValueError, match="dimensions"):
            truncated_svd(matrix, wrong)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_reduced_vectors_weigh_their_dimensions(power):
    rng = np.random.default_rng(6)
    matrix = rng.random((7, 5)).astype(np.float32)
    reduced = both(matrix)[0].reduce(3, power=power)
    u, singular, _ = np.linalg.svd(matrix)
    expected = unit(u[:, :3] * singular[:3] ** power)
    np.testing.assert_allclose(reduced.matrix @ reduced.matrix.T, expected @ expected.T, atol=1e-5)
    assert reduced.nearest(3, 2).ids.shape == (2,)


def test_all_dimensions_at_full_power_keep_the_cosines():
    rng = np.random.default_rng(7)
    vectors = both(rng.random((7, 5)).astype(np.float32))[0]
    reduced = vectors.reduce(5, power=1.0)
    for a in IDS.tolist():
        for b in IDS.tolist():
            assert reduced.similarity(a, b) == pytest.approx(vectors.similarity(a, b), abs=1e-5)


def test_what_is_not_there_is_an_error():
    for vectors in both(np.ones((7, 5), np.float32)):
        assert 3 in vectors
        assert 5 not in vectors
        assert 10**6 not in vectors
        assert len(vectors) == 7
        with pytest.raises(KeyError, match="5"):
            vectors.nearest(5)
        with pytest.raises(ValueError, match="5 dimensions"):
            vectors.similarities(np.ones(4))
    with pytest.raises(ValueError, match="ascending"):
        DenseVectors(IDS[::-1], np.ones((7, 5)))
    with pytest.raises(ValueError, match="7 ids"):
        DenseVectors(IDS, np.ones((6, 5)))
    with pytest.raises(ValueError, match="7 words"):
        SparseVectors(IDS, csr_array((7, 5)), np.arange(6))
