"""The arithmetic of GloVe: weighted least squares on log counts, by AdaGrad, cell by cell.

Pennington, Socher & Manning (2014), "GloVe: Global Vectors for Word Representation", equation 8:
the cost of a cell is f(x_ij) (w_i . v_j + b_i + c_j - log x_ij)^2, where w and b belong to words and
v and c to words as contexts. Each number has its own learning rate, eta divided by the root of the
sum of its squared gradients so far (Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods"),
which starts at 1 as in the authors' program.

All that belongs to one word is one record, so that a cell touches two places in memory: the rows w,
its sums of squares, v, its sums of squares, then b, its sum, c, its sum. Counts are symmetric, so
one pair of words is two cells, i-j and j-i; both are trained while the records are at hand.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from bunsan.words.rows import prefetch
from bunsan.words.training.rowops import dot, prefetch_row
from bunsan.words.training.simd import LINE, RowShape, Writer, writing

LARGEST_ERROR = 7e-4  # relative, of the inverse square root in `adagrad`
_MAGIC, _SCALE, _SUM = 0x5F1FFFF9, 0.703952253, 2.38924456


def record_size(shape: RowShape) -> int:
    """Floats of one word's record: four rows, four numbers, up to the next line of the cache."""
    return 4 * shape.stride + LINE


def _write_inverse_root(w: Writer, x: Any) -> Any:
    """1 / sqrt(x) / _SCALE, by halving the exponent and one Newton step with fitted constants.

    Constants by J. Kadlec (2010), https://rrrola.wz.cz/inv_sqrt.html; the error is below 6.6e-4.
    """
    b = w.builder
    bits: Any = ir.IntType(32)
    magic, one = bits(_MAGIC), bits(1)
    if w.shape.width > 1:
        bits = ir.VectorType(bits, w.shape.width)
        magic, one = bits([_MAGIC] * w.shape.width), bits([1] * w.shape.width)
    y = b.bitcast(b.sub(magic, b.lshr(b.bitcast(x, bits), one)), w.type)
    minus_xy = b.fmul(b.fsub(w.constant(0.0), x), y)
    return b.fmul(y, w.multiply_add(minus_xy, y, w.constant(_SUM)))


def _write_adagrad(w: Writer) -> None:
    b = w.builder
    data, p, q, step = w.data(1), w.arguments[2], w.arguments[3], w.arguments[4]
    stride = w.shape.stride
    s = w.splat(step)
    scale, zero = w.constant(_SCALE), w.constant(0.0)
    down = b.fsub(zero, b.fmul(s, scale))

    def block(begin: Any, vectors: int) -> None:
        for v in range(vectors):
            at = w.place(begin, v * w.shape.width)
            place_p, place_q = b.add(p, at), b.add(q, at)
            square_p, square_q = w.place(place_p, stride), w.place(place_q, stride)
            x, y = w.load(data, place_p), w.load(data, place_q)
            g, h = w.load(data, square_p), w.load(data, square_q)
            root_g, root_h = _write_inverse_root(w, g), _write_inverse_root(w, h)
            w.store(data, place_p, w.multiply_add(b.fmul(down, y), root_g, x))
            w.store(data, place_q, w.multiply_add(b.fmul(down, x), root_h, y))
            gradient_p, gradient_q = b.fmul(s, y), b.fmul(s, x)
            w.store(data, square_p, w.multiply_add(gradient_p, gradient_p, g))
            w.store(data, square_q, w.multiply_add(gradient_q, gradient_q, h))

    w.blocks(16, block)


def _type_adagrad(_typing: Any, shape: Any, memory: Any, _p: Any, _q: Any, _step: Any) -> Any:
    i = types.int64
    return types.void(shape, memory, i, i, types.float32), writing(_write_adagrad)


# adagrad(shape, memory, p, q, step): p -= step q / sqrt(P) and q -= step p / sqrt(Q), both from the
# old values; then P += (step q)^2 and Q += (step p)^2. P and Q are the rows behind p and q.
_adagrad: Any = intrinsic(_type_adagrad)


@njit(nogil=True, cache=True, inline="always")
def _train_cell(shape, memory, word, context, biases, stride, log, weight, eta):  # type: ignore[no-untyped-def]
    """One cell: the word of one record, the context of another. Returns f(x) diff^2."""
    w = word
    v = context + 2 * stride
    b = word + biases
    c = context + biases + 2
    diff = dot(shape, memory, w, v) + memory[b] + memory[c] - log
    pull = weight * diff
    step = eta * pull
    _adagrad(shape, memory, w, v, step)
    square = step * step
    memory[b] -= step / np.sqrt(memory[b + 1])
    memory[c] -= step / np.sqrt(memory[c + 1])
    memory[b + 1] += square
    memory[c + 1] += square
    return pull * diff


@njit(nogil=True, cache=True)
def train_cells(shape, memory, stride, record, cells, order, eta):  # type: ignore[no-untyped-def]
    """Train on runs of cells in a given order; returns the sum of f(x) diff^2 / 2 over the cells.

    Parameters
    ----------
    shape, memory : the records, one after another, in a flat array.
    stride, record : floats from row to row, and from record to record.
    cells : (other, log, weight, run_word, run_start) as described at `CellGroup`.
    order : int64, the runs to train on.
    eta : float32.
    """
    other, logs, weights, run_word, run_start = cells
    biases = 4 * stride
    total = 0.0
    for k in range(len(order)):
        run = order[k]
        i = np.int64(run_word[run]) * record
        if k + 1 < len(order):
            # Of a short run, most of the time is waiting for its word.
            ahead = np.int64(run_word[order[k + 1]]) * record
            for row in range(4):
                prefetch_row(shape, memory, ahead + row * stride)
            begin = run_start[order[k + 1]]
            prefetch(other, begin)
            prefetch(logs, begin)
            prefetch(weights, begin)
        stop = run_start[run + 1]
        for e in range(run_start[run], stop):
            j = np.int64(other[e]) * record
            if e + 1 < stop:
                ahead = np.int64(other[e + 1]) * record
                for row in range(4):
                    prefetch_row(shape, memory, ahead + row * stride)
            cost = _train_cell(shape, memory, i, j, biases, stride, logs[e], weights[e], eta)
            if i != j:
                cost += _train_cell(shape, memory, j, i, biases, stride, logs[e], weights[e], eta)
            total += cost
    return 0.5 * total
