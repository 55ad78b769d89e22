"""Several groups of numbers beneath each other, every number a dot, with their medians."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.groups import Dot, Group, Line, wrapped, write_groups
from bunsan.figures.labels import place_labels
from bunsan.words.layout import label_width

_HEIGHT = 0.4  # of the swarm on each side of its line, the next strip's line being 1 away
_WIDTH_IN, _STRIP_IN = 9.4, 1.75  # inches of paper
_LEFT, _RIGHT, _BOTTOM, _TOP = 1.25, 0.25, 0.62, 0.62
_DOT = 2.6  # points of paper
_NAMED = 26  # labels of a strip on paper


@dataclass(frozen=True)
class Strip:
    """Numbers of one kind.

    Attributes
    ----------
    name : of the kind. labels, values, notes : one each. named : whether labels are written.
    """

    name: str
    labels: Sequence[str]
    values: Sequence[float]
    notes: Sequence[str]
    named: bool = True


def draw_strips(
    strips: Sequence[Strip], path: str | Path, *, axis: str, title: str, note: str
) -> None:
    """Write the figure to a file, by its suffix: .html, or .png, .svg or .pdf for print.

    Parameters
    ----------
    axis : what the numbers are. note : the finding.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        fonts.save(strips_figure(strips, axis=axis, title=title, note=note), path, also=(".html",))
        return
    dots, lines, bands = [], [], []
    left, right = _span(strips)
    for number, strip in enumerate(strips):
        height = float(len(strips) - 1 - number)
        bands.append((height, strip.name))
        offsets = swarm(strip.values, (right - left) / 130, _HEIGHT / 7)
        for label, value, note_, offset in zip(
            strip.labels, strip.values, strip.notes, offsets.tolist(), strict=True
        ):
            shown = f"{value:.3f}"
            dots.append(
                Dot(
                    number, value, height + offset, label if strip.named else "", label,
                    (label, f"{axis} {shown}", *wrapped(note_)), ((axis, shown), (tr("ranks", "順位"), note_)),
                )
            )  # fmt: skip
        middle = float(np.median(strip.values))
        lines.append(
            Line((middle, middle), (height - _HEIGHT, height + _HEIGHT), _median(middle))
        )  # fmt: skip
    groups = [Group(s.name, f"{len(s.values)}", i if s.named else -1) for i, s in enumerate(strips)]
    hint = tr(
        "Point at a dot for its pair; click to keep it. Scroll or + − to zoom, drag to move.",
        "点を指すと語の組が、クリックすると詳しい値が見えます。スクロールや + − で拡大縮小、ドラッグで移動。",
    )
    write_groups(
        groups, dots, path, title=title, note=note, hint=hint, square=False, axis=axis,
        bounds=(left, right, -0.6, len(strips) - 0.3), bands=bands, lines=lines,
    )  # fmt: skip


def strips_figure(strips: Sequence[Strip], *, axis: str, title: str, note: str) -> Figure:
    """The figure on paper; see `draw_strips`."""
    left, right = _span(strips)
    lines = wrapped(note, 88)
    foot = 0.2 * len(lines)
    height = _STRIP_IN * len(strips)
    full = (_LEFT + _WIDTH_IN + _RIGHT, _BOTTOM + foot + height + _TOP)
    drawing = fonts.figure(*full)
    plot = drawing.add_axes(
        (_LEFT / full[0], (_BOTTOM + foot) / full[1], _WIDTH_IN / full[0], height / full[1])
    )
    plot.set_xlim(left, right)
    plot.set_ylim(-0.5, len(strips) - 0.5)
    family = fonts.basic()
    for side in ("left", "right", "top"):
        plot.spines[side].set_visible(False)
    plot.tick_params(colors="#5c6370", labelsize=8, length=3, labelfontfamily=family)
    plot.grid(axis="x", color="#e6e8ec", linewidth=0.7)
    plot.set_axisbelow(True)
    plot.set_yticks([])
    plot.set_xlabel(axis, fontsize=9, fontfamily=family, parse_math=False)
    to_paper = np.array([_WIDTH_IN * 72 / (right - left), _STRIP_IN * 72])
    for number, strip in enumerate(strips):
        line = float(len(strips) - 1 - number)
        offsets = swarm(strip.values, 2 * _DOT / to_paper[0], 2 * _DOT / to_paper[1])
        at = np.stack([np.asarray(strip.values, np.float64), line + offsets], axis=1)
        group = Group(strip.name, look=number if strip.named else -1)
        plot.scatter(
            at[:, 0], at[:, 1], s=(2 * _DOT) ** 2, marker=group.marker, facecolor=group.colour,
            edgecolor="white", linewidth=0.4, zorder=3,
        )  # fmt: skip
        middle = float(np.median(strip.values))
        ends = [line - _HEIGHT, line + _HEIGHT]
        plot.plot([middle, middle], ends, color="#1a1a1a", linewidth=2, zorder=4)
        fonts.label(plot, middle, ends[1] + 0.05, _median(middle), size=8.5, zorder=7)
        drawing.text(
            0.12 / full[0], (_BOTTOM + foot + (line + 0.5) * _STRIP_IN) / full[1],
            f"{strip.name}\n({len(strip.values)})", fontsize=10, fontfamily=family, va="center",
            parse_math=False, color=group.colour,
        )  # fmt: skip
        if strip.named:
            _label(plot, strip, at, (left, line - 0.5), to_paper)
    text: dict[str, Any] = {"fontfamily": family, "parse_math": False}
    drawing.text(0.12 / full[0], 1 - 0.36 / full[1], title, fontsize=13, color="#1a1a1a", **text)
    for i, said in enumerate(reversed(lines)):
        drawing.text(
            0.12 / full[0], (0.1 + 0.2 * i) / full[1], said, fontsize=8.5, color="#5c6370", **text
        )
    return drawing


