"""Exact top-k retrieval from one segment: MaxScore over impacts, with accumulators.

The plan is Turtle and Flood's (1995, "Query evaluation: strategies and optimizations"): words are
taken from the weightiest to the lightest, and once the words that are left cannot lift an unseen
document over the threshold, no new document is admitted; those already seen are looked up in the
lists that are left, and dropped when they fall out of reach. Lists are read term by term, which
lets the inner loops be a few instructions without branches.

The threshold is a score that k documents are known to reach. It starts from the k-th best impact
of each single word (see `impacts.RANKS`) and from the hits of earlier segments, and rises as sums
grow.

Every document's sum is formed in the same order of words, in every segment: equal documents get
equal scores, bit for bit. Bounds are sums of rounded numbers too, so all comparisons with the
threshold leave it a `slack` that exceeds what rounding can do; the result is exact, not nearly so.

A document that may not be returned is minus infinity: its impact if it was removed, its accumulator
if this query does not allow it. No sum reaches the threshold from there.
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bunsan.words.bm25.hits import key_of, score_of
from bunsan.words.bm25.order import find, kth_greatest, push
from bunsan.words.rows import prefetch

# Reading a whole list costs a step a posting; finding one document in it by bisection costs about
# as many steps as this.
_BISECTION_COST = 8

# Postings at the beginning of a list that are called for before they are needed.
_CALLED = 16 * 4
# Sums are called for so many postings before they are added to.
_AHEAD = 24


def _generate_count_ones(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


# How many bits of a uint64 are set, as one instruction.
_count_ones: Any = intrinsic(_generate_count_ones)


@njit(nogil=True, cache=True)
def _accumulate(
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    weight: np.float32,
    accumulator: NDArray[np.float32],
    candidates: NDArray[np.uint32],
    n: int,
) -> int:
    """Add one list to the sums; documents met for the first time become candidates."""
    m = n
    for j in range(docs.size):
        d = docs[j]
        prefetch(accumulator, np.int64(docs[min(j + _AHEAD, docs.size - 1)]))
        a = accumulator[d]
        candidates[m] = d
        m += a == 0
        accumulator[d] = a + weight * impact[j]
    return m


@njit(nogil=True, cache=True)
def _take_first(
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    weight: np.float32,
    rest: np.float32,
    low: np.float32,
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
) -> int:
    """The documents of one list that can still reach `low` with `rest` more."""
    m = 0
    for j in range(docs.size):
        a = weight * impact[j]
        candidates[m] = docs[j]
        scores[m] = a
        m += a + rest >= low
    return m


@njit(nogil=True, cache=True)
def _gather(
    accumulator: NDArray[np.float32],
    candidates: NDArray[np.uint32],
    n: int,
    scores: NDArray[np.float32],
) -> None:
    """Copy the sums so far beside their documents."""
    for j in range(n):
        scores[j] = accumulator[candidates[j]]


@njit(nogil=True, cache=True)
def _clear(accumulator: NDArray[np.float32], candidates: NDArray[np.uint32], n: int) -> None:
    for j in range(n):
        accumulator[candidates[j]] = 0


@njit(nogil=True, cache=True)
def _keep_within_reach(
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
    n: int,
    rest: np.float32,
    low: np.float32,
) -> int:
    """Drop the candidates that cannot reach `low` with `rest` more."""
    m = 0
    for j in range(n):
        a = scores[j]
        candidates[m] = candidates[j]
        scores[m] = a
        m += a + rest >= low
    return m


@njit(nogil=True, cache=True)
def _look_up_bitmap(
    bitmap: NDArray[np.uint64],
    rank: NDArray[np.uint32],
    impact: NDArray[np.float32],
    weight: np.float32,
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
    n: int,
) -> None:
    """Add a word that has a bitmap: the bit tells whether, the bits before it tell where."""
    one, six, low_six = np.uint64(1), np.uint64(6), np.uint64(63)
    for j in range(n):
        d = np.uint64(candidates[j])
        bits, place = bitmap[d >> six], d & low_six
        if (bits >> place) & one:
            before = bits & ((one << place) - one)
            scores[j] += weight * impact[np.uint64(rank[d >> six]) + _count_ones(before)]


@njit(nogil=True, cache=True)
def _look_up_bisecting(
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    weight: np.float32,
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
    n: int,
) -> None:
    """Add a list much longer than the candidates are many: find each one in it."""
    for j in range(n):
        d = candidates[j]
        base, length = np.uint64(0), np.uint64(docs.size)
        # Halving with a conditional move instead of a branch, which half of the time would be
        # predicted wrongly.
        while length > 1:
            half = length >> np.uint64(1)
            base += half * np.uint64(docs[base + half] <= d)
            length -= half
        if docs[base] == d:
            scores[j] += weight * impact[base]


@njit(nogil=True, cache=True)
def _look_up_scanning(
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    weight: np.float32,
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
    n: int,
    accumulator: NDArray[np.float32],
) -> None:
    """Add a list not much longer than the candidates are many: read all of it."""
    for j in range(n):
        accumulator[candidates[j]] = scores[j]
    for j in range(docs.size):
        d = docs[j]
        a = accumulator[d]
        accumulator[d] = a + weight * impact[j] if a > 0 else a
    _gather(accumulator, candidates, n, scores)
    _clear(accumulator, candidates, n)


@njit(nogil=True, cache=True)
def _search_one(
    places: NDArray[np.int64],
    weights: NDArray[np.float32],
    shift: np.float32,
    best_column: int,
    masked: bool,
    first_position: int,
    indptr: NDArray[np.int64],
    all_docs: NDArray[np.uint32],
    all_impacts: NDArray[np.float32],
    best: NDArray[np.float32],
    bitmap_row: NDArray[np.int32],
    bitmap: NDArray[np.uint64],
    bitmap_rank: NDArray[np.uint32],
    accumulator: NDArray[np.float32],
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
    partial_heap: NDArray[np.float32],
    hits: NDArray[np.uint64],
    n_hits: int,
) -> int:
    """One query in one segment, its words by their places there; see `search_segment`."""
    # The words of the query that this segment has.
    term = np.empty(places.size, np.int64)
    weight = np.empty(places.size, np.float32)
    threshold = np.float32(0)
    if n_hits == hits.size:
        threshold = max(threshold, score_of(hits[0]) - shift)
    n_terms = 0
    for i in range(places.size):
        t = places[i]
        if t >= 0:
            term[n_terms], weight[n_terms] = t, weights[i]
            n_terms += 1
            if best_column >= 0:
                threshold = max(threshold, weights[i] * best[t, best_column])
    if n_terms == 0:
        return n_hits

    # rest[i]: the most that words i and later can add to a document.
    rest = np.zeros(n_terms + 1, np.float32)
    for i in range(n_terms - 1, -1, -1):
        rest[i] = rest[i + 1] + weight[i] * best[term[i], 0]
    # Each of the two sums compared has a relative error under n_terms roundings, a score one more
    # from its shift, the threshold one from taking the shift off.
    slack = np.float32(2 * n_terms + 8) * np.float32(2.0**-24)
    low = threshold - slack * (threshold + shift)

    i, n = 0, 0
    if rest[1] < low and not masked:
        begin, end = indptr[term[0]], indptr[term[0] + 1]
        docs, impact = all_docs[begin:end], all_impacts[begin:end]
        n = _take_first(docs, impact, weight[0], rest[1], low, candidates, scores)
        i = 1
    else:
        while i < n_terms and rest[i] >= low:
            begin, end = indptr[term[i]], indptr[term[i] + 1]
            docs, impact = all_docs[begin:end], all_impacts[begin:end]
            n = _accumulate(docs, impact, weight[i], accumulator, candidates, n)
            i += 1
            if i < n_terms and rest[i] >= low:
                _gather(accumulator, candidates, n, scores)
                threshold = kth_greatest(scores[:n], threshold, partial_heap)
                low = threshold - slack * (threshold + shift)
        _gather(accumulator, candidates, n, scores)
        _clear(accumulator, candidates, n)

    while i < n_terms:
        threshold = kth_greatest(scores[:n], threshold, partial_heap)
        low = threshold - slack * (threshold + shift)
        n = _keep_within_reach(candidates, scores, n, rest[i], low)
        begin, end = indptr[term[i]], indptr[term[i] + 1]
        docs, impact = all_docs[begin:end], all_impacts[begin:end]
        row = bitmap_row[term[i]]
        if row >= 0:
            _look_up_bitmap(bitmap[row], bitmap_rank[row], impact, weight[i], candidates, scores, n)
        elif docs.size < n * _BISECTION_COST:
            _look_up_scanning(docs, impact, weight[i], candidates, scores, n, accumulator)
        else:
            _look_up_bisecting(docs, impact, weight[i], candidates, scores, n)
        i += 1

    for j in range(n):
        if scores[j] >= low and scores[j] > 0:
            key = key_of(scores[j] + shift, first_position + candidates[j])
            n_hits = push(hits, n_hits, key)
    return n_hits


@njit(nogil=True, cache=True)
def _call_for(
    far: int,
    near: int,
    offsets: NDArray[np.int64],
    counts: NDArray[np.int64],
    places: NDArray[np.int64],
    indptr: NDArray[np.int64],
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    best: NDArray[np.float32],
    bitmap_row: NDArray[np.int32],
) -> None:
    """Call for what queries to come read first: of one, where its lists are, of the next, the lists.

    A query's lists lie anywhere in memory, and waiting for them takes a quarter of its time. Once a
    list is being read, the processor calls for the rest of it by itself.
    """
    if far < counts.shape[0]:
        for i in range(offsets[far], offsets[far] + counts[far, 0]):
            if places[i] >= 0:
                prefetch(indptr, places[i])
                prefetch(best[places[i]], 0)
                prefetch(bitmap_row, places[i])
    if near < counts.shape[0]:
        for i in range(offsets[near], offsets[near] + counts[near, 0]):
            if places[i] >= 0:
                begin, end = indptr[places[i]], indptr[places[i] + 1]
                for j in range(begin, min(end, begin + _CALLED), 16):
                    prefetch(docs, j)
                    prefetch(impact, j)


@njit(nogil=True, cache=True)
def search_segment(
    offsets: NDArray[np.int64],
    words: NDArray[np.int64],
    weights: NDArray[np.float32],
    shifts: NDArray[np.float32],
    counts: NDArray[np.int64],
    best_column: int,
    masked: bool,
    first_position: int,
    terms: NDArray[np.int32],
    indptr: NDArray[np.int64],
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    best: NDArray[np.float32],
    bitmap_row: NDArray[np.int32],
    bitmap: NDArray[np.uint64],
    bitmap_rank: NDArray[np.uint32],
    accumulator: NDArray[np.float32],
    candidates: NDArray[np.uint32],
    scores: NDArray[np.float32],
    hits: NDArray[np.uint64],
    n_hits: NDArray[np.int64],
) -> None:
    """Search one segment for all queries, keeping the best so far in `hits`.

    offsets, words, weights, shifts, counts : queries as `queries.prepare` left them.
    best_column : of `best`, a rank no smaller than k; -1 where none may be used.
    masked : whether `accumulator` holds minus infinity for documents that are not allowed.
    first_position : how many documents the segments before this one have.
    terms ... bitmap_rank : the segment, see `build_postings` and `compute_impacts`.
    accumulator, candidates, scores : room for all documents and one more; accumulator[d] is 0 for
        every document that is allowed, before and after.
    hits, n_hits : uint64[Q, k] heaps of keys (see `hits.key_of`), and how many each holds.
    """
    partial_heap = np.empty(hits.shape[1], np.float32)
    places = np.empty(words.size, np.int64)
    for q in range(counts.shape[0]):
        for i in range(offsets[q], offsets[q] + counts[q, 0]):
            places[i] = find(terms, words[i])
    for q in range(counts.shape[0]):
        _call_for(q + 2, q + 1, offsets, counts, places, indptr, docs, impact, best, bitmap_row)
        begin, end = offsets[q], offsets[q] + counts[q, 0]
        n_hits[q] = _search_one(
            places[begin:end],
            weights[begin:end],
            shifts[q],
            best_column,
            masked,
            first_position,
            indptr,
            docs,
            impact,
            best,
            bitmap_row,
            bitmap,
            bitmap_rank,
            accumulator,
            candidates,
            scores,
            partial_heap,
            hits[q],
            n_hits[q],
        )


@njit(nogil=True, cache=True)
def add_scores(
    words: NDArray[np.int64],
    weights: NDArray[np.float32],
    terms: NDArray[np.int32],
    indptr: NDArray[np.int64],
    docs: NDArray[np.uint32],
    impact: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    """Add to scores[d] what the words give to every document d, in the order that search uses."""
    for i in range(words.size):
        t = find(terms, words[i])
        if t >= 0:
            for j in range(indptr[t], indptr[t + 1]):
                scores[docs[j]] += weights[i] * impact[j]
