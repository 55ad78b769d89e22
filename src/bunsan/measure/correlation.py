"""How well two rankings or two scales agree, with intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correlation:
    """A coefficient in [-1, 1], its interval and the number of pairs it is of.

    NaN where there are too few pairs (2 for the coefficient, 4 for the interval) or where one side
    does not vary.
    """

    estimate: float
    low: float
    high: float
    pairs: int


def pearson(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Correlation:
    """Product-moment correlation; interval by Fisher's z with variance 1 / (n - 3).

    Fisher (1921), "On the 'probable error' of a coefficient of correlation deduced from a small
    sample", Metron 1.
    """
    x, y = _pairs(a, b)
    r = _coefficient(x, y)
    return _with_interval(r, len(x), 1.0, level)


def spearman(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Correlation:
    """Rank correlation, equal values sharing their mean rank; interval by Fisher's z with variance
    (1 + r² / 2) / (n - 3).

    Spearman (1904), American Journal of Psychology 15; Bonett & Wright (2000), "Sample size
    requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65, p. 24.
    """
    x, y = _pairs(a, b)
    r = _coefficient(mean_ranks(x), mean_ranks(y))
    return _with_interval(r, len(x), 1 + r * r / 2, level)


def mean_ranks(values: ArrayLike) -> Floats:
    """float64[n], ranks from 1 up; equal values get the mean of the ranks they take up."""
    _, place, counts = np.unique(
        np.asarray(values, np.float64), return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], np.float64)


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"pairs of shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a value that is not finite")
    return x, y


def _coefficient(x: Floats, y: Floats) -> float:
    if len(x) < 2:
        return float("nan")
    dx, dy = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((dx @ dx) * (dy @ dy)))
    return float(np.clip((dx @ dy) / spread, -1, 1)) if spread > 0 else float("nan")


def _with_interval(r: float, n: int, factor: float, level: float) -> Correlation:
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1, as 0.95")
    if np.isnan(r) or n < 4:
        return Correlation(r, float("nan"), float("nan"), n)
    with np.errstate(divide="ignore"):
        centre = np.arctanh(r)
    half = -ndtri((1 - level) / 2) * np.sqrt(factor / (n - 3))
    return Correlation(r, float(np.tanh(centre - half)), float(np.tanh(centre + half)), n)
