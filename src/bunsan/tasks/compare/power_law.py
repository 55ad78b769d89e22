"""Learning curves: error as a falling power of the number of labels, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_POWERS = np.geomspace(0.05, 2.0, 40)
LEAST_SIZES = 4  # three parameters and one size to doubt them


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = rest + factor n^-power, once for each of B resamples.

    Hestness et al. (2017), "Deep learning scaling is predictable, empirically", § 2; for natural
    language with little data already Frey & Fisher (1999), "Modeling decision tree performance with
    the power law".

    Attributes
    ----------
    rest, factor, power : float64[B]; rest and factor are not below 0.
    """

    rest: Floats
    factor: Floats
    power: Floats

    def at(self, n: float) -> Floats:
        """float64[B], the error with n labels."""
        return self.rest + self.factor * float(n) ** -self.power


def fit(sizes: Floats, errors: Floats, weights: Floats) -> PowerLaw:
    """The curve of least weighted squares through each row of errors.

    Parameters
    ----------
    sizes : float64[S]. errors : float64[B, S]. weights : float64[S], 1 / variance.

    For each of 40 powers the other two are linear; the best power is taken.
    """
    x = sizes[None, :] ** -_POWERS[:, None]  # powers, sizes
    w = weights / weights.sum()
    mean_x, mean_xx = x @ w, (x * x) @ w
    mean_y, mean_xy = errors @ w, errors @ (x * w).T
    spread = np.maximum(mean_xx - mean_x**2, 1e-300)
    factor = (mean_xy - mean_y[:, None] * mean_x) / spread
    rest = mean_y[:, None] - factor * mean_x
    # An error does not fall below 0, and labels do no harm.
    below = rest < 0
    factor = np.where(below, mean_xy / mean_xx, factor)
    rest = np.where(below, 0.0, rest)
    rising = factor < 0
    rest = np.where(rising, mean_y[:, None], rest)
    factor = np.where(rising, 0.0, factor)
    missed = errors[:, None, :] - rest[:, :, None] - factor[:, :, None] * x
    best = ((missed**2) @ w).argmin(axis=1)
    at = np.arange(len(errors)), best
    return PowerLaw(rest[at], factor[at], _POWERS[best])
