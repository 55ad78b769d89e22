"""Weights of a linear map, rounded and packed for `tiles`."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bunsan.models.encoding.rowwise import to_int16, to_uint8
from bunsan.models.encoding.tiles import Tile, add_product, linear_tile, pack, put_product

Arithmetic = Literal["float32", "int16", "int8"]
_GROUP = {"float32": 1, "int16": 2, "int8": 4}
_LEFT: dict[str, Any] = {"float32": np.float32, "int16": np.int16, "int8": np.uint8}


@dataclass(frozen=True)
class PackedLinear:
    """y = x W + b, for rows of floats.

    Parameters
    ----------
    tile, panels : how the weight is cut. inner, outputs : width of x and of y.
    weight : packed. bias : (columns) with zeros at the end.
    scale : (columns) what one unit of a weight is worth. first_sum : (columns) what sums begin with.
    """

    arithmetic: Arithmetic
    tile: Tile
    panels: int
    inner: int
    outputs: int
    weight: NDArray[Any]
    bias: NDArray[np.float32]
    scale: NDArray[np.float32]
    first_sum: NDArray[np.int32]

    @classmethod
    def of(cls, layers: list[nn.Linear], arithmetic: Arithmetic) -> "PackedLinear":
        """Several linear maps of the same x side by side, as one."""
        weight = torch.cat([layer.weight.detach() for layer in layers]).float().numpy()
        biases = [
            torch.zeros(layer.out_features) if layer.bias is None else layer.bias.detach()
            for layer in layers
        ]
        return cls.pack(weight, torch.cat(biases).float().numpy(), arithmetic)

    @classmethod
    def pack(
        cls, weight: NDArray[np.float32], bias: NDArray[np.float32], arithmetic: Arithmetic
    ) -> "PackedLinear":
        """From (outputs, inner) and (outputs)."""
        outputs, inner = weight.shape
        tile, group = linear_tile(_LEFT[arithmetic]), _GROUP[arithmetic]
        panels = -(-outputs // tile.columns)
        columns = panels * tile.columns
        scale, first = np.zeros(columns, np.float32), np.zeros(columns, np.int32)
        rounded: NDArray[Any] = weight
        if arithmetic == "int16":
            highest = np.maximum(np.abs(weight).max(1), 1e-30)
            length = np.maximum(np.linalg.norm(weight.astype(np.float64), axis=1), 1e-30)
            factor = np.minimum(32767 / highest, (46340 - np.sqrt(inner)) / length)
            rounded = np.rint(weight * factor[:, None]).astype(np.int16)
            scale[:outputs] = 1 / factor
        elif arithmetic == "int8":
            highest = np.maximum(np.abs(weight).max(1), 1e-30)
            rounded = np.rint(weight * (63 / highest)[:, None]).astype(np.int8)
            scale[:outputs] = highest / 63
            first[:outputs] = -128 * rounded.sum(1, dtype=np.int32)
        filled = np.zeros(columns, np.float32)
        filled[:outputs] = bias
        packed = pack(np.ascontiguousarray(rounded), tile, group)
        return cls(arithmetic, tile, panels, inner, outputs, packed, filled, scale, first)

    @property
    def depth(self) -> int:
        """The inner dimension as packed: filled up."""
        group = 2 * _GROUP[self.arithmetic]
        return -(-self.inner // group) * group


class Operand:
    """Rows of floats as the left side of products, rounded if the arithmetic needs it.

    One is kept for each thread and width, since it holds the room for what is rounded.
    """

    def __init__(self, arithmetic: Arithmetic, rows: int, inner: int) -> None:
        self.arithmetic = arithmetic
        self.stride = -(-inner // 64) * 64 + 32  # no two rows of a tile fall on the same cache set
        self.scale = np.ones(rows, np.float32)
        if arithmetic != "float32":
            self.numbers = np.zeros(rows * self.stride, _LEFT[arithmetic])

    def take(self, x: NDArray[np.float32], at: int, rows: int, inner: int, stride: int) -> None:
        """Rows of `x` from `at` on."""
        if self.arithmetic == "float32":
            self.numbers, self.stride = x[at:], stride
        else:
            turn = to_int16 if self.arithmetic == "int16" else to_uint8
            turn(x, at, rows, inner, stride, self.numbers, self.stride, self.scale)

    def product(
        self,
        weight: PackedLinear,
        rows: int,
        out: NDArray[np.float32],
        out_at: int,
        out_stride: int,
        add: bool = False,
    ) -> None:
        """Rows of `out` from `out_at` on become, or are added, rows of this times the weight."""
        (add_product if add else put_product)(
            weight.tile,
            self.numbers,
            self.stride,
            rows,
            weight.weight,
            weight.panels,
            weight.depth,
            out,
            out_at,
            out_stride,
            weight.bias,
            self.scale,
            weight.scale,
            weight.first_sum,
        )


def detached(tensor: Tensor) -> NDArray[np.float32]:
    """A parameter as an array of 32-bit floats."""
    return tensor.detach().float().contiguous().numpy()
