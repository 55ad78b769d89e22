"""Search: which documents are about what a person typed, and where in them it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.lookup import find_sequence, look_up_sequence
from bunsan.tasks.passages import Passage, cut, document_mask
from bunsan.tasks.query import Query, parse_query
from bunsan.tasks.table import Table, show
from bunsan.text.pos import SEARCH_POS
from bunsan.words.bm25.formulas import Bm25Parameters, Variant, inverse_document_frequency
from bunsan.words.bm25.impacts import compute_impacts, impact_key
from bunsan.words.bm25.search import Bm25, SegmentIndex
from bunsan.words.bm25.statistics import Statistics

Arrays = Mapping[str, NDArray[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Hit:
    """A document that was found.

    `why` gives the part of the score that each word of the query contributed.
    """

    score: float
    text: str
    source: str
    row: int
    fields: dict[str, str | None]
    passages: list[Passage]
    why: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SearchResult:
    """The best documents; `total` is how many match at all, `missing` the words in none."""

    query: str
    hits: list[Hit]
    total: int
    missing: list[str]

    def table(self) -> Table:
        """One row a document."""
        names = dict.fromkeys(n for hit in self.hits for n in hit.fields)
        columns: dict[str, list[Any]] = {
            "rank": list(range(1, len(self.hits) + 1)),
            "score": [round(hit.score, 4) for hit in self.hits],
            "source": [hit.source for hit in self.hits],
            "row": [hit.row for hit in self.hits],
        }
        columns |= {n: [hit.fields.get(n) for hit in self.hits] for n in names if n not in columns}
        columns["passages"] = [" … ".join(p.marked() for p in hit.passages) for hit in self.hits]
        columns["text"] = [hit.text for hit in self.hits]
        columns["why"] = [
            ", ".join(f"{word} {show(part)}" for word, part in hit.why.items()) for hit in self.hits
        ]
        titles = {
            "rank": tr("rank", "順位"),
            "score": tr("score", "スコア"),
            "source": tr("file", "ファイル"),
            "row": tr("row", "行"),
            "passages": tr("passages", "該当箇所"),
            "text": tr("text", "本文"),
            "why": tr("why", "語の寄与"),
        }
        return Table(
            columns, titles, tr(f"{self.total:,} documents match", f"{self.total:,} 文書が該当")
        )

    def _repr_html_(self) -> str:
        from html import escape

        parts = [f"<p>{escape(self.query)}: {self.total:,}</p><ol>"]
        for hit in self.hits:
            fields = " ".join(f"{k}={v}" for k, v in hit.fields.items() if v is not None)
            parts.append(f"<li><b>{hit.score:.2f}</b> {escape(fields)}")
            parts += [p._repr_html_() for p in hit.passages]
            parts.append("</li>")
        return "".join([*parts, "</ol>"])


class _Index:
    """The BM25 index of a collection, kept with the collection once it is open."""

    def __init__(self, collection: StoredCollection, parameters: Bm25Parameters) -> None:
        self.parameters = parameters
        self.postings = [segment.postings for segment in collection.segments]
        self.statistics = Statistics(len(collection.vocabulary))
        for segment, postings in zip(collection.segments, self.postings, strict=True):
            self.statistics.add(postings)
            if segment.live is not None:
                self.statistics.subtract_removed(
                    postings, segment.word, segment.document, segment.live
                )
        self.impacts = [
            self._impacts(collection, segment, postings)
            for segment, postings in zip(collection.segments, self.postings, strict=True)
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
        df = int(self.statistics.document_frequency[word])
        code = self.parameters.code
        return inverse_document_frequency(code, df, self.statistics.documents) if df else 0.0

    def documents(self, segment: int, words: Sequence[int]) -> NDArray[np.uint32]:
        """Documents of a segment that have at least one of these words, ascending."""
        runs = [self._run(segment, word) for word in words]
        docs = self.postings[segment]["docs"]
        found = [docs[a:b] for a, b in runs if a < b]
        return np.unique(np.concatenate(found)) if found else docs[:0]

    def contribution(self, segment: int, word: int, document: int) -> float:
        """What a word adds to the score of a document."""
        begin, end = self._run(segment, word)
        at = begin + int(np.searchsorted(self.postings[segment]["docs"][begin:end], document))
        shape = self.parameters.shape
        if at == end or self.postings[segment]["docs"][at] != document:
            return self.idf(word) * shape.absent
        impact = float(self.impacts[segment]["impact"][at])
        return self.idf(word) * (shape.absent + shape.scale * impact)

    def _run(self, segment: int, word: int) -> tuple[int, int]:
        terms, indptr = self.postings[segment]["terms"], self.postings[segment]["indptr"]
        t = int(np.searchsorted(terms, word))
        if t == len(terms) or terms[t] != word:
            return 0, 0
        return int(indptr[t]), int(indptr[t + 1])


def index_of(collection: StoredCollection, parameters: Bm25Parameters | None = None) -> _Index:
    """The index for these parameters, made once for an opened collection."""
    parameters = Bm25Parameters() if parameters is None else parameters
    indices: dict[Bm25Parameters, _Index] = collection.__dict__.setdefault("_bm25", {})
    if parameters not in indices:
        indices[parameters] = _Index(collection, parameters)
    return indices[parameters]


def store_impacts(collection: StoredCollection) -> None:
    """Compute and keep what a search with the usual parameters needs, so that it starts at once."""
    index_of(collection)


def search(
    collection: StoredCollection,
    typed: str,
    *,
    k: int = 10,
    where: dict[str, str] | None = None,
    match_all: bool = False,
    variant: str = "lucene",
    k1: float = 1.5,
    b: float = 0.75,
    passages: int = 2,
) -> SearchResult:
    """The k documents that match best, by BM25 (see `bunsan.words.bm25.formulas`).

    Parameters
    ----------
    typed : words or a sentence; "in quotes" must occur as it stands; -word must not occur.
    where : only documents with these field values.
    match_all : only documents with every word.
    passages : sentences shown of a document, those with the rarest of the words.

    Raises
    ------
    BadInput : nothing to search for, or parameters outside of their range.
    """
    choice: Variant = variant  # type: ignore[assignment]  # Bm25Parameters refuses others
    query = parse_query(typed)
    index = index_of(collection, Bm25Parameters(choice, k1, b))
    words, missing = _query_words(collection, query)
    ids = [i for group in words for i in group]
    allowed = _allowed(collection, index, query, words if match_all else [], where)
    if not ids or (match_all and missing):
        return SearchResult(typed, [], 0, missing)
    segment, document, score = index.ranking.search(ids, k, allowed=allowed)
    hits = [
        _hit(collection, index, query, words, int(s), int(d), float(x), passages)
        for s, d, x in zip(segment, document, score, strict=True)
    ]
    return SearchResult(typed, hits, _total(collection, index, ids, allowed), missing)


def _query_words(collection: StoredCollection, query: Query) -> tuple[list[list[int]], list[str]]:
    """The ids of each searchable word of the query, and the words no document has."""
    vocabulary = collection.vocabulary
    searchable = set(SEARCH_POS)
    words: list[list[int]] = []
    missing: list[str] = []
    for form, pos in collection.analyzer.query(query.text):
        if pos not in searchable:
            continue
        ids = [i for i in vocabulary.find(form) if vocabulary.pos(i) in searchable]
        if ids:
            words.append(ids)
        elif form not in missing:
            missing.append(form)
    return words, missing


def _allowed(
    collection: StoredCollection,
    index: _Index,
    query: Query,
    required: Sequence[Sequence[int]],
    where: dict[str, str] | None,
) -> list[Mask] | None:
    """bool[D] per segment: which documents the query admits; None where it admits all."""
    if not (where or query.phrases or query.excluded or required):
        return None
    phrases = [look_up_sequence(collection, phrase) for phrase in query.phrases]
    excluded = [look_up_sequence(collection, phrase) for phrase in query.excluded]
    masks = []
    for number, segment in enumerate(collection.segments):
        mask = document_mask(segment, where)
        mask = np.ones(segment.n_documents, np.bool_) if mask is None else mask
        for ids in required:
            mask &= _as_mask(segment, index.documents(number, ids))
        for sequence in phrases:
            mask &= _as_mask(segment, _with_sequence(segment, sequence))
        for sequence in excluded:
            mask &= ~_as_mask(segment, _with_sequence(segment, sequence))
        masks.append(mask)
    return masks


def _as_mask(segment: Segment, documents: NDArray[Any]) -> Mask:
    mask = np.zeros(segment.n_documents, np.bool_)
    mask[documents] = True
    return mask


def _with_sequence(segment: Segment, sequence: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Documents in which the words stand one after the other."""
    position = find_sequence(segment.word, sequence)
    document = np.searchsorted(segment.document, position, "right") - 1
    return document[position + len(sequence) <= segment.document[document + 1]]


def _total(
    collection: StoredCollection, index: _Index, ids: Sequence[int], allowed: Sequence[Mask] | None
) -> int:
    total = 0
    for number, segment in enumerate(collection.segments):
        found = index.documents(number, ids)
        mask = segment.live if allowed is None else allowed[number]
        total += len(found) if mask is None else int(np.count_nonzero(mask[found]))
    return total


def _hit(
    collection: StoredCollection,
    index: _Index,
    query: Query,
    words: Sequence[Sequence[int]],
    number: int,
    document: int,
    score: float,
    passages: int,
) -> Hit:
    segment = collection.segments[number]
    why: dict[str, float] = {}
    for ids in words:
        part = sum(index.contribution(number, i, document) for i in ids)
        if part:
            label = collection.vocabulary.label(ids[0])
            why[label] = why.get(label, 0.0) + part
    source, row = segment.source(document)
    return Hit(
        score,
        segment.text(document),
        source,
        row,
        {name: segment.field_of(name, document) for name in collection.by},
        _best_passages(collection, index, query, words, segment, document, passages),
        why,
    )


def _best_passages(
    collection: StoredCollection,
    index: _Index,
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
