import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.words.vectors import strings
from bunsan.words.vectors.strings import StringTable

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)


@given(st.lists(TEXTS, unique=True), st.lists(TEXTS))
def test_as_a_dict(words: list[str], others: list[str]) -> None:
    table = StringTable.from_words(words)
    rows = {word: row for row, word in enumerate(words)}
    asked = words + others
    assert list(table) == words
    assert len(table) == len(words)
    assert [table[i] for i in range(len(words))] == words
    assert [table.row(word) for word in asked] == [rows.get(word, -1) for word in asked]
    assert table.rows(asked).tolist() == [rows.get(word, -1) for word in asked]
    assert [word in table for word in asked] == [word in rows for word in asked]
    assert table[1:3] == words[1:3]
    assert table[::-2] == words[::-2]


@given(st.lists(TEXTS, unique=True, min_size=1), st.data())
def test_take(words: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(words) - 1), unique=True))
    part = StringTable.from_words(words).take(np.array(rows, np.int64))
    assert list(part) == [words[row] for row in rows]
    assert part.rows(words).tolist() == [
        rows.index(i) if i in rows else -1 for i in range(len(words))
    ]


def test_equal_hashes_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def constant(blob: object, offsets: np.ndarray) -> np.ndarray:
        return np.full(len(offsets) - 1, 7, np.uint64)

    monkeypatch.setattr(strings, "hash_words", constant)
    monkeypatch.setattr(strings, "_hash", lambda word: 7)
    words = ["a", "b", "ab", "", "日本"]
    table = StringTable.from_words(words)
    assert [table.row(word) for word in [*words, "c"]] == [0, 1, 2, 3, 4, -1]
    assert table.rows([*words, "c"]).tolist() == [0, 1, 2, 3, 4, -1]


@given(TEXTS)
def test_one_hash(word: str) -> None:
    table = StringTable.from_words([word])
    assert int(table.hashes[0]) == strings._hash(word.encode())


def test_published_hash() -> None:
    # Test vectors of the FNV reference code.
    assert strings._hash(b"") == 0xCBF29CE484222325
    assert strings._hash(b"foobar") == 0x85944171F73967E8


def test_first_rows() -> None:
    encoded = [b"a", b"b", b"a", b"", b"b", b"a", b""]
    blob = np.frombuffer(b"".join(encoded), np.uint8)
    table = StringTable.from_blob(blob, strings.offsets_of(encoded))
    assert table.first_rows().tolist() == [0, 1, 0, 3, 1, 0, 3]
    assert table.row("a") == 0
    assert table.row("b") == 1


def test_refusals() -> None:
    with pytest.raises(BadInput, match="'a' comes twice"):
        StringTable.from_words(["a", "b", "a"])
    with pytest.raises(BadInput, match="UTF-8"):
        StringTable.from_words(["\ud800"])
    table = StringTable.from_words(["a", "b"])
    assert table.row("\ud800") == -1
    assert table.rows(["\ud800", "b"]).tolist() == [-1, 1]
    with pytest.raises(IndexError):
        table[2]
    assert table[-1] == "b"
    with pytest.raises(ValueError, match="'c'"):
        table.index("c")
    with pytest.raises(ValueError, match="offsets"):
        StringTable(table.blob, table.offsets[::-1], table.hashes, table.order)
    with pytest.raises(ValueError, match="order"):
        StringTable(table.blob, table.offsets, table.hashes, table.order + 1)
