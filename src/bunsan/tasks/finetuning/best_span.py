"""The best answer that scores of first and last positions allow (Devlin et al. 2019, §4.2, §4.3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def best_span(
    first: NDArray[Any], last: NDArray[Any], allowed: NDArray[np.bool_], longest: int
) -> tuple[float, int, int] | None:
    """The pair i <= j < i + longest of allowed positions with the highest first[i] + last[j].

    Of equals the shorter one wins, then the earlier one.

    Returns
    -------
    The sum, i and j; None where no position is allowed.
    """
    if not allowed.any():
        return None
    begins = np.where(allowed, first, -np.inf)
    ends = np.where(allowed, last, -np.inf)
    best: tuple[float, int, int] | None = None
    n = len(begins)
    for width in range(min(longest, n)):
        sums = begins[: n - width] + ends[width:]
        i = int(sums.argmax())
        if np.isfinite(sums[i]) and (best is None or sums[i] > best[0]):
            best = (float(sums[i]), i, i + width)
    return best
