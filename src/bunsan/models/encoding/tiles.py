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

from bunsan.words.training.simd import host_width

INT, HALF, BYTE = ir.IntType(64), ir.IntType(16), ir.IntType(8)
WORD, FLOAT = ir.IntType(32), ir.FloatType()
_REVISION = zlib.crc32(Path(__file__).read_bytes())  # a change here compiles callers anew


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


class _Kind:
    """How one kind of numbers is loaded and multiplied."""

    def __init__(self, builder: Any, dtype: Any, width: int) -> None:
        self.builder, self.width = builder, width
        self.sums: Any = ir.VectorType(WORD, width)
        if dtype == types.float32:
            self.group, self.vector, self.sums = 1, ir.VectorType(FLOAT, width), None
            self.sums = self.vector
        elif dtype == types.int16:
            self.group, self.vector = 2, ir.VectorType(HALF, 2 * width)
        else:
            self.group, self.vector = 4, ir.VectorType(BYTE, 4 * width)

    def _function(self, name: str, result: Any, arguments: list[Any]) -> Any:
        kind = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self.builder.module, kind, name)  # type: ignore[no-untyped-call]

    def splat(self, number: Any, vector: Any) -> Any:
        """A vector of one number repeated."""
        empty = ir.Constant(vector, ir.Undefined)
        first = self.builder.insert_element(empty, number, WORD(0))
        zeros = ir.VectorType(WORD, vector.count)([0] * vector.count)
        return self.builder.shuffle_vector(first, empty, zeros)

    def left(self, pointer: Any) -> Any:
        """The next one, two or four numbers of a row, repeated over a vector."""
        if self.group == 1:
            return self.splat(self.builder.load(pointer), self.vector)
        together = self.builder.load(self.builder.bitcast(pointer, WORD.as_pointer()), align=1)
        repeated = self.splat(together, ir.VectorType(WORD, self.width))
        return self.builder.bitcast(repeated, self.vector)

    def multiply_add(self, a: Any, b: Any, total: Any) -> Any:
        """total + a · b."""
        if self.group == 1:
            name = f"llvm.fmuladd.v{self.width}f32"
            return self.builder.call(
                self._function(name, self.vector, [self.vector] * 3), [a, b, total]
            )
        pairs = ir.VectorType(HALF, 2 * self.width)
        dot = self._function("llvm.x86.avx2.pmadd.wd", self.sums, [pairs] * 2)
        if self.group == 4:
            bytes_ = self._function("llvm.x86.avx2.pmadd.ub.sw", pairs, [self.vector] * 2)
            a, b = self.builder.call(bytes_, [a, b]), pairs([1] * pairs.count)
        return self.builder.add(total, self.builder.call(dot, [a, b]))


def _write_tile(
    context: Any, builder: Any, signature: Any, arguments: Any, put: Callable[[Any, Any], Any]
) -> Any:
    """Signature: tile, a, a_at, a_stride, b, b_at, inner, out, out_at, out_stride, bias, bias_at,
    row_scale, row_at, column_scale, first_sum."""
    b, tile = builder, signature.args[0]
    kind = _Kind(b, signature.args[1].dtype, tile.width)
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

    with cgutils.for_range(b, b.sdiv(inner, INT(group * unroll)), intp=INT) as loop:
        running = [b.load(pointer) for pointer in sums]
        for u in range(unroll):
            k = b.add(b.mul(loop.index, INT(unroll * group)), INT(u * group))
            at = b.mul(k, INT(vectors * width))
            right = [
                vector_at(panel, b.add(at, INT(v * width * group)), kind.vector)
                for v in range(vectors)
            ]
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
