"""The buckets of all character n-grams of a vocabulary at once, as training needs them.

Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information", section 3.2. What the
n-grams of one word are and how they are hashed is told in `bunsan.words.vectors.ngrams`; this is the
same for a million words in a second.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.vectors.ngrams import END_OF_SENTENCE, second_spelling


class NgramIndex(NamedTuple):
    """Which rows of the n-gram matrix each word is made from.

    start : int64[V+1]; word w has the rows `row[start[w]:start[w + 1]]`. row : int32, an n-gram's
    place in `buckets`. buckets : int64[U], the buckets that occur, ascending.
    """

    start: NDArray[np.int64]
    row: NDArray[np.int32]
    buckets: NDArray[np.int64]


def index_ngrams(
    words: Sequence[str],
    minn: int,
    maxn: int,
    bucket: int,
    readings: Sequence[str] | None = None,
) -> NgramIndex:
    """The n-grams of `minn` to `maxn` characters of every word, hashed to `bucket` buckets.

    Those of its reading follow where there are `readings`, one for each word ("": none).
    """
    # A word that has no n-grams is written as nothing at all; all others have two bytes or more.
    texts = [b"" if word == END_OF_SENTENCE else f"<{word}>".encode() for word in words]
    if readings is not None:
        seconds = map(second_spelling, words, readings)
        both = zip(texts, [f"<{text}>".encode() if text else b"" for text in seconds], strict=True)
        texts = [text for pair in both for text in pair]
    start = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=start[1:])
    data = np.frombuffer(b"".join(texts), np.uint8)
    count = np.zeros(len(texts) + 1, np.int64)
    _enumerate(data, start, minn, maxn, bucket, count, np.empty(0, np.int64))
    ends = np.cumsum(count)
    row = np.empty(int(ends[-1]), np.int64)
    _enumerate(data, start, minn, maxn, bucket, ends, row)
    used = np.zeros(bucket, np.bool_)
    used[row] = True
    buckets = np.flatnonzero(used)
    place = np.cumsum(used, dtype=np.int32) - 1
    if readings is not None:
        ends = np.ascontiguousarray(ends[::2])  # a word and its reading are one
    return NgramIndex(ends, place[row].astype(np.int32), buckets)


@njit(nogil=True, cache=True)
def _enumerate(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    minn: int,
    maxn: int,
    bucket: int,
    ends: NDArray[np.int64],
    row: NDArray[np.int64],
) -> None:
    """With an empty `row`, count the n-grams of word w in ends[w + 1]; else write their buckets."""
    for word in range(start.size - 1):
        begin, end = start[word], start[word + 1]
        at = ends[word]
        n_found = 0
        for i in range(begin, end):
            if data[i] & 0xC0 == 0x80:  # inside a character
                continue
            code = np.uint32(2166136261)
            characters = 0
            j = i
            while j < end and characters < maxn:
                while True:
                    byte = np.uint32(data[j])
                    if byte > 127:
                        byte |= np.uint32(0xFFFFFF00)
                    code = np.uint32((code ^ byte) * np.uint32(16777619))
                    j += 1
                    if j >= end or data[j] & 0xC0 != 0x80:
                        break
                characters += 1
                if characters < minn or (characters == 1 and (i == begin or j == end)):
                    continue
                if row.size:
                    row[at + n_found] = code % np.uint32(bucket)
                n_found += 1
        if not row.size:
            ends[word + 1] = n_found
