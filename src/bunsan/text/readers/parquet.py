"""Parquet files, some rows at a time and only the columns wanted."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bunsan.text.readers.arrow import BATCH, arrow_table, damaged
from bunsan.text.readers.reading import Reading
from bunsan.text.readers.table import Table

_BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError)


def read_parquet(data: Path | bytes, file: str, reading: Reading) -> Table:
    """The table of a Parquet file.

    Raises
    ------
    BadInput : the file is damaged; this may show only in the middle of reading.
    """
    size = data.stat().st_size if isinstance(data, Path) else 0
    start = reading.report.bytes_read

    def opened() -> Any:
        where = str(data) if isinstance(data, Path) else io.BytesIO(data)
        # Without buffering ahead, memory is bounded by the batch, not by the row group.
        return pq.ParquetFile(where, pre_buffer=False, buffer_size=1 << 20)

    def batches(wanted: Sequence[int] | None) -> Iterator[Any]:
        done = 0
        try:
            with opened() as parquet:
                names = parquet.schema_arrow.names
                # Columns can be asked for by their path only: a dot or a twin makes that ambiguous.
                by_name = len(set(names)) == len(names) and not any("." in name for name in names)
                some = {names[i] for i in wanted} if wanted is not None and by_name else None
                total = max(parquet.metadata.num_rows, 1)
                for batch in parquet.iter_batches(BATCH, columns=some and sorted(some)):
                    done += batch.num_rows
                    if wanted is not None:
                        batch = batch.select([names[i] if some else i for i in wanted])
                        reading.report.bytes_read = start + size * min(done, total) // total
                    yield batch
        except _BROKEN as error:
            raise damaged(file, error, "Parquet") from error

    try:
        with opened() as parquet:
            names = parquet.schema_arrow.names
    except _BROKEN as error:
        raise damaged(file, error, "Parquet") from error
    return arrow_table(names, batches)
