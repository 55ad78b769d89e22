"""Pair counts of resampled units, without building the resampled units."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BYTES = 1 << 28  # what the counts of one batch of resamples may take
_PAIRS = 1 << 21  # pairs of words taken in hand at once


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts of one resample: units in it, units per word, units per pair."""

    units: float
    counts: Floats
    pairs: Floats


def resampled_pairs(
    units: csr_array, first: Ints, second: Ints, resamples: int, seed: int
) -> Iterator[Sample]:
    """Yield the counts of `resamples` resamples of the rows of `units` (U, N).

    Every unit is taken Poisson(1) times, independently: the bootstrap of Efron without its fixed
    number of rows, so that units can be read in blocks (Chamandy et al. 2012, "Estimating
    uncertainty for massive data streams", § 3).

    Parameters
    ----------
    units : sparse; a word is in a unit where the value is not zero.
    first, second : the pairs (P,) that are counted, first < second. Pairs that no unit has need not
        be given: no resample has them.
    """
    matrix = csr_array(units, copy=True)
    matrix.eliminate_zeros()
    matrix.sum_duplicates()
    n = matrix.shape[1]
    number = np.full((n, n), -1, np.int64)
    number[first, second] = np.arange(len(first))
    length = np.diff(matrix.indptr)
    several = matrix[np.flatnonzero(length >= 2)]
    alone = np.bincount(matrix[np.flatnonzero(length == 1)].indices, minlength=n)
    empty = int((length == 0).sum())
    rng = np.random.default_rng(seed)
    batch = int(np.clip(_BYTES // (4 * max(len(first), 1)), 1, resamples))
    for start in range(0, resamples, batch):
        b = min(batch, resamples - start)
        # A sum of Poisson numbers is Poisson: units of one word, or none, are drawn all at once.
        counts = rng.poisson(alone, (b, n)).astype(np.float64).T
        total = rng.poisson(empty, b) + counts.sum(axis=0)
        pairs = np.zeros((len(first), b), np.float32)
        for block in _blocks(several):
            weights = rng.poisson(1.0, (block.shape[0], b)).astype(np.float32)
            total += weights.sum(axis=0, dtype=np.float64)
            counts += _incidence(block).T @ weights
            pairs += _pair_incidence(block, number, len(first)).T @ weights
        for k in range(b):
            yield Sample(float(total[k]), counts[:, k], pairs[:, k].astype(np.float64))


def _blocks(matrix: csr_array) -> Iterator[csr_array]:
    """Runs of rows with a bounded number of pairs (at least one row each)."""
    length = np.diff(matrix.indptr).astype(np.int64)
    reached = np.cumsum(length * (length - 1) // 2)
    start = 0
    while start < len(length):
        before = reached[start - 1] if start else 0
        stop = max(int(np.searchsorted(reached, before + _PAIRS, side="right")), start + 1)
        yield matrix[start:stop]
        start = stop


def _incidence(block: csr_array) -> csr_array:
    ones = np.ones(block.nnz, np.float32)
    return csr_array((ones, block.indices, block.indptr), shape=block.shape)


def _pair_incidence(block: csr_array, number: Ints, n_pairs: int) -> csr_array:
    """(rows, pairs): 1 where the row has both words of the pair."""
    length = np.diff(block.indptr).astype(np.int64)
    row = np.repeat(np.arange(len(length)), length)
    left = np.arange(block.nnz)
    following = block.indptr[1:][row] - left - 1  # words to the right of each, in its own row
    a = np.repeat(left, following)
    b = a + 1 + np.arange(len(a)) - np.repeat(np.cumsum(following) - following, following)
    pair = number[block.indices[a], block.indices[b]]
    known = pair >= 0
    entries = (np.ones(int(known.sum()), np.float32), (row[a][known], pair[known]))
    return csr_array(entries, shape=(len(length), n_pairs))
