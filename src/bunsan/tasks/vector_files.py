"""Vectors with what they are of, written block by block: .npy .safetensors .parquet .csv .tsv .jsonl.

Memory stays flat whatever the number of vectors, and a file is there whole or not at all.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr

SUFFIXES = (".parquet", ".npy", ".safetensors", ".csv", ".tsv", ".jsonl")


@dataclass(frozen=True)
class VectorBlock:
    """m vectors of one shape, (m, ...), and m values of every column beside them."""

    columns: Mapping[str, Sequence[Any]]
    vectors: NDArray[np.float32]


class BlockWriter(Protocol):
    """Takes blocks one after another."""

    def write(self, block: VectorBlock) -> None:
        """Append a block."""
        ...


def check_suffix(path: Path) -> None:
    """Refuse a file that vectors cannot be written to."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(
            tr(
                f"Vectors cannot be written as {path.suffix!r}.",
                f"ベクトルは {path.suffix!r} 形式では書けません。",
            ),
            remedy=tr("Use one of: ", "使える拡張子: ") + " ".join(SUFFIXES),
            file=path,
        )


@contextmanager
def vector_writer(path: Path, metadata: Mapping[str, str]) -> Iterator[BlockWriter]:
    """A writer for the suffix of `path`; the file appears when the block ends without an error.

    .npy has no room for columns: they are put into NAME.rows.csv beside it.
    """
    check_suffix(path)
    kind = path.suffix.lower()
    with ExitStack() as stack:
        writer: Any
        if kind == ".npy":
            rows = stack.enter_context(_text_file(path.with_suffix(".rows.csv")))
            writer = _Numpy(stack.enter_context(atomic_write(path)), rows)
        elif kind == ".safetensors":
            writer = _Safetensors(stack.enter_context(atomic_write(path)), metadata)
        elif kind == ".parquet":
            writer = _Parquet(stack.enter_context(atomic_write(path)), metadata)
        elif kind == ".jsonl":
            writer = JsonLines(stack.enter_context(_text_file(path, encoding="utf-8")))
        else:
            delimiter = "\t" if kind == ".tsv" else ","
            writer = _Delimited(stack.enter_context(_text_file(path)), delimiter)
        stack.enter_context(writer)
        yield writer


def _text_file(path: Path, encoding: str = "utf-8-sig") -> Any:
    return atomic_write(path, "w", encoding=encoding, newline="")


class _Writer:
    """Does nothing at the beginning and the end."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if kind is None:
            self.close()

    def close(self) -> None:
        """All blocks are written."""


class JsonLines(_Writer):
    """One object a vector: its columns, then "vector"."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file

    def write(self, block: VectorBlock) -> None:
        """Append a block."""
        names = list(block.columns)
        for values, vector in zip(_rows(block), block.vectors, strict=True):
            text = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
            self.file.write(f'{text[:-1]}{", " if names else ""}"vector": {_numbers(vector)}}}\n')


def _rows(block: VectorBlock) -> Iterator[tuple[Any, ...]]:
    return zip(*block.columns.values(), strict=True) if block.columns else iter(())


def _numbers(vector: NDArray[np.float32]) -> str:
    """JSON of an array; every number as short as tells it from its neighbours."""
    if vector.ndim > 1:
        return f"[{', '.join(map(_numbers, vector))}]"
    return f"[{', '.join(map(_number, vector))}]"


def _number(value: np.float32) -> str:
    return np.format_float_positional(value, trim="-") if np.isfinite(value) else "null"


class _Delimited(_Writer):
    """A column for every number: v0, v1, ..."""

    def __init__(self, file: IO[str], delimiter: str) -> None:
        self.file, self.rows = file, csv.writer(file, delimiter=delimiter)
        self.started = False

    def write(self, block: VectorBlock) -> None:
        flat = block.vectors.reshape(len(block.vectors), -1)
        if not self.started:
            self.rows.writerow([*block.columns, *(f"v{i}" for i in range(flat.shape[1]))])
            self.started = True
        for values, vector in zip(_rows(block), flat, strict=True):
            self.rows.writerow([*values, *map(_number, vector)])


