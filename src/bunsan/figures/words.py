"""Drawing words where a projection of their vectors puts them."""

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.map_paper import paper_map
from bunsan.figures.map_points import GROUP, WORD, Point, as_points, bounds
from bunsan.figures.page import write_page

# The most frequent ones: more do not fit a sheet of paper.
_ON_PAPER = 400


def draw_words(
    words: Sequence[str],
    places: ArrayLike,
    path: str | Path,
    *,
    frequencies: Sequence[int] | None = None,
    neighbours: Sequence[Sequence[tuple[int, float]]] = (),
    title: str = "",
) -> None:
    """Write the figure to a file, by its suffix.

    Parameters
    ----------
    places : float[n, 2].
    path : .png, .svg or .pdf for print; .html to explore in a browser, without any connection.
    frequencies : of the words: how large the dots are, whose label goes first.
    neighbours : for each word the nearest of the others by their vectors, (index, cosine), which a
        click shows; what lies side by side on the plane need not be near.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    points = as_points(words, places, frequencies)
    if path.suffix.lower() == ".html":
        _write_page(points, path, neighbours, title)
    else:
        drawing = paper_map(points[:_ON_PAPER], ("", ""), flat=False, title=title, note="")
        fonts.save(drawing, path, also=(".html",))


def _write_page(
    points: list[Point],
    path: Path,
    neighbours: Sequence[Sequence[tuple[int, float]]],
    title: str,
) -> None:
    place = {p.index: k for k, p in enumerate(points)}
    made = [
        {
            "label": p.label,
            "group": False,
            "x": p.x,
            "y": p.y,
            "frequency": p.frequency,
            "stable": True,
            "ellipse": None,
            "links": [[place[i], round(c, 3)] for i, c in neighbours[p.index]]
            if neighbours
            else [],
            "sentences": None,
        }
        for p in points
    ]
    data = {
        "points": made,
        "bounds": bounds(points),
        "flat": False,
        "resampled": False,
        "titles": ["", ""],
        "colours": {"word": WORD, "group": GROUP},
        "note": "",
    }
    text = {
        "frequency": tr("frequency", "出現数"),
        "groups": tr("Nearest of these words, by cosine", "これらの語の中で近いもの(コサイン)"),
        "times": "",
        "hint": tr(
            "Click on a word for those nearest to it. Scroll or + − to zoom, drag to move.",
            "語をクリックすると近い語を表示します。スクロールや + − で拡大縮小、ドラッグで移動。",
        ),
    }
    counted = tr(f"{len(points)} words", f"{len(points)} 語")
    write_page(path, "map", data, title=title or tr("Words", "語の地図"), note=counted, text=text)
