"""Saved figures: glyphs are there or named, text stays text, files are whole and repeatable."""

import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib import image
from matplotlib.figure import Figure

from bunsan.base.errors import BadInput
from bunsan.figures import fonts

SVG = "{http://www.w3.org/2000/svg}"


def written(*texts: str, **options: object) -> Figure:
    drawing = fonts.figure(3, 1)
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for k, text in enumerate(texts):
        fonts.label(axes, 0.5, (k + 0.5) / len(texts), text, size=12, **options)  # type: ignore[arg-type]
    return drawing


def pixels(path: Path) -> np.ndarray:
    return np.asarray(image.imread(path))


def test_rare_characters_are_known_to_be_missing() -> None:
    assert fonts.uncovered("日本語のグラフ①㈱髙～ ABC") == set()
    assert fonts.uncovered("𠮷野家😀") == {"𠮷", "😀"}
    assert fonts.uncovered("a\n\u200d\ufe0f\u3000") == set()  # nothing is drawn for these


def test_characters_show_their_own_shapes(tmp_path: Path) -> None:
    shapes = []
    for k, text in enumerate(["日", "本", "ქ", "წ"]):  # Georgian is not in the Japanese font
        fonts.save(written(text), tmp_path / f"{k}.png")
        shapes.append(pixels(tmp_path / f"{k}.png"))
    for i in range(4):
        assert (shapes[i][..., :3] < 0.5).sum() > 100  # ink
        for j in range(i):
            assert not np.array_equal(shapes[i], shapes[j])  # boxes would all look alike


def test_characters_of_no_font_are_named_and_the_figure_is_drawn(tmp_path: Path) -> None:
    drawing = written("名\U0010fffd簿")
    with pytest.warns(fonts.MissingGlyphs, match=r"U\+10FFFD"):
        fonts.save(drawing, tmp_path / "a.png")
    assert pixels(tmp_path / "a.png").shape[:2] == (200, 600)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_figure_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        fonts.save(written("温泉", bold=True), tmp_path / (name + suffix))
    first = (tmp_path / f"a{suffix}").read_bytes()
    assert first == (tmp_path / f"b{suffix}").read_bytes()
    assert first.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix])


def test_svg_has_text_with_its_halo_and_the_font_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    fonts.save(written("温泉 & <b>", "$x$", bold=True), path)
    root = ElementTree.parse(path).getroot()
    texts = [(e.text, e.get("style", "")) for e in root.iter(f"{SVG}text")]
    for label in ("温泉 & <b>", "$x$"):
        styles = [style for text, style in texts if text == label]
        assert len(styles) == 3  # halo, boldness, the text
        assert "stroke: #ffffff; stroke-width: 2.50" in styles[0]
        assert "stroke: #1a1a1a" in styles[1]
        assert "stroke" not in styles[2]
    style = "".join(e.text or "" for e in root.iter(f"{SVG}style"))
    found = re.search(r"font-family:'IPAexGothic';src:url\(data:font/ttf;base64,([^)]+)\)", style)
    assert found
    with TTFont(io.BytesIO(base64.b64decode(found.group(1)))) as font:
        assert {ord(c) for c in "温泉&<b>$x"} <= set(font.getBestCmap())
        assert len(font.getGlyphOrder()) < 30
    assert not re.search(r"(href|src)\s*[=:]\s*['\"]?https?:", path.read_text(encoding="utf-8"))


def test_pdf_carries_the_font_for_its_text(tmp_path: Path) -> None:
    fonts.save(written("温泉"), tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"IPAexGothic" in content
    assert b"/ToUnicode" in content  # so that it can be searched and copied


def test_saving_twice_in_other_formats_leaves_the_figure_as_it_was(tmp_path: Path) -> None:
    drawing = written("温泉")
    fonts.save(drawing, tmp_path / "a.png")
    fonts.save(drawing, tmp_path / "a.svg")
    fonts.save(drawing, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_another_suffix_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'\.gif'.*\.png, \.svg, \.pdf, \.html"):
        fonts.save(written("温泉"), tmp_path / "a.gif", also=(".html",))
    assert list(tmp_path.iterdir()) == []


def test_figures_of_others_keep_their_font() -> None:
    before = dict(matplotlib.rcParams)
    fonts.families(["温泉"])
    assert dict(matplotlib.rcParams) == before
    code = (
        "import sys, bunsan.figures.network, bunsan.figures.map;"
        "assert not {'matplotlib_fontja', 'matplotlib.pyplot'} & set(sys.modules)"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})
