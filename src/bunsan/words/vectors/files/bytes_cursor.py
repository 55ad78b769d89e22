"""Reading binary data from left to right, never beyond its end."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.vectors.account import Account


class Cursor:
    """A place in the bytes of a file.

    Parameters
    ----------
    data : uint8[n], the whole file. path : what errors call it.
    """

    def __init__(self, data: NDArray[np.uint8], path: Path) -> None:
        self.data, self.path, self.place = data, path, 0

    def room(self, size: int) -> None:
        """BadInput where fewer than `size` bytes are left."""
        if size < 0 or size > len(self.data) - self.place:
            raise BadInput(
                tr(
                    f"ends too early: {size:,} bytes should follow byte {self.place:,}, there are"
                    f" {len(self.data) - self.place:,}.",
                    f"途中で切れています。{self.place:,} バイト目から {size:,} バイト続くはずが、"
                    f"残りは {len(self.data) - self.place:,} バイトです。",
                ),
                remedy=tr("Fetch it again.", "取得し直してください。"),
                file=self.path,
            )

    def skip(self, size: int) -> None:
        """Go on by some bytes."""
        self.room(size)
        self.place += size

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        """The next `count` numbers; of the file's own memory."""
        size = count * np.dtype(dtype).itemsize
        self.room(size)
        part = self.data[self.place : self.place + size].view(dtype)
        self.place += size
        return part

    def number(self, dtype: str) -> Any:
        """The next number."""
        return self.array(dtype, 1)[0].item()

    def matrix(self) -> NDArray[np.float32]:
        """Rows, columns (int64) and as many float32."""
        m, n = int(self.number("<i8")), int(self.number("<i8"))
        if m < 0 or n < 0:
            raise self.refuse(f"{m} x {n}")
        return self.array("<f4", m * n).reshape(m, n)

    def end(self, account: Account) -> None:
        """Note bytes after the end."""
        rest = len(self.data) - self.place
        if rest:
            account.add("after_the_end", detail=f"{rest:,}")

    def refuse(self, what: str) -> BadInput:
        """The error for something that cannot be, at this place."""
        return BadInput(
            tr(
                f"is damaged near byte {self.place:,}: {what}.",
                f"{self.place:,} バイト目の近くが壊れています: {what}。",
            ),
            remedy=tr("Fetch it again.", "取得し直してください。"),
            file=self.path,
        )
