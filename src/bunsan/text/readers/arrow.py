"""Columns of Arrow data (Parquet, pandas, polars) as the values a person would write."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.columns import unique_names
from bunsan.text.readers.reading import Bad
from bunsan.text.readers.table import Row, Table, beginning, parted

BATCH = 128  # rows turned into Python values at once
_NO_TIME = re.compile(r" 00:00:00(?:\.0*)?$|(?<=:\d\d)\.0+(?=Z?$)")


def arrow_table(
    names: Sequence[str], batches: Callable[[Sequence[int] | None], Iterator[Any]]
) -> Table:
    """A table over record batches.

    Parameters
    ----------
    names : of the columns.
    batches : gives the record batches from the first on, reduced to the columns wanted (None: all).
    """
    columns = unique_names(names)

    def rows(wanted: Sequence[int] | None) -> Iterator[Row | Bad]:
        row = 0
        for batch in batches(wanted):
            for start in range(0, batch.num_rows, BATCH):
                part = batch.slice(start, BATCH)
                cells = [values(part.column(i)) for i in range(part.num_columns)]
                for record in zip(*cells, strict=True):
                    row += 1
                    yield row, record

    first, whole = beginning(rows(None), iter)
    return Table(columns, parted(first)[0], rows, whole)


def values(column: Any) -> list[Any]:
    """An Arrow array as Python values; times as text, since Python's stop at microseconds."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return values(column.storage)
    if pa.types.is_dictionary(kind):
        words = values(column.dictionary)  # decoded here: Arrow cannot for every kind of string
        return [None if i is None else words[i] for i in column.indices.to_pylist()]
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return [None if cell is None else str(cell) for cell in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_temporal(kind):
        try:
            written = pc.cast(column, pa.string()).to_pylist()
        except pa.ArrowInvalid:  # no time zone data on this machine: the time in UTC
            written = pc.cast(column, pa.timestamp(kind.unit)).cast(pa.string()).to_pylist()
        return [
            None if time is None else _NO_TIME.sub("", time).replace(" ", "T") for time in written
        ]
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        # The shortest decimal that gives the number back: 0.1, not 0.10000000149011612.
        return [
            None if c is None else float(c)
            for c in column.cast(pa.float32()).cast(pa.string()).to_pylist()
        ]
    try:
        cells: list[Any] = column.to_pylist()
    except UnicodeDecodeError:  # a string column with bytes that are no UTF-8
        cells = column.cast(pa.binary()).to_pylist()
    return cells


def damaged(file: str, error: Exception, what: str) -> BadInput:
    return BadInput(
        tr(f"cannot be read as {what} ({error}).", f"{what} として読めません({error})。"),
        remedy=tr("Write it again, or save it as CSV.", "作り直すか、CSV で保存してください。"),
        file=file,
    )