def _label(
    plot: Axes,
    strip: Strip,
    at: NDArray[np.float64],
    corner: tuple[float, float],
    to_paper: NDArray[np.float64],
) -> None:
    """Labels of dots from all along the strip, in its own band of the paper."""
    order = np.argsort(at[:, 0])
    chosen = order[np.unique(np.linspace(0, len(order) - 1, _NAMED).astype(int))]
    rest = np.setdiff1d(np.arange(len(at)), chosen)
    both = np.concatenate([chosen, rest])
    low = np.array(corner)
    points = (at[both] - low) * to_paper
    # The median's line and what is written above it are in the way, too.
    middle = (float(np.median(strip.values)) - low[0]) * to_paper[0]
    bar = [(middle, y * to_paper[1]) for y in np.linspace(0.5 - _HEIGHT, 0.5 + _HEIGHT, 25)]
    head = (0.5 + _HEIGHT + 0.05) * to_paper[1]
    points = np.vstack([points, bar, [(middle + x, head) for x in range(-30, 31, 6)]])
    size = 7.5
    sizes = np.zeros((len(points), 2))
    for i, k in enumerate(chosen.tolist()):
        sizes[i] = label_width(strip.labels[k]) * size + 2, size * 1.25
    area = (_WIDTH_IN * 72, _STRIP_IN * 72)
    spots = place_labels(points, np.full(len(points), _DOT), sizes, area)[: len(chosen)]
    for spot, k in zip(spots, chosen.tolist(), strict=True):
        x, y = spot / to_paper + low
        plot.plot([at[k, 0], x], [at[k, 1], y], color="#b9bec6", linewidth=0.4, zorder=2)
        fonts.label(plot, float(x), float(y), strip.labels[k], size=size, halo=1.8)


def swarm(values: Sequence[float], width: float, step: float) -> NDArray[np.float64]:
    """float64[n], how far each dot is moved off the line so that none lies on another.

    Parameters
    ----------
    width : of a dot, along the line. step : across it, by which dots are moved; beyond what
        fits the strip they lie on each other.
    """
    x = np.asarray(values, np.float64)
    offsets = np.zeros(len(x))
    most = int(_HEIGHT / step)
    steps = [0] + [s * k for k in range(1, most + 1) for s in (1, -1)]
    placed: list[int] = []
    for i in np.argsort(x, kind="stable").tolist():
        near = [j for j in placed[-60:] if abs(x[j] - x[i]) < width]
        taken = {round(offsets[j] / step) for j in near}
        free = [s for s in steps if s not in taken]
        offsets[i] = (free[0] if free else 0) * step
        placed.append(i)
    return offsets


def _median(value: float) -> str:
    return tr(f"median {value:.2f}", f"中央値 {value:.2f}")


def _span(strips: Sequence[Strip]) -> tuple[float, float]:
    values = np.concatenate([np.asarray(s.values, np.float64) for s in strips])
    low, high = float(values.min()), float(values.max())
    room = 0.06 * max(high - low, 0.1)
    return low - room, high + room
