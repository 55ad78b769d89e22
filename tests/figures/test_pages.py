"""Interactive figures in a browser: no request, no complaint, and what a click shows."""

import base64
import io
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from scipy.sparse import csr_array

from bunsan.base.language import use_language
from bunsan.figures.fonts import uncovered
from bunsan.figures.map import draw_map
from bunsan.figures.network import draw_network
from bunsan.words.correspondence import correspondence, regions
from bunsan.words.network import Network

Look = Callable[..., Any]

VISIBLE = """() => [...document.querySelectorAll('#plot .textpoint text')]
  .filter((e) => e.textContent.trim())
  .map((e) => { const b = e.getBoundingClientRect();
    return [e.textContent, b.left, b.top, b.right, b.bottom]; })"""
AT = """([x, y]) => { const f = document.getElementById('plot')._fullLayout;
  const b = document.getElementById('plot').getBoundingClientRect();
  return [b.left + f.xaxis._offset + f.xaxis.l2p(x), b.top + f.yaxis._offset + f.yaxis.l2p(y)]; }"""


def evidence(net: Network) -> dict[tuple[int, ...], list[Any]]:
    found: dict[tuple[int, ...], list[Any]] = {}
    for node in net.nodes:
        text = f"昨日は{node.label}でした。"
        found[node.id,] = [("口コミ.xlsx", node.id, text, [(3, 3 + len(node.label))])] * 30
    for edge in net.edges:
        found[edge.a, edge.b] = [("口コミ.xlsx", 7, f"{edge.a}と{edge.b}", [])]
    return found


def press(page: Any, x: float, y: float) -> None:
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y, steps=3)
    page.wait_for_selector(".hoverlayer .hovertext")
    page.mouse.click(x, y)
    page.wait_for_selector("#panel:not([hidden])")


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., Path]:
    def write(net: Network, **options: Any) -> Path:
        draw_network(net, tmp_path / "a.html", evidence=evidence(net), **options)
        return tmp_path / "a.html"

    return write


def test_the_page_carries_a_font_for_its_japanese(samples: Any, page_of: Any, look: Look) -> None:
    try:
        use_language("ja")
        path = page_of(samples.network(samples.words), title="口コミ")
    finally:
        use_language(None)
    page = look(path)
    assert page.evaluate("[...document.fonts].map((f) => [f.family, f.status])") == [
        ["bunsan-page", "loaded"]
    ]
    found = re.search(r"src:url\(data:font/ttf;base64,([^)]+)\)", path.read_text("utf-8"))
    assert found is not None
    page.locator("#plot .textpoint text").first.dispatch_event("click")
    shown = {c for c in page.evaluate("document.body.innerText + document.title") if c > "\x7f"}
    assert {"口", "・"} <= shown
    with TTFont(io.BytesIO(base64.b64decode(found.group(1)))) as font:
        assert {ord(c) for c in shown - uncovered("".join(shown))} <= set(font.getBestCmap())


def test_click_on_a_word_and_on_a_line(samples: Any, page_of: Any, look: Look) -> None:
    net = samples.network(samples.words)
    page = look(page_of(net, title="口コミ"))
    assert page.title() == "口コミ"
    assert page.locator("#panel").is_hidden()
    node = net.nodes[2]
    press(page, *page.evaluate(AT, [node.x, node.y]))
    assert page.locator("#panel h2").inner_text() == node.label
    assert page.locator("#panel li").count() == 30
    first = page.locator("#panel li").first
    assert first.inner_text().split("\n")[0] == f"昨日は{node.label}でした。"
    assert first.locator("mark").inner_text() == node.label
    assert first.locator("cite").inner_text() == f"口コミ.xlsx : {node.id}"
    assert f"{node.frequency:,}" in page.locator("#panel dl").inner_text()
    neighbours = {
        b if a == node.id else a for a, b in ((e.a, e.b) for e in net.edges) if node.id in (a, b)
    }
    assert page.locator("#panel .chips button").count() == len(neighbours)

    edge = next(e for e in net.edges if node.id not in (e.a, e.b))
    ends = {n.id: n for n in net.nodes}
    a, b = ends[edge.a], ends[edge.b]
    press(page, *page.evaluate(AT, [(a.x + b.x) / 2, (a.y + b.y) / 2]))
    assert page.locator("#panel h2").inner_text() == f"{a.label} — {b.label}"
    assert page.locator("#panel li").inner_text().startswith(f"{edge.a}と{edge.b}")
    assert f"{edge.stability:.0%}" in page.locator("#panel dl").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()


