"""The sense fault on texts made for it: a word of two uses, one of one use, and two words as one."""

from pathlib import Path

import numpy as np
import pytest

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import use_language
from bunsan.tasks.facade import Collection, learn
from bunsan.tasks.occurrences import _around
from bunsan.tasks.senses import joined, senses, senses_at, senses_in
from bunsan.text.words import WordSettings
from bunsan.words.vectors.files.dispatch import save_vectors
from bunsan.words.vectors.spellings import UnknownWord
from bunsan.words.vectors.wordvectors import WordVectors

TOPICS = [[f"{topic}{chr(97 + i)}" for i in range(12)] for topic in ("money", "river", "plain")]
SPACES = WordSettings(analyzer="spaces")


def sentences(word: str, topic: int, n: int, seed: int) -> list[str]:
    """Sentences of seven words of a topic with `word` in the middle."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        around = rng.choice(TOPICS[topic], 6).tolist()
        found.append(" ".join([*around[:3], word, *around[3:]]) + ".")
    return found


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    """Each topic's words around a direction of its own; "bank" lies nearer to the first topic."""
    rng = np.random.default_rng(0)
    rows = [np.eye(8)[t] + 0.25 * rng.normal(size=8) for t, ws in enumerate(TOPICS) for _ in ws]
    words = [word for topic in TOPICS for word in topic]
    extra = {"bank": np.eye(8)[0] + 0.4 * np.eye(8)[1], "apple": np.eye(8)[2]}
    return WordVectors([*words, *extra], np.array([*rows, *extra.values()]))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """"bank" 60 times among the words of the first topic and 40 times among those of the second, in
    turns; "apple" 50 times in one topic."""  # fmt: skip
    mixed = sentences("bank", 0, 60, 1) + sentences("bank", 1, 40, 2) + sentences("apple", 2, 50, 3)
    return [mixed[i] for i in np.random.default_rng(4).permutation(len(mixed))]


