"""Two rankings made one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

K = 60  # as in the paper

Ints = NDArray[np.int64]


def reciprocal_rank_fusion(
    rankings: Sequence[Ints], k: int = K
) -> tuple[Ints, NDArray[np.float64]]:
    """Items of several rankings with the sum of 1 / (k + rank), the greatest first.

    Cormack, Clarke & Buettcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
    Rank Learning Methods", SIGIR. Ranks count from 1; an item that a ranking lacks gets nothing of
    it. Equal sums stand by the item's number.

    Parameters
    ----------
    rankings : int64[n] each, distinct items, the best first.
    """
    items, where = np.unique(np.concatenate(rankings), return_inverse=True)
    parts = np.concatenate([1.0 / (k + np.arange(1, len(r) + 1)) for r in rankings])
    sums = np.zeros(len(items))
    np.add.at(sums, where, parts)
    order = np.lexsort((items, -sums))
    return items[order].astype(np.int64), sums[order]


def best_first(scores: NDArray[np.float32], k: int) -> Ints:
    """int64[h]: the places of the k greatest scores above -inf, of equal ones the first first."""
    k = min(k, len(scores))
    if k == 0:
        return np.zeros(0, np.int64)
    bound = np.partition(scores, len(scores) - k)[len(scores) - k]
    some = np.flatnonzero((scores >= bound) & (scores > -np.inf))
    return some[np.argsort(-scores[some], kind="stable")][:k]
