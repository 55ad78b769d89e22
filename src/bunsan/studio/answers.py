"""What a fine-tuned model says, drawn: labels with probabilities, spans in their text, answers in theirs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.language import tr
from bunsan.studio import pieces

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.base import Item, Prediction, Span, Task
    from bunsan.tasks.finetuning.opened import OpenedTask

# Colours that letters can be read on, light or dark, in the order of the types.
_HUES = ("86 136 199", "214 140 60", "92 168 110", "190 104 160", "160 150 60", "120 120 190")
_SHOWN = 50
_STEP = 128  # rows between two looks at whether to stop


@dataclass(frozen=True)
class Answered:
    """Rows of a table with what a model said of them; `save` writes them as `bunsan predict` does.

    `left_out` : rows without a text, and those that could not be read.
    """

    task: "Task"
    items: "list[Item]"
    predictions: "list[Prediction]"
    left_out: int = 0

    def save(self, path: Path) -> None:
        """Write .csv, .xlsx or another table of rows."""
        from bunsan.tasks.finetuning.predicting import Columns, rows_of
        from bunsan.tasks.row_files import row_writer

        columns = Columns(probabilities=True)
        with row_writer(path) as writer:
            writer.write(rows_of(self.task, self.items, self.predictions, columns))


def answer_table(opened: "OpenedTask", table: Path, encoding: str | None) -> Answered:
    """What a model says of every row of a file.

    Raises
    ------
    BadInput : a column is missing, nothing can be read; file, row and remedy are named.
    """
    from bunsan.base.progress import progress
    from bunsan.tasks.finetuning.answering import Reading
    from bunsan.tasks.finetuning.records import ReadingOptions
    from bunsan.text.documents import bytes_total, nothing_read

    reading = Reading()
    options = ReadingOptions(encoding)
    items: list[Item] = []
    with progress(tr("Reading", "読み込み中"), bytes_total(str(table))) as bar:
        before = 0
        for item in opened.read(str(table), truth=False, options=options, reading=reading):
            items.append(item)
            bar.advance(reading.report.bytes_read - before)
            before = reading.report.bytes_read
    if not items:
        raise nothing_read(reading.report)
    said: list[Prediction] = []
    with progress(tr("Answering", "回答中"), len(items)) as bar:
        for chunk in opened.chunks(iter(items)):
            for begin in range(0, len(chunk), _STEP):
                some = chunk[begin : begin + _STEP]
                said += opened.answers(some)
                bar.advance(len(some), f"{len(said):,} / {len(items):,}")
    left_out = reading.without_text + reading.report.skipped.total()
    return Answered(opened.task, items, said, left_out)


def counted(found: Answered) -> str:
    """How often each label was given; nothing where there are no labels."""
    if found.task.name not in ("classification", "pairs"):
        return ""
    counts: Counter[str] = Counter()
    for said in found.predictions:
        values = said.value if isinstance(said.value, (tuple, list)) else (said.value,)
        counts.update(map(str, values))
    return pieces.bars(counts.most_common())


def one(task: "Task", texts: Sequence[str], said: "Prediction", labels: Sequence[str]) -> str:
    """The answer to one input."""
    name = task.name
    if name == "tokens":
        return _spans(texts[0], said.value, labels)
    if name == "answers":
        return _answer(texts, said)
    if name in ("regression", "similarity"):
        return pieces.element("p", pieces.words(f"{float(said.value):.3f}"), class_="b-answer")
    value = said.value
    if isinstance(value, (tuple, list)):
        value = tr(", ", "、").join(map(str, value)) or tr("none", "なし")
    shown = said.text if name == "choices" and said.text else value
    shares = sorted(said.probabilities.items(), key=lambda pair: -pair[1])
    return pieces.element("p", pieces.words(shown), class_="b-answer") + pieces.bars(
        [(label, round(share, 4)) for label, share in shares], most=20
    )


def _spans(text: str, spans: "Sequence[Span]", labels: Sequence[str]) -> str:
    """The text with its entities marked by type."""
    parts, at = [], 0
    for span in sorted(spans, key=lambda one: one.start):
        if span.start < at:  # within another one
            continue
        parts.append(pieces.words(text[at : span.start]))
        share = "" if span.probability is None else f" {span.probability:.0%}"
        parts.append(
            pieces.element(
                "span",
                pieces.words(text[span.start : span.end]),
                pieces.element("small", pieces.words(span.type)),
                class_="b-span",
                style=f"--h: {_hue(span.type, labels)}",
                title=span.type + share,
            )
        )
        at = span.end
    parts.append(pieces.words(text[at:]))
    none = "" if spans else pieces.notice(tr("Nothing was found in it.", "見つかりませんでした。"))
    return pieces.element("p", *parts, class_="b-read") + none


def _hue(kind: str, labels: Sequence[str]) -> str:
    place = list(labels).index(kind) if kind in labels else 0
    return _HUES[place % len(_HUES)]


def _answer(texts: Sequence[str], said: "Prediction") -> str:
    """The passage with the answer marked; questions come before passages."""
    passage = texts[1]
    share = "" if said.probability is None else f"{said.probability:.0%}"
    if not said.value or said.start is None or said.end is None:
        return pieces.notice(
            tr("The passage does not answer it.", "本文に答えは見つかりませんでした。"), share
        )
    return pieces.element(
        "p", pieces.words(said.value), pieces.element("small", share), class_="b-answer"
    ) + pieces.element(
        "p",
        pieces.words(passage[: said.start]),
        pieces.element("mark", pieces.words(passage[said.start : said.end])),
        pieces.words(passage[said.end :]),
        class_="b-read",
    )


def many(answered: Answered, labels: Sequence[str]) -> str:
    """The first rows of a table, each with its answer."""
    task = answered.task
    rows: list[str] = []
    for item, said in list(zip(answered.items, answered.predictions, strict=True))[:_SHOWN]:
        read = " / ".join(item.texts)
        if task.name == "tokens":
            cells = [pieces.element("td", _spans(item.texts[0], said.value, labels))]
        else:
            cells = [
                pieces.element("td", pieces.words(read[:300])),
                pieces.element("td", pieces.element("b", pieces.words(_short(task, said)))),
                pieces.element("td", pieces.words(_share(said)), class_="b-right"),
            ]
        number = pieces.element("th", f"{item.record.row:,}", scope="row")
        rows.append(pieces.element("tr", number, *cells))
    names = [tr("text", "本文")]
    if task.name != "tokens":
        names += [tr("answer", "回答"), tr("probability", "確率")]
    head = pieces.element("th", "") + "".join(
        pieces.element("th", pieces.words(name), scope="col") for name in names
    )
    table = pieces.element(
        "table",
        pieces.element("thead", pieces.element("tr", head)),
        pieces.element("tbody", *rows),
        class_="b-sheet",
    )
    return pieces.div("b-scroll", table)


def _short(task: "Task", said: "Prediction") -> str:
    value: Any = said.text if task.name == "choices" and said.text else said.value
    if isinstance(value, (tuple, list)):
        return tr(", ", "、").join(map(str, value))
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def _share(said: "Prediction") -> str:
    return "" if said.probability is None else f"{said.probability:.1%}"
