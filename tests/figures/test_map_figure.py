"""A correspondence map on paper, and its page read without a browser."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.figures.map import draw_map, map_figure
from bunsan.words.correspondence import Correspondence, Regions, correspondence, regions

SVG = "{http://www.w3.org/2000/svg}"
GROUPS = ["箱根", "京都", "札幌", "那覇"]


def analysed(groups: int = 4, alike: float = 1.5) -> tuple[Correspondence, Regions, np.ndarray]:
    rng = np.random.default_rng(0)
    profile = rng.dirichlet(np.full(10, alike), groups).T
    of = np.repeat(np.arange(groups), 30)
    counts = np.stack([rng.multinomial(20, profile[:, g]) for g in of])
    table = np.stack([counts[of == g].sum(axis=0) for g in range(groups)], axis=1)
    result = correspondence(table)
    return result, regions(result, csr_array(counts), of, resamples=60), table


def label_boxes(drawing: Figure) -> list:
    drawing.canvas.draw()
    return [t.get_window_extent() for t in drawing.axes[0].texts if not t.get_path_effects()]


def test_svg_has_words_groups_and_shares(tmp_path: Path, samples: Any) -> None:
    result, found, table = analysed()
    path = tmp_path / "a.svg"
    draw_map(
        result, samples.words, GROUPS, path, regions=found, frequencies=table.sum(axis=1).tolist()
    )
    texts = [e.text for e in ElementTree.parse(path).iter(f"{SVG}text")]
    assert set(samples.words + GROUPS) <= set(texts)
    for axis in (0, 1):
        assert f"Axis {axis + 1} ({100 * result.shares[axis]:.1f} % of inertia)" in texts
    assert any("60 resamples" in (t or "") for t in texts)


def test_marks_are_where_the_analysis_puts_them_at_one_scale(samples: Any) -> None:
    result, found, _ = analysed()
    drawing = map_figure(result, samples.words, GROUPS, regions=found)
    axes = drawing.axes[0]
    marks = np.array([c.get_offsets()[0] for c in axes.collections])
    expected = np.vstack([result.columns[:, :2], result.rows[:, :2]])
    assert sorted(map(tuple, marks.round(9))) == sorted(map(tuple, expected.round(9)))
    origin, right, up = axes.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert right[0] - origin[0] == pytest.approx(up[1] - origin[1])
    ellipses = [p for p in axes.patches if isinstance(p, Ellipse)]
    assert len(ellipses) == 4
    for ellipse, (long, short, angle) in zip(ellipses, found.column_ellipses(), strict=True):
        shape = (ellipse.width / 2, ellipse.height / 2, np.deg2rad(ellipse.angle))
        assert shape == pytest.approx((long, short, angle))


def test_unstable_points_are_hollow(samples: Any) -> None:
    result, found, _ = analysed(alike=30)
    unstable = [not s for s in [*found.column_stable, *found.row_stable]]
    assert 0 < sum(unstable) < 14
    axes = map_figure(result, samples.words, GROUPS, regions=found).axes[0]
    hollow = sorted(
        tuple(np.asarray(c.get_offsets())[0].round(9))
        for c in axes.collections
        if tuple(c.get_facecolor()[0][:3]) == (1, 1, 1)
    )
    at = np.vstack([result.columns[:, :2], result.rows[:, :2]])
    assert hollow == sorted(tuple(p.round(9)) for p, u in zip(at, unstable, strict=True) if u)


def test_no_label_lies_on_another(samples: Any) -> None:
    rng = np.random.default_rng(3)
    table = rng.poisson(4, (70, 6)) + (rng.random((70, 6)) < 0.1) * 30
    words = [f"{samples.words[k % 10]}{k}" for k in range(70)]
    drawing = map_figure(correspondence(table), words, [f"グループ{g}" for g in range(6)])
    boxes = label_boxes(drawing)
    assert len(boxes) == 76
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert not a.shrunk(0.92, 0.75).overlaps(b.shrunk(0.92, 0.75))


def test_two_groups_are_spread_upwards_by_frequency(tmp_path: Path, samples: Any) -> None:
    result, found, table = analysed(2)
    frequencies = table.sum(axis=1)
    drawing = map_figure(
        result, samples.words, GROUPS[:2], regions=found, frequencies=frequencies.tolist()
    )
    marks = np.array([np.asarray(c.get_offsets())[0] for c in drawing.axes[0].collections])
    words = marks[np.argsort(marks[:, 1])][:10]
    assert sorted(words[:, 0]) == pytest.approx(sorted(result.rows[:, 0]))
    np.testing.assert_allclose(sorted(words[:, 1]), np.sort(np.log10(frequencies)))
    assert drawing.axes[0].get_ylabel() == "Frequency (log) →"
    draw_map(result, samples.words, GROUPS[:2], tmp_path / "a.html", regions=found)
    assert (tmp_path / "a.html").stat().st_size > 1_000_000


def test_words_without_a_place_are_left_out() -> None:
    table = np.array([[3, 1, 0], [0, 0, 0], [1, 5, 2], [0, 1, 4]])
    drawing = map_figure(correspondence(table), ["甲", "乙", "丙", "丁"], ["一", "二", "三"])
    said = {t.get_text() for t in drawing.axes[0].texts}
    assert said == {"甲", "丙", "丁", "一", "二", "三"}


def test_page_says_how_much_more_often_a_word_is_used(tmp_path: Path, samples: Any) -> None:
    result, found, table = analysed()
    words = ["</script><b>", *samples.words[1:]]
    evidence = {(500,): [("a.csv", 2, "文", [])]}
    draw_map(
        result,
        words,
        GROUPS,
        tmp_path / "a.html",
        ids=range(500, 510),
        regions=found,
        frequencies=table.sum(axis=1).tolist(),
        evidence=evidence,
    )
    page = samples.page()
    page.feed((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.tags.count("script") == 3
    data = json.loads(page.data)
    at = {p["label"]: p for p in data["points"]}
    assert at["</script><b>"]["sentences"] == [["a.csv", 2, ["文"]]]
    expected = table / np.outer(table.sum(axis=1), table.sum(axis=0)) * table.sum()
    for g, group in enumerate(GROUPS):
        for k, times in at[group]["links"]:
            w = words.index(data["points"][k]["label"])
            assert times == pytest.approx(expected[w, g], abs=6e-4)
            assert times > 1
        assert len(at[group]["links"]) == (expected[:, g] > 1).sum()
    quality = result.row_cos2[:, :2].sum(axis=1)
    assert [at[w]["quality"] for w in words] == pytest.approx(quality.tolist())


def test_what_does_not_fit_is_refused(tmp_path: Path, samples: Any) -> None:
    result, found, _ = analysed()
    with pytest.raises(ValueError, match="rows and columns"):
        map_figure(result, samples.words[:3], GROUPS)
    with pytest.raises(ValueError, match="axes"):
        map_figure(result, samples.words, GROUPS, regions=found, axes=(1, 2))
    with pytest.raises(ValueError, match="ids"):
        draw_map(result, samples.words, GROUPS, tmp_path / "a.html", evidence={})
    with pytest.raises(BadInput, match=r"\.html"):
        draw_map(result, samples.words, GROUPS, tmp_path / "a.bmp")
    other = map_figure(result, samples.words, GROUPS, axes=(1, 2)).axes[0]
    assert other.get_xlabel().startswith("Axis 2")
