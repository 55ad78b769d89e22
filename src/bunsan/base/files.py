"""Files that are written whole or not at all, and arrays that open without being read.

Arrays are kept as safetensors (an 8-byte header length, a JSON header, raw little-endian data). The
`safetensors` package copies tensors into memory when it reads them for numpy; a collection has to
open in milliseconds whatever its size, so reading is done here with one memory map per file.
"""

import itertools
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_DTYPES: dict[str, str] = {
    "BOOL": "?",
    "U8": "<u1",
    "I8": "<i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_LARGEST_HEADER = 100_000_000  # the limit the format's own reader sets


@contextmanager
def atomic_write(path: str | Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file beside `path`; on a clean exit it takes the place of `path` in one step.

    The data is flushed to the disk before the rename, so after a crash or a power cut the old or
    the new content is there, never half of one. On an error the new file is deleted and `path` stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with beside.open(mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def replaced_folder(folder: str | Path) -> Iterator[Path]:
    """A folder yet to be made, beside `folder`; on a clean exit it takes the place of `folder`.

    On an error what was made is deleted and `folder` stays as it was.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.part")
    old = beside.with_suffix(".old")
    try:
        yield beside
        if folder.exists():
            folder.replace(old)
        try:
            beside.replace(folder)
        except OSError:
            if old.exists():
                old.replace(folder)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names inside `folder` last through a power cut (where the system can)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open a folder; it needs no such call either
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as readable UTF-8 JSON, atomically."""
    with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(value, file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file; a broken one is a `BadInput` that names it and the line."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        problem = tr(f"is not valid JSON ({error.msg}).", f"JSON として読めません({error.msg})。")
        raise BadInput(problem, file=path, row=error.lineno) from error
    except UnicodeDecodeError as error:
        raise BadInput(tr("is not UTF-8.", "UTF-8 ではありません。"), file=path) from error


def save_arrays(
    path: str | Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays as one safetensors file, atomically, without a second copy in memory.

    Every array starts at a multiple of 64 bytes, so that a memory-mapped one is aligned for the
    widest vector instructions.
    """
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = dict(metadata)
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    offset = 0
    # The widest types first: the format's own reader wants no holes between tensors, and this order
    # keeps each one aligned to its own size without any.
    order = sorted(contiguous, key=lambda name: (-contiguous[name].dtype.itemsize, name))
    for name in order:
        array = contiguous[name]
        little = array.dtype.newbyteorder("<") if array.dtype.byteorder == ">" else array.dtype
        contiguous[name] = array = array.astype(little, copy=False)
        if array.dtype not in _NAMES:
            raise TypeError(f"{name}: dtype {array.dtype} has no name in safetensors")
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            if contiguous[name].nbytes:
                file.write(contiguous[name].reshape(-1).view(np.uint8))


def open_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """Memory-map every array of a safetensors file, read-only.

    Raises
    ------
    BadInput : the file is truncated, or its header does not describe the bytes that follow it.
    """
    path = Path(path)
    header, start, size = _read_header(path)
    if size == start:
        data: NDArray[Any] = np.empty(0, np.uint8)
    else:
        # As a plain array: every slice of the memmap subclass would cost a Python call.
        data = np.asarray(np.memmap(path, np.uint8, mode="r"))[start:]
    arrays: dict[str, NDArray[Any]] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            dtype = np.dtype(_DTYPES[entry["dtype"]])
            shape = tuple(int(n) for n in entry["shape"])
            begin, end = (int(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as error:
            raise _broken(path, f"{name}: {error}") from error
        count = 1
        for n in shape:
            count *= n
        if min(shape, default=0) < 0 or not 0 <= begin <= end <= size - start:
            raise _broken(path, name)
        if count * dtype.itemsize != end - begin:
            raise _broken(path, name)
        spans.append((begin, end))
        arrays[name] = data[begin:end].view(dtype).reshape(shape)
    spans.sort()
    if any(a[1] > b[0] for a, b in itertools.pairwise(spans)):
        raise _broken(path, tr("tensors overlap", "テンソルが重なっています"))
    return arrays


def read_metadata(path: str | Path) -> dict[str, str]:
    """The `__metadata__` of a safetensors file; its arrays are not touched."""
    header, _, _ = _read_header(Path(path))
    return dict(header.get("__metadata__", {}))


def _read_header(path: Path) -> tuple[dict[str, Any], int, int]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _LARGEST_HEADER):
            raise _broken(path, tr("the header is cut short", "ヘッダーが途中で切れています"))
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise _broken(path, str(error)) from error
    if not isinstance(header, dict):
        raise _broken(path, tr("the header is no object", "ヘッダーが不正です"))
    return header, 8 + length, size


def _broken(path: Path, detail: str) -> BadInput:
    return BadInput(
        tr(
            f"is damaged or not safetensors ({detail}).",
            f"壊れているか safetensors ではありません({detail})。",
        ),
        file=path,
    )
