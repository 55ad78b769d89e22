"""How sure a number is: intervals for proportions and statistics, p-values for many tests at once.

Everything here is vectorised: arguments broadcast against each other, results are float64 arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, ndtr, ndtri

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its lower and upper limit; arrays where the statistic is an array."""

    estimate: Floats
    low: Floats
    high: Floats


def wilson(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval for a proportion, without continuity correction.

    Unlike the textbook interval p ± 1.96·se it stays inside [0, 1], has a width at 0 and at n
    successes, and keeps its coverage for small n. With no trials at all it is (0, 1).

    Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    JASA 22; recommended for small n by Brown, Cai & DasGupta (2001), Statistical Science 16, § 5.
    """
    k = np.asarray(successes, np.float64)
    n = np.asarray(trials, np.float64)
    if np.any((k < 0) | (k > n)):
        raise ValueError("successes must lie between 0 and trials")
    z2 = _normal_quantile(level) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (k + z2 / 2) / (n + z2)
        half = np.sqrt(z2 * (k * (n - k) / n + z2 / 4)) / (n + z2)
    low = np.where(k == 0, 0.0, np.maximum(centre - half, 0.0))  # exact at the ends: no 1e-17
    high = np.where(k == n, 1.0, np.minimum(centre + half, 1.0))
    return low, high


def newcombe(
    successes1: ArrayLike,
    trials1: ArrayLike,
    successes2: ArrayLike,
    trials2: ArrayLike,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Interval for the difference p1 - p2 of two independent proportions, from their Wilson limits.

    Where one of the two has no trials the difference does not exist and both limits are NaN.

    Newcombe (1998), "Interval estimation for the difference between independent proportions:
    comparison of eleven methods", Statistics in Medicine 17, method 10.
    """
    k1, n1, k2, n2 = (np.asarray(a, np.float64) for a in (successes1, trials1, successes2, trials2))
    low1, high1 = wilson(k1, n1, level)
    low2, high2 = wilson(k2, n2, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        p1, p2 = k1 / n1, k2 / n2
    difference = p1 - p2
    low = difference - np.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    high = difference + np.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return low, high


def bootstrap(
    statistic: Callable[[NDArray[np.generic]], ArrayLike],
    rows: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    method: Literal["percentile", "bca"] = "bca",
    seed: int = 0,
) -> Interval:
    """Interval for `statistic(rows)` by drawing rows again with replacement.

    Parameters
    ----------
    statistic : takes an array shaped like `rows` and returns a number or an array of fixed shape.
    rows : the first axis is what is resampled: one independent observation (document) per row.
    method : "percentile" reads the limits off the resampled values; "bca" corrects them for bias
        and for a spread that changes with the value, at the price of len(rows) more calls.

    Where the statistic does not vary at all over the rows both limits equal the estimate.

    Efron (1979), Annals of Statistics 7 (percentile); Efron (1987), "Better bootstrap confidence
    intervals", JASA 82, § 3 and § 6 (BCa, acceleration from the jackknife).
    """
    data = np.asarray(rows)
    n = len(data)
    if n < 2:
        raise BadInput(
            tr("An interval needs at least two rows.", "区間の計算には2行以上が必要です。"),
            remedy=tr("Give more data.", "データを増やしてください。"),
        )
    if method not in ("percentile", "bca"):
        raise ValueError(f"method {method!r} is neither 'percentile' nor 'bca'")
    rng = np.random.default_rng(seed)
    estimate = np.asarray(statistic(data), np.float64)
    drawn = np.stack(
        [np.asarray(statistic(data[rng.integers(0, n, n)]), np.float64) for _ in range(resamples)]
    )
    tail = (1 - level) / 2
    if method == "percentile":
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
        return Interval(estimate, low, high)
    left_out = np.stack(
        [np.asarray(statistic(np.delete(data, i, axis=0)), np.float64) for i in range(n)]
    )
    # Ties count half, so that a statistic with few distinct values is not read as biased.
    below = (drawn < estimate).mean(axis=0) + (drawn == estimate).mean(axis=0) / 2
    bias = ndtri(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples))
    deviation = left_out.mean(axis=0) - left_out
    spread = (deviation**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        acceleration = np.where(spread > 0, (deviation**3).sum(axis=0) / (6 * spread**1.5), 0.0)
    limits = []
    for z in (ndtri(tail), -ndtri(tail)):
        shifted = bias + z
        share = ndtr(bias + shifted / (1 - acceleration * shifted))
        limits.append(_quantile_at(drawn, share))
    return Interval(estimate, limits[0], limits[1])


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p-values (q): calling all with q ≤ 0.05 found, 5 % of the calls are expected false.

    All values of the array, whatever its shape, are one family of tests. NaN (no test was made)
    stays NaN and is not counted.

    Benjamini & Hochberg (1995), "Controlling the false discovery rate", JRSS B 57, § 3.
    """
    return _step(p, lambda ordered, m: (ordered * m / np.arange(1, m + 1))[::-1], np.minimum, True)


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values: the chance of even one false call among all is held.

    Stricter than `benjamini_hochberg`; NaN is treated as there.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6.
    """
    return _step(p, lambda ordered, m: ordered * np.arange(m, 0, -1), np.maximum, False)


def chi2_p(statistic: ArrayLike) -> Floats:
    """P-value of G² or X² with one degree of freedom (a 2x2 table).

    A chi-square with one degree of freedom is the square of a standard normal, so the tail is
    erfc(√(x/2)); no precision is lost for very large x.

    Wilks (1938), Annals of Mathematical Statistics 9, for the likelihood ratio.
    """
    return np.asarray(erfc(np.sqrt(np.asarray(statistic, np.float64) / 2)), np.float64)


def _normal_quantile(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1, as 0.95")
    return float(-ndtri((1 - level) / 2))


def _quantile_at(drawn: Floats, share: Floats) -> Floats:
    """The `share`-quantile of each column of `drawn`, a share of its own for every column."""
    columns = drawn.reshape(len(drawn), -1)
    shares = np.asarray(share, np.float64).ravel()
    values = [np.quantile(columns[:, i], shares[i]) for i in range(columns.shape[1])]
    return np.asarray(values, np.float64).reshape(drawn.shape[1:])


def _step(
    p: ArrayLike,
    scale: Callable[[Floats, int], Floats],
    running: np.ufunc,
    from_largest: bool,
) -> Floats:
    """Adjust sorted p-values and make them monotone, from the largest down or the smallest up."""
    values = np.asarray(p, np.float64)
    flat = values.ravel()
    tested = np.flatnonzero(~np.isnan(flat))
    if np.any((flat[tested] < 0) | (flat[tested] > 1)):
        raise ValueError("p-values must lie between 0 and 1")
    adjusted = np.full(flat.shape, np.nan)
    if len(tested):
        order = tested[np.argsort(flat[tested], kind="stable")]
        scaled = np.minimum(running.accumulate(scale(flat[order], len(order))), 1.0)
        adjusted[order] = scaled[::-1] if from_largest else scaled
    return adjusted.reshape(values.shape)
