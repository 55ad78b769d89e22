"""SentencePiece's BPE, compiled: neighbours joined, the best pair first (Sennrich, Haddow and Birch 2016).

Of equal pairs the leftmost is first, as there. Texts come normalized.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.text.subwords.encoding import Ids
from bunsan.text.subwords.sentencepiece_unigram import Pieces, Places, put
from bunsan.text.subwords.wordpiece import SHIFT, slot_of


@njit(nogil=True, cache=True, boundscheck=False)
def _exact(
    codes: NDArray[np.uint32],
    begin: int,
    end: int,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
) -> np.int64:
    """The id of the piece that some characters spell; -1 for none."""
    node = np.int64(0)
    for k in range(begin, end):
        slot = slot_of((node << SHIFT) | np.int64(codes[k]), keys)
        if keys[slot] < 0:
            return np.int64(-1)
        node = np.int64(nodes[slot])
    return np.int64(value[node])


@njit(nogil=True, cache=True, boundscheck=False)
def bpe(
    codes: NDArray[np.uint32],
    start: NDArray[np.int64],
    joins: bool,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
    user_keys: NDArray[np.int64],
    user_nodes: NDArray[np.int32],
    user_value: Ids,
    scores: NDArray[np.float32],
    user: NDArray[np.bool_],
    unknown: int,
    least: float,
    greatest: float,
    byte: Ids,
) -> Pieces:
    """Characters joined, the pair with the best score first and of equals the leftmost; as `unigram`.

    joins : False leaves the characters as they are (a model of characters).
    """
    longest = 0
    for i in range(len(start) - 1):
        longest = max(longest, start[i + 1] - start[i])
    room = len(codes) * (4 if len(byte) else 1)
    ids = np.empty(room, np.int32)
    begins = np.empty(room, np.int32)
    ends = np.empty(room, np.int32)
    counts = np.zeros(len(start), np.int64)
    # Symbols: their characters (none once they were joined to one before them), neighbours, and
    # whether they are never joined.
    left = np.empty(longest + 1, np.int32)
    right = np.empty(longest + 1, np.int32)
    before = np.empty(longest + 1, np.int32)
    behind = np.empty(longest + 1, np.int32)
    frozen = np.empty(longest + 1, np.bool_)
    # A heap of pairs: score, left symbol, right symbol, characters of both.
    heap_score = np.empty(3 * longest + 4, np.float32)
    heap = np.empty((3 * longest + 4, 3), np.int32)
    count = 0
    for i in range(len(start) - 1):
        low = start[i]
        n = start[i + 1] - low
        symbols = 0
        at = 0
        while at < n:
            stop = at + 1
            kept = False
            node = np.int64(0)
            for k in range(at, n):
                slot = slot_of((node << SHIFT) | np.int64(codes[low + k]), user_keys)
                if user_keys[slot] < 0:
                    break
                node = np.int64(user_nodes[slot])
                if user_value[node] >= 0:
                    stop = k + 1
                    kept = True
            left[symbols] = at
            right[symbols] = stop
            before[symbols] = symbols - 1
            behind[symbols] = symbols + 1
            frozen[symbols] = kept
            symbols += 1
            at = stop
        if symbols:
            behind[symbols - 1] = -1
        size = 0
        if joins:
            for k in range(symbols - 1):
                size = _pair(
                    k,
                    k + 1,
                    left,
                    right,
                    frozen,
                    codes,
                    low,
                    keys,
                    nodes,
                    value,
                    scores,
                    heap_score,
                    heap,
                    size,
                )
        while size:
            one, two, width = heap[0, 0], heap[0, 1], heap[0, 2]
            size = _popped(heap_score, heap, size)
            if (
                right[one] == left[one]
                or right[two] == left[two]
                or right[two] - left[one] != width
                or behind[one] != two
            ):
                continue
            right[one] = right[two]
            right[two] = left[two]
            behind[one] = behind[two]
            if behind[two] >= 0:
                before[behind[two]] = one
            if before[one] >= 0:
                size = _pair(
                    before[one],
                    one,
                    left,
                    right,
                    frozen,
                    codes,
                    low,
                    keys,
                    nodes,
                    value,
                    scores,
                    heap_score,
                    heap,
                    size,
                )
            if behind[one] >= 0:
                size = _pair(
                    one,
                    behind[one],
                    left,
                    right,
                    frozen,
                    codes,
                    low,
                    keys,
                    nodes,
                    value,
                    scores,
                    heap_score,
                    heap,
                    size,
                )
        k = 0 if symbols else -1
        while k >= 0:
            piece = _exact(codes, low + left[k], low + right[k], keys, nodes, value)
            if piece < 0:
                piece = np.int64(unknown)
            count = put(
                ids,
                begins,
                ends,
                count,
                counts[i],
                codes,
                low,
                left[k],
                right[k],
                piece,
                unknown,
                byte,
            )
            k = behind[k]
        counts[i + 1] = count
    return ids[:count], begins[:count], ends[:count], counts


@njit(nogil=True, cache=True, boundscheck=False)
def _pair(
    one: int,
    two: int,
    left: Places,
    right: Places,
    frozen: NDArray[np.bool_],
    codes: NDArray[np.uint32],
    low: int,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
    scores: NDArray[np.float32],
    heap_score: NDArray[np.float32],
    heap: NDArray[np.int32],
    size: int,
) -> int:
    """Two neighbours put into the heap if they spell a piece; its size."""
    if frozen[one] or frozen[two]:
        return size
    piece = _exact(codes, low + left[one], low + right[two], keys, nodes, value)
    if piece < 0:
        return size
    score = scores[piece]
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if not _better(score, one, heap_score[parent], heap[parent, 0]):
            break
        heap_score[at] = heap_score[parent]
        heap[at] = heap[parent]
        at = parent
    heap_score[at] = score
    heap[at, 0] = one
    heap[at, 1] = two
    heap[at, 2] = right[two] - left[one]
    return size + 1


@njit(nogil=True, cache=True, boundscheck=False)
def _better(score: float, one: int, other: float, two: int) -> bool:
    return score > other or (score == other and one < two)


@njit(nogil=True, cache=True, boundscheck=False)
def _popped(heap_score: NDArray[np.float32], heap: NDArray[np.int32], size: int) -> int:
    """The heap without its best; its size."""
    size -= 1
    score = heap_score[size]
    one, two, width = heap[size, 0], heap[size, 1], heap[size, 2]
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _better(
            heap_score[child + 1], heap[child + 1, 0], heap_score[child], heap[child, 0]
        ):
            child += 1
        if not _better(heap_score[child], heap[child, 0], score, one):
            break
        heap_score[at] = heap_score[child]
        heap[at] = heap[child]
        at = child
    heap_score[at] = score
    heap[at, 0] = one
    heap[at, 1] = two
    heap[at, 2] = width
    return size
