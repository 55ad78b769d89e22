"""WordPiece and characters, compiled, against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.text.subwords.normal import codes_of
from bunsan.text.subwords.wordpiece import WHITE, cut_characters, cut_pieces, piece_table

LETTERS = st.text("abcあい#𠮷 ", max_size=8)


def greedy(word: str, known: dict[str, int], unknown: int, longest: int) -> list[int]:
    """The longest piece first, written down as the paper has it."""
    found: list[int] = []
    for part in word.split():
        pieces: list[int] = []
        at = 0
        while at < len(part) and len(part) <= longest:
            end = len(part)
            while end > at and ("##" if at else "") + part[at:end] not in known:
                end -= 1
            if end == at:
                break
            pieces.append(known[("##" if at else "") + part[at:end]])
            at = end
        found += pieces if at == len(part) else [unknown]
    return found


@given(
    st.lists(LETTERS.filter(lambda t: t and not t.isspace() and " " not in t), unique=True),
    st.lists(LETTERS),
)
def test_wordpiece(tokens: list[str], words: list[str]) -> None:
    known = {token: i for i, token in enumerate(["[UNK]", *tokens])}
    table = piece_table(known, 0, longest=6)
    ends = np.cumsum([len(word) for word in words]).astype(np.int32)
    begins = ends - np.array([len(word) for word in words], np.int32)
    fixed = np.full(len(words), -1, np.int32)
    codes = codes_of("".join(words))
    ids, begin, end, counts = cut_pieces(codes, begins, ends, fixed, WHITE, *table)
    for i, word in enumerate(words):
        own = slice(counts[i], counts[i + 1])
        assert ids[own].tolist() == greedy(word, known, 0, 6)
        joined = "".join("".join(words)[b:e] for b, e in zip(begin[own], end[own], strict=True))
        assert joined == "".join(word.split())


def test_special_tokens_stay_whole_and_characters_are_looked_up() -> None:
    known = {"[UNK]": 0, "あ": 1, "い": 2}
    table = piece_table(known, 0, prefix="")
    codes = codes_of("あい𠮷[X]")
    begins, ends = np.array([0, 3], np.int32), np.array([3, 6], np.int32)
    fixed = np.array([-1, 7], np.int32)
    ids, begin, end, counts = cut_characters(
        codes, begins, ends, fixed, table.keys, table.nodes, table.value, 0
    )
    assert ids.tolist() == [1, 2, 0, 7]
    assert begin.tolist() == [0, 1, 2, 3]
    assert end.tolist() == [1, 2, 3, 6]
    assert counts.tolist() == [0, 3, 4]


@pytest.mark.parametrize("length", [99, 100, 101])
def test_long_words_are_unknown(length: int) -> None:
    table = piece_table({"[UNK]": 0, "a": 1, "##a": 2}, 0)
    codes = codes_of("a" * length)
    whole = np.array([0, length], np.int32)
    ids, *_ = cut_pieces(codes, whole[:1], whole[1:], np.array([-1], np.int32), WHITE, *table)
    assert len(ids) == (length if length <= 100 else 1)
