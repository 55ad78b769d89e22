"""How near every document of a collection is to a query: the cosine of its nearest passage.

Letters in shapes:  D documents, of all segments, removed ones too · E documents that have vectors ·
R passages · d numbers
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Interrupted
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.collection.passage_vectors import (
    ROWS,
    Part,
    keep_parts,
    kept_parts,
    new_name,
    packed,
    worth_packing,
)
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.searching.cutting import cut_passages, in_characters
from bunsan.tasks.searching.representation import Floats, Representation
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.nearest import products_of_bytes, reciprocal
from bunsan.words.vectors.sif import remove_components

Mask = NDArray[np.bool_]

_AT_ONCE = 256  # passages between two looks at whether the person stops
_FEW = 50  # passages of which nobody can say what all passages share
_NOTHING = 1e-2  # of a vector's length is left: no more than rounding to 8 bits leaves


class Nearness:
    """The vectors of all documents by one representation; those that are missing are made at once.

    Parameters
    ----------
    most : make no more than so many; None: any number.

    Raises
    ------
    Interrupted : stopped by the person; what is done is kept.
    BadInput : more than `most` are missing.
    """

    def __init__(
        self, collection: StoredCollection, by: Representation, *, most: int | None = None
    ) -> None:
        self.by = by
        self.segments = collection.segments
        self._collection = collection
        self._key = np.concatenate([s.documents.column("key").to_numpy() for s in self.segments])
        self._live = np.concatenate([s.alive() for s in self.segments])
        self._offsets = np.cumsum([0, *(s.n_documents for s in self.segments)])
        self._hold(kept_parts(collection.storage, by.digest))
        missing = self._missing()
        if most is not None and len(missing) > most:
            raise BadInput(
                tr(
                    f"{len(missing):,} documents have no vector by {by.title} yet.",
                    f"{len(missing):,} 文書にまだ {by.title} のベクトルがありません。",
                ),
                remedy=tr(
                    "Compute them once: bunsan search COLLECTION QUERY --by meaning",
                    "一度だけ計算します: bunsan search コレクション 検索語 --by meaning",
                ),
                file=collection.storage.location,
            )
        if len(missing):
            self._make(missing)
        self._pack()

    # What is there

    def _hold(self, parts: Sequence[Part]) -> None:
        """Find every document's vectors in these parts."""
        self.parts = list(parts)
        # The parts' first rows and documents, counted through all of them.
        self._row = np.cumsum([0, *(part.rows for part in self.parts)])
        self._document = np.cumsum([0, *(len(part.key) for part in self.parts)])
        keys = np.concatenate([np.zeros(0, np.uint64), *(part.key for part in self.parts)])
        first = [p.first[:-1] + row for p, row in zip(self.parts, self._row, strict=False)]
        self.first = np.concatenate([np.zeros(0, np.int64), *first])  # int64[E]: first row of each
        order = np.argsort(keys, kind="stable")
        self.entry = np.full(len(self._key), -1, np.int64)  # int64[D]: which of E; -1 for none
        if len(keys):
            at = np.searchsorted(keys[order], self._key)
            at[at == len(keys)] = 0
            self.entry = np.where(keys[order][at] == self._key, order[at], -1)
        for kept in ("factors", "component"):
            self.__dict__.pop(kept, None)

    def _missing(self) -> NDArray[np.int64]:
        """The documents to be encoded; of equal ones the first."""
        missing = np.flatnonzero(self._live & (self.entry < 0))
        _, first = np.unique(self._key[missing], return_index=True)
        return np.sort(missing[first])

    def _wanted(self) -> Mask:
        """bool[E]: what some document that is there has."""
        wanted = np.zeros(int(self._document[-1]), np.bool_)
        wanted[self.entry[self._live & (self.entry >= 0)]] = True
        return wanted

    # Making what is missing

    def _make(self, missing: NDArray[np.int64]) -> None:
        number = np.searchsorted(self._offsets, missing, "right") - 1
        lengths = np.concatenate([np.diff(s.document) for s in self.segments])
        made: list[Part] = []
        title = tr(f"Vectors of documents ({self.by.title})", f"文書のベクトル({self.by.title})")
        done = 0
        try:
            with progress(title, float(lengths[missing].sum()) or 1.0) as bar:
                for s, segment in enumerate(self.segments):
                    mine = (missing[number == s] - self._offsets[s]).tolist()
                    maker = _Maker(self.by, segment)
                    try:
                        for document in [*mine, None]:
                            for words in maker.add(document):
                                bar.advance(words, f"{done + maker.finished:,} / {len(missing):,}")
                            if maker.rows >= ROWS:
                                done += maker.finished
                                made.append(self._keep(maker.take()))
                    finally:  # whatever ends the work, what is finished is kept
                        done += maker.finished
                        if maker.finished:
                            made.append(self._keep(maker.take()))
        except KeyboardInterrupt as stop:
            raise Interrupted(
                tr("Stopped.", "中断しました。"),
                remedy=tr(
                    f"The same search goes on: {done:,} of {len(missing):,} documents are done.",
                    f"同じ検索で続きから再開します({len(missing):,} 文書中 {done:,} が完了)。",
                ),
            ) from stop
        self._hold([*self.parts, *made])

    def _keep(self, part: Part) -> Part:
        about = {"title": self.by.title, "vectors": self.by.blob}
        storage = self._collection.storage
        if keep_parts(storage, self.by.digest, about, [part]):
            with suppress(FileNotFoundError):
                return Part(part.name, **storage.arrays(part.name))  # mapped: memory stays flat
        return part

    def _pack(self) -> None:
        """Join parts that are nearly empty."""
        wanted = np.split(self._wanted(), self._document[1:-1]) if self.parts else []
        chosen = worth_packing(self.parts, wanted)
        if not chosen:
            return
        old = [self.parts[i] for i in chosen]
        new = packed(old, [wanted[i] for i in chosen])
        about = {"title": self.by.title, "vectors": self.by.blob}
        if keep_parts(self._collection.storage, self.by.digest, about, new, instead_of=old):
            rest = [part for i, part in enumerate(self.parts) if i not in set(chosen)]
            self._hold([*rest, *new])

    # Cosines

    @cached_property
    def component(self) -> Floats:
        """float32[c, d]: the directions that are taken away of queries."""
        return self._shared["component"]

    @cached_property
    def factors(self) -> list[Floats]:
        """float32[R] for each part: makes products of its int8 rows with a query of length 1 cosines."""
        if not self.by.common:
            return [part.scale for part in self.parts]
        return np.split(self._shared["factor"], self._row[1:-1])

    @property
    def _shared(self) -> Any:
        """What all passages share, and what it leaves of their lengths: changes with the documents."""
        key = [self.by.digest, [part.name for part in self.parts]]
        return self._collection.derived("nearness", key, self._share)

    def _share(self) -> dict[str, NDArray[Any]]:
        lengths = np.diff([*self.first.tolist(), int(self._row[-1])])
        row = np.repeat(self._wanted(), lengths)
        gram = np.zeros((self.by.dim, self.by.dim))
        for begin, block in self._blocks():
            some = block[row[begin : begin + len(block)]]
            gram += some.T @ some
        _, directions = np.linalg.eigh(gram)
        common = self.by.common if np.count_nonzero(row) >= _FEW else 0
        component = np.asarray(directions[:, ::-1][:, :common].T, np.float32)
        factor = np.zeros(int(self._row[-1]), np.float32)
        for begin, block in self._blocks():
            rest = np.linalg.norm(remove_components(block, component), axis=1)
            # A passage that is nothing but what all share has no direction of its own.
            rest[rest < _NOTHING * np.linalg.norm(block, axis=1)] = 0
            factor[begin : begin + len(block)] = reciprocal(rest.astype(np.float32))
        scale = np.concatenate([np.zeros(0, np.float32), *(part.scale for part in self.parts)])
        return {"component": component, "factor": factor * scale}

    def _blocks(self) -> Any:
        """(first row, float32[b, d]) of all passages."""
        for row, part in zip(self._row.tolist(), self.parts, strict=False):
            for begin, block in Matrix(part.values, part.scale).blocks():
                yield row + begin, block

    def prepared(self, query: Floats) -> Floats:
        """float32[d]: a query of length 1 without what all passages share; zeros if that is all."""
        if self.by.common:
            query = remove_components(query[None], self.component)[0]
        length = float(np.linalg.norm(query))
        return np.asarray(query / length if length > 1e-12 else query * 0, np.float32)

    def passages(self, query: Floats) -> Floats:
        """float32[R]: the cosine of each passage with a prepared query; -inf where it has no vector."""
        cosines = np.empty(int(self._row[-1]), np.float32)
        for part, factor, row in zip(self.parts, self.factors, self._row.tolist(), strict=False):
            products = products_of_bytes(part.values, query)
            products *= factor
            products[factor == 0] = -np.inf
            cosines[row : row + part.rows] = products
        return cosines

    def documents(self, passages: Floats) -> Floats:
        """float32[D]: the cosine of each document's nearest passage; -inf without one, or removed."""
        if not len(passages):
            return np.full(len(self._key), -np.inf, np.float32)
        best = np.append(np.maximum.reduceat(passages, self.first), np.float32(-np.inf))
        return np.where(self._live, best[self.entry], np.float32(-np.inf))

    def nearest_passage(self, passages: Floats, document: int) -> tuple[int, int]:
        """Where a document's nearest passage begins and ends, in code points."""
        entry = int(self.entry[document])
        first = int(self.first[entry])
        last = int(self.first[entry + 1]) if entry + 1 < len(self.first) else len(passages)
        row = first + int(passages[first:last].argmax())
        p = int(np.searchsorted(self._row, row, "right")) - 1
        at = row - int(self._row[p])
        return int(self.parts[p].begin[at]), int(self.parts[p].end[at])


