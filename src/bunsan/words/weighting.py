"""From counts to weights: what a count says beyond how frequent its row and its column are.

All functions take a scipy CSR of counts and give a new float32 csr_array of the same shape; the
argument stays as it is. Cells that are 0 stay 0, so nothing grows dense. Logarithms are natural.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from bunsan.measure.association import Formula, log_likelihood, t_score

Values = NDArray[np.float64]
Places = NDArray[np.int32]

_CELLS = 1 << 20


def ppmi(counts: Any, *, smoothing: float = 0.75, shift: float = 1.0) -> csr_array:
    """Positive pointwise mutual information of words and contexts.

    max(0, ln(P(w, c) / (P(w) P_smoothing(c))) - ln(shift))

    Parameters
    ----------
    counts : CSR [words, contexts].
    smoothing : context counts are raised to this power before they become probabilities, which
        keeps rare contexts from getting the greatest weights; 1 leaves them (Levy, Goldberg & Dagan
        2015, "Improving Distributional Similarity with Lessons Learned from Word Embeddings",
        section 3.2).
    shift : the number of negative samples k that the shift by ln k corresponds to (Levy & Goldberg
        2014, "Neural Word Embedding as Implicit Matrix Factorization", section 4); 1 is none.
    """
    if shift <= 0:
        raise ValueError("shift must be above 0")
    matrix = csr_array(counts)
    of_word, of_context = _sums(matrix)
    contexts = of_context**smoothing
    # P(w, c) / P(w) is count / count(w): the size of the text cancels.
    of_row = _log(of_word) + np.log(shift)
    of_column = _log(contexts) - np.log(max(float(contexts.sum()), 1e-300))

    def score(count: Values, row: Places, column: Places) -> Values:
        # A count written down as 0 is no pair: below any shift.
        logarithm = np.log(count, out=np.full_like(count, -np.inf), where=count > 0)
        return logarithm - of_row[row] - of_column[column]

    return _positive(matrix, score)


def positive_t(counts: Any) -> csr_array:
    """(O - E) / sqrt(O) where above 0 (Curran & Moens 2002, "Improvements in Automatic Thesaurus
    Extraction", who found it the best weight for finding similar words)."""
    return _positive_association(counts, t_score)


def positive_log_likelihood(counts: Any) -> csr_array:
    """Dunning's G2 of each cell against its row and column, where it is above expectation."""
    return _positive_association(counts, log_likelihood)


def idf(document_frequency: ArrayLike, n_documents: int, *, smooth: bool = True) -> Values:
    """Inverse document frequency, ln((1 + N) / (1 + df)) + 1; without `smooth`, ln(N / df) + 1.

    The smooth form, one more document that has every word, is that of scikit-learn. The idea is
    Spärck Jones 1972, "A Statistical Interpretation of Term Specificity". Unsmoothed, a word that
    occurs in no document has weight 0.
    """
    df = np.asarray(document_frequency, np.float64)
    if smooth:
        return np.log((1 + n_documents) / (1 + df)) + 1
    return np.where(df > 0, np.log(max(n_documents, 1)) - _log(df) + 1, 0.0)


def tfidf(
    counts: Any,
    *,
    weights: Values | None = None,
    sublinear: bool = False,
    smooth: bool = True,
    norm: Literal["l1", "l2"] | None = "l2",
) -> csr_array:
    """Term frequency times inverse document frequency (Salton & Buckley 1988, "Term-weighting
    Approaches in Automatic Text Retrieval").

    Parameters
    ----------
    counts : CSR [documents, words].
    weights : idf of each word, when it was taken over more documents than these rows; else it is
        computed from these.
    sublinear : 1 + ln(tf) in place of tf. smooth : see `idf`. norm : see `normalize_rows`.
    """
    matrix = csr_array(counts)
    if weights is None:
        df = np.bincount(matrix.indices[matrix.data != 0], minlength=matrix.shape[1])
        weights = idf(df, matrix.shape[0], smooth=smooth)
    tf = matrix.data.astype(np.float64)
    if sublinear:
        tf[tf > 0] = 1 + np.log(tf[tf > 0])
    weighted = _like(matrix, tf * weights[matrix.indices])
    return weighted if norm is None else normalize_rows(weighted, norm)


def normalize_rows(matrix: Any, norm: Literal["l1", "l2"] = "l2") -> csr_array:
    """Every row divided by its length: "l2" Euclidean, "l1" the sum of absolute values.

    Rows of zeros stay.
    """
    matrix = csr_array(matrix)
    data = matrix.data.astype(np.float64)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    power = np.abs(data) if norm == "l1" else data * data
    length = np.bincount(row, power, minlength=matrix.shape[0])
    if norm == "l2":
        length = np.sqrt(length)
    length[length == 0] = 1
    return _like(matrix, data / length[row])


def _sums(matrix: csr_array) -> tuple[Values, Values]:
    """Row and column sums, in double precision whatever the counts are kept in."""
    return matrix @ np.ones(matrix.shape[1]), matrix.T @ np.ones(matrix.shape[0])


def _positive_association(counts: Any, formula: Formula) -> csr_array:
    """A measure of association of each row with each column, where it is above 0."""
    matrix = csr_array(counts)
    of_row, of_column = _sums(matrix)
    n = of_row.sum()

    def score(count: Values, row: Places, column: Places) -> Values:
        return formula(count, of_row[row], of_column[column], n)

    return _positive(matrix, score)


def _positive(matrix: csr_array, score: Callable[[Values, Places, Places], Values]) -> csr_array:
    """The cells whose score is above 0; formulas get a million cells at a time, to bound memory."""
    row = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
    values = np.empty(matrix.nnz, np.float32)
    for begin in range(0, matrix.nnz, _CELLS):
        cells = slice(begin, begin + _CELLS)
        counts = matrix.data[cells].astype(np.float64)
        values[cells] = np.maximum(score(counts, row[cells], matrix.indices[cells]), 0)
    weighted = _like(matrix, values)
    weighted.eliminate_zeros()
    return weighted


def _log(values: Values) -> Values:
    """ln, with 0 for values of 0: no cell of an empty row or column will read it."""
    return np.log(values, out=np.zeros_like(values), where=values > 0)


def _like(matrix: csr_array, data: NDArray[Any]) -> csr_array:
    """A float32 matrix with the cells of `matrix` and these values."""
    return csr_array(
        (data.astype(np.float32, copy=False), matrix.indices.copy(), matrix.indptr.copy()),
        shape=matrix.shape,
    )
