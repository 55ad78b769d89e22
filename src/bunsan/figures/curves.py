"""Learning curves: scores with their intervals against a number that doubles and doubles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.charts import Series, Value, interval_text, write_chart
from bunsan.figures.groups import Group, wrapped
from bunsan.words.layout import label_width

_PLOT, _TALL = 6.2, 4.3  # inches
_LEFT, _TOP, _BOTTOM, _EDGE = 0.75, 0.7, 0.75, 0.16
_SIZE = 9.5  # points of paper
_APART = 0.016  # of the width of the plot, between the bars of two curves at one number


@dataclass(frozen=True)
class Bend:
    """A curve.

    Attributes
    ----------
    points : (number, value, low, high), by rising number; a number of 0 stands at the left.
    ahead : (number, value) of what is extrapolated. look : its colour and shape, -1 is grey.
    """

    name: str
    points: Sequence[tuple[int, float, float, float]]
    ahead: Sequence[tuple[float, float]] = ()
    look: int = 0
    chosen: bool = False

    @property
    def tip(self) -> float:
        """The value at its right end."""
        return self.ahead[-1][1] if self.ahead else self.points[-1][1]


def draw_curves(
    bends: Sequence[Bend], path: str | Path, *, x_axis: str, y_axis: str, title: str, note: str
) -> None:
    """Write the figure to a file, by its suffix: .html, or .png, .svg or .pdf for print.

    Parameters
    ----------
    note : the finding.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    bends = [bend for bend in bends if bend.points]
    if path.suffix.lower() != ".html":
        drawing = curves_figure(bends, x_axis=x_axis, y_axis=y_axis, title=title, note=note)
        fonts.save(drawing, path, also=(".html",))
        return
    scale = _Scale(bends)
    _, end, bottom, top = scale.bounds
    heights = _apart([bend.tip for bend in bends], 0.045 * (top - bottom), bottom, top)
    series = []
    for number, bend in enumerate(bends):
        values = [
            Value(
                scale.x(n, number), value, low, high,
                "", bend.name,
                (bend.name, f"{x_axis} {n:,}", f"{y_axis} {value:.3f}", interval_text(low, high)),
                ((x_axis, f"{n:,}"), (y_axis, f"{value:.3f}"),
                 (tr("95 % interval", "95% 区間"), f"{low:.3f} – {high:.3f}")),
            )
            for n, value, low, high in bend.points
        ]  # fmt: skip
        ahead = [(scale.x(n, number), value) for n, value in bend.ahead]
        last = bend.points[-1]
        group = Group(bend.name, f"{last[1]:.3f}", bend.look)
        series.append(Series(group, values, True, ahead, bend.chosen, end=(end, heights[number])))
    write_chart(
        series, path, interval="y", bounds=scale.bounds, title=title, note=note, x_axis=x_axis,
        y_axis=y_axis, x_ticks=scale.ticks,
        right=24 + 13.5 * max(label_width(bend.name) for bend in bends),
        counted=tr(f"{len(bends)} compared", f"{len(bends)} 種類を比較"),
        hint=tr(
            "Bars are 95 % intervals, dotted lines are extrapolated. Choose a name to see it alone; "
            "scroll or + − to zoom.",
            "縦棒は 95% 区間、点線は推定です。名前を選ぶとその曲線だけが濃く見えます。スクロールや + − で拡大縮小。",
        ),
    )  # fmt: skip


