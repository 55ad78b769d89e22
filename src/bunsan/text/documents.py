"""Reading documents from files, folders, standard input and tables in memory.

`read_documents` streams: memory stays flat whatever the size of a text, CSV, JSON Lines or Parquet
file. Nothing is left out in silence: every row that was not read is counted in the `ReadReport`.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import encoding_name
from bunsan.text.readers import opening, table
from bunsan.text.readers.dispatch import content
from bunsan.text.readers.opening import Source
from bunsan.text.readers.reading import (
    Document,
    OnBad,
    Problem,
    Reading,
    ReadReport,
    Unit,
    reason_label,
)
from bunsan.text.readers.table import Table

__all__ = [
    "Document",
    "Inspection",
    "Problem",
    "ReadReport",
    "batched",
    "bytes_total",
    "inspect",
    "nothing_read",
    "read_documents",
    "reason_label",
]

_BATCH_CHARACTERS = 60_000


def read_documents(
    sources: Any,
    *,
    text: str | int | None = None,
    by: str | int | Sequence[str | int] | None = None,
    keep: str | int | Sequence[str | int] = (),
    unit: Unit = "auto",
    encoding: str | None = None,
    format: str | None = None,
    sheet: str | int | None = None,
    on_bad: OnBad = "skip",
    report: ReadReport | None = None,
) -> Iterator[Document]:
    """The documents of one or several sources, in order.

    Parameters
    ----------
    sources : a path of a file or folder, "-" for standard input, a table with an Arrow C stream
        (pandas, polars, pyarrow), a list of str or of dict; or a list of such sources. A list of
        str is one of files when each is there or has a known suffix, and one of texts otherwise;
        `pathlib.Path` leaves no doubt.
    text : the column of texts, by name or number from 1; None guesses.
    by : the columns that group documents; None guesses, () is none.
    keep : further columns to put into `Document.fields`.
    unit : what a document is in plain text: a "line", a "paragraph" (between blank lines) or a
        "file". "auto" is the line, but the file for the text files of a folder. Lines
        `<h1>...</h1>` to `<h5>` of KH Coder's layout become fields (unless unit is "file").
    encoding : of all text files; None looks at each.
    format : "txt", "khcoder", "csv", "tsv", "xlsx", "jsonl", "parquet", ...; None goes by name and
        content.
    sheet : of a workbook, by name or number from 1; None is the first visible one with cells.
    on_bad : "skip" counts bad rows in the report and goes on; "refuse" raises at the first.
    report : filled while documents are read.

    Raises
    ------
    BadInput : a source is not there or damaged, a column does not exist, or (on "refuse") a row is
        bad. It names file, row and remedy. What can be known before reading is raised at once, the
        rest from the iterator.
    """
    reading = _reading(text, by, keep, unit, encoding, sheet, on_bad, report)
    known = None if format is None else opening.format_name(format)
    located = opening.locate(sources, known, reading.report)
    return _documents(located, known, reading)


@dataclass(frozen=True)
class Inspection:
    """What a source looks like before it is read.

    Parameters
    ----------
    source : the file looked at; the first one of a folder.
    files : how many files the source comes to.
    format : "txt", "khcoder", "csv", "tsv", "excel", "jsonl", "parquet" or "memory".
    encoding : None for formats that are no text.
    encoding_guessed : it was found by looking.
    columns : of a table; none for text files.
    text, by : the columns that would be used; `text` is None when no column has words.
    guessed : one of these was found by looking.
    rows : the first rows as text, a cell for each column; for text files the cells are the headings
        of `by` and the document.
    numbers : their row numbers.
    sheets : of a workbook.
    report : of this look: the rows that are bad.
    """

    source: str
    files: int
    format: str
    encoding: str | None
    encoding_guessed: bool
    columns: tuple[str, ...]
    text: str | None
    by: tuple[str, ...]
    guessed: bool
    rows: list[tuple[str | None, ...]]
    numbers: list[int]
    sheets: tuple[str, ...]
    report: ReadReport


def inspect(
    source: Any,
    *,
    text: str | int | None = None,
    by: str | int | Sequence[str | int] | None = None,
    unit: Unit = "auto",
    encoding: str | None = None,
    format: str | None = None,
    sheet: str | int | None = None,
    rows: int = 5,
) -> Inspection:
    """Look at the first rows of a source: format, encoding, columns and what would be guessed.

    The parameters are those of `read_documents`. Of a large file only the beginning is read.

    Raises
    ------
    BadInput : it cannot be read at all.
    """
    reading = _reading(text, by, (), unit, encoding, sheet, "skip", None)
    known = None if format is None else opening.format_name(format)
    located = opening.locate(source, known, reading.report)
    first = located[0]
    columns: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    report = reading.report
    with content(first, known, reading) as (kind, found):
        if isinstance(found, Table):
            columns, sheets = tuple(found.columns), found.sheets
            for bad in found.bad:
                reading.bad(first.name, bad)
            choice = table.choose(found, first.name, reading)
            text_name = None if choice.text is None else columns[choice.text]
            guessed, groups = choice.guessed, tuple(choice.by)
            shown = found.sample[:rows]
            numbers = [row for row, _ in shown]
            cells = [tuple(table.as_text(cell) for cell in record) for _, record in shown]
        else:
            documents = list(itertools.islice(found, rows))
            text_name, groups, guessed = None, report.by, report.guessed
            numbers = [document.row for document in documents]
            cells = [(*(d.fields[name] for name in groups), d.text) for d in documents]
    return Inspection(
        source=first.name,
        files=len(located),
        format=kind,
        encoding=report.encodings.get(first.name),
        encoding_guessed=first.name in report.guessed_encodings,
        columns=columns,
        text=text_name,
        by=groups,
        guessed=guessed,
        rows=cells,
        numbers=numbers,
        sheets=sheets,
        report=report,
    )


def bytes_total(sources: Any, *, format: str | None = None) -> int | None:
    """The size of all files of `sources` as they lie on the disk, to compare with `bytes_read`.

    None when a source has no size: standard input, a pipe, a table in memory.
    """
    known = None if format is None else opening.format_name(format)
    return opening.bytes_total(opening.locate(sources, known, ReadReport()))


def batched(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """Documents in lists of a size that analysis is fast with."""
    batch: list[Document] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if characters >= _BATCH_CHARACTERS or len(batch) >= 2000:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def nothing_read(report: ReadReport) -> BadInput:
    """The error for sources without a single document, with the reasons."""
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in report.skipped.most_common())
    first = next(iter(report.problems), None)
    return BadInput(
        tr("No document could be read", "読める文書がありません")
        + (f" ({reasons})." if reasons else "."),
        remedy=tr(
            "Check the text column (--text) and the file.",
            "本文の列(--text)とファイルを確かめてください。",
        ),
        file=first.file if first else None,
        row=first.row if first else None,
    )


def _documents(
    located: Sequence[Source], format: str | None, reading: Reading
) -> Iterator[Document]:
    report = reading.report
    for source in located:
        start = report.bytes_read
        with content(source, format, reading) as (_, found):
            if isinstance(found, Table):
                yield from table.documents(found, source.name, reading)
            else:
                yield from found
        if source.path is not None and source.path.is_file():
            report.bytes_read = start + source.path.stat().st_size


def _reading(
    text: str | int | None,
    by: str | int | Sequence[str | int] | None,
    keep: str | int | Sequence[str | int],
    unit: Unit,
    encoding: str | None,
    sheet: str | int | None,
    on_bad: OnBad,
    report: ReadReport | None,
) -> Reading:
    for name, value, allowed in (
        ("unit", unit, get_args(Unit)),
        ("on_bad", on_bad, get_args(OnBad)),
    ):
        if value not in allowed:
            raise BadInput(
                tr(f"{name} cannot be {value!r}.", f"{name} に {value!r} は指定できません。"),
                remedy=tr(
                    f"Choose {', '.join(allowed)}.", f"{'、'.join(allowed)} から選んでください。"
                ),
            )
    return Reading(
        text=text,
        by=(by,) if isinstance(by, str | int) else by,
        keep=(keep,) if isinstance(keep, str | int) else keep,
        unit=unit,
        encoding=None if encoding is None else encoding_name(encoding),
        sheet=sheet,
        on_bad=on_bad,
        report=ReadReport() if report is None else report,
    )
