"""Which words occur together in the same sentence, paragraph or document, and in which groups.

A unit is a stretch of tokens between two offsets. Everything here passes once over the tokens of
one segment and adds up over segments: matrices with `+`, `WithWord` with `+`.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.words.rows import Ids, accumulator, canonical, columns_of, drain, mirrored

Offsets = NDArray[np.int64]
Mask = NDArray[np.bool_]


def units_of(documents: Mask | None, document: Offsets, unit: Offsets) -> Mask | None:
    """bool[U]: the units that lie in the chosen documents; None, all of them, stays None.

    Parameters
    ----------
    documents : bool[D], such as a segment's live documents.
    document, unit : int64[D+1] and int64[U+1], the token at which each begins, the last the end.
        No unit may cross the border of a document.
    """
    if documents is None:
        return None
    # Empty documents begin where the next one does: "right" finds the one that has the tokens.
    return documents[np.searchsorted(document, unit[:-1], side="right") - 1]


def unit_incidence(
    word: Ids, unit: Offsets, ids: Ids, keep: Mask | None = None, *, counts: bool = False
) -> csr_array:
    """Which of the chosen words each unit contains.

    Parameters
    ----------
    word : int32[n], global ids of a segment's tokens.
    unit : int64[U+1], the token at which each sentence, paragraph or document begins.
    ids : int32[K], global ids without duplicates: column k is the word ids[k].
    keep : bool[U]; the rows of other units are empty. Rows keep the numbers of the units.
    counts : how often (uint32) in place of whether (uint8).

    Returns
    -------
    csr_array [U, K], columns ascending.
    """
    column = columns_of(ids)
    kept = np.ones(len(unit) - 1, np.bool_) if keep is None else keep
    tokens = _chosen_tokens(word, unit, column, kept)
    cols = np.empty(tokens, np.int32)
    values = np.empty(tokens, np.uint32)
    indptr = np.zeros(len(unit), np.int64)
    state = accumulator(len(ids), np.dtype(np.uint32))
    numbers = np.arange(len(ids), dtype=np.int32)
    _fill_incidence(word, unit, column, kept, state, numbers, cols, values, indptr)
    cols.resize(int(indptr[-1]), refcheck=False)
    values.resize(int(indptr[-1]), refcheck=False)
    if not counts:
        values = np.ones(len(cols), np.uint8)
    return canonical(values, cols, indptr, (len(unit) - 1, len(ids)))


def pair_counts(incidence: csr_array) -> csr_array:
    """X'X of an incidence: in how many units each two words are together.

    Parameters
    ----------
    incidence : csr_array [U, K]; any value but 0 is "contains". Explicit zeros are not allowed.

    Returns
    -------
    csr_array [K, K], int64, symmetric, columns ascending; the diagonal has the number of units that
    contain each word.
    """
    size = incidence.shape[1]
    if not incidence.has_sorted_indices:
        incidence = incidence.sorted_indices()
    by_word = incidence.tocsc()
    cols = np.empty(incidence.nnz + size, np.int32)
    counts = np.empty(len(cols), np.int64)
    indptr = np.zeros(size + 1, np.int64)
    state = accumulator(size, np.dtype(np.int64))
    numbers = np.arange(size, dtype=np.int32)
    done = 0
    while True:
        units = (incidence.indptr, incidence.indices)
        words = (by_word.indptr, by_word.indices)
        done = _fill_pairs(done, units, words, state, numbers, cols, counts, indptr)
        if done == size:
            break
        room = len(cols) + max(len(cols) // 4, done + 1)
        cols.resize(room, refcheck=False)
        counts.resize(room, refcheck=False)
    total = int(indptr[-1])
    lower = canonical(counts[:total], cols[:total], indptr, (size, size))
    return mirrored(lower, np.dtype(np.int64), twice_diagonal=False)


@dataclass(frozen=True, slots=True)
class WithWord:
    """Units that contain a target, against all units; add those of several segments with `+`.

    Attributes
    ----------
    n_units : units counted. n_target : those that contain a target.
    units : int64[V], units that contain each word. joint : int64[V], those that contain it and a
        target. Both are 0 for words that are not countable.

    A contingency table for word w is (joint[w], n_target, units[w], n_units), as
    `bunsan.measure.association` takes it.
    """

    n_units: int
    n_target: int
    units: NDArray[np.int64]
    joint: NDArray[np.int64]

    def __add__(self, other: "WithWord") -> "WithWord":
        return WithWord(
            self.n_units + other.n_units,
            self.n_target + other.n_target,
            self.units + other.units,
            self.joint + other.joint,
        )


def with_word(
    word: Ids, unit: Offsets, targets: Ids, countable: Mask, keep: Mask | None = None
) -> WithWord:
    """Count the units that contain one of the targets, and each other word in and outside them.

    Parameters
    ----------
    word : int32[n], global ids of a segment's tokens. unit : int64[U+1], offsets.
    targets : int32[T], the words asked about: a unit with any of them is "with" the target. They
        need not be countable.
    countable : bool[V], the words to count. keep : bool[U], the units to count.

    A unit without any token is no unit and is not counted.
    """
    is_target = np.zeros(len(countable), np.bool_)
    is_target[np.asarray(targets, np.int64)] = True
    kept = np.ones(len(unit) - 1, np.bool_) if keep is None else keep
    units = np.zeros(len(countable), np.int64)
    joint = np.zeros(len(countable), np.int64)
    n_units, n_target = _count_with(word, unit, is_target, countable, kept, units, joint)
    return WithWord(n_units, n_target, units, joint)


def group_counts(
    word: Ids, document: Offsets, group: NDArray[np.int32], n_groups: int, ids: Ids
) -> tuple[csr_array, csr_array]:
    """How often each group of documents uses each chosen word.

    Parameters
    ----------
    word : int32[n], global ids of a segment's tokens. document : int64[D+1], offsets.
    group : int32[D], the group of each document, -1 for documents that belong to none (or are
        removed). n_groups : G.
    ids : int32[K], global ids without duplicates.

    Returns
    -------
    tokens, documents : csr_array [G, K], int64: tokens of the word in the group, and documents of
        the group that contain it. Sparse, for there may be a group for every day or every writer.

    Raises
    ------
    ValueError : a group is not below `n_groups`.
    """
    group = np.asarray(group, np.int32)
    if group.max(initial=-1) >= n_groups:
        raise ValueError(f"group {group.max()} of {n_groups}")
    column = columns_of(ids)
    order = np.argsort(group, kind="stable")
    order = order[np.searchsorted(group, 0, sorter=order) :]
    room = _chosen_tokens(word, document, column, group >= 0)
    numbers = np.arange(len(ids), dtype=np.int32)
    cols = np.empty(room, np.int32)
    tokens, documents = np.empty(room, np.int64), np.empty(room, np.int64)
    indptr = np.zeros(n_groups + 1, np.int64)
    state = accumulator(len(ids), np.dtype(np.int64))
    _fill_groups(
        word, document, group, order, column, state, numbers, cols, tokens, documents, indptr
    )
    total = int(indptr[-1])
    cols.resize(total, refcheck=False)
    tokens.resize(total, refcheck=False)
    documents.resize(total, refcheck=False)
    shape = (n_groups, len(ids))
    return canonical(tokens, cols, indptr, shape), canonical(documents, cols.copy(), indptr, shape)


# --- kernels -----------------------------------------------------------------------------------


@njit(nogil=True, cache=True)
def _chosen_tokens(word, unit, column, keep):  # type: ignore[no-untyped-def]
    """Tokens of chosen words in kept units: room for every row to come."""
    tokens = 0
    for u in range(len(unit) - 1):
        if keep[u]:
            for i in range(unit[u], unit[u + 1]):
                tokens += word[i] < len(column) and column[word[i]] >= 0
    return tokens


@njit(nogil=True, cache=True)
def _fill_incidence(word, unit, column, keep, state, ids, cols, values, indptr):  # type: ignore[no-untyped-def]
    """Count each unit's chosen words in the accumulator, one row after the other."""
    sums, touched_columns, _, _ = state
    at = 0
    for u in range(len(unit) - 1):
        if keep[u]:
            touched = np.uint64(0)
            for i in range(unit[u], unit[u + 1]):
                if word[i] < len(column) and column[word[i]] >= 0:
                    c = np.uint32(column[word[i]])
                    touched_columns[touched] = c
                    touched += np.uint64(sums[c] == 0)
                    sums[c] += np.uint32(1)
            at = drain(state, touched, len(ids) - 1, ids, cols, values, at)
        indptr[u + 1] = at


