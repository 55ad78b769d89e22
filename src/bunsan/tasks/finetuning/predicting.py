"""Answers of a fine-tuned model for files of any size: `bunsan predict`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.tasks.finetuning.answering import Answering, Reading, read_items
from bunsan.tasks.finetuning.base import Item, Prediction, Task
from bunsan.tasks.finetuning.records import ReadingOptions
from bunsan.tasks.finetuning.scoring import Judged
from bunsan.tasks.row_files import RowWriter, check_rows_suffix, row_writer
from bunsan.text.documents import bytes_total, nothing_read
from bunsan.text.readers.table import as_text

if TYPE_CHECKING:
    from bunsan.measure.scores import Scores


@dataclass
class Predicted:
    """What was done.

    Attributes
    ----------
    rows : how many were answered. scores : how well; None where no truth was asked for or known.
    reading : rows that were left out.
    """

    rows: int = 0
    scores: "Scores | None" = None
    reading: Reading = field(default_factory=Reading)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        return {
            "rows": self.rows,
            "without_text": self.reading.without_text,
            "without_label": self.reading.without_label,
            "scores": None if self.scores is None else self.scores.to_dict(),
            "reading": self.reading.report.to_dict(),
        }


@dataclass(frozen=True)
class Columns:
    """What stands beside an answer.

    Attributes
    ----------
    keep : further columns of the data. with_text : the texts themselves. probabilities : of every
        label. whole : lists stay lists (JSON); else a row a span.
    """

    keep: tuple[str, ...] = ()
    with_text: bool = True
    probabilities: bool = False
    whole: bool = False


def predict_file(
    model: Answering,
    sources: Any,
    to: str | Path | None = None,
    *,
    columns: Columns | None = None,
    score: bool = False,
    options: ReadingOptions | None = None,
    writer: RowWriter | None = None,
    seed: int = 0,
) -> Predicted:
    """Answers for all rows of files, folders, "-" or a table, chunk by chunk in flat memory.

    Parameters
    ----------
    to : .csv, .tsv, .xlsx, .jsonl or .parquet; `writer` instead of it; neither: scores alone.
    score : compare with the labels in the data.

    Raises
    ------
    BadInput : with file, row and remedy.
    """
    columns = columns or Columns()
    if to is None:
        return _predict(model, sources, writer, columns, score, options, seed)
    path = Path(to)
    check_rows_suffix(path)
    whole = Columns(
        columns.keep, columns.with_text, columns.probabilities, path.suffix.lower() == ".jsonl"
    )
    with row_writer(path) as made:
        return _predict(model, sources, made, whole, score, options, seed)


def _predict(
    model: Answering,
    sources: Any,
    writer: RowWriter | None,
    columns: Columns,
    score: bool,
    options: ReadingOptions | None,
    seed: int,
) -> Predicted:
    done = Predicted()
    reading = done.reading
    judged = Judged(model.task)
    items = read_items(
        model.task,
        sources,
        truth=score,
        keep=columns.keep,
        options=options,
        reading=reading,
        unlabelled=True,
    )
    total = bytes_total(sources, format=None if options is None else options.format)
    with progress(tr("Predicting", "予測中"), total) as bar:
        before = 0
        for chunk in model.chunks(item for item in items if item is not None):
            if score:
                model.task.check([item for item in chunk if item.truth is not None])
            answers = model.answers(chunk)
            if score:
                judged.add(chunk, answers)
            if writer is not None:
                writer.write(rows_of(model.task, chunk, answers, columns))
            done.rows += len(chunk)
            note = tr(f"{done.rows:,} rows", f"{done.rows:,} 行")
            bar.advance(reading.report.bytes_read - before, note)
            before = reading.report.bytes_read
    if not done.rows:
        raise nothing_read(reading.report)
    done.scores = judged.scores(seed)
    return done


def rows_of(
    task: Task, items: Sequence[Item], predictions: Sequence[Prediction], columns: Columns
) -> list[dict[str, Any]]:
    """Rows of a table: where, what, the answer."""
    rows: list[dict[str, Any]] = []
    texts = task.wanted(False) if columns.with_text else []
    for item, prediction in zip(items, predictions, strict=True):
        beside: dict[str, Any] = {"source": item.record.source, "row": item.record.row}
        for name in dict.fromkeys([*columns.keep, *texts]):
            value = item.record.cells.get(name)
            # Texts as they are: offsets in them must hold.
            if not isinstance(value, str) and not (
                columns.whole and isinstance(value, list | dict)
            ):
                value = as_text(value)
            beside[name if name not in beside else f"{name} (data)"] = value
        if columns.whole:
            answers = [task.cells(item, prediction, probabilities=columns.probabilities)]
        else:
            answers = task.spread(item, prediction, probabilities=columns.probabilities)
        for answer in answers:
            clash = {name: f"{name} (data)" for name in answer if name in beside}
            rows.append({clash.get(name, name): value for name, value in beside.items()} | answer)
    return rows
