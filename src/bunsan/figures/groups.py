"""Points in groups, each group in a colour and a shape of its own: the page that explores them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bunsan.base.language import tr
from bunsan.figures.page import write_page
from bunsan.words.layout import label_width

# Okabe & Ito (2008), "Color universal design", but for yellow, which white paper swallows; and for
# each the mark on paper (matplotlib's name) and on a page (Plotly's).
_LOOKS = (
    ("#0072b2", "o", "circle"),
    ("#d55e00", "s", "square"),
    ("#009e73", "^", "triangle-up"),
    ("#cc79a7", "D", "diamond"),
    ("#56b4e9", "v", "triangle-down"),
    ("#e69f00", "P", "cross"),
)
_PLAIN = ("#8a9099", "o", "circle")
_STAR = ("#1a1a1a", "*", "star")

WRAPPED = 30  # full-width characters in a line of what is shown beside the pointer
_NOT_FIRST = "、。,.」』)）】%％〉》!?！？:;ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_NOT_LAST = "「『(（【〈《"


@dataclass(frozen=True)
class Group:
    """A group of points.

    Attributes
    ----------
    name : in the legend. note : what is said of it there.
    look : number of its colour and shape; -1 is grey, -2 a black star.
    """

    name: str
    note: str = ""
    look: int = 0

    @property
    def colour(self) -> str:
        """Written #rrggbb."""
        return self._looks[0]

    @property
    def marker(self) -> str:
        """Matplotlib's name of the shape."""
        return self._looks[1]

    @property
    def _looks(self) -> tuple[str, str, str]:
        if self.look < 0:
            return _PLAIN if self.look == -1 else _STAR
        return _LOOKS[self.look % len(_LOOKS)]

    def to_json(self) -> dict[str, Any]:
        """What the page knows of it."""
        return {"name": self.name, "note": self.note, "colour": self.colour,
                "symbol": self._looks[2]}  # fmt: skip


@dataclass(frozen=True)
class Dot:
    """A point.

    Attributes
    ----------
    group : its number. label : written beside it where there is room; "" for none.
    title : above what a click shows. hover : lines beside the pointer.
    facts : names and values in the panel. sentences : as `bunsan.figures.page.sentences` gives them.
    wanted : its label goes first.
    """

    group: int
    x: float
    y: float
    label: str = ""
    title: str = ""
    hover: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    sentences: list[list[Any]] | None = None
    wanted: bool = False
    links: list[tuple[int, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A line from one place to another, with a word at its end: a median."""

    x: tuple[float, float]
    y: tuple[float, float]
    text: str


def write_groups(
    groups: Sequence[Group],
    dots: Sequence[Dot],
    path: Path,
    *,
    title: str,
    note: str,
    hint: str,
    bounds: tuple[float, float, float, float],
    square: bool = True,
    axis: str = "",
    bands: Sequence[tuple[float, str]] = (),
    lines: Sequence[Line] = (),
) -> None:
    """Write the page.

    Parameters
    ----------
    note : the finding, above the legend. bounds : left, right, bottom, top of what is shown.
    square : both axes have one scale. axis : title of the x axis, which then has numbers.
    bands : heights and what is written beside them.
    """
    data = {
        "groups": [group.to_json() for group in groups],
        "points": [
            {
                "group": dot.group, "x": dot.x, "y": dot.y, "label": dot.label,
                "title": dot.title or dot.label, "hover": list(dot.hover),
                "facts": [list(fact) for fact in dot.facts], "sentences": dot.sentences,
                "wanted": dot.wanted, "links": [list(link) for link in dot.links],
            }
            for dot in dots
        ],
        "bounds": bounds,
        "square": square,
        "axis": axis,
        "bands": [list(band) for band in bands],
        "lines": [{"x": line.x, "y": line.y, "text": line.text} for line in lines],
        "note": note,
    }  # fmt: skip
    text = {
        "hint": hint,
        "group": tr("group", "群"),
        "groups": tr("Groups", "群"),
        "near": tr("Near it", "近いもの"),
    }
    counted = tr(f"{len(dots):,} points", f"{len(dots):,} 点")
    write_page(path, "groups", data, title=title, note=counted, text=text)


def wrapped(text: str, width: float = WRAPPED, most: int = 6) -> tuple[str, ...]:
    """Text in lines of at most `width` full-width characters (Latin ones count about half), at most so
    many. Latin words are not broken, and no line begins with a closing mark or ends in an opening one.
    """
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        fits = len(rest)
        while label_width(rest[:fits]) > width and fits > 1:
            fits -= max(1, int((label_width(rest[:fits]) - width) / 2))
        end = fits
        while 0 < end < len(rest) and not _breaks(rest[end - 1], rest[end]):
            end -= 1
        end = end or fits  # one long word
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if rest:
        lines[-1] += "…"
    return tuple(lines)


def _breaks(before: str, after: str) -> bool:
    """Whether a line may end between two characters."""
    if before in _NOT_LAST or after in _NOT_FIRST:
        return False
    return before == " " or after == " " or before > "\u2e80" or after > "\u2e80"
