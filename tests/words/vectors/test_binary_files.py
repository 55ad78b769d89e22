"""word2vec's binary file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors_help import assert_same, small_vectors

from bunsan.base.errors import BadInput
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors

WORD = st.text(st.characters(codec="utf-8", exclude_characters=" \n"), min_size=1, max_size=6)


def binary(words: list[bytes], rows: np.ndarray, end: bytes, header: bytes | None = None) -> bytes:
    lines = [w + b" " + row.tobytes() + end for w, row in zip(words, rows, strict=True)]
    return (header or b"%d %d\n" % rows.shape) + b"".join(lines)


@given(
    st.lists(WORD, unique=True, max_size=6),
    st.integers(1, 5),
    st.sampled_from([b"", b"\n"]),
    st.integers(),
)
def test_with_and_without_line_ends(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], dim: int, end: bytes, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("v")
    rng = np.random.default_rng(abs(seed))
    rows = rng.standard_normal((len(words), dim), np.float32)
    path = folder / "v.bin"
    path.write_bytes(binary([word.encode() for word in words], rows, end))
    back = open_vectors(path, "word2vec-binary")
    assert_same(back, WordVectors(words, rows))
    assert "header_count" not in {note.kind for note in back.account}
    save_vectors(back, folder / "again.w2v")
    assert (folder / "again.w2v").read_bytes() == binary(
        [word.encode() for word in words], rows, b"\n"
    )


def test_gensim_reads_it_and_is_read(tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="the owner of the format is not installed")
    vectors = small_vectors(50, 6)
    save_vectors(vectors, tmp_path / "v.w2v")
    theirs = models.KeyedVectors.load_word2vec_format(str(tmp_path / "v.w2v"), binary=True)
    assert theirs.index_to_key == list(vectors.words)
    np.testing.assert_array_equal(theirs.vectors, vectors.matrix.values)
    theirs.save_word2vec_format(str(tmp_path / "theirs.bin"), binary=True)
    assert_same(open_vectors(tmp_path / "theirs.bin"), vectors)


def test_oddities(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.float32).reshape(6, 2)
    rows[5] = np.inf
    words = [b"a", b"a", b"\xff\xfe", "\u3000".encode(), b"", b"z"]
    path = tmp_path / "v.bin"
    path.write_bytes(binary(words, rows, b"", b"3 2\n"))
    vectors = open_vectors(path)
    assert list(vectors.words) == ["a", "\ufffd\ufffd", "\u3000"]
    assert vectors["\u3000"].tolist() == [6, 7]
    assert {note.kind: note.places for note in vectors.account} == {
        "header_count": (1,),
        "broken_utf8": (3,),
        "empty_word": (5,),
        "duplicate": (2,),
        "not_finite": (6,),
        "word_with_wide_space": (4,),
    }


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("header", [b"4 3\n", b"4 5\n", b"4 6\n", b"4 40\n"])
def test_wrong_dimensions_are_refused(tmp_path: Path, end: bytes, header: bytes) -> None:
    rows = np.random.default_rng(0).standard_normal((4, 4), np.float32)
    path = tmp_path / "v.bin"
    path.write_bytes(binary([b"one", b"two", b"three", b"four"], rows, end, header))
    with pytest.raises(BadInput, match="at byte") as error:
        open_vectors(path, "word2vec-binary")
    assert "v.bin" in str(error.value)


@pytest.mark.parametrize("header", [b"", b"4\n", b"x 4\n", b"4 0\n", b"4 99999999\n", b"4 4"])
def test_no_header(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "v.bin"
    path.write_bytes(header)
    with pytest.raises(BadInput):
        open_vectors(path, "word2vec-binary")


def test_limit(tmp_path: Path) -> None:
    vectors = small_vectors(30, 4)
    save_vectors(vectors, tmp_path / "v.w2v")
    part = open_vectors(tmp_path / "v.w2v", limit=7)
    assert_same(part, vectors.head(7))
    assert [note.kind for note in part.account] == ["limited"]
    whole = open_vectors(tmp_path / "v.w2v", limit=30)
    assert_same(whole, vectors)
    assert "limited" not in {note.kind for note in whole.account}


def test_words_that_cannot_be_written(tmp_path: Path) -> None:
    for word in ("", "new york", "a\nb"):
        with pytest.raises(BadInput, match=r"safetensors"):
            save_vectors(WordVectors([word], [[1.0]]), tmp_path / "v.w2v")
    assert not list(tmp_path.iterdir())
