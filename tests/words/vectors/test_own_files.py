"""bunsan's own file of vectors."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from vectors_help import assert_same, small_vectors

from bunsan.base.errors import BadInput, BunsanError
from bunsan.base.files import save_arrays
from bunsan.words.vectors.account import Note
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
@pytest.mark.parametrize("ngrams", [False, True])
@pytest.mark.parametrize("counts", [False, True])
def test_all_is_kept(tmp_path: Path, storage: str, ngrams: bool, counts: bool) -> None:
    vectors = small_vectors(ngrams=ngrams, counts=counts).to(storage)  # type: ignore[arg-type]
    vectors.account = [Note("duplicate", 3, (4,), ("日本",), "")]
    path = tmp_path / "v.safetensors"
    save_vectors(vectors, path)
    back = open_vectors(path)
    assert_same(back, vectors)
    assert back.matrix.storage == storage
    assert back.about == {"method": "test"}
    assert back.account == vectors.account
    assert back.path == path
    np.testing.assert_array_equal(back.lengths, vectors.lengths)
    if counts:
        np.testing.assert_array_equal(back.counts, vectors.counts)
    else:
        assert back.counts is None
    if ngrams:
        np.testing.assert_array_equal(back["見知らぬ"], vectors["見知らぬ"])
        np.testing.assert_array_equal(
            back.subwords.words.take(slice(None)),
            vectors.subwords.words.take(slice(None)),  # type: ignore[union-attr]
        )
    else:
        assert back.subwords is None
    assert back.nearest("日本").words == vectors.nearest("日本").words
    assert_same(open_vectors(path, limit=3), vectors.head(3))


def test_mapped_not_read(tmp_path: Path) -> None:
    vectors = small_vectors()
    save_vectors(vectors, tmp_path / "v.safetensors")
    back = open_vectors(tmp_path / "v.safetensors")
    for array in (back.matrix.values, back.words.blob, back.words.hashes, back.lengths):  # type: ignore[attr-defined]
        assert not array.flags.writeable
        assert not array.flags.owndata


def test_other_libraries_read_the_numbers(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy", reason="another reader of the format")
    vectors = small_vectors()
    save_vectors(vectors, tmp_path / "v.safetensors", storage="float16")
    arrays = safetensors.load_file(str(tmp_path / "v.safetensors"))
    np.testing.assert_array_equal(arrays["matrix"], vectors.matrix.values.astype(np.float16))


def test_other_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    save_arrays(path, {"x": np.zeros(3)})
    with pytest.raises(BadInput, match="not of word vectors"):
        open_vectors(path)
    save_arrays(path, {"x": np.zeros(3)}, {"format": "bunsan.vectors", "version": "2"})
    with pytest.raises(BadInput, match="version 2"):
        open_vectors(path)
    save_arrays(path, {"x": np.zeros(3)}, {"format": "bunsan.vectors", "version": "1"})
    with pytest.raises(BadInput, match="damaged"):
        open_vectors(path)


def test_damaged_anywhere_in_the_header(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    save_vectors(small_vectors(2, 2, ngrams=True), path)
    whole = path.read_bytes()
    length = 8 + int.from_bytes(whole[:8], "little")
    rng = np.random.default_rng(0)
    for place in range(length):
        damaged = bytearray(whole)
        damaged[place] = int(rng.choice(list(b'0189"}]{,x')))
        path.write_bytes(damaged)
        with suppress(BunsanError):
            open_vectors(path, "safetensors")


def test_damaged_tables(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    vectors = small_vectors()
    for name in ("offsets", "order", "hashes"):
        other = WordVectors(vectors.words, vectors.matrix)
        arrays = vectors.words.arrays("")
        broken = np.array(arrays[name])[::-1] * 2
        if name == "hashes":
            broken = broken[1:]
        # Written past the checks of the table.
        table = object.__new__(type(vectors.words))
        table.__dict__.update(vectors.words.__dict__, **{name: broken})
        other.words = table
        save_vectors(other, path)
        with pytest.raises(BadInput, match="damaged"):
            open_vectors(path)
