"""BM25 search over a collection of segments: exact, deterministic, from any number of threads."""

import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.words.bm25 import kernels
from bunsan.words.bm25.formulas import Bm25Parameters
from bunsan.words.bm25.hits import finish, key_of, position_of
from bunsan.words.bm25.impacts import RANKS
from bunsan.words.bm25.order import find
from bunsan.words.bm25.queries import prepare
from bunsan.words.bm25.statistics import Statistics

SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-6, 1e6  # what float32 sums bear with any other constant
_MOST_DOCUMENTS = 2**32  # a hit is a score and a 32-bit position in one integer

# distinct words, weights, shifts, counts, whether any word has weight zero; see `queries.prepare`
_Prepared = tuple[
    NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], bool
]
Hits = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """One segment as the kernels read it; the arrays are described where they are made.

    Made by `SegmentIndex.of`, from memory or from mapped files alike.
    """

    terms: NDArray[np.int32]
    indptr: NDArray[np.int64]
    docs: NDArray[np.uint32]
    impact: NDArray[np.float32]
    best: NDArray[np.float32]
    bitmap_row: NDArray[np.int32]
    bitmap: NDArray[np.uint64]
    bitmap_rank: NDArray[np.uint32]
    removed: NDArray[np.uint32]
    n_documents: int

    @classmethod
    def of(
        cls, postings: Mapping[str, NDArray[Any]], impacts: Mapping[str, NDArray[Any]]
    ) -> "SegmentIndex":
        """Join what `build_postings` and `compute_impacts` returned for the same segment.

        Raises
        ------
        ValueError : they are not of the same segment.
        """
        if impacts["impact"].shape != postings["docs"].shape or (
            impacts["best"].shape != (postings["terms"].size, len(RANKS))
        ):
            raise ValueError("these impacts were computed for other postings")
        return cls(
            terms=_plain(postings["terms"]),
            indptr=_plain(postings["indptr"]),
            docs=_plain(postings["docs"]),
            impact=_plain(impacts["impact"]),
            best=_plain(impacts["best"]),
            bitmap_row=_plain(postings["bitmap_row"]),
            bitmap=_plain(postings["bitmap"]),
            bitmap_rank=_plain(postings["bitmap_rank"]),
            removed=_plain(impacts["removed"]),
            n_documents=postings["length"].size,
        )


def _column(k: int) -> int:
    """The column of `best` whose rank is no smaller than k, -1 if there is none."""
    column = bisect_left(RANKS, k)
    return column if column < len(RANKS) else -1


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only view: one type, hence one compiled kernel, for arrays mapped and computed."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


@dataclass(slots=True)
class _Room:
    """Working memory of one thread, as large as the largest segment."""

    accumulator: NDArray[np.float32]
    candidates: NDArray[np.uint32]
    scores: NDArray[np.float32]


