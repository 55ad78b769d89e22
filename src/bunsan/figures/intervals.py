"""Systems beneath each other, the score of each a dot with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.charts import Series, Value, interval_text, write_chart
from bunsan.figures.groups import Group, wrapped
from bunsan.words.layout import label_width

_ROW, _TOP, _BOTTOM = 0.44, 0.92, 0.62  # inches
_PLOT, _COLUMN, _EDGE = 5.4, 0.72, 0.16
_SIZE = 10.0  # points of paper
_MARKED = "#fff3cd"


@dataclass(frozen=True)
class Measured:
    """A system.

    Attributes
    ----------
    value, low, high : of its score; NaN where there is none. look : its colour, 0 is grey.
    beside : one cell a column beside the plot. facts : names and values in the panel.
    """

    name: str
    value: float
    low: float
    high: float
    look: int = 0
    chosen: bool = False
    beside: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def group(self) -> Group:
        """Its colour and shape."""
        return Group(self.name, f"{self.value:.3f}", self.look - 1)


def draw_intervals(
    systems: Sequence[Measured],
    path: str | Path,
    *,
    axis: str,
    title: str,
    note: str,
    beside: Sequence[str] = (),
) -> None:
    """Write the figure to a file, by its suffix: .html, or .png, .svg or .pdf for print.

    Parameters
    ----------
    axis : what the values are. note : the finding. beside : titles of the columns beside the plot.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        drawing = intervals_figure(systems, axis=axis, title=title, note=note, beside=beside)
        fonts.save(drawing, path, also=(".html",))
        return
    low, high = _span(systems)
    series, ticks, bands = [], [], []
    for number, system in enumerate(systems):
        height = float(len(systems) - 1 - number)
        ticks.append((height, system.name))
        if system.chosen:
            bands.append((height - 0.5, height + 0.5))
        if system.value != system.value:
            continue
        shown = f"{system.value:.3f}"
        limits = interval_text(system.low, system.high)
        value = Value(
            system.value, height, system.low, system.high, shown, system.name,
            (system.name, f"{axis} {shown}", limits), system.facts,
        )  # fmt: skip
        series.append(Series(system.group, [value], chosen=system.chosen))
    write_chart(
        series, path, interval="x", bounds=(low, high, -0.6, len(systems) - 0.3), title=title,
        note=note, x_axis=axis, y_ticks=ticks, bands=bands,
        left=24 + 13 * max(label_width(system.name) for system in systems),
        counted=tr(f"{len(systems)} compared", f"{len(systems)} 種類を比較"),
        hint=tr(
            "Bars are 95 % intervals. Click a dot for all its scores; scroll or + − to zoom.",
            "横棒は 95% 区間。点をクリックするとすべての指標が見えます。スクロールや + − で拡大縮小。",
        ),
    )  # fmt: skip


def intervals_figure(
    systems: Sequence[Measured],
    *,
    axis: str,
    title: str,
    note: str,
    beside: Sequence[str] = (),
) -> Figure:
    """The figure on paper; see `draw_intervals`."""
    left = _EDGE + 0.2 + _SIZE / 72 * max(label_width(system.name) for system in systems)
    right = _EDGE + _COLUMN * len(beside)
    lines = wrapped(note, 7.4 * (left + _PLOT + right))
    foot = 0.2 * len(lines)
    height = _ROW * len(systems)
    full = (left + _PLOT + right, _BOTTOM + foot + height + _TOP)
    drawing = fonts.figure(*full)
    plot = drawing.add_axes(
        (left / full[0], (_BOTTOM + foot) / full[1], _PLOT / full[0], height / full[1])
    )
    low, high = _span(systems)
    plot.set_xlim(low, high)
    plot.set_ylim(-0.5, len(systems) - 0.5)
    family = fonts.basic()
    for side in ("left", "right", "top"):
        plot.spines[side].set_visible(False)
    plot.set_yticks([])
    plot.tick_params(colors="#5c6370", labelsize=8, length=3, labelfontfamily=family)
    plot.grid(axis="x", color="#e6e8ec", linewidth=0.7)
    plot.set_axisbelow(True)
    plot.set_xlabel(axis, fontsize=9, fontfamily=family, parse_math=False)
    text: dict[str, Any] = {"fontfamily": family, "parse_math": False}
    base = _BOTTOM + foot
    for number, system in enumerate(systems):
        row = float(len(systems) - 1 - number)
        y = (base + (row + 0.5) * _ROW) / full[1]
        if system.chosen:
            plot.axhspan(row - 0.5, row + 0.5, color=_MARKED, zorder=0)
        drawing.text((left - 0.14) / full[0], y, system.name, fontsize=_SIZE, ha="right",
                     va="center", color="#1a1a1a", **text)  # fmt: skip
        for place, cell in enumerate(system.beside):
            drawing.text((left + _PLOT + _COLUMN * (place + 0.86)) / full[0], y, cell, fontsize=9,
                         ha="right", va="center", color="#1a1a1a", **text)  # fmt: skip
        if system.value != system.value:
            continue
        group = system.group
        plot.plot([system.low, system.high], [row, row], color=group.colour, linewidth=2.2,
                  solid_capstyle="butt", zorder=3)  # fmt: skip
        for end in (system.low, system.high):
            plot.plot([end, end], [row - 0.11, row + 0.11], color=group.colour, linewidth=1.6,
                      zorder=3)  # fmt: skip
        plot.scatter([system.value], [row], s=52, marker=group.marker, facecolor=group.colour,
                     edgecolor="white", linewidth=0.8, zorder=4)  # fmt: skip
        fonts.label(plot, system.value, row + 0.34, f"{system.value:.3f}", size=8.5,
                    bold=system.chosen)  # fmt: skip
    head = (base + height + 0.1) / full[1]
    for place, name in enumerate(beside):
        drawing.text((left + _PLOT + _COLUMN * (place + 0.86)) / full[0], head, name, fontsize=9,
                     ha="right", color="#5c6370", **text)  # fmt: skip
    edge = _EDGE / full[0]
    drawing.text(edge, 1 - 0.36 / full[1], title, fontsize=13, color="#1a1a1a", **text)
    drawing.text(edge, 1 - 0.6 / full[1], tr("bars: 95 % intervals", "横棒: 95% 区間"), fontsize=8.5,
                 color="#5c6370", **text)  # fmt: skip
    for i, said in enumerate(reversed(lines)):
        drawing.text(edge, (0.1 + 0.2 * i) / full[1], said, fontsize=9, color="#1a1a1a", **text)
    return drawing


def _span(systems: Sequence[Measured]) -> tuple[float, float]:
    known = [
        v for s in systems for v in (s.value, s.low, s.high) if v == v and abs(v) != float("inf")
    ]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    room = 0.06 * max(high - low, 0.02)
    return low - room, high + room