def curves_figure(
    bends: Sequence[Bend], *, x_axis: str, y_axis: str, title: str, note: str
) -> Figure:
    """The figure on paper; see `draw_curves`."""
    scale = _Scale(bends)
    right = 0.3 + _SIZE / 72 * max(label_width(bend.name) for bend in bends)
    lines = wrapped(note, 7.4 * (_LEFT + _PLOT + right))
    foot = 0.2 * len(lines)
    full = (_LEFT + _PLOT + right, _BOTTOM + foot + _TALL + _TOP)
    drawing = fonts.figure(*full)
    plot = drawing.add_axes(
        (_LEFT / full[0], (_BOTTOM + foot) / full[1], _PLOT / full[0], _TALL / full[1])
    )
    left, end, bottom, top = scale.bounds
    plot.set_xlim(left, end)
    plot.set_ylim(bottom, top)
    family = fonts.basic()
    for side in ("right", "top"):
        plot.spines[side].set_visible(False)
    plot.set_xticks([v for v, _ in scale.ticks], [name for _, name in scale.ticks])
    plot.tick_params(colors="#5c6370", labelsize=8, length=3, labelfontfamily=family)
    plot.grid(color="#e6e8ec", linewidth=0.7)
    plot.set_axisbelow(True)
    plot.set_xlabel(x_axis, fontsize=9, fontfamily=family, parse_math=False)
    plot.set_ylabel(y_axis, fontsize=9, fontfamily=family, parse_math=False)
    ends = []
    for number, bend in enumerate(bends):
        group = Group(bend.name, look=bend.look)
        places = np.array([scale.x(n, number) for n, *_ in bend.points])
        values, lows, highs = np.array([point[1:] for point in bend.points]).T
        width = 2.6 if bend.chosen else 1.4
        plot.vlines(places, lows, highs, color=group.colour, linewidth=width * 0.8, alpha=0.75)
        plot.plot(places, values, color=group.colour, linewidth=width, marker=group.marker,
                  markersize=6.5 if bend.chosen else 5, markeredgecolor="white",
                  markeredgewidth=0.7, zorder=4 if bend.chosen else 3)  # fmt: skip
        if bend.ahead:
            x = [scale.x(n, number) for n, _ in bend.ahead]
            y = [value for _, value in bend.ahead]
            plot.plot(x, y, color=group.colour, linewidth=1.6, linestyle=":")
        ends.append((bend.tip, bend, group.colour))
    line = 1.25 * _SIZE / 72 / _TALL * (top - bottom)
    for height, (tip, bend, colour) in zip(
        _apart([tip for tip, *_ in ends], line, bottom, top), ends, strict=True
    ):
        beyond = end + 0.06 / _PLOT * (end - left)
        plot.plot([end, beyond], [tip, height], color=colour, linewidth=0.7, clip_on=False)
        fonts.label(plot, beyond, height, " " + bend.name, size=_SIZE, colour=colour, align="left",
                    bold=bend.chosen, halo=0)  # fmt: skip
    text: dict[str, Any] = {"fontfamily": family, "parse_math": False}
    edge = _EDGE / full[0]
    drawing.text(edge, 1 - 0.34 / full[1], title, fontsize=13, color="#1a1a1a", **text)
    said = tr("bars: 95 % intervals", "縦棒: 95% 区間")
    if any(bend.ahead for bend in bends):
        said += tr("; dotted: extrapolated", "、点線: 推定")
    drawing.text(edge, 1 - 0.56 / full[1], said, fontsize=8.5, color="#5c6370", **text)
    for i, words in enumerate(reversed(lines)):
        drawing.text(edge, (0.1 + 0.2 * i) / full[1], words, fontsize=9, color="#1a1a1a", **text)
    return drawing


class _Scale:
    """Where numbers stand: by their logarithm, 0 one step before the first."""

    def __init__(self, bends: Sequence[Bend]) -> None:
        numbers = sorted({n for bend in bends for n, *_ in bend.points})
        first = next((n for n in numbers if n), 1)
        self._zero = np.log2(first) - 1.3
        furthest = max([*numbers, *(n for bend in bends for n, _ in bend.ahead)])
        left = self._zero if numbers[0] == 0 else float(np.log2(first))
        right = float(np.log2(max(furthest, first)))
        self._step = _APART * max(right - left, 1.0)
        self._middle = (len(bends) - 1) / 2
        room = 0.04 * max(right - left, 1.0) + self._middle * self._step
        self.ticks = [(self._place(n), f"{n:,}") for n in numbers]
        if len(self.ticks) > 1 and self.ticks[-1][0] - self.ticks[-2][0] < 0.09 * (right - left):
            del self.ticks[-2]
        known = [v for bend in bends for _, *values in bend.points for v in values if v == v]
        known += [value for bend in bends for _, value in bend.ahead]
        low, high = min(known), max(known)
        air = 0.06 * max(high - low, 0.02)
        self.bounds = (left - room, right + room, low - air, high + air)

    def x(self, number: float, bend: int) -> float:
        """The place of a number on one of the curves, which are moved apart a little."""
        return self._place(number) + (bend - self._middle) * self._step

    def _place(self, number: float) -> float:
        return float(np.log2(number)) if number > 0 else float(self._zero)


def _apart(heights: Sequence[float], line: float, bottom: float, top: float) -> list[float]:
    """Heights of labels in the order given, none nearer than a line to another."""
    order = np.argsort(heights, kind="stable")
    placed = np.array(heights, np.float64)[order]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + line)
    # Down again where they have left the plot at the top.
    placed[-1] = min(placed[-1], max(top - line / 2, bottom + line * len(placed)))
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - line)
    found = np.empty(len(placed))
    found[order] = placed
    return [float(height) for height in found]
