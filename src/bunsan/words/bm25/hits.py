"""Hits: a score and a document in one integer, whose order is that of the results."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.bm25.order import sort

_LAST = np.uint64(0xFFFFFFFF)


@njit(nogil=True, cache=True)
def key_of(score: np.float32, position: int) -> np.uint64:
    """One number that orders hits: by score, and among equals by position, the earlier greater.

    The bits of floats that are not negative are in the order of the floats.
    """
    bits = np.uint64(np.float32(score).view(np.uint32))
    return (bits << np.uint64(32)) | (_LAST - np.uint64(position))


@njit(nogil=True, cache=True)
def position_of(key: np.uint64) -> int:
    """The position that `key_of` was given."""
    return int(np.int64(_LAST - (key & _LAST)))


@njit(nogil=True, cache=True)
def score_of(key: np.uint64) -> np.float32:
    """The score that `key_of` was given."""
    return np.uint32(key >> np.uint64(32)).view(np.float32)


@njit(nogil=True, cache=True)
def finish(
    hits: NDArray[np.uint64],
    n_hits: NDArray[np.int64],
    first_positions: NDArray[np.int64],
    segment: NDArray[np.int32],
    document: NDArray[np.int64],
    score: NDArray[np.float32],
) -> None:
    """Write the hits of each query, the best first; what is left of a row stays as it is."""
    for q in range(n_hits.size):
        keys = hits[q, : n_hits[q]]
        sort(keys)
        for j in range(keys.size):
            key = keys[keys.size - 1 - j]
            position = position_of(key)
            s = 0
            while s + 1 < first_positions.size and first_positions[s + 1] <= position:
                s += 1
            segment[q, j] = s
            document[q, j] = position - first_positions[s]
            score[q, j] = score_of(key)
