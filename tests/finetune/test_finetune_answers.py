"""Answers: the best span against a brute force, windows against one input, passages cut as they are."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finetune_help import questions, squad, tokenizer, write_lines
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.tasks.finetuning.answering import read_all
from bunsan.tasks.finetuning.answers import Answers
from bunsan.tasks.finetuning.base import Item, Options, Prepared
from bunsan.tasks.finetuning.best_span import best_span
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.tasks.finetuning.records import Record
from bunsan.tasks.finetuning.squad import placed
from bunsan.tasks.finetuning.windows import cuts

SCORES = st.lists(st.integers(-3, 3), min_size=1, max_size=9)


@given(SCORES, st.data(), st.integers(1, 6))
def test_the_best_span_is_that_of_all_pairs(first: list[int], data: Any, longest: int) -> None:
    n = len(first)
    last = data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    found = best_span(np.array(first, float), np.array(last, float), allowed, longest)
    # Shorter spans first, then earlier ones: max keeps the first of equals.
    all_pairs = [
        (first[i] + last[i + width], i, i + width)
        for width in range(longest)
        for i in range(n - width)
        if allowed[i] and allowed[i + width]
    ]
    assert found == (max(all_pairs, key=lambda one: one[0]) if all_pairs else None)


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 30))
def test_windows_cover_all_and_are_full(length: int, room: int, overlap: int) -> None:
    found = cuts(length, room, overlap)
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert len(found) == len(set(found))
    if length > room:
        assert all(end - begin == room for begin, end in found)
        for (_, end), (begin, _) in pairwise(found):
            assert begin <= end - min(overlap, room // 2)
    else:
        assert found == [(0, length)]


def task(**options: Any) -> Answers:
    found = make_task("answers", Options(**options))
    assert isinstance(found, Answers)
    return found


def item(context: str, question: str = "Where?", answer: str | None = None) -> Item:
    truth = None
    if answer is not None:
        at = context.index(answer)
        truth = ((at, at + len(answer), answer),) if answer else ()
    return Item(Record("t", 1, {}), (question, context), truth)


def test_one_window_is_the_pair_that_the_tokenizer_makes() -> None:
    pieces = tokenizer("bert")
    one = item("Sato lives in Kyoto and likes the garden.", answer="Kyoto")
    (example,) = task().prepare([one], pieces)[0].examples
    encoding = pieces.encode(*one.texts)
    np.testing.assert_array_equal(example.rows[0], encoding.ids)
    np.testing.assert_array_equal(example.types[0], encoding.type_ids)  # type: ignore[index]
    first, last = example.target.tolist()
    assert encoding.sequence[first] == encoding.sequence[last] == 1
    begin, end = encoding.offsets[first][0], encoding.offsets[last][1]
    assert one.texts[1][begin:end] == "Kyoto"


def scored(
    prepared: Prepared, wanted: tuple[int, int], none: float = -9.0
) -> list[np.ndarray[Any, Any]]:
    """Scores that are best where a token begins and one ends, in windows that hold both."""
    found = []
    for place in prepared.places:
        table = np.zeros((len(place), 2), np.float32)
        table[0] = none / 2
        begins, ends = place[:, 0] == wanted[0], place[:, 1] == wanted[1]
        if begins.any() and ends.any():
            table[begins, 0] = 5.0
            table[ends, 1] = 5.0
        found.append(table)
    return found


@pytest.mark.parametrize("stride", [0, 8, 128])
def test_windowed_answers_are_those_of_one_window(stride: int) -> None:
    pieces = tokenizer("bert")
    filler = "The garden was great and the bath was cold. " * 8
    context = f"{filler}Sato lives in 𠮷Kyoto today. {filler}"
    one = item(context)
    at = context.index("Kyoto")
    whole, parts = task(max_length=1000), task(max_length=64, stride=stride)
    answers = []
    for made in (whole, parts):
        (prepared,) = made.prepare([one], pieces)
        answers += made.decode([one], [prepared], [scored(prepared, (at, at + 5))])
    assert len(parts.prepare([one], pieces)[0].examples) >= 3
    assert answers[0] == answers[1]
    assert (answers[0].value, answers[0].start, answers[0].end) == ("Kyoto", at, at + 5)


def test_an_answer_is_a_target_in_the_windows_that_hold_it() -> None:
    pieces = tokenizer("bert")
    context = "The garden was great. " * 20 + "Sato lives in Kyoto. " + "The bath was cold. " * 20
    one = item(context, answer="Kyoto")
    (prepared,) = task(max_length=64, stride=40).prepare([one], pieces)
    kept = 0
    for example, place in zip(prepared.examples, prepared.places, strict=True):
        first, last = example.target.tolist()
        covered = context[place[first, 0] : place[last, 1]] if first else ""
        inside = place[place[:, 0] >= 0]
        holds = inside[0, 0] <= context.index("Kyoto") and inside[-1, 1] >= context.index(". The b")
        assert covered == ("Kyoto" if holds else "")
        kept += bool(covered)
    assert kept >= 1


def test_no_answer_wins_by_the_threshold() -> None:
    pieces = tokenizer("bert")
    one = item("Sato lives in Kyoto.")
    for threshold, none, wanted in ((0.0, 11.0, ""), (0.0, 9.0, "Kyoto"), (2.0, 11.0, "Kyoto")):
        made = task(threshold=threshold)
        made.none_allowed = True
        (prepared,) = made.prepare([one], pieces)
        (answer,) = made.decode([one], [prepared], [scored(prepared, (14, 19), none)])
        assert answer.value == wanted
        assert (answer.start is None) == (wanted == "")
    made.none_allowed = False
    (answer,) = made.decode([one], [prepared], [scored(prepared, (14, 19), 99.0)])
    assert answer.value == "Kyoto"


def test_an_answer_never_reaches_into_the_question() -> None:
    pieces = tokenizer("bert")
    one = item("Sato lives in Kyoto.", "Where does Sato live?")
    made = task()
    (prepared,) = made.prepare([one], pieces)
    table = np.zeros((len(prepared.places[0]), 2), np.float32)
    table[prepared.places[0][:, 0] < 0] = 50.0
    table[0] = 0.0
    (answer,) = made.decode([one], [prepared], [[table]])
    assert answer.value
    assert answer.value in one.texts[1]


def test_squad_and_a_table_are_read_the_same(tmp_path: Path) -> None:
    rows = questions(8, none=True)
    (tmp_path / "t.json").write_text(json.dumps(squad(rows)), encoding="utf-8")
    write_lines(tmp_path / "t.jsonl", rows)
    hub = [
        {
            "context": r["context"],
            "question": r["question"],
            "answers": {
                "text": [r["answer"]] if r["answer"] else [],
                "answer_start": [r["start"]] if r["answer"] else [],
            },
        }
        for r in rows
    ]
    write_lines(tmp_path / "hub.jsonl", hub)
    unplaced = [{k: v for k, v in row.items() if k != "start"} for row in rows]
    (tmp_path / "list.json").write_text(json.dumps(unplaced), encoding="utf-8")
    found = []
    for name in ("t.json", "t.jsonl", "hub.jsonl", "list.json"):
        made = task()
        items = read_all(made, tmp_path / name, "", truth=True)
        made.settle(items)
        assert made.none_allowed
        found.append([(one.texts, one.truth) for one in items])
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0][0][1] == ()
    assert found[0][1][1][0][2] in rows[1]["context"]


def test_answers_that_do_not_stand_there_are_named() -> None:
    record = Record("t.csv", 7, {})
    text = "東京は大きい。東京だ。"
    assert placed(record, text, ("東京", 7)) == (7, 9)
    assert placed(record, text, ("東京", None)) == (0, 2)
    for answer, words in (
        (("東京", 1), "It stands at 0"),
        (("東京", 6), "It stands at 7"),
        (("京都", 0), "nowhere in the passage"),
        (("京都", None), "not in the passage"),
        (("東京", -2), "It stands at 0"),
    ):
        with pytest.raises(BadInput) as error:
            placed(record, text, answer)
        assert words in str(error.value)
        assert str(error.value).startswith("t.csv:7: ")
