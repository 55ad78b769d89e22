"""Vectors from texts and from a collection: what a person gets from the methods by name."""

import random
from pathlib import Path

import numpy as np
import pytest

import bunsan
from bunsan.base.errors import BadInput, Missing
from bunsan.tasks.training import METHODS, collection_corpus, vector_settings
from bunsan.tasks.vectors import vectors_at

ANIMALS, TOOLS = ["犬", "猫", "馬", "牛"], ["鍋", "皿", "箸", "椀"]


def world(n: int = 3000) -> list[str]:
    """Two kinds of words in two kinds of company."""
    rng = random.Random(4)
    texts = []
    for _ in range(n):
        kind, company = rng.choice(
            [(ANIMALS, ["走る", "吠える", "寝る"]), (TOOLS, ["洗う", "置く", "割る"])]
        )
        words = [
            rng.choice(kind),
            *rng.choices(company, k=2),
            rng.choice(kind),
            rng.choice(company),
        ]
        texts.append(" ".join(words))
    return texts


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "world.txt"
    path.write_text("\n".join(world()), encoding="utf-8")
    return path


@pytest.mark.parametrize("method", METHODS)
def test_each_method_learns_what_stands_together(
    method: str, text_file: Path, tmp_path: Path
) -> None:
    options = {"bucket": 1000} if method == "fasttext" else {}
    vectors = bunsan.train_words(
        [text_file],
        method=method,
        words="spaces",
        to=tmp_path / "v",
        dim=16,
        min_count=1,
        threads=1,
        epochs=10,
        **({} if method == "glove" else {"sample": 0.0}),
        **options,
    )
    among = set(vectors.nearest("犬", 3).words)
    assert among <= {*ANIMALS, "走る", "吠える", "寝る"}
    assert vectors.similarity("犬", "猫") > vectors.similarity("犬", "鍋") + 0.2
    assert not list(tmp_path.glob("*.training"))  # nothing is left behind
    again = bunsan.open_vectors(tmp_path / "v.safetensors")
    np.testing.assert_array_equal(again["犬"], vectors["犬"])
    assert again.about["method"] == method
    assert again.about["tokens"] == 15_000


def test_plain_text_and_analysed_text_give_the_same_corpus(text_file: Path, tmp_path: Path) -> None:
    options = {"dim": 4, "min_count": 1, "threads": 1, "epochs": 1, "seed": 3}
    fast = bunsan.train_words([text_file], words="spaces", **options)
    slow = bunsan.train_words(world(), words="spaces", **options)
    assert list(fast.words) == list(slow.words)
    np.testing.assert_array_equal(fast.counts, slow.counts)
    np.testing.assert_array_equal(fast["犬"], slow["犬"])


def test_japanese_is_cut_into_words_without_punctuation(tmp_path: Path) -> None:
    texts = ["朝食が美味しかった。", "夕食が美味しい!朝食も。"] * 5
    vectors = bunsan.train_words(texts, words="sudachi", dim=4, min_count=1, threads=1, epochs=1)
    assert {"朝食", "夕食", "美味しい", "が", "も"} <= set(vectors.words)
    assert not {"。", "!"} & set(vectors.words)


def test_phrases_become_words(tmp_path: Path) -> None:
    rng = random.Random(1)
    filler = [f"w{i}" for i in range(50)]
    texts = [
        " ".join(
            [*rng.choices(filler, k=4), *["new", "york"] * (i % 20 == 0), *rng.choices(filler, k=4)]
        )
        for i in range(600)
    ]
    path = tmp_path / "t.txt"
    path.write_text("\n".join(texts), encoding="utf-8")
    vectors = bunsan.train_words(
        [path], words="spaces", phrases=1, dim=4, min_count=1, threads=1, epochs=1
    )
    assert "new_york" in vectors
    assert "new" not in vectors


