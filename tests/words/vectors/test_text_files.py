"""Text formats: what is written comes back, what is odd is told, what is cut is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from vectors_help import assert_same, small_vectors

from bunsan.base.errors import BadInput
from bunsan.words.vectors.account import Note
from bunsan.words.vectors.files import text
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
SPOILT = " \t\r\n"


def plain(word: str) -> bool:
    return bool(word) and word.strip(SPOILT) == word and "\n" not in word


WORD = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(plain)


def write(folder: Path, data: str | bytes, name: str = "v.txt") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def notes(vectors: WordVectors) -> dict[str, Note]:
    return {note.kind: note for note in vectors.account}


@given(st.lists(WORD, unique=True, min_size=1, max_size=8), st.integers(1, 4), st.data())
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], dim: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("v") / "v.txt"
    matrix = data.draw(arrays(np.float32, (len(words), dim), elements=FLOATS))
    vectors = WordVectors(words, matrix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_CHUNK", data.draw(st.sampled_from([16, 64, 1 << 20])))
        text.write(vectors, path, header=True)
        if data.draw(st.sampled_from([16, 1 << 20])) == 16:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        back = text.read(path)
    assert list(back.words) == words
    assert back.matrix.values.tobytes() == matrix.tobytes()


def test_whatever_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = small_vectors(200, 7)
    path = tmp_path / "v.vec"
    save_vectors(vectors, path)
    monkeypatch.setattr(text, "_CHUNK", 1000)
    back = open_vectors(path)
    assert_same(back, vectors)
    assert [note.kind for note in back.account] == ["entities"]
    assert back.about == {"source": "v.vec"}


def test_glove_has_no_header(tmp_path: Path) -> None:
    vectors = small_vectors()
    save_vectors(vectors, tmp_path / "v.glove")
    back = open_vectors(tmp_path / "v.glove")
    assert_same(back, vectors)
    assert notes(back)["no_header"].detail == "5"
    # A word that is a number is no header.
    path = write(tmp_path, "12 3\n13 4\n")
    assert list(open_vectors(path).words) == ["12", "13"]


def test_words_with_spaces(tmp_path: Path) -> None:
    path = write(tmp_path, "4 2\nnew york 1 2\n. . . 3 4\n1 1/2 5 6\na\u3000b\u00a0c 7 8\n")
    vectors = open_vectors(path)
    assert list(vectors.words) == ["new york", ". . .", "1 1/2", "a\u3000b\u00a0c"]
    assert vectors.matrix.values.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert notes(vectors)["word_with_space"].count == 3
    assert notes(vectors)["word_with_space"].places == (2, 3, 4)
    wide = notes(vectors)["word_with_wide_space"]
    assert (wide.count, wide.places, wide.examples) == (1, (5,), ("a\u3000b\u00a0c",))
    # Without a header the usual number of fields tells the dimensions.
    path = write(tmp_path, "a 1 2\nnew york 1 2\nb 1 2\n")
    assert list(open_vectors(path).words) == ["a", "new york", "b"]


def test_every_oddity_is_told(tmp_path: Path) -> None:
    lines = [
        b"\xef\xbb\xbf9 3",  # a BOM; 13 rows follow
        b"a 1 2 3",
        b"a 4 5 6",  # again
        b"b 1 2",  # short
        b"c 1 2 3 4",  # "c 1"? no: the word "c 1" with three numbers
        b"d 1 x 3",
        b"e nan 2 3",
        b"f 1e39 2 3",
        b"\xe6\x97 1 2 3",  # half a character
        b" 7 8 9",  # no word
        b"",
        b"g 1 2 3 ",
        b"h\t1\t2\t3\r",
        b"</s> 1 2 3",
        b"ENTITY/Foo_bar 1 2 3",
    ]
    vectors = open_vectors(write(tmp_path, b"\n".join(lines) + b"\n"))
    assert list(vectors.words) == ["a", "c 1", "\ufffd", "g", "h", "</s>", "ENTITY/Foo_bar"]
    assert vectors["a"].tolist() == [1, 2, 3]
    assert vectors["h"].tolist() == [1, 2, 3]
    told = notes(vectors)
    places = {kind: note.places for kind, note in told.items()}
    assert places == {
        "byte_order_mark": (),
        "header_count": (1,),
        "wrong_length": (4, 6),
        "empty_line": (11,),
        "trailing_space": (12,),
        "carriage_return": (13,),
        "broken_utf8": (9,),
        "duplicate": (3,),
        "not_finite": (7, 8),
        "empty_word": (10,),
        "word_with_space": (5,),
        "sentence_end": (14,),
        "entities": (15,),
    }
    assert told["header_count"].detail == "9 / 13"
    assert told["duplicate"].examples == ("a",)
    assert all(str(note) for note in vectors.account)


def test_header_lies(tmp_path: Path) -> None:
    more = open_vectors(write(tmp_path, "1 2\na 1 2\nb 3 4\n"))
    assert list(more.words) == ["a", "b"]
    assert notes(more)["header_count"].detail == "1 / 2"
    fewer = open_vectors(write(tmp_path, "1000000000000 2\na 1 2\nb 3 4\n"))
    assert len(fewer) == 2
    assert "header_count" in notes(fewer)
    other = open_vectors(write(tmp_path, "2 300\na 1 2\nb 3 4\n"))
    assert other.dim == 2
    assert notes(other)["header_dimension"].detail == "300 / 2"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("", 1),
        ("5 3\n", 2),
        ("5 3", 2),
        ("just some prose\nand more\n", 1),
        ("2 3\na 1 2 3\nb 1 2", 3),
        ("2 3\na 1 2 3\nb 1 2 ", 3),
        ("2 3\na 1 2 3\nb 1 2 -", 3),
        ("2 3\na 1 2 3\nbcd", 3),
        ("3 2\na 1 2\nb 1\nc 1\n", 2),
    ],
)
def test_refused_by_line(tmp_path: Path, data: str, line: int) -> None:
    with pytest.raises(BadInput) as error:
        open_vectors(write(tmp_path, data), "word2vec")
    assert error.value.row == line
    assert error.value.remedy
    assert "v.txt" in str(error.value)


def test_limit(tmp_path: Path) -> None:
    vectors = small_vectors(100, 3)
    save_vectors(vectors, tmp_path / "v.txt")
    back = open_vectors(tmp_path / "v.txt", limit=7)
    assert_same(back, vectors.head(7))
    assert [note.kind for note in back.account] == ["limited"]
    assert_same(open_vectors(tmp_path / "v.txt", limit=1000), vectors)
    with pytest.raises(ValueError, match="below 1"):
        open_vectors(tmp_path / "v.txt", limit=0)


def test_other_encodings(tmp_path: Path) -> None:
    path = write(tmp_path, "2 1\n日本 1\n能 2\n".encode("cp932"))
    vectors = open_vectors(path, encoding="sjis")
    assert list(vectors.words) == ["日本", "能"]
    assert vectors.account == []
    broken = open_vectors(path)
    assert notes(broken)["broken_utf8"].count == 2
    with pytest.raises(BadInput, match="UTF-8"):
        open_vectors(path, encoding="utf-16")


@pytest.mark.parametrize("word", ["", " a", "a ", "a\nb", "\t"])
def test_words_that_cannot_be_written(tmp_path: Path, word: str) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        save_vectors(WordVectors([word], [[1.0]]), tmp_path / "v.txt")
    assert not list(tmp_path.iterdir())


def test_gensim_reads_it_and_is_read(tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="the owner of the format is not installed")
    vectors = small_vectors(50, 6)
    save_vectors(vectors, tmp_path / "v.txt")
    theirs = models.KeyedVectors.load_word2vec_format(str(tmp_path / "v.txt"))
    assert theirs.index_to_key == list(vectors.words)
    np.testing.assert_array_equal(theirs.vectors, vectors.matrix.values)
    theirs.save_word2vec_format(str(tmp_path / "theirs.txt"))
    assert_same(open_vectors(tmp_path / "theirs.txt"), vectors)
    theirs.save_word2vec_format(str(tmp_path / "theirs.glove"), write_header=False)
    assert_same(open_vectors(tmp_path / "theirs.glove"), vectors)
