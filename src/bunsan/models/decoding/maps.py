"""Linear maps for generation by the tiles of `encoding`: few rows, weights that come from memory.

A step of generation reads all weights for a few rows. One row waits for memory alone: what counts is
how many bytes a weight has. Some rows have enough arithmetic to hide the reading, if what is next is
asked for in time (`tiles.tile_ahead`). A row's result does not depend on the rows beside it.

Letters in shapes:  t rows · d inputs · n outputs
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from bunsan.models.decoding.sharing import share
from bunsan.models.encoding.rowwise import to_int16
from bunsan.models.encoding.tiles import (
    columns_of,
    linear_tile,
    pack,
    put_product,
    rows_of,
    tile_ahead,
)
from bunsan.nn.generation.fast import Weights

_SLICE = 96  # rows at a time of many: theirs and a panel stay near
_FEW = 24  # up to so many rows, weights are waited for
_A_PART = 1 << 18  # numbers of a weight that are worth a thread


class TiledMap:
    """x W + b for rows of float32.

    Parameters
    ----------
    weight, bias : (n, d), d a multiple of 8, and (n) or None.
    weights : how W is kept: "same", as it is; "bfloat16" or "float16", rounded, and multiplied as
        float32; "int8", a number and a scale a row, times inputs in fixed point of some 12 bits, by
        exact sums.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, weights: Weights = "same") -> None:
        self.outputs, self.inner = weight.shape
        self.weights = weights
        self.tile = linear_tile()
        if weights == "int8":  # sums and products of whole numbers need more registers
            self.tile = replace(self.tile, vectors=2)
        self.row_tile = replace(self.tile, rows=1)
        self.panels = -(-self.outputs // self.tile.columns)
        columns = self.panels * self.tile.columns
        self.bias, self.scale = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
        self.first_sum = np.zeros(columns, np.int32)
        if bias is not None:
            self.bias[: self.outputs] = bias.detach().float().numpy()
        numbers = weight.detach().float().contiguous().numpy()
        if weights == "int8":
            scale = np.maximum(np.abs(numbers).max(1), 1e-30) / 127
            self.scale[: self.outputs] = scale
            rounded = np.rint(numbers / scale[:, None]).astype(np.int8)
            self.weight: NDArray[Any] = pack(rounded, self.tile, 2)
        else:
            self.weight = _kept(pack(numbers, self.tile, 1), weights)

    def __call__(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., n)."""
        rows = x.shape[:-1].numel()
        a = x.detach().reshape(rows, self.inner).float().contiguous()
        room = -(-rows // self.tile.rows) * self.tile.rows if rows > 1 else rows
        columns = len(self.bias)
        out = torch.empty(room, columns)
        if room > rows and self.weights != "int8":
            a = torch.nn.functional.pad(a, (0, 0, 0, room - rows))
        flat, into = a.numpy().reshape(-1), out.numpy().reshape(-1)
        for begin in range(0, rows, _SLICE):
            some = min(_SLICE, rows - begin)
            self._product(flat[begin * self.inner :], some, into[begin * columns :], columns)
        return out[:rows, : self.outputs].view(*x.shape[:-1], self.outputs)

    def _product(self, a: NDArray[Any], rows: int, out: NDArray[np.float32], columns: int) -> None:
        """Some rows at once, the panels shared among threads."""
        stride, scale = self.inner, np.ones(rows + self.tile.rows, np.float32)
        if self.weights == "int8":
            stride = self.inner + 32
            numbers = np.zeros((rows + self.tile.rows) * stride, np.int16)
            to_int16(a, 0, rows, self.inner, self.inner, numbers, stride, scale)
            a = numbers
        tile = self.row_tile if rows == 1 else self.tile
        kernel = put_few if rows <= _FEW else put_product

        def part(begin: int, end: int) -> None:
            at = begin * tile.columns
            kernel(
                tile, a, stride, rows, self.weight[at * self.inner :], end - begin, self.inner,
                out, at, columns, self.bias[at:], scale, self.scale[at:], self.first_sum[at:],
            )  # fmt: skip

        work = self.outputs * self.inner * (1 if rows <= _FEW else rows // 8)
        share(part, self.panels, min(torch.get_num_threads(), max(1, work // _A_PART)))


@njit(nogil=True, cache=True)
def put_few(
    tile: Any,
    a: Any,
    a_stride: int,
    rows: int,
    b: Any,
    panels: int,
    inner: int,
    out: Any,
    out_at: int,
    out_stride: int,
    bias: Any,
    row_scale: Any,
    column_scale: Any,
    first_sum: Any,
) -> None:
    """As `tiles.put_product`, where weights are waited for."""
    for p in range(panels):
        for r in range(0, rows, rows_of(tile)):
            tile_ahead(
                tile,
                a,
                r * a_stride,
                a_stride,
                b,
                p * columns_of(tile) * inner,
                inner,
                out,
                out_at + r * out_stride + p * columns_of(tile),
                out_stride,
                bias,
                p * columns_of(tile),
                row_scale,
                r,
                column_scale,
                first_sum,
            )


def _kept(packed: NDArray[Any], weights: Weights) -> NDArray[Any]:
    if weights == "same":
        return packed
    numbers = torch.from_numpy(packed)
    if weights == "float16":
        return numbers.clamp(-65504, 65504).half().view(torch.int16).numpy()
    return numbers.bfloat16().view(torch.int16).numpy().view(np.uint16)
