"""WordPiece and single characters over words, compiled: many words in, their pieces out.

Greedy longest match first (Schuster and Nakajima 2012; Devlin et al. 2019) along a trie whose steps
are found in one hash table. Words come as spans of code points, so that neither words nor pieces are
ever strings.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.text.subwords.encoding import Ids
from bunsan.text.subwords.normal import codes_of

SHIFT = 21  # bits of a code point


class PieceTable(NamedTuple):
    """A vocabulary as a trie. Node 0 begins words; `inside` begins the pieces that go on in them.

    keys, nodes : the hash table, from node << 21 | code point to the next node; keys are -1 where
        free. value : of each node the id of the piece that ends there, -1 for none.
    unknown : the id for what has no pieces. longest : characters a word may have.
    """

    keys: NDArray[np.int64]
    nodes: NDArray[np.int32]
    value: Ids
    inside: int
    unknown: int
    longest: int


def piece_table(
    vocabulary: Mapping[str, int], unknown: int, *, prefix: str = "##", longest: int = 100
) -> PieceTable:
    """The trie of a vocabulary; pieces that begin with `prefix` go on in a word."""
    tokens = list(vocabulary)
    lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
    start = np.concatenate([[0], np.cumsum(lengths)])
    codes = codes_of("".join(tokens))
    ids = np.fromiter(vocabulary.values(), np.int32, len(tokens))
    goes_on = np.fromiter(
        (bool(prefix) and t.startswith(prefix) for t in tokens), bool, len(tokens)
    )
    # A piece that goes on is put in twice, as what it spells and without its prefix.
    steps = int(start[-1] + lengths[goes_on].sum()) + 2
    size = 1 << (2 * steps).bit_length()
    keys, nodes, value = _build(codes, start, ids, goes_on, len(prefix), steps, size)
    return PieceTable(keys, nodes, value, 1, unknown, longest)


@njit(nogil=True, cache=True, boundscheck=False)
def _build(
    codes: NDArray[np.uint32],
    start: NDArray[np.int64],
    ids: Ids,
    goes_on: NDArray[np.bool_],
    prefix: int,
    steps: int,
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], Ids]:
    keys = np.full(size, -1, np.int64)
    nodes = np.zeros(size, np.int32)
    value = np.full(steps, -1, np.int32)
    count = 2
    for i in range(len(ids)):
        for inside in range(2):
            if inside and not goes_on[i]:
                continue
            node = np.int64(inside)
            first = start[i] + (prefix if inside else 0)
            if first == start[i + 1]:
                continue
            for k in range(first, start[i + 1]):
                key = (node << SHIFT) | np.int64(codes[k])
                at = slot_of(key, keys)
                if keys[at] < 0:
                    keys[at] = key
                    nodes[at] = count
                    count += 1
                node = np.int64(nodes[at])
            value[node] = ids[i]
    return keys, nodes, value[:count].copy()


@njit(nogil=True, cache=True, boundscheck=False)
def slot_of(key: np.int64, keys: NDArray[np.int64]) -> np.uint64:
    """Where a key is in the hash table, or the free place where it would be put."""
    mask = np.uint64(len(keys) - 1)
    at = (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    at &= mask
    while keys[at] >= 0 and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return at


@njit(nogil=True, cache=True, boundscheck=False)
def cut_pieces(
    codes: NDArray[np.uint32],
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    fixed: Ids,
    spaces: NDArray[np.bool_],
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
    inside: int,
    unknown: int,
    longest: int,
) -> tuple[Ids, NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """The pieces of words: ids, begins and ends (in `codes`), and their count up to each word.

    Parameters
    ----------
    begins, ends : (words) of each word in `codes`.
    fixed : (words) the one id of a word that is a special token, -1 for others.
    spaces : (65536) which characters are white space; words are cut there once more.
    The rest is a `PieceTable`.
    """
    total = 0
    for i in range(len(begins)):
        total += max(ends[i] - begins[i], 1)
    ids = np.empty(total, np.int32)
    piece_begin = np.empty(total, np.int32)
    piece_end = np.empty(total, np.int32)
    counts = np.zeros(len(begins) + 1, np.int64)
    count = 0
    for i in range(len(begins)):
        if fixed[i] >= 0:
            ids[count] = fixed[i]
            piece_begin[count] = begins[i]
            piece_end[count] = ends[i]
            count += 1
            counts[i + 1] = count
            continue
        begin = begins[i]
        while begin < ends[i]:
            if codes[begin] < 0x10000 and spaces[codes[begin]]:
                begin += 1
                continue
            end = begin
            while end < ends[i] and not (codes[end] < 0x10000 and spaces[codes[end]]):
                end += 1
            first = count
            at = begin
            if end - begin > longest:
                at = end
                first = -1
            while at < end:
                node = np.int64(0) if at == begin else np.int64(inside)
                found = -1
                stop = at
                for k in range(at, end):
                    slot = slot_of((node << SHIFT) | np.int64(codes[k]), keys)
                    if keys[slot] < 0:
                        break
                    node = np.int64(nodes[slot])
                    if value[node] >= 0:
                        found = value[node]
                        stop = k + 1
                if found < 0:
                    break
                ids[count] = found
                piece_begin[count] = at
                piece_end[count] = stop
                count += 1
                at = stop
            if first < 0 or at < end:
                count = max(first, 0) if first >= 0 else count
                ids[count] = unknown
                piece_begin[count] = begin
                piece_end[count] = end
                count += 1
            begin = end
        counts[i + 1] = count
    return ids[:count], piece_begin[:count], piece_end[:count], counts


@njit(nogil=True, cache=True, boundscheck=False)
def cut_characters(
    codes: NDArray[np.uint32],
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    fixed: Ids,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
    unknown: int,
) -> tuple[Ids, NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Each character a piece, the unknown one where the vocabulary lacks it; as `cut_pieces`."""
    total = 0
    for i in range(len(begins)):
        total += max(ends[i] - begins[i], 1)
    ids = np.empty(total, np.int32)
    piece_begin = np.empty(total, np.int32)
    piece_end = np.empty(total, np.int32)
    counts = np.zeros(len(begins) + 1, np.int64)
    count = 0
    for i in range(len(begins)):
        if fixed[i] >= 0:
            ids[count] = fixed[i]
            piece_begin[count] = begins[i]
            piece_end[count] = ends[i]
            count += 1
        else:
            for k in range(begins[i], ends[i]):
                slot = slot_of(np.int64(codes[k]), keys)
                found = value[nodes[slot]] if keys[slot] >= 0 else np.int32(-1)
                ids[count] = found if found >= 0 else unknown
                piece_begin[count] = k
                piece_end[count] = k + 1
                count += 1
        counts[i + 1] = count
    return ids[:count], piece_begin[:count], piece_end[:count], counts


WHITE = np.array([chr(i).isspace() for i in range(0x10000)])  # all there is, as str.split has it
