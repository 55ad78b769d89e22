"""What is done to every row alone: norms, bends, rounding to fixed point. Plain loops, compiled.

Rows of floats lie in a flat array, a stride apart. The loops are written so that the compiler turns
them into vector instructions: no branches, no calls, sums that may be reordered.
"""

from math import sqrt
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy import float32

_WORD, _FLOAT = ir.IntType(32), ir.FloatType()
# Sums may be taken in any order and products joined with them; nothing else is given up.
LOOSE = {"reassoc", "contract", "nsz"}


def _type_float_of_bits(_typing: Any, bits: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _FLOAT)

    return types.float32(types.int32), generate


_float_of_bits: Any = intrinsic(_type_float_of_bits)


def _type_nearest(_typing: Any, x: Any) -> Any:
    """The whole number nearest to a float, as a float; halves go to the even one."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_FLOAT, [_FLOAT])
        function = builder.module.declare_intrinsic("llvm.rint", (_FLOAT,), kind)
        return builder.call(function, [arguments[0]])

    return types.float32(types.float32), generate


nearest: Any = intrinsic(_type_nearest)


def _type_whole(_typing: Any, x: Any) -> Any:
    """A float that is a whole number, as an int32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fptosi(arguments[0], _WORD)

    return types.int32(types.float32), generate


whole: Any = intrinsic(_type_whole)


# exp: 2^n · e^r with |r| <= ln 2 / 2; ln 2 in two parts, so that r is exact (Cody & Waite 1980).
_LOG2E, _LN2_HIGH, _LN2_LOW = float32(1.44269504), float32(0.693359375), float32(-2.12194440e-4)
_E2, _E3, _E4 = float32(1 / 2), float32(1 / 6), float32(1 / 24)
_E5, _E6 = float32(1 / 120), float32(1 / 720)
_LEAST, _MOST = float32(-87.0), float32(88.0)
_ZERO, _HALF, _ONE, _TWO = float32(0.0), float32(0.5), float32(1.0), float32(2.0)
# erf: x P(x²) / Q(x²) on |x| <= 4, fitted so that the greatest error is least (2e-8, then rounding).
_P0, _P1, _P2 = float32(1.128378987312317), float32(0.196251779794693), float32(0.0534678474068642)
_P3, _P4, _P5 = float32(0.004003767855465), float32(0.00028804448084), float32(1.97481176656e-06)
_Q1, _Q2, _Q3 = float32(0.5072547793388367), float32(0.1164775863289833), float32(0.01544466242194)
_Q4, _Q5 = float32(0.001216390170156956), float32(3.748083690886968e-05)
_FOUR, _ROOT_HALF = float32(4.0), float32(0.70710678)
_QUICK, _CUBIC, _TWICE_ROOT = float32(1.702), float32(0.044715), float32(2 * 0.7978845608)


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy", inline="always")
def exponential(x: Any) -> Any:
    """e^x of a float32, from e^-87 to e^88; the greatest relative error is 4e-7."""
    x = min(max(x, _LEAST), _MOST)
    n = nearest(x * _LOG2E)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = ((((_E6 * r + _E5) * r + _E4) * r + _E3) * r + _E2) * (r * r) + (r + _ONE)
    return p * _float_of_bits((whole(n) + types.int32(127)) << types.int32(23))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy", inline="always")
def error_function(x: Any) -> Any:
    """erf of a float32, within 5e-7."""
    x = min(max(x, -_FOUR), _FOUR)
    t = x * x
    above = ((((_P5 * t + _P4) * t + _P3) * t + _P2) * t + _P1) * t + _P0
    below = ((((_Q5 * t + _Q4) * t + _Q3) * t + _Q2) * t + _Q1) * t + _ONE
    return x * (above / below)


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def gelu(x: Any, rows: int, n: int, stride: int) -> None:
    """x Φ(x) (Hendrycks & Gimpel 2016), in place."""
    for r in range(rows):
        row = x[r * stride : r * stride + n]
        for i in range(n):
            v = row[i]
            row[i] = v * _HALF * (_ONE + error_function(v * _ROOT_HALF))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def gelu_tanh(x: Any, rows: int, n: int, stride: int) -> None:
    """Its approximation by a hyperbolic tangent: (1 + tanh z) / 2 = 1 / (1 + e^-2z), in place."""
    for r in range(rows):
        row = x[r * stride : r * stride + n]
        for i in range(n):
            v = row[i]
            row[i] = v / (_ONE + exponential(-_TWICE_ROOT * (v + _CUBIC * v * v * v)))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def gelu_quick(x: Any, rows: int, n: int, stride: int) -> None:
    """x σ(1.702 x), in place."""
    for r in range(rows):
        row = x[r * stride : r * stride + n]
        for i in range(n):
            v = row[i]
            row[i] = v / (_ONE + exponential(-_QUICK * v))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def silu(x: Any, rows: int, n: int, stride: int) -> None:
    """x σ(x), in place."""
    for r in range(rows):
        row = x[r * stride : r * stride + n]
        for i in range(n):
            v = row[i]
            row[i] = v / (_ONE + exponential(-v))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def tanh(x: Any, rows: int, n: int, stride: int) -> None:
    """1 - 2 / (1 + e^2x), in place."""
    for r in range(rows):
        row = x[r * stride : r * stride + n]
        for i in range(n):
            row[i] = _ONE - _TWO / (_ONE + exponential(_TWO * row[i]))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def relu(x: Any, rows: int, n: int, stride: int) -> None:
    """max(x, 0), in place."""
    for r in range(rows):
        row = x[r * stride : r * stride + n]
        for i in range(n):
            row[i] = max(row[i], _ZERO)


