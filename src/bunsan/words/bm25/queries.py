"""Queries as the search wants them: distinct words with weights, the weightiest first."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.bm25.formulas import inverse_document_frequency
from bunsan.words.bm25.hits import key_of, position_of, score_of
from bunsan.words.bm25.order import sort

_LOW_HALF = np.uint64(0xFFFFFFFF)


@njit(nogil=True, cache=True)
def prepare(
    offsets: NDArray[np.int64],
    query_words: NDArray[np.int64],
    query_weights: NDArray[np.float64],
    document_frequency: NDArray[np.int64],
    n_documents: int,
    variant: int,
    scale: float,
    absent: float,
    words: NDArray[np.int64],
    weights: NDArray[np.float32],
    shifts: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> bool:
    """Turn queries into distinct words and their weights, the weightiest first.

    Query q is query_words[offsets[q]:offsets[q+1]]. Its words go to the same place of `words` and
    `weights`; counts[q] is how many there are of weight above zero, and how many in all: words of
    the collection whose idf is zero follow the others. shifts[q] is the sum of what all of them
    give to a document that lacks them. Returns whether any query has words whose idf is zero.
    """
    unweighted = False
    for q in range(counts.shape[0]):
        first, n_query = offsets[q], offsets[q + 1] - offsets[q]
        n_known = 0
        keys = np.empty(n_query, np.uint64)
        for i in range(n_query):
            word = query_words[first + i]
            if 0 <= word < document_frequency.size and document_frequency[word] > 0:
                keys[n_known] = (np.uint64(word) << np.uint64(32)) | np.uint64(i)
                n_known += 1
        sort(keys[:n_known])  # brings the repetitions of a word together
        n, n_weighted, shift, i = 0, 0, 0.0, 0
        while i < n_known:
            word = int(np.int64(keys[i] >> np.uint64(32)))
            repeated = 0.0
            while i < n_known and np.int64(keys[i] >> np.uint64(32)) == word:
                repeated += query_weights[first + np.int64(keys[i] & _LOW_HALF)]
                i += 1
            if repeated == 0.0:
                continue
            df = document_frequency[word]
            weight = repeated * inverse_document_frequency(variant, float(df), float(n_documents))
            shift += weight * absent
            # Ascending keys: descending weights, then ascending words, whatever the query's order.
            # There is room: the words before this one took no more places than they had.
            keys[n] = ~key_of(np.float32(weight * scale), word)
            n += 1
        sort(keys[:n])
        for j in range(n):
            key = ~keys[j]
            words[first + j] = position_of(key)
            weights[first + j] = score_of(key)
            n_weighted += weights[first + j] > 0
        counts[q, 0], counts[q, 1] = n_weighted, n
        unweighted |= n_weighted < n
        shifts[q] = shift
    return unweighted
