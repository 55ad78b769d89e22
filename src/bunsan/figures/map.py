"""Drawing a correspondence map: words and groups, for papers (.png .svg .pdf) or to explore."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.labels import place_labels
from bunsan.figures.page import Evidence, sentences, write_page
from bunsan.words.correspondence import Correspondence, Regions
from bunsan.words.layout import label_width

Floats = NDArray[np.float64]

# Blue and vermilion of Okabe & Ito (2008), "Color universal design".
_WORD, _GROUP, _FADED = "#0072b2", "#d55e00", "#9aa0a8"
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.75, 0.25, 0.65, 0.25  # inches around the map
_WIDTH, _HEIGHT = 8.2, 6.8  # inches the map may take
_NEIGHBOURS = 12


@dataclass(frozen=True, slots=True)
class _Point:
    label: str
    group: bool
    index: int
    x: float
    y: float
    frequency: int
    stable: bool
    ellipse: tuple[float, float, float] | None  # half-axes and angle


def draw_map(
    result: Correspondence,
    words: Sequence[str],
    groups: Sequence[str],
    path: str | Path,
    *,
    ids: Sequence[int] | None = None,
    regions: Regions | None = None,
    frequencies: Sequence[int] | None = None,
    axes: tuple[int, int] = (0, 1),
    title: str = "",
    evidence: Evidence | Callable[[], Evidence] | None = None,
) -> None:
    """Write the map to a file, by its suffix.

    Parameters
    ----------
    words, groups : names of the rows and columns of `result`.
    path : .png, .svg or .pdf for print; .html to explore in a browser, without any connection.
    ids : of the words, by which `evidence` knows them; by default 0, 1, 2 …
    regions : ellipses, of the same axes; points that are not stable are faded.
    frequencies : of the words: how large the dots are, whose label goes first.
    axes : which two; counted from 0. A table of two groups has one: then the words are spread
        upwards by frequency.
    evidence : the sentences a click on a word, key (id,), shows; or a function that finds them,
        called for .html only.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    points = _points(result, words, groups, regions, frequencies, axes)
    if path.suffix.lower() == ".html":
        found = (evidence() if callable(evidence) else evidence) or {}
        keys = list(range(len(words)) if ids is None else ids)
        _write_page(result, points, path, axes, title, regions, keys, found)
    else:
        fonts.save(_figure(result, points, axes, title, regions), path, also=(".html",))


def map_figure(
    result: Correspondence,
    words: Sequence[str],
    groups: Sequence[str],
    *,
    regions: Regions | None = None,
    frequencies: Sequence[int] | None = None,
    axes: tuple[int, int] = (0, 1),
    title: str = "",
) -> Figure:
    """The map on paper; see `draw_map`. Both axes have one scale, so that distances can be read."""
    points = _points(result, words, groups, regions, frequencies, axes)
    return _figure(result, points, axes, title, regions)


