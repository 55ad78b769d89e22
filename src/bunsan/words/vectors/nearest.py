"""The nearest rows, exactly: products of blocks of rows, of which each query keeps its best.

Memory is bounded by a block, whatever the number of rows; float16 and int8 rows become float32 a
block at a time.
"""

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.vectors.matrix import Floats, Matrix

Rows = NDArray[np.int64]

_QUERIES = 256  # compared with a block of rows at once


def unit_rows(vectors: Floats) -> Floats:
    """Every row at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def reciprocal(lengths: Floats) -> Floats:
    """1 / length, and 0 for a row of zeros, whose cosine with everything is then 0."""
    return np.divide(np.float32(1), lengths, out=np.zeros_like(lengths), where=lengths > 0)


def nearest_rows(
    matrix: Matrix,
    lengths: Floats,
    queries: Floats,
    k: int,
    *,
    exclude: Rows | None = None,
    restrict: int | None = None,
) -> tuple[Rows, Floats]:
    """The k rows of greatest cosine with each query, greatest first, of equal ones the first first.

    Parameters
    ----------
    lengths : float32[R], of the rows. queries : float32[Q, d], of any length.
    exclude : int64[Q, E], rows that a query may not have; -1 is none.
    restrict : only the first so many rows are candidates.

    Returns
    -------
    int64[Q, k] and float32[Q, k]; where fewer than k rows are left, -1 and -inf at the end.
    """
    n = len(queries)
    rows = np.full((n, k), -1, np.int64)
    cosines = np.full((n, k), -np.inf, np.float32)
    if k == 0 or n == 0:
        return rows, cosines
    units = unit_rows(queries)
    barred = np.full((n, 1), -1, np.int64) if exclude is None else np.asarray(exclude, np.int64)
    factors = reciprocal(lengths)
    if matrix.scale is not None:
        factors *= matrix.scale
    if n == 1:
        # A product with one vector is a routine of its own, eight times as fast.
        for start, products in _products(matrix, units[0], restrict):
            products *= factors[start : start + len(products)]
            keep_best(products[None, :], start, barred, rows, cosines)
        return rows, cosines
    for start, block in matrix.unscaled_blocks(restrict):
        factor = factors[start : start + len(block)]
        for first in range(0, n, _QUERIES):
            part = slice(first, first + _QUERIES)
            products = units[part] @ block.T
            products *= factor
            keep_best(products, start, barred[part], rows[part], cosines[part])
    return rows, cosines


def _products(matrix: Matrix, unit: Floats, restrict: int | None) -> Iterator[tuple[int, Floats]]:
    """(first row, float32[b]): products of unscaled rows with a vector, a block at a time."""
    if matrix.storage == "int8":
        yield 0, products_of_bytes(matrix.values[:restrict], unit)
        return
    for start, block in matrix.unscaled_blocks(restrict):
        yield start, block @ unit


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def products_of_bytes(values: NDArray[np.int8], unit: Floats) -> Floats:
    """int8[R, d] times float32[d] without a copy of the rows in float32."""
    products = np.empty(len(values), np.float32)
    for row in range(len(values)):
        total = np.float32(0)
        for j in range(len(unit)):
            total += np.float32(values[row, j]) * unit[j]
        products[row] = total
    return products


@njit(nogil=True, cache=True)
def keep_best(
    scores: Floats,
    start: int,
    exclude: Rows,
    best_rows: Rows,
    best_scores: Floats,
) -> None:
    """Merge a block of scores [Q, B] of the rows from `start` on into the best so far [Q, k].

    Blocks come by ascending row, so a score equal to one that is held stays behind it.
    """
    k = best_scores.shape[1]
    for q in range(scores.shape[0]):
        bound = best_scores[q, k - 1]
        for j in range(scores.shape[1]):
            score = scores[q, j]
            if not score > bound:
                continue
            row = start + j
            barred = False
            for e in range(exclude.shape[1]):
                barred |= exclude[q, e] == row
            if barred:
                continue
            place = k - 1
            while place > 0 and best_scores[q, place - 1] < score:
                best_scores[q, place] = best_scores[q, place - 1]
                best_rows[q, place] = best_rows[q, place - 1]
                place -= 1
            best_scores[q, place] = score
            best_rows[q, place] = row
            bound = best_scores[q, k - 1]
