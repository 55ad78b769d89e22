"""Tables in memory: pandas, polars and Arrow by the Arrow C stream, lists of str, lists of dict."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.readers.arrow import BATCH, arrow_table, damaged
from bunsan.text.readers.opening import TABLE
from bunsan.text.readers.table import MISSING, Row, Table, streamed

_INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name


def read_memory(value: Any) -> Table:
    """The table that a value in memory is; its rows are numbered from 1.

    Parameters
    ----------
    value : anything with `__arrow_c_stream__`, a list of str (one column, "text") or of mappings.
    """
    if hasattr(value, "__arrow_c_stream__"):
        return _arrow(value)
    if isinstance(value[0], Mapping):
        return _records(value)
    rows: Iterator[Row] = ((row, (text,)) for row, text in enumerate(value, 1))
    return streamed(["text"], rows)


def _records(records: Sequence[Mapping[Any, Any]]) -> Table:
    keys = {str(key): key for record in records for key in record}
    columns = list(keys)
    rows: Iterator[Row] = (
        (row, [record.get(key, MISSING) for key in keys.values()])
        for row, record in enumerate(records, 1)
    )
    return streamed(columns, rows)


def _arrow(value: Any) -> Table:
    try:
        try:
            reader = pa.RecordBatchReader.from_stream(value)
            names = reader.schema.names
            stream = iter(reader)
        except pa.ArrowInvalid:  # a series: values of one kind, not records
            chunks = pa.chunked_array(value).chunks
            names = ["text"]
            stream = iter([pa.record_batch([chunk], names=names) for chunk in chunks])
        kept = [i for i, name in enumerate(names) if not _INDEX.fullmatch(name)]
        # The first rows are looked at before all are read, and some streams run only once.
        head: list[Any] = []
        rows = 0
        for batch in stream:
            head.append(batch)
            rows += batch.num_rows
            if rows >= BATCH:
                break
    except Exception as error:  # any library's, about columns of mixed kinds
        raise _mixed(error) from error

    def batches(wanted: Sequence[int] | None) -> Iterator[Any]:
        chosen = kept if wanted is None else [kept[i] for i in wanted]
        rest = iter(()) if wanted is None else _rest(stream)
        for batch in itertools.chain(head, rest):
            yield batch.select(chosen)

    return arrow_table([names[i] for i in kept], batches)


def _rest(stream: Iterator[Any]) -> Iterator[Any]:
    while True:
        try:
            batch = next(stream, None)
        except pa.ArrowException as error:
            raise damaged(TABLE, error, "Arrow") from error
        if batch is None:
            return
        yield batch


def _mixed(error: Exception) -> BadInput:
    detail = error.args[0] if error.args else error
    return BadInput(
        tr(f"The table cannot be read ({detail}).", f"表を読めません({detail})。"),
        remedy=tr(
            "Give each column values of one type, such as table[column].astype(str).",
            "列ごとに型をそろえてください(例: table[column].astype(str))。",
        ),
        file=TABLE,
    )
