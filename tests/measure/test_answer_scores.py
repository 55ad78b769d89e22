"""Answers: what counts as the same in Japanese and in English, against hand work and a slow twin."""

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.measure.scores import score
from bunsan.measure.scores.answers import compared, normalized, unit_of


def pair(truth: object, predicted: str) -> tuple[float, float]:
    found = score("answers", [truth], [predicted], resamples=2).values
    return found["exact_match"].value, found["f1"].value


@pytest.mark.parametrize(
    ("truth", "predicted", "exact", "f1"),
    [
        ("東京", "東京", 1, 1),
        ("東京", "東京都", 0, 2 * 2 / 5),
        ("「東京」", "東京。", 1, 1),
        ("２０２０年", "2020年", 1, 1),
        ("ｶﾀｶﾅ", "カタカナ", 1, 1),
        ("サッカー", "サッカ", 0, 2 * 3 / 7),  # the long vowel is no punctuation
        ("日 本", "日本", 1, 1),
        (["大阪府", "大阪"], "大阪", 1, 1),
        (["大阪府", "京都"], "大阪", 0, 2 * 2 / 5),
        ("ああい", "あい", 0, 2 * 2 / 5),  # a character counts as often as it comes
        ("東京", "大阪", 0, 0),
        ("東京", "", 0, 0),
        ("", "", 1, 1),
        ([], "", 1, 1),
        ("", "東京", 0, 0),
        ("!", "!", 1, 1),
        ("!", "?", 0, 0),
    ],
)
def test_japanese(truth: object, predicted: str, exact: float, f1: float) -> None:
    japanese = ["日本語", truth] if isinstance(truth, str) else truth
    unit = "characters"
    if isinstance(truth, str):
        assert compared(predicted, truth, unit) == pytest.approx((exact, f1))
    else:
        found = score("answers", [japanese, "日本"], [predicted, "日本"], resamples=2).values
        assert found["exact_match"].value == pytest.approx((exact + 1) / 2)
        assert found["f1"].value == pytest.approx((f1 + 1) / 2)


@pytest.mark.parametrize(
    ("truth", "predicted", "exact", "f1"),
    [
        ("The Eiffel Tower", "eiffel tower!", 1, 1),
        ("Eiffel Tower", "tower", 0, 2 / 3),
        ("a theory", "theory", 1, 1),  # an article within a word stays
        ("1945", "1944", 0, 0),
        ("well-known", "wellknown", 1, 1),
    ],
)
def test_english(truth: str, predicted: str, exact: float, f1: float) -> None:
    found = score("answers", [truth, "some words"], [predicted, ""], resamples=2).values
    assert found["exact_match"].value == pytest.approx(exact / 2)
    assert found["f1"].value == pytest.approx(f1 / 2)


def test_the_answers_decide_the_unit() -> None:
    assert unit_of(["東京", "1945", "NASA"]) == "characters"
    assert unit_of(["Tokyo Station", "the river Kamo", "東"]) == "words"
    # A Latin answer among Japanese ones is scored as JSQuAD does it: by characters.
    found = score("answers", ["東京都庁", "NASA"], ["東京都庁", "NAS"], resamples=2).values
    assert found["f1"].value == pytest.approx((1 + 2 * 3 / 7) / 2)


def test_normalized() -> None:
    assert normalized("『Ａ・Ｂ』", "characters") == "ab"
    assert normalized("An apple, the pie", "words") == "apple pie"
    assert normalized("3℃", "characters") == "3°c"
    assert normalized("。", "characters") == "。"


TEXT = st.text("あい東京AＡ、。 ab", max_size=6)


@given(TEXT, TEXT)
def test_f1_as_a_slow_twin(a: str, b: str) -> None:
    exact, f1 = compared(a, b, "characters")
    left, right = list(normalized(a, "characters")), list(normalized(b, "characters"))
    assert exact == (left == right)
    shared = 0
    rest = list(right)
    for character in left:
        if character in rest:
            rest.remove(character)
            shared += 1
    if not left or not right:
        assert f1 == (left == right)
    elif shared == 0:
        assert f1 == 0
    else:
        precision, recall = shared / len(left), shared / len(right)
        assert f1 == pytest.approx(2 * precision * recall / (precision + recall))
    bare = [c for c in a if c not in string.punctuation and c not in " 、。"]
    assert len(left) == len(bare) or (not bare and a.strip())


def test_intervals_are_of_questions() -> None:
    truth = ["東京"] * 50 + ["大阪"] * 50
    predicted = ["東京"] * 50 + ["京都"] * 50
    found = score("answers", truth, predicted, resamples=2000).values["exact_match"]
    assert found.value == 0.5
    spread = 1.96 * np.sqrt(0.25 / 100)
    assert (found.low, found.high) == pytest.approx((0.5 - spread, 0.5 + spread), abs=0.03)
