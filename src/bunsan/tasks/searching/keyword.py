"""Search by words: BM25 over a collection, what each word contributed, the sentences that have them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.lookup import find_sequence, look_up_sequence
from bunsan.tasks.passages import Passage, cut
from bunsan.tasks.query import Query
from bunsan.tasks.searching.filters import Mask, documents_with, run_of
from bunsan.words.bm25.formulas import Bm25Parameters, inverse_document_frequency
from bunsan.words.bm25.impacts import compute_impacts, impact_key
from bunsan.words.bm25.search import Bm25, SegmentIndex
from bunsan.words.bm25.statistics import Statistics

Arrays = Mapping[str, NDArray[Any]]


class KeywordIndex:
    """The BM25 index of a collection, kept with the collection once it is open."""

    def __init__(self, collection: StoredCollection, parameters: Bm25Parameters) -> None:
        self.parameters = parameters
        self.segments = collection.segments
        self.postings = [segment.postings for segment in self.segments]
        self.statistics = Statistics(len(collection.vocabulary))
        for segment, postings in zip(self.segments, self.postings, strict=True):
            self.statistics.add(postings)
            if segment.live is not None:
                self.statistics.subtract_removed(
                    postings, segment.word, segment.document, segment.live
                )
        self.impacts = [
            self._impacts(collection, segment, postings)
            for segment, postings in zip(self.segments, self.postings, strict=True)
        ]
        indices = [SegmentIndex.of(p, i) for p, i in zip(self.postings, self.impacts, strict=True)]
        self.ranking = Bm25(indices, self.statistics, parameters)

    def _impacts(self, collection: StoredCollection, segment: Segment, postings: Arrays) -> Arrays:
        live = segment.live
        key = [segment.name, impact_key(self.statistics, self.parameters, live)]

        def compute() -> Arrays:
            return compute_impacts(postings, self.statistics, self.parameters, live)

        return collection.derived("impacts", key, compute)

    def idf(self, word: int) -> float:
        """The weight of a word; 0 for one that no document has."""
        df = int(self.statistics.document_frequency[word])
        code = self.parameters.code
        return inverse_document_frequency(code, df, self.statistics.documents) if df else 0.0

    def total(self, ids: Sequence[int], allowed: Sequence[Mask] | None) -> int:
        """How many documents, of those allowed, have at least one of these words."""
        total = 0
        for number, segment in enumerate(self.segments):
            found = documents_with(segment, ids)
            mask = segment.live if allowed is None else allowed[number]
            total += len(found) if mask is None else int(np.count_nonzero(mask[found]))
        return total

    def why(
        self,
        collection: StoredCollection,
        words: Sequence[Sequence[int]],
        segment: int,
        document: int,
    ) -> dict[str, float]:
        """What each word of a query adds to the score of a document."""
        why: dict[str, float] = {}
        for ids in words:
            part = sum(self._contribution(segment, i, document) for i in ids)
            if part:
                label = collection.vocabulary.label(ids[0])
                why[label] = why.get(label, 0.0) + part
        return why

    def _contribution(self, segment: int, word: int, document: int) -> float:
        begin, end = run_of(self.segments[segment], word)
        at = begin + int(np.searchsorted(self.postings[segment]["docs"][begin:end], document))
        shape = self.parameters.shape
        if at == end or self.postings[segment]["docs"][at] != document:
            return self.idf(word) * shape.absent
        impact = float(self.impacts[segment]["impact"][at])
        return self.idf(word) * (shape.absent + shape.scale * impact)


def index_of(
    collection: StoredCollection, parameters: Bm25Parameters | None = None
) -> KeywordIndex:
    """The index for these parameters, made once for an opened collection."""
    parameters = Bm25Parameters() if parameters is None else parameters
    indices: dict[Bm25Parameters, KeywordIndex] = collection.__dict__.setdefault("_bm25", {})
    if parameters not in indices:
        indices[parameters] = KeywordIndex(collection, parameters)
    return indices[parameters]


def store_impacts(collection: StoredCollection) -> None:
    """Compute and keep what a search with the usual parameters needs, so that it starts at once."""
    index_of(collection)


def best_passages(
    collection: StoredCollection,
    index: KeywordIndex,
    query: Query,
    words: Sequence[Sequence[int]],
    segment: Segment,
    document: int,
    most: int,
) -> list[Passage]:
    """The sentences with the largest sum of idf over the distinct words they have, in text order."""
    begin, end = int(segment.document[document]), int(segment.document[document + 1])
    tokens = segment.word[begin:end]
    idf = {i: index.idf(i) for ids in words for i in ids}
    marked = np.isin(tokens, np.array(list(idf), np.int32))
    first = int(np.searchsorted(segment.sentence, begin))
    last = int(np.searchsorted(segment.sentence, end))
    sentences: list[tuple[float, int, int]] = []
    for s in range(first, last):
        a, b = int(segment.sentence[s]), int(segment.sentence[s + 1])
        worth = sum(idf[i] for i in set(tokens[a - begin : b - begin].tolist()) if i in idf)
        for phrase in query.phrases:
            sequence = look_up_sequence(collection, phrase)
            worth += 100.0 * bool(len(find_sequence(segment.word[a:b], sequence)))
        if worth > 0:
            sentences.append((worth, a, b))
    best = sorted(sorted(sentences, key=lambda s: (-s[0], s[1]))[:most], key=lambda s: s[1])
    return [
        cut(collection, segment, document, a, b, a + np.flatnonzero(marked[a - begin : b - begin]))
        for _, a, b in best
    ]