class Bm25:
    """Ranks the documents of a collection for queries of word ids.

    Ranked are the documents, neither removed nor disallowed, that have at least one word of the
    query. Their score is the variant's formula summed over all words of the query; a word given
    twice counts twice, a word no document has counts nothing. With BM25L and BM25+ the sum includes
    what a word gives to documents that lack it (see `formulas`), the same for all documents.

    Results are exact: the k greatest of the scores that `scores` returns, equal ones in the order
    of segments and documents. Any number of threads may search at the same time.

    Parameters
    ----------
    segments : of the collection, in its order.
    statistics : of all of them, those from which their impacts were computed.
    parameters : likewise.

    Raises
    ------
    ValueError : more than 2**32 documents.
    """

    def __init__(
        self,
        segments: Sequence[SegmentIndex],
        statistics: Statistics,
        parameters: Bm25Parameters | None = None,
    ) -> None:
        self.segments = list(segments)
        self.parameters = Bm25Parameters() if parameters is None else parameters
        sizes = [segment.n_documents for segment in self.segments]
        self._first_positions = np.cumsum([0, *sizes], dtype=np.int64)[: len(sizes)]
        self._offsets = self._first_positions.tolist()
        self._n_documents = sum(sizes)
        if self._n_documents > _MOST_DOCUMENTS:
            raise ValueError(f"{self._n_documents} documents; {_MOST_DOCUMENTS} is the most")
        self._largest = max(sizes, default=0)
        shape = self.parameters.shape
        self._constants = (
            statistics.document_frequency,
            statistics.documents,
            self.parameters.code,
            shape.scale,
            shape.absent,
        )
        self._local = threading.local()

    def search(
        self,
        word_ids: ArrayLike,
        k: int = 10,
        weights: ArrayLike | None = None,
        allowed: Sequence[NDArray[np.bool_]] | None = None,
    ) -> Hits:
        """The best k documents for one query.

        Parameters
        ----------
        word_ids : global ids, of any number; ids the collection does not know (-1) are passed over.
        k : how many documents are wanted, at least 1.
        weights : a factor for each of `word_ids`, 0 (leave the word out) or 1e-6 to 1e6.
        allowed : bool[D] for each segment; documents with False are not returned.

        Returns
        -------
        segment int32[h], document int64[h] (within its segment), score float32[h]: the best first,
        h at most k.

        Raises
        ------
        ValueError : k is below 1, or weights or masks of wrong shape or value.
        """
        words = np.asarray(word_ids, np.int64)
        offsets = np.array((0, words.size), np.int64)
        segment, document, score, found = self._search(offsets, words, weights, k, allowed)
        n = int(found[0])
        return segment[0, :n], document[0, :n], score[0, :n]

    def search_many(
        self,
        queries: Sequence[Sequence[int] | NDArray[np.integer[Any]]],
        k: int = 10,
        weights: Sequence[ArrayLike] | None = None,
        allowed: Sequence[NDArray[np.bool_]] | None = None,
        threads: int = 1,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
        """The best k documents for each of Q queries, as `search` finds them with less overhead.

        `allowed` holds for all queries; `threads` share the queries among them.

        Returns
        -------
        segment int32[Q, h], document int64[Q, h], score float32[Q, h], h being k or the number of
        documents if that is less; where a query has fewer hits the rest of its row is -1, -1 and 0.
        """
        offsets = np.zeros(len(queries) + 1, np.int64)
        np.cumsum([len(query) for query in queries], out=offsets[1:])
        words = np.fromiter(chain.from_iterable(queries), np.int64, int(offsets[-1]))
        flat = None
        if weights is not None:
            factors = [np.asarray(one, np.float64) for one in weights]
            if [one.shape for one in factors] != [(len(query),) for query in queries]:
                raise ValueError("weights must have the shape of the queries")
            flat = np.concatenate(factors) if factors else np.empty(0)
        if threads <= 1 or len(queries) < 2:
            return self._search(offsets, words, flat, k, allowed)[:3]

        def share(first: int, last: int) -> Hits:
            a, b = offsets[first], offsets[last]
            some = None if flat is None else flat[a:b]
            return self._search(offsets[first : last + 1] - a, words[a:b], some, k, allowed)[:3]

        cuts = np.linspace(0, len(queries), min(threads, len(queries)) + 1).astype(int).tolist()
        with ThreadPoolExecutor(len(cuts) - 1) as pool:
            segment, document, score = zip(*pool.map(share, cuts[:-1], cuts[1:]), strict=True)
        return np.concatenate(segment), np.concatenate(document), np.concatenate(score)

    def scores(
        self, word_ids: ArrayLike, weights: ArrayLike | None = None
    ) -> list[NDArray[np.float32]]:
        """The score of every document, float32[D] for each segment; 0 for removed documents.

        Documents without any word of the query get their formula's value too, which is above zero
        for BM25L and BM25+.
        """
        words = np.asarray(word_ids, np.int64)
        offsets = np.array((0, words.size), np.int64)
        words, weight, shifts, counts, _ = self._prepare(offsets, words, weights)
        n = counts[0, 0]
        dense = []
        for index in self.segments:
            score = np.zeros(index.n_documents, np.float32)
            arrays = index.terms, index.indptr, index.docs, index.impact
            kernels.add_scores(words[:n], weight[:n], *arrays, score)
            score += shifts[0]
            score[index.removed] = 0
            dense.append(score)
        return dense

    def _prepare(
        self, offsets: NDArray[np.int64], words: NDArray[np.int64], weights: ArrayLike | None
    ) -> _Prepared:
        """Queries as kernels take them."""
        if words.ndim != 1:
            raise ValueError("a query is a sequence of word ids")
        if weights is None:
            factors = np.ones(words.size)
        else:
            factors = np.asarray(weights, np.float64)
            if factors.shape != words.shape:
                raise ValueError("weights must have the shape of the query")
            usable = (factors >= SMALLEST_WEIGHT) & (factors <= LARGEST_WEIGHT)
            if not (usable | (factors == 0)).all():
                raise ValueError(f"weights must be 0 or {SMALLEST_WEIGHT:g} to {LARGEST_WEIGHT:g}")
        n_queries = offsets.size - 1
        distinct, weight = np.empty(words.size, np.int64), np.empty(words.size, np.float32)
        shifts, counts = np.empty(n_queries, np.float32), np.empty((n_queries, 2), np.int64)
        unweighted = prepare(
            offsets, words, factors, *self._constants, distinct, weight, shifts, counts
        )
        return distinct, weight, shifts, counts, unweighted

    def _search(
        self,
        offsets: NDArray[np.int64],
        words: NDArray[np.int64],
        weights: ArrayLike | None,
        k: int,
        allowed: Sequence[NDArray[np.bool_]] | None,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
        """Rows of k hits, and how many each row has."""
        if k < 1:
            raise ValueError(f"k is {k}; it must be at least 1")
        if allowed is not None and [mask.shape for mask in allowed] != [
            (segment.n_documents,) for segment in self.segments
        ]:
            raise ValueError("allowed must have one mask for each segment, as long as it")
        words, weight, shifts, counts, unweighted = self._prepare(offsets, words, weights)
        k = max(1, min(k, self._n_documents))
        shape = (counts.shape[0], k)
        hits, found = np.empty(shape, np.uint64), np.zeros(shape[0], np.int64)
        column = -1 if allowed is not None else _column(k)
        room = self._room()
        for i, index in enumerate(self.segments):
            accumulator = room.accumulator[: index.n_documents]
            if allowed is not None:
                np.putmask(accumulator, ~allowed[i], -np.inf)
            try:
                kernels.search_segment(
                    offsets,
                    words,
                    weight,
                    shifts,
                    counts,
                    column,
                    allowed is not None,
                    self._offsets[i],
                    index.terms,
                    index.indptr,
                    index.docs,
                    index.impact,
                    index.best,
                    index.bitmap_row,
                    index.bitmap,
                    index.bitmap_rank,
                    accumulator,
                    room.candidates,
                    room.scores,
                    hits,
                    found,
                )
            finally:
                if allowed is not None:
                    accumulator[:] = 0
        if unweighted:
            for q in np.flatnonzero((counts[:, 0] < counts[:, 1]) & (found < k)):
                a, b = offsets[q] + counts[q]
                found[q] = self._add_unweighted(words[a:b], shifts[q], allowed, hits[q], found[q])
        segment, document = np.full(shape, -1, np.int32), np.full(shape, -1, np.int64)
        score = np.zeros(shape, np.float32)
        finish(hits, found, self._first_positions, segment, document, score)
        return segment, document, score, found

    def _add_unweighted(
        self,
        words: NDArray[np.int64],
        shift: np.float32,
        allowed: Sequence[NDArray[np.bool_]] | None,
        hits: NDArray[np.uint64],
        found: int,
    ) -> int:
        """Append to `hits` the documents that have some of `words`, all of weight zero.

        Words of a query may have an idf of zero (see `formulas`). Documents that have no other word
        of it come after all others, in their order; a word that every document has still finds
        them. Returns the number of hits.
        """
        known = [position_of(key) for key in hits[:found]]
        for i, index in enumerate(self.segments):
            has = np.zeros(index.n_documents, np.bool_)
            for word in words:
                t = find(index.terms, word)
                if t >= 0:
                    has[index.docs[index.indptr[t] : index.indptr[t + 1]]] = True
            has[index.removed] = False
            if allowed is not None:
                has &= allowed[i]
            first = self._offsets[i]
            has[[p - first for p in known if first <= p < first + index.n_documents]] = False
            for d in np.flatnonzero(has)[: hits.size - found]:
                hits[found] = key_of(shift, first + d)
                found += 1
        return found

    def _room(self) -> _Room:
        room: _Room | None = getattr(self._local, "room", None)
        if room is None:
            n = self._largest + 1
            room = _Room(np.zeros(n, np.float32), np.empty(n, np.uint32), np.empty(n, np.float32))
            self._local.room = room
        return room
