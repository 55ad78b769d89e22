"""Rows of tables with their cells as they are: labels, lists of spans, lists of choices.

What `text.documents` makes of a row is one text; a labelled row has more to it, and the places of its
spans hold only as long as its text is left as it was.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import encoding_name
from bunsan.text.readers import opening
from bunsan.text.readers.dispatch import content
from bunsan.text.readers.opening import Source
from bunsan.text.readers.reading import Bad, OnBad, Reading, ReadReport
from bunsan.text.readers.table import MISSING, Row, Table, as_text


@dataclass(frozen=True, slots=True)
class Record:
    """One row.

    Attributes
    ----------
    source, row : where it stands. cells : by column; None where there is nothing.
    """

    source: str
    row: int
    cells: dict[str, Any]

    def bad(self, problem: str, remedy: str | None = None) -> BadInput:
        """The error for something wrong in this row."""
        return BadInput(problem, remedy=remedy, file=self.source, row=self.row)


@dataclass(frozen=True)
class Looked:
    """A table before it is read: its columns, its first rows, its name."""

    columns: list[str]
    sample: list[Row]
    file: str


@dataclass(frozen=True)
class ReadingOptions:
    """How sources are read: see `bunsan.text.documents.read_documents`."""

    encoding: str | None = None
    format: str | None = None
    sheet: str | int | None = None
    on_bad: OnBad = "skip"


Choose = Callable[[Looked], Sequence[str]]
Special = Callable[[Source, Reading], Iterator[Record] | None]


def read_records(
    sources: Any,
    choose: Choose,
    *,
    special: Special | None = None,
    options: ReadingOptions | None = None,
    report: ReadReport | None = None,
) -> Iterator[Record]:
    """The rows of one or several sources, in order, in flat memory.

    Parameters
    ----------
    sources : what `read_documents` reads. A text file has one column, "text".
    choose : told what a table looks like, it says which columns are wanted.
    special : reads what is no table (SQuAD, CoNLL); None where a source is none of these.

    Raises
    ------
    BadInput : a source cannot be read; whatever `choose` raises.
    """
    options = options or ReadingOptions()
    reading = Reading(
        by=(),
        encoding=None if options.encoding is None else encoding_name(options.encoding),
        sheet=options.sheet,
        on_bad=options.on_bad,
        report=report or ReadReport(),
    )
    known = None if options.format is None else opening.format_name(options.format)
    for source in opening.locate(sources, known, reading.report):
        start = reading.report.bytes_read
        found = None if special is None else special(source, reading)
        if found is not None:
            for record in found:
                reading.report.documents += 1
                yield record
        else:
            yield from _table_rows(source, known, reading, choose)
        if source.path is not None and source.path.is_file():
            reading.report.bytes_read = start + source.path.stat().st_size


def _table_rows(
    source: Source, known: str | None, reading: Reading, choose: Choose
) -> Iterator[Record]:
    with content(source, known, reading) as (_, table):
        if not isinstance(table, Table):
            choose(Looked(["text"], [], source.name))
            for document in table:
                yield Record(source.name, document.row, {"text": document.text})
            return
        wanted = list(choose(Looked(table.columns, table.sample, source.name)))
        indexes = [table.columns.index(name) for name in wanted]
        for item in table.rows(indexes):
            if isinstance(item, Bad):
                reading.bad(source.name, item)
                continue
            row, cells = item
            reading.report.documents += 1
            yield Record(
                source.name,
                row,
                {name: plain(cell) for name, cell in zip(wanted, cells, strict=True)},
            )


def plain(cell: Any) -> Any:
    """A cell without the marks of what is missing: None for blanks and NaN, numbers as Python's."""
    if cell is MISSING or cell is None:
        return None
    if isinstance(cell, (str, list, tuple, dict)):
        return None if isinstance(cell, str) and not cell.strip() else cell
    if hasattr(cell, "tolist"):  # an array that pandas or Arrow keeps in a cell
        cell = cell.tolist()
        return cell if isinstance(cell, (list, dict)) else plain(cell)
    return None if as_text(cell) is None else cell


def listed(cell: Any) -> Any:
    """A list or an object, also where a table holds it as JSON text; anything else as it is."""
    if isinstance(cell, str) and cell.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def whole_number(cell: Any) -> int | None:
    """A whole number from a cell of any kind; None where it is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return cell
    text = as_text(cell)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        return None


def text_of(record: Record, column: str) -> str | None:
    """The text in a cell, as it is; a number as a person writes it; None where there is none.

    Raises
    ------
    BadInput : it is a list or an object.
    """
    cell = record.cells.get(column)
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, (list, tuple, dict)):
        raise record.bad(
            tr(f"{column!r} is no text.", f"{column!r} が文字列ではありません。"),
            tr("Make it a string.", "文字列にしてください。"),
        )
    return as_text(cell)
