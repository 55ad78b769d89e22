"""Compiled reading and writing of lines "word number number ...".

Numbers come out as `np.float32(float(text))` would give them. Decimals of up to 19 digits are read
as one integer and scaled by a power of ten in double precision; where that could round to another
float32 than the exact value, and for spellings such as nan, the line is left to Python.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

# What became of a line; the last two are added to any of the first.
PARSED, EMPTY, ODD, CARRIAGE_RETURN, TRAILING_SPACE = 0, 1, 2, 4, 8

_POWERS = 10.0 ** np.arange(23)  # exactly doubles, up to 10^22
_EXACT = np.uint64(1 << 53)
_SPACE, _TAB, _NEWLINE, _RETURN = 32, 9, 10, 13


@njit(nogil=True, cache=True, error_model="numpy")
def _number(data, p):  # type: ignore[no-untyped-def]
    """A decimal number at p: (value, place after it), place -1 where this is not the way to read it."""
    negative = data[p] == 45
    if negative or data[p] == 43:
        p += 1
    mantissa = np.uint64(0)
    kept = 0
    power = 0
    digits = 0
    c = data[p]
    while 48 <= c <= 57:
        if kept < 19:
            mantissa = mantissa * np.uint64(10) + np.uint64(c - 48)
            kept += mantissa != 0
        else:
            power += 1
        digits += 1
        p += 1
        c = data[p]
    if c == 46:
        p += 1
        c = data[p]
        while 48 <= c <= 57:
            if kept < 19:
                mantissa = mantissa * np.uint64(10) + np.uint64(c - 48)
                kept += mantissa != 0
                power -= 1
            digits += 1
            p += 1
            c = data[p]
    if digits == 0:
        return np.float32(0), -1
    if c == 101 or c == 69:  # e, E
        p += 1
        down = data[p] == 45
        if down or data[p] == 43:
            p += 1
        c = data[p]
        if not 48 <= c <= 57:
            return np.float32(0), -1
        exponent = 0
        while 48 <= c <= 57:
            exponent = min(exponent * 10 + (c - 48), 100000)
            p += 1
            c = data[p]
        power += -exponent if down else exponent
    if mantissa == 0:
        return np.float32(-0.0) if negative else np.float32(0), p
    value = np.float64(mantissa)
    exact = mantissa <= _EXACT and kept < 19
    if -22 <= power < 0:
        value /= _POWERS[-power]
    elif 0 < power <= 22:
        value *= _POWERS[power]
    elif -44 <= power < -22:
        value = value / _POWERS[22] / _POWERS[-power - 22]
        exact = False
    elif power != 0:
        return np.float32(0), -1
    if value > 3.4e38:
        return np.float32(0), -1
    # After a few roundings: all that is near must be the same float32.
    if not exact and (
        value < 1.2e-38 or np.float32(value * (1 - 1e-15)) != np.float32(value * (1 + 1e-15))
    ):
        return np.float32(0), -1
    return np.float32(-value) if negative else np.float32(value), p


@njit(nogil=True, cache=True, error_model="numpy")
def parse_lines(  # type: ignore[no-untyped-def]
    data, dim, rows, starts, word_ends, ends, flags
):
    """Read every line of `data`, which ends in a newline; line i becomes rows[i] [lines, dim].

    Of each line `starts`, `word_ends` and `ends` (without the newline) and `flags` are set; rows
    whose flags say ODD or EMPTY hold nothing. Returns the number of lines.
    """
    line = 0
    p = 0
    n = len(data)
    while p < n:
        start = p
        flag = PARSED
        while data[p] != _SPACE and data[p] != _TAB and data[p] != _NEWLINE:
            p += 1
        word_end = p
        if data[p] == _NEWLINE:
            blank = p == start or (p == start + 1 and data[start] == _RETURN)
            flag = EMPTY if blank else ODD
        elif p == start:
            flag = ODD
        else:
            for j in range(dim):
                if data[p] != _SPACE and data[p] != _TAB:
                    flag = ODD
                    break
                while data[p] == _SPACE or data[p] == _TAB:
                    p += 1
                value, after = _number(data, p)
                if after < 0:
                    flag = ODD
                    break
                rows[line, j] = value
                p = after
            if flag == PARSED:
                end = p
                while data[p] == _SPACE or data[p] == _TAB:
                    p += 1
                if p > end:
                    flag |= TRAILING_SPACE
                if data[p] == _RETURN:
                    flag |= CARRIAGE_RETURN
                    p += 1
                if data[p] != _NEWLINE:
                    flag = ODD
        while data[p] != _NEWLINE:
            p += 1
        starts[line] = start
        word_ends[line] = word_end
        ends[line] = p
        flags[line] = flag
        p += 1
        line += 1
    return line


@njit(nogil=True, cache=True)
def join_words(data, starts, ends, target):  # type: ignore[no-untyped-def]
    """The pieces of `data` end to end, each followed by a newline, into `target`; its length."""
    n = 0
    for i in range(len(starts)):
        for p in range(starts[i], ends[i]):
            target[n] = data[p]
            n += 1
        target[n] = _NEWLINE
        n += 1
    return n


@njit(nogil=True, cache=True)
def _put_digits(text, n, number, count):  # type: ignore[no-untyped-def]
    """Write `count` digits of an integer at n."""
    for i in range(count):
        text[n + count - 1 - i] = np.uint8(48 + number % 10)
        number //= 10
    return n + count


@njit(nogil=True, cache=True, error_model="numpy")
def format_number(value, text, n):  # type: ignore[no-untyped-def]
    """Write a finite float32 at n with the nine digits that tell any two apart; the place after it.

    The last digit may be off by one, which stays within a third of the distance to the next
    float32, so that reading gives the same number.
    """
    number = np.float64(value)
    if number < 0 or (number == 0 and np.signbit(value)):
        text[n] = 45
        n += 1
        number = -number
    if number == 0:
        text[n] = 48
        return n + 1
    exponent = int(np.floor(np.log10(number)))
    # 10^(8 - exponent) in two steps: a subnormal needs more than doubles hold in one power table.
    shift = 8 - exponent
    scaled = number * 10.0 ** (shift // 2) * 10.0 ** (shift - shift // 2)
    digits = np.int64(np.rint(scaled))
    if digits >= 1000000000:
        digits = np.int64(np.rint(scaled / 10))
        exponent += 1
    elif digits < 100000000:
        digits = np.int64(np.rint(scaled * 10))
        exponent -= 1
    count = 9
    while count > 1 and digits % 10 == 0:
        digits //= 10
        count -= 1
    if -4 <= exponent < 0:
        text[n] = 48
        text[n + 1] = 46
        n += 2
        for _ in range(-exponent - 1):
            text[n] = 48
            n += 1
        return _put_digits(text, n, digits, count)
    if 0 <= exponent < 9:
        whole = min(count, exponent + 1)
        tail = count - whole
        power = 10**tail
        n = _put_digits(text, n, digits // power, whole)
        for _ in range(exponent + 1 - whole):
            text[n] = 48
            n += 1
        if tail:
            text[n] = 46
            n = _put_digits(text, n + 1, digits % power, tail)
        return n
    n = _put_digits(text, n, digits // 10 ** (count - 1), 1)
    if count > 1:
        text[n] = 46
        n = _put_digits(text, n + 1, digits % 10 ** (count - 1), count - 1)
    text[n] = 101
    n += 1
    if exponent < 0:
        text[n] = 45
        n += 1
        exponent = -exponent
    return _put_digits(text, n, exponent, 2)


@njit(nogil=True, cache=True)
def format_lines(blob, offsets, rows, text):  # type: ignore[no-untyped-def]
    """Write "word number ... number\\n" for every row; `text` has room. Returns the length."""
    n = 0
    for i in range(len(rows)):
        for p in range(offsets[i], offsets[i + 1]):
            text[n] = blob[p]
            n += 1
        for j in range(rows.shape[1]):
            text[n] = _SPACE
            n = format_number(rows[i, j], text, n + 1)
        text[n] = _NEWLINE
        n += 1
    return n
