"""Operations on two inputs at once against numpy, at every width of vectors."""

import numpy as np
import pytest
from numba import njit

from bunsan.words.training import pairops
from bunsan.words.training.simd import WIDTHS, aligned_zeros, row_shape

DIMS = (1, 7, 32, 100, 333)
ROWS = 9
LISTED = [4, 2, 2, 7, 8, 1]


@njit
def call_dots(shape, memory, x, y, rows, n, out):
    pairops.pair_dots(shape, memory, x, y, rows, n, out)


@njit
def call_steps(shape, scores, noise, begin_y, end_x, n, out, rate, weight_x, weight_y):
    pairops.pair_steps(shape, scores, noise, begin_y, end_x, n, out, rate, weight_x, weight_y)


@njit
def call_update(shape, memory, x, y, rows, n, steps, end_x, end_y):
    pairops.pair_update(shape, memory, x, y, rows, n, steps, end_x, end_y)


@njit
def call_mean(shape, memory, rows, begin_y, end_x, n, factor_x, factor_y, x, y):
    pairops.pair_mean(shape, memory, rows, begin_y, end_x, n, factor_x, factor_y, x, y)


@njit
def call_spread(shape, memory, rows, begin_y, end_x, n, x, y):
    pairops.pair_spread(shape, memory, rows, begin_y, end_x, n, x, y)


@pytest.fixture(params=[(dim, width) for dim in DIMS for width in WIDTHS], ids=str)
def table(request):
    """A shape, memory of nine rows, and the same as a float64 table."""
    dim, width = request.param
    shape = row_shape(dim, width)
    memory = aligned_zeros(ROWS * shape.stride)
    rows = memory.reshape(ROWS, -1)
    rows[:, :dim] = np.random.default_rng(dim).normal(size=(ROWS, dim))
    return shape, memory, rows.astype(np.float64)


def same(memory, rows):
    np.testing.assert_allclose(memory.reshape(ROWS, -1), rows, rtol=1e-4, atol=1e-5)


def side_by_side(x, y):
    """Numbers of two inputs as the operations have them: four of the one, four of the other."""
    whole = np.zeros(((len(x) + 3) // 4, 2, 4), np.float32)
    for k, numbers in enumerate((x, y)):
        for i, number in enumerate(numbers):
            whole[i // 4, k, i % 4] = number
    return whole.reshape(-1)


def apart(both, n):
    """The first n numbers of each input."""
    return np.moveaxis(both.reshape(-1, 2, 4), 1, 0).reshape(2, -1)[:, :n]


@pytest.mark.parametrize("n", [1, 3, 4, 6])
def test_dots(table, n):
    shape, memory, rows = table
    listed, stride = LISTED[:n], shape.stride
    out = np.full(24, 99, np.float32)
    call_dots(shape, memory, 3 * stride, 5 * stride, np.array(listed) * stride, n, out)
    wanted = rows[[3, 5]] @ rows[listed].T
    np.testing.assert_allclose(apart(out, n), wanted, rtol=1e-4, atol=1e-4)
    assert (out[8 * ((n + 3) // 4) :] == 99).all()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("noise", "begin_y", "end_x", "n"), [(7, 9, 12, 14), (3, 4, 4, 5), (4, 6, 6, 6), (1, 1, 11, 11)]
)
def test_steps(width, noise, begin_y, end_x, n):
    """Noise, then words around the first input alone, around both, around the second alone."""
    scores = np.random.default_rng(0).normal(0, 4, (2, n))
    given, out = side_by_side(*scores), np.zeros(32, np.float32)
    rate, weights = np.float32(0.5), (np.float32(0.25), np.float32(0.75))
    call_steps(row_shape(8, width), given, noise, begin_y, end_x, n, out, rate, *weights)
    chances, row = 1 / (1 + np.exp(-scores)), np.arange(n)
    for k, (begin, end) in enumerate([(noise, end_x), (begin_y, n)]):
        wanted = np.where(row < noise, -0.5 * weights[k] * chances[k], 0)
        there = (row >= begin) & (row < end)
        wanted[there] = 0.5 * (1 - chances[k][there])
        np.testing.assert_allclose(apart(out, n)[k], wanted, atol=3e-5)
    np.testing.assert_allclose(apart(given, n), chances, atol=5e-5)


def test_where_a_score_lies():
    numbers = side_by_side(np.arange(11), np.arange(11) + 100)
    assert [numbers[pairops.first_of(i)] for i in range(11)] == list(range(11))
    assert [numbers[pairops.first_of(i) + 4] for i in range(11)] == list(range(100, 111))


@pytest.mark.parametrize(("x", "y", "end_x", "end_y"), [(3, 5, 3, 5), (3, 3, 3, 3), (3, 5, 0, 6)])
def test_update(table, x, y, end_x, end_y):
    """One row after the other, a repeated one twice; both inputs may be one row, which gains both."""
    shape, memory, rows = table
    steps = np.array([[0.5, -0.25, 0.125, -1, 0.75], [0.25, 0, -0.5, 0.375, -0.25]])
    inputs, gained = rows[[x, y]].copy(), np.zeros((2, rows.shape[1]))
    for row, pair in zip(LISTED, steps.T, strict=False):
        gained += pair[:, None] * rows[row]
        rows[row] += pair @ inputs
    rows[end_x] += gained[0]
    rows[end_y] += gained[1]
    at = [row * shape.stride for row in (x, y, end_x, end_y)]
    listed = np.array(LISTED[:5]) * shape.stride
    call_update(shape, memory, at[0], at[1], listed, 5, side_by_side(*steps), at[2], at[3])
    same(memory, rows)


@pytest.mark.parametrize(("begin_y", "end_x", "n"), [(2, 5, 6), (1, 1, 2), (3, 3, 3), (0, 4, 4)])
def test_mean_and_spread(table, begin_y, end_x, n):
    shape, memory, rows = table
    listed, stride = np.array(LISTED), shape.stride
    call_mean(
        shape,
        memory,
        listed * stride,
        begin_y,
        end_x,
        n,
        np.float32(0.5),
        np.float32(2),
        0,
        stride * 6,
    )
    rows[[0, 6]] = 0.5 * rows[listed[:end_x]].sum(0), 2 * rows[listed[begin_y:n]].sum(0)
    same(memory, rows)
    call_spread(shape, memory, listed * stride, begin_y, end_x, n, 3 * stride, 5 * stride)
    np.add.at(rows, listed[:end_x], rows[3].copy())
    np.add.at(rows, listed[begin_y:n], rows[5].copy())
    same(memory, rows)
