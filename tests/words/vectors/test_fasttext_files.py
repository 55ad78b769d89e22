"""fastText's .bin and .ftz, against fastText itself."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vectors_help import WORDS, assert_same, small_vectors

from bunsan.base.errors import BadInput
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

TEXT = "日本 東京 パリ フランス 日本 東京 見る 見た a the where 𠮷野家"


@pytest.fixture(scope="module")
def fasttext() -> Any:
    return pytest.importorskip("fasttext", reason="the owner of the format is not installed")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "text"
    path.write_text(f"{TEXT}\n" * 60, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "options", [{"minn": 1, "maxn": 3}, {"maxn": 0}, {"model": "cbow", "loss": "hs"}]
)
def test_both_ways(fasttext: Any, corpus: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    options = {"dim": 16, "epoch": 1, "minCount": 1, "bucket": 301, "lr": 0.01, **options}
    theirs = fasttext.train_unsupervised(str(corpus), thread=1, verbose=0, **options)
    theirs.save_model(str(tmp_path / "theirs.bin"))
    vectors = open_vectors(tmp_path / "theirs.bin")
    words, counts = theirs.get_words(include_freq=True)
    assert list(vectors.words) == words
    assert vectors.counts is not None
    assert vectors.counts.tolist() == counts.tolist()
    for word in words:
        np.testing.assert_allclose(vectors[word], theirs.get_word_vector(word), atol=1e-6)
    for word in ("見たことのない", "unseen", "𠮷"):
        if vectors.subwords is not None:
            np.testing.assert_allclose(vectors[word], theirs.get_word_vector(word), atol=1e-6)
    assert vectors.about["settings"]["epoch"] == 1
    assert [note.kind for note in vectors.account] == ["sentence_end"]
    # Written again, fastText finds the same vectors, bit for bit; so do we.
    save_vectors(vectors, tmp_path / "ours.bin", "fasttext")
    back = fasttext.load_model(str(tmp_path / "ours.bin"))
    assert back.get_words(include_freq=True)[1].tolist() == counts.tolist()
    for word in (*words, "見たことのない", "unseen"):
        np.testing.assert_array_equal(back.get_word_vector(word), theirs.get_word_vector(word))
    assert_same(open_vectors(tmp_path / "ours.bin"), vectors)


def test_only_buckets_that_occur(fasttext: Any, tmp_path: Path) -> None:
    """As training gives them: rows of the buckets that occur, and no own rows kept elsewhere."""
    rng = np.random.default_rng(0)
    full = small_vectors(ngrams=True)
    assert full.subwords is not None
    used = np.unique(np.concatenate([full.subwords.rows(word) for word in WORDS]))
    ngrams = Matrix(full.subwords.ngrams.values[used])
    own = rng.standard_normal((12, 5), np.float32)
    subwords = Subwords(ngrams, 1, 3, 50, used)
    vectors = WordVectors(full.words, subwords.compose(full.words, Matrix(own)), subwords=subwords)
    save_vectors(vectors, tmp_path / "v.bin")
    theirs = fasttext.load_model(str(tmp_path / "v.bin"))
    back = open_vectors(tmp_path / "v.bin")
    for word in WORDS:
        np.testing.assert_allclose(theirs.get_word_vector(word), vectors[word], atol=1e-5)
        np.testing.assert_allclose(back[word], vectors[word], atol=1e-5)


@pytest.mark.parametrize("cut", [0, 20])
@pytest.mark.parametrize("norms", [False, True])
def test_quantised(fasttext: Any, tmp_path: Path, cut: int, norms: bool) -> None:
    lines = [
        f"__label__{'ab'[i % 2]} {' '.join(f'w{(i * j) % 300}' for j in range(1, 9))}"
        for i in range(600)
    ]
    (tmp_path / "text").write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = fasttext.train_supervised(
        str(tmp_path / "text"),
        dim=10,
        minn=2,
        maxn=3,
        bucket=500,
        epoch=2,
        thread=1,
        verbose=0,
    )
    model.quantize(
        input=str(tmp_path / "text"),
        qnorm=norms,
        dsub=4,
        cutoff=cut and 400,
        retrain=False,
        verbose=0,
    )
    model.save_model(str(tmp_path / "m.ftz"))
    vectors = open_vectors(tmp_path / "m.ftz")
    assert list(vectors.words) == model.get_words()
    for word in (*model.get_words()[:50], "w1w2", "unseen"):
        np.testing.assert_allclose(vectors[word], model.get_word_vector(word), atol=1e-5)
    assert {"quantized", "labels"} <= {note.kind for note in vectors.account}


def test_limit(tmp_path: Path) -> None:
    vectors = small_vectors(ngrams=True)
    save_vectors(vectors, tmp_path / "v.bin")
    part = open_vectors(tmp_path / "v.bin", limit=4)
    assert list(part.words) == WORDS[:4]
    np.testing.assert_allclose(part.matrix.values, vectors.matrix.values[:4], atol=1e-6)
    np.testing.assert_array_equal(part["ほか"], vectors["ほか"])


def test_any_alignment(tmp_path: Path) -> None:
    """Mapped rows begin wherever the dictionary ends."""
    for n in range(1, 5):
        plain = WordVectors(["x" * n, "y"], np.arange(6.0).reshape(2, 3))
        ngrams = Matrix(np.random.default_rng(n).standard_normal((7, 3), np.float32))
        subwords = Subwords(ngrams, 1, 2, 7, None, plain.matrix)
        composed = subwords.compose(plain.words, plain.matrix)
        save_vectors(WordVectors(plain.words, composed, subwords=subwords), tmp_path / "v.bin")
        back = open_vectors(tmp_path / "v.bin")
        np.testing.assert_array_equal(back.matrix.values, composed)
        np.testing.assert_array_equal(back["unseen"], subwords.vector("unseen"))


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (4, struct.pack("<i", 13)),  # version
        (8, struct.pack("<i", 6)),  # dim
        (8, struct.pack("<i", -5)),
        (40, struct.pack("<i", 10**9)),  # bucket
        (64, struct.pack("<i", 2**30)),  # entries
        (68, struct.pack("<i", 11)),  # words
        (84, struct.pack("<q", 2**40)),  # pruned buckets
    ],
)
def test_lies_are_refused_by_byte(tmp_path: Path, offset: int, value: bytes) -> None:
    path = tmp_path / "v.bin"
    save_vectors(small_vectors(ngrams=True), path)
    data = bytearray(path.read_bytes())
    data[offset : offset + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(BadInput, match="byte") as error:
        open_vectors(path)
    assert "v.bin" in str(error.value)


def test_bytes_after_the_end(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    save_vectors(small_vectors(ngrams=True), path)
    path.write_bytes(path.read_bytes() + b"more")
    notes = {note.kind: note.detail for note in open_vectors(path).account}
    assert notes["after_the_end"] == "4"


def test_words_that_cannot_be_written(tmp_path: Path) -> None:
    for word in ("", "new york", "a\0b"):
        with pytest.raises(BadInput, match="cannot be written"):
            save_vectors(WordVectors([word], [[1.0]]), tmp_path / "v.bin", "fasttext")


def test_gensim_reads_it_and_is_read(tmp_path: Path) -> None:
    gensim = pytest.importorskip(
        "gensim.models.fasttext", reason="a reader of the format is not installed"
    )
    vectors = small_vectors(ngrams=True)
    vectors.counts = np.arange(12)[::-1]
    save_vectors(vectors, tmp_path / "v.bin")
    theirs = gensim.load_facebook_vectors(str(tmp_path / "v.bin"))
    for word in (*WORDS, "日本人"):
        np.testing.assert_allclose(theirs[word], vectors[word], atol=1e-6)
    model = gensim.FastText(
        [WORDS] * 5, vector_size=6, min_count=1, epochs=1, bucket=90, min_n=1, max_n=3
    )
    gensim.save_facebook_model(model, str(tmp_path / "theirs.bin"))
    back = open_vectors(tmp_path / "theirs.bin")
    for word in (*WORDS, "日本人"):
        np.testing.assert_allclose(back[word], model.wv[word], atol=1e-6)
