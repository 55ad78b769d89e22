"""Drawing a correspondence map: words and groups, for papers (.png .svg .pdf) or to explore."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.map_paper import paper_map
from bunsan.figures.map_points import (
    GROUP,
    WORD,
    Point,
    axis_title,
    bounds,
    map_points,
    note,
    upward_title,
)
from bunsan.figures.page import Evidence, sentences, write_page
from bunsan.words.correspondence import Correspondence, Regions

_NEIGHBOURS = 12


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
    ids : of the words, by which `evidence` knows them; needed with it.
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
    if evidence is not None and ids is None:
        raise ValueError("evidence is found by the ids of the words: give them too")
    path = Path(path)
    points = map_points(result, words, groups, regions, frequencies, axes)
    if path.suffix.lower() == ".html":
        found = (evidence() if callable(evidence) else evidence) or {}
        keys = list(range(len(words)) if ids is None else ids)
        _write_page(result, points, path, axes, title, regions, keys, found)
    else:
        fonts.save(_on_paper(result, points, axes, title, regions), path, also=(".html",))


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
    points = map_points(result, words, groups, regions, frequencies, axes)
    return _on_paper(result, points, axes, title, regions)


def _on_paper(
    result: Correspondence,
    points: list[Point],
    axes: tuple[int, int],
    title: str,
    regions: Regions | None,
) -> Figure:
    flat = len(result.eigenvalues) == 1
    titles = (axis_title(result, 0 if flat else axes[0]), upward_title(flat, result, axes))
    explained = "" if regions is None else note(regions)
    return paper_map(points, titles, flat=flat, title=title, note=explained)


def _write_page(
    result: Correspondence,
    points: list[Point],
    path: Path,
    axes: tuple[int, int],
    title: str,
    regions: Regions | None,
    ids: Sequence[int],
    evidence: Evidence,
) -> None:
    flat = len(result.eigenvalues) == 1
    shown = (0,) if flat else axes
    # How many times as often as by chance, from the coordinates by the reconstitution formula.
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
                "sentences": None if p.group else sentences(evidence, (ids[p.index],)),
            }
        )
    data = {
        "points": made,
        "bounds": bounds(points),
        "flat": flat,
        "resampled": regions is not None,
        "titles": [axis_title(result, shown[0]), upward_title(flat, result, axes)],
        "colours": {"word": WORD, "group": GROUP},
        "note": "" if regions is None else note(regions),
    }
    groups = sum(p.group for p in points)
    counted = tr(
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
    write_page(path, "map", data, title=shown_title, note=counted, text=text)