BENDS: dict[str, Any] = {
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "gelu_quick": gelu_quick,
    "silu": silu,
    "tanh": tanh,
    "relu": relu,
}


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def multiply(x: Any, y: Any, rows: int, n: int, stride: int) -> None:
    """x *= y."""
    for r in range(rows):
        row, other = x[r * stride : r * stride + n], y[r * stride : r * stride + n]
        for i in range(n):
            row[i] *= other[i]


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def layer_norm(
    x: Any, at: int, rows: int, n: int, stride: int, weight: Any, bias: Any, eps: Any, out: Any
) -> None:
    """Rows of `x` from `at` on, normalised into the beginning of `out` (Ba et al. 2016)."""
    share = _ONE / float32(n)
    for r in range(rows):
        row, to = x[at + r * stride : at + r * stride + n], out[r * stride : r * stride + n]
        total = _ZERO
        for i in range(n):
            total += row[i]
        mean = total * share
        squares = _ZERO
        for i in range(n):
            d = row[i] - mean
            squares += d * d
        factor = _ONE / sqrt(squares * share + eps)
        for i in range(n):
            to[i] = (row[i] - mean) * factor * weight[i] + bias[i]


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def rms_norm(
    x: Any, at: int, rows: int, n: int, stride: int, weight: Any, _bias: Any, eps: Any, out: Any
) -> None:
    """As `layer_norm`, by the root of the mean square (Zhang & Sennrich 2019)."""
    share = _ONE / float32(n)
    for r in range(rows):
        row, to = x[at + r * stride : at + r * stride + n], out[r * stride : r * stride + n]
        squares = _ZERO
        for i in range(n):
            squares += row[i] * row[i]
        factor = _ONE / sqrt(squares * share + eps)
        for i in range(n):
            to[i] = row[i] * factor * weight[i]


@njit(nogil=True, cache=True, fastmath=LOOSE | {"nnan"}, error_model="numpy")
def greatest(x: Any, n: int) -> Any:
    """The greatest of the first n numbers. Of these loops alone the compiler may think that nothing
    is no number: else it compares one by one."""
    found = float32(-3e38)
    for i in range(n):
        found = max(found, x[i])
    return found


@njit(nogil=True, cache=True, fastmath=LOOSE | {"nnan"}, error_model="numpy")
def greatest_size(x: Any, n: int) -> Any:
    """The greatest absolute value of the first n numbers, or 1e-30."""
    found = float32(1e-30)
    for i in range(n):
        found = max(found, abs(x[i]))
    return found


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def to_int16(
    x: Any, at: int, rows: int, n: int, stride: int, out: Any, out_stride: int, scale: Any
) -> None:
    """Every row times as much as fits, rounded to 16 bits; `scale` undoes it.

    What fits: no number over 32,767, and no row longer than 46,340 (the root of the largest 32-bit
    number). Columns of weights are treated alike, so by the inequality of Cauchy and Schwarz no sum
    of products, nor a part of one, exceeds 32 bits.
    """
    most = float32(46340.0) - sqrt(float32(n))  # rounding can lengthen a row by this much
    for r in range(rows):
        row = x[at + r * stride : at + r * stride + n]
        to = out[r * out_stride : r * out_stride + n]
        squares, highest = _ZERO, greatest_size(row, n)
        for i in range(n):
            squares += row[i] * row[i]
        factor = min(float32(32767.0) / highest, most / sqrt(max(squares, float32(1e-37))))
        scale[r] = _ONE / factor
        for i in range(n):
            to[i] = whole(nearest(row[i] * factor))


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def to_uint8(
    x: Any, at: int, rows: int, n: int, stride: int, out: Any, out_stride: int, scale: Any
) -> None:
    """Every row times as much as makes its largest number 127, rounded, 128 added."""
    for r in range(rows):
        row = x[at + r * stride : at + r * stride + n]
        to = out[r * out_stride : r * out_stride + n]
        highest = greatest_size(row, n)
        factor = float32(127.0) / highest
        scale[r] = highest / float32(127.0)
        for i in range(n):
            to[i] = whole(nearest(row[i] * factor)) + types.int32(128)
