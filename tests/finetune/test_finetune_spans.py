"""Spans against tokens: full-width letters, surrogate pairs, line breaks, spaces; schemes of tags."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finetune_help import tokenizer
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.tasks.finetuning.base import Item, Options, Span
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.tasks.finetuning.records import Record
from bunsan.tasks.finetuning.spans import align, apart, spans_from, spans_in, trimmed
from bunsan.tasks.finetuning.tokens import Tokens, joined
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.text.subwords.training import train_tokenizer

RECORD = Record("t.jsonl", 3, {})
TEXTS = [
    ("ＳＡＴＯさんは東京へ", [(0, 4, "P"), (7, 9, "L")]),
    ("𠮷野家と👍🏽 Sato", [(0, 3, "O"), (7, 11, "P")]),
    ("  Sato\nTokyo\t Nara ", [(2, 6, "P"), (7, 12, "L"), (14, 18, "L")]),
    ("㍿田中は１２㎏", [(0, 3, "O")]),
    ("e\u0301cole Sato", [(0, 6, "O"), (7, 11, "P")]),
    ("ｶﾞｰﾃﾞﾝと東京", [(0, 6, "O"), (7, 9, "L")]),
]


def tokenizers() -> dict[str, Tokenizer]:
    texts = [text for text, _ in TEXTS] * 3 + ["Sato Tokyo Nara 東京 田中 さん と は へ"] * 3
    return {
        "wordpiece": train_tokenizer(texts, "wordpiece", 400, family="bert", lower=True),
        "byte-bpe": train_tokenizer(texts, "byte-bpe", 330, family="roberta"),
        "unigram": train_tokenizer(texts, "unigram", 60, family="t5"),
    }


MADE: dict[str, Tokenizer] = {}


def made(kind: str) -> Tokenizer:
    if not MADE:
        MADE.update(tokenizers())
    return MADE[kind]


@pytest.mark.parametrize("kind", ["wordpiece", "byte-bpe", "unigram"])
@pytest.mark.parametrize(("text", "spans"), TEXTS, ids=lambda value: repr(value)[:20])
def test_spans_come_back_through_tokens(kind: str, text: str, spans: list[Any]) -> None:
    pieces = made(kind).pieces([text])
    wanted = [Span(*span, text=text[span[0] : span[1]]) for span in spans]
    found = align(wanted, pieces.offsets, text)
    assert found.lost == 0
    back = spans_from([tag or "O" for tag in found.tags], pieces.offsets, text)
    if found.uneven == 0:
        assert [one.key for one in back] == [one.key for one in wanted]
    for one, span in zip(back, wanted, strict=True):  # a token may be wider than its span
        assert one.start <= span.start
        assert one.end >= span.end
        assert one.text == text[one.start : one.end]
        assert one.text == one.text.strip()


def test_most_spans_begin_and_end_where_tokens_do() -> None:
    uneven = [
        align([Span(*s) for s in spans], made(kind).pieces([text]).offsets, text).uneven
        for kind in ("wordpiece", "byte-bpe", "unigram")
        for text, spans in TEXTS
    ]
    assert uneven.count(0) >= 2 * len(TEXTS)


def test_a_token_belongs_to_the_span_that_has_most_of_it() -> None:
    places = np.array([[0, 3], [3, 4], [4, 9]])
    found = align([Span(0, 5, "A"), Span(5, 9, "B")], places, "abcdefghi")
    assert found.tags == ["B-A", "I-A", "B-B"]
    assert (found.lost, found.uneven) == (0, 2)
    found = align([Span(0, 1, "A"), Span(1, 3, "B")], places, "abcdefghi")
    assert found.tags == ["B-B", "O", "O"]
    assert (found.lost, found.uneven) == (1, 1)


def test_of_overlapping_spans_the_longest_is_kept() -> None:
    kept, lost = apart([Span(0, 2, "A"), Span(1, 6, "B"), Span(6, 7, "C"), Span(2, 4, "D")])
    assert [one.key for one in kept] == [(1, 6, "B"), (6, 7, "C")]
    assert lost == 2


WORDS = np.array([[0, 2], [2, 4], [4, 6], [6, 8], [8, 10]])


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ("B-X I-X O B-X B-X", [(0, 4, "X"), (6, 8, "X"), (8, 10, "X")]),
        ("I-X I-X I-Y O I-Y", [(0, 4, "X"), (4, 6, "Y"), (8, 10, "Y")]),  # without a beginning
        ("S-X B-Y E-Y O S-X", [(0, 2, "X"), (2, 6, "Y"), (8, 10, "X")]),  # BIOES
        ("U-X B-Y I-Y L-Y U-Y", [(0, 2, "X"), (2, 8, "Y"), (8, 10, "Y")]),  # BILOU
        ("X X O Y-Z X", [(0, 4, "X"), (6, 8, "Y-Z"), (8, 10, "X")]),  # no scheme
        ("O _ O O O", []),
    ],
)
def test_tags_of_all_schemes(tags: str, wanted: list[Any]) -> None:
    assert [s.key for s in spans_from(tags.split(), WORDS, "ab" * 5)] == wanted


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"]), max_size=12))
def test_spans_are_those_of_seqeval(tags: list[str]) -> None:
    from seqeval.metrics.sequence_labeling import get_entities

    places = np.array([[3 * i, 3 * i + 2] for i in range(len(tags))]).reshape(-1, 2)
    ours = [(s.type, s.start // 3, s.end // 3) for s in spans_from(tags, places, "ab " * 12)]
    assert ours == [(kind, first, last) for kind, first, last in get_entities(tags)]


def test_white_space_at_the_ends_is_none_of_the_span() -> None:
    assert trimmed(" \n a b\u3000", 0, 7) == (3, 6)
    places = np.array([[0, 3], [3, 6]])
    assert [s.text for s in spans_from(["B-X", "I-X"], places, " ab cd")] == ["ab cd"]


def named(start: int, end: int) -> list[Any]:
    return [{"start": start, "end": end, "type": "x", "name": "Sato"}]


@pytest.mark.parametrize(
    ("text", "cell", "words"),
    [
        ("𠮷 Sato", [{"start": 0, "end": 99, "type": "x"}], "outside the text"),
        ("𠮷 Sato", [{"start": 3, "end": 3, "type": "x"}], "outside the text"),
        ("𠮷 Sato", [{"start": -2, "end": 3, "type": "x"}], "outside the text"),
        ("𠮷 Sato", [{"start": 0, "type": "x"}], "not written as spans"),
        ("𠮷 Sato", [{"start": 0, "end": 2}], "not written as spans"),
        ("𠮷 Sato", "Sato", "not written as spans"),
        ("𠮷 Sato", [[0, 2]], "not written as spans"),
        ("𠮷 Sato", named(3, 7), "count UTF-16"),
        ("𠮷 Sato", named(5, 9), "count bytes"),
        ("x Sato", named(3, 6), "count from 1"),
        ("𠮷 Sato", named(0, 4), "not 'Sato'"),
    ],
)
def test_spans_that_cannot_be_are_named(text: str, cell: Any, words: str) -> None:
    with pytest.raises(BadInput) as error:
        spans_in(cell, RECORD, text)
    assert words in str(error.value)
    assert (error.value.file, error.value.row) == ("t.jsonl", 3)


def test_spans_in_every_form() -> None:
    forms: list[Any] = [
        [{"start": 0, "end": 4, "type": "x"}],
        [{"begin": "0", "end": 4.0, "label": "x"}],
        [{"span": [0, 4], "type": "x", "name": "Sato"}],
        [[0, 4, "x"]],
        [{"start_offset": 0, "end_offset": 4, "entity": "x", "text": "Sato"}],
    ]
    for form in forms:
        assert [s.key for s in spans_in(form, RECORD, "Sato ran")] == [(0, 4, "x")]


def task(max_length: int, stride: int) -> Tokens:
    found = make_task("tokens", Options(max_length=max_length, stride=stride))
    assert isinstance(found, Tokens)
    found.restore({"tags": ["O", "B-P", "I-P"], "stride": stride})
    return found


@pytest.mark.parametrize("stride", [0, 3, 8])
def test_windows_put_together_are_the_whole(stride: int) -> None:
    pieces = tokenizer("bert")
    text = " ".join(["Sato saw the garden in Kyoto ."] * 6)
    item = Item(RECORD, (text,), [Span(0, 4, "P")])
    whole = task(500, stride).prepare([item], pieces)[0]
    parts = task(20, stride).prepare([item], pieces)[0]
    assert len(whole.examples) == 1 < len(parts.examples)
    assert all(len(example.rows[0]) <= 20 for example in parts.examples)

    def numbered(prepared: Any) -> list[Any]:
        """Scores that name the token's place."""
        return [place.astype(np.float32) for place in prepared.places]

    for prepared in (whole, parts):
        scores, places = joined(prepared, numbered(prepared))
        np.testing.assert_array_equal(places, pieces.pieces([text]).offsets)
        np.testing.assert_array_equal(scores, places)
    # Every token of the text is a target of some window, with the label it has in the whole.
    own = whole.places[0][:, 0] >= 0
    labels = dict(
        zip(map(tuple, whole.places[0][own].tolist()), whole.examples[0].target[own], strict=True)
    )  # type: ignore[index]
    seen = set()
    for example, place in zip(parts.examples, parts.places, strict=True):
        for (begin, end), label in zip(place.tolist(), example.target.tolist(), strict=True):
            assert label == (labels[begin, end] if begin >= 0 else -100)
            seen.add((begin, end))
    assert seen >= set(labels)


