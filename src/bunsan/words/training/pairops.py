"""What is done to rows for two inputs at once, against one list of rows.

As a product of matrices rather than of a matrix and a vector (Ji, Satish, Li & Dubey 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory", section 3), a row is loaded once for two
inputs and, in the update, stored once: loads and stores to a near cache are what the one-input
operations of `rowops` wait for. With two inputs the multiply-adds are the bound, so more would not
help.

Conventions as in `rowops`. Scores and steps of the two lie side by side, four by four: what belongs
to row i and the first input at i + (i & ~3) (`first_of`), to the second 4 behind that. So they are
read in the pieces in which they were written, which the processor can hand over before they are in
the cache. Arrays of them have room for 8 numbers for every 4 rows or part of 4.
"""

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from bunsan.words.training.rowops import DOT_BLOCK, MEAN_BLOCK, write_logistic
from bunsan.words.training.simd import INT, Writer, writing

_I, _F = types.int64, types.float32
_SHORT = ir.IntType(32)


@njit(nogil=True, cache=True)
def first_of(i):  # type: ignore[no-untyped-def]
    """Where the score and the step of row i and the first input lie."""
    return i + (i & ~3)


def _write_pair_dots(w: Writer) -> None:
    b = w.builder
    data, rows, out = w.data(1), w.data(4), w.data(6)
    inputs, n = w.arguments[2:4], w.arguments[5]
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

        w.blocks(DOT_BLOCK, block)
        whole = [b.load(pointer) for pointer in sums]
        totals = w.totals_of_two(whole[:4], whole[4:])
        for k, total in enumerate(totals):
            w.store(out, w.place(b.shl(first, INT(1)), k * 8 // len(totals)), total)


def _type_pair_dots(
    _typing: Any,
    shape: Any,
    memory: Any,
    _x: Any,
    _y: Any,
    rows: Any,
    _n: Any,
    out: Any,
) -> Any:
    signature = types.void(shape, memory, _I, _I, rows, _I, out)
    return signature, writing(_write_pair_dots)


# pair_dots(shape, memory, x, y, rows, n, out): the scores x . rows[i] and y . rows[i] for i < n; those
# of up to three rows behind them are overwritten.
pair_dots: Any = intrinsic(_type_pair_dots)


def _write_pair_steps(w: Writer) -> None:
    w = w.narrowed(8)
    b, width = w.builder, w.shape.width
    scores, out = w.data(1), w.data(6)
    noise, begin_y, end_x, n = (b.trunc(w.arguments[i], _SHORT) for i in (2, 3, 4, 5))
    rate, weights = w.arguments[7], w.arguments[8:10]

    def lanes(part: int, of_x: Any, of_y: Any) -> Any:
        """Four of the one and four of the other, or what part of them is in one vector."""
        if width == 1:
            return of_x if part < 4 else of_y
        empty = ir.Constant(ir.VectorType(of_x.type, width), ir.Undefined)
        two = b.insert_element(b.insert_element(empty, of_x, _SHORT(0)), of_y, _SHORT(1))
        return w.shuffle(two, two, [int(part * width + k >= 4) for k in range(width)])

    rates, zero = w.splat(rate), w.constant(0.0)
    count = b.ashr(b.add(w.arguments[5], INT(3)), INT(2))
    with cgutils.for_range(b, count, intp=INT) as loop:
        start = b.shl(loop.index, INT(3))
        row = b.shl(b.trunc(loop.index, _SHORT), _SHORT(2))
        for part in range(8 // width):
            at = w.place(start, part * width)
            chance = write_logistic(w, w.load(scores, at))
            w.store(scores, at, chance)
            index = lanes(part, row, row)
            own = [(part * width + k) % 4 for k in range(width)]
            index = b.add(index, index.type(own if width > 1 else own[0]))
            is_noise = b.icmp_signed("<", index, lanes(part, noise, noise))
            is_there = b.and_(
                b.icmp_signed(">=", index, lanes(part, noise, begin_y)),
                b.icmp_signed("<", index, lanes(part, end_x, n)),
            )
            up = w.multiply_add(b.fsub(zero, rates), chance, rates)
            weight = lanes(part, *(b.fmul(rate, weight) for weight in weights))
            down = b.fsub(zero, b.fmul(weight, chance))
            w.store(out, at, b.select(is_there, up, b.select(is_noise, down, zero)))


def _type_pair_steps(
    _typing: Any,
    shape: Any,
    scores: Any,
    _noise: Any,
    _begin_y: Any,
    _end_x: Any,
    _n: Any,
    out: Any,
    _rate: Any,
    _weight_x: Any,
    _weight_y: Any,
) -> Any:
    signature = types.void(shape, scores, _I, _I, _I, _I, out, _F, _F, _F)
    return signature, writing(_write_pair_steps)


# pair_steps(shape, scores, noise, begin_y, end_x, n, out, rate, weight_x, weight_y): the gradient's
# steps from scores, as `steps` of `rowops` has them. The first `noise` rows are words of noise, of a
# weight for each input; rows from there to end_x were there for the first input, rows from begin_y to
# n for the second, and where a row is neither, its step is 0. Chances take the place of scores.
pair_steps: Any = intrinsic(_type_pair_steps)


def _write_pair_update(w: Writer) -> None:
    b = w.builder
    data, rows, steps = w.data(1), w.data(4), w.data(6)
    inputs, n, ends = w.arguments[2:4], w.arguments[5], w.arguments[7:9]
    width = w.shape.width

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * width) for v in range(vectors)]
        xs = [[w.load(data, b.add(x, at)) for at in places] for x in inputs]
        sums = [[w.variable(w.constant(0.0)) for _ in places] for _ in inputs]
        with cgutils.for_range(b, n, intp=INT) as loop:
            row = w.item(rows, loop.index)
            first = b.add(loop.index, b.and_(loop.index, INT(~3)))
            pair = [w.splat(w.item(steps, w.place(first, k))) for k in (0, 4)]
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

    # An input and a sum for each of the two: four registers a vector of the row.
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
    _end_x: Any,
    _end_y: Any,
) -> Any:
    signature = types.void(shape, memory, _I, _I, rows, _I, steps, _I, _I)
    return signature, writing(_write_pair_update)


