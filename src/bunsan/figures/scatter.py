"""Points of several groups on a plane: the middles of the groups have names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.groups import Dot, Group, wrapped, write_groups
from bunsan.figures.labels import place_labels
from bunsan.words.layout import label_width

_SIDE = 6.6  # inches of the longer side of the plot
_MARGIN, _TOP = 0.3, 0.62
_LINE = 0.21  # inches


def draw_scatter(
    groups: Sequence[Group], dots: Sequence[Dot], path: str | Path, *, title: str, note: str
) -> None:
    """Write the figure to a file, by its suffix: .html, or .png, .svg or .pdf for print.

    Parameters
    ----------
    dots : those with a label are middles of groups, or other places of note. note : the finding.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        fonts.save(scatter_figure(groups, dots, title=title, note=note), path, also=(".html",))
        return
    hint = tr(
        "Point at a dot for its sentence; click to keep it; click on a group to see it alone. Scroll or "
        "+ − to zoom, drag to move.",
        "点を指すと文が見え、クリックすると残ります。群をクリックするとその群だけが目立ちます。"
        "スクロールや + − で拡大縮小、ドラッグで移動。",
    )
    left, right, bottom, top = _bounds(dots)
    write_groups(
        groups, dots, path, title=title, note=note, hint=hint, bounds=(left, right, bottom, top)
    )


def scatter_figure(
    groups: Sequence[Group], dots: Sequence[Dot], *, title: str, note: str
) -> Figure:
    """The figure on paper; see `draw_scatter`. Both axes have one scale."""
    left, right, bottom, top = _bounds(dots)
    scale = _SIDE / max(right - left, top - bottom)
    width, height = (right - left) * scale, (top - bottom) * scale
    room = (max(width, 5.6) + _MARGIN) * 72
    legend = [
        (group, line if i == 0 else "", line)
        for group in groups
        for i, line in enumerate(wrapped(f"{group.name}  {group.note}", room / 8.5 - 3, 3))
    ]
    said = wrapped(note, room / 8.5)
    foot = _LINE * (len(legend) + len(said)) + 0.35
    full = (max(width, 5.6) + 2 * _MARGIN, foot + height + _TOP)
    drawing = fonts.figure(*full)
    plot = drawing.add_axes(
        (_MARGIN / full[0], foot / full[1], (full[0] - 2 * _MARGIN) / full[0], height / full[1])
    )
    more = max(0.0, (5.6 - width) / scale / 2)
    plot.set_xlim(left - more, right + more)
    plot.set_ylim(bottom, top)
    plot.set_xticks([])
    plot.set_yticks([])
    for spine in plot.spines.values():
        spine.set_color("#c8ccd2")
    radius = 1.7 if len(dots) > 600 else 2.6
    named = [dot for dot in dots if dot.label]
    for number, group in enumerate(groups):
        at = np.array([(d.x, d.y) for d in dots if d.group == number and not d.label])
        if len(at):
            plot.scatter(
                at[:, 0], at[:, 1], s=(2 * radius) ** 2, marker=group.marker,
                facecolor=group.colour, edgecolor="white", linewidth=0.25, alpha=0.75, zorder=3,
            )  # fmt: skip
    for dot in named:
        group = groups[dot.group]
        plot.scatter(
            [dot.x], [dot.y], s=150 if group.look == -2 else 90, marker=group.marker,
            facecolor=group.colour, edgecolor="white", linewidth=1.4, zorder=5,
        )  # fmt: skip
    to_paper = scale * 72
    corner = np.array([left - more, bottom])
    sizes = np.array([(label_width(d.label) * 10 + 4, 14) for d in named]).reshape(-1, 2)
    points = (np.array([(d.x, d.y) for d in named]).reshape(-1, 2) - corner) * to_paper
    area = ((full[0] - 2 * _MARGIN) * 72, height * 72)
    spots = place_labels(points, np.full(len(named), 6.0), sizes, area) / to_paper + corner
    for dot, (x, y) in zip(named, spots.tolist(), strict=True):
        fonts.label(plot, x, y, dot.label, size=10, bold=True, halo=3.2, zorder=7)
    text: dict[str, Any] = {"fontfamily": fonts.basic(), "parse_math": False}
    drawing.text(_MARGIN / full[0], 1 - 0.36 / full[1], title, fontsize=13, color="#1a1a1a", **text)
    # The legend and the finding, line by line, in inches of the paper.
    sheet = drawing.add_axes((0, 0, 1, foot / full[1]))
    sheet.set_xlim(0, full[0])
    sheet.set_ylim(0, foot)
    sheet.axis("off")
    y = foot - 0.24
    for group, first, line in legend:
        if first:
            sheet.scatter([_MARGIN + 0.07], [y + 0.04], s=34, marker=group.marker, c=group.colour)
        sheet.text(_MARGIN + 0.22, y, line, fontsize=8.5, color="#1a1a1a", **text)
        y -= _LINE
    for line in said:
        sheet.text(_MARGIN, y - 0.05, line, fontsize=8.5, color="#5c6370", **text)
        y -= _LINE
    return drawing


def _bounds(dots: Sequence[Dot]) -> tuple[float, float, float, float]:
    x, y = [dot.x for dot in dots], [dot.y for dot in dots]
    width, height = max(x) - min(x) or 1.0, max(y) - min(y) or 1.0
    return (min(x) - 0.05 * width, max(x) + 0.05 * width,
            min(y) - 0.05 * height, max(y) + 0.05 * height)  # fmt: skip
