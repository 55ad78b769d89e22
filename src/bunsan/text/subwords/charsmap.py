"""SentencePiece's normalization, compiled, with a map back to the original.

A model carries its rules as one double array (darts-clone) of UTF-8 strings to their replacements;
the longest rule that fits is applied, from left to right. White space is then unified and made
visible (▁). The Rust library's own reading of these rules takes half-width ｶﾞ for two characters and
leaves them apart; SentencePiece, with which the models were trained, does not.
"""

import struct
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.text.subwords.normal import Codes, Normal
from bunsan.text.subwords.sentencepiece_file import SentencePieceModel

_SPACE, _MARK = 0x20, 0x2581


class Rules(NamedTuple):
    """What `normalize` needs of a model.

    units : uint32, the double array, empty without rules. forms : the replacements' code points,
    each with a 0 behind. place : of each byte of the replacements' UTF-8, its index in `forms`.
    """

    units: NDArray[np.uint32]
    forms: Codes
    place: NDArray[np.int32]
    dummy: bool
    collapse: bool
    escape: bool


def rules_of(model: SentencePieceModel) -> Rules:
    """The normalization of a model.

    Raises
    ------
    ValueError : the rules are damaged.
    """
    data = model.charsmap
    units = np.zeros(0, np.uint32)
    text = b""
    if data:
        size = struct.unpack("<I", data[:4])[0] if len(data) >= 4 else 1
        if size % 4 or not 0 < size <= len(data) - 4:
            raise ValueError("the double array is cut short")
        units = np.frombuffer(data[4 : 4 + size], "<u4")
        text = data[4 + size :]
    forms = np.frombuffer(text.decode().encode("utf-32-le"), np.uint32)
    lead = (np.frombuffer(text, np.uint8) & 0xC0) != 0x80
    place = (np.cumsum(lead) - 1).astype(np.int32)
    return Rules(
        units,
        np.append(forms, np.uint32(0)),
        np.append(place, np.int32(len(forms))),
        model.add_dummy_prefix,
        model.remove_extra_whitespaces,
        model.escape_whitespaces,
    )


def normalize(
    codes: Codes, start: NDArray[np.int64], kept: NDArray[np.int64], rules: Rules
) -> tuple[Normal, NDArray[np.int64]]:
    """Texts as SentencePiece normalizes them; and where each begins in the result.

    Parameters
    ----------
    codes : characters of all texts. start : (texts + 1) where each begins.
    kept : (spans, 2) parts that stay as they are, ascending.
    """
    codes, begin, end, places = _normalize(codes, start, kept, *rules)
    return Normal(codes, begin, end), places


@njit(nogil=True, cache=True)
def _normalize(
    codes: Codes,
    start: NDArray[np.int64],
    kept: NDArray[np.int64],
    units: NDArray[np.uint32],
    forms: Codes,
    place: NDArray[np.int32],
    dummy: bool,
    collapse: bool,
    escape: bool,
) -> tuple[Codes, NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    room = len(codes) + len(codes) // 4 + len(start) + 64
    out = np.empty(room, np.uint32)
    begin = np.empty(room, np.int32)
    end = np.empty(room, np.int32)
    places = np.zeros(len(start), np.int64)
    data = np.empty(4, np.uint8)
    space = np.uint32(_MARK if escape else _SPACE)
    count = 0
    span = 0
    for i in range(len(start) - 1):
        at = start[i]
        n = start[i + 1]
        first = count
        heading = collapse  # only spaces so far
        started = False
        after_space = collapse
        while at < n:
            # What stands here, and what takes its place: forms[form:], or the characters themselves.
            form = np.int64(-1)
            width = 1
            while span < len(kept) and kept[span, 0] < at:
                span += 1
            if span < len(kept) and kept[span, 0] == at:
                width = kept[span, 1] - at
            elif len(units):
                form, width = _longest(codes, at, n, units, data)
                if form >= 0:
                    form = np.int64(place[form]) if form < len(place) else np.int64(len(forms) - 1)
            length = width
            if form >= 0:
                length = 0
                while form + length < len(forms) - 1 and forms[form + length] != 0:
                    length += 1
            if heading:
                head = codes[at] if form < 0 else forms[form]
                if length == 1 and head == _SPACE:
                    at += width
                    continue
                heading = False
            if count + length + 2 > len(out):
                more = len(out) * 2 + length + 2
                out = _grown(out, more)
                begin = _grown(begin, more)
                end = _grown(end, more)
            if not started:
                started = True
                if dummy:
                    out[count] = space
                    begin[count] = at
                    end[count] = at
                    count += 1
            written = False
            last = np.uint32(0)
            for k in range(length):
                code = codes[at + k] if form < 0 else forms[form + k]
                if code == _SPACE and after_space and not written:
                    continue
                written = True
                last = code
                out[count] = space if code == _SPACE else code
                begin[count] = at + k if form < 0 else at
                end[count] = at + k + 1 if form < 0 else at + width
                count += 1
            if written:
                after_space = collapse and last == _SPACE
            at += width
        if collapse:
            while count > first and out[count - 1] == space:
                count -= 1
        places[i + 1] = count
    return out[:count].copy(), begin[:count].copy(), end[:count].copy(), places


@njit(nogil=True, cache=True)
def _longest(
    codes: Codes, at: int, n: int, units: NDArray[np.uint32], data: NDArray[np.uint8]
) -> tuple[np.int64, int]:
    """The longest rule that fits: its replacement (a byte's place, -1 for none) and characters."""
    found = np.int64(-1)
    width = 1
    unit = units[0]
    node = np.int64(_offset(unit))
    k = at
    while k < n:
        size = _encode(codes[k], data)
        for b in range(size):
            node ^= np.int64(data[b])
            if node >= len(units):
                return found, width
            unit = units[node]
            if (unit & np.uint32(0x800000FF)) != data[b]:
                return found, width
            node ^= np.int64(_offset(unit))
            if node >= len(units):
                return found, width
        k += 1
        if (unit >> np.uint32(8)) & np.uint32(1):
            found = np.int64(units[node] & np.uint32(0x7FFFFFFF))
            width = k - at
    return found, width


@njit(nogil=True, cache=True)
def _offset(unit: np.uint32) -> np.uint32:
    return (unit >> np.uint32(10)) << ((unit & np.uint32(0x200)) >> np.uint32(6))


@njit(nogil=True, cache=True)
def _encode(code: np.uint32, data: NDArray[np.uint8]) -> int:
    """One character's UTF-8 into `data`, and how many bytes it has."""
    if code < 0x80:
        data[0] = code
        return 1
    low = 0x80 | (code & np.uint32(0x3F))
    if code < 0x800:
        data[0] = 0xC0 | (code >> np.uint32(6))
        data[1] = low
        return 2
    middle = 0x80 | ((code >> np.uint32(6)) & np.uint32(0x3F))
    if code < 0x10000:
        data[0] = 0xE0 | (code >> np.uint32(12))
        data[1] = middle
        data[2] = low
        return 3
    data[0] = 0xF0 | (code >> np.uint32(18))
    data[1] = 0x80 | ((code >> np.uint32(12)) & np.uint32(0x3F))
    data[2] = middle
    data[3] = low
    return 4


@njit(nogil=True, cache=True)
def _grown(array, size):  # type: ignore[no-untyped-def]
    """A copy of an array with room for more."""
    longer = np.empty(size, array.dtype)
    longer[: len(array)] = array
    return longer
