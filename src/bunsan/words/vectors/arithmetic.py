"""Analogies: a is to b as c is to which word?

Levy & Goldberg 2014, "Linguistic Regularities in Sparse and Explicit Word Representations":
3CosAdd (section 3, after Mikolov, Yih & Zweig 2013) takes the word x of greatest
cos(x, b) - cos(x, a) + cos(x, c); 3CosMul (section 6) multiplies and divides instead, so that no
one large term decides, with cosines moved to [0, 1] and 0.001 added to the divisor.
"""

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.vectors.matrix import Floats, Matrix
from bunsan.words.vectors.nearest import keep_best, nearest_rows, reciprocal, unit_rows

Rows = NDArray[np.int64]
Method = Literal["3cosadd", "3cosmul"]

EPSILON = 0.001  # Levy & Goldberg 2014, section 6

_BLOCK = 2048  # rows compared at once: their cosines with the words asked stay in the cache
_WORDS = 1024  # words asked about at once


def check_method(method: str) -> None:
    """ValueError for anything but the two methods."""
    if method not in ("3cosadd", "3cosmul"):
        raise ValueError(f"method {method!r} is neither '3cosadd' nor '3cosmul'")


def nearest_to_terms(
    matrix: Matrix,
    lengths: Floats,
    plus: Floats,
    minus: Floats,
    k: int,
    *,
    method: Method = "3cosadd",
    exclude: Rows | None = None,
    restrict: int | None = None,
) -> tuple[Rows, Floats]:
    """The k best rows x for any number of terms, int64[k] and float32[k].

    Parameters
    ----------
    plus, minus : float32[P, d] and float32[M, d], the vectors added and taken away.
    exclude : int64[E], rows that cannot be the answer.

    The scores are, for 3CosAdd, the cosine of x with the sum (the order is that of the sum of
    cosines); for 3CosMul, the quotient of the two products.
    """
    check_method(method)
    barred = np.empty((1, 0), np.int64) if exclude is None else exclude[None, :]
    terms = unit_rows(np.concatenate([plus, minus]))
    p = len(plus)
    if method == "3cosadd":
        query = terms[:p].sum(axis=0) - terms[p:].sum(axis=0)
        rows, scores = nearest_rows(
            matrix, lengths, query[None, :], k, exclude=barred, restrict=restrict
        )
        return rows[0], scores[0]
    rows, scores = np.full((1, k), -1, np.int64), np.full((1, k), -np.inf, np.float32)
    inverse = reciprocal(lengths)
    for start, block in matrix.blocks(restrict if k else 0):
        shifted = ((terms @ block.T) * inverse[start : start + len(block)] + 1) / 2
        quotient = shifted[:p].prod(axis=0) / np.prod(shifted[p:] + np.float32(EPSILON), axis=0)
        keep_best(quotient[None, :].astype(np.float32), start, barred, rows, scores)
    return rows[0], scores[0]


def solve_analogies(
    matrix: Matrix,
    lengths: Floats,
    questions: Rows,
    *,
    method: Method = "3cosadd",
    restrict: int | None = None,
) -> Rows:
    """int64[Q], the row that each analogy gives.

    Parameters
    ----------
    questions : int64[Q, 3], the rows of a, b and c, none of which can be the answer.
    restrict : answers come from the first so many rows.

    Thousands of questions are about some hundred words, so the cosines of those words with a block
    of rows are computed once, and a question only adds up three rows of that table.
    """
    check_method(method)
    answers = np.full(len(questions), -1, np.int64)
    # Questions about the same words side by side.
    order = np.lexsort((questions[:, 2], questions[:, 0]))
    inverse = reciprocal(lengths)
    begin = 0
    while begin < len(order):
        end = _batch_end(questions[order], begin)
        asked = questions[order[begin:end]]
        words, place = np.unique(asked, return_inverse=True)
        place = place.reshape(asked.shape).astype(np.int64)
        units = unit_rows(matrix.take(words))
        best = np.full(len(asked), -np.inf, np.float32)
        rows = np.full(len(asked), -1, np.int64)
        for first, large in matrix.blocks(restrict):
            for offset in range(0, len(large), _BLOCK):
                block = large[offset : offset + _BLOCK]
                start = first + offset
                cosines = units @ block.T
                cosines *= inverse[start : start + len(block)]
                if method == "3cosadd":
                    _best_sums(cosines, place, asked, start, best, rows)
                else:
                    shifted = (cosines + np.float32(1)) / np.float32(2)
                    divisors = 1 / (shifted + np.float32(EPSILON))
                    _best_products(shifted, divisors, place, asked, start, best, rows)
        answers[order[begin:end]] = rows
        begin = end
    return answers


def _batch_end(questions: Rows, begin: int) -> int:
    """Where a run of questions about at most `_WORDS` words ends (at least one question)."""
    end = begin
    seen: set[int] = set()
    while end < len(questions):
        step = questions[end : end + 256]
        seen.update(np.unique(step).tolist())
        if len(seen) > _WORDS and end > begin:
            break
        end += len(step)
    return end


@njit(nogil=True, cache=True)
def _best_sums(cosines, place, asked, start, best, rows):  # type: ignore[no-untyped-def]
    """Take what a block of cosines [U, B] has to offer to each question.

    Counting the scores above the best so far is a loop without branches; only where there is one
    are rows looked at singly.
    """
    for q in range(len(place)):
        a, b, c = cosines[place[q, 0]], cosines[place[q, 1]], cosines[place[q, 2]]
        bound = best[q]
        above = 0
        for j in range(len(a)):
            above += b[j] - a[j] + c[j] > bound
        if above == 0:
            continue
        for j in range(len(a)):
            score = b[j] - a[j] + c[j]
            if score > best[q]:
                row = start + j
                if row != asked[q, 0] and row != asked[q, 1] and row != asked[q, 2]:
                    best[q] = score
                    rows[q] = row


@njit(nogil=True, cache=True)
def _best_products(shifted, divisors, place, asked, start, best, rows):  # type: ignore[no-untyped-def]
    """`_best_sums` for products; `divisors` are the reciprocals."""
    for q in range(len(place)):
        a, b, c = divisors[place[q, 0]], shifted[place[q, 1]], shifted[place[q, 2]]
        bound = best[q]
        above = 0
        for j in range(len(a)):
            above += b[j] * c[j] * a[j] > bound
        if above == 0:
            continue
        for j in range(len(a)):
            score = b[j] * c[j] * a[j]
            if score > best[q]:
                row = start + j
                if row != asked[q, 0] and row != asked[q, 1] and row != asked[q, 2]:
                    best[q] = score
                    rows[q] = row
