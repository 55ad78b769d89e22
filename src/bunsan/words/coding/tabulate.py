"""Tables of codes: how many units have each, by group, and how often two come together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from bunsan.base.language import tr

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def no_code_label() -> str:
    """The name of the row of units that have no code at all."""
    return tr("#no codes", "＃コード無し")


@dataclass(frozen=True)
class CrossTable:
    """Codes by G groups. The last of the C+1 columns are the units without a code.

    units : int64[G], units in each group. count, percent : [G, C+1], percent of the group's units.
    chi2, p : float64[C+1], Pearson's test of each column (has the code or not) against the groups,
    with Yates' correction for two groups; NaN where there is nothing to test (one group, or all or
    no units have the code). dof : its degrees of freedom.
    residual : float64[G, C+1], (observed - expected) / sqrt(expected).
    adjusted : the residuals divided by their standard errors (Haberman 1973, Biometrics 29,
    205-220); beyond ±1.96 a cell departs from independence at the 5 % level.
    """

    units: Counts
    count: Counts
    percent: Floats
    chi2: Floats
    p: Floats
    dof: int
    residual: Floats
    adjusted: Floats


@dataclass(frozen=True)
class Tabulation:
    """How many of the units have each code.

    units : how many there are. count, percent : [C+1]; the last are the units without a code.
    groups : the same by group, None where no groups were given.
    """

    units: int
    count: Counts
    percent: Floats
    groups: CrossTable | None


def tabulate(
    matrix: NDArray[np.bool_], group: NDArray[np.integer] | None = None, n_groups: int | None = None
) -> Tabulation:
    """Count codes, and cross them with groups of units.

    Parameters
    ----------
    matrix : bool[U, C], whether a unit has a code.
    group : int[U], the group of each unit from 0; a negative one leaves the unit out of the
        cross table, as missing values are.
    n_groups : how many groups there are, at least the largest number in `group` plus 1.
    """
    full = np.column_stack([matrix, ~matrix.any(axis=1)])
    count = full.sum(axis=0, dtype=np.int64)
    cross = None
    if group is not None:
        group = np.asarray(group, np.int64)
        least = int(group.max(initial=-1)) + 1
        cross = _cross(full, group, least if n_groups is None else n_groups)
    return Tabulation(len(full), count, _percent(count, len(full)), cross)


def _percent(count: Counts, units: int | Counts) -> Floats:
    out = np.zeros(count.shape)
    return np.divide(100.0 * count, units, out=out, where=np.asarray(units) > 0)


def _cross(full: NDArray[np.bool_], group: NDArray[np.integer], n_groups: int) -> CrossTable:
    known = group >= 0
    group, full = group[known], full[known]
    units = np.bincount(group, minlength=n_groups)
    columns = [np.bincount(group[column], minlength=n_groups) for column in full.T]
    count = np.stack(columns, axis=1) if columns else np.zeros((n_groups, 0), np.int64)
    total, n = count.sum(axis=0), len(group)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.outer(units, total) / n
        residual = (count - expected) / np.sqrt(expected)
        adjusted = residual / np.sqrt(np.outer(1 - units / n, 1 - total / n))
    adjusted[~np.isfinite(adjusted)] = np.nan  # a group or a code that is everywhere
    there = units > 0
    chi2 = np.full(count.shape[1], np.nan)
    p = chi2.copy()
    for i in range(count.shape[1]):
        if there.sum() > 1 and 0 < total[i] < n:
            table = np.column_stack([count[there, i], units[there] - count[there, i]])
            chi2[i], p[i] = chi2_contingency(table)[:2]
    percent = _percent(count, units[:, None])
    dof = max(int(there.sum()) - 1, 0)
    return CrossTable(units, count, percent, chi2, p, dof, residual, adjusted)


def jaccard(matrix: NDArray[np.bool_]) -> Floats:
    """float64[C, C]: of the units that have one or both of two codes, the share that have both.

    0 where no unit has either. Jaccard, P. (1901), Bull. Soc. Vaud. Sci. Nat. 37, 547-579.
    """
    numbers = matrix.astype(np.float64)
    both = numbers.T @ numbers
    own = np.diag(both)
    either = own[:, None] + own[None, :] - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)
