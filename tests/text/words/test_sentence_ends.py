"""Sentences end where a reader would say they end."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.text.sentences import LONGEST, paragraphs, sentences

CASES = [
    "良かった。|また来ます。",
    "本当に？！|すごい！！|はい",
    "「もう来ない。」と言った。|終わり。",
    "「行く。」|彼は去った。",
    "彼は「行く。今すぐ。」と言った。",
    "(笑)。|次",
    "点数は3.5です。|次は４．５です。",
    "https://example.org/a?b=c を見た。|次",
    "It works. |Mr. Smith came at 3.5 km. |He left!",
    "e.g. this one. |Next?",
    "すごい!|また来る!",
    "Yahoo!JAPANで見た。",
    "顔文字 (^o^ が閉じない。|次の文。",
    "モーニング、ランチ",
    "…そうですか。。|次。",
]


@pytest.mark.parametrize("marked", CASES)
def test_ends(marked: str) -> None:
    text = marked.replace("|", "")
    found = [text[a:b] for a, b in sentences(text)]
    assert [s.strip() for s in found] == [s.strip() for s in marked.split("|")]


@given(st.text(st.sampled_from("あ。！「」（）. !?ａ\n3A"), max_size=80))
def test_sentences_cover_each_line(text: str) -> None:
    for first, last in paragraphs(text):
        assert "\n" not in text[first:last]
        spans = sentences(text, first, last)
        assert spans[0][0] == first
        assert spans[-1][1] == last
        assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
        assert all(a < b for a, b in spans)


def test_long_stretches_are_cut_at_commas() -> None:
    text = "あ" * (LONGEST - 10) + "、" + "い" * LONGEST
    spans = sentences(text)
    assert all(b - a <= LONGEST for a, b in spans)
    assert text[spans[0][1] - 1] == "、"
    assert "".join(text[a:b] for a, b in spans) == text
