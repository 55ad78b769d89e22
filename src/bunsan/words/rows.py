"""Sparse matrices made a row at a time, and symmetric ones kept as one triangle.

A row is summed in one dense accumulator that all rows share (Gustavson 1978, "Two Fast Algorithms
for Sparse Matrices: Multiplication and Permuted Transposition") and is then drained into the
matrix, its columns in ascending order.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray
from scipy.sparse import csr_array

Ids = NDArray[np.int32]


def columns_of(ids: Ids) -> Ids:
    """int32[max id + 1]: the place of each id in `ids`, -1 for the others."""
    column = np.full(int(ids.max(initial=-1)) + 1, -1, np.int32)
    column[ids] = np.arange(len(ids), dtype=np.int32)
    return column


def mirrored(lower: csr_array, dtype: np.dtype[Any], *, twice_diagonal: bool) -> csr_array:
    """The symmetric matrix whose lower triangle is `lower` (columns ascending)."""
    indptr, cols, values = _mirror(
        lower.indptr, lower.indices, lower.data, np.empty(0, dtype), 2 if twice_diagonal else 1
    )
    return canonical(values, cols, indptr, lower.shape)


def canonical(
    values: NDArray[Any], cols: Ids, indptr: NDArray[np.int64], shape: tuple[int, int]
) -> csr_array:
    """A csr_array of these parts, which are known to be sorted and without duplicates."""
    matrix = csr_array((values, cols, indptr), shape=shape)
    matrix.has_canonical_format = True
    return matrix


# --- kernels ---------------------------------------------------------------------------------------


def _generate_prefetch(_typing: Any, array: Any, _index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte = ir.IntType(8).as_pointer()
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
        builder.call(function, [address, number(0), number(3), number(1)])  # read, keep, data
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _generate_lowest_bit(_typing: Any, _word: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.int64(types.uint64), generate


# Ask the memory for array[index]; an index out of bounds does nothing.
prefetch: Any = intrinsic(_generate_prefetch)
# The place of the lowest set bit of a uint64 that is not 0.
lowest_bit: Any = intrinsic(_generate_lowest_bit)


def accumulator(
    size: int, dtype: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[np.uint32], NDArray[np.uint64], NDArray[np.uint64]]:
    """What one row is summed in: sums, touched columns, and two levels of bits to sort them by.

    A column is touched when its sum was 0, so sums must only grow; `drain` leaves all as new. One
    sum and two touched columns more than `size` take the writes that do not count.
    """
    return (
        np.zeros(size + 1, dtype),
        np.empty(size + 2, np.uint32),
        np.zeros(size // 64 + 1, np.uint64),
        np.zeros(size // 4096 + 1, np.uint64),
    )


@njit(nogil=True, cache=True)
def drain(state, touched, limit, ids, cols, counts, at):  # type: ignore[no-untyped-def]
    """Write the sums of the touched columns, ascending, none above `limit`; returns the new end.

    Columns are sorted by setting a bit for each and reading the bits in order: linear, where a
    comparison sort would cost more than the counting. `blocks` says which words of bits are not 0.
    """
    sums, column, bits, blocks = state
    for i in range(touched):
        c = column[i]
        bits[c >> np.uint32(6)] |= np.uint64(1) << np.uint64(c & np.uint32(63))
        blocks[c >> np.uint32(12)] |= np.uint64(1) << np.uint64((c >> np.uint32(6)) & np.uint32(63))
    for block in range((limit >> 12) + 1):
        set_words = blocks[block]
        blocks[block] = 0
        while set_words != 0:
            place = (block << 6) + lowest_bit(set_words)
            set_words &= set_words - np.uint64(1)
            set_bits = bits[place]
            bits[place] = 0
            while set_bits != 0:
                c64 = (place << 6) + lowest_bit(set_bits)
                set_bits &= set_bits - np.uint64(1)
                cols[at] = ids[c64]
                counts[at] = sums[c64]
                sums[c64] = 0
                at += 1
    return at


@njit(nogil=True, cache=True)
def _mirror(indptr, cols, values, out, diagonal):  # type: ignore[no-untyped-def]
    """Both triangles from the lower one, ascending: row by row, each cell is written twice.

    A row has its own lower part before any later row adds to it, and later rows come in order.
    """
    size = len(indptr) - 1
    full_indptr = np.zeros(size + 1, np.int64)
    for row in range(size):
        for j in range(indptr[row], indptr[row + 1]):
            full_indptr[row + 1] += 1
            if cols[j] != row:
                full_indptr[cols[j] + 1] += 1
    for row in range(size):
        full_indptr[row + 1] += full_indptr[row]
    free = full_indptr[:-1].copy()
    full_cols = np.empty(full_indptr[size], cols.dtype)
    full_values = np.empty(full_indptr[size], out.dtype)
    for row in range(size):
        for j in range(indptr[row], indptr[row + 1]):
            c = cols[j]
            full_cols[free[row]] = c
            full_values[free[row]] = values[j] * diagonal if c == row else values[j]
            free[row] += 1
            if c != row:
                full_cols[free[c]] = row
                full_values[free[c]] = values[j]
                free[c] += 1
    return full_indptr, full_cols, full_values
