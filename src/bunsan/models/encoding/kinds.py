"""Kinds of numbers that `tiles` multiplies: how each is loaded, widened and multiplied.

The instructions are written as LLVM's own.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

INT, HALF, BYTE = ir.IntType(64), ir.IntType(16), ir.IntType(8)
WORD, FLOAT = ir.IntType(32), ir.FloatType()


class Kind:
    """How one kind of numbers is loaded and multiplied.

    Parameters
    ----------
    left, right : Numba's types of the numbers in the two matrices. width : of a vector, in numbers of
        32 bits.
    """

    def __init__(self, builder: Any, left: Any, right: Any, width: int) -> None:
        self.builder, self.width = builder, width
        self.numbers, self.bytes = right, right.bitwidth // 8
        self.sums: Any = ir.VectorType(WORD, width)
        if left == types.float32:
            self.group, self.vector = 1, ir.VectorType(FLOAT, width)
            self.sums = self.vector
        elif left == types.int16:
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

    def right(self, base: Any, place: Any) -> Any:
        """A vector's numbers of the right matrix, widened where they are kept in fewer bytes."""
        b, wanted = self.builder, self.vector
        kept = {1: BYTE, 2: HALF, 4: FLOAT}[self.bytes]
        if self.group == 1 and self.numbers == types.int16:
            kept = ir.HalfType()
        pointer = ir.VectorType(kept, wanted.count).as_pointer()
        numbers = b.load(b.bitcast(b.gep(base, [place]), pointer), align=1)
        if kept == wanted.element:
            return numbers
        if self.group > 1:
            return b.sext(numbers, wanted)
        if self.numbers == types.int16:
            return b.fpext(numbers, wanted)
        words = ir.VectorType(WORD, wanted.count)  # a bfloat16 is the upper half of a float
        return b.bitcast(b.shl(b.zext(numbers, words), words([16] * wanted.count)), wanted)

    def fetch(self, base: Any, place: Any) -> None:
        """Have a line of the right matrix brought near; it need not be there."""
        pointer = BYTE.as_pointer()
        function = self._function("llvm.prefetch.p0", ir.VoidType(), [pointer, WORD, WORD, WORD])
        where = self.builder.bitcast(self.builder.gep(base, [place]), pointer)
        self.builder.call(function, [where, WORD(0), WORD(2), WORD(1)])

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
