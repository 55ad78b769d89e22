"""What is done to rows: scores, updates, means, each written out for the row's shape.

All take a `RowShape` first, then the flat array of floats in which the rows lie, then rows by the
place of their first float. No bounds are checked. Lists of rows are int64 arrays with their length
beside them; score and step arrays have room for a multiple of 4 numbers.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bunsan.words.training.simd import INT, LINE, Writer, writing

# Chosen by measuring: shorter loops cost more than the instructions they save.
MEAN_BLOCK = 13
DOT_BLOCK = 32

LARGEST_ERROR = 4e-5  # of the logistic function in `steps`, anywhere


def _write_dots(w: Writer) -> None:
    b = w.builder
    data, rows, out = w.data(1), w.data(3), w.data(5)
    x, n = w.arguments[2], w.arguments[4]
    last = b.sub(n, INT(1))
    # Four rows at a time: one load of x serves four, and the sums across vectors are shared.
    groups = b.ashr(b.add(n, INT(3)), INT(2))
    with cgutils.for_range(b, groups, intp=INT) as loop:
        first = b.shl(loop.index, INT(2))
        row = []
        for k in range(4):
            index = w.place(first, k)
            index = b.select(b.icmp_signed("<", index, n), index, last)
            row.append(w.item(rows, index))
        # Two sums for each row: a multiplication need not wait for the one just before.
        sums = [w.variable(w.constant(0.0)) for _ in range(8)]

        def block(start: Any, vectors: int) -> None:
            running = [b.load(pointer) for pointer in sums]
            for v in range(vectors):
                at = w.place(start, v * w.shape.width)
                xv = w.load(data, b.add(x, at))
                for k in range(4):
                    i = 2 * k + v % 2
                    running[i] = w.multiply_add(xv, w.load(data, b.add(row[k], at)), running[i])
            for pointer, value in zip(sums, running, strict=True):
                b.store(value, pointer)

        w.blocks(DOT_BLOCK, block)
        halves = [b.load(pointer) for pointer in sums]
        totals = w.totals([b.fadd(halves[i], halves[i + 1]) for i in range(0, 8, 2)])
        for k, total in enumerate(totals):
            w.store(out, w.place(first, k), total)


def _type_dots(_typing: Any, shape: Any, memory: Any, x: Any, rows: Any, n: Any, out: Any) -> Any:
    signature = types.void(shape, memory, types.int64, rows, types.int64, out)
    return signature, writing(_write_dots)


# dots(shape, memory, x, rows, n, out): out[i] = x . rows[i] for i < n; up to three numbers behind
# them are overwritten.
dots: Any = intrinsic(_type_dots)


def _write_dot(w: Writer) -> Any:
    b = w.builder
    data, p, q = w.data(1), w.arguments[2], w.arguments[3]
    sums = [w.variable(w.constant(0.0)) for _ in range(4)]

    def block(start: Any, vectors: int) -> None:
        running = [b.load(pointer) for pointer in sums]
        for v in range(vectors):
            at = w.place(start, v * w.shape.width)
            pv, qv = w.load(data, b.add(p, at)), w.load(data, b.add(q, at))
            running[v & 3] = w.multiply_add(pv, qv, running[v & 3])
        for pointer, value in zip(sums, running, strict=True):
            b.store(value, pointer)

    w.blocks(DOT_BLOCK, block)
    low, high, low2, high2 = (b.load(pointer) for pointer in sums)
    return w.total(b.fadd(b.fadd(low, high), b.fadd(low2, high2)))


def _type_dot(_typing: Any, shape: Any, memory: Any, _p: Any, _q: Any) -> Any:
    return types.float32(shape, memory, types.int64, types.int64), writing(_write_dot)


# dot(shape, memory, p, q): the dot product of two rows.
dot: Any = intrinsic(_type_dot)


def _write_update(w: Writer) -> None:
    b = w.builder
    data, rows, steps = w.data(1), w.data(3), w.data(5)
    x, n, start, end = w.arguments[2], w.arguments[4], w.arguments[6], w.arguments[7]
    width = w.shape.width

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * width) for v in range(vectors)]
        xs = [w.load(data, b.add(x, at)) for at in places]
        sums = [w.variable(w.load(data, b.add(start, at))) for at in places]
        with cgutils.for_range(b, n, intp=INT) as loop:
            row = w.item(rows, loop.index)
            step = w.splat(w.item(steps, loop.index))
            for v, at in enumerate(places):
                place = b.add(row, at)
                old = w.load(data, place)
                b.store(w.multiply_add(step, old, b.load(sums[v])), sums[v])
                w.store(data, place, w.multiply_add(step, xs[v], old))
        for pointer, at in zip(sums, places, strict=True):
            w.store(data, b.add(end, at), b.load(pointer))

    w.blocks(w.shape.block, block)


def _type_update(
    _typing: Any,
    shape: Any,
    memory: Any,
    _x: Any,
    rows: Any,
    _n: Any,
    steps: Any,
    _start: Any,
    _end: Any,
) -> Any:
    i = types.int64
    return types.void(shape, memory, i, rows, i, steps, i, i), writing(_write_update)


# update(shape, memory, x, rows, n, steps, start, end): in the order of the list,
# end = start + sum_i steps[i] rows[i], while rows[i] += steps[i] x. x may be start and end too.
update: Any = intrinsic(_type_update)


def _write_mean(w: Writer) -> None:
    b = w.builder
    data, rows = w.data(1), w.data(2)
    n, factor, out = w.arguments[3], w.arguments[4], w.arguments[5]

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * w.shape.width) for v in range(vectors)]
        sums = [w.variable(w.constant(0.0)) for _ in places]
        with cgutils.for_range(b, n, intp=INT) as loop:
            row = w.item(rows, loop.index)
            for pointer, at in zip(sums, places, strict=True):
                b.store(b.fadd(b.load(pointer), w.load(data, b.add(row, at))), pointer)
        scale = w.splat(factor)
        for pointer, at in zip(sums, places, strict=True):
            w.store(data, b.add(out, at), b.fmul(scale, b.load(pointer)))

    w.blocks(MEAN_BLOCK, block)


def _type_mean(
    _typing: Any, shape: Any, memory: Any, rows: Any, _n: Any, _factor: Any, _out: Any
) -> Any:
    i = types.int64
    return types.void(shape, memory, rows, i, types.float32, i), writing(_write_mean)


# mean(shape, memory, rows, n, factor, out): out = factor sum_i rows[i].
mean: Any = intrinsic(_type_mean)


def _write_spread(w: Writer) -> None:
    b = w.builder
    data, rows = w.data(1), w.data(2)
    n, factor, x = w.arguments[3], w.arguments[4], w.arguments[5]

    def block(begin: Any, vectors: int) -> None:
        places = [w.place(begin, v * w.shape.width) for v in range(vectors)]
        scale = w.splat(factor)
        added = [b.fmul(scale, w.load(data, b.add(x, at))) for at in places]
        with cgutils.for_range(b, n, intp=INT) as loop:
            row = w.item(rows, loop.index)
            for value, at in zip(added, places, strict=True):
                place = b.add(row, at)
                w.store(data, place, b.fadd(w.load(data, place), value))

    w.blocks(MEAN_BLOCK, block)


def _type_spread(
    _typing: Any, shape: Any, memory: Any, rows: Any, _n: Any, _factor: Any, _x: Any
) -> Any:
    i = types.int64
    return types.void(shape, memory, rows, i, types.float32, i), writing(_write_spread)


# spread(shape, memory, rows, n, factor, x): rows[i] += factor x, in the order of the list.
spread: Any = intrinsic(_type_spread)


def _write_prefetch(w: Writer) -> None:
    b = w.builder
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    function = b.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
    data, row = w.data(1), w.arguments[2]
    for line in range(w.shape.stride // LINE):
        address = b.bitcast(b.gep(data, [w.place(row, line * LINE)]), byte)
        b.call(function, [address, number(0), number(3), number(1)])  # read, keep, data


def _type_prefetch(_typing: Any, shape: Any, memory: Any, _row: Any) -> Any:
    return types.void(shape, memory, types.int64), writing(_write_prefetch)


# prefetch_row(shape, memory, row): ask the memory for a row that is needed soon.
prefetch_row: Any = intrinsic(_type_prefetch)


def write_logistic(w: Writer, x: Any) -> Any:
    """1 / (1 + exp(-x)) as (1 + tanh(x / 2)) / 2, tanh by its continued fraction cut at 13."""
    b = w.builder
    half, most, least = w.constant(0.5), w.constant(4.8), w.constant(-4.8)
    y = b.fmul(x, half)
    y = b.select(b.fcmp_ordered("<", y, most), y, most)
    y = b.select(b.fcmp_ordered(">", y, least), y, least)
    square = b.fmul(y, y)
    above = w.constant(1.0)
    for term in (378.0, 17325.0, 135135.0):
        above = w.multiply_add(above, square, w.constant(term))
    below = w.constant(28.0)
    for term in (3150.0, 62370.0, 135135.0):
        below = w.multiply_add(below, square, w.constant(term))
    tanh = b.fdiv(b.fmul(y, above), below)
    return w.multiply_add(half, tanh, half)


def _write_steps(w: Writer) -> None:
    # No wider than `dots` has written: a load that spans two stores waits until both are through.
    w = w.narrowed(4)
    b = w.builder
    scores, out = w.data(1), w.data(4)
    positives, n, rate, weight = (w.arguments[i] for i in (2, 3, 5, 6))
    width = w.shape.width
    lane: Any = INT(0) if width == 1 else ir.VectorType(INT, width)(list(range(width)))
    rate_v, negative = w.splat(rate), w.splat(b.fmul(rate, weight))
    zero = w.constant(0.0)
    count = b.sdiv(b.add(n, INT(width - 1)), INT(width))
    with cgutils.for_range(b, count, intp=INT) as loop:
        start = b.mul(loop.index, INT(width))
        chance = write_logistic(w, w.load(scores, start))
        w.store(scores, start, chance)
        left = b.sub(positives, start)
        if width > 1:
            empty = ir.Constant(lane.type, ir.Undefined)
            first = b.insert_element(empty, left, ir.IntType(32)(0))
            left = b.shuffle_vector(first, empty, ir.VectorType(ir.IntType(32), width)([0] * width))
        is_positive = b.icmp_signed("<", lane, left)
        up = w.multiply_add(b.fsub(zero, rate_v), chance, rate_v)
        down = b.fsub(zero, b.fmul(negative, chance))
        w.store(out, start, b.select(is_positive, up, down))


def _type_steps(
    _typing: Any,
    shape: Any,
    scores: Any,
    _positives: Any,
    _n: Any,
    out: Any,
    _rate: Any,
    _weight: Any,
) -> Any:
    i, f = types.int64, types.float32
    return types.void(shape, scores, i, i, out, f, f), writing(_write_steps)


# steps(shape, scores, positives, n, out, rate, weight): the gradient's steps from dot products, the
# first `positives` of them with words that were there, the others with noise:
# out[i] = rate (1 - s) or -rate weight s, where s = 1 / (1 + exp(-scores[i])) takes the place of
# the score. Numbers up to the next multiple of 4 are overwritten in both.
steps: Any = intrinsic(_type_steps)
