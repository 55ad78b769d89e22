"""Values with their intervals, in series: the page that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bunsan.base.language import tr
from bunsan.figures.groups import Group
from bunsan.figures.page import finite, write_page


@dataclass(frozen=True)
class Value:
    """A value with its interval.

    Attributes
    ----------
    x, y : its place. low, high : the limits, along x or y as the chart says.
    label : written beside it, "" for none. title, facts : in the panel. hover : lines beside the
        pointer.
    """

    x: float
    y: float
    low: float
    high: float
    label: str
    title: str
    hover: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Series:
    """Values in one colour and shape.

    Attributes
    ----------
    group : its name, note, colour and shape. joined : a line goes through the values.
    ahead : places of a dotted line. chosen : drawn with weight. end : where the name stands, to the
        right of the plot.
    """

    group: Group
    values: Sequence[Value]
    joined: bool = False
    ahead: Sequence[tuple[float, float]] = ()
    chosen: bool = False
    end: tuple[float, float] | None = None


def write_chart(
    series: Sequence[Series],
    path: Path,
    *,
    interval: Literal["x", "y"],
    bounds: tuple[float, float, float, float],
    title: str,
    note: str,
    hint: str,
    counted: str,
    x_axis: str,
    y_axis: str = "",
    x_ticks: Sequence[tuple[float, str]] = (),
    y_ticks: Sequence[tuple[float, str]] = (),
    bands: Sequence[tuple[float, float]] = (),
    left: float = 60,
    right: float = 22,
) -> None:
    """Write the page.

    Parameters
    ----------
    interval : along which axis limits lie. bounds : left, right, bottom, top of what is shown.
    note : the finding. counted : beside the title. x_ticks, y_ticks : places and their names; none
        are numbers. bands : heights between which the ground is marked. left, right : pixels for names.
    """
    data: dict[str, Any] = {
        "series": [
            {
                **one.group.to_json(), "joined": one.joined, "chosen": one.chosen,
                "ahead": [list(place) for place in one.ahead], "end": one.end,
                "points": [
                    {
                        "x": v.x, "y": v.y, "low": finite(v.low), "high": finite(v.high),
                        "label": v.label, "title": v.title, "hover": list(v.hover),
                        "facts": [list(fact) for fact in v.facts],
                    }
                    for v in one.values
                ],
            }
            for one in series
        ],
        "interval": interval, "bounds": bounds, "note": note, "xaxis": x_axis, "yaxis": y_axis,
        "xticks": [list(tick) for tick in x_ticks], "yticks": [list(tick) for tick in y_ticks],
        "bands": [list(band) for band in bands], "left": left, "right": right,
    }  # fmt: skip
    write_page(path, "chart", data, title=title, note=counted, text={"hint": hint})


def interval_text(low: float, high: float) -> str:
    """The limits as people read them; "" where there are none."""
    if low != low or high != high:
        return ""
    return tr(f"95 % interval {low:.3f} – {high:.3f}", f"95% 区間 {low:.3f} – {high:.3f}")
