"""word2vec's binary file: a header line, then each word, a space and its float32 numbers.

word2vec.c writes a line end after every row, gensim none; both are read. There is no other mark
between rows, so a file is only believed when its last row ends where the file does.
"""

from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.words.vectors.account import Account
from bunsan.words.vectors.files.finish import decode_words, make_vectors
from bunsan.words.vectors.files.sources import map_bytes, unpacked
from bunsan.words.vectors.files.text_kernels import join_words
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.wordvectors import WordVectors

_LONGEST_HEADER = 64
_LONGEST_WORD = 1 << 16  # bytes
_BLOCK_BYTES = 1 << 23


def read(path: Path, *, limit: int | None = None, encoding: str = "utf-8") -> WordVectors:
    """Read word2vec's binary file.

    Raises
    ------
    BadInput : the file is cut, or its header does not belong to it; the byte is named.
    """
    account = Account()
    with unpacked(path) as mapped:
        data = map_bytes(mapped)
        declared, dim, begin = _header(bytes(data[:_LONGEST_HEADER]), path)
        size = 4 * dim
        # No more rows fit into the file, whatever the header says.
        room = (len(data) - begin) // (size + 2) + 1
        wanted = room if limit is None else min(room, limit)
        starts, ends = np.empty(wanted, np.int64), np.empty(wanted, np.int64)
        n, stop = _find_rows(data, begin, size, _LONGEST_WORD, starts, ends)
        limited = limit is not None and n == limit and n < max(declared, room - 1)
        if not limited and stop < len(data):
            raise _cut(path, int(starts[n]) if n < wanted else stop, n + 1)
        if n == 0 and declared > 0:
            raise _cut(path, begin, 1)
        if limited:
            if declared > n:
                account.add("limited", detail=f"{n:,}")
        elif n != declared:
            account.add("header_count", places=[1], detail=f"{declared:,} / {n:,}")
        starts, ends = starts[:n], ends[:n]
        matrix = np.empty((n, dim), np.float32)
        _copy_rows(data, ends + 1, matrix.view(np.uint8))
        joined = np.empty(int((ends - starts).sum()) + n, np.uint8)
        join_words(data, starts, ends, joined)
    if np.count_nonzero(joined == 10) != n:
        row = int(np.argmax(_holds(joined, starts, ends, 10)))
        raise _cut(path, int(starts[row]), row + 1)
    words = decode_words(joined.tobytes(), n, encoding, account, np.arange(1, n + 1))
    return make_vectors(words, Matrix(matrix), account, about={"source": path.name})


def write(vectors: WordVectors, path: Path) -> None:
    """Write word2vec's binary file as word2vec.c does, in float32.

    Raises
    ------
    BadInput : a word is empty or holds a space or line end, which would end it.
    """
    table, matrix = vectors.words, vectors.matrix
    for word in table:
        if not word or " " in word or "\n" in word:
            raise BadInput(
                tr(
                    f"The word {word!r} cannot be written in this format.",
                    f"語 {word!r} はこの形式では書けません。",
                ),
                remedy=tr("Save as .safetensors.", ".safetensors で保存してください。"),
                file=path,
            )
    step = max(1, _BLOCK_BYTES // (4 * max(matrix.dim, 1)))
    with atomic_write(path) as file:
        file.write(b"%d %d\n" % (len(table), matrix.dim))
        for start in range(0, len(table), step):
            rows = np.ascontiguousarray(matrix.take(slice(start, start + step)), "<f4")
            for word, row in zip(table[start : start + step], rows, strict=True):
                file.write(word.encode() + b" " + row.tobytes() + b"\n")


def _header(start: bytes, path: Path) -> tuple[int, int, int]:
    """Words, dimensions and where the first row begins."""
    end = start.find(b"\n")
    fields = start[: max(end, 0)].split()
    if end < 0 or len(fields) != 2 or not all(field.isdigit() for field in fields):
        raise BadInput(
            tr("has no header of word2vec's.", "word2vec のヘッダーがありません。"),
            file=path,
            row=1,
        )
    declared, dim = int(fields[0]), int(fields[1])
    if not 0 < dim < 1 << 20:
        raise BadInput(
            tr(f"has a header of {dim} dimensions.", f"ヘッダーの次元数が {dim} です。"),
            file=path,
            row=1,
        )
    return declared, dim, end + 1


def _cut(path: Path, offset: int, row: int) -> BadInput:
    return BadInput(
        tr(
            f"is cut short or does not fit its header: row {row:,}, which begins at byte"
            f" {offset:,}, is not whole.",
            f"途中で切れているか、ヘッダーと内容が合いません。{offset:,} バイト目から始まる"
            f" {row:,} 行目が完全ではありません。",
        ),
        remedy=tr("Fetch it again.", "取得し直してください。"),
        file=path,
    )


def _holds(
    joined: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], byte: int
) -> NDArray[np.bool_]:
    """Which of the joined words hold a byte."""
    begins = np.concatenate([[0], np.cumsum(ends - starts + 1)])
    hits = np.flatnonzero(joined == byte)
    inside = hits[~np.isin(hits, begins[1:] - 1)]
    found = np.zeros(len(starts), np.bool_)
    found[np.searchsorted(begins, inside, side="right") - 1] = True
    return found


@njit(nogil=True, cache=True)
def _find_rows(data, begin, size, longest, starts, ends):  # type: ignore[no-untyped-def]
    """Where the words of whole rows begin and end: (rows found, byte after the last of them).

    The start of a row that is not whole is left in `starts` after the others.
    """
    p = begin
    n = 0
    while n < len(starts):
        start = p
        if start < len(data) and data[start] == 10:
            start += 1
        if start >= len(data):
            return n, start
        starts[n] = start
        q = start
        while q < len(data) and data[q] != 32 and q - start < longest:
            q += 1
        if q >= len(data) or data[q] != 32 or q + 1 + size > len(data):
            return n, p
        ends[n] = q
        p = q + 1 + size
        n += 1
    if p < len(data) and data[p] == 10:
        p += 1
    return n, p


@njit(nogil=True, cache=True)
def _copy_rows(data, places, target):  # type: ignore[no-untyped-def]
    for i in range(len(places)):
        p = places[i]
        for k in range(target.shape[1]):
            target[i, k] = data[p + k]
