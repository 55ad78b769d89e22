"""Rows of 32-bit floats as a few processor vectors: what the training kernels are written in.

A kernel is compiled for one `RowShape`: so many vectors of so many floats to a row. The shape is
part of the compiled function's type, so loops over a row have a length the compiler knows, and
compiled code kept on disk is found again for the same shape only.

Rows live in one flat array of floats and are named by the place of their first float. Every row is
padded with zeros to a multiple of 64 bytes, a line of the cache and the widest vector.

The instructions are written as LLVM's own (through Numba's intrinsics), which every processor that
Numba knows can run: a vector that is wider than the processor's is cut in two by the compiler. With
a width of 1 only plain floats are left, which needs no vector unit at all.
"""

import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import (
    NativeValue,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

LINE = 16  # floats in a cache line of 64 bytes
WIDTHS = (1, 4, 8, 16)
_VARIABLE = "BUNSAN_SIMD_WIDTH"


def _revision() -> int:
    """Numba looks for changes only in the file of the compiled function; kernels use these too."""
    code = 0
    for name in ("simd.py", "rowops.py", "pairops.py", "stream.py"):
        code = zlib.crc32(Path(__file__).with_name(name).read_bytes(), code)
    return code


_REVISION = _revision()


@cache
def host_width() -> int:
    """Floats in one vector of this processor; BUNSAN_SIMD_WIDTH (1, 4, 8 or 16) overrules."""
    wish = os.environ.get(_VARIABLE)
    if wish is not None:
        if wish not in {str(width) for width in WIDTHS}:
            raise BadInput(
                tr(
                    f"{_VARIABLE}={wish} is no width of a vector.",
                    f"{_VARIABLE}={wish} はベクトル幅として使えません。",
                ),
                remedy=tr("Use 1, 4, 8 or 16.", "1・4・8・16 のいずれかにしてください。"),
            )
        return int(wish)
    features: dict[str, bool] = {}
    with suppress(RuntimeError):  # where LLVM cannot tell, every processor has 4
        features = dict(llvmlite.binding.get_host_cpu_features())
    if features.get("avx512f"):
        return 16
    return 8 if features.get("avx") else 4


@dataclass(frozen=True, slots=True)
class RowShape:
    """How a row is cut into vectors.

    width : floats in a vector. vectors : vectors in a row, as many as its numbers need.
    block : vectors held in registers at a time by loops that need two registers for each.
    """

    width: int
    vectors: int
    block: int

    @property
    def stride(self) -> int:
        """Floats from one row to the next."""
        return -(-self.width * self.vectors // LINE) * LINE


def row_shape(dim: int, width: int | None = None) -> RowShape:
    """The shape of rows of `dim` numbers, for this processor or for vectors of a given width."""
    width = width or host_width()
    # 32 registers with AVX-512 and on ARM, 16 otherwise; some are needed for other things.
    many = width == 16 or llvmlite.binding.get_default_triple().startswith(("aarch64", "arm64"))
    return RowShape(width, -(-dim // width), 14 if many else 5)


def aligned_zeros(size: int) -> NDArray[np.float32]:
    """`size` zeros, the first at a multiple of 64 bytes."""
    raw = np.zeros(size + LINE, np.float32)
    start = (-raw.ctypes.data % (4 * LINE)) // 4
    return raw[start : start + size]


# --- the shape as a type ---------------------------------------------------------------------------


class RowShapeType(types.Type):
    """Numba's type of a `RowShape`: all of it is known when a kernel is compiled."""

    def __init__(self, width: int, vectors: int, block: int) -> None:
        self.width, self.vectors, self.block = width, vectors, block
        super().__init__(name=f"RowShape({width}, {vectors}, {block}, {_REVISION:08x})")

    @property
    def stride(self) -> int:
        """Floats from one row to the next."""
        return RowShape(self.width, self.vectors, self.block).stride


register_model(RowShapeType)(models.OpaqueModel)


@typeof_impl.register(RowShape)
def _type_of_shape(shape: RowShape, _context: Any) -> RowShapeType:
    return RowShapeType(shape.width, shape.vectors, shape.block)


@unbox(RowShapeType)  # type: ignore[no-untyped-call]
def _unbox_shape(_type: Any, _value: Any, context: Any) -> Any:
    return NativeValue(context.context.get_dummy_value())  # type: ignore[no-untyped-call]


# --- writing instructions --------------------------------------------------------------------------

INT = ir.IntType(64)
FLOAT = ir.FloatType()


class Writer:
    """Writes the instructions of one row operation into a function that is being compiled.

    Values are LLVM's: places are 64-bit integers counted in floats, vectors hold `width` floats.
    """

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.context, self.builder = context, builder
        self.signature, self.arguments = signature, arguments
        self.shape: RowShapeType = signature.args[0]
        width = self.shape.width
        self.type: Any = FLOAT if width == 1 else ir.VectorType(FLOAT, width)

    def narrowed(self, most: int) -> "Writer":
        """The same with vectors of at most `most` floats."""
        other = copy(self)
        other.shape = RowShapeType(min(most, self.shape.width), 1, 1)
        other.type = FLOAT if other.shape.width == 1 else ir.VectorType(FLOAT, other.shape.width)
        return other

    def data(self, argument: int) -> Any:
        """The address of the first element of an array argument."""
        array_type = self.signature.args[argument]
        array = self.context.make_array(array_type)
        return array(self.context, self.builder, self.arguments[argument]).data

    def place(self, start: Any, offset: int) -> Any:
        """`start` + `offset`."""
        return self.builder.add(start, INT(offset)) if offset else start

    def item(self, data: Any, index: Any) -> Any:
        """data[index], one number."""
        return self.builder.load(self.builder.gep(data, [index]))

    def set_item(self, data: Any, index: Any, value: Any) -> None:
        """data[index] = value, one number."""
        self.builder.store(value, self.builder.gep(data, [index]))

    def _address(self, data: Any, place: Any, kind: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(data, [place]), kind.as_pointer())

    def load(self, data: Any, place: Any, kind: Any = None) -> Any:
        """The vector at data[place]."""
        kind = kind or self.type
        # Alignment is promised no further than a float's: arrays from anywhere work, and a load
        # that happens to be aligned is as fast.
        return self.builder.load(self._address(data, place, kind), align=4)

    def store(self, data: Any, place: Any, value: Any) -> None:
        """Write a vector to data[place]."""
        self.builder.store(value, self._address(data, place, value.type), align=4)

    def constant(self, value: float) -> Any:
        """A vector of one number repeated, known now."""
        width = self.shape.width
        single = float(np.float32(value))
        return self.type(single) if width == 1 else self.type([single] * width)

    def splat(self, number: Any) -> Any:
        """A vector of one number repeated."""
        if self.shape.width == 1:
            return number
        empty = ir.Constant(self.type, ir.Undefined)
        first = self.builder.insert_element(empty, number, ir.IntType(32)(0))
        zeros = ir.VectorType(ir.IntType(32), self.shape.width)([0] * self.shape.width)
        return self.builder.shuffle_vector(first, empty, zeros)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, in one instruction where the processor has it."""
        name = "f32" if self.shape.width == 1 else f"v{self.shape.width}f32"
        kind = ir.FunctionType(self.type, [self.type] * 3)
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            self.builder.module, kind, f"llvm.fmuladd.{name}"
        )
        return self.builder.call(function, [a, b, c])

    def variable(self, value: Any) -> Any:
        """A place on the stack that the compiler will keep in a register; holds `value` now."""
        pointer = cgutils.alloca_once(self.builder, value.type)  # type: ignore[no-untyped-call]
        self.builder.store(value, pointer)
        return pointer

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        """Lanes of a and, counted on, of b, as one vector."""
        mask = ir.VectorType(ir.IntType(32), len(lanes))(lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def totals(self, four: list[Any]) -> list[Any]:
        """The sums over each of four vectors: as one vector of 4, or as four floats."""
        width = self.shape.width
        if width == 1:
            return four

        return [self._folded(self._quarters(four), 4)]

    def totals_of_two(self, first: list[Any], second: list[Any]) -> list[Any]:
        """The sums over each of twice four vectors: as vectors of 8 or 4, or as eight floats."""
        if self.shape.width < 8:
            return self.totals(first) + self.totals(second)
        x, y = (self._folded(self._quarters(four), 8) for four in (first, second))
        low = self.shuffle(x, y, [0, 1, 2, 3, 8, 9, 10, 11])
        high = self.shuffle(x, y, [4, 5, 6, 7, 12, 13, 14, 15])
        return [self.builder.fadd(low, high)]

    def _quarters(self, four: list[Any]) -> Any:
        """Fold four vectors into one, in which each four floats belong to the four of them."""
        width = self.shape.width

        def added(a: Any, b: Any, first: list[int], second: list[int]) -> Any:
            """Halve a and b into one: within each four floats, places from 4 on are b's."""
            masks = [
                [
                    lane + (k if k < 4 else k - 4 + width)
                    for lane in range(0, width, 4)
                    for k in four
                ]
                for four in (first, second)
            ]
            return self.builder.fadd(*(self.shuffle(a, b, mask) for mask in masks))

        a, b, c, d = four
        even, odd, low, high = [0, 4, 1, 5], [2, 6, 3, 7], [0, 1, 4, 5], [2, 3, 6, 7]
        return added(added(a, b, even, odd), added(c, d, even, odd), low, high)

    def _folded(self, value: Any, most: int) -> Any:
        """Add the halves of a vector until `most` floats are left."""
        while value.type.count > most:
            half = value.type.count // 2
            low = self.shuffle(value, value, list(range(half)))
            high = self.shuffle(value, value, list(range(half, 2 * half)))
            value = self.builder.fadd(low, high)
        return value

    def total(self, value: Any) -> Any:
        """The sum over one vector."""
        if self.shape.width == 1:
            return value
        value, one = self._folded(value, 2), ir.IntType(32)
        low = self.builder.extract_element(value, one(0))
        return self.builder.fadd(low, self.builder.extract_element(value, one(1)))

    def blocks(self, most: int, write: Callable[[Any, int], None]) -> None:
        """Cut the row into about equal blocks of at most `most` vectors; `write(place, vectors)`.

        Blocks of one size share their instructions, in a loop, so long rows need no more code.
        """
        vectors, width = self.shape.vectors, self.shape.width
        count = -(-vectors // most)
        size, larger = divmod(vectors, count)
        begin = 0
        for n, times in ((size + 1, larger), (size, count - larger)):
            if times == 1:
                write(INT(begin * width), n)
            elif times > 1:
                with cgutils.for_range(self.builder, INT(times), intp=INT) as loop:
                    at = self.builder.mul(loop.index, INT(n * width))
                    write(self.place(at, begin * width), n)
            begin += n * times


def writing(write: Callable[[Writer], Any]) -> Callable[..., Any]:
    """The code generator of an intrinsic whose first argument is a `RowShape`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = write(Writer(context, builder, signature, arguments))
        return context.get_dummy_value() if value is None else value

    return generate
