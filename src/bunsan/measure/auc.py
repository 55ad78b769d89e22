"""How well a score tells two groups apart: the area under the ROC curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtri

from bunsan.measure.correlation import mean_ranks


@dataclass(frozen=True, slots=True)
class AUC:
    """The chance that one of the first group scores above one of the second, ties counting half.

    0.5 is no difference at all; NaN where a group is empty.

    Attributes
    ----------
    first, second : the sizes of the groups.
    """

    estimate: float
    low: float
    high: float
    first: int
    second: int


def auc(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> AUC:
    """The area under the ROC curve of a score, which is U / (m n) of Mann & Whitney.

    Parameters
    ----------
    first, second : [m] and [n], the scores of the two groups.

    The interval is all areas t with |t - estimate| <= z sqrt(V(t)), where V is the variance that
    Hanley & McNeil (1982), "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143, give, with (m + n) / 2 in place of both sizes in its
    second factor: method 5 of Newcombe (2006), "Confidence intervals for an effect size measure
    based on the Mann-Whitney statistic. Part 2", Statistics in Medicine 25. Like Wilson's it stays
    inside [0, 1] and has a width where the groups do not overlap.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"scores of shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a score that is not finite")
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1, as 0.95")
    m, n = len(x), len(y)
    if not m or not n:
        nan = float("nan")
        return AUC(nan, nan, nan, m, n)
    ranks = mean_ranks(np.concatenate([x, y]))[:m].sum()
    estimate = float((ranks - m * (m + 1) / 2) / (m * n))
    z2 = float(ndtri((1 - level) / 2)) ** 2
    half = (m + n) / 2 - 1

    def outside(t: float) -> float:
        """Above 0 where t lies outside the interval."""
        variance = t * (1 - t) * (1 + half * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return (t - estimate) ** 2 - z2 * variance

    # Where the estimate is an end, that end is a root of its own: the other one is wanted.
    edge = 1e-12
    low = 0.0 if estimate == 0 else float(brentq(outside, 0.0, min(estimate, 1 - edge)))
    high = 1.0 if estimate == 1 else float(brentq(outside, max(estimate, edge), 1.0))
    return AUC(estimate, low, high, m, n)
