"""What is on a correspondence map, before it is known whether it is drawn on paper or a screen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.base.language import tr
from bunsan.words.correspondence import Correspondence, Regions

Floats = NDArray[np.float64]

# Blue and vermilion of Okabe & Ito (2008), "Color universal design".
WORD, GROUP, FADED = "#0072b2", "#d55e00", "#9aa0a8"


@dataclass(frozen=True, slots=True)
class Point:
    """A word or a group in its place. `index`: its row or column; the ellipse: half-axes, angle."""

    label: str
    group: bool
    index: int
    x: float
    y: float
    frequency: int
    stable: bool
    ellipse: tuple[float, float, float] | None


def map_points(
    result: Correspondence,
    words: Sequence[str],
    groups: Sequence[str],
    regions: Regions | None,
    frequencies: Sequence[int] | None,
    axes: tuple[int, int],
) -> list[Point]:
    """Groups first, then words from the most frequent on; without those that have no place."""
    if len(words) != len(result.rows) or len(groups) != len(result.columns):
        raise ValueError("words and groups must be the rows and columns of the result")
    flat = len(result.eigenvalues) == 1
    if regions is not None and regions.axes != ((0,) if flat else axes):
        raise ValueError(f"the regions are those of the axes {regions.axes}")
    counts = [0] * len(words) if frequencies is None else [int(f) for f in frequencies]
    mass = np.array(counts, np.float64) if any(counts) else result.row_mass
    upward = np.log10(np.maximum(mass, mass[mass > 0].min(initial=1.0)))
    found: list[Point] = []
    for group in (True, False):
        at = result.columns if group else result.rows
        names = groups if group else words
        ellipses = None
        stable = np.ones(len(names), np.bool_)
        if regions is not None:
            ellipses = regions.column_ellipses() if group else regions.row_ellipses()
            stable = regions.column_stable if group else regions.row_stable
        order = range(len(names)) if group else np.argsort(-mass, kind="stable").tolist()
        for i in order:
            if not np.isfinite(at[i]).all():
                continue
            top = upward.max() + np.ptp(upward) * 0.12 + 0.1
            y = (top if group else upward[i]) if flat else at[i, axes[1]]
            point = Point(
                label=names[i],
                group=group,
                index=i,
                x=float(at[i, 0 if flat else axes[0]]),
                y=float(y),
                frequency=0 if group else counts[i],
                stable=bool(stable[i]),
                ellipse=None if ellipses is None else _triple(ellipses[i]),
            )
            found.append(point)
    return found


def as_points(
    words: Sequence[str], places: ArrayLike, frequencies: Sequence[int] | None
) -> list[Point]:
    """Words at given places [n, 2], from the most frequent on."""
    at = np.asarray(places, np.float64)
    if at.shape != (len(words), 2):
        raise ValueError(f"{len(words)} words at places of shape {at.shape}")
    counts = [0] * len(words) if frequencies is None else [int(f) for f in frequencies]
    return [
        Point(words[i], False, i, float(at[i, 0]), float(at[i, 1]), counts[i], True, None)
        for i in np.argsort(-np.array(counts), kind="stable").tolist()
    ]


def _triple(ellipse: Floats) -> tuple[float, float, float]:
    return float(ellipse[0]), float(ellipse[1]), float(ellipse[2])


def bounds(points: list[Point]) -> tuple[float, float, float, float]:
    """What has to be on the map: all points, the origin, and the ellipses of the groups."""
    x = [p.x for p in points] + [0.0]
    y = [p.y for p in points] + [0.0] * (min(p.y for p in points) < 0)
    for p in points:
        if p.group and p.ellipse and p.ellipse[1] > 0:
            x += [p.x - p.ellipse[0], p.x + p.ellipse[0]]
            y += [p.y - p.ellipse[0], p.y + p.ellipse[0]]
    width, height = max(x) - min(x), max(y) - min(y)
    return (
        min(x) - 0.06 * width,
        max(x) + 0.06 * width,
        min(y) - 0.05 * height,
        max(y) + 0.05 * height,
    )


def axis_title(result: Correspondence, axis: int) -> str:
    """The axis, counted from 1, and its share of the inertia."""
    share = f"{100 * result.shares[axis]:.1f}"
    return tr(f"Axis {axis + 1} ({share} % of inertia)", f"成分 {axis + 1}(寄与率 {share}%)")


def upward_title(flat: bool, result: Correspondence, axes: tuple[int, int]) -> str:
    """What the upward axis shows; in a `flat` map, of one axis only, it is the frequency."""
    return tr("Frequency (log) →", "出現数(対数)→") if flat else axis_title(result, axes[1])


def note(regions: Regions) -> str:
    """What ellipses and grey points mean."""
    return tr(
        f"95 % regions of {regions.resamples} resamples; grey: places they do not confirm.",
        f"範囲: 再標本化 {regions.resamples} 回による 95% 信頼域。灰色: 位置が定まらない点。",
    )
