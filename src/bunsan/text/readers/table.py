"""Rows of cells into documents, for every format that has columns."""

import datetime
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.columns import columns_listed, find, guess_by, guess_text
from bunsan.text.encoding import decoder
from bunsan.text.readers.reading import Document, Reading, unix_breaks

SAMPLE_ROWS = 500
_SAMPLE_SIZE = 1 << 22  # characters

MISSING = object()  # the cell of a record that has no such key

Row = tuple[int, Sequence[Any]]  # its number, its cells
T = TypeVar("T")

_WRITABLE = str | bytes | int | float | Decimal | datetime.date | datetime.time | None


@dataclass
class Table:
    """The columns, the first rows, and all rows reduced to the columns wanted (by index).

    `rows` may be called once; bad rows are reported as they are met and do not come out.
    """

    columns: list[str]
    sample: list[Row]
    rows: Callable[[Sequence[int]], Iterator[Row]]
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Indexes of columns; `by` has the names too, as a later table may lack one (None)."""

    text: int | None
    by: dict[str, int | None]
    keep: dict[str, int | None]
    guessed: bool


def streamed(columns: list[str], rows: Iterator[Row]) -> Table:
    """A table over rows that can be read only once."""
    sample = take_sample(rows, iter)

    def picked(wanted: Sequence[int]) -> Iterator[Row]:
        for row, cells in itertools.chain(sample, rows):
            yield row, [cells[i] for i in wanted]

    return Table(columns, sample, picked)


def take_sample(
    rows: Iterator[tuple[int, T]], cells: Callable[[T], Iterable[Any]]
) -> list[tuple[int, T]]:
    """The first rows, fewer where they are long; `cells` gives the cells of one."""
    sample: list[tuple[int, T]] = []
    size = 0
    for row, record in rows:
        sample.append((row, record))
        size += sum(len(cell) for cell in cells(record) if isinstance(cell, str))
        if len(sample) == SAMPLE_ROWS or size > _SAMPLE_SIZE:
            break
    return sample


def choose(table: Table, file: str, reading: Reading) -> Choice:
    """The columns told, else those of the table before, else guessed ones.

    Raises
    ------
    BadInput : a column told does not exist.
    """
    columns = table.columns
    sample: list[list[str | None]] = []

    def looked_at() -> list[list[str | None]]:
        if not sample:
            sample.extend([as_text(cell) for cell in cells] for _, cells in table.sample)
        return sample

    guessed = False
    text: int | None
    if reading.text is not None:
        text = find(columns, reading.text, file)
    elif reading.first is not None and reading.first[0] in columns:
        text = columns.index(reading.first[0])
    else:
        text = 0 if len(columns) == 1 else guess_text(columns, looked_at())
        guessed = len(columns) > 1
    by: dict[str, int | None] = {}
    if reading.by is not None:
        by = _found(columns, reading.by, file)
    elif reading.first is not None:
        by = {name: columns.index(name) if name in columns else None for name in reading.first[1]}
    elif text is not None:
        by = {columns[i]: i for i in guess_by(columns, looked_at(), text)}
        guessed = guessed or bool(by)
    if reading.first is None and text is not None:
        reading.first = (columns[text], tuple(by))
        reading.report.text, reading.report.by = reading.first
        reading.report.guessed = guessed
    return Choice(text, by, _found(columns, reading.keep, file), guessed)


def documents(table: Table, file: str, reading: Reading) -> Iterator[Document]:
    """The documents of a table."""
    choice = choose(table, file, reading)
    if choice.text is None:
        if not table.sample:
            return
        raise BadInput(
            tr("No column of words was found.", "文章の入った列が見つかりません。"),
            remedy=tr("Name the column of texts. ", "本文の列を指定してください。")
            + columns_listed(table.columns),
            file=file,
        )
    fields = choice.by | choice.keep
    lacking = {name: None for name, index in fields.items() if index is None}
    present = [(name, index) for name, index in fields.items() if index is not None]
    names = [name for name, _ in present]
    for row, cells in table.rows([choice.text, *(index for _, index in present)]):
        text = _text(cells[0], table.columns[choice.text], file, row, reading)
        if text is None:
            continue
        values: dict[str, str | None] = dict(zip(names, map(as_text, cells[1:]), strict=True))
        values.update(lacking)
        if document := reading.document(text, values, file, row):
            yield document


def no_rows(file: str) -> BadInput:
    return BadInput(
        tr("is empty: there is no header row.", "空です(見出しの行がありません)。"),
        remedy=tr("Put the column names in the first row.", "1 行目に列の名前を入れてください。"),
        file=file,
    )


def as_text(value: Any) -> str | None:
    """A cell as a person would write it: 5.0 is "5", midnight is a date; None when blank."""
    if type(value) is str:
        return None if not value or value.isspace() else unix_breaks(value)
    if value is None or value is MISSING:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, datetime.datetime):
        whole = value.time() == datetime.time() and value.tzinfo is None
        return (value.date() if whole else value).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return as_text(decoder("utf-8").decode(value, True))
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return as_text(str(value))


def _text(value: Any, column: str, file: str, row: int, reading: Reading) -> str | None:
    """The text of a row, or None when there is none, which is reported."""
    if type(value) is str:
        return unix_breaks(value)
    if value is MISSING:
        reading.bad(
            file,
            row,
            "missing_text",
            tr(f"There is no {column!r}.", f"項目 {column!r} がありません。"),
            tr("Add it or delete the row.", "追加するか、行を削除してください。"),
        )
        return None
    if isinstance(value, bool | list | tuple | dict) or not isinstance(value, _WRITABLE):
        kind = type(value).__name__
        reading.bad(
            file,
            row,
            "not_text",
            tr(f"{column!r} is no text but {kind}.", f"{column!r} が文字列ではなく {kind} です。"),
            tr("Make it a string.", "文字列にしてください。"),
        )
        return None
    return as_text(value) or ""


def _found(columns: Sequence[str], wanted: Iterable[str | int], file: str) -> dict[str, int | None]:
    return {columns[index]: index for index in (find(columns, name, file) for name in wanted)}
