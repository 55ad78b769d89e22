"""Kernels against slow, obvious twins in numpy."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.models.encoding import rowwise
from bunsan.models.encoding.tiles import Tile, has_integers, pack
from bunsan.models.encoding.weights import Operand, PackedLinear
from bunsan.nn.transformer import ACTIVATIONS

KINDS = ["float32", *(["int16", "int8"] if has_integers() else [])]


def rows_of(x: np.ndarray, stride: int, spare: int = 64) -> np.ndarray:
    """Rows laid out a stride apart, with rows to spare."""
    out = np.zeros((len(x) + spare, stride), np.float32)
    out[: len(x), : x.shape[1]] = x
    return out.reshape(-1)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(
    rows=st.integers(1, 40),
    inner=st.integers(1, 70),
    outputs=st.integers(1, 70),
    seed=st.integers(0, 99),
)
def test_products(kind: Any, rows: int, inner: int, outputs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, inner)).astype(np.float32) * 10 ** rng.uniform(-3, 3)
    weight = rng.standard_normal((outputs, inner)).astype(np.float32)
    bias = rng.standard_normal(outputs).astype(np.float32)
    packed = PackedLinear.pack(weight, bias, kind)
    stride = inner + 16
    left = Operand(kind, rows + 64, inner)
    left.take(rows_of(x, stride), 0, rows, inner, stride)
    out_stride = packed.panels * packed.tile.columns + 3
    out = np.zeros((rows + 64) * out_stride, np.float32)
    left.product(packed, rows, out, 0, out_stride)
    found = out.reshape(-1, out_stride)[:rows, :outputs].astype(np.float64)
    expected = x.astype(np.float64) @ weight.T.astype(np.float64) + bias
    size = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weight, axis=1)[None, :]
    # Rounding to b bits errs by at most half a unit a number: in x, in the weight, in both.
    unit = {"float32": 1e-6, "int16": np.sqrt(inner) / 46000 + 1e-6, "int8": np.sqrt(inner) / 60}
    assert (np.abs(found - expected) <= unit[kind] * size + 1e-6 * np.abs(bias) + 1e-30).all()
    left.product(packed, rows, out, 0, out_stride, add=True)
    twice = out.reshape(-1, out_stride)[:rows, :outputs]
    np.testing.assert_allclose(twice, 2 * found, rtol=1e-5, atol=1e-6 * np.abs(found).max())


@pytest.mark.skipif(not has_integers(), reason="needs AVX2")
@pytest.mark.parametrize("inner", [2, 384, 4096])
@pytest.mark.parametrize("kind", ["int16", "int8"])
def test_no_sum_overflows(kind: Any, inner: int) -> None:
    """The largest sums there can be: rows and columns that point the same way."""
    rng = np.random.default_rng(0)
    row = np.where(rng.random(inner) < 0.5, -1.0, 1.0).astype(np.float32)
    alone = np.zeros(inner, np.float32)
    alone[1] = -3.0
    x = np.stack([row, -row, alone, np.abs(row), np.full(inner, 1e-20, np.float32) * row])
    packed = PackedLinear.pack(x[:4].copy(), np.zeros(4, np.float32), kind)
    left = Operand(kind, 70, inner)
    left.take(rows_of(x, inner), 0, len(x), inner, inner)
    stride = packed.panels * packed.tile.columns
    out = np.zeros(80 * stride, np.float32)
    left.product(packed, len(x), out, 0, stride)
    found = out.reshape(-1, stride)[: len(x), :4]
    size = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(x[:4], axis=1)[None, :]
    np.testing.assert_allclose(found, x @ x[:4].T, rtol=1e-3, atol=float(1e-3 * size.max()))


def test_packing_by_hand() -> None:
    weight = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    packed = pack(weight, Tile(1, 1, 2), 1)
    assert packed.tolist() == [1, 3, 2, 4, 5, 0, 6, 0]
    assert pack(weight, Tile(1, 1, 2), 2).tolist()[:8] == [1, 2, 3, 4, 0, 0, 0, 0]


@pytest.mark.parametrize("name", rowwise.BENDS)
def test_bends(name: Any) -> None:
    x = np.concatenate([np.linspace(-30, 30, 4001), np.linspace(-1, 1, 999), [0, -100, 100]])
    laid = rows_of(x[None].astype(np.float32), len(x) + 5, spare=1)
    rowwise.BENDS[name](laid, 1, len(x), len(x) + 5)
    expected = ACTIVATIONS[name](torch.from_numpy(x.astype(np.float32)).double()).numpy()
    error = np.abs(laid[: len(x)] - expected) / np.maximum(np.abs(x), 1)
    assert error.max() < 6e-7
    assert (laid[len(x) :] == 0).all()


@given(st.floats(-87, 88, width=32))
def test_exponential(x: float) -> None:
    found = rowwise.exponential(np.float32(x))
    assert abs(found / np.exp(np.float64(np.float32(x))) - 1) < 4e-7


@pytest.mark.parametrize("n", [3, 64, 77])
def test_norms(n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_normal((4, n)).astype(np.float32) * 5 + 3
    weight, bias = rng.standard_normal((2, n)).astype(np.float32)
    stride = n + 2
    eps = np.float32(1e-5)
    deviation = x - x.mean(1, keepdims=True)
    layer = deviation / np.sqrt((deviation**2).mean(1, keepdims=True) + eps) * weight + bias
    rms = x / np.sqrt((x**2).mean(1, keepdims=True) + eps) * weight
    for norm, expected in ((rowwise.layer_norm, layer), (rowwise.rms_norm, rms)):
        laid = rows_of(x, stride)
        out = np.zeros_like(laid)
        norm(laid, stride, 3, n, stride, weight, bias, eps, out)  # all but the first row
        found = out.reshape(-1, stride)[:3, :n]
        np.testing.assert_allclose(found, expected[1:], rtol=2e-5, atol=2e-5)


def test_rounding_to_16_bits_keeps_the_promise() -> None:
    rng = np.random.default_rng(0)
    for x in (rng.standard_normal((6, 500)), rng.standard_cauchy((6, 500)), np.zeros((6, 500))):
        x = x.astype(np.float32)
        out, scale = np.zeros(6 * 500, np.int16), np.zeros(6, np.float32)
        rowwise.to_int16(rows_of(x, 500), 0, 6, 500, 500, out, 500, scale)
        found = out.reshape(6, 500).astype(np.int64)
        assert (found**2).sum(1).max() <= 2**31 - 1
        np.testing.assert_allclose(found * scale[:, None], x, atol=0.51 * scale.max())
