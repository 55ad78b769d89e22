"""Vectors at work: sums as people type them, scores as tables, maps as files."""

import csv
from pathlib import Path

import numpy as np
import pytest

from bunsan.base.errors import BadInput, Missing
from bunsan.tasks.lookup import split_sum
from bunsan.tasks.vectors import convert, described, evaluate, nearest, project, vectors_at
from bunsan.words.vectors.wordvectors import WordVectors

WORDS = ["王", "女王", "男", "女", "りんご", "みかん"]
ROYAL, FEMALE, FRUIT = np.eye(3)
MATRIX = np.array(
    [ROYAL, ROYAL + FEMALE, [0.1, 0, 0], 0.1 * ROYAL + FEMALE, FRUIT, 1.1 * FRUIT + 0.1 * ROYAL]
) + np.array([0.05, 0.05, 0.05])


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors(WORDS, MATRIX.astype(np.float32), counts=[6, 5, 4, 3, 2, 1])


@pytest.mark.parametrize(
    ("typed", "plus", "minus"),
    [
        ("王 - 男 + 女", ["王", "女"], ["男"]),
        ("王　－　男　＋　女", ["王", "女"], ["男"]),
        ("Wi-Fi", ["Wi-Fi"], []),
        ("− 男 + 王", ["王"], ["男"]),
    ],
)
def test_sums(typed: str, plus: list[str], minus: list[str]) -> None:
    assert split_sum(typed) == (plus, minus)


def test_a_sum_needs_something_added() -> None:
    with pytest.raises(BadInput):
        split_sum("- 男")


def test_arithmetic(vectors: WordVectors) -> None:
    found = nearest(vectors, "王 - 男 + 女", k=2)
    assert found.table()["word"][0] == "女王"
    assert found.table()["frequency"][0] == 5
    assert nearest(vectors, "王 - 男 + 女", k=1, method="3cosmul").found.words == ["女王"]
    assert nearest(vectors, "りんご", k=1).found.words == ["みかん"]


def test_a_word_with_spaces_and_signs_is_one_word() -> None:
    vectors = WordVectors(["a - b", "a", "b"], np.eye(3, dtype=np.float32))
    assert nearest(vectors, "a - b").plus == ["a - b"]


def test_scores_as_a_table(vectors: WordVectors, tmp_path: Path) -> None:
    questions = tmp_path / "q.txt"
    questions.write_text(
        ": family\n男 王 女 女王\n男 王 女 りんご\n男 王 女 桃\n", encoding="utf-8"
    )
    pairs = tmp_path / "p.csv"
    pairs.write_text(
        "a,b,score\nりんご,みかん,10\n王,女王,7\n王,りんご,1\n男,桃,5\n", encoding="utf-8"
    )
    choices = tmp_path / "s.csv"
    choices.write_text("りんご,みかん,王,男\n", encoding="utf-8")
    table = evaluate(vectors, analogies=[questions], similarity=[pairs], synonyms=[choices]).table()
    rows = {(row["kind"], row["section"]): row for row in table}
    assert rows["analogy", "family"]["score"] == 0.5
    assert (rows["analogy", "total"]["asked"], rows["analogy", "total"]["skipped"]) == (2, 1)
    assert rows["similarity", ""]["score"] == pytest.approx(1.0)
    assert rows["similarity", ""]["skipped"] == 1
    assert rows["synonym", ""]["score"] == 1.0
    assert rows["synonym", ""]["chance"] == pytest.approx(1 / 3)
    assert rows["analogy", "family"]["low"] < 0.5 < rows["analogy", "family"]["high"]


def test_maps(vectors: WordVectors, tmp_path: Path) -> None:
    found = project(vectors, near="りんご", most=4)
    assert found.words[:2] == ["りんご", "みかん"]
    place = dict(zip(found.words, found.places, strict=True))
    assert np.linalg.norm(place["りんご"] - place["みかん"]) == pytest.approx(
        min(np.linalg.norm(place["りんご"] - place[w]) for w in found.words[1:])
    )
    for suffix in (".png", ".svg", ".html", ".csv"):
        found.save(tmp_path / f"m{suffix}")
    assert "みかん" in (tmp_path / "m.html").read_text(encoding="utf-8")
    text = (tmp_path / "m.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["word"] for row in rows] == found.words
    with pytest.raises(BadInput, match="isomap"):
        project(vectors, method="isomap")


def test_conversion_and_description(vectors: WordVectors, tmp_path: Path) -> None:
    small = convert(vectors, tmp_path / "small", "int8")
    assert small.name == "small.safetensors"
    opened = vectors_at(small)
    facts = described(opened)
    assert (facts["words"], facts["dim"], facts["storage"]) == (6, 3, "int8")
    assert facts["tokens"] == 21
    np.testing.assert_allclose(opened["女王"], vectors["女王"], atol=0.01)
    np.testing.assert_allclose(
        vectors_at(convert(opened, tmp_path / "v.txt"))["女王"], opened["女王"], rtol=1e-5
    )
    with pytest.raises(BadInput, match="int4"):
        convert(vectors, tmp_path / "x", "int4")
    with pytest.raises(Missing):
        vectors_at(tmp_path / "nothing.bin")
