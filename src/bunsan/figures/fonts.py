"""Figures in which Japanese can be read: fonts, halos around labels, saving.

The font that comes with matplotlib-fontja (IPAexGothic) is used straight from its file. Importing
that package would change the font of every other figure in the process.
"""

import base64
import io
import re
import unicodedata
import warnings
from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fontTools import subset  # type: ignore[import-untyped]
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.patheffects import Stroke
from matplotlib.text import Text

from bunsan.base.errors import BadInput, Missing
from bunsan.base.files import atomic_write
from bunsan.base.language import tr

STATIC = (".png", ".svg", ".pdf")

# Looked at first when a character is not in the bundled font: large Japanese fonts by system.
_LARGE = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans",
    "Hiragino Sans",
    "Yu Gothic",
    "MS Gothic",
    "HanaMinA",
    "HanaMinB",
    "BabelStone Han",
)
_STROKED = re.compile(r'<g id="stroke-(\w{6})-([\d.]+)-\d+">\s*<text style="')


# Fonts that claim every character and show a box of their own, or nothing, for each.
_PRETENDERS = ("Last Resort", "LastResort", "Adobe Blank", "Unicode BMP Fallback")


class MissingGlyphs(UserWarning):
    """Some characters are in no font of this machine and show as boxes."""


@lru_cache(maxsize=1)
def bundled_font() -> Path:
    """The file of the Japanese font every figure uses, known to matplotlib from now on."""
    package = find_spec("matplotlib_fontja")
    places = (package.submodule_search_locations if package else None) or []
    for place in places:
        path = Path(place) / "fonts" / "ipaexg.ttf"
        if path.is_file():
            font_manager.fontManager.addfont(str(path))
            return path
    raise Missing(
        tr(
            "The Japanese font for figures is not installed.",
            "図に使う日本語フォントがありません。",
        ),
        remedy="pip install matplotlib-fontja",
    )


def uncovered(text: str) -> set[str]:
    """The characters of `text` that are not in the bundled font."""
    known = _characters(str(bundled_font()))
    return {c for c in text if ord(c) not in known and not _invisible(c)}


def basic() -> list[str]:
    """The families that text is made with; `save` adds more where characters ask for them."""
    return [_name(bundled_font()), "DejaVu Sans"]  # the latter comes with matplotlib


def families(texts: Iterable[str]) -> list[str]:
    """Font families that together can draw `texts`, the bundled one first.

    Characters it lacks are looked for in the fonts of the machine. Those that no font has are named
    in a `MissingGlyphs` warning; they will be drawn as boxes.
    """
    names = basic()
    lost = []
    for character in sorted(uncovered("".join(texts))):
        name = _installed_with(character)
        if name is None:
            lost.append(character)
        elif name not in names:
            names.append(name)
    if lost:
        shown = " ".join(f"{c} (U+{ord(c):04X})" for c in lost)
        warnings.warn(
            tr(
                f"No font on this machine has {shown}: drawn as boxes. "
                "A large font such as Noto Sans CJK JP helps.",
                f"{shown} を含むフォントがないため、四角で描かれます。"
                "Noto Sans CJK JP などのフォントを入れると描けます。",
            ),
            MissingGlyphs,
            stacklevel=3,
        )
    return names


def figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, apart from pyplot and its settings."""
    drawing = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(drawing)
    return drawing


def label(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    colour: str = "#1a1a1a",
    halo: float = 2.5,
    bold: bool = False,
    align: str = "center",
    zorder: float = 5,
    alpha: float = 1.0,
) -> None:
    """Write `text` with a white halo, its middle at height y; '$' and the like mean themselves.

    Halo and boldness (the font has one weight) are strokes of their own below the text, so that the
    text itself stays text: selectable in PDF, editable in SVG.
    """
    # 0.36 em below the middle: where the line runs under characters that are centred at y.
    strokes = [("#ffffff", halo)] * (halo > 0) + [(colour, size / 20)] * bold
    for k, (stroke, width) in enumerate([*strokes, (None, 0.0)]):
        item = axes.annotate(
            text,
            (x, y),
            xytext=(0, -0.36 * size),
            textcoords="offset points",
            fontsize=size,
            fontfamily=basic(),
            color=colour,
            ha=align,
            va="baseline",
            zorder=zorder + k / 10,
            alpha=alpha,
            parse_math=False,
            annotation_clip=False,
        )
        if stroke is not None:
            item.set_path_effects([Stroke(linewidth=width, foreground=stroke, alpha=alpha)])
            item.set_gid(f"stroke-{stroke[1:]}-{width:.2f}-{len(axes.texts)}")


def save(drawing: Figure, path: str | Path, *, also: tuple[str, ...] = ()) -> None:
    """Write the figure as PNG (200 dots per inch), SVG or PDF, by the suffix; whole or not at all.

    The same figure gives the same bytes. SVG keeps text as text and carries the characters it needs
    of the bundled font, so that it looks the same on a machine without Japanese fonts.

    `also` : suffixes the caller writes itself, for the message.

    Raises
    ------
    BadInput : another suffix.
    Warns
    -----
    MissingGlyphs : characters that no font on this machine has.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in STATIC:
        known = ", ".join((*STATIC, *also))
        raise BadInput(
            tr(
                f"Figures cannot be written as {suffix!r}.",
                f"図を {suffix!r} 形式では保存できません。",
            ),
            remedy=tr(f"Use {known}.", f"{known} を使ってください。"),
            file=path,
        )
    texts = drawing.findobj(Text)
    names = families(item.get_text() for item in texts)
    effects = {item: item.get_path_effects() for item in texts}
    for item in texts:
        item.set_fontfamily(names)
        if suffix == ".svg":  # strokes become attributes of the text elements, see below
            item.set_path_effects([])
    settings: dict[Any, Any] = {
        "font.family": names,
        "svg.fonttype": "none",
        "svg.hashsalt": "bunsan",
        "pdf.fonttype": 42,
        "axes.unicode_minus": False,
    }
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    content = io.BytesIO()
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # said above, by name
        drawing.savefig(content, format=suffix[1:], dpi=200, metadata=metadata)
    for item in texts:
        item.set_path_effects(effects[item])
    data = content.getvalue()
    if suffix == ".svg":
        characters = "".join(item.get_text() for item in texts)
        data = _finish_svg(data.decode("utf-8"), characters).encode("utf-8")
    with atomic_write(path) as file:
        file.write(data)


def web_face(name: str, characters: str) -> str:
    """A CSS rule that brings the bundled font under `name`, with those of `characters` that are
    beyond ASCII and in it; "" where there are none.

    A page carries it so that Japanese shows on machines without Japanese fonts.
    """
    known = _characters(str(bundled_font()))
    needed = "".join(sorted(c for c in set(characters) if c > "\x7f" and ord(c) in known))
    return f"@font-face{{font-family:'{name}';src:url({_subset(needed)})}}" if needed else ""


def _finish_svg(svg: str, characters: str) -> str:
    svg = _STROKED.sub(
        lambda found: (
            found.group(0)
            + f"stroke: #{found.group(1)}; stroke-width: {found.group(2)}; stroke-linejoin: round; "
        ),
        svg,
    )
    face = f"@font-face{{font-family:'{_name(bundled_font())}';src:url({_subset(characters)})}}"
    return svg.replace('<style type="text/css">', f'<style type="text/css">{face}', 1)


def _subset(characters: str) -> str:
    """The bundled font cut down to some characters, as a data URL."""
    options = subset.Options()
    options.layout_features = []
    options.notdef_outline = True
    options.recalc_timestamp = False
    font = subset.load_font(str(bundled_font()), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text=characters + " ")
    cutter.subset(font)
    content = io.BytesIO()
    subset.save_font(font, content, options)
    font.close()
    return "data:font/ttf;base64," + base64.b64encode(content.getvalue()).decode("ascii")


@lru_cache(maxsize=64)
def _characters(file: str) -> frozenset[int]:
    return frozenset(FT2Font(file).get_charmap())


@lru_cache(maxsize=64)
def _name(file: Path) -> str:
    return str(FT2Font(str(file)).family_name)


def _invisible(character: str) -> bool:
    """Controls, joiners and variation selectors: nothing is drawn for them."""
    return unicodedata.category(character) in ("Cc", "Cf", "Zs", "Mn") or character == "\u3000"


@lru_cache(maxsize=4096)
def _installed_with(character: str) -> str | None:
    """An installed family that has the character, one of the large Japanese ones if possible."""
    entries = sorted(
        font_manager.fontManager.ttflist,
        key=lambda e: (e.name not in _LARGE, e.style != "normal", e.name, e.fname),
    )
    for entry in entries:
        if entry.name.startswith(_PRETENDERS):
            continue
        try:
            if FT2Font(entry.fname).get_char_index(ord(character)):
                return str(entry.name)
        except (OSError, RuntimeError):  # deleted since the list was made, or bitmaps only
            continue
    return None
