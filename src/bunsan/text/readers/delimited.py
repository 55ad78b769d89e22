"""CSV and TSV, row by row, with the rows that are damaged named and left out."""

import csv
import itertools
from collections import deque
from collections.abc import Iterator, Sequence

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.columns import unique_names
from bunsan.text.encoding import DAMAGED
from bunsan.text.readers.reading import LONGEST, OVERLONG, Bad, Reading
from bunsan.text.readers.table import Row, Table, no_rows, streamed

_END = "\udcfd"  # a line after the last, which no file can hold
_LOOKED_AT = 20  # lines to find the delimiter by
_RESCANS = 1 << 26  # characters read again after quotation marks that were never closed


def read_delimited(lines: Iterator[str], file: str, reading: Reading, delimiter: str) -> Table:
    """The table of a CSV (`delimiter` ",") or TSV (tab) file.

    Rows are numbered by the physical line they begin at; the header's is the first that is not
    blank. Another delimiter is taken if the header has it and not the expected one.

    Raises
    ------
    BadInput : there is no header, or it is damaged.
    """
    if csv.field_size_limit() < 2 * LONGEST:
        csv.field_size_limit(2 * LONGEST)
    head = list(itertools.islice(lines, _LOOKED_AT))
    delimiter = _delimiter(head, delimiter)
    records = _records(itertools.chain(head, lines), delimiter, file, reading)
    header = next(records, None)
    if header is None:
        raise no_rows(file)
    if isinstance(header, Bad):  # the next row must not pass for it
        raise header.error(file)
    columns = unique_names(header[1])
    return streamed(columns, _even(records, len(columns)))


def sniff_delimiter(lines: Sequence[str]) -> str | None:
    """The delimiter of lines that look like a table with a header row, else None."""
    for delimiter in "\t,;":
        rows = [
            row for row in csv.reader((line + "\n" for line in lines), delimiter=delimiter) if row
        ]
        if len(rows) > 2:
            rows.pop()  # may be the first half of a row
        if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
            continue
        header = rows[0]
        names = all(cell and cell == cell.strip() and len(cell) <= 40 for cell in header)
        if names and len(set(header)) == len(header):
            return delimiter
    return None


def _delimiter(head: Sequence[str], expected: str) -> str:
    first = next((line for line in head if line.strip()), "")
    if expected in first:
        return expected
    return next(
        (other for other in ",\t;" if other in first and sniff_delimiter(head) == other), expected
    )


def _even(records: Iterator[Row | Bad], width: int) -> Iterator[Row | Bad]:
    """Rows with as many cells as the header; blank cells beyond it are no loss."""
    for item in records:
        if isinstance(item, Bad):
            yield item
            continue
        row, cells = item
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]
        if len(cells) == width:
            yield row, cells
            continue
        problem = tr(
            f"The row has {len(cells)} cells, the header {width}.",
            f"見出しは {width} 列ですが、この行は {len(cells)} 列です。",
        )
        remedy = tr(
            "Put quotation marks around cells that hold the delimiter or line breaks.",
            "区切り文字や改行を含むセルは引用符で囲んでください。",
        )
        yield Bad(row, "ragged", problem, remedy)


def _records(
    lines: Iterator[str], delimiter: str, file: str, reading: Reading
) -> Iterator[Row | Bad]:
    """(row, cells) of every record that is not blank, or what is bad about it."""
    back: deque[str] = deque()  # lines to be read again
    pending: list[str] = []  # lines of the record under way
    rescanned = 0
    row = 1

    def feed() -> Iterator[str]:
        size = 0
        while True:
            line = back.popleft() if back else next(lines, _END)
            if line is _END:
                yield _END
                return
            if not pending:
                size = 0
            size += len(line)
            pending.append(line)
            if size > LONGEST and len(pending) > 1:
                raise _Unclosed
            yield line + "\n"

    reader = csv.reader(feed(), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
            if cells[-1:] and _END in cells[-1]:
                if not pending:
                    return
                raise _Unclosed
        except _Unclosed:
            yield _unclosed(row)
            rescanned += sum(map(len, pending))
            if rescanned > _RESCANS:
                raise _unpaired(file, row) from None
            back.extendleft(reversed(pending[1:]))
            row += 1
            pending.clear()
            reader = csv.reader(feed(), delimiter=delimiter)
            continue
        if any(DAMAGED in line or line == OVERLONG for line in pending):
            yield reading.damage(file, row, "\n".join(pending))
        elif not any(cell and not cell.isspace() for cell in cells):
            reading.report.blank += 1
        else:
            yield row, cells
        row += len(pending)
        pending.clear()


class _Unclosed(Exception):
    pass


def _unclosed(row: int) -> Bad:
    problem = tr(
        "A quotation mark that begins a cell here is never closed.",
        'この行で始まる引用符 " が閉じていません。',
    )
    remedy = tr(
        "Close it, or write a quotation mark inside a cell twice, the cell in quotation marks.",
        "閉じるか、セル全体を引用符で囲み、中の引用符は二つ重ねてください。",
    )
    return Bad(row, "unclosed_quote", problem, remedy)


def _unpaired(file: str, row: int) -> BadInput:
    return BadInput(
        tr(
            "Too many quotation marks in the file are never closed.",
            '閉じていない引用符 " が多すぎます。',
        ),
        remedy=tr(
            "Save the table as CSV or xlsx again from the program that wrote it.",
            "元のソフトで CSV か xlsx として保存し直してください。",
        ),
        file=file,
        row=row,
    )
