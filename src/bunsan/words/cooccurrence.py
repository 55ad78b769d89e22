"""How often words occur near each other: symmetric window counts, one segment at a time.

Words that are not counted are removed before the window is laid, so a window of 5 reaches over five
content words whatever particles stand between them ("deleted before", the *dirty* windows of Levy,
Goldberg & Dagan 2015, "Improving Distributional Similarity with Lessons Learned from Word
Embeddings", section 3.1). A window never crosses the border of a sentence.

Rows are counted one word at a time, from the places where it stands, in one accumulator
(`bunsan.words.rows`). It is as wide as the segment's vocabulary, and nothing is as large as its
square: memory follows the tokens of a segment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.rows import (
    Ids,
    accumulator,
    canonical,
    columns_of,
    drain,
    mirrored,
    prefetch,
)

Weighting = Literal["flat", "harmonic"]

# Places of a word are known long before they are read: asking for one this many places ahead hides
# the memory's latency, which is most of the time otherwise.
_AHEAD = 12


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Co-occurrences of one segment: every unordered pair once, at the row of its greater id.

    Ids grow in the order of first appearance, so the frequent words have small ids. Kept this way
    round (the lower triangle), rows of rare words reach down to the frequent ones, which the
    processor has at hand, and the transposed half comes out sorted without sorting (`add_counts`).

    Attributes
    ----------
    rows : int32[R], ascending global ids of the countable words in the segment.
    indptr : int64[R+1]; row i is `cols[indptr[i]:indptr[i+1]]`.
    cols : int32[nnz], global ids, ascending within a row, none above the row's own id.
    counts : the smallest of uint8, uint16, uint32 that holds them; float32 for harmonic weights.
    window : words to either side. weighting : what a pair at distance d adds: 1 or 1/d.

    Two tokens of the same word within a window ("a b a") add once to the diagonal.
    """

    rows: Ids
    indptr: NDArray[np.int64]
    cols: Ids
    counts: NDArray[Any]
    window: int
    weighting: Weighting = "flat"

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays, by name, to be written to a file."""
        return {
            "rows": self.rows,
            "indptr": self.indptr,
            "cols": self.cols,
            "counts": self.counts,
            "window": np.array([self.window], np.int32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "PairCounts":
        """The counts whose `arrays()` these are."""
        counts = arrays["counts"]
        return cls(
            arrays["rows"],
            arrays["indptr"],
            arrays["cols"],
            counts,
            int(arrays["window"][0]),
            "harmonic" if counts.dtype.kind == "f" else "flat",
        )


def count_window(
    word: Ids,
    sentence: NDArray[np.int64],
    countable: NDArray[np.bool_],
    window: int,
    weighting: Weighting = "flat",
    skip: NDArray[np.bool_] | None = None,
) -> PairCounts:
    """Count the pairs of words at most `window` countable words apart, inside sentences.

    Parameters
    ----------
    word : int32[n], global ids of a segment's tokens.
    sentence : int64[S+1], the token at which each sentence begins; the last is n.
    countable : bool[V]; the others are removed before the window is laid.
    window : words to either side, at least 1; distance 1 is the next countable word.
    weighting : "flat", every pair adds 1; "harmonic", a pair at distance d adds 1/d (Pennington,
        Socher & Manning 2014, "GloVe", section 4.2).
    skip : bool[S], sentences that are not counted (those of removed documents).

    Memory: some 30 bytes per token and 10 per pair that occurs.
    """
    if window < 1:
        raise BadInput(
            tr(
                f"A window of {window} words is empty.",
                f"窓の幅 {window} 語では何も数えられません。",
            ),
            remedy=tr("Use 1 or more.", "1 以上にしてください。"),
        )
    skipped = np.zeros(len(sentence) - 1, np.bool_) if skip is None else skip
    present = _present(word, sentence, countable, skipped)
    rows = np.flatnonzero(present).astype(np.int32)
    local = np.full(len(countable), -1, np.int32)
    local[rows] = np.arange(len(rows), dtype=np.int32)
    tokens, sentences, longest = _sizes(word, sentence, local, skipped)
    # A window wider than the longest sentence sees no more than one that just spans it.
    reach = max(1, min(window, longest - 1))
    run = _runs(word, sentence, local, skipped, tokens, sentences, reach)
    index_type = np.dtype(np.int32 if len(run) < 2**31 else np.int64)
    start, position = _positions(run, len(rows), np.empty(tokens, index_type))

    if weighting == "flat":
        weight: NDArray[Any] = np.ones(reach + 1, np.uint32)
        counts: NDArray[Any] = np.empty(len(position), np.uint32)
    else:
        # Summed in double precision, kept in single.
        weight = 1.0 / np.maximum(np.arange(reach + 1), 1)
        counts = np.empty(len(position), np.float32)
    cols = np.empty(len(counts), np.int32)
    indptr = np.zeros(len(rows) + 1, np.int64)
    state = accumulator(len(rows), weight.dtype)
    done = 0
    while True:
        done = _count_rows(done, run, start, position, weight, rows, state, cols, counts, indptr)
        if done == len(rows):
            break
        # At least what the next row can need. `resize` moves no data where the system can extend
        # the pages in place.
        room = len(cols) + max(len(cols) // 4, done + 1)
        cols.resize(room, refcheck=False)
        counts.resize(room, refcheck=False)
    total = int(indptr[-1])
    cols.resize(total, refcheck=False)
    counts.resize(total, refcheck=False)
    if weighting == "flat":
        counts = counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)
    return PairCounts(rows, indptr, cols, counts, window, weighting)


def add_counts(parts: Sequence[tuple[PairCounts, int]], selection: Ids) -> csr_array:
    """Sum the counts of segments into one symmetric matrix over chosen words.

    Parameters
    ----------
    parts : counts, each with the factor it enters with: 1, or -1 for the counts of documents that
        were removed (which takes them away exactly).
    selection : int32[K], strictly ascending global ids: row and column k are the word selection[k].

    Returns
    -------
    csr_array [K, K], columns ascending, no explicit zeros; int64 for flat counts, float32 for
    harmonic ones. A pair of tokens counts in both directions, so two tokens of one word add 2 to
    its diagonal cell, and the sum of a row is the number of context words seen around its word (for
    harmonic weights, their weight), as the model of (word, context) pairs has it.

    Raises
    ------
    ValueError : the parts were counted with different windows or weightings, or the selection is
        not strictly ascending.
    """
    selection = np.asarray(selection, np.int32)
    if np.any(np.diff(selection) <= 0):
        raise ValueError("selection must be strictly ascending")
    if len({(part.window, part.weighting) for part, _ in parts}) > 1:
        raise ValueError("counts of different windows or weightings cannot be added")
    size = len(selection)
    harmonic = bool(parts) and parts[0][0].weighting == "harmonic"
    exact = np.dtype(np.float64 if harmonic else np.int64)
    column = columns_of(selection)

    # Sums of equally many parts are added to each other, as a binary counter carries: every count
    # is copied log2(parts) times at most, and the sums that wait are few.
    partial: list[csr_array] = []
    for number, (part, factor) in enumerate(parts, 1):
        partial.append(_select(part, factor, selection, column, exact))
        while number % 2 == 0:
            second = partial.pop()
            partial[-1] = partial[-1] + second
            number //= 2
    total = partial.pop() if partial else csr_array((size, size), dtype=exact)
    while partial:
        total = total + partial.pop()
    if harmonic:
        # No real cell is below 1/window; what subtraction leaves by rounding is far smaller.
        total.data[np.abs(total.data) < 0.5 / parts[0][0].window] = 0
        total.eliminate_zeros()
    return mirrored(total, np.dtype(np.float32) if harmonic else exact, twice_diagonal=True)


def _select(
    part: PairCounts, factor: int, selection: Ids, column: Ids, dtype: np.dtype[Any]
) -> csr_array:
    """The pairs of chosen words, times `factor`, as a lower triangle over the selection."""
    indptr, cols, values = _select_pairs(
        part.rows, part.indptr, part.cols, part.counts, column, len(selection), dtype.type(factor)
    )
    return canonical(values, cols, indptr, (len(selection), len(selection)))


# --- kernels -----------------------------------------------------------------------------------


@njit(nogil=True, cache=True)
def _present(word, sentence, countable, skip):  # type: ignore[no-untyped-def]
    """bool[V]: the countable words that occur in sentences not skipped."""
    present = np.zeros(len(countable), np.bool_)
    for s in range(len(sentence) - 1):
        if not skip[s]:
            for i in range(sentence[s], sentence[s + 1]):
                if countable[word[i]]:
                    present[word[i]] = True
    return present


@njit(nogil=True, cache=True)
def _sizes(word, sentence, local, skip):  # type: ignore[no-untyped-def]
    """Countable tokens in all, sentences that have any, countable tokens of the longest one."""
    tokens, sentences, longest = 0, 0, 0
    for s in range(len(sentence) - 1):
        if not skip[s]:
            length = 0
            for i in range(sentence[s], sentence[s + 1]):
                length += local[word[i]] >= 0
            tokens += length
            sentences += length > 0
            longest = max(longest, length)
    return tokens, sentences, longest


@njit(nogil=True, cache=True)
def _runs(word, sentence, local, skip, tokens, sentences, gap):  # type: ignore[no-untyped-def]
    """The countable words of all sentences, each sentence between `gap` times -1.

    With as many -1 as the window reaches, no window has to look for the border of its sentence.
    """
    run = np.full(tokens + (sentences + 1) * gap, -1, np.int32)
    at = gap
    for s in range(len(sentence) - 1):
        if not skip[s]:
            begin = at
            for i in range(sentence[s], sentence[s + 1]):
                w = local[word[i]]
                if w >= 0:
                    run[at] = w
                    at += 1
            if at > begin:
                at += gap
    return run


@njit(nogil=True, cache=True)
def _positions(run, size, position):  # type: ignore[no-untyped-def]
    """Where each of `size` words stands in the run: start[size+1] and places, by counting sort."""
    start = np.zeros(size + 1, np.int64)
    for w in run:
        if w >= 0:
            start[w + 1] += 1
    for w in range(size):
        start[w + 1] += start[w]
    free = start[:-1].copy()
    for i in range(len(run)):
        w = run[i]
        if w >= 0:
            position[free[w]] = i
            free[w] += 1
    return start, position


@njit(nogil=True, cache=True)
def _count_rows(first, run, start, position, weight, ids, state, cols, counts, indptr):  # type: ignore[no-untyped-def]
    """Count rows from `first` on while they are sure to fit; returns the first that is not done.

    There is no branch on the data: neighbours that do not count (-1 and the upper triangle) are
    added to the cell after the row's own, which is set to 0 again and never appears as touched.
    """
    sums, column, _, _ = state
    window = len(weight) - 1
    at = indptr[first]
    for row in range(first, len(start) - 1):
        end = start[row + 1]
        if at + min(row + 1, 2 * window * (end - start[row])) > len(cols):
            return row
        own = np.uint32(row)
        aside = np.uint32(row + 1)
        sums[aside] = 1
        touched = np.uint64(0)
        for j in range(start[row], end):
            p = position[j]
            ahead = position[min(j + _AHEAD, end - 1)]
            prefetch(run, ahead - window)
            prefetch(run, ahead + window)
            # Each pair of different words is seen from the greater one; two tokens of the same word
            # see each other twice, so those to the right are left out.
            for d in range(1, window + 1):
                left = np.uint32(run[p - d])
                left = left if left <= own else aside
                before = sums[left]
                column[touched] = left
                touched += np.uint64(before == 0)
                sums[left] = before + weight[d]
                right = np.uint32(run[p + d])
                right = right if right < own else aside
                before = sums[right]
                column[touched] = right
                touched += np.uint64(before == 0)
                sums[right] = before + weight[d]
        sums[aside] = 0
        at = drain(state, touched, row, ids, cols, counts, at)
        indptr[row + 1] = at
    return len(start) - 1


@njit(nogil=True, cache=True)
def _select_pairs(rows, indptr, cols, counts, column, size, factor):  # type: ignore[no-untyped-def]
    """Rows and columns that `column` places, as CSR over those places."""
    width = len(column)
    selected_indptr = np.zeros(size + 1, np.int64)
    for i in range(len(rows)):
        if rows[i] < width and column[rows[i]] >= 0:
            length = 0
            # No column is above its row, so all are in reach of `column`.
            for j in range(indptr[i], indptr[i + 1]):
                length += column[cols[j]] >= 0
            selected_indptr[column[rows[i]] + 1] = length
    for r in range(size):
        selected_indptr[r + 1] += selected_indptr[r]
    selected_cols = np.empty(selected_indptr[size], np.int32)
    values = np.empty(selected_indptr[size], type(factor))
    at = 0
    for i in range(len(rows)):
        if rows[i] < width and column[rows[i]] >= 0:
            for j in range(indptr[i], indptr[i + 1]):
                c = column[cols[j]]
                if c >= 0:
                    selected_cols[at] = c
                    values[at] = factor * counts[j]
                    at += 1
    return selected_indptr, selected_cols, values