def test_chips_lead_from_word_to_line_to_word(samples: Any, page_of: Any, look: Look) -> None:
    net = samples.network(samples.words)
    page = look(page_of(net))
    page.fill("#query", "温泉")
    page.press("#query", "Enter")
    page.locator("#panel .chips button", has_text="露天風呂").click()
    assert page.locator("#panel h2").inner_text() == "温泉 — 露天風呂"
    page.locator("#panel .chips button", has_text="露天風呂").click()
    assert page.locator("#panel h2").inner_text() == "露天風呂"
    page.locator("#close").click()
    assert page.locator("#panel").is_hidden()
    chip = page.locator("#home .chips button").first
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    page.evaluate("select('n0')")
    assert chip.get_attribute("aria-pressed") == "false"


def test_search_minds_neither_kana_nor_width_nor_case(
    samples: Any, page_of: Any, look: Look
) -> None:
    page = look(page_of(samples.network([*samples.words[:8], "ＷｉＦｉ", "ひろい"])))
    for query, count in (("ばいきんぐ", 1), ("ﾊﾞｲｷﾝｸﾞ", 1), ("wifi", 1), ("い", 3), ("無", 0)):
        page.fill("#query", query)
        assert page.locator("#found").inner_text() == f"{count} found"
    page.fill("#query", "")
    assert page.locator("#found").inner_text() == ""


def test_hostile_text_stays_text(samples: Any, page_of: Any, look: Look) -> None:
    net = samples.network(samples.hostile)
    page = look(page_of(net, title=samples.hostile[0]))
    assert page.title() == samples.hostile[0]
    shown = {text for text, *_ in page.evaluate(VISIBLE)}
    squeeze = lambda t: " ".join(t.split())  # noqa: E731 - a line break is drawn as a space
    assert {squeeze(t) for t in shown} == {squeeze(t) for t in samples.hostile}
    for node in net.nodes:
        page.evaluate("(k) => select(k)", f"n{net.nodes.index(node)}")
        assert page.evaluate("document.querySelector('#panel h2').textContent") == node.label
        x, y = page.evaluate(AT, [node.x, node.y])
        page.mouse.move(x - 2, y - 2)
        page.mouse.move(x, y, steps=2)
        page.wait_for_selector(".hoverlayer .hovertext")
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("document.querySelectorAll('#plot b, #panel b, #plot a').length") == 0


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_labels_lie_apart_at_every_size(
    samples: Any, page_of: Any, look: Look, width: int, height: int
) -> None:
    words = [f"{w}{'の' * (k % 4)}" for k, w in enumerate(samples.words * 5)]
    page = look(page_of(samples.network(words)), width, height)
    shown = page.evaluate(VISIBLE)
    assert len(shown) >= (45 if width > 1000 else 12)
    for a, b in itertools.combinations(shown, 2):
        apart = a[1] > b[3] - 2 or b[1] > a[3] - 2 or a[2] > b[4] - 5 or b[2] > a[4] - 5
        assert apart, (a, b)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    few = len(shown)
    for _ in range(4):
        page.click("#in")
    page.click("#fit")
    assert len(page.evaluate(VISIBLE)) == few


def test_zoom_makes_room_for_labels(samples: Any, page_of: Any, look: Look) -> None:
    words = [f"{w}{k}" for k, w in enumerate(samples.words * 5)]
    net = samples.network(words)
    page = look(page_of(net), 390, 844)
    hidden = {n.label for n in net.nodes} - {t for t, *_ in page.evaluate(VISIBLE)}
    assert hidden
    node = next(n for n in net.nodes if n.label in hidden)
    page.evaluate(
        "([x, y]) => render({ x: [x - 8, x + 8], y: [y - 10, y + 10] })", [node.x, node.y]
    )
    assert node.label in {t for t, *_ in page.evaluate(VISIBLE)}


def test_a_resized_window_shows_the_whole_again(samples: Any, page_of: Any, look: Look) -> None:
    net = samples.network(samples.words)
    page = look(page_of(net))
    page.set_viewport_size({"width": 900, "height": 500})
    page.wait_for_function("() => view.height < 500")
    page.wait_for_timeout(300)
    for node in net.nodes:
        x, y = page.evaluate(AT, [node.x, node.y])
        assert 0 < x < 560
        assert 0 < y < 500


