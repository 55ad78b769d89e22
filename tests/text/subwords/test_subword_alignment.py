"""Pieces that share a character, and pieces of words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from subword_samples import SENTENCES, TEXT
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import decoders, models, pre_tokenizers

from bunsan.text.subwords.alignment import pieces_of, regroup
from bunsan.text.subwords.rust import RustSegmenter
from bunsan.text.subwords.template import FIRST, SECOND, Template
from bunsan.text.subwords.tokenizer import Special, Tokenizer


def of_bytes() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: i for i, letter in enumerate([*letters, "</s>"])}
    # One pair that crosses from one character of three bytes into the next: 東 is E6 9D B1.
    joined = letters[0]
    vocabulary[joined + joined] = len(vocabulary)
    rust = RustTokenizer(models.BPE(vocabulary, [(joined, joined)]))
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    end = vocabulary["</s>"]
    template = Template(((FIRST, 0), (end, 0)), ((FIRST, 0), (end, 0), (SECOND, 0), (end, 0)))
    return Tokenizer(RustSegmenter(rust), template, Special({"eos": "</s>"}, frozenset({end})))


OWN = of_bytes()


@given(TEXT)
def test_groups_are_whole_characters(text: str) -> None:
    encoding = OWN.encode(text)
    groups = regroup(encoding, text)
    assert "".join(group.text for group in groups[:-1]) == text
    assert groups[-1].text == "</s>"
    at = 0
    for group in groups:
        assert group.first == at
        at = group.last
    assert at == len(encoding)


def test_a_character_of_three_pieces_is_one_group() -> None:
    encoding = OWN.encode("東a", "𠮷")
    assert len(encoding) == 3 + 1 + 1 + 4 + 1
    groups = regroup(encoding, "東a", "𠮷")
    assert [(group.text, group.first, group.last) for group in groups] == [
        ("東", 0, 3),
        ("a", 3, 4),
        ("</s>", 4, 5),
        ("𠮷", 5, 9),
        ("</s>", 9, 10),
    ]


@given(TEXT, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_pieces_of_spans(text: str, spans: list[tuple[int, int]]) -> None:
    spans = [(min(span), max(span)) for span in spans]
    encoding = OWN.encode("前", text)
    found = pieces_of(encoding, spans, sequence=1)
    for (begin, end), (first, last) in zip(spans, found.tolist(), strict=True):
        expected = [
            i
            for i, ((b, e), which) in enumerate(
                zip(encoding.offsets.tolist(), encoding.sequence.tolist(), strict=True)
            )
            if which == 1 and b < end and e > begin
        ]
        assert list(range(first, last)) == expected


def test_words_that_were_cut_off_have_no_pieces() -> None:
    encoding = OWN.encode("abcdef", max_length=4)
    assert pieces_of(encoding, [(0, 2), (2, 3), (3, 6)]).tolist() == [[0, 2], [2, 3], [3, 3]]
    assert pieces_of(encoding, np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("text", SENTENCES)
def test_bytes_come_back_as_text(text: str) -> None:
    assert OWN.decode(OWN.encode(text).ids) == text
