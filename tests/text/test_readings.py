"""Readings of words: by hand, and the same whether words are asked for together or alone."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sudachipy import Dictionary

from bunsan.text.readings import readings_of


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        ("ヒッコシ", ["引っ越し", "引越し", "引越", "ひっこし", "ヒッコシ", "ﾋｯｺｼ"]),
        ("アウ", ["会う", "逢う", "あう"]),
        ("コーヒー", ["珈琲", "コーヒー"]),
        ("ヴァイオリン", ["ゔぁいおりん", "ウ\u3099ァイオリン"]),
        ("トウキョウダイガク", ["東京大学", "東京_大学", "東京・大学"]),
        ("カブシキガイシャ", ["株式会社", "㍿"]),
        ("オカアサン", ["お母さん"]),
        ("トキドキ", ["時々", "ときどき"]),
        ("キゴウ", ["記号"]),
        ("", ["Tokyo", "NHK紅白", "100", "3月", "、", "々", "龘", "한국", "</s>", "", "山" * 1001]),
    ],
)
def test_by_hand(reading: str, words: list[str]) -> None:
    assert readings_of(words) == [reading] * len(words)


@settings(deadline=None)
@given(
    st.lists(
        st.text("引越会逢う珈琲っしコーヒー々ヶゝ龘𠮷a1_\n 人月\u3099", max_size=8), max_size=30
    )
)
def test_the_same_in_any_company(words: list[str]) -> None:
    assert readings_of(words) == [readings_of([word])[0] for word in words]


def test_more_than_one_call_of_the_dictionary() -> None:
    """Against SudachiPy, one word on a line of its own in each call."""
    tokenizer = Dictionary(dict="core").tokenizer()
    kanji = [chr(code) for code in range(0x4E00, 0x4E00 + 1500)]
    words = [a + b for a, b in pairwise(kanji)]
    found = readings_of(words)
    n_read = 0
    for word, reading in zip(words, found, strict=True):
        line = list(tokenizer.tokenize(f"\n{word}\n"))
        expected = "".join(m.reading_form() for m in line[1:-1])
        if reading:
            n_read += 1
            assert reading == expected
        else:
            # A character that the dictionary cannot read, or calls a sign.
            assert set(word) & set(expected) or "キゴウ" in expected
    assert n_read > 100


def test_threads_at_once() -> None:
    words = ["引っ越し", "逢う", "珈琲"] * 50
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda word: readings_of([word])[0], words))
    assert found == ["ヒッコシ", "アウ", "コーヒー"] * 50
