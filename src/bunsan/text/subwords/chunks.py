"""Many texts in parts of a size that threads share well."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from bunsan.text.subwords.encoding import Pieces

_CHUNK = 40_000  # characters a thread takes at a time
_MOST_THREADS = 8
_Result = TypeVar("_Result")


def chunked(
    texts: Sequence[str], work: Callable[[list[str]], _Result], *, parallel: bool
) -> list[_Result]:
    """`work` on the texts, some at a time and in order, on all cores where that helps."""
    chunks = list(_chunks(texts))
    if len(chunks) > 1 and parallel:
        with ThreadPoolExecutor(min(os.cpu_count() or 1, len(chunks), _MOST_THREADS)) as pool:
            return list(pool.map(work, chunks))
    return list(map(work, chunks))


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for text in texts:
        chunk.append(text)
        size += len(text) + 1
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def joined_pieces(parts: Sequence[Pieces]) -> Pieces:
    """The pieces of texts that were encoded in parts."""
    if len(parts) == 1:
        return parts[0]
    counts = [part.lengths for part in parts]
    start = np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *counts]))])
    ids = np.concatenate([np.zeros(0, np.int32), *(part.ids for part in parts)])
    none = np.zeros((0, 2), np.int32)
    return Pieces(ids, start, lambda: np.concatenate([none, *(part.offsets for part in parts)]))
