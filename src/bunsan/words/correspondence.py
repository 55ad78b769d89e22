"""Correspondence analysis of a words x groups table, and how stable its points are.

Greenacre (1984), "Theory and Applications of Correspondence Analysis", and (2017),
"Correspondence Analysis in Practice", 3rd ed., appendix A for the algebra.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.stats import chi2

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import counted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ZERO = 1e-12  # a share of inertia that is rounding, not an axis
_TIE = 1e-6
_SMALL = 0.25


@dataclass(frozen=True)
class Correspondence:
    """R rows (words), C columns (groups), K axes, the most important axis first.

    rows, columns : principal coordinates (R, K) and (C, K); distances from the origin are
        chi-square distances from the average profile. NaN for a row or column without counts:
        it has no profile, and so no place.
    row_mass, column_mass : shares of the grand total (R,), (C,).
    eigenvalues : principal inertias (K,). Their sum is X²/n of the table.
    shares : eigenvalues as shares of the total inertia (K,).
    row_contributions, column_contributions : shares of an axis' inertia that come from each point;
        each column of them sums to 1.
    row_cos2, column_cos2 : how much of a point's own distance each axis shows (its squared cosine);
        they sum to 1 over all K axes.
    """

    rows: Floats
    columns: Floats
    row_mass: Floats
    column_mass: Floats
    eigenvalues: Floats
    shares: Floats
    row_contributions: Floats
    column_contributions: Floats
    row_cos2: Floats
    column_cos2: Floats

    def project_rows(self, counts: ArrayLike) -> Floats:
        """Places of supplementary rows, counts (..., C), that had no say in the axes: (..., K)."""
        return _project(counts, self.columns, self.eigenvalues)

    def project_columns(self, counts: ArrayLike) -> Floats:
        """Places of supplementary columns, counts (..., R): (..., K)."""
        return _project(counts, self.rows, self.eigenvalues)


def correspondence(table: ArrayLike) -> Correspondence:
    """Analyse a table of counts (R, C): words in rows, groups in columns.

    There are min(R, C) - 1 axes, fewer where the table has less in it; two groups give one. The
    sign of an axis is free in the algebra; here the group that contributes most to the axis lies
    on its positive side (the first of them where several contribute alike), so that the same table
    gives the same map everywhere, whatever the order of its words.

    Raises
    ------
    BadInput : fewer than two groups or two words have any counts, the table holds negative or
        non-finite numbers, or all groups have the same profile, so that there is no axis.
    """
    counts = np.asarray(table, np.float64)
    if counts.ndim != 2:
        raise ValueError(f"the table has {counts.ndim} dimensions instead of 2")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise BadInput(
            tr("The table holds numbers that are no counts.", "度数でない数値が表にあります。"),
            remedy=tr("Give counts of 0 and more.", "0 以上の度数を渡してください。"),
        )
    row_sums, column_sums = counts.sum(axis=1), counts.sum(axis=0)
    used_rows, used_columns = np.flatnonzero(row_sums), np.flatnonzero(column_sums)
    if len(used_columns) < 2 or len(used_rows) < 2:
        raise BadInput(
            tr(
                f"A map needs two groups and two words; {len(used_columns)} group(s) and "
                f"{len(used_rows)} word(s) have counts.",
                f"対応分析には 2 つ以上のグループと語が必要ですが、度数があるのは "
                f"{len(used_columns)} グループ、{len(used_rows)} 語です。",
            ),
            remedy=tr(
                "Choose a column with several values, or take in rarer words.",
                "値が 2 種類以上ある列を選ぶか、より低頻度の語も含めてください。",
            ),
        )
    total = counts.sum()
    r, c = row_sums[used_rows] / total, column_sums[used_columns] / total
    p = counts[np.ix_(used_rows, used_columns)] / total
    residuals = (p - np.outer(r, c)) / np.sqrt(np.outer(r, c))
    u, singular, vt = np.linalg.svd(residuals, full_matrices=False)
    k = int((singular**2 > _ZERO * max(1.0, float((singular**2).sum()))).sum())
    k = min(k, len(r) - 1, len(c) - 1)
    if k == 0:
        raise BadInput(
            tr(
                "All groups use the words in the same proportions; there is nothing to map.",
                "どのグループでも語の割合が同じで、図にする違いがありません。",
            ),
            remedy=tr("Choose another column or other words.", "別の列か別の語を選んでください。"),
        )
    u, singular, v = u[:, :k], singular[:k], vt[:k].T
    sign = _signs(v)
    u, v = u * sign, v * sign
    f = u * singular / np.sqrt(r)[:, None]
    g = v * singular / np.sqrt(c)[:, None]
    eigenvalues = singular**2
    return Correspondence(
        rows=_spread(f, used_rows, len(counts), np.nan),
        columns=_spread(g, used_columns, counts.shape[1], np.nan),
        row_mass=row_sums / total,
        column_mass=column_sums / total,
        eigenvalues=eigenvalues,
        shares=eigenvalues / (residuals**2).sum(),
        row_contributions=_spread(u**2, used_rows, len(counts), 0.0),
        column_contributions=_spread(v**2, used_columns, counts.shape[1], 0.0),
        row_cos2=_spread(_cos2(f), used_rows, len(counts), np.nan),
        column_cos2=_spread(_cos2(g), used_columns, counts.shape[1], np.nan),
    )


@dataclass(frozen=True)
class Regions:
    """Where resampling puts each point, on the two axes of `axes` (d = 2, or 1 if there is one).

    row_covariance, column_covariance : (R, d, d) and (C, d, d).
    row_stable, column_stable : bool. A point is stable if what a reader sees in it would remain:
        either its 95 % ellipse leaves out the origin, so that the point differs from the average
        profile in this direction; or the ellipse is small (its long half-axis is at most a quarter
        of the points' root mean square distance from the origin), so that it stays where it is.
    radius : half-axes of the ellipse in standard deviations.
    resamples : how many were drawn.
    """

    axes: tuple[int, ...]
    row_covariance: Floats
    column_covariance: Floats
    row_stable: NDArray[np.bool_]
    column_stable: NDArray[np.bool_]
    radius: float
    resamples: int

    def row_ellipses(self) -> Floats:
        """(R, 3): half-axes (long, short) and the angle of the long one in radians."""
        return _ellipses(self.row_covariance, self.radius)

    def column_ellipses(self) -> Floats:
        """(C, 3), as `row_ellipses`."""
        return _ellipses(self.column_covariance, self.radius)


def regions(
    result: Correspondence,
    units: csr_array,
    groups: ArrayLike,
    *,
    axes: tuple[int, int] = (0, 1),
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Regions:
    """Resample documents within their groups and project the resampled tables on the fixed axes.

    Parameters
    ----------
    units : sparse (D, R), the counts of each document; summed by group they are the table that
        `result` was made from.
    groups : int (D,), the column of the table each document belongs to; negative for none.

    Notes
    -----
    The partial bootstrap of Greenacre (1984, chapter 8) and Lebart (2007), "Which bootstrap for
    principal axes methods?": the axes stay, so nothing has to be rotated into place. Drawing again
    from very little shows no spread: a word that occurs twice, both times in one group, would be
    put on the same spot by every resample and look certain, and so would a group of one document.
    Therefore each resample counts every word once more, in a group drawn by the groups' sizes, and
    gives every group one more document, drawn from all: a prior worth one observation. It widens
    the regions of rare words and small groups; for the others it is nothing.
    """
    group = np.asarray(groups, np.int64)
    counts = csr_array(units).astype(np.float64)
    n_groups, n_words = len(result.columns), len(result.rows)
    if counts.shape != (len(group), n_words) or group.max(initial=-1) >= n_groups:
        raise ValueError(f"units {counts.shape}, groups {group.shape}: not those of the table")
    rng = np.random.default_rng(seed)
    group, counts, times = _alike(group, counts)
    members = [np.flatnonzero(group == g) for g in range(n_groups)]
    share = times / times.sum()
    chosen = tuple(a for a in axes if a < len(result.eigenvalues))
    place = np.flatnonzero(result.column_mass > 0)
    rows = np.empty((resamples, n_words, len(chosen)))
    columns = np.empty((resamples, n_groups, len(chosen)))
    for b in counted(range(resamples), tr("Resampling", "再標本化中"), resamples):
        weights = np.zeros(len(group))
        for documents in members:
            size = times[documents].sum()
            if size:
                weights[documents] = rng.multinomial(size, times[documents] / size)
        by_group = csr_array(
            (weights, (group, np.arange(len(group)))), shape=(n_groups, len(group))
        )
        table = (by_group @ counts).toarray()
        table += counts[rng.choice(len(group), n_groups, p=share)].toarray()
        table = table.T
        drawn = rng.choice(place, n_words, p=result.column_mass[place])
        table[np.arange(n_words), drawn] += 1
        rows[b] = result.project_rows(table)[:, list(chosen)]
        # A group may be left with none of the words; then nothing tells it from the average.
        columns[b] = np.nan_to_num(result.project_columns(table.T)[:, list(chosen)])
    radius = float(np.sqrt(chi2.ppf(level, len(chosen))))
    row_covariance, column_covariance = _covariance(rows), _covariance(columns)
    at_rows, at_columns = result.rows[:, list(chosen)], result.columns[:, list(chosen)]
    return Regions(
        axes=chosen,
        row_covariance=row_covariance,
        column_covariance=column_covariance,
        row_stable=_stable(at_rows, row_covariance, radius),
        column_stable=_stable(at_columns, column_covariance, radius),
        radius=radius,
        resamples=resamples,
    )


def _alike(group: Ints, counts: csr_array) -> tuple[Ints, csr_array, Ints]:
    """Documents of the same group and the same counts taken together: their group, their counts,
    how many they are. Most documents have none or one of the words of a map, so that hundreds of
    thousands of documents become a few thousand kinds, and drawing kinds by their number is drawing
    documents."""
    counts = csr_array(counts[np.flatnonzero(group >= 0)])
    counts.sum_duplicates()
    counts.eliminate_zeros()
    group = group[group >= 0]
    # Rows are told apart by the product with a vector of random 64-bit numbers.
    random = np.random.default_rng(0).integers(0, 2**64, counts.shape[1], np.uint64)
    _, value = np.unique(counts.data, return_inverse=True)
    entries = random[counts.indices] * (value + 1).astype(np.uint64)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(entries, dtype=np.uint64)])
    rows = sums[counts.indptr[1:]] - sums[counts.indptr[:-1]]
    _, first, times = np.unique(
        np.stack([group.astype(np.uint64), rows], axis=1),
        axis=0,
        return_index=True,
        return_counts=True,
    )
    order = np.argsort(first)
    return group[first[order]], csr_array(counts[first[order]]), times[order].astype(np.int64)


def _project(counts: ArrayLike, others: Floats, eigenvalues: Floats) -> Floats:
    profile = np.asarray(counts, np.float64)
    with np.errstate(invalid="ignore"):
        profile = profile / profile.sum(axis=-1, keepdims=True)
    standard = np.nan_to_num(others) / np.sqrt(eigenvalues)
    return np.asarray(profile @ standard)


def _signs(v: Floats) -> Floats:
    """+1 or -1 per axis, so that the column with the largest contribution becomes positive."""
    size = np.abs(v)
    first = np.argmax(size >= size.max(axis=0) * (1 - _TIE), axis=0)
    return np.sign(v[first, np.arange(v.shape[1])])


def _spread(values: Floats, used: NDArray[np.intp], length: int, empty: float) -> Floats:
    full = np.full((length, values.shape[1]), empty)
    full[used] = values
    return full


def _cos2(coordinates: Floats) -> Floats:
    squares = coordinates**2
    total = squares.sum(axis=1, keepdims=True)
    # A point in the very centre has no direction that an axis could show well or badly.
    return np.divide(squares, total, out=np.zeros_like(squares), where=total > _ZERO)


def _covariance(drawn: Floats) -> Floats:
    centred = drawn - drawn.mean(axis=0)
    return np.einsum("bid,bie->ide", centred, centred) / max(len(drawn) - 1, 1)


def _stable(places: Floats, covariance: Floats, radius: float) -> NDArray[np.bool_]:
    known = np.isfinite(places).all(axis=1)
    stable = np.zeros(len(places), np.bool_)
    if not known.any():
        return stable
    spread = np.sqrt((places[known] ** 2).sum(axis=1).mean())
    long = _ellipses(covariance, radius)[:, 0]
    for i in np.flatnonzero(known):
        # The origin's distance in standard deviations; where there is no spread it is infinite.
        inverse = np.linalg.pinv(covariance[i], hermitian=True)
        away = float(places[i] @ inverse @ places[i]) > radius**2
        stable[i] = away or long[i] <= _SMALL * spread
    return stable


def _ellipses(covariance: Floats, radius: float) -> Floats:
    d = covariance.shape[1]
    known = np.isfinite(covariance).all(axis=(1, 2))
    out = np.full((len(covariance), 3), np.nan)
    values, vectors = np.linalg.eigh(covariance[known])
    half = radius * np.sqrt(np.maximum(values, 0))
    out[known, 0] = half[:, -1]
    out[known, 1] = half[:, 0] if d == 2 else 0.0
    out[known, 2] = np.arctan2(vectors[:, 1, -1], vectors[:, 0, -1]) % np.pi if d == 2 else 0.0
    return out
