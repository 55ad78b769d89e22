"""Vectors with n-grams of readings: unseen words, files, and what fastText's own file keeps of them."""

from pathlib import Path

import numpy as np
import pytest

from bunsan.words.vectors.files.dispatch import lost_in_saving, open_vectors, save_vectors
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.ngrams import fnv1a
from bunsan.words.vectors.strings import StringTable
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

READINGS = {
    "引っ越し": "ヒッコシ",
    "ヒッコシ": "",  # its own characters
    "珈琲": "コーヒー",
    "where": "",
    "</s>": "",
    "山": "ヤマ",
}
UNSEEN = {
    "引越し": "ヒッコシ",
    "ひっこし": "ヒッコシ",
    "ﾋｯｺｼ": "ヒッコシ",
    "コーヒー": "",
    "unseen": "",
}


def twin_buckets(word: str, minn: int, maxn: int, bucket: int) -> list[int]:
    found = []
    for text in (word, {**READINGS, **UNSEEN}[word]):
        marked = f"<{text}>"
        for i in range(len(marked) if text not in ("", "</s>") else 0):
            for n in range(minn, maxn + 1):
                inside = i + n <= len(marked) and not (n == 1 and i in (0, len(marked) - 1))
                if inside:
                    found.append(fnv1a(marked[i : i + n].encode()) % bucket)
    return found


def made(part: bool = False) -> tuple[WordVectors, Subwords, np.ndarray]:
    """Vectors composed word by word of random rows, with the n-grams they are made of."""
    rng = np.random.default_rng(8)
    own = rng.standard_normal((len(READINGS), 6), np.float32)
    table = rng.standard_normal((90, 6), np.float32)
    used = np.arange(90)
    if part:
        used = np.unique(np.concatenate([twin_buckets(w, 1, 3, 90) for w in READINGS])).astype(int)
        used = used[::2]
    composed = []
    for row, word in zip(own, READINGS, strict=True):
        rows = [b for b in twin_buckets(word, 1, 3, 90) if b in used]
        composed.append(np.mean([row, *table[rows]], axis=0, dtype=np.float64))
    subwords = Subwords(
        Matrix(table[used]), 1, 3, 90, used if part else None, Matrix(own), readings=True
    )
    vectors = WordVectors(list(READINGS), np.array(composed, np.float32), subwords=subwords)
    return vectors, subwords, table


@pytest.mark.parametrize("part", [False, True])
def test_compose_and_back_are_the_twins(part: bool) -> None:
    vectors, subwords, _ = made(part)
    assert subwords.words is not None
    words = StringTable.from_words(READINGS)
    composed = subwords.compose(words, subwords.words)
    np.testing.assert_allclose(composed, vectors.matrix.values, atol=1e-6)
    bare = Subwords(subwords.ngrams, 1, 3, 90, subwords.used, readings=True)
    back = bare.own_rows(words, vectors.matrix)
    np.testing.assert_allclose(back, subwords.words.values, atol=1e-5)


def test_an_unseen_word_is_made_of_its_reading_too() -> None:
    vectors, _, table = made()
    for word in UNSEEN:
        expected = table[twin_buckets(word, 1, 3, 90)].mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(vectors[word], expected, atol=1e-6)
    np.testing.assert_array_equal(
        vectors.vectors(["引越し", "山"]), [vectors["引越し"], vectors["山"]]
    )


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_own_file_keeps_them(tmp_path: Path, storage: str) -> None:
    vectors = made(part=True)[0].to(storage)  # type: ignore[arg-type]
    path = tmp_path / "v.safetensors"
    assert lost_in_saving(vectors, path) == []
    save_vectors(vectors, path)
    back = open_vectors(path)
    assert back.subwords is not None
    assert back.subwords.readings
    for word in ("引越し", "ひっこし", "引っ越し", "山"):
        np.testing.assert_array_equal(back[word], vectors[word])
    assert open_vectors(path, limit=2).subwords.readings  # type: ignore[union-attr]


def test_files_without_them_say_nothing_of_them(tmp_path: Path) -> None:
    _, subwords, _ = made()
    plain = Subwords(subwords.ngrams, 1, 3, 90)
    vectors = WordVectors(["山"], np.ones((1, 6), np.float32), subwords=plain)
    save_vectors(vectors, tmp_path / "v.safetensors")
    assert b"readings" not in (tmp_path / "v.safetensors").read_bytes()
    assert not open_vectors(tmp_path / "v.safetensors").subwords.readings  # type: ignore[union-attr]


def test_fasttexts_file_keeps_known_words_and_tells_the_loss(tmp_path: Path) -> None:
    vectors, subwords, _ = made()
    path = tmp_path / "v.bin"
    assert [note.kind for note in lost_in_saving(vectors, path)] == ["no_readings"]
    assert lost_in_saving(vectors, tmp_path / "v.bin", "word2vec-binary") == []
    assert "unseen words" in str(lost_in_saving(vectors, tmp_path / "v", "fasttext")[0])
    save_vectors(vectors, path)
    assert vectors.subwords is subwords
    back = open_vectors(path)
    for word in READINGS:
        np.testing.assert_allclose(back[word], vectors[word], atol=1e-5)
    # An unseen word in katakana is its own reading, and so loses nothing.
    np.testing.assert_array_equal(back["コーヒー"], vectors["コーヒー"])
    assert not np.allclose(back["引越し"], vectors["引越し"], atol=1e-2)
    assert lost_in_saving(back, path) == []


def test_fasttext_agrees(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("fasttext", reason="the owner of the format is not installed")
    vectors = made()[0]
    save_vectors(vectors, tmp_path / "v.bin")
    theirs = fasttext.load_model(str(tmp_path / "v.bin"))
    for word in READINGS:
        np.testing.assert_allclose(theirs.get_word_vector(word), vectors[word], atol=1e-5)
