"""Fewer labels: the curve, the law through it, and what to label next."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bunsan
from bunsan.base.errors import BadInput
from bunsan.tasks.baselines.counts import Tfidf
from bunsan.tasks.compare.curve import _sizes, learning_curve_on
from bunsan.tasks.compare.next_rows import apart, next_rows
from bunsan.tasks.compare.power_law import fit, fit_ends
from bunsan.tasks.compare.reading import read_labelled
from bunsan.tasks.compare.systems import Floor, Linear, Predicted

Make = Callable[..., list[dict[str, Any]]]


def light() -> list[Any]:
    return [Floor(), Linear(Tfidf("words")), Linear(Tfidf("characters"))]


@pytest.mark.parametrize(
    ("rest", "factor", "power"), [(0.1, 0.8, 0.5), (0.0, 1.0, 0.2), (0.3, 0.0, 1.0)]
)
def test_a_law_is_found_again(rest: float, factor: float, power: float) -> None:
    sizes = np.array([10.0, 20, 50, 100, 200, 500])
    errors = rest + factor * sizes**-power
    found = fit(sizes, errors[None], np.ones(6))
    for n in (10, 500, 550):
        assert found.at(n)[0] == pytest.approx(rest + factor * n**-power, abs=3e-3)


def test_a_law_as_found_by_trying_everything() -> None:
    """Against a search over a grid of all three parameters."""
    rng = np.random.default_rng(0)
    sizes = np.array([10.0, 20, 50, 100, 200])
    errors = np.clip(0.05 + 0.7 * sizes**-0.4 + rng.normal(0, 0.02, 5), 0, 1)
    weights = np.array([1.0, 2, 3, 4, 5])
    found = fit(sizes, errors[None], weights)
    own = (weights * (errors - [found.at(n)[0] for n in sizes]) ** 2).sum()
    best = min(
        float((weights * (errors - a - b * sizes**-c) ** 2).sum())
        for a in np.linspace(0, 0.4, 41)
        for b in np.linspace(0, 2, 101)
        for c in np.geomspace(0.05, 2, 25)
    )
    assert own <= best + 1e-9
    assert found.rest[0] >= 0
    assert found.factor[0] >= 0
    rising = fit(sizes, np.array([[0.1, 0.2, 0.3, 0.4, 0.5]]), np.ones(5))
    assert rising.at(10)[0] == pytest.approx(rising.at(400)[0])  # labels do no harm


def test_laws_of_the_end_of_a_curve() -> None:
    """Where a curve begins to fall late, laws of more sizes fall more slowly, and all are told."""
    sizes = np.array([10.0, 20, 50, 100, 200, 400])
    errors = np.array([0.5, 0.5, 0.5, 0.5 * 2**-0.4, 0.5 * 4**-0.4, 0.5 * 8**-0.4])
    found = fit_ends(sizes, errors[None], np.ones(6))
    assert len(found.power) == 4
    gains = found.at(400) - found.at(800)
    expected = errors[-1] * (1 - 2**-0.4)
    np.testing.assert_allclose(gains[:3], expected, rtol=0.05)  # the last four are the law
    assert gains[3] < 0.9 * gains[0]
    assert found.rest[0] == 0
    assert len(fit_ends(sizes[2:], errors[None, 2:], np.ones(4)).power) == 3


def test_sizes() -> None:
    assert _sizes(None, 800) == [10, 20, 50, 100, 200, 500, 800]
    assert _sizes(None, 1000) == [10, 20, 50, 100, 200, 500, 1000]
    assert _sizes(None, 52) == [10, 20, 52]
    assert _sizes([50, 10, 0], 52) == [10, 50]
    with pytest.raises(BadInput, match="between 1 and 52"):
        _sizes([100], 52)


def test_more_labels_help(make_reviews: Make, tmp_path: Path) -> None:
    data = read_labelled(make_reviews(250, noise=0.05), text="text", label="label")
    found = learning_curve_on(data, light(), folds=4)
    words = next(c for c in found.curves if c.name == "tfidf-words")
    sizes = [p.size for p in words.points]
    assert sizes == [10, 20, 50, 100, 187]
    assert words.points[-1].value > words.points[0].value + 0.1
    assert all(p.low <= p.value <= p.high for p in words.points)
    first = words.points[0].high - words.points[0].low
    assert first > words.points[-1].high - words.points[-1].low
    assert found.choice.kind > 0
    gain = found.gain()
    assert gain is not None
    assert 0 <= gain.low <= gain.value <= gain.high < 0.1
    more = found.gain(more=500)
    assert more is not None
    assert more.value >= gain.value
    assert "50 more than the 250" in found.sentence
    assert len(found.table()) == 15
    found.save(tmp_path / "curve.csv")
    assert found.to_dict()["curves"][1]["points"][0]["labels"] == 10


def test_subsets_are_nested_and_held_out_rows_stay_out(make_reviews: Make) -> None:
    asked: list[tuple[list[int], set[int]]] = []

    class Watch(Floor):
        def predict(self, train: Any, held: Any) -> Predicted:
            asked.append((train.tolist(), set(held.tolist())))
            return super().predict(train, held)

    data = read_labelled(make_reviews(80), text="text", label="label")
    learning_curve_on(data, [Watch()], sizes=[10, 20, 40], folds=4)
    assert len(asked) == 12
    for a, b in itertools.pairwise(asked):
        if a[1] == b[1]:
            assert b[0][: len(a[0])] == a[0]
    assert len({tuple(train) for train, _ in asked if len(train) == 10}) == 4
    assert all(not set(train) & held for train, held in asked)


def test_what_is_known_without_labels(make_pairs: Make) -> None:
    """Pairs by their likeness; and nothing where labels are no words."""
    data = read_labelled(make_pairs(100), text="a", text2="b", label="score", as_="numbers")
    found = learning_curve_on(data, light(), sizes=[10, 80])
    words = next(c for c in found.curves if c.name == "tfidf-words")
    assert words.points[0].size == 0
    assert words.points[0].value > 0.8
    assert [p.size for p in found.curves[0].points] == [10, 80]
    assert found.gain(words) is None  # two sizes make no law
    assert "too few sizes" in found.sentence
    error = learning_curve_on(data, light(), sizes=[10, 80], score="rmse")
    assert [p.size for p in error.curves[1].points] == [10, 80]  # likeness has no scale


def test_uncertain_and_apart() -> None:
    features = np.array([[1, 0], [1, 0.01], [0, 1], [0.7, 0.7]], float)
    unsure = np.array([0.9, 0.89, 0.5, 0.1])
    found = apart(features, unsure, 3).tolist()
    assert found[:2] == [0, 2]  # the second is the first once more
    assert apart(features, unsure, 10).tolist()[0] == 0
    assert sorted(apart(features, unsure, 10).tolist()) == [0, 1, 2, 3]


def test_rows_to_label_next(make_reviews: Make) -> None:
    rows = make_reviews(100, noise=0)
    plain = [{**r, "label": None} for r in make_reviews(30, noise=0, seed=3)]
    # Good and bad at once: nobody can be sure of these.
    mixed = [
        {"text": f"{thing}が広いし汚いです。", "label": None} for thing in ("部屋", "庭", "廊下")
    ]
    again = [dict(mixed[0])]
    data = read_labelled([*rows, *plain, *mixed, *again], text="text", label="label")
    found = next_rows(data, Linear(Tfidf("words")), 6)
    assert len(found) == 6
    assert all(row > 100 for row in found["row"])
    first = set(found["text"][:3])
    assert len(first & {m["text"] for m in mixed}) >= 2
    assert len(set(found["text"])) == 6  # the repeated one comes once
    assert found["uncertainty"][0] == max(found["uncertainty"])
    assert set(found["prediction"]) <= {"良い", "悪い"}
    with pytest.raises(BadInput, match="Every row has a label"):
        next_rows(read_labelled(rows, text="text", label="label"), light()[1], 3)


def test_numbers_to_label_next(make_reviews: Make) -> None:
    rows = make_reviews(90)
    for row in rows[60:]:
        row["stars"] = None
    found = bunsan.label_next(
        rows, text="text", label="stars", count=5, vectors=(), words="sudachi"
    )
    assert len(found) == 5
    assert all(row > 60 for row in found["row"])
    assert all(u > 0 for u in found["uncertainty"])