@pytest.fixture(scope="module")
def collection(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return learn(texts, words=SPACES, to=tmp_path_factory.mktemp("s") / "c.bunsan")


def topic_of(text: str) -> int:
    return next(t for t, ws in enumerate(TOPICS) if ws[0][:-1] in text)


def test_a_word_of_two_uses_is_divided_rightly(collection: Collection, vectors: WordVectors):
    found = senses_in(collection, "bank", vectors=vectors)
    assert found.k == 2
    assert found.chosen.split
    assert found.total == 100
    np.testing.assert_allclose(found.shares, [0.6, 0.4])
    passages = found._occurrences.passages(range(100))
    truth = np.array([topic_of(p.text) for p in passages])
    assert np.array_equal(found.labels, truth)  # all 100: the larger group is the first topic
    table = found.table()
    assert table["occurrences"] == [60, 40]
    assert set(table["nearest"][0].split()) <= set(TOPICS[0])
    assert set(table["nearest"][1].split()) <= set(TOPICS[1])
    assert "【bank】" in table["example"][0]
    # The one vector was put nearer to the first topic.
    assert found.cosines[0] > found.cosines[1] + 0.2
    neighbours = {row["word"]: row["sense"] for row in found.neighbours()}
    assert all(neighbours[w] == 1 for w in TOPICS[0])
    assert all(neighbours[w] == 2 for w in TOPICS[1] if w in neighbours)
    assert "fall into 2 groups (60 %, 40 %)" in found.finding
    assert "nearest to group 1" in found.finding


def test_typical_sentences_lead_back_to_their_rows(
    collection: Collection, vectors: WordVectors, texts: list[str]
):
    for passage in senses_in(collection, "bank", vectors=vectors).rows(each=3):
        assert passage.marked().count("【bank】") == 1
        assert texts[passage.row - 1] == passage.text
        assert int(passage.fields["sense"] or 0) == topic_of(passage.text) + 1


def test_from_texts_as_from_a_collection(
    collection: Collection, vectors: WordVectors, texts: list[str]
):
    one = senses_in(collection, "bank", vectors=vectors)
    other = senses(vectors, "bank", texts, words="spaces")
    assert np.array_equal(one._occurrences.around, other._occurrences.around)
    assert np.array_equal(one.labels, other.labels)
    assert [p.text for p in one.rows()] == [p.text for p in other.rows()]
    assert [p.row for p in one.rows()] == [p.row for p in other.rows()]


def test_a_word_of_one_use_is_not_divided(collection: Collection, vectors: WordVectors):
    found = senses_in(collection, "apple", vectors=vectors)
    assert found.k == 1
    assert "do not fall into groups" in found.finding
    assert found.table()["share"] == [1.0]
    asked = senses_in(collection, "apple", vectors=vectors, k=3)
    assert asked.k == 3


def test_two_words_as_one_tell_how_well_it_works(collection: Collection, vectors: WordVectors):
    found = senses_in(collection, "bank/apple", vectors=vectors)
    assert found.total == 150
    assert np.bincount(found._occurrences.which).tolist() == [50, 50]  # as many of each
    assert found.k == 3  # two uses of "bank"
    assert found.purity == (1.0, 0.5)
    assert "tell the words apart in 100 %" in found.finding
    assert not {"bank", "apple"} & set(found.near_word.words)


def test_the_same_seed_gives_the_same(vectors: WordVectors, texts: list[str]):
    a, b, c = (
        senses(vectors, "bank", texts, words="spaces", most=40, seed=seed) for seed in (5, 5, 6)
    )
    assert a.total == 100
    assert len(a.labels) == 40
    assert "40 (of 100)" in a.finding
    assert np.array_equal(a._occurrences.around, b._occurrences.around)
    assert not np.array_equal(a._occurrences.around, c._occurrences.around)
    two = senses(vectors, "bank/apple", texts, words="spaces", most=60)
    assert np.bincount(two._occurrences.which).tolist() == [30, 30]


def test_only_some_documents(vectors: WordVectors, texts: list[str], tmp_path: Path):
    rows = [{"text": t, "kind": str(topic_of(t))} for t in texts]
    collection = learn(rows, text="text", by="kind", words=SPACES, to=tmp_path / "c.bunsan")
    found = collection.senses("bank", vectors=vectors, where={"kind": "1"})
    assert found.total == 40
    collection.remove(where={"kind": "1"})
    assert collection.senses("bank", vectors=vectors).total == 60


def test_the_window_by_a_slow_twin():
    rng = np.random.default_rng(7)
    for _ in range(50):
        n = int(rng.integers(1, 60))
        own = np.where(rng.random(n) < 0.3, -1, rng.integers(0, 20, n))
        others = np.where(own == 3, -1, own)
        cuts = np.unique(rng.integers(0, n, 3))
        paragraph = np.unique(np.concatenate([[0], cuts, [n]]))
        at = np.flatnonzero(rng.random(n) < 0.3)
        found = _around(own, others, paragraph, at, 4)
        for place, row in zip(at.tolist(), found.tolist(), strict=True):
            here = np.searchsorted(paragraph, place, "right")
            begin, end = int(paragraph[here - 1]), int(paragraph[here])
            left = [i for i in range(place - 1, begin - 1, -1) if own[i] >= 0][:4]
            right = [i for i in range(place + 1, end) if own[i] >= 0][:4]
            wanted = [
                int(others[side[k]]) if k < len(side) else -1
                for side in (left, right)
                for k in range(4)
            ]
            assert row == wanted


@pytest.mark.parametrize("language", ["ja", "en"])
def test_figures(collection: Collection, vectors: WordVectors, tmp_path: Path, language: str):
    found = senses_in(collection, "bank", vectors=vectors)
    use_language(language)
    try:
        for name in ("s.html", "s.png", "s.svg", "s.pdf", "s.csv", "s.xlsx"):
            found.save(tmp_path / name)
        found.save(tmp_path / "t.html", "tsne")
        assert found.finding in found._repr_html_()
    finally:
        use_language(None)
    page = (tmp_path / "s.html").read_text("utf-8")
    for passage in found._occurrences.passages(range(100)):
        assert all(f'"{piece}"' in page for piece in passage.text.split("bank"))
    with pytest.raises(BadInput, match="isomap"):
        found.save(tmp_path / "s.html", "isomap")
    with pytest.raises(BadInput, match="gif"):
        found.save(tmp_path / "s.gif")


def test_what_cannot_be_asked(
    collection: Collection, vectors: WordVectors, texts: list[str], tmp_path: Path
):
    with pytest.raises(UnknownWord):
        senses(vectors, "tree", texts, words="spaces")
    with pytest.raises(BadInput, match="occurs 5 times"):
        senses(vectors, "bank", sentences("bank", 0, 5, 0), words="spaces")
    with pytest.raises(BadInput, match="No document contains"):
        senses_in(collection, "tree", vectors=vectors)
    with pytest.raises(BadInput, match="senses = 0"):
        senses_in(collection, "bank", vectors=vectors, k=0)
    with pytest.raises(Missing, match="word2vec"):
        senses_in(collection, "bank")
    save_vectors(vectors, tmp_path / "v.safetensors")
    with pytest.raises(BadInput, match="no text"):
        senses_at(tmp_path / "v.safetensors", ["bank"])
    path = str(collection.storage.location)
    with pytest.raises(BadInput, match="its own"):
        senses_at(path, ["bank"], corpus=texts)
    both = senses_at(path, ["bank", "apple"], name=str(tmp_path / "v.safetensors"))
    table = joined([one.table() for one in both])
    assert table["word"] == ["bank", "bank", "apple"]


def test_japanese_forms_of_a_word(tmp_path: Path):
    """Inflected and within a longer text; lines without the word are passed over."""
    cold = ["氷が冷たく光る。", "冷たい雪が降った。", "冷たかった水と氷。", "冬の風は冷たい。"]
    unkind = ["彼は冷たい言葉で断った。", "冷たく断る人の言葉。", "人の態度が冷たかった。"]
    lines = [f"{line}\n今日は晴れ。" for line in (cold * 8 + unkind * 8)]
    words = [
        "氷",
        "光る",
        "雪",
        "降る",
        "水",
        "冬",
        "風",
        "彼",
        "言葉",
        "断る",
        "人",
        "態度",
        "冷たい",
    ]
    rows = np.vstack([np.eye(4)[[0] * 7], np.eye(4)[[1] * 5], [[1, 1, 0, 0]]])
    rows = rows + 0.1 * np.random.default_rng(0).normal(size=rows.shape)
    # Seven sentences over and over are seven groups to the silhouette: ask for two.
    found = senses(WordVectors(words, rows), "冷たい", lines, words="sudachi", k=2)
    assert found.total == 56
    texts = [p.text for p in found._occurrences.passages(range(56))]
    truth = np.array([any(w in t for w in ("断", "人")) for t in texts])
    assert np.array_equal(found.labels == 1, truth)
    assert {p.text[a:b] for p in found.rows() for a, b in p.marks} <= {
        "冷たく",
        "冷たい",
        "冷たかっ",
    }


def test_the_star_lies_where_the_one_vector_does(collection: Collection, vectors: WordVectors):
    """"bank" put among the contexts, at its own length, lies on the side of the first group."""  # fmt: skip
    found = senses_in(collection, "bank", vectors=vectors)
    np.testing.assert_allclose(found._own, vectors["bank"])
    near = found._contexts.place(found._own[None, :]) @ found.chosen.grouping.centroids.T
    assert near[0, 0] > near[0, 1]
