"""The inverted index of one segment: for every word, the documents that have it and how often.

Nothing here depends on other segments, on the number of documents or on BM25's constants, so a
segment's postings are written once and never again.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# A word in more than 1 of this many documents also gets a bitmap, which tells in one step whether a
# document has the word and where. It takes 12 bytes for 64 documents, so less than 12 a posting.
BITMAP_SHARE = 64

_UNSEARCHABLE = np.iinfo(np.int32).max
_LARGEST_SEGMENT = np.iinfo(np.int32).max  # tokens; positions are int32 while the index is built


def build_postings(
    word: NDArray[np.int32], document: NDArray[np.int64], searchable: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """Invert the tokens of one segment of n tokens, D documents, V words known to the collection.

    Parameters
    ----------
    word : int32[n], the global id of each token's word.
    document : int64[D+1], the token at which each document begins; the last entry is n.
    searchable : bool[V], the words to index; tokens of other words do not count as length either.

    Returns
    -------
    Arrays for `save_arrays`; T words occur, P (word, document) pairs, B words have a bitmap:

    terms : int32[T], the global ids that occur, ascending.
    indptr : int64[T+1]; docs[indptr[t]:indptr[t+1]] are the documents of terms[t].
    docs : uint32[P], ascending within a word.
    tf : uint8, uint16 or uint32 [P], how often the word occurs in the document.
    length : uint32[D], searchable tokens of each document.
    bitmap_row : int32[T], the row of the word's bitmap, -1 for a word that has none.
    bitmap : uint64[B, ceil(D/64)], bit d%64 of entry d//64 tells whether document d has the word.
    bitmap_rank : uint32[B, ceil(D/64)], how many of the word's documents come before each entry.
    """
    if word.size > _LARGEST_SEGMENT:
        raise ValueError(f"a segment of {word.size} tokens; {_LARGEST_SEGMENT} is the most")
    n_documents = document.size - 1
    # One row a word: last document, count, count in that document. Sixteen bytes, so that the three
    # are always in one cache line: the table is read at random, once a token.
    state = np.zeros((searchable.size, 4), np.int32)
    state[:, 0] = np.where(searchable, -1, _UNSEARCHABLE)
    length = np.zeros(n_documents, np.uint32)
    most = _count(word, document, state, length)
    terms = np.flatnonzero(state[:, 1]).astype(np.int32)
    indptr = np.zeros(terms.size + 1, np.int64)
    np.cumsum(state[terms, 1], out=indptr[1:])

    state[:, 0] = np.where(searchable, -1, _UNSEARCHABLE)
    state[terms, 1] = indptr[:-1]
    docs = np.empty(int(indptr[-1]), np.uint32)
    tf = np.empty(docs.size, np.min_scalar_type(most))
    _fill(word, document, state, docs, tf)
    del state

    df = np.diff(indptr)
    frequent = df * BITMAP_SHARE > n_documents
    row = np.full(terms.size, -1, np.int32)
    row[frequent] = np.arange(np.count_nonzero(frequent), dtype=np.int32)
    shape = (int(np.count_nonzero(frequent)), (n_documents + 63) // 64)
    bitmap, rank = np.zeros(shape, np.uint64), np.zeros(shape, np.uint32)
    _mark(np.flatnonzero(frequent), indptr, docs, bitmap, rank)
    return {
        "terms": terms,
        "indptr": indptr,
        "docs": docs,
        "tf": tf,
        "length": length,
        "bitmap_row": row,
        "bitmap": bitmap,
        "bitmap_rank": rank,
    }


@njit(nogil=True, cache=True)
def _count(
    word: NDArray[np.int32],
    document: NDArray[np.int64],
    state: NDArray[np.int32],
    length: NDArray[np.uint32],
) -> int:
    """Document frequencies into state[:, 1] and lengths; returns the greatest tf."""
    most = np.int32(0)
    for d in range(length.size):
        n = 0
        for w in word[document[d] : document[d + 1]]:
            last = state[w, 0]
            if last == _UNSEARCHABLE:
                continue
            n += 1
            if last == d:
                state[w, 2] += 1
            else:
                state[w, 0] = d
                state[w, 1] += 1
                state[w, 2] = 1
            most = max(most, state[w, 2])
        length[d] = n
    return int(most)


@njit(nogil=True, cache=True)
def _fill(
    word: NDArray[np.int32],
    document: NDArray[np.int64],
    state: NDArray[np.int32],
    docs: NDArray[np.uint32],
    tf: NDArray[Any],
) -> None:
    """The second half of a counting sort: state[w, 1] is where the word's next document goes."""
    for d in range(document.size - 1):
        for w in word[document[d] : document[d + 1]]:
            last = state[w, 0]
            if last == _UNSEARCHABLE:
                continue
            here = state[w, 1]
            if last == d:
                tf[here - 1] += 1
            else:
                state[w, 0] = d
                state[w, 1] = here + 1
                docs[here] = d
                tf[here] = 1


@njit(nogil=True, cache=True)
def _mark(
    frequent: NDArray[np.int64],
    indptr: NDArray[np.int64],
    docs: NDArray[np.uint32],
    bitmap: NDArray[np.uint64],
    rank: NDArray[np.uint32],
) -> None:
    """Set the bits of the frequent words and count those before each 64."""
    for row in range(frequent.size):
        t = frequent[row]
        for d in docs[indptr[t] : indptr[t + 1]]:
            bitmap[row, d >> 6] |= np.uint64(1) << np.uint64(d & 63)
            if (d >> 6) + 1 < rank.shape[1]:
                rank[row, (d >> 6) + 1] += 1
        for i in range(1, rank.shape[1]):
            rank[row, i] += rank[row, i - 1]
