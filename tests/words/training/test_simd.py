"""Row operations against numpy, at every width of vectors and for rows of many lengths."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from bunsan.base.errors import BadInput
from bunsan.words.training import rowops
from bunsan.words.training.simd import WIDTHS, aligned_zeros, host_width, row_shape

# Fewer numbers than a vector; one and several blocks; no padding and much.
DIMS = (1, 7, 32, 100, 333)
ROWS = 9


@njit
def call_dots(shape, memory, x, rows, n, out):
    rowops.dots(shape, memory, x, rows, n, out)


@njit
def call_dot(shape, memory, p, q):
    return rowops.dot(shape, memory, p, q)


@njit
def call_update(shape, memory, x, rows, n, steps, start, end):
    rowops.update(shape, memory, x, rows, n, steps, start, end)


@njit
def call_mean(shape, memory, rows, n, factor, out):
    rowops.prefetch_row(shape, memory, rows[0])
    rowops.mean(shape, memory, rows, n, factor, out)


@njit
def call_spread(shape, memory, rows, n, factor, x):
    rowops.spread(shape, memory, rows, n, factor, x)


@njit
def call_steps(shape, scores, positives, n, out, rate, weight):
    rowops.steps(shape, scores, positives, n, out, rate, weight)


@pytest.fixture(params=[(dim, width) for dim in DIMS for width in WIDTHS], ids=str)
def table(request):
    """A shape, memory of nine rows, and the same as a float64 table."""
    dim, width = request.param
    shape = row_shape(dim, width)
    memory = aligned_zeros(ROWS * shape.stride)
    rows = memory.reshape(ROWS, -1)
    rows[:, :dim] = np.random.default_rng(dim).normal(size=(ROWS, dim))
    return shape, memory, rows.astype(np.float64)


def places(shape, *rows):
    return np.array(rows) * shape.stride


def test_rows_are_whole_lines_of_the_cache(table):
    shape, memory, rows = table
    assert memory.ctypes.data % 64 == 0
    assert shape.stride % 16 == 0
    assert shape.width * shape.vectors <= shape.stride == rows.shape[1]


@pytest.mark.parametrize("n", [1, 3, 4, 6])
def test_dots(table, n):
    shape, memory, rows = table
    listed = [4, 2, 2, 7, 8, 1][:n]
    out = np.full(12, 99, np.float32)
    call_dots(shape, memory, 3 * shape.stride, places(shape, *listed), n, out)
    np.testing.assert_allclose(out[:n], rows[listed] @ rows[3], rtol=1e-4, atol=1e-4)
    assert (out[n + 3 :] == 99).all()


def test_dot(table):
    shape, memory, rows = table
    found = call_dot(shape, memory, shape.stride, 5 * shape.stride)
    assert found == pytest.approx(rows[1] @ rows[5], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("in_place", [True, False])
def test_update(table, in_place):
    """One row after the other, a repeated one twice."""
    shape, memory, rows = table
    listed, steps = [4, 2, 2, 7], np.array([0.5, -0.25, 0.125, -1], np.float32)
    x, start, end = (3, 3, 3) if in_place else (3, 5, 6)
    source, total = rows[x].copy(), rows[start].copy()
    for row, step in zip(listed, steps.astype(float), strict=True):
        total += step * rows[row]
        rows[row] += step * source
    rows[end] = total
    at = [row * shape.stride for row in (x, start, end)]
    call_update(shape, memory, at[0], places(shape, *listed), 4, steps, at[1], at[2])
    np.testing.assert_allclose(memory.reshape(ROWS, -1), rows, rtol=1e-4, atol=1e-5)


def test_mean_and_spread(table):
    shape, memory, rows = table
    listed = places(shape, 4, 2, 2, 7)
    call_mean(shape, memory, listed, 4, np.float32(0.25), 0)
    rows[0] = rows[[4, 2, 2, 7]].mean(0)
    np.testing.assert_allclose(memory.reshape(ROWS, -1), rows, rtol=1e-4, atol=1e-5)
    call_spread(shape, memory, listed, 4, np.float32(-2), 8 * shape.stride)
    for row in (4, 2, 2, 7):
        rows[row] -= 2 * rows[8]
    np.testing.assert_allclose(memory.reshape(ROWS, -1), rows, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("positives", [0, 1, 5, 37])
def test_steps(width, positives):
    scores = np.random.default_rng(0).normal(0, 4, 48).astype(np.float32)
    chance = 1 / (1 + np.exp(-scores.astype(np.float64)))
    out = np.zeros(48, np.float32)
    rate, weight = np.float32(0.5), np.float32(0.25)
    call_steps(row_shape(8, width), scores, positives, 37, out, rate, weight)
    wanted = np.where(np.arange(37) < positives, 0.5 * (1 - chance[:37]), -0.125 * chance[:37])
    np.testing.assert_allclose(out[:37], wanted, atol=3e-5)
    np.testing.assert_allclose(scores[:37], chance[:37], atol=5e-5)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_logistic_function_is_as_exact_as_stated(width):
    """Everywhere, infinities too; and it never reaches 0 or 1, whose logarithms are lost."""
    scores = np.concatenate(
        [np.linspace(-40, 40, 100_000), np.tile([-3e38, 3e38, -np.inf, np.inf], 4)]
    )
    scores = scores.astype(np.float32)
    chances = scores.copy()
    shape, one = row_shape(8, width), np.float32(1)
    call_steps(shape, chances, 0, len(scores), np.empty(len(scores), np.float32), one, one)
    wanted = np.exp(-np.logaddexp(0, -scores.astype(np.float64)))
    error = np.abs(chances - wanted)
    assert error.max() <= rowops.LARGEST_ERROR
    assert error[np.abs(scores) <= 6].max() < 1e-6
    assert 0 < chances.min() <= chances.max() < 1


def in_a_new_process(code, **environment):
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_the_environment_chooses_the_width():
    code = "from bunsan.words.training.simd import host_width; print(host_width())"
    assert in_a_new_process(code, BUNSAN_SIMD_WIDTH="4") == ["4"]
    assert in_a_new_process(code, BUNSAN_SIMD_WIDTH="1") == ["1"]


def test_a_width_that_is_none_is_refused(monkeypatch):
    host_width.cache_clear()
    monkeypatch.setenv("BUNSAN_SIMD_WIDTH", "6")
    with pytest.raises(BadInput, match="BUNSAN_SIMD_WIDTH=6"):
        host_width()
    host_width.cache_clear()


def test_a_second_process_compiles_nothing_and_widths_are_kept_apart(tmp_path):
    code = """
import numpy as np
from kernel_cases import Case
from bunsan.words.training.cbow import train_cbow
case = Case()
case.run("cbow", 0.05)
stats = train_cbow.stats
print(case.shape.width, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""
    here = str(Path(__file__).parent)
    options = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": here}
    first = in_a_new_process(code, **options, BUNSAN_SIMD_WIDTH="8")
    second = in_a_new_process(code, **options, BUNSAN_SIMD_WIDTH="8")
    other = in_a_new_process(code, **options, BUNSAN_SIMD_WIDTH="4")
    assert (first, second, other) == (["8", "0", "1"], ["8", "1", "0"], ["4", "0", "1"])
