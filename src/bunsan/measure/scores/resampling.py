"""Items drawn again with replacement, as the weight each of them has in every resample.

A score that is a function of weighted sums needs no copy of the data for a resample: the weights say
how often each item was drawn. Items that are alike for a score (the same truth, the same prediction)
are one *type*, and the number of times a type is drawn is multinomial, so that the confusion matrix
of a million texts is resampled as fast as that of a hundred.

Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 1000
LEVEL = 0.95
_BLOCK = 1 << 18  # numbers in a block of weights: small enough for the cache


class Measure(Protocol):
    """Scores as functions of how often each type of item comes.

    Attributes
    ----------
    types : int64[n], the type of each item, from 0. n_types : how many there are.
    """

    types: Ints
    n_types: int

    def at(self, weights: Floats) -> dict[str, Floats]:
        """float64[B] for each score, from float64[B, n_types]; NaN where a score does not exist."""
        ...


def group_numbers(groups: ArrayLike | None, n: int) -> Ints | None:
    """int64[n], items of one group having one number; None where there are no groups."""
    if groups is None:
        return None
    names = np.asarray(groups)
    if names.shape != (n,):
        raise ValueError(f"groups of shape {names.shape} for {n} items")
    _, numbers = np.unique(names.astype(str), return_inverse=True)
    return np.asarray(numbers, np.int64)


def resampled_weights(
    types: Ints,
    n_types: int,
    *,
    groups: Ints | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Iterator[Floats]:
    """float64[B, n_types] after float64[B, n_types], in all `resamples` rows.

    Parameters
    ----------
    groups : items of one group are drawn together or not at all (the cluster bootstrap), since they
        are not independent of each other: several texts of one writer.
    """
    rng = np.random.default_rng(seed)
    n = len(types)
    units = n if groups is None else int(groups.max()) + 1
    table = None
    if groups is not None:
        ones = np.ones(n)
        table = csr_array((ones, (groups, types)), shape=(units, n_types)).T.tocsr()
    counts = np.bincount(types, minlength=n_types)
    rows = max(1, _BLOCK // max(units, n_types))
    plain = n_types == n and bool((types == np.arange(n)).all())
    for begin in range(0, resamples, rows):
        b = min(rows, resamples - begin)
        if table is None and 4 * n_types <= n:
            yield rng.multinomial(n, counts / n, size=b).astype(np.float64)
            continue
        drawn = rng.integers(0, units, (b, units), dtype=np.int32)
        if table is not None:
            yield np.asarray((table @ _counted(drawn, units).T).T)
        else:
            yield _counted(drawn if plain else types[drawn], n_types)


def limits(values: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """The percentile interval of each column of float64[R, ...]; NaN counts as not drawn."""
    tail = (1 - level) / 2
    known = ~np.isnan(values)
    if known.all():
        low, high = np.quantile(values, [tail, 1 - tail], axis=0)
        return np.asarray(low), np.asarray(high)
    shape = values.shape[1:]
    columns, known = values.reshape(len(values), -1), known.reshape(len(values), -1)
    low, high = np.full(columns.shape[1], np.nan), np.full(columns.shape[1], np.nan)
    for i in range(columns.shape[1]):
        if known[:, i].any():
            low[i], high[i] = np.quantile(columns[known[:, i], i], [tail, 1 - tail])
    return low.reshape(shape), high.reshape(shape)


def sums(table: Any, weights: Floats) -> Floats:
    """float64[B, L]: the rows of a sparse table [L, n_types], summed with each row of weights."""
    return np.asarray((table @ weights.T).T, np.float64)


def ratio(above: Floats, below: Floats) -> Floats:
    """above / below, and 0 where below is 0, as the field has it for precision without a prediction."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below > 0)


def _counted(drawn: NDArray[np.integer[Any]], n_types: int) -> Floats:
    b = len(drawn)
    flat = drawn + n_types * np.arange(b)[:, None]
    counts = np.bincount(flat.ravel(), minlength=b * n_types)
    return counts.reshape(b, n_types).astype(np.float64)
