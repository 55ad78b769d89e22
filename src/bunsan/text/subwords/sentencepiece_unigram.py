"""SentencePiece's Unigram, compiled: the best path through the pieces of a text (Kudo 2018, "Subword
Regularization").

It follows SentencePiece to the order and precision of additions, so that equal scores are decided
alike. Texts come normalized.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.text.subwords.encoding import Ids
from bunsan.text.subwords.wordpiece import SHIFT, PieceTable, slot_of

Places = NDArray[np.int32]
Pieces = tuple[Ids, Places, Places, NDArray[np.int64]]


class PieceScores(NamedTuple):
    """Pieces that text can match, with their scores.

    keys, nodes, value : the trie, as in `wordpiece.PieceTable`. user_keys, user_nodes, user_value : that
    of the pieces which are never cut. scores : float32, of each id. user : bool, of each id.
    unknown : the id of what matches nothing. least, greatest : scores of ordinary pieces.
    byte : (256) int32, ids of the pieces of bytes; empty where unknown characters stay whole.
    """

    keys: NDArray[np.int64]
    nodes: NDArray[np.int32]
    value: Ids
    user_keys: NDArray[np.int64]
    user_nodes: NDArray[np.int32]
    user_value: Ids
    scores: NDArray[np.float32]
    user: NDArray[np.bool_]
    unknown: int
    least: float
    greatest: float
    byte: Ids


def piece_scores(
    table: PieceTable,
    users: PieceTable,
    scores: NDArray[np.float32],
    user: NDArray[np.bool_],
    normal: NDArray[np.bool_],
    unknown: int,
    byte: Ids,
) -> PieceScores:
    """What the kernels need. normal : bool, which ids are ordinary pieces."""
    own = scores[normal] if normal.any() else np.zeros(1, np.float32)
    return PieceScores(
        table.keys,
        table.nodes,
        table.value,
        users.keys,
        users.nodes,
        users.value,
        scores,
        user,
        unknown,
        float(own.min()),
        float(own.max()),
        byte,
    )


@njit(nogil=True, cache=True, boundscheck=False)
def bytes_of(code: np.uint32) -> int:
    """How many bytes a character has in UTF-8."""
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


@njit(nogil=True, cache=True, boundscheck=False)
def byte_of(code: np.uint32, k: int) -> np.int64:
    """The k-th byte of a character."""
    value = np.int64(code)
    size = bytes_of(code)
    if size == 1:
        return value
    if k == 0:
        lead = 0xC0 if size == 2 else 0xE0 if size == 3 else 0xF0
        return lead | (value >> (6 * (size - 1)))
    return 0x80 | ((value >> (6 * (size - 1 - k))) & 0x3F)


@njit(nogil=True, cache=True, boundscheck=False)
def unigram(
    codes: NDArray[np.uint32],
    start: NDArray[np.int64],
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
    """The cheapest path of every text.

    Parameters
    ----------
    codes : characters of all texts. start : (texts + 1) where each begins.

    Returns
    -------
    ids, begins and ends (in `codes`) of pieces, and their count up to each text.
    """
    longest = 0
    for i in range(len(start) - 1):
        longest = max(longest, start[i + 1] - start[i])
    room = len(codes) * (4 if len(byte) else 1)
    ids = np.empty(room, np.int32)
    begins = np.empty(room, np.int32)
    ends = np.empty(room, np.int32)
    counts = np.zeros(len(start), np.int64)
    best = np.empty(longest + 1, np.float32)
    origin = np.empty(longest + 1, np.int32)
    which = np.empty(longest + 1, np.int32)
    path = np.empty(longest + 1, np.int32)
    missing = np.float32(least) - np.float32(10.0)
    count = 0
    for i in range(len(start) - 1):
        low = start[i]
        n = start[i + 1] - low
        origin[: n + 1] = -1
        best[0] = 0
        for at in range(n):
            here = best[at]
            single = False
            node = np.int64(0)
            size = 0
            for k in range(at, n):
                code = codes[low + k]
                slot = slot_of((node << SHIFT) | np.int64(code), keys)
                if keys[slot] < 0:
                    break
                node = np.int64(nodes[slot])
                size += bytes_of(code)
                piece = value[node]
                if piece < 0:
                    continue
                if user[piece]:
                    way = np.float32(size * np.float32(greatest) - 0.1 + here)
                else:
                    way = scores[piece] + here
                if origin[k + 1] < 0 or way > best[k + 1]:
                    best[k + 1] = way
                    origin[k + 1] = at
                    which[k + 1] = piece
                if k == at:
                    single = True
            if not single:
                way = missing + here
                if origin[at + 1] < 0 or way > best[at + 1]:
                    best[at + 1] = way
                    origin[at + 1] = at
                    which[at + 1] = unknown
        length = 0
        at = n
        while at > 0:
            path[length] = at
            length += 1
            at = origin[at]
        for k in range(length - 1, -1, -1):
            end = path[k]
            count = put(
                ids,
                begins,
                ends,
                count,
                counts[i],
                codes,
                low,
                origin[end],
                end,
                which[end],
                unknown,
                byte,
            )
        counts[i + 1] = count
    return ids[:count], begins[:count], ends[:count], counts


@njit(nogil=True, cache=True, boundscheck=False)
def put(
    ids: Ids,
    begins: Places,
    ends: Places,
    count: int,
    first: int,
    codes: NDArray[np.uint32],
    low: int,
    begin: int,
    end: int,
    piece: np.int64,
    unknown: int,
    byte: Ids,
) -> int:
    """One more piece behind `count` others, of which the text's own begin at `first`. What is unknown
    becomes bytes, or is joined to what is unknown before it."""
    if piece == unknown and len(byte):
        for at in range(begin, end):
            for k in range(bytes_of(codes[low + at])):
                ids[count] = byte[byte_of(codes[low + at], k)]
                begins[count] = low + at
                ends[count] = low + at + 1
                count += 1
        return count
    if piece == unknown and count > first and ids[count - 1] == unknown:
        ends[count - 1] = low + end
        return count
    ids[count] = piece
    begins[count] = low + begin
    ends[count] = low + end
    return count + 1
