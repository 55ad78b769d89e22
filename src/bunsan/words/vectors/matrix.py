"""Rows of numbers in float32, float16 or int8, read as float32 a block at a time.

int8 keeps each row as 127 steps either way of its largest number: a quarter of the memory. Every
row has its own scale, so that short and long vectors lose equally little.
"""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.vectors.half import to_float32

Floats = NDArray[np.float32]
Storage = Literal["float32", "float16", "int8"]

_BLOCK_BYTES = 1 << 23  # of float32 in hand at once: what the processor's caches can hold on to


class Matrix:
    """R rows of d numbers.

    Parameters
    ----------
    values : [R, d] float32, float16 or int8 (other kinds of numbers are made float32).
    scale : float32[R], what an int8 row is multiplied by; None for floats.
    """

    def __init__(self, values: ArrayLike, scale: ArrayLike | None = None) -> None:
        array = np.asarray(values)
        if array.ndim != 2:
            raise ValueError(f"rows of shape {array.shape}")
        if array.dtype not in (np.float32, np.float16, np.int8) or not array.dtype.isnative:
            array = array.astype(np.float32)
        if (scale is None) == (array.dtype == np.int8):
            raise ValueError("int8 rows have a scale each, floats have none")
        self.values: NDArray[Any] = array
        self.scale: Floats | None = None if scale is None else np.asarray(scale, np.float32)
        if self.scale is not None and self.scale.shape != (len(array),):
            raise ValueError(f"{self.scale.shape} scales for {len(array)} rows")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        """Numbers in a row."""
        return int(self.values.shape[1])

    @property
    def storage(self) -> Storage:
        """float32, float16 or int8."""
        name: Storage = self.values.dtype.name  # type: ignore[assignment]
        return name

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers and their scales."""
        return self.values.nbytes + (0 if self.scale is None else self.scale.nbytes)

    def take(self, rows: Any) -> Floats:
        """float32[k, d], some rows (an array of row numbers or a slice), scaled; may share memory."""
        part = self._float32(rows)
        return part if self.scale is None else part * self.scale[rows][:, None]

    def row(self, row: int) -> Floats:
        """float32[d], a copy of one row."""
        return np.array(self.take(slice(row, row + 1))[0])

    def blocks(self, stop: int | None = None) -> Iterator[tuple[int, Floats]]:
        """(first row, float32[b, d]) over the rows before `stop`."""
        for start, block in self.unscaled_blocks(stop):
            if self.scale is not None:
                block *= self.scale[start : start + len(block), None]
            yield start, block

    def unscaled_blocks(self, stop: int | None = None) -> Iterator[tuple[int, Floats]]:
        """`blocks`, before int8 rows are multiplied by their scales."""
        step = max(1, _BLOCK_BYTES // (4 * max(self.dim, 1)))
        stop = len(self) if stop is None else min(stop, len(self))
        for start in range(0, stop, step):
            yield start, self._float32(slice(start, min(start + step, stop)))

    def _float32(self, rows: Any) -> Floats:
        part = self.values[rows]
        return to_float32(part) if part.dtype == np.float16 else np.asarray(part, np.float32)

    def lengths(self) -> Floats:
        """float32[R], the Euclidean length of every row."""
        lengths = np.empty(len(self), np.float32)
        for start, block in self.blocks():
            # float32 squares of numbers beyond 1e19 overflow: those rows are measured scaled.
            with np.errstate(over="ignore", invalid="ignore"):
                part = np.sqrt(np.einsum("ij,ij->i", block, block))
                odd = np.flatnonzero(~np.isfinite(part))
                part[odd] = np.linalg.norm(block[odd].astype(np.float64), axis=1)
            lengths[start : start + len(block)] = part
        return lengths

    def select(self, rows: Any) -> "Matrix":
        """Some of the rows (numbers or a slice), stored as they are."""
        return Matrix(self.values[rows], None if self.scale is None else self.scale[rows])

    def to(self, storage: Storage) -> "Matrix":
        """The same rows in another storage.

        Raises
        ------
        BadInput : an unknown storage, or numbers beyond 65504, which float16 does not have.
        """
        if storage not in get_args(Storage):
            names = ", ".join(get_args(Storage))
            raise BadInput(
                tr(f"Unknown storage {storage!r}.", f"格納形式 {storage!r} は不明です。"),
                remedy=tr(f"Choose one of {names}.", f"{names} から選んでください。"),
            )
        if storage == self.storage:
            return self
        values = np.empty(self.values.shape, storage)
        scale = np.ones(len(self), np.float32) if storage == "int8" else None
        for start, block in self.blocks():
            part = slice(start, start + len(block))
            if scale is None:
                with np.errstate(over="ignore"):
                    values[part] = block
                if storage == "float16" and not np.isfinite(values[part]).all():
                    raise BadInput(
                        tr(
                            "A number is beyond what float16 can hold (65504).",
                            "float16 で表せない大きさの数(65504超)があります。",
                        ),
                        remedy=tr("Use float32 or int8.", "float32 か int8 にしてください。"),
                    )
            else:
                peak = np.abs(block).max(axis=1, initial=0)
                step = peak / np.float32(127)
                # Rows so short that their step has no full precision become zeros.
                scale[part] = np.where(step >= np.finfo(np.float32).tiny, step, 1)
                values[part] = np.rint(block / scale[part][:, None])
        return Matrix(values, scale)