class _Maker:
    """Vectors of documents of one segment, some hundred passages at a time.

    Attributes
    ----------
    finished : documents that are done. rows : their passages.
    """

    def __init__(self, by: Representation, segment: Segment) -> None:
        self._by, self._segment = by, segment
        self._begin()

    def _begin(self) -> None:
        self.finished = self.rows = 0
        self._done: list[tuple[NDArray[np.int64], Floats]] = []
        self._keys: list[int] = []
        self._lengths: list[int] = []
        self._waiting: list[tuple[int, NDArray[np.int64]]] = []

    def add(self, document: int | None) -> Iterator[int]:
        """Take up a document, None after the last; gives how many words were encoded, again and again."""
        if document is not None:
            self._waiting.append((document, cut_passages(self._segment, document)))
        waiting = sum(len(spans) for _, spans in self._waiting)
        if not waiting or (document is not None and waiting < _AT_ONCE):
            return
        numbers = [d for d, spans in self._waiting for _ in range(len(spans))]
        spans = np.concatenate([spans for _, spans in self._waiting])
        vectors = []
        for begin in range(0, len(spans), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            vectors.append(self._by.passages(self._segment, numbers[part], spans[part]))
            yield int((spans[part, 1] - spans[part, 0]).sum())
        keys = self._segment.documents.column("key")
        self._keys += [keys[d].as_py() for d, _ in self._waiting]
        self._lengths += [len(spans) for _, spans in self._waiting]
        # Code points of every passage's own document.
        self._done.append((in_characters(self._segment, spans), np.concatenate(vectors)))
        self.finished += len(self._waiting)
        self.rows += len(spans)
        self._waiting = []

    def take(self) -> Part:
        """A part of what is finished."""
        places = np.concatenate([p for p, _ in self._done]).astype(np.int32)
        vectors = np.concatenate([v for _, v in self._done])
        matrix = Matrix(vectors).to("int8")
        assert matrix.scale is not None
        scale = np.where(vectors.any(axis=1), matrix.scale, np.float32(0))
        if not self._by.common:  # what is compared as it is has length 1 after rounding too
            rounded = np.linalg.norm(matrix.values.astype(np.float32), axis=1)
            scale = np.where(scale > 0, reciprocal(rounded.astype(np.float32)), np.float32(0))
        first = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64)
        keys = np.array(self._keys, np.uint64)
        values = matrix.values
        values.flags.writeable = False  # as mapped ones are: one compiled kernel for both
        self._begin()
        return Part(new_name(), keys, first, places[:, 0], places[:, 1], values, scale)