def _points(
    result: Correspondence,
    words: Sequence[str],
    groups: Sequence[str],
    regions: Regions | None,
    frequencies: Sequence[int] | None,
    axes: tuple[int, int],
) -> list[_Point]:
    """Groups first, then words from the most frequent on; without those that have no place."""
    if len(words) != len(result.rows) or len(groups) != len(result.columns):
        raise ValueError("words and groups must be the rows and columns of the result")
    flat = len(result.eigenvalues) == 1
    if regions is not None and regions.axes != ((0,) if flat else axes):
        raise ValueError(f"the regions are those of the axes {regions.axes}")
    counts = [0] * len(words) if frequencies is None else [int(f) for f in frequencies]
    mass = np.array(counts, np.float64) if any(counts) else result.row_mass
    upward = np.log10(np.maximum(mass, mass[mass > 0].min(initial=1.0)))
    found: list[_Point] = []
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
            point = _Point(
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


def _triple(ellipse: Floats) -> tuple[float, float, float]:
    return float(ellipse[0]), float(ellipse[1]), float(ellipse[2])


def _bounds(points: list[_Point]) -> tuple[float, float, float, float]:
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


def _figure(
    result: Correspondence,
    points: list[_Point],
    axes: tuple[int, int],
    title: str,
    regions: Regions | None,
) -> Figure:
    left, right, bottom, top = _bounds(points)
    flat = len(result.eigenvalues) == 1
    width, height = _WIDTH, _HEIGHT
    if not flat:
        scale = min(width / (right - left), height / (top - bottom))
        width, height = max((right - left) * scale, 4.5), max((top - bottom) * scale, 3.5)
        cx, cy = (left + right) / 2, (bottom + top) / 2
        left, right = cx - width / scale / 2, cx + width / scale / 2
        bottom, top = cy - height / scale / 2, cy + height / scale / 2
    head = 0.45 if title else 0.0
    note = 0.3 if regions is not None else 0.0
    full = (_LEFT + width + _RIGHT, note + _BOTTOM + height + _TOP + head)
    drawing = fonts.figure(*full)
    frame = (_LEFT / full[0], (note + _BOTTOM) / full[1], width / full[0], height / full[1])
    plot = drawing.add_axes(frame)
    plot.set_xlim(left, right)
    plot.set_ylim(bottom, top)
    for side in plot.spines.values():
        side.set_color("#c8ccd2")
    plot.tick_params(colors="#5c6370", labelsize=8, length=3)
    plot.axvline(0, color="#d9dce1", linewidth=0.8, zorder=0)
    if flat:
        plot.set_yticks([])
    else:
        plot.axhline(0, color="#d9dce1", linewidth=0.8, zorder=0)
    plot.set_xlabel(_axis_title(result, 0 if flat else axes[0]), fontsize=9, parse_math=False)
    plot.set_ylabel(_upward(flat, result, axes), fontsize=9, parse_math=False)
    to_paper = np.array([width * 72 / (right - left), height * 72 / (top - bottom)])
    at = (np.array([[p.x, p.y] for p in points]) - (left, bottom)) * to_paper
    radius = _radii(points)
    text = np.array([10.5 if p.group else 8.5 for p in points])
    wide = np.array([label_width(p.label) for p in points]) * text
    sizes = np.stack([wide + 2, text * 1.2], axis=1)
    spots = place_labels(at, radius, sizes, (width * 72, height * 72))
    for k, point in enumerate(points):
        _mark(plot, point, float(radius[k]))
        spot = spots[k] / to_paper + (left, bottom)
        _label(
            plot, point, (float(spot[0]), float(spot[1])), float(text[k]), at[k], spots[k], sizes[k]
        )
    if title:
        drawing.text(
            _LEFT / full[0],
            1 - 0.38 / full[1],
            title,
            fontsize=13,
            parse_math=False,
            color="#1a1a1a",
        )
    if regions is not None:
        drawing.text(
            _LEFT / full[0],
            0.12 / full[1],
            _note(regions),
            fontsize=8,
            color="#5c6370",
            parse_math=False,
        )
    return drawing


def _radii(points: list[_Point]) -> Floats:
    """In points of paper: the area of a word's dot follows its frequency."""
    largest = max((p.frequency for p in points), default=0)
    share = [p.frequency / largest if largest else 0.15 for p in points]
    return np.array(
        [5.0 if p.group else max(1.8, 6 * s**0.5) for p, s in zip(points, share, strict=True)]
    )


def _mark(plot: Axes, point: _Point, radius: float) -> None:
    colour = _GROUP if point.group else _WORD
    if point.ellipse is not None and point.ellipse[0] > 0:
        long, short, angle = point.ellipse
        if short > 0:
            plot.add_patch(
                Ellipse(
                    (point.x, point.y),
                    2 * long,
                    2 * short,
                    angle=float(np.rad2deg(angle)),
                    facecolor=colour if point.group else "none",
                    edgecolor=colour,
                    alpha=0.14 if point.group else 0.22 if point.stable else 0.1,
                    linewidth=0.8 if point.group else 0.5,
                    zorder=1,
                )
            )
        else:
            plot.plot(
                [point.x - long, point.x + long],
                [point.y] * 2,
                color=colour,
                alpha=0.25,
                linewidth=1,
                zorder=1,
            )
    plot.scatter(
        [point.x],
        [point.y],
        s=(2 * radius) ** 2,
        marker="s" if point.group else "o",
        facecolor=colour if point.stable else "white",
        edgecolor=colour if point.stable else _FADED,
        linewidth=0.8,
        alpha=0.9,
        zorder=3,
    )


def _label(
    plot: Axes,
    point: _Point,
    spot: tuple[float, float],
    size: float,
    at: Floats,
    middle: Floats,
    box: Floats,
) -> None:
    ink = "#8b2f00" if point.group else "#1a1a1a"
    nearest = np.clip(at, middle - box / 2, middle + box / 2)
    if float(np.hypot(*(nearest - at))) > 10:  # too far to be read as this point's: a thin line
        plot.plot([point.x, spot[0]], [point.y, spot[1]], color="#b4b8bf", linewidth=0.5, zorder=2)
    fonts.label(
        plot,
        *spot,
        point.label,
        size=size,
        bold=point.group,
        colour=ink if point.stable else "#8a9099",
        halo=2.0,
        zorder=6 if point.group else 5,
    )


def _axis_title(result: Correspondence, axis: int) -> str:
    share = f"{100 * result.shares[axis]:.1f}"
    return tr(f"Axis {axis + 1} ({share} % of inertia)", f"成分 {axis + 1}(寄与率 {share}%)")


def _upward(flat: bool, result: Correspondence, axes: tuple[int, int]) -> str:
    return tr("Frequency (log) →", "出現数(対数)→") if flat else _axis_title(result, axes[1])


def _note(regions: Regions) -> str:
    return tr(
        f"Ellipses: 95 % regions of {regions.resamples} resamples; grey: places not confirmed.",
        f"楕円: 再標本化 {regions.resamples} 回による 95% の範囲。灰色: 位置が定まらない点。",
    )


def _write_page(
    result: Correspondence,
    points: list[_Point],
    path: Path,
    axes: tuple[int, int],
    title: str,
    regions: Regions | None,
    ids: Sequence[int],
    evidence: Evidence,
) -> None:
    flat = len(result.eigenvalues) == 1
    shown = (0,) if flat else axes
    # How many times as often as by chance: the reconstitution formula gives it from the coordinates.
    standard = np.nan_to_num(result.columns) / np.sqrt(result.eigenvalues)
    times = 1 + np.nan_to_num(result.rows) @ standard.T
    marked = np.outer(result.row_mass, result.column_mass) * (times - 1) * np.abs(times - 1)
    place = {(p.group, p.index): k for k, p in enumerate(points)}
    made: list[dict[str, Any]] = []
    for p in points:
        cos2 = (result.column_cos2 if p.group else result.row_cos2)[p.index]
        column = p.index if p.group else slice(None)
        row = slice(None) if p.group else p.index
        strongest = np.argsort(-marked[row, column], kind="stable")[:_NEIGHBOURS].tolist()
        links = [
            [place[not p.group, i], round(float(times[row, column][i]), 3)]
            for i in strongest
            if marked[row, column][i] > 0 and (not p.group, i) in place
        ]
        made.append(
            {
                "label": p.label,
                "group": p.group,
                "x": p.x,
                "y": p.y,
                "frequency": p.frequency,
                "stable": p.stable,
                "ellipse": p.ellipse,
                "quality": float(cos2[list(shown)].sum()),
                "links": links,
                "sentences": [] if p.group else sentences(evidence, (ids[p.index],)),
            }
        )
    data = {
        "points": made,
        "bounds": _bounds(points),
        "flat": flat,
        "resampled": regions is not None,
        "titles": [_axis_title(result, shown[0]), _upward(flat, result, axes)],
        "colours": {"word": _WORD, "group": _GROUP},
        "note": "" if regions is None else _note(regions),
    }
    groups = sum(p.group for p in points)
    note = tr(
        f"{len(points) - groups} words, {groups} groups",
        f"{len(points) - groups} 語、{groups} グループ",
    )
    text = {
        "frequency": tr("frequency", "出現数"),
        "quality": tr("shown by these axes (cos²)", "この図での再現度(cos²)"),
        "stable": tr("place", "位置"),
        "yes": tr("stable", "安定"),
        "no": tr("not confirmed", "不安定"),
        "words": tr("More often here than elsewhere", "他より多く使われる語"),
        "groups": tr("More often in", "他より多く使うグループ"),
        "times": tr("times the average", "倍"),
        "all_groups": tr("Groups", "グループ"),
        "ellipses": tr("Ellipses of all words", "すべての語の楕円を表示"),
        "signs": tr("Signs", "凡例"),
        "word": tr("word (area: frequency)", "語(面積: 出現数)"),
        "group": tr("group", "グループ"),
        "hint": tr(
            "Click on a word for its sentences. Scroll or + − to zoom, drag to move.",
            "語をクリックすると文を表示します。スクロールや + − で拡大縮小、ドラッグで移動。",
        ),
    }
    shown_title = title or tr("Correspondence analysis", "対応分析")
    write_page(path, "map", data, title=shown_title, note=note, text=text)