@pytest.mark.parametrize("readings", [False, True])
def test_an_unseen_spelling_is_found_by_its_reading(readings: bool, tmp_path: Path) -> None:
    """こーひー never comes, and no word that does has a character of it."""
    rng = random.Random(6)
    kinds = [(["引越", "荷物"], ["部屋", "鍵", "家賃"]), (["珈琲", "紅茶"], ["朝", "夜", "昼"])]
    texts = []
    for i in range(1500):
        words, company = kinds[i % 2]
        texts.append(" ".join([*rng.choices(company, k=2), rng.choice(words), rng.choice(company)]))
    vectors = bunsan.train_words(
        texts, method="fasttext", words="spaces", to=tmp_path / "v", readings=readings, minn=1,
        maxn=3, bucket=4000, dim=16, min_count=1, threads=1, epochs=8, sample=0.0,
    )  # fmt: skip
    again = bunsan.open_vectors(tmp_path / "v.safetensors")
    assert again.about["settings"]["readings"] is readings
    if not readings:
        with pytest.raises(KeyError):
            _ = again["こーひー"]
        return
    np.testing.assert_array_equal(again["こーひー"], vectors["こーひー"])
    assert again.nearest("こーひー", 1).words == ["珈琲"]
    assert again.similarity("こーひー", "珈琲") > again.similarity("こーひー", "引越") + 0.3


def test_a_file_of_fasttexts_own_tells_what_it_cannot_hold(text_file: Path, tmp_path: Path) -> None:
    options = {"method": "fasttext", "words": "spaces", "dim": 4, "epochs": 1, "threads": 1}
    options |= {"bucket": 1000, "minn": 1, "maxn": 3}
    plain = bunsan.train_words([text_file], to=tmp_path / "v.bin", **options)
    assert plain.about["notes"] == []
    read = bunsan.train_words([text_file], to=tmp_path / "r.bin", readings=True, **options)
    assert [note for note in read.about["notes"] if "readings" in note]
    np.testing.assert_allclose(bunsan.open_vectors(tmp_path / "r.bin")["犬"], read["犬"], atol=1e-5)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> "bunsan.Collection":
    texts = [line.replace(" ", "\n", 1) if i % 5 == 0 else line for i, line in enumerate(world())]
    return bunsan.learn(
        texts,
        by=(),
        words=bunsan.WordSettings(analyzer="spaces"),
        to=tmp_path_factory.mktemp("c") / "c.bunsan",
    )


def test_the_words_of_a_collection(collection: "bunsan.Collection", tmp_path: Path) -> None:
    corpus = collection_corpus(collection, tmp_path / "corpus", 1)
    stretches = " ".join(
        "|" if i < 0 else corpus.words[i] for shard in corpus.shards for i in shard.tolist()
    )
    expected = [
        line
        for i, text in enumerate(world())
        for line in (text.replace(" ", "\n", 1) if i % 5 == 0 else text).split("\n")
    ]
    assert stretches == " | ".join(expected) + " |"


def test_vectors_are_kept_with_the_collection(collection: "bunsan.Collection") -> None:
    made = collection.learn_vectors("word2vec", dim=8, min_count=1, threads=1, sample=0.0)
    location = collection.storage.location
    opened = bunsan.open(location)
    np.testing.assert_array_equal(opened.vectors("word2vec")["犬"], made["犬"])
    np.testing.assert_array_equal(vectors_at(location)["犬"], made["犬"])
    found = opened.nearest("犬", k=3)
    assert found.table()["word"] == made.nearest("犬", 3).words
    with pytest.raises(Missing, match="glove"):
        opened.vectors("glove")
    # They outlive changes of the documents, and are known to be of an earlier state.
    from bunsan.collection.vectors import kept_vectors

    assert kept_vectors(opened) == {"word2vec": True}
    opened.add(["犬 走る"])
    again = bunsan.open(location)
    assert kept_vectors(again) == {"word2vec": False}
    np.testing.assert_array_equal(again.vectors()["犬"], made["犬"])
    again.learn_vectors("word2vec", dim=4, min_count=1, threads=1)
    assert bunsan.open(location).vectors().dim == 4
    assert len(list(Path(location).glob("vectors-*"))) == 1  # the older ones are gone
    assert not list(Path(location).parent.glob("*.training"))


@pytest.mark.parametrize(
    ("method", "options", "named"),
    [
        ("word3vec", {}, "word3vec"),
        ("glove", {"negative": 5}, "negative"),
        ("skipgram", {"minn": 3}, "minn"),
        ("skipgram", {"readings": True}, "readings"),
        ("cbow", {"dim": 0}, "dim"),
    ],
)
def test_settings_that_do_not_exist(method: str, options: dict[str, int], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        vector_settings(method, **options)
