"""Learning curves: error as a falling power of the number of labels, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_POWERS = np.geomspace(0.05, 2.0, 40)
_WINDOWS = (2, 3, 4, 5)  # sizes
LEAST_SIZES = 4


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = rest + factor n^-power, L times.

    Hestness et al. (2017), "Deep learning scaling is predictable, empirically", § 2; for decision
    trees already Frey & Fisher (1999), "Modeling decision tree performance with the power law".

    Attributes
    ----------
    rest, factor, power : float64[L]; rest and factor are not below 0.
    """

    rest: Floats
    factor: Floats
    power: Floats

    def at(self, n: float) -> Floats:
        """float64[L], the error with n labels."""
        return self.rest + self.factor * float(n) ** -self.power


def fit_ends(sizes: Floats, errors: Floats, weights: Floats) -> PowerLaw:
    """Laws through the last 2, 3, 4 and 5 sizes of each row of errors, one after the other.

    Nobody knows from where on a curve follows its law: with a few labels many systems say what is
    frequent, and learn nothing yet. How far these disagree is part of what is not known. Two or
    three sizes decide two parameters only, so their laws end at 0.
    """
    laws = []
    for window in _WINDOWS:
        if window <= len(sizes):
            part = slice(len(sizes) - window, None)
            laws.append(fit(sizes[part], errors[:, part], weights[part], rest=window > 3))
    return PowerLaw(*(np.concatenate([getattr(law, name) for law in laws]) for name in
                      ("rest", "factor", "power")))  # fmt: skip


def fit(sizes: Floats, errors: Floats, weights: Floats, *, rest: bool = True) -> PowerLaw:
    """The law of least weighted squares through each row of errors.

    Parameters
    ----------
    sizes : float64[S]. errors : float64[L, S]. weights : float64[S], 1 / variance. rest : whether
        errors may end above 0.

    For each of 40 powers the other two are linear; the best power is taken.
    """
    x = sizes[None, :] ** -_POWERS[:, None]  # powers, sizes
    w = weights / weights.sum()
    mean_x, mean_xx = x @ w, (x * x) @ w
    mean_y, mean_xy = errors @ w, errors @ (x * w).T
    spread = np.maximum(mean_xx - mean_x**2, 1e-300)
    factor = (mean_xy - mean_y[:, None] * mean_x) / spread
    left = mean_y[:, None] - factor * mean_x
    # An error does not fall below 0, and labels do no harm.
    below = (left < 0) | (not rest)
    factor = np.where(below, mean_xy / mean_xx, factor)
    left = np.where(below, 0.0, left)
    rising = factor < 0
    left = np.where(rising, mean_y[:, None], left)
    factor = np.where(rising, 0.0, factor)
    missed = errors[:, None, :] - left[:, :, None] - factor[:, :, None] * x
    best = ((missed**2) @ w).argmin(axis=1)
    at = np.arange(len(errors)), best
    return PowerLaw(left[at], factor[at], _POWERS[best])
