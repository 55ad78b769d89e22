"""Search: which documents are about what a person typed, and where in them it stands.

By keyword, by meaning, or by both; how each works is told in `bunsan.tasks.searching`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.passages import Passage, cut
from bunsan.tasks.query import Query, parse_query
from bunsan.tasks.searching.filters import Mask, admitted, query_words
from bunsan.tasks.searching.fusion import best_first, reciprocal_rank_fusion
from bunsan.tasks.searching.keyword import KeywordIndex, best_passages, index_of, store_impacts
from bunsan.tasks.searching.results import Hit, SearchResult
from bunsan.words.bm25.formulas import Bm25Parameters, Variant

if TYPE_CHECKING:
    from bunsan.tasks.searching.nearness import Nearness

Floats = NDArray[np.float32]

__all__ = ["By", "Hit", "SearchResult", "nearness", "search", "store_impacts"]

By = Literal["keyword", "meaning", "both"]

_DEPTH = 1000  # documents of each ranking that are fused, as many as a run of TREC has
_PARTS = 8  # words that are named as what made a passage near


def search(
    collection: StoredCollection,
    typed: str,
    *,
    by: By = "keyword",
    model: Any = None,
    k: int = 10,
    offset: int = 0,
    where: dict[str, str] | None = None,
    match_all: bool = False,
    variant: str = "lucene",
    k1: float = 1.5,
    b: float = 0.75,
    passages: int = 2,
    most: int | None = None,
) -> SearchResult:
    """The k documents that match best.

    By "keyword": BM25 (see `bunsan.words.bm25.formulas`). By "meaning": the cosine of the query with
    the nearest passage of each document. By "both": the two rankings fused by reciprocal ranks, to a
    depth of 1,000 documents each.

    Parameters
    ----------
    typed : words or a sentence; "in quotes" must occur as it stands; -word must not occur.
    model : what meaning is told by; see `bunsan.tasks.searching.representation.representation`. The
        vectors of the documents are computed with the first such search and kept.
    offset : hits to pass over, for pages.
    where : only documents with these field values.
    match_all : only documents with every word.
    passages : sentences shown of a document, those with the rarest of the words.
    most : compute vectors of no more than so many documents; None: of any number.

    Raises
    ------
    BadInput : nothing to search for, or parameters outside of their range.
    Missing : there is nothing to tell meaning by.
    Interrupted : stopped by the person while vectors were computed; the same call goes on.
    """
    if by not in get_args(By):
        raise BadInput(
            tr(f"One cannot search by {by!r}.", f"by に {by!r} は指定できません。"),
            remedy=tr(
                "Use keyword, meaning or both.", "keyword、meaning、both から選んでください。"
            ),
        )
    if k < 1 or offset < 0:
        raise BadInput(tr("A page has at least one hit.", "件数は 1 以上、位置は 0 以上です。"))
    choice: Variant = variant  # type: ignore[assignment]  # Bm25Parameters refuses others
    query = parse_query(typed)
    index = index_of(collection, Bm25Parameters(choice, k1, b))
    words, missing = query_words(collection, query)
    allowed = admitted(collection, query, words if match_all else [], where)
    asked = _Asked(collection, index, query, words, allowed, passages)
    nothing = match_all and bool(missing)
    if by == "keyword":
        if nothing or not words:
            return SearchResult(typed, [], 0, missing, offset=offset)
        return asked.by_keyword(typed, k, offset, missing)
    near = nearness(collection, model, most=most)
    vector, unknown = near.by.query(query.text)
    asked.look(near, vector)
    if by == "meaning":
        return asked.by_meaning(typed, 0 if nothing else k, offset, unknown)
    return asked.by_both(typed, 0 if nothing else k, offset, missing)


def nearness(
    collection: StoredCollection, model: Any = None, *, most: int | None = None
) -> "Nearness":
    """The vectors of a collection's documents by a model, computed where they are missing.

    Raises
    ------
    Interrupted, Missing, BadInput : see `search`.
    """
    # Word vectors and encoders are loaded where they are wanted.
    from bunsan.tasks.searching.nearness import Nearness
    from bunsan.tasks.searching.representation import representation

    by = representation(collection, model)
    known: dict[str, Nearness] = collection.__dict__.setdefault("_nearness", {})
    if by.digest not in known:
        known[by.digest] = Nearness(collection, by, most=most)
    return known[by.digest]


class _Asked:
    """One query to one collection."""

    def __init__(
        self,
        collection: StoredCollection,
        index: KeywordIndex,
        query: Query,
        words: Sequence[Sequence[int]],
        allowed: Sequence[Mask] | None,
        passages: int,
    ) -> None:
        self.collection, self.index, self.query = collection, index, query
        self.words, self.allowed, self.passages = words, allowed, passages
        self.ids = [i for group in words for i in group]
        self.offsets = np.cumsum([0, *(s.n_documents for s in collection.segments)])
        self.near: Nearness | None = None

    def look(self, near: "Nearness", vector: Floats) -> None:
        """Compare all documents with the query's vector."""
        self.near, self.vector = near, near.prepared(vector)
        if self.vector.any():
            self.cosines = near.passages(self.vector)
            self.scores = near.documents(self.cosines)
            if self.allowed is not None:
                self.scores[~np.concatenate(self.allowed)] = -np.inf
        else:
            self.cosines = np.zeros(0, np.float32)
            self.scores = np.full(int(self.offsets[-1]), -np.inf, np.float32)

    # The three ways

    def by_keyword(self, typed: str, k: int, offset: int, missing: list[str]) -> SearchResult:
        documents, scores = self._keyword(offset + k)
        hits = [
            self._hit(d, x, {"keyword": offset + n})
            for n, (d, x) in enumerate(
                zip(documents[offset:].tolist(), scores[offset:].tolist(), strict=True), start=1
            )
        ]
        total = self.index.total(self.ids, self.allowed)
        return SearchResult(typed, hits, total, missing, offset=offset)

    def by_meaning(self, typed: str, k: int, offset: int, missing: list[str]) -> SearchResult:
        documents = best_first(self.scores, offset + k if k else 0)[offset:]
        hits = [
            self._hit(d, float(self.scores[d]), {"meaning": offset + n})
            for n, d in enumerate(documents.tolist(), start=1)
        ]
        return self._result(typed, hits, missing, "meaning", offset, k)

    def by_both(self, typed: str, k: int, offset: int, missing: list[str]) -> SearchResult:
        depth = _DEPTH * -(-(offset + max(k, 1)) // _DEPTH)
        keyword = self._keyword(depth)[0] if k and self.ids else np.zeros(0, np.int64)
        meaning = best_first(self.scores, depth) if k else np.zeros(0, np.int64)
        documents, sums = reciprocal_rank_fusion([keyword, meaning])
        ranks = [
            {int(d): n for n, d in enumerate(ranking, start=1)} for ranking in (keyword, meaning)
        ]
        page = slice(offset, offset + k)
        hits = [
            self._hit(
                d,
                score,
                {
                    name: found[d]
                    for name, found in zip(("keyword", "meaning"), ranks, strict=True)
                    if d in found
                },
            )
            for d, score in zip(documents[page].tolist(), sums[page].tolist(), strict=True)
        ]
        return self._result(typed, hits, missing, "both", offset, k)

    def _keyword(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The best documents by BM25, counted through all segments, and their scores."""
        allowed = None if self.allowed is None else list(self.allowed)
        segment, document, score = self.index.ranking.search(self.ids, k, allowed=allowed)
        return self.offsets[segment] + document, score

    def _result(
        self, typed: str, hits: list[Hit], missing: list[str], by: str, offset: int, k: int
    ) -> SearchResult:
        assert self.near is not None
        total = int(np.count_nonzero(self.scores > -np.inf)) if k else 0
        if by == "both" and k:
            total = max(total, self.index.total(self.ids, self.allowed) if self.ids else 0)
        return SearchResult(typed, hits, total, missing, by, self.near.by.title, offset)

    # One document

    def _hit(self, number: int, score: float, ranks: dict[str, int]) -> Hit:
        s = int(np.searchsorted(self.offsets, number, "right")) - 1
        document = number - int(self.offsets[s])
        segment = self.collection.segments[s]
        source, row = segment.source(document)
        cosine, nearest = None, None
        why: dict[str, float] = {}
        shown: list[Passage] = []
        if "meaning" in ranks:
            cosine = float(self.scores[number])
            nearest, why = self._nearest(number, s, document)
            shown = [nearest]
        if "keyword" in ranks:
            why = self.index.why(self.collection, self.words, s, document)
            shown = best_passages(
                self.collection, self.index, self.query, self.words, segment, document,
                self.passages,
            )  # fmt: skip
        fields = {name: segment.field_of(name, document) for name in self.collection.by}
        return Hit(
            score, segment.text(document), source, row, fields, shown, why, ranks, cosine, nearest
        )

    def _nearest(self, number: int, s: int, document: int) -> tuple[Passage, dict[str, float]]:
        """The passage that scored its document, words of the query marked; and its words' parts."""
        assert self.near is not None
        segment = self.collection.segments[s]
        begin, end = int(segment.document[document]), int(segment.document[document + 1])
        first, last = self.near.nearest_passage(self.cosines, number)
        starts = segment.start[begin:end]
        a, b = (begin + int(np.searchsorted(starts, place)) for place in (first, last))
        marked = a + np.flatnonzero(np.isin(segment.word[a:b], np.array(self.ids, np.int32)))
        parts = self.near.by.parts(segment, (a, b), self.vector)
        whole = sum(parts.values())
        scale = float(self.scores[number]) / whole if whole > 0 else 0.0  # the cosine's share
        parts = dict(list(parts.items())[:_PARTS]) if scale > 0 else {}
        why = {word: scale * part for word, part in parts.items() if part > 0}
        return cut(self.collection, segment, document, a, b, marked), why
