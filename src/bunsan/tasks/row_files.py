"""Rows of a table written as they come: .csv .tsv .xlsx .jsonl .parquet, whole or not at all.

`tasks.table` writes results that are in memory; here memory stays flat whatever the number of rows.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr

SUFFIXES = (".csv", ".tsv", ".xlsx", ".jsonl", ".parquet")
_EXCEL_ROWS, _EXCEL_CELL = 1_048_576, 32_767
_WHOLE = ("row", "start", "end")

Rows = Sequence[Mapping[str, Any]]


class RowWriter(Protocol):
    """Takes rows, some at a time; the first ones decide the columns."""

    def write(self, rows: Rows) -> None:
        """Append rows."""
        ...


def check_rows_suffix(path: Path) -> None:
    """Refuse a file that rows cannot be written to."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(
            tr(
                f"Rows cannot be written as {path.suffix!r}.",
                f"表は {path.suffix!r} 形式では書けません。",
            ),
            remedy=tr("Use one of: ", "使える拡張子: ") + " ".join(SUFFIXES),
            file=path,
        )


@contextmanager
def row_writer(path: Path) -> Iterator[RowWriter]:
    """A writer for the suffix of `path`; the file appears when the block ends without an error."""
    check_rows_suffix(path)
    kind = path.suffix.lower()
    with ExitStack() as stack:
        if kind == ".jsonl":
            text = atomic_write(path, "w", encoding="utf-8", newline="\n")
            yield LineWriter(stack.enter_context(text))
        elif kind == ".parquet":
            parquet = _Parquet(stack.enter_context(atomic_write(path)))
            yield parquet
            parquet.close()
        elif kind == ".xlsx":
            excel = _Excel(stack.enter_context(atomic_write(path)), path)
            yield excel
            excel.close()
        else:
            text = atomic_write(path, "w", encoding="utf-8-sig", newline="")
            delimiter = "\t" if kind == ".tsv" else ","
            yield _Delimited(stack.enter_context(text), delimiter)


class LineWriter:
    """One JSON object a row."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, rows: Rows) -> None:
        """Append rows."""
        self.file.writelines(
            json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows
        )


class _Delimited:
    def __init__(self, file: IO[str], delimiter: str) -> None:
        self.rows = csv.writer(file, delimiter=delimiter)
        self.columns: list[str] = []

    def write(self, rows: Rows) -> None:
        if rows and not self.columns:
            self.columns = list(rows[0])
            self.rows.writerow(self.columns)
        self.rows.writerows([_cell(row.get(name)) for name in self.columns] for row in rows)


class _Excel:
    def __init__(self, file: IO[bytes], path: Path) -> None:
        import xlsxwriter

        self.book = xlsxwriter.Workbook(file, {"constant_memory": True})
        self.sheet = self.book.add_worksheet()
        self.path, self.columns, self.at = path, list[str](), 0

    def write(self, rows: Rows) -> None:
        if rows and not self.columns:
            self.columns = list(rows[0])
            self._row(self.columns)
        for row in rows:
            self._row([_cell(row.get(name)) for name in self.columns])

    def _row(self, cells: Sequence[Any]) -> None:
        if self.at >= _EXCEL_ROWS:
            raise BadInput(
                tr(
                    f"A sheet has {_EXCEL_ROWS:,} rows at most.",
                    f"シートの行は {_EXCEL_ROWS:,} までです。",
                ),
                remedy=tr("Write .csv or .parquet.", ".csv か .parquet にしてください。"),
                file=self.path,
            )
        for column, cell in enumerate(cells):
            if isinstance(cell, str):  # never as a formula
                self.sheet.write_string(self.at, column, cell[:_EXCEL_CELL])
            elif cell is not None:
                self.sheet.write(self.at, column, cell)
        self.at += 1

    def close(self) -> None:
        self.book.close()


class _Parquet:
    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.writer: Any = None

    def write(self, rows: Rows) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.writer is None:
            if not rows:
                return
            fields = [(name, _arrow_kind(name, rows)) for name in rows[0]]
            self.writer = pq.ParquetWriter(self.file, pa.schema(fields))
        schema = self.writer.schema
        columns = {
            field.name: [_typed(row.get(field.name), field.type) for row in rows]
            for field in schema
        }
        self.writer.write_table(pa.table(columns, schema=schema))

    def close(self) -> None:
        if self.writer is None:  # a file without rows is a file all the same
            import pyarrow as pa
            import pyarrow.parquet as pq

            self.writer = pq.ParquetWriter(self.file, pa.schema([("row", pa.int64())]))
        self.writer.close()


def _arrow_kind(name: str, rows: Rows) -> Any:
    """The type of a column, by its name where its first cells may all be blank."""
    import pyarrow as pa

    if name in _WHOLE:
        return pa.int64()
    if name == "probability" or name.startswith("p("):
        return pa.float64()
    values = [row[name] for row in rows if row[name] is not None]
    if values and all(isinstance(value, float) for value in values):
        return pa.float64()
    return pa.string()


def _typed(value: Any, kind: Any) -> Any:
    import pyarrow as pa

    return _cell(value) if value is None or not pa.types.is_string(kind) else str(_cell(value))


def _cell(value: Any) -> Any:
    """A list or an object as JSON text."""
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
