"""The antonym fault of vectors made for it: known areas, sentences, tables, figures."""

from pathlib import Path

import numpy as np
import pytest

from bunsan.base.errors import BadInput
from bunsan.base.language import use_language
from bunsan.tasks.antonyms import antonyms, antonyms_in
from bunsan.tasks.facade import learn
from bunsan.words.vectors.evaluate.antonyms import listed_pairs
from bunsan.words.vectors.wordvectors import WordVectors

KINDS = [pair.kind for pair in listed_pairs("ja", "antonyms")]


def made(folder: Path, synonyms: float, antonyms: float) -> tuple[WordVectors, dict[str, Path]]:
    """88 pairs of each kind, at such a mean angle in a plane of their own, and 2,000 other words; the
    lists as files."""
    rng = np.random.default_rng(0)
    dim = 4 * len(KINDS)
    words, rows, files = [], [], {}
    for name, degrees in (("synonyms", synonyms), ("antonyms", antonyms)):
        lines = []
        for i, kind in enumerate(KINDS):
            angle = np.deg2rad(degrees + rng.uniform(-10, 10))
            for side, turn in (("a", 0.0), ("b", angle)):
                row = np.zeros(dim, np.float32)
                row[len(rows) // 2 * 2 : len(rows) // 2 * 2 + 2] = np.cos(turn), np.sin(turn)
                words.append(f"{name}{i}{side}")
                rows.append(row)
            lines.append(f"{name}{i}a\t{name}{i}b\t{kind}\n")
        files[name] = folder / f"{name}.tsv"
        files[name].write_text("".join(lines))
    noise = rng.normal(size=(2000, dim)).astype(np.float32)
    names = [*words, *(f"other{i}" for i in range(2000))]
    order = rng.permutation(len(names))
    return WordVectors([names[i] for i in order], np.vstack([rows, noise])[order]), files


def of_the_lists(language: str) -> WordVectors:
    """All words of bunsan's lists in one language, anywhere; and others."""
    words = [w for r in ("antonyms", "synonyms") for p in listed_pairs(language, r) for w in (p.a, p.b)]  # fmt: skip
    words = [*dict.fromkeys(words), *(f"other{i}" for i in range(2000))]
    return WordVectors(words, np.random.default_rng(1).normal(size=(len(words), 50)))


def test_antonyms_nearer_than_synonyms(tmp_path: Path):
    vectors, files = made(tmp_path, synonyms=70, antonyms=20)
    found = antonyms(vectors, **files)
    assert found.auc.estimate == 0.0
    assert found.auc.high < 0.1
    assert (found.nearer.right, found.nearer.asked) == (88, 88)
    assert found.related.estimate == 1.0
    assert "nearer than synonyms" in found.finding


def test_synonyms_nearer_than_antonyms(tmp_path: Path):
    vectors, files = made(tmp_path, synonyms=20, antonyms=70)
    found = antonyms(vectors, **files)
    assert found.auc.estimate == 1.0
    assert found.nearer.right == 0
    assert found.finding.startswith("Synonyms lie nearer")
    # Each pair has a plane of its own: no third word is nearer.
    assert (found.synonyms.ranks == 1).all()


def test_no_difference(tmp_path: Path):
    vectors, files = made(tmp_path, synonyms=45, antonyms=45)
    found = antonyms(vectors, **files)
    assert found.auc.low < 0.5 < found.auc.high
    assert found.finding.startswith("The vectors do not tell synonyms from antonyms")
    use_language("ja")
    try:
        assert found.finding.startswith("同義語と対義語を区別できていません")
        assert found.table().titles["mean"] == "コサイン平均"
    finally:
        use_language(None)


def test_the_numbers_of_the_tables(tmp_path: Path):
    vectors, files = made(tmp_path, synonyms=60, antonyms=30)
    found = antonyms(vectors, **files)
    table = found.table()
    assert table["pairs"] == [88, 88, 176]
    assert table["median"][0] == pytest.approx(np.median(found.synonyms.cosines))
    assert table["mean"][1] == pytest.approx(np.cos(np.deg2rad(30)), abs=0.02)
    assert table["rank"][:2] == [1.0, 1.0]
    assert table["top"][:2] == [1.0, 1.0]
    kinds = found.by_kind()
    assert kinds["synonyms"] == [88, 24, 24, 24, 16]
    assert kinds["auc"] == [0.0] * 5
    assert kinds["nearer"] == [1.0] * 5
    rows = list(found.rows())
    assert len(rows) == 352
    assert rows[0]["relation"] == "synonyms"
    cosines = [row["cosine"] for row in rows[88:176]]
    assert cosines == sorted(cosines, reverse=True)
    assert found.facts()["auc"]["estimate"] == 0.0
    assert "<table>" in found._repr_html_()


def test_english_words_get_english_lists():
    found = antonyms(of_the_lists("en"))
    assert found.lists == ("bunsan (en)", "bunsan (en)")
    assert len(found.synonyms.pairs) == 88
    asked = antonyms(of_the_lists("en"), language="ja")
    assert len(asked.synonyms.skipped) == 88
    assert "too few" in asked.finding
    with pytest.raises(BadInput, match="lists in 'fr'"):
        antonyms(of_the_lists("ja"), language="fr")


def test_vectors_that_know_nothing():
    found = antonyms(of_the_lists("ja"))
    assert len(found.antonyms.pairs) == 88
    assert "of the fault nothing" in found.finding


def test_files_of_ones_own(tmp_path: Path):
    degrees = {"a": 0.0, "b": 10.0, "c": 100.0, "d": 140.0, "e": 200.0, "f": 220.0}
    angles = np.deg2rad(list(degrees.values()))
    vectors = WordVectors(degrees, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    (tmp_path / "o.tsv").write_text("a\tb\tkind\ne\tf\nc\tunknown\n")
    (tmp_path / "s.tsv").write_text("c d\n")
    found = antonyms(vectors, antonyms=tmp_path / "o.tsv", synonyms=tmp_path / "s.tsv")
    np.testing.assert_allclose(found.antonyms.cosines, np.cos(np.deg2rad([10, 20])), atol=1e-6)
    assert found.lists == (str(tmp_path / "s.tsv"), str(tmp_path / "o.tsv"))
    assert (found.nearer.right, found.nearer.asked, found.nearer.skipped) == (2, 2, 1)
    assert found.auc.estimate == 0.0
    assert "too few" in found.finding
    assert list(found.rows())[-1]["cosine"] is None
    (tmp_path / "bad.tsv").write_text("a\tb\nc\n")
    with pytest.raises(BadInput) as caught:
        antonyms(vectors, synonyms=tmp_path / "bad.tsv")
    assert caught.value.row == 2


@pytest.mark.parametrize("language", ["ja", "en"])
def test_figures(tmp_path: Path, language: str):
    found = antonyms(of_the_lists("ja"))
    use_language(language)
    try:
        for suffix in (".html", ".png", ".svg", ".pdf", ".csv", ".xlsx"):
            found.save(tmp_path / f"a{suffix}")
    finally:
        use_language(None)
    for name in ("a.html", "a.svg", "a.csv"):
        assert "高い" in (tmp_path / name).read_text(encoding="utf-8-sig"), name
    with pytest.raises(BadInput, match="gif"):
        found.save(tmp_path / "a.gif")
    nothing = antonyms(found_nothing())
    with pytest.raises(BadInput, match="too few"):
        nothing.save(tmp_path / "n.html")


def found_nothing() -> WordVectors:
    return WordVectors(["x", "y"], np.eye(2, dtype=np.float32))


def test_a_collection_finds_words_in_its_own_spelling(tmp_path: Path):
    texts = ["今日はうれしい日です。", "とてもかなしい夜でした。", "たかい山とひくい谷。"] * 10
    collection = learn(texts, to=tmp_path / "c.bunsan")
    vectors = collection.learn_vectors(dim=8, min_count=1, epochs=1, threads=1)
    assert "うれしい" in vectors
    assert "嬉しい" not in vectors
    pairs = [p for p in listed_pairs("ja", "antonyms") if p.a == "嬉しい"]
    assert pairs[0].b == "悲しい"
    found = antonyms_in(collection)
    assert [(p.a, p.b) for p in found.antonyms.pairs] == [("うれしい", "かなしい")]
    assert collection.antonyms(language="en").antonyms.pairs == []