class _Numpy(_Writer):
    """The array, and a table of the columns beside it."""

    _ROOM = 128  # bytes of the header, which is written again when the number of rows is known

    def __init__(self, file: IO[bytes], rows: IO[str]) -> None:
        self.file, self.rows = file, csv.writer(rows)
        self.shape: tuple[int, ...] = ()
        self.n = 0
        file.write(b" " * self._ROOM)

    def write(self, block: VectorBlock) -> None:
        if not self.n:
            self.rows.writerow(block.columns)
            self.shape = block.vectors.shape[1:]
        self.rows.writerows(_rows(block))
        self.file.write(np.ascontiguousarray(block.vectors, "<f4").data)
        self.n += len(block.vectors)

    def close(self) -> None:
        header = io.BytesIO()
        shape = (self.n, *self.shape)
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )
        made = header.getvalue()
        if len(made) > self._ROOM:
            raise ValueError("the header of the array is too long")
        # The format lets the header be filled up with spaces before its line feed.
        length = self._ROOM - 10
        text = made[10:-1].ljust(length - 1) + b"\n"
        self.file.seek(0)
        self.file.write(made[:8] + length.to_bytes(2, "little") + text)


class _Safetensors(_Writer):
    """Tensors "vectors" and, for columns of whole numbers, one each; other columns in the metadata."""

    def __init__(self, file: IO[bytes], metadata: Mapping[str, str]) -> None:
        self.file, self.metadata = file, dict(metadata)
        self.data = TemporaryFile()  # noqa: SIM115  # closed below
        self.shape: tuple[int, ...] = ()
        self.n = 0
        self.columns: dict[str, list[Any]] = {}

    def write(self, block: VectorBlock) -> None:
        self.shape = block.vectors.shape[1:]
        self.data.write(np.ascontiguousarray(block.vectors, "<f4").data)
        self.n += len(block.vectors)
        for name, values in block.columns.items():
            self.columns.setdefault(name, []).extend(values)

    def close(self) -> None:
        numbers = {
            name: np.array(values, "<i8")
            for name, values in self.columns.items()
            if all(isinstance(value, int) for value in values)
        }
        words = {name: v for name, v in self.columns.items() if name not in numbers}
        header: dict[str, Any] = {"__metadata__": self.metadata | {"columns": json.dumps(words)}}
        at = 0
        for name, array in numbers.items():
            header[name] = {
                "dtype": "I64",
                "shape": [len(array)],
                "data_offsets": [at, at + array.nbytes],
            }
            at += array.nbytes
        size = self.data.tell()
        shape = [self.n, *self.shape]
        header["vectors"] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        text = json.dumps(header, ensure_ascii=False).encode()
        text += b" " * (-(len(text) + 8) % 64)
        self.file.write(len(text).to_bytes(8, "little") + text)
        for array in numbers.values():
            self.file.write(array.data)
        self.data.seek(0)
        while piece := self.data.read(1 << 22):
            self.file.write(piece)

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        super().__exit__(kind, value, trace)
        self.data.close()


class _Parquet(_Writer):
    """A column "vector" of lists of one length."""

    def __init__(self, file: IO[bytes], metadata: Mapping[str, str]) -> None:
        self.file, self.metadata = file, metadata
        self.writer: Any = None

    def write(self, block: VectorBlock) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        values = pa.array(np.ascontiguousarray(block.vectors).reshape(-1))
        size = int(np.prod(block.vectors.shape[1:]))
        arrays = [_arrow(name, values) for name, values in block.columns.items()]
        arrays.append(pa.FixedSizeListArray.from_arrays(values, size))
        table = pa.table(arrays, names=[*block.columns, "vector"])
        if self.writer is None:
            schema = table.schema.with_metadata(self.metadata)
            self.writer = pq.ParquetWriter(self.file, schema)
        self.writer.write_table(table.cast(self.writer.schema))

    def close(self) -> None:
        if self.writer is None:  # a file without vectors is a file all the same
            import pyarrow as pa
            import pyarrow.parquet as pq

            self.writer = pq.ParquetWriter(
                self.file, pa.schema([("vector", pa.list_(pa.float32()))])
            )
        self.writer.close()


def _arrow(name: str, values: Sequence[Any]) -> Any:
    import pyarrow as pa

    kind = pa.int64() if name in ("row", "begin", "end", "layer") else pa.string()
    return pa.array(values, kind)
