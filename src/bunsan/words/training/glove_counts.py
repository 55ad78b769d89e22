"""Counted pairs of words, laid out on the disk in the order GloVe trains on them.

Pairs are counted piece by piece of the corpus (`bunsan.words.cooccurrence`), each piece in memory;
where there are several, their counts wait on the disk and are added a range of rows at a time. So
memory follows the size of a piece, not that of the corpus.

A pair belongs to the row of its rarer word and to the block of its more frequent one. Training goes
block by block: the records of a block's words stay in the processor's cache while those of all
others come by, each with a run of cells. Half the cells of a text are in the first few blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.files import open_arrays, save_arrays
from bunsan.words.cooccurrence import PairCounts, count_window
from bunsan.words.rows import canonical
from bunsan.words.training.corpus_store import Ids, WordCorpus

PIECE = 1 << 24  # ids counted at a time
GROUP = 1 << 23  # pairs of a group
BLOCK = 256  # words of a block


@dataclass(frozen=True)
class CellGroup:
    """Pairs of some rows, in blocks of columns, in runs of one row each.

    Attributes
    ----------
    other : int32[n], the more frequent word of each pair (or the same).
    log, weight : float32[n], log x and f(x) = min(1, (x / x_max)^alpha).
    run_word : int32[R], the rarer word of a run. run_start : int64[R+1], where its pairs begin.
    block_start : int64[B+1], where the runs of a block begin.
    """

    other: Ids
    log: NDArray[np.float32]
    weight: NDArray[np.float32]
    run_word: Ids
    run_start: NDArray[np.int64]
    block_start: NDArray[np.int64]

    def kernel_arrays(self) -> tuple[NDArray[Any], ...]:
        """What the kernel reads."""
        return self.other, self.log, self.weight, self.run_word, self.run_start


def count_rows(
    corpus: WordCorpus, window: int, folder: Path, *, piece: int = PIECE, group: int = GROUP
) -> Iterator[tuple[int, csr_array]]:
    """Count a corpus with 1/d weights; ranges of rows of the lower triangle, in order.

    Yields
    ------
    (first row, csr_array[rows, V] float32): the number of a cell is the sum of 1/d over both sides
    (GloVe, section 4.2), so a word's pairs with itself count twice.

    Files waiting in `folder` are deleted at the end.
    """
    words = len(corpus.words)
    waiting: list[Path] = []
    parts: list[PairCounts] = []
    pieces = list(_pieces(corpus, piece))
    try:
        for number, ids in enumerate(pieces):
            part = _count_piece(ids, words, window)
            if len(pieces) > 1:
                waiting.append(folder / f"pairs-{number:05d}.safetensors")
                save_arrays(waiting[-1], part.arrays())
                part = PairCounts.from_arrays(open_arrays(waiting[-1]))
            parts.append(part)
        yield from _added(parts, words, group)
    finally:
        for path in waiting:
            path.unlink()


def matrix_rows(matrix: csr_array, *, group: int = GROUP) -> Iterator[tuple[int, csr_array]]:
    """The lower triangle of a symmetric matrix of counts, as `count_rows` gives it.

    Raises
    ------
    ValueError : the matrix is not symmetric, or has a number that is not above 0 and finite.
    """
    matrix = csr_array(matrix, dtype=np.float32)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError("the matrix of counts must be square")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if not (np.all(np.isfinite(matrix.data)) and np.all(matrix.data > 0)):
        raise ValueError("counts must be finite and not below 0")
    difference = abs(matrix - matrix.T)
    if difference.nnz and difference.max() > 1e-4 * matrix.data.max():
        raise ValueError("the matrix of counts must be symmetric")
    indptr = matrix.indptr.astype(np.int64)
    for first, last in _ranges(np.diff(indptr), group):
        part = matrix[first:last]
        row = np.repeat(np.arange(first, last), np.diff(part.indptr))
        keep = part.indices <= row
        kept = np.zeros(last - first + 1, np.int64)
        np.cumsum(np.bincount(row[keep] - first, minlength=last - first), out=kept[1:])
        yield first, canonical(part.data[keep], part.indices[keep], kept, part.shape)


def write_cells(
    rows: Iterator[tuple[int, csr_array]],
    folder: Path,
    *,
    x_max: float,
    alpha: float,
    block: int = BLOCK,
) -> int:
    """Lay pairs out for training, one file for each range of rows; returns how many files."""
    number = 0
    for first, part in rows:
        blocks = -(-part.shape[1] // block)
        other, x, run_word, run_start, block_start = _by_block(
            first, part.indptr.astype(np.int64), part.indices, part.data, block, blocks
        )
        log = np.log(x)
        weight = np.exp(np.minimum(0, np.float32(alpha) * (log - np.float32(np.log(x_max)))))
        cells = CellGroup(other, log, weight, run_word, run_start, block_start)
        save_arrays(folder / f"cells-{number:05d}.safetensors", vars(cells))
        number += 1
    return number


def open_cells(folder: Path, number: int) -> list[CellGroup]:
    """The files that `write_cells` wrote, memory-mapped."""
    groups = []
    for i in range(number):
        arrays = open_arrays(folder / f"cells-{i:05d}.safetensors")
        groups.append(CellGroup(**{field.name: arrays[field.name] for field in fields(CellGroup)}))
    return groups


def _pieces(corpus: WordCorpus, piece: int) -> Iterator[Ids]:
    """The shards in pieces of about so many ids that end with a stretch."""
    for shard in corpus.shards:
        begin = 0
        while begin < len(shard):
            end = min(begin + piece, len(shard))
            while shard[end - 1] >= 0:
                end += 1
            yield shard[begin:end]
            begin = end


def _count_piece(ids: Ids, words: int, window: int) -> PairCounts:
    ends = np.flatnonzero(ids < 0)
    sentence = np.zeros(len(ends) + 1, np.int64)
    sentence[1:] = ends - np.arange(len(ends))
    return count_window(ids[ids >= 0], sentence, np.ones(words, np.bool_), window, "harmonic")


def _ranges(sizes: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows with at most so many pairs together (or of one row)."""
    ends = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        before = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, before + most, side="right")), first + 1)
        yield first, last
        first = last


