"""What answers questions about rows: a fine-tuned model, or one that was told its labels only. Rows are read, put
together into chunks that fit into memory, and answered in order.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bunsan.base.language import tr
from bunsan.base.progress import Progress, progress
from bunsan.tasks.finetuning.base import Item, Prediction, Task
from bunsan.tasks.finetuning.records import ReadingOptions, Record, read_records
from bunsan.text.documents import ReadReport, bytes_total

CHUNK_ROWS, CHUNK_CHARACTERS = 1024, 400_000


@dataclass
class Reading:
    """What happened while rows were read: rows left out because a text or the label was missing."""

    report: ReadReport = field(default_factory=ReadReport)
    without_text: int = 0
    without_label: int = 0


class Answering(ABC):
    """Answers for texts, tables and files.

    Attributes
    ----------
    task : what is asked.
    """

    task: Task

    @property
    def labels(self) -> list[str]:
        """Classes, or types of spans; none for other tasks."""
        return list(getattr(self.task, "types", None) or self.task.labels or [])

    def predict(self, data: Any, **reading: Any) -> Any:
        """What is said of some data.

        Parameters
        ----------
        data : a text, or a tuple of the texts of one input (two texts; question and passage; question
            and choices), gives one `Prediction`; a list of these, a list of dicts, a table (pandas,
            polars, Arrow) or a file gives a list of them, in order; None for a row without a text.
        reading : `encoding`, `format`, `sheet` of a file.

        Raises
        ------
        BadInput : a column or a text is missing; file, row and remedy are named.
        """
        if isinstance(data, str) and not _is_file(data):
            return self.answers([self._plain(data, 1)])[0]
        if isinstance(data, tuple):
            return self.answers([self._plain(data, 1)])[0]
        if isinstance(data, Mapping):
            return self.predict([data])[0]
        if isinstance(data, list) and not data:
            return []
        plain = isinstance(data, list) and all(isinstance(x, (str, tuple)) for x in data)
        if plain and not all(isinstance(x, str) and _is_file(x) for x in data):
            return self.answers([self._plain(x, row) for row, x in enumerate(data, 1)])
        rows = list(
            read_items(
                self.task, data, truth=False, options=ReadingOptions(**reading), with_gaps=True
            )
        )
        items = iter([item for item in rows if item is not None])
        answers = (answer for chunk in self.chunks(items) for answer in self.answers(chunk))
        return [None if item is None else next(answers) for item in rows]

    @abstractmethod
    def answers(self, items: Sequence[Item], bar: Progress | None = None) -> list[Prediction]:
        """What is said of items that were read."""

    def read(
        self,
        sources: Any,
        *,
        truth: bool,
        keep: Sequence[str] = (),
        options: ReadingOptions | None = None,
        reading: Reading | None = None,
    ) -> Iterator[Item]:
        """The rows of some sources, in flat memory; see `read_items`."""
        rows = read_items(
            self.task, sources, truth=truth, keep=keep, options=options, reading=reading
        )
        return (item for item in rows if item is not None)

    def chunks(self, items: Iterator[Item]) -> Iterator[list[Item]]:
        """Items in lists that are worth a batch and fit into memory."""
        chunk: list[Item] = []
        characters = 0
        for item in items:
            chunk.append(item)
            characters += sum(map(len, item.texts))
            if len(chunk) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
                yield chunk
                chunk, characters = [], 0
        if chunk:
            yield chunk

    def _plain(self, data: str | tuple[str, ...], row: int) -> Item:
        texts = (data,) if isinstance(data, str) else data
        wanted = {"pairs": 2, "similarity": 2, "answers": 2, "choices": None}.get(self.task.name, 1)
        record = Record("<texts>", row, {})
        if not all(isinstance(text, str) for text in texts) or (
            len(texts) != wanted if wanted is not None else len(texts) < 3
        ):
            raise record.bad(
                tr(
                    f"{self.task.name} reads {wanted or 'a question and two or more'} texts at once.",
                    f"{self.task.name} の入力は {wanted or '質問と二つ以上の選択肢'} です。",
                ),
                tr(
                    "Give a tuple of as many strings.",
                    "その数の文字列をタプルで渡してください。",
                ),
            )
        return Item(record, tuple(texts))


def read_items(
    task: Task,
    sources: Any,
    *,
    truth: bool,
    keep: Sequence[str] = (),
    options: ReadingOptions | None = None,
    reading: Reading | None = None,
    unlabelled: bool = False,
    with_gaps: bool = False,
) -> Iterator[Item | None]:
    """The rows of some sources as items of a task.

    Parameters
    ----------
    truth : labels are wanted: rows without are counted, and passed over unless `unlabelled` says to
        give them all the same. keep : further columns. with_gaps : None for a row without a text, which
        is passed over otherwise.

    Raises
    ------
    BadInput : a column is missing, a label is none.
    """
    reading = reading or Reading()

    def choose(table: Any) -> list[str]:
        from bunsan.text.columns import find

        task.resolve(table, truth)
        more = [table.columns[find(table.columns, name, table.file)] for name in keep]
        return list(dict.fromkeys([*task.wanted(truth), *more]))

    records = read_records(
        sources,
        choose,
        special=lambda source, read: task.special(source, read, truth),
        options=options,
        report=reading.report,
    )
    for record in records:
        item = task.item(record, truth)
        if item is None:
            reading.without_text += 1
            if with_gaps:
                yield None
            continue
        if truth and item.truth is None:
            reading.without_label += 1
            if not unlabelled:
                continue
        yield item


def read_all(
    task: Task,
    sources: Any,
    title: str,
    *,
    truth: bool,
    options: ReadingOptions | None = None,
    reading: Reading | None = None,
) -> list[Item]:
    """The same at once, with a bar."""
    reading = reading or Reading()
    total = bytes_total(sources, format=None if options is None else options.format)
    found: list[Item] = []
    with progress(title, total) as bar:
        before = 0
        for item in read_items(task, sources, truth=truth, options=options, reading=reading):
            if item is not None:
                found.append(item)
            if reading.report.bytes_read != before:
                bar.advance(reading.report.bytes_read - before)
                before = reading.report.bytes_read
    return found


def _is_file(text: str) -> bool:
    if len(text) > 1000 or "\n" in text or "\0" in text:
        return False
    try:
        return text == "-" or Path(text).expanduser().is_file()
    except OSError:
        return False
