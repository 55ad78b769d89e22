"""Vectors put together from character n-grams, also for words that were never seen."""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.text.readings import readings_of
from bunsan.words.vectors.matrix import Floats, Matrix, Storage
from bunsan.words.vectors.ngrams import END_OF_SENTENCE, ngram_buckets, second_spelling
from bunsan.words.vectors.strings import StringTable


@dataclass(frozen=True)
class Subwords:
    """fastText's n-gram vectors (Bojanowski et al. 2017, section 3.2).

    The vector of a known word is the mean of its own row and those of its n-grams; that of an
    unknown word the mean of those of its n-grams.

    Attributes
    ----------
    ngrams : [N, d], a vector for each bucket.
    minn, maxn : the lengths of n-grams in characters. bucket : how many there are to hash into.
    used : int64[N] ascending, the buckets that `ngrams` has the rows of; None: all, N = bucket.
        N-grams of other buckets are passed over.
    words : [V, d], the words' own rows, which fastText files hold; None where they were not kept.
    readings : a word has the n-grams of its reading in katakana too (`bunsan.text.readings`); see
        `bunsan.words.vectors.ngrams`.
    """

    ngrams: Matrix
    minn: int
    maxn: int
    bucket: int
    used: NDArray[np.int64] | None = None
    words: Matrix | None = None
    readings: bool = False

    def __post_init__(self) -> None:
        n = self.bucket if self.used is None else len(self.used)
        if len(self.ngrams) != n:
            raise ValueError(f"{len(self.ngrams)} rows for {n} buckets")
        if self.minn < 0 or self.maxn < 0 or self.bucket < 0:
            raise ValueError("minn, maxn and bucket cannot be negative")
        if self.used is not None and len(self.used):
            ascending = bool(np.all(np.diff(self.used) > 0))
            if not ascending or self.used[0] < 0 or self.used[-1] >= self.bucket:
                raise ValueError("buckets must be ascending and below their number")

    def rows(self, word: str) -> NDArray[np.int64]:
        """int64[n], the rows of `ngrams` that make up a word."""
        reading = readings_of([word])[0] if self.readings else ""
        return self._rows_of(ngram_buckets(word, self.minn, self.maxn, self.bucket, reading))

    def vector(self, word: str) -> Floats | None:
        """float32[d], the mean of a word's n-grams; None where it has none."""
        rows = self.rows(word)
        if not len(rows):
            return None
        return np.asarray(self.ngrams.take(rows).mean(axis=0), np.float32)

    def compose(self, table: StringTable, words: Matrix) -> Floats:
        """float32[V, d], the vectors of known words from their own rows [V, d] and their n-grams."""
        composed = np.array(words.take(slice(None)), np.float32)
        self._add(composed, table, True)
        return composed

    def own_rows(self, table: StringTable, composed: Matrix) -> Floats:
        """float32[V, d], the words' own rows that `compose` gives these vectors from.

        They are `words` where those were kept, and worked out otherwise (equal to rounding).
        """
        if self.words is not None:
            return self.words.take(slice(None))
        own = np.array(composed.take(slice(None)), np.float32)
        self._add(own, table, False)
        return own

    def without_readings(self, table: StringTable, composed: Matrix) -> "Subwords":
        """The same vectors of known words made of their characters alone, as fastText makes them.

        What readings gave to a known word goes into its own row; unknown words have to do without.
        """
        if not self.readings:
            return self
        folded = replace(self, readings=False, words=None)
        return replace(folded, words=Matrix(folded.own_rows(table, composed)))

    def to(self, storage: Storage) -> "Subwords":
        """The same in another storage."""
        words = None if self.words is None else self.words.to(storage)
        return replace(self, ngrams=self.ngrams.to(storage), words=words)

    def _rows_of(self, buckets: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.used is None:
            return buckets
        if not len(self.used):
            return np.empty(0, np.int64)
        places = np.minimum(np.searchsorted(self.used, buckets), len(self.used) - 1)
        return np.asarray(places[self.used[places] == buckets], np.int64)

    def _add(self, vectors: Floats, table: StringTable, forward: bool) -> None:
        """Own rows to means with their n-grams in place (`forward`), or back."""
        if self.used is None:
            row_of = np.arange(0, dtype=np.int32)
        else:
            row_of = np.full(self.bucket, -1, np.int32)
            row_of[self.used] = np.arange(len(self.used))
        values = self.ngrams.values
        if values.dtype == np.float16:  # compiled code has no float16
            values = values.astype(np.float32)
        scale = self.ngrams.scale
        if scale is None:
            scale = np.empty(0, np.float32)
        last = table.row(END_OF_SENTENCE)
        seconds: list[bytes] = []
        if self.readings:
            words = list(table)
            seconds = [s.encode() for s in map(second_spelling, words, readings_of(words))]
        second = np.frombuffer(b"".join(seconds), np.uint8)
        second_offsets = np.cumsum([0, *map(len, seconds)], dtype=np.int64)
        _add_ngrams(
            vectors, table.blob, table.offsets, second, second_offsets, values, scale, row_of, last,
            self.minn, self.maxn, self.bucket, forward,
        )  # fmt: skip


@njit(nogil=True, cache=True, boundscheck=False)
def word_ngrams(text, size, minn, maxn, bucket, found):  # type: ignore[no-untyped-def]
    """The buckets of one word written between '<' and '>' (uint8[size]) into `found`; how many.

    `found` must have room for size * min(size, maxn).
    """
    n_found = 0
    if bucket <= 0:
        return 0
    for start in range(size):
        if (text[start] & 0xC0) == 0x80:
            continue
        h = np.uint32(2166136261)
        end = start
        n = 0
        while end < size and n < maxn:
            n += 1
            while True:
                c = np.uint32(text[end])
                if c > 127:
                    c |= np.uint32(0xFFFFFF00)
                h = np.uint32((h ^ c) * np.uint32(16777619))
                end += 1
                if end >= size or (text[end] & 0xC0) != 0x80:
                    break
            if n >= minn and not (n == 1 and (start == 0 or end == size)):
                found[n_found] = np.int64(h) % bucket
                n_found += 1
    return n_found


@njit(nogil=True, cache=True)
def _write_marked(text, blob, start, end):  # type: ignore[no-untyped-def]
    """Bytes `start` to `end` between '<' and '>' into `text`; how many bytes those are."""
    size = end - start + 2
    text[0] = 60
    for i in range(size - 2):
        text[i + 1] = blob[start + i]
    text[size - 1] = 62
    return size


@njit(nogil=True, cache=True, error_model="numpy")
def _add_ngrams(  # type: ignore[no-untyped-def]
    vectors,
    blob,
    offsets,
    second,
    second_offsets,
    ngrams,
    scale,
    row_of,
    last,
    minn,
    maxn,
    bucket,
    forward,
):
    """Own rows to means with the n-grams (`forward`), or means back to own rows.

    `second` holds second spellings, as `blob` the words; there are none where it has no words at all.
    """
    longest = 0
    with_second = len(second_offsets) > 1
    for w in range(len(vectors)):
        longest = max(longest, offsets[w + 1] - offsets[w])
        if with_second:
            longest = max(longest, second_offsets[w + 1] - second_offsets[w])
    text = np.empty(longest + 2, np.uint8)
    found = np.empty(2 * (longest + 2) * max(min(maxn, longest + 2), 1), np.int64)
    d = vectors.shape[1]
    total = np.empty(d, np.float32)
    for w in range(len(vectors)):
        size = _write_marked(text, blob, offsets[w], offsets[w + 1])
        n = 0 if w == last else word_ngrams(text, size, minn, maxn, bucket, found)
        if with_second and second_offsets[w + 1] > second_offsets[w]:
            size = _write_marked(text, second, second_offsets[w], second_offsets[w + 1])
            n += word_ngrams(text, size, minn, maxn, bucket, found[n:])
        total[:] = 0
        rows = 0
        for i in range(n):
            row = found[i]
            if len(row_of):
                row = np.int64(row_of[row])
                if row < 0:
                    continue
            factor = scale[row] if len(scale) else np.float32(1)
            for j in range(d):
                total[j] += factor * ngrams[row, j]
            rows += 1
        parts = np.float32(rows + 1)
        for j in range(d):
            if forward:
                vectors[w, j] = (vectors[w, j] + total[j]) / parts
            else:
                vectors[w, j] = vectors[w, j] * parts - total[j]
