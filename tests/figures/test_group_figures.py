"""Points in groups: lines of text, swarms, and what a page shows when it is pointed at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bunsan.figures.groups import Dot, Group, wrapped
from bunsan.figures.scatter import draw_scatter
from bunsan.figures.strips import Strip, draw_strips, strips_figure, swarm
from bunsan.words.layout import label_width

Look = Callable[..., Any]


def test_lines_of_text():
    text = "同義語と対義語を区別できていません: 48%(95% 区間 40%〜57%)です。「高い」と「安い」。"
    lines = wrapped(text, 10, most=9)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(label_width(line) <= 10 for line in lines)
    assert all(line[0] not in "、。」)%" and line[-1] not in "「(" for line in lines)
    english = "Its one vector lies nearest to group 2, and 17 of its 20 nearest words belong there."
    assert " ".join(wrapped(english, 12, most=9)) == english
    assert wrapped(english, 12, most=2)[1].endswith("…")
    assert wrapped("a" * 100, 10, most=9)[0] == "a" * len(wrapped("a" * 100, 10, most=9)[0])
    assert wrapped("") == ()


def test_no_dot_of_a_swarm_lies_on_another():
    values = np.random.default_rng(0).normal(0, 0.1, 90)
    width, step = 0.012, 0.08
    offsets = swarm(values.tolist(), width, step)
    for i in range(90):
        for j in range(i):
            if abs(values[i] - values[j]) < width:
                assert abs(offsets[i] - offsets[j]) > 0.99 * step
    assert np.abs(offsets).max() <= 0.4
    assert (offsets == 0).sum() > 20


def strips() -> list[Strip]:
    rng = np.random.default_rng(1)
    return [
        Strip(
            name,
            [f"{name}{i} – 語" for i in range(40)],
            rng.normal(middle, 0.1, 40).tolist(),
            [f"{name} note {i}" for i in range(40)],
            named=name != "無作為",
        )
        for name, middle in (("同義語", 0.6), ("対義語", 0.6), ("無作為", 0.1))
    ]


def test_strips_on_paper_have_labels_apart_from_the_medians():
    figure = strips_figure(strips(), axis="コサイン", title="題", note="所見。")
    plot = figure.axes[0]
    texts = [t.get_text() for t in plot.texts]
    assert any(text.startswith("同義語") for text in texts)
    assert not any(text.startswith("無作為") for text in texts)
    for strip in strips():
        assert f"median {np.median(strip.values):.2f}" in texts


def test_a_page_of_strips(look: Look, tmp_path: Path):
    draw_strips(strips(), tmp_path / "s.html", axis="cosine", title="Title", note="A finding.")
    page = look(tmp_path / "s.html")
    assert "A finding." in page.locator("#home").inner_text()
    assert page.locator("#home .chips button").count() == 3
    page.fill("#query", "対義語7 ")
    page.press("#query", "Enter")
    assert page.locator("#panel h2").inner_text() == "対義語7 – 語"
    facts = page.locator("#panel dl").inner_text()
    assert f"{strips()[1].values[7]:.3f}" in facts
    assert "対義語 note 7" in facts


@pytest.mark.parametrize("dark", [False, True])
def test_a_page_of_contexts(samples: Any, look: Look, tmp_path: Path, dark: bool):
    groups = [Group("1", "a b"), Group("2", look=1), Group("word", look=-2)]
    rng = np.random.default_rng(2)
    dots = [
        Dot(
            i % 2, float(x), float(y), title="首", hover=("左【首】右",),
            sentences=[["f.csv", i, [f"文{i}の", "首", samples.hostile[i % 6]]]],
        )
        for i, (x, y) in enumerate(rng.normal(size=(60, 2)))
    ]  # fmt: skip
    dots += [Dot(2, 0.1, 0.2, label="one vector", title="one vector", wanted=True)]
    draw_scatter(groups, dots, tmp_path / "c.html", title="首の文脈", note="二つに分かれます。")
    page = look(tmp_path / "c.html", dark=dark)
    assert page.title() == "首の文脈"
    assert "one vector" in page.locator("#plot").inner_text()
    page.fill("#query", "文31の")
    assert page.locator("#found").inner_text() == "1 found"
    page.press("#query", "Enter")
    item = page.locator("#panel li")
    assert item.locator("mark").inner_text() == "首"
    assert item.locator("cite").inner_text() == "f.csv : 31"
    assert "文31の首" in item.inner_text()
    assert page.locator("#words option").count() == 1  # sentences are found, not suggested
    chip = page.locator("#home .chips button").first
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert page.locator("#panel").is_hidden()
    assert page.evaluate("chart.lit().size") == 30


def test_print(samples: Any, tmp_path: Path):
    groups = [Group("1", samples.hostile[4]), Group("2", look=1)]
    dots = [Dot(i % 2, float(i), float(i * i % 7)) for i in range(20)]
    dots += [Dot(0, 3.0, 4.0, label=samples.hostile[1], wanted=True)]
    for suffix in (".png", ".svg", ".pdf"):
        draw_scatter(groups, dots, tmp_path / f"a{suffix}", title="$題$", note=samples.hostile[0])
        assert (tmp_path / f"a{suffix}").stat().st_size > 2000