def _added(parts: list[PairCounts], words: int, group: int) -> Iterator[tuple[int, csr_array]]:
    """The sum of all parts, a range of rows at a time."""
    starts: list[NDArray[np.int64]] = []
    for part in parts:
        start = np.zeros(words + 1, np.int64)
        start[part.rows + 1] = np.diff(part.indptr)
        starts.append(np.cumsum(start))
    sizes = np.diff(np.sum(starts, axis=0))
    for first, last in _ranges(sizes, group):
        total = csr_array((last - first, words), dtype=np.float32)
        for part, start in zip(parts, starts, strict=True):
            begin, end = start[first], start[last]
            indptr = start[first : last + 1] - begin
            rows = canonical(
                part.counts[begin:end], part.cols[begin:end], indptr, (last - first, words)
            )
            total = rows if part is parts[0] else total + rows
        values = total.data.copy()
        # Columns ascend and none is above its row, so a row's pair with itself stands last.
        ends = total.indptr[1:][np.diff(total.indptr) > 0] - 1
        row = first + np.flatnonzero(np.diff(total.indptr))
        values[ends[total.indices[ends] == row]] *= 2
        yield first, canonical(values, total.indices, total.indptr, total.shape)


# --- kernels -----------------------------------------------------------------------------------


@njit(nogil=True, cache=True)
def _by_block(first, indptr, cols, values, width, blocks):  # type: ignore[no-untyped-def]
    """Sort the pairs of some rows by block, then row, then column; returns arrays of `CellGroup`."""
    pairs = np.zeros(blocks + 1, np.int64)
    runs = np.zeros(blocks + 1, np.int64)
    for row in range(len(indptr) - 1):
        last = -1
        for e in range(indptr[row], indptr[row + 1]):
            b = cols[e] // width
            pairs[b + 1] += 1
            runs[b + 1] += b != last
            last = b
    for b in range(blocks):
        pairs[b + 1] += pairs[b]
        runs[b + 1] += runs[b]
    other = np.empty(pairs[blocks], np.int32)
    x = np.empty(pairs[blocks], np.float32)
    run_word = np.empty(runs[blocks], np.int32)
    run_start = np.empty(runs[blocks] + 1, np.int64)
    run_start[runs[blocks]] = pairs[blocks]
    block_start = runs.copy()
    for row in range(len(indptr) - 1):
        last = -1
        for e in range(indptr[row], indptr[row + 1]):
            b = cols[e] // width
            at = pairs[b]
            if b != last:
                run_word[runs[b]] = first + row
                run_start[runs[b]] = at
                runs[b] += 1
                last = b
            other[at] = cols[e]
            x[at] = values[e]
            pairs[b] = at + 1
    return other, x, run_word, run_start, block_start
