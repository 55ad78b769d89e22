"""Formats are told by content, packed or not."""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pytest
from vectors_help import assert_same, small_vectors

from bunsan.base.errors import BadInput, Missing
from bunsan.words.vectors.files.dispatch import Format, open_vectors, recognise, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors

FORMATS: list[Format] = [
    "safetensors", "word2vec", "word2vec-binary", "glove", "fasttext", "gensim"
]  # fmt: skip


def pack(path: Path, packed: Path) -> Path:
    """The file packed as the name of the other one says."""
    data = path.read_bytes()
    if packed.suffix == ".zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"folder/{path.name}", data)
            archive.writestr("__MACOSX/._x", "rubbish")
    else:
        compress = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
        packed.write_bytes(compress[packed.suffix](data))
    return packed


@pytest.mark.parametrize("format", FORMATS)
def test_by_content(tmp_path: Path, format: Format) -> None:
    vectors = small_vectors()
    path = tmp_path / "vectors"
    save_vectors(vectors, path, format)
    assert recognise(path) == format
    assert_same(open_vectors(path), vectors)
    assert_same(open_vectors(path, format), vectors)


def test_binary_or_text(tmp_path: Path) -> None:
    for name, words, rows in (
        ("zeros", ["a", "b"], np.zeros((2, 3))),
        ("like digits", ["1", "2"], np.full((2, 1), np.frombuffer(b"1234", np.float32)[0])),
        ("many", ["a", "b"], np.random.default_rng(0).standard_normal((2, 300))),
    ):
        vectors = WordVectors(words, rows)
        for format in ("word2vec", "word2vec-binary"):
            path = tmp_path / f"{name} {format}"
            save_vectors(vectors, path, format)  # type: ignore[arg-type]
            if name == "like digits" and format == "word2vec-binary":
                continue  # four digits are a number either way
            assert recognise(path) == format
            assert_same(open_vectors(path), vectors)
    path = tmp_path / "spaces"
    path.write_text("2 2\nnew york 1 2\nb 3 4\n", encoding="utf-8")
    assert recognise(path) == "word2vec"


@pytest.mark.parametrize("format", ["word2vec", "word2vec-binary", "glove", "fasttext"])
@pytest.mark.parametrize("name", ["v.gz", "v.bz2", "v.xz", "v.zip"])
def test_packed(tmp_path: Path, format: Format, name: str) -> None:
    vectors = small_vectors(ngrams=format == "fasttext")
    save_vectors(vectors, tmp_path / "plain", format)
    path = pack(tmp_path / "plain", tmp_path / name)
    assert recognise(path) == format
    back = open_vectors(path)
    assert_same(back, open_vectors(tmp_path / "plain"))
    assert back.nearest("日本").words == vectors.nearest("日本").words
    if format == "fasttext":
        np.testing.assert_array_equal(back["ほか"], vectors["ほか"])


def test_a_zip_of_several(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr("a.txt", "a 1\n")
        archive.writestr("b.txt", "a 1\n")
    with pytest.raises(BadInput, match=r"2 files \(a\.txt, b\.txt\)"):
        open_vectors(tmp_path / "v.zip")


def test_by_name_when_saving(tmp_path: Path) -> None:
    for name, format in (
        ("v.safetensors", "safetensors"),
        ("v.txt", "word2vec"),
        ("v.vec", "word2vec"),
        ("v.w2v", "word2vec-binary"),
        ("v.BIN", "word2vec-binary"),
        ("v.kv", "gensim"),
        ("v.glove", "glove"),
    ):
        save_vectors(small_vectors(), tmp_path / name)
        assert recognise(tmp_path / name) == format
    save_vectors(small_vectors(ngrams=True), tmp_path / "n.bin")
    assert recognise(tmp_path / "n.bin") == "fasttext"
    save_vectors(small_vectors(), tmp_path / "q.safetensors", storage="int8")
    assert open_vectors(tmp_path / "q.safetensors").matrix.storage == "int8"


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no such file"):
        open_vectors(tmp_path / "nothing.txt")
    with pytest.raises(BadInput, match=r"\.safetensors, \.vec"):
        save_vectors(small_vectors(), tmp_path / "v.doc")
    with pytest.raises(BadInput, match="word2vec-binary"):
        save_vectors(small_vectors(), tmp_path / "v", "magnitude")  # type: ignore[arg-type]
    (tmp_path / "noise").write_bytes(np.random.default_rng(0).bytes(1000))
    with pytest.raises(BadInput, match=r"noise: is of no known format"):
        open_vectors(tmp_path / "noise")
    assert not list(tmp_path.glob("v*"))
