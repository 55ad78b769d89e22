"""Weights against the formulas written out, and against scikit-learn."""

import math

import numpy as np
import pytest
from counting_twin import compiled
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from bunsan.words.weighting import (
    idf,
    normalize_rows,
    positive_log_likelihood,
    positive_t,
    ppmi,
    tfidf,
)

counts = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.integers(0, 9)
)


@compiled
@given(counts, st.sampled_from([1.0, 0.75]), st.sampled_from([1.0, 5.0]))
def test_ppmi_cell_by_cell(dense, smoothing, shift):
    weighted = ppmi(csr_array(dense), smoothing=smoothing, shift=shift)
    total = dense.sum()
    contexts = [int(c) ** smoothing for c in dense.sum(axis=0)]
    for w, row in enumerate(dense):
        for c, count in enumerate(row):
            expected = 0.0
            if count:
                joint, word, context = count / total, row.sum() / total, contexts[c] / sum(contexts)
                expected = max(0.0, math.log(joint / (word * context)) - math.log(shift))
            assert weighted.toarray()[w, c] == pytest.approx(expected, abs=1e-5)
    assert weighted.dtype == np.float32
    assert np.all(weighted.data > 0)


def test_smoothing_lowers_the_weight_of_rare_contexts():
    dense = np.array([[20, 3], [100, 0]])
    plain, smooth = (ppmi(csr_array(dense), smoothing=a).toarray()[0, 1] for a in (1.0, 0.75))
    assert 0 < smooth < plain


def test_more_cells_than_one_block():
    rng = np.random.default_rng(3)
    dense = rng.integers(0, 3, (1100, 1500))
    block = ppmi(csr_array(dense), smoothing=1.0).toarray()
    row, column = dense.sum(axis=1, keepdims=True), dense.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore"):
        plain = np.maximum(np.log(dense * dense.sum() / (row * column)), 0)
    np.testing.assert_allclose(block, plain, atol=1e-5)


def test_a_written_zero_is_no_pair():
    matrix = csr_array(
        (np.array([0, 2, 3]), np.array([0, 1, 0]), np.array([0, 2, 3])), shape=(2, 2)
    )
    for weigh in (ppmi, positive_t, positive_log_likelihood, tfidf):
        assert weigh(matrix).toarray()[0, 0] == 0
    assert ppmi(matrix, shift=1e-9).toarray()[0, 0] == 0
    with pytest.raises(ValueError, match="shift"):
        ppmi(matrix, shift=0)


@compiled
@given(counts)
def test_t_and_log_likelihood_cell_by_cell(dense):
    by_t, by_g = (f(csr_array(dense)).toarray() for f in (positive_t, positive_log_likelihood))
    total = int(dense.sum())
    for w, c in zip(*np.nonzero(dense), strict=True):
        n11, n1, n2 = int(dense[w, c]), int(dense[w].sum()), int(dense[:, c].sum())
        expected = n1 * n2 / total
        assert by_t[w, c] == pytest.approx(max(0, (n11 - expected) / math.sqrt(n11)), abs=1e-5)
        cells = [
            (n11, expected),
            (n1 - n11, n1 * (total - n2) / total),
            (n2 - n11, (total - n1) * n2 / total),
            (total - n1 - n2 + n11, (total - n1) * (total - n2) / total),
        ]
        g = 2 * sum(o * math.log(o / e) for o, e in cells if o)
        assert by_g[w, c] == pytest.approx(g if n11 > expected else 0, abs=1e-3)
    assert np.count_nonzero(by_t[dense == 0]) == np.count_nonzero(by_g[dense == 0]) == 0


def test_harmonic_counts_weigh_without_a_word_about_rounding():
    rng = np.random.default_rng(4)
    dense = (rng.integers(0, 50, (40, 40)) / 7).astype(np.float32)
    assert positive_log_likelihood(csr_array(dense + dense.T)).nnz
    assert positive_log_likelihood(csr_array(np.array([[0.1, 0.2]], np.float32))).nnz == 0


@pytest.mark.parametrize("sublinear", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("norm", ["l1", "l2", None])
def test_tfidf_is_that_of_scikit_learn(sublinear, smooth, norm):
    text = pytest.importorskip("sklearn.feature_extraction.text")
    rng = np.random.default_rng(5)
    dense = rng.poisson(0.4, (30, 12))
    dense[:, 0] = 1  # a word in every document
    dense[4] = 0  # an empty document
    theirs = text.TfidfTransformer(norm=norm, smooth_idf=smooth, sublinear_tf=sublinear)
    expected = theirs.fit_transform(csr_array(dense)).toarray()
    ours = tfidf(csr_array(dense), sublinear=sublinear, smooth=smooth, norm=norm)
    np.testing.assert_allclose(ours.toarray(), expected, rtol=1e-5)


def test_tfidf_by_hand():
    ours = tfidf(csr_array(np.array([[2, 1], [0, 1]])), norm=None).toarray()
    rare = math.log(3 / 2) + 1  # in 1 of 2 documents, and one more that has every word
    np.testing.assert_allclose(ours, [[2 * rare, 1], [0, 1]], rtol=1e-6)
    assert idf([1, 2, 0], 2, smooth=False).tolist() == pytest.approx([math.log(2) + 1, 1, 0])


def test_idf_of_a_larger_collection_can_be_given():
    counts = csr_array(np.array([[1, 3]]))
    ours = tfidf(counts, weights=np.array([2.0, 0.5]), norm=None)
    assert ours.toarray().tolist() == [[2.0, 1.5]]


@compiled
@given(counts)
def test_rows_are_divided_by_their_length(dense):
    for norm, order in (("l1", 1), ("l2", 2)):
        matrix = csr_array(dense - 4)
        length = np.linalg.norm(dense - 4, order, axis=1, keepdims=True)
        expected = (dense - 4) / np.where(length, length, 1)
        np.testing.assert_allclose(normalize_rows(matrix, norm).toarray(), expected, atol=1e-6)
        assert np.array_equal(matrix.toarray(), dense - 4)
