"""From the rows of somebody's file to vectors: what cannot stay is left out, what is odd is told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors.account import Account
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.ngrams import END_OF_SENTENCE
from bunsan.words.vectors.strings import StringTable, offsets_of
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

# White space that is not ASCII, in UTF-8: U+00A0, U+1680, U+2000-200A, U+202F, U+205F, U+3000.
_WIDE_SPACE = re.compile(
    rb"\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
)
_ENTITY = b"ENTITY/"


@dataclass
class Words:
    """Words as they came, end to end in UTF-8: uint8[B] and int64[n + 1]."""

    blob: NDArray[np.uint8]
    offsets: NDArray[np.int64]


def decode_words(
    joined: bytes, n: int, encoding: str, account: Account, places: NDArray[np.int64]
) -> Words:
    """Words that are each followed by a newline, made UTF-8; broken ones are noted.

    Parameters
    ----------
    places : int64[n], where each word is, for the notes.
    """
    if encoding == "utf-8":
        try:
            joined.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            data = np.frombuffer(joined, np.uint8)
            ends = np.flatnonzero(data == 10)
            offsets = np.concatenate([[0], ends - np.arange(n)]).astype(np.int64)
            return Words(data[data != 10], offsets)
    pieces = joined.split(b"\n")[:-1]
    encoded = []
    for piece, place in zip(pieces, places.tolist(), strict=True):
        try:
            word = piece.decode(encoding)
        except UnicodeDecodeError:
            word = piece.decode(encoding, "replace")
            account.add("broken_utf8", places=[place], examples=[word], detail=encoding.upper())
        encoded.append(word.encode("utf-8", "replace"))
    return Words(np.frombuffer(b"".join(encoded), np.uint8), offsets_of(encoded))


def make_vectors(
    words: Words | Iterable[str],
    matrix: Matrix,
    account: Account,
    *,
    places: NDArray[np.int64] | None = None,
    counts: NDArray[np.int64] | None = None,
    subwords: Subwords | None = None,
    about: dict[str, Any] | None = None,
    path: Path | None = None,
) -> WordVectors:
    """Leave out empty and repeated words and rows that are not finite; note all that was odd.

    Parameters
    ----------
    places : int64[V], the line or row of each word in the file; counted from 1 when None.
    """
    if isinstance(words, Words):
        table = StringTable.from_blob(words.blob, words.offsets)
    else:
        encoded = [word.encode("utf-8", "replace") for word in words]
        blob = np.frombuffer(b"".join(encoded), np.uint8)
        table = StringTable.from_blob(blob, offsets_of(encoded))
    v = len(table)
    if places is None:
        places = np.arange(1, v + 1)
    lengths = matrix.lengths()
    empty = np.diff(table.offsets) == 0
    repeated = (table.first_rows() != np.arange(v)) & ~empty
    odd = ~np.isfinite(lengths) & ~empty & ~repeated
    suspects = np.flatnonzero(odd)  # or only very long
    odd[suspects] = ~np.isfinite(matrix.take(suspects)).all(axis=1)
    for kind, mask in (("empty_word", empty), ("duplicate", repeated), ("not_finite", odd)):
        _note(account, kind, np.flatnonzero(mask), places, None if kind == "empty_word" else table)
    keep = ~(empty | repeated | odd)
    if not keep.all():
        rows = np.flatnonzero(keep)
        table, matrix, lengths = table.take(rows), matrix.select(rows), lengths[rows]
        places = places[rows]
        counts = None if counts is None else counts[rows]
        if subwords is not None and subwords.words is not None:
            subwords = replace(subwords, words=subwords.words.select(rows))
    _look_at_words(table, account, places)
    return WordVectors(
        table, matrix, counts=counts, subwords=subwords, lengths=lengths,
        about=about, account=account.notes(), path=path,
    )  # fmt: skip


def _look_at_words(table: StringTable, account: Account, places: NDArray[np.int64]) -> None:
    spaces = np.flatnonzero((table.blob == 32) | (table.blob == 9))
    _note(account, "word_with_space", _rows_at(table, spaces), places, table)
    wide = [match.start() for match in _WIDE_SPACE.finditer(table.blob.data)]
    _note(account, "word_with_wide_space", _rows_at(table, np.array(wide, np.int64)), places, table)
    starts = table.offsets[:-1]
    starts = starts[np.diff(table.offsets) > len(_ENTITY)]
    starts = starts[table.blob[starts] == _ENTITY[0]]
    for i, byte in enumerate(_ENTITY):
        starts = starts[table.blob[starts + i] == byte]
    _note(account, "entities", _rows_at(table, starts), places, table)
    end = table.row(END_OF_SENTENCE)
    if end >= 0:
        account.add("sentence_end", places=[int(places[end])])


def _rows_at(table: StringTable, bytes_at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of the words that hold some bytes of the blob."""
    return np.unique(np.searchsorted(table.offsets, bytes_at, side="right") - 1)


def _note(
    account: Account,
    kind: str,
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
    table: StringTable | None,
) -> None:
    first = rows[:5]
    examples = [] if table is None else [table[int(row)] for row in first]
    account.add(kind, len(rows), places=places[first].tolist(), examples=examples)
