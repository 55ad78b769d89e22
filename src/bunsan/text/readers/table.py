"""Rows of cells into documents, for every format that has columns."""

import datetime
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.columns import columns_listed, find, guess_by, guess_text
from bunsan.text.encoding import decoder
from bunsan.text.readers.reading import Bad, Document, Reading, unix_breaks

SAMPLE_ROWS = 500
_SAMPLE_SIZE = 1 << 22  # characters

MISSING = object()  # the cell of a record that has no such key

Row = tuple[int, Sequence[Any]]  # its number, its cells
T = TypeVar("T")

_WRITABLE = str | bytes | int | float | Decimal | datetime.date | datetime.time


@dataclass
class Table:
    """The columns, the first rows, and all rows reduced to the columns wanted (by index).

    `rows` may be called once. Bad rows come out of it among the others, those of the sample are in
    `bad` too.
    """

    columns: list[str]
    sample: list[Row]
    rows: Callable[[Sequence[int]], Iterator[Row | Bad]]
    whole: bool  # the sample is all there is
    bad: list[Bad] = field(default_factory=list)
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Indexes of columns; `by` has the names too, as a later table may lack one (None)."""

    text: int | None
    by: dict[str, int | None]
    keep: dict[str, int | None]
    guessed: bool


def streamed(columns: list[str], rows: Iterator[Row | Bad]) -> Table:
    """A table over rows that can be read only once."""
    first, whole = beginning(rows, iter)

    def picked(wanted: Sequence[int]) -> Iterator[Row | Bad]:
        for item in itertools.chain(first, rows):
            yield item if isinstance(item, Bad) else (item[0], [item[1][i] for i in wanted])

    sample, bad = parted(first)
    return Table(columns, sample, picked, whole, bad)


def beginning(
    rows: Iterator[tuple[int, T] | Bad], cells: Callable[[T], Iterable[Any]]
) -> tuple[list[tuple[int, T] | Bad], bool]:
    """The first rows, fewer where they are long, and whether they are all.

    `cells` gives the cells of a row.
    """
    first: list[tuple[int, T] | Bad] = []
    size = 0
    for item in rows:
        first.append(item)
        if not isinstance(item, Bad):
            size += sum(len(cell) for cell in cells(item[1]) if isinstance(cell, str))
        if len(first) == SAMPLE_ROWS or size > _SAMPLE_SIZE:
            return first, False
    return first, True


def parted(first: Iterable[tuple[int, T] | Bad]) -> tuple[list[tuple[int, T]], list[Bad]]:
    """The good rows and the bad ones."""
    good: list[tuple[int, T]] = []
    bad: list[Bad] = []
    for item in first:
        if isinstance(item, Bad):
            bad.append(item)
        else:
            good.append(item)
    return good, bad


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
        by = {columns[i]: i for i in guess_by(columns, looked_at(), text, table.whole)}
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
    column = table.columns[choice.text]
    for item in table.rows([choice.text, *(index for _, index in present)]):
        if isinstance(item, Bad):
            reading.bad(file, item)
            continue
        row, cells = item
        text = _text(cells[0], column, row)
        if isinstance(text, Bad):
            reading.bad(file, text)
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
    if _is_missing(value):
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


def _is_missing(value: Any) -> bool:
    # pandas' own marks are known by name, so that pandas need not be here.
    return value is None or value is MISSING or type(value).__name__ in ("NaTType", "NAType")


def _text(value: Any, column: str, row: int) -> str | Bad:
    """The text of a row."""
    if type(value) is str:
        return unix_breaks(value)
    if value is MISSING:
        problem = tr(f"There is no {column!r}.", f"項目 {column!r} がありません。")
        remedy = tr("Add it or delete the row.", "追加するか、行を削除してください。")
        return Bad(row, "missing_text", problem, remedy)
    if isinstance(value, bool) or not (isinstance(value, _WRITABLE) or _is_missing(value)):
        kind = type(value).__name__
        problem = tr(
            f"{column!r} is no text but {kind}.", f"{column!r} が文字列ではなく {kind} です。"
        )
        return Bad(row, "not_text", problem, tr("Make it a string.", "文字列にしてください。"))
    return as_text(value) or ""


def _found(columns: Sequence[str], wanted: Iterable[str | int], file: str) -> dict[str, int | None]:
    return {columns[index]: index for index in (find(columns, name, file) for name in wanted)}
