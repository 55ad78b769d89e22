"""Nearest neighbours without comparing with every row, through an index by the library usearch.

The index is a graph of small worlds (Malkov & Yashunin 2020, "Efficient and Robust Approximate
Nearest Neighbor Search Using Hierarchical Navigable Small World Graphs"). It holds the rows in
float16 and is memory-mapped; what it finds is measured again with the rows themselves, so that the
cosines are exact and only a neighbour may be missing. It is kept beside the file of vectors, under
a name that holds a fingerprint of them: an index of other vectors is never used.
"""

import contextlib
import os
import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import Missing
from bunsan.base.files import sync_folder
from bunsan.base.language import tr
from bunsan.base.optional import optional
from bunsan.base.progress import progress
from bunsan.words.vectors.matrix import Floats, Matrix
from bunsan.words.vectors.nearest import reciprocal, unit_rows

Rows = NDArray[np.int64]

APPROXIMATE_ABOVE = 1_000_000  # words; up to there comparing with all takes a quarter of a second

# Malkov & Yashunin 2020, section 4.1: neighbours of a node, candidates while building and searching.
_CONNECTIONS = 16
_BUILD = 128
_SEARCH = 256
_ADDED_AT_ONCE = 1 << 14


class Index:
    """A graph over the rows of a matrix."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    @classmethod
    def build(cls, matrix: Matrix, lengths: Floats, beside: Path | None) -> "Index":
        """Index all rows; kept beside the file `beside` unless that is None or cannot be written.

        Raises
        ------
        Missing : usearch is not installed.
        """
        graph = _graph(_usearch(), matrix.dim)
        inverse = reciprocal(lengths)
        with progress(tr("Indexing", "索引を作成中"), len(matrix)) as bar:
            for start, block in matrix.blocks():
                for offset in range(0, len(block), _ADDED_AT_ONCE):
                    part = block[offset : offset + _ADDED_AT_ONCE]
                    first = start + offset
                    units = part * inverse[first : first + len(part)][:, None]
                    graph.add(np.arange(first, first + len(part), dtype=np.uint64), units)
                    bar.advance(len(part))
        if beside is not None:
            _keep(graph, index_path(matrix, beside))
        return cls(graph)

    def nearest(
        self, matrix: Matrix, lengths: Floats, queries: Floats, k: int, exclude: Rows
    ) -> tuple[Rows, Floats]:
        """As `nearest_rows`, of the candidates that the graph gives."""
        n = len(queries)
        rows = np.full((n, k), -1, np.int64)
        scores = np.full((n, k), -np.inf, np.float32)
        wanted = min(k + exclude.shape[1], len(matrix))
        if k == 0 or wanted == 0:
            return rows, scores
        units = unit_rows(queries)
        found = self._graph.search(units, wanted)
        candidates = np.asarray(found.keys, np.uint64).reshape(n, -1)
        n_found = np.asarray(found.counts).reshape(-1) if n > 1 else [candidates.shape[1]]
        for q in range(n):
            near = candidates[q, : int(n_found[q])].astype(np.int64)
            near = np.sort(near[~np.isin(near, exclude[q])])
            cosines = (matrix.take(near) @ units[q]) * reciprocal(lengths[near])
            best = np.argsort(-cosines, kind="stable")[:k]
            rows[q, : len(best)] = near[best]
            scores[q, : len(best)] = cosines[best]
        return rows, scores


def index_path(matrix: Matrix, beside: Path) -> Path:
    """Where the index of a matrix is kept: a name that changes when the vectors do."""
    state = blake2b(digest_size=8)
    state.update(repr((matrix.values.shape, matrix.storage)).encode())
    places = np.unique(np.linspace(0, max(len(matrix) - 1, 0), 256).astype(np.int64))
    if len(matrix):
        state.update(np.ascontiguousarray(matrix.take(places)).tobytes())
    return beside.with_name(f"{beside.name}.{state.hexdigest()}.usearch")


def kept_index(matrix: Matrix, beside: Path | None) -> Index | None:
    """The index kept beside a file, memory-mapped; None where there is none or no library."""
    if beside is None or not index_path(matrix, beside).is_file():
        return None
    try:
        usearch = _usearch()
    except Missing:
        return None
    graph = _graph(usearch, matrix.dim)
    graph.view(str(index_path(matrix, beside)))
    return Index(graph) if len(graph) == len(matrix) else None


def _usearch() -> Any:
    return optional("usearch.index", "usearch", "ann", en="Approximate search", ja="近似検索")


def _graph(usearch: Any, dim: int) -> Any:
    return usearch.Index(
        ndim=dim,
        metric="cos",
        dtype="f16",
        connectivity=_CONNECTIONS,
        expansion_add=_BUILD,
        expansion_search=_SEARCH,
    )


def _keep(graph: Any, path: Path) -> None:
    """Save it whole or not at all; where the folder cannot be written it stays in memory."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        graph.save(str(part))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except (OSError, RuntimeError):
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