# pair_update(shape, memory, x, y, rows, n, steps, end_x, end_y): in the order of the list, rows[i] +=
# (step of i and x) x + (step of i and y) y, then end_x += the sum of all (step of i and x) rows[i],
# and end_y likewise, rows as they were before their own steps. x and y may be the ends too.
pair_update: Any = intrinsic(_type_pair_update)


def _write_pair_mean(w: Writer) -> None:
    b = w.builder
    data, rows = w.data(1), w.data(2)
    begin_y, end_x, n, factor_x, factor_y, x, y = w.arguments[3:10]

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * w.shape.width) for v in range(vectors)]
        sums = [w.variable(w.constant(0.0)) for _ in places]

        def add(first: Any, end: Any) -> None:
            with cgutils.for_range_slice(b, first, end, INT(1), INT) as (index, _):
                row = w.item(rows, index)
                for pointer, at in zip(sums, places, strict=True):
                    value = w.load(data, b.add(row, at))
                    b.store(b.fadd(b.load(pointer), value), pointer)

        def put(out: Any, factor: Any) -> None:
            scale = w.splat(factor)
            for pointer, at in zip(sums, places, strict=True):
                w.store(data, b.add(out, at), b.fmul(scale, b.load(pointer)))

        add(begin_y, end_x)
        put(y, ir.Constant(ir.FloatType(), 1.0))  # what both have in common
        add(INT(0), begin_y)
        put(x, factor_x)
        for pointer, at in zip(sums, places, strict=True):
            b.store(w.load(data, b.add(y, at)), pointer)
        add(end_x, n)
        put(y, factor_y)

    w.blocks(MEAN_BLOCK, block)


def _type_pair_mean(
    _typing: Any,
    shape: Any,
    memory: Any,
    rows: Any,
    _begin_y: Any,
    _end_x: Any,
    _n: Any,
    _factor_x: Any,
    _factor_y: Any,
    _x: Any,
    _y: Any,
) -> Any:
    signature = types.void(shape, memory, rows, _I, _I, _I, _F, _F, _I, _I)
    return signature, writing(_write_pair_mean)


# pair_mean(shape, memory, rows, begin_y, end_x, n, factor_x, factor_y, x, y): x = factor_x times the
# sum of the first end_x rows, y = factor_y times that of the rows from begin_y to n, which overlap. x
# and y are none of the rows.
pair_mean: Any = intrinsic(_type_pair_mean)


def _write_pair_spread(w: Writer) -> None:
    b = w.builder
    data, rows = w.data(1), w.data(2)
    begin_y, end_x, n, x, y = w.arguments[3:8]

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * w.shape.width) for v in range(vectors)]

        def values(source: Any) -> list[Any]:
            return [w.load(data, b.add(source, at)) for at in places]

        def spread(added: list[Any], first: Any, end: Any) -> None:
            with cgutils.for_range_slice(b, first, end, INT(1), INT) as (index, _):
                row = w.item(rows, index)
                for value, at in zip(added, places, strict=True):
                    place = b.add(row, at)
                    w.store(data, place, b.fadd(w.load(data, place), value))

        spread(values(x), INT(0), begin_y)
        both = [b.fadd(one, other) for one, other in zip(values(x), values(y), strict=True)]
        spread(both, begin_y, end_x)
        spread(values(y), end_x, n)

    w.blocks(MEAN_BLOCK, block)


def _type_pair_spread(
    _typing: Any,
    shape: Any,
    memory: Any,
    rows: Any,
    _begin_y: Any,
    _end_x: Any,
    _n: Any,
    _x: Any,
    _y: Any,
) -> Any:
    signature = types.void(shape, memory, rows, _I, _I, _I, _I, _I)
    return signature, writing(_write_pair_spread)


# pair_spread(shape, memory, rows, begin_y, end_x, n, x, y): the first end_x rows += x, the rows from
# begin_y to n += y. x and y are none of the rows.
pair_spread: Any = intrinsic(_type_pair_spread)
