"""Impacts: what each posting adds to a score, computed once instead of for every query.

The impact of a word in a document is `tf / (tf + saturation * (1 - b + b * length / average))`, a
number from 0 to 1, without the word's idf. Keeping idf out, to be multiplied in when a query comes,
costs one multiplication a posting and buys this:

- Impacts then depend on the collection through nothing but its average length. So the key that
  tells whether stored impacts still hold is a few numbers. With idf inside it would have to cover
  the document frequency of every word: two collections can agree in all totals and differ there.
- They serve four of the five variants unchanged, and do not need to know the other segments' words.
- Weights of query words (repetition, feedback) are multiplied in anyway: one product does for both.

It does not make additions free: a new segment changes the average length and with it every impact
(unless b is 0). But to compute them anew takes some 20 nanoseconds a posting, far less than it took
to find the words of the same text.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.bm25.formulas import Bm25Parameters
from bunsan.words.bm25.order import kth_greatest
from bunsan.words.bm25.statistics import Statistics

# `best` holds each word's 1st, 10th and 100th greatest impact. The 1st bounds what the word can add
# to any document. The k-th is a score that k documents reach by this word alone, so a search for
# the k best need not look at anything below it.
RANKS = (1, 10, 100)


def compute_impacts(
    postings: Mapping[str, NDArray[Any]],
    statistics: Statistics,
    parameters: Bm25Parameters,
    live: NDArray[np.bool_] | None = None,
) -> dict[str, NDArray[Any]]:
    """Impacts of one segment for the statistics of the whole collection.

    Parameters
    ----------
    postings : of the segment, as `build_postings` returned them (T words, P postings, D documents).
    statistics : of all segments together.
    live : bool[D], False for removed documents; None where there are none.

    Returns
    -------
    impact : float32[P], in the order of postings["docs"]; minus infinity for removed documents,
        which keeps them out of every result without a test in the inner loops.
    best : float32[T, 3], each word's greatest impacts of the ranks `RANKS` among live documents, 0
        where fewer have the word.
    removed : uint32[r], the removed documents.
    """
    ratio = postings["length"] / statistics.average_length
    norm = parameters.shape.saturation * (1.0 - parameters.b + parameters.b * ratio)
    removed = np.empty(0, np.uint32) if live is None else np.flatnonzero(~live).astype(np.uint32)
    norm[removed] = -1.0
    impact = np.empty(postings["docs"].size, np.float32)
    best = np.zeros((postings["terms"].size, len(RANKS)), np.float32)
    indptr, docs, tf = (np.asarray(postings[name]) for name in ("indptr", "docs", "tf"))
    _saturate(indptr, docs, tf, norm.astype(np.float32), impact, best)
    return {"impact": impact, "best": best, "removed": removed}


def impact_key(
    statistics: Statistics, parameters: Bm25Parameters, live: NDArray[np.bool_] | None = None
) -> dict[str, Any]:
    """All that a segment's impacts depend on besides its postings, as JSON can hold it.

    Impacts that `save_arrays` kept under an equal key serve again; under another key they do not.
    """
    removed = None
    if live is not None and not live.all():
        removed = hashlib.blake2b(np.packbits(live).tobytes(), digest_size=16).hexdigest()
    return {
        "saturation": parameters.shape.saturation,
        "b": parameters.b,
        "average_length": statistics.average_length if parameters.b else None,
        "removed": removed,
        "ranks": list(RANKS),
    }


@njit(nogil=True, cache=True)
def _saturate(
    indptr: NDArray[np.int64],
    docs: NDArray[np.uint32],
    tf: NDArray[Any],
    norm: NDArray[np.float32],
    impact: NDArray[np.float32],
    best: NDArray[np.float32],
) -> None:
    ten, hundred = np.empty(RANKS[1], np.float32), np.empty(RANKS[2], np.float32)
    for t in range(best.shape[0]):
        begin, end = indptr[t], indptr[t + 1]
        greatest = np.float32(0)
        for j in range(begin, end):
            f, n = np.float32(tf[j]), norm[docs[j]]
            x = f / (f + n) if n >= 0 else np.float32(-np.inf)
            impact[j] = x
            greatest = max(greatest, x)
        best[t, 0] = greatest
        # Most words are rare: these two are worth passes of their own, which rare words skip.
        if end - begin >= ten.size:
            best[t, 1] = kth_greatest(impact[begin:end], np.float32(0), ten)
        if end - begin >= hundred.size:
            best[t, 2] = kth_greatest(impact[begin:end], np.float32(0), hundred)
