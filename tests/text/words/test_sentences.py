"""Sentence ends by hand, and pieces that an analyzer can take."""

from itertools import pairwise

import pytest
from analysis_twin import LINE_BREAKS, wild_text
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.text.sentences import paragraph_spans, pieces, sentence_ends, sentence_spans

# A bar stands where a sentence ends.
CASES = """
また来たい。|とても良い！
彼は「行く。今すぐ。」と言った。|次の日。
「すごい。」|「本当？」|彼は言った。
『面白い！』って聞いた。|「はい。」です
部屋（洋室。広い。）は良い。|また来る！ｗｗ|次も（笑）うん。
すごい！！！（笑）|次に行く😀😀。|やった！！😀|また
おいしい♪また！♪|次。。。|次…次。
最高！？|え？？|（小声。）|はい。）|次
値段は3.5万円で http://a.com/x?y=1 を見た。|Ver.2.0です。|３．５点．|次
やった！と思った。|すごい！|とても良い？って聞いた。|ほんと？、と。
よかった.|また来る.3.5点
Yahoo!ニュースとモーニング娘。のファン。|次
良い!!|最高??|いや a!=b x?
「閉じない。|次の文。|終わり
「「「「あ。|い。
(^o^)楽しい。|(´；ω；｀)次
1. 部屋はよい 2. 風呂 10. はい。|Ｎｏ．５です．|はい
良かった。|（また来たい。）|次回は
泊まった!ｗ|次wwwまた
Mr. Smith went to the U.S. Army base.| He said "Go!" and left.
"Why?" he asked.| "Why?"| He asked. e.g. This one.| It is 3.5 m.| Yes
ok?| yes!| great place!| would go...| I think.| "Yes."| No.
See Fig. 3 and J. Smith et al. Then stop.| Été.| Ω
"""


@pytest.mark.parametrize("case", CASES.strip().split("\n"))
def test_sentence_ends(case: str) -> None:
    parts = [part.strip() for part in case.split("|")]
    text = case.replace("|", "")
    assert [text[begin:end] for begin, end in sentence_spans(text)] == parts


def test_line_breaks_end_everything() -> None:
    text = "あ\nい\r\n\r\n（う\u2028え）\x85 お。 \n \vか"
    assert [text[a:b] for a, b in sentence_spans(text)] == [
        "あ",
        "い",
        "（う",
        "え）",
        "お。",
        "か",
    ]
    assert sentence_spans(text) == paragraph_spans(text)


@settings(deadline=None)
@given(wild_text)
def test_paragraphs_are_lines(text: str) -> None:
    expected = []
    line = ""
    for i, character in enumerate(text + "\n"):
        if character in LINE_BREAKS:
            if line.strip():
                begin = i - len(line.lstrip())
                expected.append((begin, begin + len(line.strip())))
            line = ""
        else:
            line += character
    assert paragraph_spans(text) == expected


@settings(deadline=None)
@given(wild_text)
def test_sentences_lose_no_character(text: str) -> None:
    spans = sentence_spans(text)
    kept = "".join(text[begin:end] for begin, end in spans)
    assert [c for c in kept if not c.isspace()] == [c for c in text if not c.isspace()]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert not any(c in LINE_BREAKS for begin, end in spans for c in text[begin:end])


@settings(deadline=None)
@given(st.lists(wild_text, max_size=4))
def test_ends_of_joined_texts_are_those_of_each(texts: list[str]) -> None:
    joined = "\n".join(texts)
    at = 0
    expected = []
    for text in texts:
        expected += [(at + begin, at + end) for begin, end in sentence_spans(text)]
        at += len(text) + 1
    assert sentence_spans(joined) == expected


@settings(deadline=None)
@given(
    st.lists(st.text("あい。、 ", max_size=40), max_size=20),
    st.integers(1, 30),
    st.integers(0, 30),
)
def test_pieces(lines: list[str], size: int, more: int) -> None:
    text = "\n".join(lines)
    limit = size + more
    ends = sentence_ends(text)
    spans = list(pieces(text, 0, len(text), ends, size, limit))
    assert "".join(text[begin:end] for begin, end in spans) == text
    assert all(0 < end - begin <= limit for begin, end in spans)
    for _, end in spans[:-1]:
        line = next(i for i in range(end - 1, -2, -1) if i < 0 or text[i] == "\n")
        stop = (text + "\n").index("\n", end - 1)
        if stop - line - 1 < size:  # a line that fits stays whole
            assert text[end - 1] == "\n"


def test_long_lines_are_cut_at_the_best_place() -> None:
    def cuts(text: str, limit: int) -> list[str]:
        found = pieces(text, 0, len(text), sentence_ends(text), limit, limit)
        return [text[begin:end] for begin, end in found]

    assert cuts("ああ。い、い。うう", 8) == ["ああ。い、い。", "うう"]
    assert cuts("ああい、いうう", 5) == ["ああい、", "いうう"]
    assert cuts("ああああああ", 4) == ["ああああ", "ああ"]
    assert cuts("かき\u3099く", 2) == ["か", "き\u3099", "く"]
