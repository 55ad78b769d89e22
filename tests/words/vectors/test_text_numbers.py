"""Numbers in text are read and written as Python does it, bit for bit."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bunsan.words.vectors.files import text_kernels as kernels
from bunsan.words.vectors.files.text import _WIDEST

DECIMAL = st.from_regex(
    r"[+-]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,25})([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


def read_number(text: str) -> float | None:
    """One number by compiled code; None where it leaves it to Python."""
    line = np.frombuffer(f"w {text}\n".encode(), np.uint8)
    rows = np.zeros((1, 1), np.float32)
    starts, word_ends, ends = (np.zeros(1, np.int64) for _ in range(3))
    flags = np.zeros(1, np.uint8)
    assert kernels.parse_lines(line, 1, rows, starts, word_ends, ends, flags) == 1
    return float(rows[0, 0]) if flags[0] == kernels.PARSED else None


def same(found: float | None, text: str) -> bool:
    with np.errstate(over="ignore"):
        expected = float(np.float32(float(text)))
    return found is None or (
        found == expected and math.copysign(1, found) == math.copysign(1, expected)
    )


@given(DECIMAL)
@example("8388608.5000000000")  # halves between two float32
@example("16777217")
@example("0.1000000014901161193847656250000001")
@example("1.17549435e-38")
@example("7.0064923216240854e-46")
@example("3.4028235e38")
@example("-0.0")
def test_any_decimal(text: str) -> None:
    assert same(read_number(text), text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_double_spellings(value: float) -> None:
    for text in (repr(value), f"{value:.6f}", f"{value:e}", f"{value:.17g}"):
        assert same(read_number(text), text)


@given(st.floats(width=32, min_value=2.0**-120, max_value=2.0**120))
def test_halfway_between_two_float32(value: float) -> None:
    """The hard case: the exact middle, and a hair to either side of it."""
    following = float(np.nextafter(np.float32(value), np.float32(np.inf)))
    middle = (value + following) / 2
    digits = f"{middle:.40e}"
    mantissa, exponent = digits.split("e")
    for text in (repr(middle), f"{mantissa[:17]}e{exponent}", f"{mantissa[:19]}e{exponent}"):
        assert same(read_number(text), text)


def test_usual_spellings_need_no_python() -> None:
    for text in ("0.123456", "-1.5e-05", "1e-5", "+3", "4.", ".5", "0", "-0", "12345678.9", "1E+3",
                 "0.01234567890123456789", "-0.0070648198"):  # fmt: skip
        assert read_number(text) is not None, text
    for text in (
        "nan",
        "inf",
        "1e",
        "e5",
        "-",
        ".",
        "1.2.3",
        "0x10",
        "1_000",
        "１",
        "1e400",
        "--1",
    ):
        assert read_number(text) is None, text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(9.999999747378752e-05)
@example(float(np.float32(1e-45)))
@example(float(np.finfo(np.float32).max))
@example(999999999.0)
@example(-1.23456789e-05)
@example(-0.000123456789)
@example(-0.0)
def test_written_numbers_read_back(value: float) -> None:
    text = np.zeros(40, np.uint8)
    n = kernels.format_number(np.float32(value), text, 0)
    written = text[:n].tobytes().decode()
    back = np.float32(float(written))
    assert back.tobytes() == np.float32(value).tobytes(), written
    assert n < _WIDEST


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (100.0, "100"), (0.0001220703125, "0.000122070312"), (1.5, "1.5"), (0.0, "0"),
     (-0.0, "-0"), (2.0**-20, "9.53674316e-07"), (-(2.0**40), "-1.09951163e12"), (3.0, "3")],
)  # fmt: skip
def test_written_with_nine_digits_at_most(value: float, text: str) -> None:
    room = np.zeros(40, np.uint8)
    n = kernels.format_number(np.float32(value), room, 0)
    assert room[:n].tobytes().decode() == text
