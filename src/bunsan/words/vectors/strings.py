"""A table of words that opens without reading them: word to row and row to word.

A dict of a million strings takes a second to build and a hundred megabytes. Here the words lie in
one run of UTF-8 bytes with the place where each begins, and beside them their 64-bit hashes in
ascending order with the row each belongs to: a word is found by bisection. All four arrays can be
memory-mapped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int64]

_BLOCK = 1 << 16  # words decoded at once when all are read in turn


class StringTable(Sequence[str]):
    """Distinct words in order; `table[row]` is a word, `table.row(word)` its row.

    Parameters
    ----------
    blob : uint8[B], the words' UTF-8 bytes end to end.
    offsets : int64[V + 1], where each begins in `blob`; the last is B.
    hashes : uint64[V], the words' hashes (`hash_words`), ascending.
    order : int32[V], the row that each of `hashes` belongs to; of equal hashes the first row first.
    """

    def __init__(
        self,
        blob: Bytes,
        offsets: Rows,
        hashes: NDArray[np.uint64],
        order: NDArray[np.int32],
    ) -> None:
        v = len(offsets) - 1
        if v < 0 or len(hashes) != v or len(order) != v:
            raise ValueError("offsets, hashes and order disagree about the number of words")
        if offsets[0] != 0 or offsets[-1] != len(blob) or np.any(offsets[1:] < offsets[:-1]):
            raise ValueError("offsets do not cut the bytes into words")
        if v and (order.min() < 0 or order.max() >= v):
            raise ValueError("an order beyond the words")
        self.blob, self.offsets, self.hashes, self.order = blob, offsets, hashes, order

    @classmethod
    def from_words(cls, words: Iterable[str]) -> "StringTable":
        """Build from words in memory.

        Raises
        ------
        BadInput : a word comes twice, or has half of a surrogate pair, which UTF-8 cannot hold.
        """
        words = list(words)
        try:
            encoded = [word.encode() for word in words]
        except UnicodeEncodeError as error:
            problem = tr(
                f"The word {error.object!r} cannot be written in UTF-8.",
                f"語 {error.object!r} は UTF-8 で書けません。",
            )
            raise BadInput(problem) from error
        blob = np.frombuffer(b"".join(encoded), np.uint8)
        table = cls.from_blob(blob, offsets_of(encoded))
        first = table.first_rows()
        twice = np.flatnonzero(first != np.arange(len(words)))
        if len(twice):
            word = words[twice[0]]
            raise BadInput(tr(f"The word {word!r} comes twice.", f"語 {word!r} が重複しています。"))
        return table

    @classmethod
    def from_blob(cls, blob: Bytes, offsets: Rows) -> "StringTable":
        """Build from bytes that are already end to end; duplicates are the caller's matter."""
        hashes = hash_words(blob, offsets)
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        return cls(blob, offsets, hashes[order], order)

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """What `from_arrays` needs, each name beginning with `prefix`."""
        return {
            prefix + "blob": self.blob,
            prefix + "offsets": self.offsets,
            prefix + "hashes": self.hashes,
            prefix + "order": self.order,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> "StringTable":
        """The table kept by `arrays`; KeyError or ValueError where it is damaged."""
        blob, offsets, hashes, order = (
            arrays[prefix + name] for name in ("blob", "offsets", "hashes", "order")
        )
        types = [array.dtype.name for array in (blob, offsets, hashes, order)]
        if types != ["uint8", "int64", "uint64", "int32"]:
            raise ValueError("a table of words of other types")
        return cls(blob, offsets, hashes, order)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            start, stop, step = row.indices(len(self))
            if step == 1:
                return self._decode(start, max(start, stop))
            return [self._word(r) for r in range(start, stop, step)]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        return self._word(int(row) % len(self))

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BLOCK):
            yield from self._decode(start, min(start + _BLOCK, len(self)))

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.row(word) >= 0

    def index(self, word: str, start: int = 0, stop: int | None = None) -> int:
        """The row of a word; ValueError where it is not in the table."""
        row = self.row(word)
        if row < start or (stop is not None and row >= stop):
            raise ValueError(f"{word!r} is not in the table")
        return row

    def row(self, word: str) -> int:
        """The row of a word, or -1."""
        try:
            wanted = word.encode()
        except UnicodeEncodeError:
            return -1
        key = np.uint64(_hash(wanted))
        place = int(np.searchsorted(self.hashes, key))
        while place < len(self.hashes) and self.hashes[place] == key:
            row = int(self.order[place])
            if self._bytes(row) == wanted:
                return row
            place += 1
        return -1

    def rows(self, words: Sequence[str]) -> Rows:
        """int64[len(words)], the row of each word, -1 where it has none."""
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        blob = np.frombuffer(b"".join(encoded), np.uint8)
        offsets = offsets_of(encoded)
        wanted = hash_words(blob, offsets)
        places = np.searchsorted(self.hashes, wanted)
        return _find(
            blob, offsets, wanted, places, self.blob, self.offsets, self.hashes, self.order
        )

    def first_rows(self) -> Rows:
        """int64[V], for every row the first row that holds the same word."""
        return _first_rows(self.blob, self.offsets, self.hashes, self.order)

    def take(self, rows: Rows) -> "StringTable":
        """The table of some of the rows, in the order given."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        blob = np.empty(int(offsets[-1]), np.uint8)
        _gather(self.blob, self.offsets, np.asarray(rows, np.int64), blob, offsets)
        return StringTable.from_blob(blob, offsets)

    def _bytes(self, row: int) -> bytes:
        return self.blob[self.offsets[row] : self.offsets[row + 1]].tobytes()

    def _word(self, row: int) -> str:
        return self._bytes(row).decode("utf-8", "replace")

    def _decode(self, start: int, stop: int) -> list[str]:
        ends = self.offsets[start : stop + 1].tolist()
        data = self.blob[ends[0] : ends[-1]].tobytes()
        base = ends[0]
        return [data[a - base : b - base].decode("utf-8", "replace") for a, b in pairwise(ends)]


def offsets_of(encoded: Sequence[bytes]) -> Rows:
    """int64[n + 1], where each piece begins when all are laid end to end."""
    lengths = np.fromiter((len(piece) for piece in encoded), np.int64, len(encoded))
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _hash(word: bytes) -> int:
    """`hash_words` of one word, without compiled code."""
    h = 0xCBF29CE484222325
    for byte in word:
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


@njit(nogil=True, cache=True)
def hash_words(blob: Bytes, offsets: Rows) -> NDArray[np.uint64]:
    """uint64[V], the 64-bit FNV-1a hash of every word (Fowler, Noll & Vo; RFC 9923)."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for w in range(len(offsets) - 1):
        h = np.uint64(0xCBF29CE484222325)
        for i in range(offsets[w], offsets[w + 1]):
            h = (h ^ np.uint64(blob[i])) * np.uint64(0x100000001B3)
        hashes[w] = h
    return hashes


