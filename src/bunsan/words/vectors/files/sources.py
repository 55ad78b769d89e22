"""The bytes of a file, decompressed where need be."""

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"PK\x03\x04": "zip", b"\xfd7zXZ\x00": "xz"}
_CHUNK = 1 << 20


def packing(path: Path) -> str | None:
    """gzip, bzip2, xz or zip by the first bytes of a file; None where it is none of them."""
    with path.open("rb") as file:
        start = file.read(6)
    return next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Read a file's bytes from the beginning, decompressed. A zip must hold one file.

    Raises
    ------
    BadInput : the compressed data is cut short or damaged (while reading).
    """
    kind = packing(path)
    try:
        if kind == "gzip":
            with gzip.open(path, "rb") as file:
                yield file  # type: ignore[misc]
        elif kind == "bzip2":
            with bz2.open(path, "rb") as file:
                yield file
        elif kind == "xz":
            with lzma.open(path, "rb") as file:
                yield file
        elif kind == "zip":
            with zipfile.ZipFile(path) as archive, archive.open(_only(archive, path)) as member:
                yield member
        else:
            with path.open("rb", buffering=0) as file:
                yield file
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise _damaged(path, kind, error) from error
    except OSError as error:
        if kind != "bzip2" or error.errno is not None:  # bz2 reports damage as a bare OSError
            raise
        raise _damaged(path, kind, error) from error


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A path that can be memory-mapped: the file itself, or a temporary decompressed copy."""
    if packing(path) is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="bunsan-") as folder:
        copy = Path(folder) / "unpacked"
        with open_bytes(path) as file, copy.open("wb") as target:
            shutil.copyfileobj(file, target, _CHUNK)
        yield copy


def map_bytes(path: Path) -> NDArray[np.uint8]:
    """uint8[n], the bytes of a file, memory-mapped."""
    if path.stat().st_size == 0:
        return np.empty(0, np.uint8)
    return np.asarray(np.memmap(path, np.uint8, mode="r"))


def _only(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5])
        raise BadInput(
            tr(
                f"holds {len(members)} files ({names}).",
                f"{len(members)} 個のファイルが入っています({names})。",
            ),
            remedy=tr("Unpack it and choose one.", "展開して、どれかを選んでください。"),
            file=path,
        )
    return members[0]


def _damaged(path: Path, kind: str | None, error: Exception) -> BadInput:
    return BadInput(
        tr(
            f"is cut short or damaged {kind} data ({error}).",
            f"{kind} のデータが途中で切れているか壊れています({error})。",
        ),
        remedy=tr("Fetch it again.", "取得し直してください。"),
        file=path,
    )
