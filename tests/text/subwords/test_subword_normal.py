"""NFKC with a way back to the original."""

import sys
import unicodedata

import numpy as np
from hypothesis import given, settings
from subword_samples import SENTENCES, TEXT

from bunsan.text.subwords.normal import codes_of, lower_table, nfkc, text_of

NO_BREAK = np.zeros(1, np.int64)


def check(text: str) -> None:
    normal = nfkc(text, codes_of(text), NO_BREAK)
    assert text_of(normal.codes) == unicodedata.normalize("NFKC", text)
    assert (normal.begin < normal.end).all()
    assert (np.diff(normal.begin) >= 0).all()
    if len(normal.codes):
        # Every character of the original is covered.
        covered = np.zeros(len(text), bool)
        for begin, end in zip(normal.begin, normal.end, strict=True):
            covered[begin:end] = True
        assert covered.all()
    # What stands in a place is what its original becomes.
    spans = dict.fromkeys(zip(normal.begin.tolist(), normal.end.tolist(), strict=True))
    for begin, end in spans:
        own = (normal.begin == begin) & (normal.end == end)
        form = unicodedata.normalize("NFKC", text[begin:end])
        assert text_of(normal.codes[own]) == form


def test_sentences() -> None:
    for text in SENTENCES:
        check(text)


@given(TEXT)
@settings(max_examples=500)
def test_any_text(text: str) -> None:
    check(text)


def test_every_character_alone_and_between_others() -> None:
    points = [p for p in range(sys.maxunicode + 1) if not 0xD800 <= p < 0xE000]
    for frame in ("{}", "か{}", "e{}\u0301"):
        parts = [frame.format(chr(p)) for p in points]
        text = "。".join(parts)
        normal = nfkc(text, codes_of(text), NO_BREAK)
        assert text_of(normal.codes) == unicodedata.normalize("NFKC", text)


def test_nothing_joins_across_a_break() -> None:
    text = "か\u3099か\u3099"
    normal = nfkc(text, codes_of(text), np.array([0, 1, 2]))
    assert text_of(normal.codes) == "か\u3099が"
    assert normal.begin.tolist() == [0, 1, 2]
    assert normal.end.tolist() == [1, 2, 4]


def test_lower_case_is_pythons() -> None:
    table = lower_table()
    for point in range(sys.maxunicode + 1):
        form = chr(point).lower()
        if len(form) == 1 and not 0xD800 <= point < 0xE000:
            assert table[point] == ord(form), hex(point)
