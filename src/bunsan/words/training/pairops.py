"""Scores and updates of two inputs at once, against the same list of rows.

As a product of matrices rather than of a matrix and a vector (Ji, Satish, Li & Dubey 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory", section 3), a row is loaded once for two
inputs and, in the update, stored once: loads and stores to a near cache are what the one-input
operations of `rowops` wait for. With two inputs the multiply-adds are the bound, so more would not
help. Conventions as in `rowops`; scores and steps of the second input lie `gap` numbers behind those
of the first.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bunsan.words.training.simd import INT, Writer, writing

_DOT_BLOCK = 32


def _write_pair_dots(w: Writer) -> None:
    b = w.builder
    data, rows, out = w.data(1), w.data(4), w.data(6)
    inputs, n, gap = w.arguments[2:4], w.arguments[5], w.arguments[7]
    last = b.sub(n, INT(1))
    groups = b.ashr(b.add(n, INT(3)), INT(2))
    with cgutils.for_range(b, groups, intp=INT) as loop:
        first = b.shl(loop.index, INT(2))
        row = []
        for k in range(4):
            index = w.place(first, k)
            index = b.select(b.icmp_signed("<", index, n), index, last)
            row.append(w.item(rows, index))
        sums = [w.variable(w.constant(0.0)) for _ in range(8)]

        def block(start: Any, vectors: int) -> None:
            running = [b.load(pointer) for pointer in sums]
            for v in range(vectors):
                at = w.place(start, v * w.shape.width)
                x, y = (w.load(data, b.add(place, at)) for place in inputs)
                for k in range(4):
                    value = w.load(data, b.add(row[k], at))
                    running[k] = w.multiply_add(x, value, running[k])
                    running[4 + k] = w.multiply_add(y, value, running[4 + k])
            for pointer, value in zip(sums, running, strict=True):
                b.store(value, pointer)

        w.blocks(_DOT_BLOCK, block)
        whole = [b.load(pointer) for pointer in sums]
        for begin, four in ((first, whole[:4]), (b.add(first, gap), whole[4:])):
            for k, total in enumerate(w.totals(four)):
                w.store(out, w.place(begin, k), total)


def _type_pair_dots(
    _typing: Any,
    shape: Any,
    memory: Any,
    _x: Any,
    _y: Any,
    rows: Any,
    _n: Any,
    out: Any,
    _gap: Any,
) -> Any:
    i = types.int64
    return types.void(shape, memory, i, i, rows, i, out, i), writing(_write_pair_dots)


# pair_dots(shape, memory, x, y, rows, n, out, gap): out[i] = x . rows[i] and out[gap + i] =
# y . rows[i] for i < n; up to three numbers behind each are overwritten.
pair_dots: Any = intrinsic(_type_pair_dots)


def _write_pair_update(w: Writer) -> None:
    b = w.builder
    data, rows, steps = w.data(1), w.data(4), w.data(6)
    inputs, n, gap, ends = (
        w.arguments[2:4],
        w.arguments[5],
        w.arguments[7],
        w.arguments[8:10],
    )
    width = w.shape.width

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * width) for v in range(vectors)]
        xs = [[w.load(data, b.add(x, at)) for at in places] for x in inputs]
        sums = [[w.variable(w.constant(0.0)) for _ in places] for _ in inputs]
        with cgutils.for_range(b, n, intp=INT) as loop:
            row = w.item(rows, loop.index)
            pair = [w.splat(w.item(steps, at)) for at in (loop.index, b.add(loop.index, gap))]
            for v, at in enumerate(places):
                place = b.add(row, at)
                old = new = w.load(data, place)
                for which, step in enumerate(pair):
                    total = sums[which][v]
                    b.store(w.multiply_add(step, old, b.load(total)), total)
                    new = w.multiply_add(step, xs[which][v], new)
                w.store(data, place, new)
        # One end after the other: both may be the same row.
        for end, totals in zip(ends, sums, strict=True):
            for pointer, at in zip(totals, places, strict=True):
                place = b.add(end, at)
                w.store(data, place, b.fadd(w.load(data, place), b.load(pointer)))

    # Two vectors of registers a place of the row, for each input.
    w.blocks((w.shape.block - 1) // 2, block)


def _type_pair_update(
    _typing: Any,
    shape: Any,
    memory: Any,
    _x: Any,
    _y: Any,
    rows: Any,
    _n: Any,
    steps: Any,
    _gap: Any,
    _end_x: Any,
    _end_y: Any,
) -> Any:
    i = types.int64
    signature = types.void(shape, memory, i, i, rows, i, steps, i, i, i)
    return signature, writing(_write_pair_update)


# pair_update(shape, memory, x, y, rows, n, steps, gap, end_x, end_y): in the order of the list,
# rows[i] += steps[i] x + steps[gap + i] y, then end_x += sum_i steps[i] rows[i] and end_y +=
# sum_i steps[gap + i] rows[i], both of the rows as they were before their own step. x and y may be
# the ends too.
pair_update: Any = intrinsic(_type_pair_update)
