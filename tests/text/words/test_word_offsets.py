"""Every character of a text has its token, in order, whatever the analyzer and the text."""

import numpy as np
import pytest
from analysis_twin import (
    LINE_BREAKS,
    surfaces,
    tokens_of,
    unit_begins,
    wild_batch,
    wild_text,
    words,
)
from hypothesis import given, settings

from bunsan.text.analyze import Analyzer
from bunsan.text.sentences import sentence_ends
from bunsan.text.words import WordSettings

ANALYZERS = {
    "sudachi": WordSettings(analyzer="sudachi"),
    "sudachi A": WordSettings(analyzer="sudachi", split="A"),
    "sudachi surface": WordSettings(analyzer="sudachi", form="surface"),
    "sudachi forced": WordSettings(
        analyzer="sudachi", forced_words=("湯畑", "屋から", "が見", "Wi-Fi", "る。 引", "ｗ")
    ),
    "unidic-lite": WordSettings(analyzer="mecab"),
    "ipadic": WordSettings(analyzer="mecab", dictionary="ipadic"),
    "ipadic forced": WordSettings(analyzer="mecab", dictionary="ipadic", forced_words=("屋から",)),
    "spaces": WordSettings(analyzer="spaces"),
    "spaces forced": WordSettings(analyzer="spaces", forced_words=("部屋", "the hotel")),
    "characters": WordSettings(analyzer="characters"),
}
_opened: dict[str, Analyzer] = {}


def opened(name: str) -> Analyzer:
    if name not in _opened:
        _opened[name] = Analyzer(ANALYZERS[name])
    return _opened[name]


@pytest.mark.parametrize("name", ANALYZERS)
@given(texts=wild_batch)
@settings(deadline=None, max_examples=60)
def test_tokens_cover_the_text_in_order(name: str, texts: list[str]) -> None:
    analysis = opened(name).analyze(texts)
    assert analysis.start.dtype == np.uint32
    assert analysis.length.dtype == np.uint16
    assert analysis.entry.dtype == np.int32
    for text, rows in zip(texts, tokens_of(analysis, texts), strict=True):
        at = 0
        for start, surface, form, pos in rows:
            assert surface, (text, rows)
            assert not surface.isspace()
            assert pos != "SPACE"
            form.encode()  # no half of a pair is left
            assert not text[at:start].strip(), "a gap that is not white space"
            at = start + len(surface)
        assert not text[at:].strip(), "a gap that is not white space"


@pytest.mark.parametrize("name", ANALYZERS)
@given(texts=wild_batch)
@settings(deadline=None, max_examples=40)
def test_units_are_those_of_a_slow_count(name: str, texts: list[str]) -> None:
    analysis = opened(name).analyze(texts)
    starts = [[row[0] for row in rows] for rows in tokens_of(analysis, texts)]
    assert analysis.document.tolist() == [sum(map(len, starts[:d])) for d in range(len(texts) + 1)]
    sentences = [sentence_ends(text) for text in texts]
    lines = [[i + 1 for i, c in enumerate(text) if c in LINE_BREAKS] for text in texts]
    assert analysis.sentence.tolist() == unit_begins(texts, sentences, starts)
    assert analysis.paragraph.tolist() == unit_begins(texts, lines, starts)
    assert set(analysis.paragraph.tolist()) <= set(analysis.sentence.tolist())


@pytest.mark.parametrize("name", ANALYZERS)
@given(texts=wild_batch)
@settings(deadline=None, max_examples=40)
def test_a_document_does_not_change_its_neighbours(name: str, texts: list[str]) -> None:
    together = tokens_of(opened(name).analyze(texts), texts)
    alone = [tokens_of(opened(name).analyze([text]), [text])[0] for text in texts]
    assert together == alone


@pytest.mark.parametrize("name", ANALYZERS)
@given(texts=wild_batch)
@settings(deadline=None, max_examples=30)
def test_entries_are_distinct_and_in_order_of_appearance(name: str, texts: list[str]) -> None:
    analysis = opened(name).analyze(texts)
    entries = list(zip(analysis.forms, analysis.pos, analysis.bases, strict=True))
    assert len(set(entries)) == len(entries)
    assert list(dict.fromkeys(analysis.entry.tolist())) == list(range(len(entries)))


@given(text=wild_text)
@settings(deadline=None, max_examples=60)
def test_lines_are_analysed_by_themselves(text: str) -> None:
    lines = text.splitlines()
    joined = "\n".join(lines)
    whole = words(joined, opened("sudachi"))
    assert whole == [word for line in lines for word in words(line, opened("sudachi"))]


def test_an_empty_batch_and_empty_documents() -> None:
    for texts in ([], [""], ["", " \n\u3000", ""]):
        analysis = opened("sudachi").analyze(texts)
        assert analysis.document.tolist() == [0] * (len(texts) + 1)
        assert analysis.sentence.tolist() == analysis.paragraph.tolist() == [0]
        assert analysis.forms == analysis.pos == analysis.bases == []


@pytest.mark.parametrize("name", ANALYZERS)
def test_texts_longer_than_the_tokenizer_takes(name: str) -> None:
    for part in (
        "部屋から海が見える",
        "部屋から、海が見える",
        "あ",
        "A",
        "😀",
        "ﷺ",
        "、",
        "か\u3099",
    ):
        text = part * (60_000 // len(part))
        found = surfaces(text, opened(name))
        assert "".join(found) == text
    assert surfaces("海。" * 30_000, opened(name))[-2:] == ["海", "。"]


def test_long_lines_are_cut_at_sentence_ends() -> None:
    """So that the cut, which is not in the text, leaves no trace in the words."""
    sentence = "引越しの前に湯畑の旅館で朝食を食べた。"
    once = words(sentence, opened("sudachi"))
    assert words(sentence * 1000, opened("sudachi")) == once * 1000


def test_halves_of_pairs_are_replaced() -> None:
    assert words("海\ud83d\ude00\udfff山", opened("characters")) == [
        ("海", "X"),
        *[("\ufffd", "SYM")] * 3,
        ("山", "X"),
    ]
    assert surfaces("海\ud800山", opened("sudachi")) == ["海", "\ud800", "山"]