def test_on_a_phone_the_panel_is_a_sheet_that_hides_no_selected_word(
    samples: Any, page_of: Any, look: Look
) -> None:
    net = samples.network(samples.words)
    page = look(page_of(net), 390, 844)
    for k, node in enumerate(net.nodes):
        page.evaluate("(k) => select(k)", f"n{k}")
        top = page.locator("#panel").bounding_box()["y"]
        assert (
            page.evaluate("getComputedStyle(document.getElementById('panel')).position") == "fixed"
        )
        x, y = page.evaluate(AT, [node.x, node.y])
        assert 0 < x < 390
        assert 60 < y < top


def test_colours_follow_the_system(samples: Any, page_of: Any, look: Look) -> None:
    path = page_of(samples.network(samples.words))
    background = "getComputedStyle(document.querySelector('#plot .main-svg')).backgroundColor"
    light, dark = look(path), look(path, dark=True)
    assert light.evaluate(background) == "rgb(255, 255, 255)"
    assert dark.evaluate(background) == "rgb(20, 23, 28)"
    light.emulate_media(color_scheme="dark")
    light.wait_for_function(f"() => {background} === 'rgb(20, 23, 28)'")
    # every label stands out from what it lies on: W3C contrast of 4.5 and more
    for page in (light, dark):
        for colour in page.evaluate(
            "[...document.querySelectorAll('#plot .textpoint text')]"
            ".filter((e) => !e.style.fontFamily.includes('on-disc'))"
            ".map((e) => getComputedStyle(e).fill)"
        ):
            assert contrast(colour, "rgb(20, 23, 28)") > 4.5


def contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        parts = np.array([int(v) for v in colour[4:-1].split(",")[:3]]) / 255
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted([luminance(a), luminance(b)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.fixture
def map_page(samples: Any, tmp_path: Path) -> Callable[[int], Path]:
    def write(groups: int) -> Path:
        rng = np.random.default_rng(0)
        profile = rng.dirichlet(np.full(10, 1.5), groups).T
        of = np.repeat(np.arange(groups), 30)
        counts = np.stack([rng.multinomial(20, profile[:, g]) for g in of])
        table = np.stack([counts[of == g].sum(axis=0) for g in range(groups)], axis=1)
        result = correspondence(table)
        draw_map(
            result,
            [samples.hostile[0], *samples.words[1:]],
            ["箱根", "京都", "<i>札幌</i>"][:groups],
            tmp_path / "map.html",
            ids=range(10),
            regions=regions(result, csr_array(counts), of, resamples=40),
            frequencies=table.sum(axis=1).tolist(),
            evidence={(i,): [("a.csv", i + 2, "静かな宿", [(0, 3)])] for i in range(10)},
        )
        return tmp_path / "map.html"

    return write


@pytest.mark.parametrize("groups", [2, 3])
def test_map(samples: Any, map_page: Any, look: Look, groups: int) -> None:
    page = look(map_page(groups))
    shown = {text for text, *_ in page.evaluate(VISIBLE)}
    assert {samples.hostile[0], *samples.words[1:], "箱根", "京都"} <= shown
    assert ("<i>札幌</i>" in shown) == (groups == 3)
    point = page.evaluate("data.points.find((p) => p.label === '朝食')")
    press(page, *page.evaluate(AT, [point["x"], point["y"]]))
    assert page.locator("#panel h2").inner_text() == "朝食"
    assert page.locator("#panel mark").inner_text() == "静かな"
    assert page.locator("#panel cite").inner_text() == "a.csv : 6"
    page.locator("#home .chips button", has_text="京都").click()
    assert page.locator("#panel h2").inner_text() == "京都"
    assert page.locator("#panel ol").count() == 0
    assert page.locator("#panel .chips button").count() >= 2
    lines = "document.querySelectorAll('#plot .scatterlayer .js-line').length"
    before = page.evaluate(lines)
    page.check("input[type=checkbox]")
    assert page.evaluate(lines) == before + 10
    titles = page.evaluate(
        "[...document.querySelectorAll('.xtitle, .ytitle')].map((e) => e.textContent)"
    )
    assert titles[0].startswith("Axis 1 (")
    assert titles[1].startswith("Axis 2 (" if groups == 3 else "Frequency (log)")


def test_map_on_a_phone_in_japanese(map_page: Any, look: Look) -> None:
    try:
        use_language("ja")
        path = map_page(3)
    finally:
        use_language(None)
    page = look(path, 390, 844, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.get_attribute("#query", "placeholder") == "語を探す"
    page.evaluate("select('p0')")
    assert "他より多く使われる語" in page.locator("#panel").inner_text()
