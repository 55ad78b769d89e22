"""Products of matrices in tiles that stay in registers (Goto & van de Geijn 2008, adapted).

A tile is some rows of the left matrix times some columns of the right one. Its sums live in vector
registers while one loop runs over the inner dimension, so every number loaded serves several
multiplications. The right matrix is a weight: it is packed once, panel by panel, in the order in
which the loop reads it.

Three kinds of numbers, told apart by the dtype of the left matrix:

float32   multiply-add of floats.
int16     fixed point: pairs of products summed to 32 bits (`pmaddwd`), exact. `fixed.py` chooses
          scales such that no sum can overflow.
uint8     left numbers with 128 added, times weights of 7 bits (`pmaddubsw`, whose pairs of products
          then never exceed 16 bits), summed to 32 bits, exact.

Weights may be kept in half the bytes, and are widened when they are loaded: beside float32 on the
left float16 (its bits as int16) or bfloat16 (the upper halves of floats, as uint16); beside int16 int8.

The instructions are written as LLVM's own. Integer kinds need an x86-64 processor with AVX2.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import (
    NativeValue,
    intrinsic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numpy.typing import NDArray

from bunsan.models.encoding.kinds import FLOAT, INT, Kind
from bunsan.words.training.simd import host_width

_LINE = 64  # bytes of a cache line
_AHEAD = 16  # lines by which weights are asked for before they are needed


def _revision() -> int:
    """A change here compiles callers anew."""
    code = 0
    for name in ("tiles.py", "kinds.py"):
        code = zlib.crc32(Path(__file__).with_name(name).read_bytes(), code)
    return code


_REVISION = _revision()


@dataclass(frozen=True, slots=True)
class Tile:
    """rows × (vectors · width) sums at a time; `width` numbers of 32 bits in a vector."""

    rows: int
    vectors: int
    width: int

    @property
    def columns(self) -> int:
        return self.vectors * self.width


@cache
def features() -> dict[str, bool]:
    """What this processor's instruction set has, by LLVM's names."""
    try:
        return dict(llvmlite.binding.get_host_cpu_features())
    except RuntimeError:  # LLVM cannot tell on every system
        return {}


def has_integers() -> bool:
    """Whether the integer kinds work here."""
    return bool(features().get("avx2"))


def linear_tile(dtype: np.dtype[Any] | type = np.float32) -> Tile:
    """The tile for products with weights, chosen by measuring."""
    width = host_width()
    if np.dtype(dtype) != np.float32:
        return Tile(6, 2, 8)
    return Tile(8, 3, 16) if width == 16 else Tile(4, 3, max(width, 4))


def attention_tile() -> Tile:
    """The tile for products within attention, where a head is as narrow as 32."""
    width = host_width()
    return Tile(12, 1, 16) if width == 16 else Tile(6, 2, max(width, 4))


# --- the tile as a type -------------------------------------------------------------------------


class TileType(types.Type):
    """Numba's type of a `Tile`: all of it is known when a kernel is compiled."""

    def __init__(self, rows: int, vectors: int, width: int) -> None:
        self.rows, self.vectors, self.width = rows, vectors, width
        super().__init__(name=f"Tile({rows}, {vectors}, {width}, {_REVISION:08x})")


register_model(TileType)(models.OpaqueModel)


@typeof_impl.register(Tile)
def _type_of_tile(tile: Tile, _context: Any) -> TileType:
    return TileType(tile.rows, tile.vectors, tile.width)


@unbox(TileType)  # type: ignore[no-untyped-call]
def _unbox_tile(_type: Any, _value: Any, context: Any) -> Any:
    return NativeValue(context.context.get_dummy_value())  # type: ignore[no-untyped-call]


def _type_rows_of(_typing: Any, tile: Any) -> Any:
    """Rows of a tile, as a number in compiled code."""
    return types.int64(tile), lambda context, builder, signature, arguments: INT(tile.rows)


rows_of: Any = intrinsic(_type_rows_of)


def _type_columns_of(_typing: Any, tile: Any) -> Any:
    """Columns of a tile, as a number in compiled code."""
    columns = tile.vectors * tile.width
    return types.int64(tile), lambda context, builder, signature, arguments: INT(columns)