@njit(nogil=True, cache=True)
def _fill_pairs(first, units, words, state, ids, cols, counts, indptr):  # type: ignore[no-untyped-def]
    """The lower triangle of X'X from row `first` on; returns the first row there is no room for."""
    (unit_start, unit_words), (word_start, word_units) = units, words
    sums, touched_columns, _, _ = state
    at = indptr[first]
    for row in range(first, len(word_start) - 1):
        if at + row + 1 > len(cols):
            return row
        touched = np.uint64(0)
        for j in range(word_start[row], word_start[row + 1]):
            u = word_units[j]
            for i in range(unit_start[u], unit_start[u + 1]):
                if unit_words[i] > row:
                    break
                c = np.uint32(unit_words[i])
                touched_columns[touched] = c
                touched += np.uint64(sums[c] == 0)
                sums[c] += 1
        at = drain(state, touched, row, ids, cols, counts, at)
        indptr[row + 1] = at
    return len(word_start) - 1


@njit(nogil=True, cache=True)
def _count_with(word, unit, is_target, countable, keep, units, joint):  # type: ignore[no-untyped-def]
    """One pass; `last` has the last unit each word was seen in, so that it counts once in each."""
    last = np.full(len(countable), -1, np.int64)
    n_units, n_target = 0, 0
    for u in range(len(unit) - 1):
        if not keep[u] or unit[u] == unit[u + 1]:
            continue
        n_units += 1
        with_target = False
        for i in range(unit[u], unit[u + 1]):
            w = word[i]
            with_target |= is_target[w]
            if countable[w] and last[w] != u:
                last[w] = u
                units[w] += 1
        if with_target:
            n_target += 1
            for i in range(unit[u], unit[u + 1]):
                w = word[i]
                if last[w] == u:
                    last[w] = -1
                    joint[w] += 1
    return n_units, n_target


@njit(nogil=True, cache=True)
def _fill_groups(word, document, group, order, column, state, ids, cols, tokens, documents, indptr):  # type: ignore[no-untyped-def]
    """Documents in the order of their groups, one row of sums at a time."""
    sums, touched_columns, _, _ = state
    last = np.full(len(ids), -1, np.int64)
    containing = np.zeros(len(ids), np.int64)
    at, done = 0, 0
    for g in range(len(indptr) - 1):
        touched = np.uint64(0)
        while done < len(order) and group[order[done]] == g:
            d = order[done]
            done += 1
            for i in range(document[d], document[d + 1]):
                if word[i] < len(column) and column[word[i]] >= 0:
                    c = np.uint32(column[word[i]])
                    touched_columns[touched] = c
                    touched += np.uint64(sums[c] == 0)
                    sums[c] += 1
                    containing[c] += last[c] != d
                    last[c] = d
        begin = at
        at = drain(state, touched, len(ids) - 1, ids, cols, tokens, at)
        for j in range(begin, at):
            documents[j] = containing[cols[j]]
            containing[cols[j]] = 0
        indptr[g + 1] = at
