"""Questions on passages as they are published: SQuAD's JSON (Rajpurkar et al. 2016; 2018 for questions
without an answer), and the forms that a cell of answers has elsewhere.
"""

import json
from collections.abc import Iterator
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.records import Record, listed, whole_number
from bunsan.text.readers.opening import Source, opened
from bunsan.text.readers.reading import Reading
from bunsan.text.readers.table import as_text

_LARGEST = 1 << 31
Answer = tuple[str, int | None]  # its text, where it begins


def read_squad(source: Source, reading: Reading) -> Iterator[Record] | None:
    """The questions of a SQuAD file, a record each; None where the source is no .json of that form.

    Rows are numbers of questions, from 1.

    Raises
    ------
    BadInput : it is no JSON.
    """
    if source.path is None:
        return None
    if not source.path.name.lower().removesuffix(".gz").endswith(".json"):
        return None
    with opened(source, reading.report) as stream:
        head = stream.peek(4096)
        if b'"data"' not in head and b'"version"' not in head and head.lstrip()[:1] != b"[":
            return None
        data = stream.read_all(_LARGEST)
    try:
        value = json.loads(data.decode(reading.encoding or "utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if head.count(b"\n") > 1 and b'"data"' not in head:
            return None  # JSON lines under another name
        raise BadInput(
            tr(f"is no JSON ({error}).", f"JSON として読めません({error})。"), file=source.name
        ) from error
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return (Record(source.name, row, one) for row, one in enumerate(value, 1))
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        return _questions(value["data"], source.name)
    return None


def _questions(articles: list[Any], file: str) -> Iterator[Record]:
    row = 0
    for article in articles:
        for paragraph in article.get("paragraphs", [article]):
            for question in paragraph.get("qas", []):
                row += 1
                try:
                    cells = {
                        "id": question.get("id"),
                        "context": str(paragraph["context"]),
                        "question": str(question["question"]),
                        "answers": []
                        if question.get("is_impossible")
                        else question.get("answers", []),
                    }
                except (KeyError, AttributeError, TypeError) as error:
                    raise Record(file, row, {}).bad(
                        tr(f"The question lacks {error}.", f"質問に {error} がありません。"),
                        tr("SQuAD's form is wanted.", "SQuAD の形式にしてください。"),
                    ) from error
                yield Record(file, row, cells)


def answers_in(record: Record, answers: str, start: str | None) -> list[Answer] | None:
    """The acceptable answers of a row, none for a question without one; None where nothing is said.

    A blank cell of a table, and "answers" without any, are questions without an answer.

    Raises
    ------
    BadInput : the cell is none of the known forms.
    """
    if answers not in record.cells:
        return None
    cell = listed(record.cells[answers])
    if cell is None or cell == "":
        return []
    if isinstance(cell, dict):  # {"text": [...], "answer_start": [...]}
        texts, starts = cell.get("text", []), cell.get("answer_start")
        texts = texts if isinstance(texts, list) else [texts]
        starts = starts if isinstance(starts, list) else [starts] * len(texts)
        pairs = list(zip(texts, starts, strict=False))
    elif isinstance(cell, (list, tuple)):
        pairs = [
            (one.get("text"), one.get("answer_start", one.get("start")))
            if isinstance(one, dict)
            else (one, None)
            for one in cell
        ]
    else:
        pairs = [(cell, record.cells.get(start) if start is not None else None)]
    found: list[Answer] = []
    for text, begin in pairs:
        words = text if isinstance(text, str) else as_text(text)
        if words is None:
            raise record.bad(
                tr("An answer has no text.", "回答のテキストがありません。"),
                tr(
                    'Write {"text": ..., "answer_start": ...}.',
                    '{"text": …, "answer_start": …} と書いてください。',
                ),
            )
        if words.strip():
            found.append((words, whole_number(begin)))
    return found


def placed(record: Record, context: str, answer: Answer) -> tuple[int, int]:
    """Begin and end of an answer in its passage; without a told begin, its first place there.

    Raises
    ------
    BadInput : it does not stand there.
    """
    text, start = answer
    if start is None:
        start = context.find(text)
        if start < 0:
            raise record.bad(
                tr(
                    f"The answer {text!r} is not in the passage.",
                    f"回答 {text!r} が本文にありません。",
                ),
                tr(
                    "Answers are cut from the passage, letter by letter.",
                    "回答は本文からそのまま抜き出したものにしてください。",
                ),
            )
    elif context[start : start + len(text)] != text or start < 0:
        there = context[max(start, 0) : max(start, 0) + len(text)]
        where = [i for i in range(len(context)) if context.startswith(text, i)]
        near = min(where, key=lambda i: abs(i - start), default=None) if where else None
        raise record.bad(
            tr(
                f"The answer {text!r} does not stand at {start}; there is {there!r}.",
                f"回答 {text!r} が位置 {start} にありません(あるのは {there!r})。",
            ),
            tr(f"It stands at {near}. ", f"実際の位置は {near} です。")
            + tr("Starts count characters from 0.", "位置は 0 から数えた文字数です。")
            if near is not None
            else tr("It is nowhere in the passage.", "本文のどこにもありません。"),
        )
    return start, start + len(text)