columns_of: Any = intrinsic(_type_columns_of)


# --- writing the loop ---------------------------------------------------------------------------


def _write_tile(
    context: Any,
    builder: Any,
    signature: Any,
    arguments: Any,
    put: Callable[[Any, Any], Any],
    ahead: bool = False,
) -> Any:
    """Signature: tile, a, a_at, a_stride, b, b_at, inner, out, out_at, out_stride, bias, bias_at,
    row_scale, row_at, column_scale, first_sum.

    `ahead`: weights are brought near before they are needed. A tile of one row, which waits for
    memory alone, does so for its own; where tiles of many rows follow each other in a panel, each
    brings its part of the next panel, so that memory and arithmetic work at the same time."""
    b, tile = builder, signature.args[0]
    kind = Kind(b, signature.args[1].dtype, signature.args[4].dtype, tile.width)
    width, vectors, rows, group = tile.width, tile.vectors, tile.rows, kind.group
    unroll = 2

    def data(i: int) -> Any:
        return context.make_array(signature.args[i])(context, b, arguments[i]).data

    def vector_at(base: Any, place: Any, of: Any) -> Any:
        return b.load(b.bitcast(b.gep(base, [place]), of.as_pointer()), align=1)

    a_at, a_stride, b_at, inner = (arguments[i] for i in (2, 3, 5, 6))
    out, out_at, out_stride = data(7), arguments[8], arguments[9]
    bias, bias_at, row_scale, row_at = data(10), arguments[11], data(12), arguments[13]
    column_scale, first_sum = data(14), data(15)
    row = [b.gep(data(1), [b.add(a_at, b.mul(a_stride, INT(r)))]) for r in range(rows)]
    panel = b.gep(data(4), [b_at])
    line, turns = _LINE // kind.bytes, b.sdiv(inner, INT(group * unroll))
    part = b.mul(b.sdiv(row_at, INT(rows)), b.mul(turns, INT(line)))
    next_panel = b.add(b.mul(inner, INT(vectors * width)), part)

    sums = []
    for _ in range(rows):
        for v in range(vectors):
            pointer = cgutils.alloca_once(b, kind.sums)  # type: ignore[no-untyped-call]
            if group == 1:
                first = kind.sums([0.0] * width)
            else:
                first = vector_at(first_sum, b.add(bias_at, INT(v * width)), kind.sums)
            b.store(first, pointer)
            sums.append(pointer)

    with cgutils.for_range(b, turns, intp=INT) as loop:
        running = [b.load(pointer) for pointer in sums]
        if ahead and rows > 1:
            kind.fetch(panel, b.add(next_panel, b.mul(loop.index, INT(line))))
        for u in range(unroll):
            k = b.add(b.mul(loop.index, INT(unroll * group)), INT(u * group))
            at = b.mul(k, INT(vectors * width))
            right = [kind.right(panel, b.add(at, INT(v * width * group))) for v in range(vectors)]
            if ahead and rows == 1:
                step = vectors * width * group
                for place in range(u % 2 * (step % line), step, line):
                    kind.fetch(panel, b.add(at, INT(_AHEAD * line + place)))
            for r in range(rows):
                left = kind.left(b.gep(row[r], [k]))
                for v in range(vectors):
                    i = r * vectors + v
                    running[i] = kind.multiply_add(left, right[v], running[i])
        for pointer, value in zip(sums, running, strict=True):
            b.store(value, pointer)

    floats = ir.VectorType(FLOAT, width)
    places = [b.add(bias_at, INT(v * width)) for v in range(vectors)]
    added = [vector_at(bias, place, floats) for place in places]
    scales = [vector_at(column_scale, p, floats) for p in places] if group > 1 else []
    for r in range(rows):
        start = b.add(out_at, b.mul(out_stride, INT(r)))
        if group > 1:
            scale = kind.splat(b.load(b.gep(row_scale, [b.add(row_at, INT(r))])), floats)
        for v in range(vectors):
            value = b.load(sums[r * vectors + v])
            if group > 1:
                value = b.fmul(b.fmul(b.sitofp(value, floats), scales[v]), scale)
            place = b.gep(out, [b.add(start, INT(v * width))])
            place = b.bitcast(place, floats.as_pointer())
            b.store(put(b, (b.fadd(value, added[v]), place)), place, align=4)
    return context.get_dummy_value()


