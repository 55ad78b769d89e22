"""A map of words on paper: every word has its label, none on another."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from numpy.typing import NDArray

from bunsan.figures import fonts
from bunsan.figures.labels import place_labels
from bunsan.figures.map_points import FADED, GROUP, WORD, Point, bounds
from bunsan.words.layout import label_width

Floats = NDArray[np.float64]

_GROUP_INK = "#8b2f00"
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.75, 0.25, 0.55, 0.25  # inches around the map
_WIDTH, _HEIGHT = 8.2, 6.8  # inches the map may take; up to 1.45 times as many in a crowd
_LEADER = 10.0  # points from which a label has a line to its mark
_FEW = 0.12  # the share of labels with such a line from which on the map grows


def paper_map(
    points: list[Point], titles: tuple[str, str], *, flat: bool, title: str, note: str
) -> Figure:
    """Draw the points; both axes have one scale, so that distances can be read.

    Parameters
    ----------
    titles : of the axes; axes without a title have no numbers either.
    flat : the upward axis only spreads the points, and has a scale of its own.
    note : a line below the map.
    """
    for grown in (1.0, 1.2, 1.45):
        sheet = _Sheet.of(points, flat, grown)
        if (sheet.distances() > _LEADER).mean() <= _FEW:
            break
    width, height = sheet.width, sheet.height
    left, right, bottom, top = sheet.bounds
    head = 0.35 if title else 0.0
    foot = 0.25 if note else 0.0
    full = (_LEFT + width + _RIGHT, foot + _BOTTOM + height + _TOP + head)
    drawing = fonts.figure(*full)
    frame = (_LEFT / full[0], (foot + _BOTTOM) / full[1], width / full[0], height / full[1])
    plot = drawing.add_axes(frame)
    plot.set_xlim(left, right)
    plot.set_ylim(bottom, top)
    for side in plot.spines.values():
        side.set_color("#c8ccd2")
    family = fonts.basic()
    plot.tick_params(colors="#5c6370", labelsize=8, length=3, labelfontfamily=family)
    plot.axvline(0, color="#d9dce1", linewidth=0.8, zorder=0)
    if not titles[0]:
        plot.set_xticks([])
    if flat or not titles[1]:
        plot.set_yticks([])
    if not flat:
        plot.axhline(0, color="#d9dce1", linewidth=0.8, zorder=0)
    plot.set_xlabel(titles[0], fontsize=9, fontfamily=family, parse_math=False)
    plot.set_ylabel(titles[1], fontsize=9, fontfamily=family, parse_math=False)
    spots = sheet.spots / sheet.scale + (left, bottom)
    distances = sheet.distances()
    for k, point in enumerate(points):
        _mark(plot, point, float(sheet.radii[k]))
        if distances[k] > _LEADER:  # too far to be read as this point's: a thin line
            ends = [point.x, spots[k, 0]], [point.y, spots[k, 1]]
            plot.plot(*ends, color="#c4c8ce", linewidth=0.5, zorder=2)
        ink = _GROUP_INK if point.group else "#1a1a1a"
        fonts.label(
            plot,
            float(spots[k, 0]),
            float(spots[k, 1]),
            point.label,
            size=_size(point),
            bold=point.group,
            colour=ink if point.stable else "#8a9099",
            halo=2.0,
            zorder=6 if point.group else 5,
        )
    if title:
        drawing.text(
            _LEFT / full[0],
            1 - 0.36 / full[1],
            title,
            fontsize=13,
            fontfamily=family,
            parse_math=False,
            color="#1a1a1a",
        )
    if note:
        drawing.text(
            _LEFT / full[0],
            0.12 / full[1],
            note,
            fontsize=8,
            fontfamily=family,
            color="#5c6370",
            parse_math=False,
        )
    return drawing


@dataclass(frozen=True)
class _Sheet:
    """A map area in inches, and where marks and labels lie on it in points of paper."""

    width: float
    height: float
    bounds: tuple[float, float, float, float]
    at: Floats
    radii: Floats
    sizes: Floats
    spots: Floats

    @classmethod
    def of(cls, points: list[Point], flat: bool, grown: float) -> "_Sheet":
        left, right, bottom, top = bounds(points)
        width, height = _WIDTH * grown, _HEIGHT * grown
        if not flat:
            scale = min(width / (right - left), height / (top - bottom))
            width, height = max((right - left) * scale, 4.5), max((top - bottom) * scale, 3.5)
            cx, cy = (left + right) / 2, (bottom + top) / 2
            left, right = cx - width / scale / 2, cx + width / scale / 2
            bottom, top = cy - height / scale / 2, cy + height / scale / 2
        to_paper = np.array([width * 72 / (right - left), height * 72 / (top - bottom)])
        at = (np.array([[p.x, p.y] for p in points]) - (left, bottom)) * to_paper
        text = np.array([_size(p) for p in points])
        sizes = np.array([label_width(p.label) for p in points]) * text
        boxes = np.stack([sizes + 2, text * 1.2], axis=1)
        radii = _radii(points)
        spots = place_labels(at, radii, boxes, (width * 72, height * 72))
        return cls(width, height, (left, right, bottom, top), at, radii, boxes, spots)

    @property
    def scale(self) -> Floats:
        """Points of paper in one unit of x and of y."""
        left, right, bottom, top = self.bounds
        return np.array([self.width * 72 / (right - left), self.height * 72 / (top - bottom)])

    def distances(self) -> Floats:
        """From the middle of each mark to the nearest side of its label."""
        nearest = np.clip(self.at, self.spots - self.sizes / 2, self.spots + self.sizes / 2)
        return np.hypot(*(nearest - self.at).T)


def _size(point: Point) -> float:
    return 10.5 if point.group else 8.5


def _radii(points: list[Point]) -> Floats:
    """In points of paper: the area of a word's dot follows its frequency."""
    largest = max((p.frequency for p in points), default=0)
    share = [p.frequency / largest if largest else 0.15 for p in points]
    return np.array(
        [4.0 if p.group else max(1.6, 5 * s**0.5) for p, s in zip(points, share, strict=True)]
    )


def _mark(plot: Axes, point: Point, radius: float) -> None:
    colour = GROUP if point.group else WORD
    if point.ellipse is not None:
        long, short, angle = point.ellipse
        if short == 0:
            ends = [point.x - long, point.x + long], [point.y] * 2
            plot.plot(*ends, color=colour, alpha=0.2, linewidth=1, zorder=1)
        elif point.group:  # those of all words would cover the map
            region = Ellipse(
                (point.x, point.y), 2 * long, 2 * short, angle=float(np.rad2deg(angle))
            )
            region.set(facecolor=colour, edgecolor=colour, alpha=0.14, linewidth=0.8, zorder=1)
            plot.add_patch(region)
    plot.scatter(
        [point.x],
        [point.y],
        s=(2 * radius) ** 2,
        marker="s" if point.group else "o",
        facecolor=colour if point.stable else "white",
        edgecolor="white" if point.stable else FADED,
        linewidth=0.5 if point.stable else 0.8,
        zorder=3,
    )
