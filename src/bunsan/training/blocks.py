"""Arrays on disk in raw files whose every mebibyte has a checksum, compared when it is first read.

A corpus may be larger than memory and take minutes to read, so opening checks sizes alone; damage is
found, and the file named, before the first number out of a damaged mebibyte is used.
"""

import os
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

BLOCK = 1 << 20


class BlockWriter:
    """Appends numbers to a raw little-endian file."""

    def __init__(self, path: Path, dtype: DTypeLike) -> None:
        self.path = path
        self.count = 0
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._file: IO[bytes] = path.open("wb")
        self._sums: list[int] = []
        self._sum = 0
        self._filled = 0  # bytes in the block under way

    def write(self, values: NDArray[Any]) -> None:
        """Append a row of numbers."""
        data = np.ascontiguousarray(values, self._dtype).view(np.uint8).reshape(-1).data
        self.count += len(values)
        self._file.write(data)
        while len(data):
            part = data[: BLOCK - self._filled]
            self._sum = zlib.crc32(part, self._sum)
            self._filled += len(part)
            data = data[len(part) :]
            if self._filled == BLOCK:
                self._sums.append(self._sum)
                self._sum = self._filled = 0

    def close(self) -> dict[str, Any]:
        """End the file, safely on the disk; what `BlockFile` needs to know about it."""
        if self._filled:
            self._sums.append(self._sum)
            self._filled = 0
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        about = {"file": self.path.name, "dtype": self._dtype.str, "count": self.count}
        return about | {"crc32": self._sums}

    def abandon(self) -> None:
        """Close without a promise."""
        self._file.close()


class BlockFile:
    """A raw file, memory-mapped.

    Parameters
    ----------
    folder : where it lies. about : what `BlockWriter.close` gave.

    Raises
    ------
    BadInput : the file is absent or has another size.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.path = folder / about["file"]
        self.dtype = np.dtype(about["dtype"])
        self.count = int(about["count"])
        self.sums: list[int] = about["crc32"]
        size = self.count * self.dtype.itemsize
        if not self.path.is_file() or self.path.stat().st_size != size:
            raise _damaged(
                self.path, tr("is absent or has another size.", "がないか、大きさが違います。")
            )
        self._bytes: NDArray[np.uint8] = np.empty(0, np.uint8)
        if size:
            # As a plain array: every slice of the memmap subclass would cost a Python call.
            self._bytes = np.asarray(np.memmap(self.path, np.uint8, mode="r"))
        self._sound = np.zeros(len(self.sums), np.bool_)
        self._values = self._bytes.view(self.dtype)

    def read(self, begin: int, end: int) -> NDArray[Any]:
        """The numbers from `begin` to `end`, on the file's pages.

        Raises
        ------
        BadInput : they are not what was written.
        """
        if begin < end:
            first = begin * self.dtype.itemsize // BLOCK
            last = (end * self.dtype.itemsize - 1) // BLOCK
            if not self._sound[first : last + 1].all():
                self._check(first, last)
        return self._values[begin:end]

    def gather(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """The numbers at these places.

        Raises
        ------
        BadInput : they are not what was written.
        """
        for block in np.unique(places * self.dtype.itemsize // BLOCK).tolist():
            if not self._sound[block]:
                self._check(block, block)
        found: NDArray[Any] = self._values[places]
        return found

    def check(self) -> None:
        """Compare every checksum.

        Raises
        ------
        BadInput : one is wrong.
        """
        self._check(0, len(self.sums) - 1)

    def _check(self, first: int, last: int) -> None:
        for block in range(first, last + 1):
            if self._sound[block]:
                continue
            if (
                zlib.crc32(self._bytes[block * BLOCK : (block + 1) * BLOCK].data)
                != self.sums[block]
            ):
                raise _damaged(
                    self.path,
                    tr(
                        f"is damaged between bytes {block * BLOCK:,} and {(block + 1) * BLOCK:,}.",
                        f"{block * BLOCK:,} バイト目から {(block + 1) * BLOCK:,} バイト目までの間が壊れています。",
                    ),
                )
            self._sound[block] = True


def _damaged(path: Path, problem: str) -> BadInput:
    return BadInput(
        problem,
        remedy=tr(
            "Delete the folder of the training to have the corpus read again.",
            "学習用のフォルダーを消すと、コーパスを読み直します。",
        ),
        file=path,
    )