@njit(nogil=True, cache=True)
def _same(a: Bytes, i: int, n: int, b: Bytes, j: int, m: int) -> bool:
    if n != m:
        return False
    for k in range(n):  # noqa: SIM110  (compiled: no generator here)
        if a[i + k] != b[j + k]:
            return False
    return True


@njit(nogil=True, cache=True)
def _find(  # type: ignore[no-untyped-def]
    blob, offsets, wanted, places, own_blob, own_offsets, hashes, order
):
    """The rows of many words; `places` is where each hash would stand among `hashes`."""
    rows = np.full(len(wanted), -1, np.int64)
    for w in range(len(wanted)):
        place = places[w]
        while place < len(hashes) and hashes[place] == wanted[w]:
            r = order[place]
            if _same(
                blob, offsets[w], offsets[w + 1] - offsets[w],
                own_blob, own_offsets[r], own_offsets[r + 1] - own_offsets[r],
            ):  # fmt: skip
                rows[w] = r
                break
            place += 1
    return rows


@njit(nogil=True, cache=True)
def _first_rows(blob, offsets, hashes, order):  # type: ignore[no-untyped-def]
    first = np.empty(len(order), np.int64)
    begin = 0
    for place in range(len(order)):
        if hashes[place] != hashes[begin]:
            begin = place
        r = order[place]
        first[r] = r
        for other in range(begin, place):
            s = order[other]
            if _same(
                blob, offsets[r], offsets[r + 1] - offsets[r],
                blob, offsets[s], offsets[s + 1] - offsets[s],
            ):  # fmt: skip
                first[r] = s
                break
    return first


@njit(nogil=True, cache=True)
def _gather(blob, offsets, rows, target, target_offsets):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        start = offsets[rows[i]]
        for k in range(target_offsets[i + 1] - target_offsets[i]):
            target[target_offsets[i] + k] = blob[start + k]
