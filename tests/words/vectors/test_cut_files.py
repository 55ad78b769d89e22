"""A file cut at any byte is refused, or told to be odd; it never passes for whole."""

from pathlib import Path

import pytest
from vectors_help import small_vectors

from bunsan.base.errors import BunsanError
from bunsan.words.vectors.files.dispatch import Format, open_vectors, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors

FILES: list[tuple[str, Format, bool]] = [
    ("v.safetensors", "safetensors", True),
    ("v.txt", "word2vec", False),
    ("v.w2v", "word2vec-binary", False),
    ("v.bin", "fasttext", True),
    ("v.bin", "fasttext", False),
    ("v.kv", "gensim", False),
    ("v.kv.vectors.npy", "gensim", False),
    ("v.glove", "glove", False),
]


def picture(vectors: WordVectors) -> tuple[object, ...]:
    numbers = vectors.matrix.take(slice(None)).tobytes()
    return list(vectors.words), numbers, {note.kind for note in vectors.account}


@pytest.mark.parametrize(("name", "format", "ngrams"), FILES)
@pytest.mark.parametrize("told", [False, True])
def test_cut_anywhere(tmp_path: Path, name: str, format: Format, ngrams: bool, told: bool) -> None:
    opened = tmp_path / name.removesuffix(".vectors.npy")
    save_vectors(small_vectors(4, 3, ngrams=ngrams), opened, format)
    path = tmp_path / name
    whole = path.read_bytes()
    expected = picture(open_vectors(opened))
    refusals: list[str] = []
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        try:
            found = picture(open_vectors(opened, format if told else None))
        except BunsanError as problem:
            refusals.append(str(problem))
            continue
        if format == "glove" and whole[:cut].endswith(b"\n"):
            # Nothing in this format says that more would follow.
            assert found[0] == expected[0][: len(found[0])]  # type: ignore[index, arg-type]
            continue
        # Read, then it is the same but for a line end, or it is told that something is odd.
        same = found[:2] == expected[:2]
        assert same or found[2] - expected[2], cut  # type: ignore[operator]
    assert refusals
    assert all(opened.name in refusal for refusal in refusals)


@pytest.mark.parametrize("name", ["v.txt.gz", "v.txt.bz2", "v.txt.xz", "v.zip"])
def test_cut_when_packed(tmp_path: Path, name: str) -> None:
    from test_dispatch import pack

    save_vectors(small_vectors(4, 3), tmp_path / "v.txt")
    path = pack(tmp_path / "v.txt", tmp_path / name)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(BunsanError, match=name.replace(".", r"\.")):
            open_vectors(path)