def _typed(tile: Any, a: Any, b: Any, out: Any, bias: Any, rs: Any, cs: Any, first: Any) -> Any:
    i = types.int64
    return types.void(tile, a, i, i, b, i, i, out, i, i, bias, i, rs, i, cs, first)


def _type_tile_put(
    _typing: Any,
    tile: Any,
    a: Any,
    _a_at: Any,
    _a_stride: Any,
    b: Any,
    _b_at: Any,
    _inner: Any,
    out: Any,
    _out_at: Any,
    _out_stride: Any,
    bias: Any,
    _bias_at: Any,
    row_scale: Any,
    _row_at: Any,
    column_scale: Any,
    first_sum: Any,
) -> Any:
    """out = a · b + bias, for one tile."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _write_tile(context, builder, signature, arguments, lambda _b, value: value[0])

    return _typed(tile, a, b, out, bias, row_scale, column_scale, first_sum), generate


tile_put: Any = intrinsic(_type_tile_put)


def _type_tile_ahead(
    _typing: Any,
    tile: Any,
    a: Any,
    _a_at: Any,
    _a_stride: Any,
    b: Any,
    _b_at: Any,
    _inner: Any,
    out: Any,
    _out_at: Any,
    _out_stride: Any,
    bias: Any,
    _bias_at: Any,
    row_scale: Any,
    _row_at: Any,
    column_scale: Any,
    first_sum: Any,
) -> Any:
    """As `tile_put`, for few rows: weights come from memory."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _write_tile(context, builder, signature, arguments, lambda _b, v: v[0], ahead=True)

    return _typed(tile, a, b, out, bias, row_scale, column_scale, first_sum), generate


tile_ahead: Any = intrinsic(_type_tile_ahead)


def _type_tile_add(
    _typing: Any,
    tile: Any,
    a: Any,
    _a_at: Any,
    _a_stride: Any,
    b: Any,
    _b_at: Any,
    _inner: Any,
    out: Any,
    _out_at: Any,
    _out_stride: Any,
    bias: Any,
    _bias_at: Any,
    row_scale: Any,
    _row_at: Any,
    column_scale: Any,
    first_sum: Any,
) -> Any:
    """out += a · b + bias, for one tile."""

    def put(b: Any, value: Any) -> Any:
        return b.fadd(b.load(value[1], align=4), value[0])

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _write_tile(context, builder, signature, arguments, put)

    return _typed(tile, a, b, out, bias, row_scale, column_scale, first_sum), generate


tile_add: Any = intrinsic(_type_tile_add)


# --- products with weights ----------------------------------------------------------------------


@njit(nogil=True, cache=True)
def put_product(
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
    """Rows of `out` from `out_at` on become a · b + bias.

    `a` holds `rows` rows of `inner` numbers, `a_stride` apart, and rows up to the next multiple of
    the tile's are read and written too; so are columns up to the end of the last panel.
    """
    for p in range(panels):
        for r in range(0, rows, rows_of(tile)):
            tile_put(
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


@njit(nogil=True, cache=True)
def add_product(
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
    """As `put_product`, with what stands in `out` added: a residual connection."""
    for p in range(panels):
        for r in range(0, rows, rows_of(tile)):
            tile_add(
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


def pack(weight: NDArray[Any], tile: Tile, group: int) -> NDArray[Any]:
    """(outputs, inner) as panels: (panels, inner / group, columns, group), flat, zeros at the end.

    `group` numbers along the inner dimension lie together: 1, 2 or 4 for 32, 16, 8 bits. The inner
    dimension is filled up to a multiple of 2 · group.
    """
    outputs, inner = weight.shape
    panels, filled = -(-outputs // tile.columns), -(-inner // (2 * group)) * 2 * group
    whole = np.zeros((panels * tile.columns, filled), weight.dtype)
    whole[:outputs, :inner] = weight
    cut = whole.reshape(panels, tile.columns, filled // group, group)
    return np.ascontiguousarray(cut.transpose(0, 2, 1, 3)).reshape(-1)
