"""Regression: a number for each text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.measure.scores.resampling import Floats

Ints = NDArray[np.int64]

_NOISE = 1e-12  # of the sum of squares: a variance below it is rounding


class Numbers:
    """pearson, spearman, rmse. A correlation is NaN where truth or predictions do not vary.

    Parameters
    ----------
    truth, predicted : [n] numbers.
    """

    def __init__(self, truth: Sequence[Any], predicted: Sequence[Any]) -> None:
        x, y = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise ValueError(f"numbers of shapes {x.shape} and {y.shape}")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ValueError("a number that is not finite")
        self.types, self.n_types = np.arange(len(x)), len(x)
        a, b = _centred(x), _centred(y)
        self._moments = np.stack([a, b, a * a, b * b, a * b, (x - y) ** 2], axis=1)
        self._ranks = (_Ranks(x), _Ranks(y))

    def at(self, weights: Floats) -> dict[str, Floats]:
        """See `Measure`."""
        n = weights.sum(axis=1)
        a, b, aa, bb, ab, error = (weights @ self._moments).T
        return {
            "pearson": _correlation(ab - a * b / n, aa - a * a / n, bb - b * b / n, aa, bb),
            "spearman": self._spearman(weights),
            "rmse": np.sqrt(np.maximum(error, 0) / n),
        }

    def _spearman(self, weights: Floats) -> Floats:
        # Items by rows: a row of all resamples moves in one piece when items are put in order.
        drawn = np.ascontiguousarray(weights.T)
        (a, aa), (b, bb) = (ranks.at(drawn) for ranks in self._ranks)
        a *= b
        a *= drawn
        return _correlation(a.sum(axis=0), aa, bb, aa, bb)


class _Ranks:
    """The ranks of values in every resample, equal ones sharing their mean rank."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, kind="stable")
        ordered = values[self._order]
        new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        self._starts = np.flatnonzero(new)
        self._place: Ints = np.empty(len(values), np.int64)
        self._place[self._order] = np.cumsum(new) - 1

    def at(self, weights: Floats) -> tuple[Floats, Floats]:
        """float64[n, B], each item's rank less the mean of all; float64[B], their sum of squares."""
        drawn = weights.take(self._order, axis=0)
        if len(self._starts) < len(drawn):
            drawn = np.add.reduceat(drawn, self._starts, axis=0)
        rank = np.cumsum(drawn, axis=0)
        # Less half of those that are equal: the mean of the ranks they take up.
        middle = rank[-1] / 2
        rank -= drawn / 2
        rank -= middle
        drawn *= rank
        drawn *= rank
        return rank.take(self._place, axis=0), drawn.sum(axis=0)


def _centred(values: Floats) -> Floats:
    """Less their mean; exactly 0 where all are equal."""
    if len(values) and values.max() == values.min():
        return np.zeros(len(values))
    return np.asarray(values - values.mean())


def _correlation(product: Floats, a: Floats, b: Floats, whole_a: Floats, whole_b: Floats) -> Floats:
    varies = (a > _NOISE * whole_a) & (b > _NOISE * whole_b)
    spread = np.sqrt(np.maximum(a, 0)) * np.sqrt(np.maximum(b, 0))
    r = np.divide(product, spread, out=np.full(len(product), np.nan), where=varies & (spread > 0))
    return np.clip(r, -1, 1)
