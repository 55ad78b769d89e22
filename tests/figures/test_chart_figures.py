"""Intervals and learning curves: on paper, and pages that are looked at in a browser."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from bunsan.figures.curves import Bend, _apart, curves_figure, draw_curves
from bunsan.figures.intervals import Measured, draw_intervals, intervals_figure

Look = Callable[..., Any]
NAN = float("nan")


def systems() -> list[Measured]:
    return [
        Measured("最頻値", 0.5, 0.45, 0.55, 0, beside=("0.0", "0.0")),
        Measured("TF-IDF(単語)", 0.81, 0.78, 0.84, 1, chosen=True, beside=("2.1", "0.3"),
                 facts=(("正解率", "0.810"),)),
        Measured("</script><b>&", 0.82, 0.8, 0.85, 3, beside=("20.0", "90.1")),
        Measured("平均", NAN, NAN, NAN, 0, beside=("0.0", "0.0")),
    ]  # fmt: skip


def bends() -> list[Bend]:
    sizes = (10, 20, 50, 100, 200)
    rising = [(n, 1 - n**-0.4, 0.98 - n**-0.4, 1.02 - n**-0.4) for n in sizes]
    flat = [(n, 0.5, 0.4, 0.6) for n in sizes]
    return [
        Bend("最頻値", flat, look=-1),
        Bend("エンコーダー", [(0, 0.3, 0.2, 0.4), *rising], [(200, 0.88), (260, 0.89)], 0, True),
        Bend("TF-IDF", [(n, v - 0.01, a, b) for n, v, a, b in rising], look=1),
        Bend("nothing", []),
    ]


def boxes(figure: Figure) -> dict[str, Any]:
    figure.canvas.draw()
    return {
        t.get_text().strip(): t.get_window_extent()
        for t in figure.findobj(Text)
        if t.get_text().strip()
    }


def test_intervals_on_paper() -> None:
    figure = intervals_figure(
        systems(), axis="正解率", title="題", note="所見。" * 30, beside=("秒", "MB")
    )
    plot = figure.axes[0]
    spans = [line.get_xdata() for line in plot.lines]
    assert any(list(x) == [0.78, 0.84] for x in spans)
    low, high = plot.get_xlim()
    assert low < 0.45
    assert high > 0.85
    found = boxes(figure)
    assert "0.810" in found
    assert "nan" not in found
    width, height = figure.canvas.get_width_height()
    for name, box in found.items():
        assert box.x0 >= 0, name
        assert box.x1 <= width + 1, name
        assert box.y0 >= 0, name
        assert box.y1 <= height, name
    assert found["20.0"].x1 < found["90.1"].x0


def test_curves_on_paper() -> None:
    figure = curves_figure(
        [b for b in bends() if b.points], x_axis="数", y_axis="正解率", title="題", note="所見。"
    )
    plot = figure.axes[0]
    names = [t.get_text() for t in plot.get_xticklabels()]
    assert names == ["0", "10", "20", "50", "100", "200"]
    ticks = plot.get_xticks()
    assert np.diff(ticks)[1] == pytest.approx(1)  # 10 to 20: twice is one step
    assert (np.diff(ticks) > 0).all()
    found = boxes(figure)
    labels = [found[name] for name in ("最頻値", "エンコーダー", "TF-IDF")]
    for i, a in enumerate(labels):
        assert a.x1 <= figure.canvas.get_width_height()[0] + 1
        for b in labels[:i]:
            assert a.y0 >= b.y1 - 3 or b.y0 >= a.y1 - 3  # apart, but for the leading


def test_labels_apart() -> None:
    assert _apart([0.1, 0.5, 0.9], 0.1, 0, 1) == pytest.approx([0.1, 0.5, 0.9])
    found = np.array(_apart([0.9, 0.91, 0.92, 0.2], 0.1, 0, 1))
    ordered = np.sort(found)
    assert (np.diff(ordered) >= 0.1 - 1e-9).all()
    assert found[3] == pytest.approx(0.2)
    assert ordered[-1] <= 0.95 + 1e-9
    assert found[0] < found[1] < found[2]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_files(tmp_path: Path, suffix: str) -> None:
    draw_intervals(systems(), tmp_path / f"i{suffix}", axis="x", title="t", note="n")
    draw_curves(bends(), tmp_path / f"c{suffix}", x_axis="x", y_axis="y", title="t", note="n")
    assert (tmp_path / f"i{suffix}").stat().st_size > 2000
    assert (tmp_path / f"c{suffix}").stat().st_size > 2000


@pytest.mark.parametrize("dark", [False, True])
def test_a_page_of_intervals(look: Look, tmp_path: Path, dark: bool) -> None:
    draw_intervals(systems(), tmp_path / "i.html", axis="正解率", title="題", note="A finding.",
                   beside=("秒", "MB"))  # fmt: skip
    page = look(tmp_path / "i.html", dark=dark)
    assert "A finding." in page.locator("#home").inner_text()
    assert page.locator("#home .chips button").count() == 3  # the one without a value is not drawn
    assert page.locator("#plot .yaxislayer-above text").count() == 4
    assert page.locator("#plot .errorbar").count() == 3
    shown = page.locator("#plot .textpoint text").all_text_contents()
    assert "0.810" in "".join(shown)
    assert "</script><b>&" in "".join(
        page.locator("#plot .yaxislayer-above text").all_text_contents()
    )
    assert not page.locator("header form").is_visible()


def test_a_page_of_curves(look: Look, tmp_path: Path) -> None:
    draw_curves(
        bends(), tmp_path / "c.html", x_axis="数", y_axis="正解率", title="題", note="A finding."
    )
    page = look(tmp_path / "c.html")
    assert page.locator("#home .chips button").count() == 3
    ticks = page.locator("#plot .xaxislayer-above text").all_text_contents()
    assert ticks == ["0", "10", "20", "50", "100", "200"]
    boxes = {
        name: page.locator("#plot .textpoint text", has_text=name).first.bounding_box()
        for name in ("最頻値", "エンコーダー", "TF-IDF")
    }
    stage = page.locator("#stage").bounding_box()
    right = max(
        b["x"] + b["width"]
        for b in (bar.bounding_box() for bar in page.locator("#plot .errorbar").all())
    )
    for box in boxes.values():  # beside the plot, inside the stage, apart from each other
        assert right < box["x"] < box["x"] + box["width"] <= stage["x"] + stage["width"]
    heights = sorted(b["y"] for b in boxes.values())
    assert min(b - a for a, b in itertools.pairwise(heights)) > 12
    page.locator("#home .chips button").nth(1).click()
    assert page.locator("#home .chips button").nth(1).get_attribute("aria-pressed") == "true"
