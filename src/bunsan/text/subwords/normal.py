"""NFKC of long texts with a map back: which characters of the original each new one came from.

Almost every character either stays or becomes one other character (（ to (), whatever stands beside
it; such characters are looked up, all at once. The rest is normalized by itself: a character that
becomes several (㍻), and one followed by marks that may join it (か and a voiced mark). Cutting
before a character that begins with a starter which composes with nothing before it changes nothing
(Unicode Standard Annex 15, section 9, "Detecting Normalization Forms", and 13, "Stabilized
Strings").
"""

import unicodedata
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Places = NDArray[np.int32]

# Beside what a character becomes: it becomes several, or may join what stands before it.
_CODE, _SEVERAL, _JOINS = np.uint32(0x1FFFFF), np.uint32(1 << 24), np.uint32(1 << 25)
_LAST = 0x110000
DOTTED, SIGMA = 0x130, 0x3A3  # İ, Σ
# Blocks with any character that NFKC changes or joins. Others have none, and new ones get none
# that matter: the normal form of an unassigned character is itself.
_BLOCKS = (
    (0, 0x3400),
    (0xA000, 0xAC00),
    (0xF900, 0x1_0000),
    (0x1_0000, 0x2_0000),
    (0x2_F800, 0x2_FA20),
)
_HANGUL = (range(0x1161, 0x1176), range(0x11A8, 0x11C3))  # vowels and finals join what they follow


class Normal(NamedTuple):
    """Normalized characters and where each came from.

    codes : (n) code points. begin, end : (n) its place in the original.
    """

    codes: Codes
    begin: Places
    end: Places
    moved: bool = True  # False where every character has the place of the one it came from


def codes_of(text: str) -> Codes:
    """The code points of a text without surrogates."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def text_of(codes: Codes) -> str:
    """The text of code points."""
    return codes.astype("<u4").tobytes().decode("utf-32-le")


def unchanged(codes: Codes) -> Normal:
    """The text as it is."""
    place = np.arange(len(codes) + 1, dtype=np.int32)
    return Normal(codes, place[:-1], place[1:], False)


def nfkc(text: str, codes: Codes, breaks: NDArray[np.int64]) -> Normal:
    """The NFKC of a text.

    Parameters
    ----------
    codes : `codes_of(text)`.
    breaks : places that nothing may join across: where each of the texts begins that were put
        together to this one.
    """
    mapped = _table()[codes]
    if not len(codes) or mapped.max() < _SEVERAL:
        return unchanged(mapped)
    plain = unchanged(mapped & _CODE)
    joins = mapped >= _JOINS
    joins[breaks[breaks < len(codes)]] = False
    joins[0] = False
    slow = mapped >= _SEVERAL
    slow[:-1] |= joins[1:]
    first = np.flatnonzero(slow & ~joins)
    # A unit goes on as long as characters join.
    stop = np.flatnonzero(np.append(~joins[1:], True))
    last = stop[np.searchsorted(stop, first)] + 1
    begins: list[int] = []
    ends: list[int] = []
    forms: list[str] = []
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        source = text[begin:end]
        form = unicodedata.normalize("NFKC", source)
        if len(form) == len(source) and all(map(_becomes, source, form)):
            plain.codes[begin:end] = codes_of(form)  # nothing joined after all
        else:
            begins.append(begin)
            ends.append(end)
            forms.append(form)
    return _put_in(plain, begins, ends, forms) if begins else plain


def _becomes(character: str, form: str) -> bool:
    return unicodedata.normalize("NFKC", character) == form


def _put_in(plain: Normal, begins: list[int], ends: list[int], forms: list[str]) -> Normal:
    """`plain` with the characters of some spans replaced."""
    count = np.ones(len(plain.codes), np.int64)
    width = np.ones(len(plain.codes), np.int64)
    lengths = np.fromiter(map(len, forms), np.int64, len(forms))
    inside = np.concatenate([np.arange(b, e) for b, e in zip(begins, ends, strict=True)])
    count[inside] = 0
    count[begins] = lengths
    width[begins] = np.array(ends) - begins
    begin = np.repeat(np.arange(len(count)), count)
    end = begin + width[begin]
    codes = plain.codes[begin]
    at = np.cumsum(count)[begins] - lengths
    into = np.repeat(at - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    codes[into] = codes_of("".join(forms))
    return Normal(codes, begin.astype(np.int32), end.astype(np.int32))


@lru_cache(maxsize=1)
def _table() -> Codes:
    """What every code point becomes if it becomes one character, with `_SEVERAL` or `_JOINS` where
    looking it up is not enough."""
    table = np.arange(_LAST, dtype=np.uint32)
    normalize, combining = unicodedata.normalize, unicodedata.combining
    points = list(chain.from_iterable(range(*block) for block in _BLOCKS))
    seconds = set[str]()
    for point in points:
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0][0] != "<":
            seconds.add(chr(int(parts[1], 16)))
    for point in points:
        character = chr(point)
        head = normalize("NFKD", character)[0]
        if combining(head) or head in seconds:
            table[point] |= _JOINS
            continue
        form = normalize("NFKC", character)
        if len(form) == 1:
            table[point] = ord(form)
        else:
            table[point] |= _SEVERAL
    for block in _HANGUL:
        table[block.start : block.stop] |= _JOINS
    return table


@lru_cache(maxsize=1)
def lower_table() -> Codes:
    """The lower case of every code point by itself, where that is one character.

    Two need more than a table: İ becomes two characters, and Σ depends on its neighbours.
    """
    other = np.arange(_LAST, dtype=np.uint32)
    for point in chain(range(0x2_0000), range(0xE_0000, 0xE_0200)):
        form = chr(point).lower()
        if len(form) == 1:
            other[point] = ord(form)
    return other