def test_a_token_is_judged_where_it_stands_in_the_middle() -> None:
    pieces = tokenizer("bert")
    text = " ".join(["Sato saw the garden in Kyoto ."] * 3)
    (parts,) = task(20, 10).prepare([Item(RECORD, (text,))], pieces)
    own = [int((place[:, 0] >= 0).sum()) for place in parts.places]
    scores = [np.full((len(place), 1), i, np.float32) for i, place in enumerate(parts.places)]
    table, _ = joined(parts, scores)
    for token, chosen in enumerate(table[:, 0].astype(int).tolist()):
        depths = {
            i: min(token - begin, begin + n - 1 - token)
            for i, (begin, n) in enumerate(zip(parts.begins, own, strict=True))
            if begin <= token < begin + n
        }
        assert depths[chosen] == max(depths.values())


def test_words_of_conll_and_their_places(tmp_path: Path) -> None:
    (tmp_path / "t.conll").write_text(
        "-DOCSTART- O\n\nTanaka\tB-P\nlives\tO\nin\tO\nNew\tB-L\nYork\tI-L\n.\tO\n\n"
        "#\tO\n東京\tB-L\nに\tO\n",
        encoding="utf-8",
    )
    (tmp_path / "t.conllu").write_text(
        "# sent_id = 1\n# text = 田中は New Yorkへ\n"
        "1\t田中\t_\tN\t_\t_\t0\troot\t_\tSpaceAfter=No|NE=B-P\n"
        "2\tは\t_\tP\t_\t_\t1\tcase\t_\t_\n"
        "3-4\tNew York\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "3\tNew\t_\tN\t_\t_\t1\tx\t_\tNE=B-L\n4\tYork\t_\tN\t_\t_\t1\tx\t_\tSpaceAfter=No|NE=L-L\n"
        "5\tへ\t_\tP\t_\t_\t1\tcase\t_\t_\n",
        encoding="utf-8",
    )
    from bunsan.tasks.finetuning.answering import read_all

    words = read_all(make_task("tokens", Options()), tmp_path / "t.conll", "", truth=True)
    assert [item.texts[0] for item in words] == ["Tanaka lives in New York .", "#東京に"]
    assert [[s.text for s in item.truth] for item in words] == [["Tanaka", "New York"], ["東京"]]
    assert [item.record.row for item in words] == [3, 10]
    words = read_all(make_task("tokens", Options()), tmp_path / "t.conllu", "", truth=True)
    assert [[s.key for s in item.truth] for item in words] == [[(0, 2, "P"), (4, 12, "L")]]


def test_opened_tokenizer_aligns_as_the_made_one(tmp_path: Path) -> None:
    made("byte-bpe").save(tmp_path)
    again = open_tokenizer(tmp_path)
    for text, _ in TEXTS:
        np.testing.assert_array_equal(
            made("byte-bpe").pieces([text]).offsets, again.pieces([text]).offsets
        )
