"""Which documents are already there: rows of the sources against documents of the collection.

A document is recognised by its key (its text and fields). Equal rows are matched one to one, in
order, so that a survey with a hundred identical answers keeps exactly a hundred of them.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.collection.segment import Segment, SegmentState
from bunsan.collection.stored import StoredCollection
from bunsan.words.vocabulary import VocabularyBuilder


class Matcher:
    """Finds the documents of a collection among those read, and notes where they now stand.

    Memory: some 100 bytes per document of the collection.
    """

    def __init__(self, collection: StoredCollection, sources: set[str] | None = None) -> None:
        self._collection = collection
        self.moved = False
        keys, places, segments = [], [], []
        self._origins: list[dict[str, NDArray[Any]]] = []
        names = collection.state["sources"]
        for number, segment in enumerate(collection.segments):
            origin = {name: array.copy() for name, array in segment.origin.items()}
            self._origins.append(origin)
            eligible = segment.alive()
            if sources is not None:
                given = np.array([name in sources for name in names])
                eligible &= given[origin["source"]]
            documents = np.flatnonzero(eligible)
            keys.append(segment.documents.column("key").to_numpy()[documents])
            places.append(documents)
            segments.append(np.full(len(documents), number, np.int32))
        key = np.concatenate(keys)
        order = np.argsort(key, kind="stable")
        self._key = key[order]
        self._place = np.concatenate(places)[order]
        self._segment = np.concatenate(segments)[order]
        self._taken = np.zeros(len(order), np.bool_)
        self._used: dict[int, int] = {}  # how many of the documents of a key are taken

    def match(self, keys: Sequence[int], sources: Sequence[int], rows: Sequence[int]) -> list[bool]:
        """For each document read: is it in the collection? If so, its place in the files is noted."""
        found = []
        first = np.searchsorted(self._key, np.array(keys, np.uint64))
        for key, begin, source, row in zip(keys, first.tolist(), sources, rows, strict=True):
            i = begin + self._used.get(key, 0)
            there = i < len(self._key) and bool(self._key[i] == key)
            if there:
                self._used[key] = i - begin + 1
                self._taken[i] = True
                self._note(i, source, row)
            found.append(there)
        return found

    def _note(self, i: int, source: int, row: int) -> None:
        origin, place = self._origins[self._segment[i]], self._place[i]
        if origin["source"][place] != source or origin["row"][place] != row:
            origin["source"][place], origin["row"][place] = source, row
            self.moved = True

    def finish(self, vocabulary: VocabularyBuilder, remove: bool) -> tuple[list[SegmentState], int]:
        """The old segments as they shall be from now on, and how many documents leave.

        With `remove`, the documents that were not matched leave and are subtracted from `vocabulary`.
        """
        storage = self._collection.storage
        states = []
        removed = 0
        for number, segment in enumerate(self._collection.segments):
            state = segment.state
            if self.moved:
                name = f"{segment.name}-origin-{secrets.token_hex(4)}"
                storage.put_arrays(name, self._origins[number])
                state = replace(state, origin=name)
            if remove:
                lost = self._place[(self._segment == number) & ~self._taken]
                state = remove_documents(self._collection, segment, state, lost, vocabulary)
                removed += len(lost)
            if state.removed < state.documents:
                states.append(state)
        return states, removed


def remove_documents(
    collection: StoredCollection,
    segment: Segment,
    state: SegmentState,
    documents: NDArray[np.integer[Any]],
    vocabulary: VocabularyBuilder,
) -> SegmentState:
    """Mark documents as removed and take their words out of the counts."""
    if not len(documents):
        return state
    live = segment.alive()
    live[documents] = False
    for part in _runs(np.sort(documents), 500):
        starts, ends = segment.document[part], segment.document[part + 1]
        tokens = [segment.word[a:b] for a, b in zip(starts, ends, strict=True)]
        offsets = np.concatenate([[0], np.cumsum(ends - starts)])
        vocabulary.count(np.concatenate(tokens), offsets, -1)
        # Spellings are not kept per token; the texts are analysed again to take theirs back.
        vocabulary.forget(collection.analyzer.analyze([segment.text(d) for d in part]))
    name = f"{segment.name}-live-{secrets.token_hex(4)}"
    collection.storage.put_arrays(name, {"live": live})
    return replace(state, live=name, removed=int((~live).sum()))


def _runs(values: NDArray[np.integer[Any]], size: int) -> Iterable[NDArray[np.integer[Any]]]:
    return (values[i : i + size] for i in range(0, len(values), size))
