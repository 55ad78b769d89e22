"""A network on paper, as GraphML and as a page read without a browser."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
from matplotlib import image
from matplotlib.collections import LineCollection, PatchCollection

from bunsan.base.errors import BadInput
from bunsan.base.language import use_language
from bunsan.figures.colours import fill
from bunsan.figures.network import draw_network, network_figure
from bunsan.words.layout import radii

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", ["words", "hostile"])
def test_svg_has_every_label_as_text(tmp_path: Path, kind: str, samples: Any) -> None:
    net = samples.network(getattr(samples, kind))
    draw_network(net, tmp_path / "a.svg", title="題 <1>")
    texts = [e.text for e in ElementTree.parse(tmp_path / "a.svg").iter(f"{SVG}text")]
    for node in net.nodes:
        assert node.label.replace("\u2028", " ") in [
            (t or "").replace("\u2028", " ") for t in texts
        ]
    assert "題 <1>" in texts


def test_png_is_drawn_in_the_colours_of_the_communities(tmp_path: Path, samples: Any) -> None:
    net = samples.network(samples.words)
    draw_network(net, tmp_path / "a.png")
    pixels = np.round(np.asarray(image.imread(tmp_path / "a.png"))[..., :3] * 255).astype(int)
    for community in {n.community for n in net.nodes}:
        colour = [int(fill(community)[i : i + 2], 16) for i in (1, 3, 5)]
        assert (pixels == colour).all(axis=2).sum() > 300


def test_marks_say_what_the_legend_says(samples: Any) -> None:
    net = samples.network(samples.words)
    edges = [replace(e, stability=0.2 if k % 3 == 0 else 0.9) for k, e in enumerate(net.edges)]
    net = replace(net, edges=edges)
    axes = network_figure(net).axes[0]
    solid, dashed = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert len(dashed.get_segments()) == len([e for e in edges if not e.stable]) > 2
    assert len(solid.get_segments()) + len(dashed.get_segments()) == len(edges)
    widths = dict(zip([e.weight for e in edges if e.stable], solid.get_linewidths(), strict=True))
    assert [widths[w] for w in sorted(widths)] == sorted(widths.values())
    discs = next(c for c in axes.collections if isinstance(c, PatchCollection))
    areas = sorted(np.ptp(p.vertices, axis=0).prod() for p in discs.get_paths())
    expected = sorted(4 * r**2 for r in radii([n.frequency for n in net.nodes]))
    np.testing.assert_allclose(areas, expected, rtol=1e-6)
    said = [t.get_text() for t in axes.texts]
    assert any("under 70% of 40 resamples" in text for text in said)
    calm = network_figure(replace(net, edges=[replace(e, stability=1.0) for e in edges]))
    assert not any("resamples" in t.get_text() for t in calm.axes[0].texts)


def test_no_label_lies_on_another_or_on_the_legend(samples: Any) -> None:
    words = [w + "と" * (k % 5) for k, w in enumerate(samples.words * 3)]
    drawing = network_figure(samples.network(words), title="題")
    drawing.canvas.draw()
    boxes = [t.get_window_extent() for t in drawing.axes[0].texts if not t.get_path_effects()]
    assert len(boxes) > 30
    for i, a in enumerate(boxes):
        assert a.x0 >= 0
        assert a.x1 <= drawing.bbox.x1
        assert a.y0 >= 0
        for b in boxes[:i]:
            assert not a.shrunk(0.9, 0.8).overlaps(b.shrunk(0.9, 0.8))


def test_graphml_comes_back(tmp_path: Path, samples: Any) -> None:
    net = samples.network([*samples.words[:-1], "悪い\x00\x1b文字"])
    draw_network(net, tmp_path / "a.graphml")
    graph = nx.read_graphml(tmp_path / "a.graphml", node_type=int)
    assert set(graph.nodes) == {n.id for n in net.nodes}
    for node in net.nodes:
        attributes = graph.nodes[node.id]
        assert attributes["label"] == node.label.replace("\x00", "").replace("\x1b", "")
        assert attributes["frequency"] == node.frequency
        assert attributes["x"] == node.x
    for edge in net.edges:
        attributes = graph.edges[edge.a, edge.b]
        assert attributes["weight"] == pytest.approx(edge.weight)
        assert attributes["stability"] == pytest.approx(edge.stability)
        assert attributes["in_tree"] is edge.in_tree
    plain = samples.network(samples.words, resamples=0)
    draw_network(plain, tmp_path / "b.graphml")  # stability and its kind are left out
    assert "stability" not in (tmp_path / "b.graphml").read_text(encoding="utf-8")


def test_page_holds_the_evidence_and_nothing_runs_or_loads_from_it(
    tmp_path: Path, samples: Any
) -> None:
    net = samples.network(samples.hostile)
    node, edge = net.nodes[0], net.edges[0]
    evidence = {
        (node.id,): [("</script>.csv", 3, "あ𠮷<script>温泉</script>温泉", [(2, 4), (10, 12)])],
        (edge.a, edge.b): [("b.xlsx", 9, "文", [])],
    }
    path = tmp_path / "a.html"
    draw_network(net, path, title=samples.hostile[0], evidence=lambda: evidence)
    content = path.read_text(encoding="utf-8")
    page = samples.page()
    page.feed(content)
    assert page.tags.count("script") == 3  # plotly, data, ours
    assert "img" not in page.tags
    assert page.addresses == ["data:,"]
    assert "default-src 'none'" in content
    data = json.loads(page.data)
    assert [w["label"] for w in data["words"]] == [n.label for n in net.nodes]
    pieces = data["words"][0]["sentences"]
    assert pieces == [["</script>.csv", 3, ["あ𠮷", "<s", "cript>", "温泉", "</script>温泉"]]]
    assert data["edges"][0]["sentences"] == [["b.xlsx", 9, ["文"]]]
    assert data["words"][1]["sentences"] == []


def test_page_speaks_the_readers_language(tmp_path: Path, samples: Any) -> None:
    net = samples.network(samples.words)
    try:
        use_language("ja")
        draw_network(net, tmp_path / "ja.html")
        use_language("en")
        draw_network(net, tmp_path / "en.html")
    finally:
        use_language(None)
    ja, en = ((tmp_path / f"{c}.html").read_text(encoding="utf-8") for c in ("ja", "en"))
    assert '<html lang="ja">' in ja
    assert "語を探す" in ja
    assert "共起ネットワーク" in ja
    assert '<html lang="en">' in en
    assert "Find a word" in en
    # outside of data and scripts no Japanese is left
    shell = re.sub(r"<(script|style).*?</\1>", "", en, flags=re.DOTALL)
    assert not re.search(r"[ぁ-んァ-ヶ一-龠]", shell)


def test_evidence_is_looked_for_only_where_it_is_shown(tmp_path: Path, samples: Any) -> None:
    def never() -> dict[tuple[int, ...], list[tuple[str, int, str, list[tuple[int, int]]]]]:
        raise AssertionError("sentences were looked for")

    draw_network(samples.network(samples.words), tmp_path / "a.svg", evidence=never)
    with pytest.raises(BadInput, match=r"\.html, \.graphml"):
        draw_network(samples.network(samples.words), tmp_path / "a.jpeg", evidence=never)
