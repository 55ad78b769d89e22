"""BM25 once more, slow and obvious, in float64: what the tests compare with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.words.bm25.formulas import Bm25Parameters
from bunsan.words.bm25.impacts import compute_impacts
from bunsan.words.bm25.postings import build_postings
from bunsan.words.bm25.search import Bm25, SegmentIndex
from bunsan.words.bm25.statistics import Statistics

Documents = list[list[int]]  # the word ids of each document


def textbook_idf(variant: str, df: int, n: int) -> float:
    if variant == "robertson":
        return max(0.0, math.log((n - df + 0.5) / (df + 0.5)))
    if variant == "lucene":
        return math.log(1 + (n - df + 0.5) / (df + 0.5))
    if variant == "atire":
        return math.log(n / df)
    if variant == "bm25l":
        return math.log((n + 1) / (df + 0.5))
    return math.log((n + 1) / df)


def textbook_tf(variant: str, tf: float, ratio: float, k1: float, b: float, delta: float) -> float:
    """The term frequency component as the papers write it; ratio is length / average length."""
    n = 1 - b + b * ratio
    if variant == "bm25l":
        c = tf / n if tf else 0.0
        return (k1 + 1) * (c + delta) / (k1 + c + delta)
    if variant == "atire":
        return (k1 + 1) * tf / (k1 * n + tf) if tf else 0.0
    if variant == "bm25+":
        return delta + ((k1 + 1) * tf / (k1 * n + tf) if tf else 0.0)
    return tf / (k1 * n + tf) if tf else 0.0


def textbook_scores(
    segments: Sequence[Documents],
    live: Sequence[NDArray[np.bool_]],
    query: Sequence[int],
    parameters: Bm25Parameters,
    weights: Sequence[float] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores of all documents of all segments in a row, and whether each is to be ranked."""
    documents = [document for segment in segments for document in segment]
    alive = np.concatenate([np.empty(0, bool), *live])
    kept = [document for document, keep in zip(documents, alive, strict=True) if keep]
    average = sum(map(len, kept)) / len(kept) if any(kept) else 1.0
    delta = {"bm25l": 0.5, "bm25+": 1.0}.get(parameters.variant, 0.0)
    delta = delta if parameters.delta is None else parameters.delta
    scores, ranked = np.zeros(len(documents)), np.zeros(len(documents), bool)
    for word, weight in zip(query, weights or [1.0] * len(query), strict=True):
        df = sum(word in document for document in kept)
        if df == 0 or weight == 0:
            continue
        idf = textbook_idf(parameters.variant, df, len(kept))
        for i, document in enumerate(documents):
            if alive[i]:
                tf, ratio = document.count(word), len(document) / average
                part = textbook_tf(
                    parameters.variant, tf, ratio, parameters.k1, parameters.b, delta
                )
                scores[i] += weight * idf * part
                ranked[i] |= tf > 0
    return scores, ranked


def tokens(documents: Documents) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The forward arrays of a segment."""
    word = np.array([word for document in documents for word in document], np.int32)
    return word, np.cumsum([0, *map(len, documents)], dtype=np.int64)


@dataclass
class Index:
    """A collection as bunsan indexes it, with all that went into it."""

    segments: list[Documents]
    live: list[NDArray[np.bool_]]
    parameters: Bm25Parameters
    postings: list[dict[str, NDArray[Any]]]
    impacts: list[dict[str, NDArray[Any]]]
    statistics: Statistics
    ranking: Bm25


def index(
    segments: list[Documents],
    n_words: int,
    parameters: Bm25Parameters | None = None,
    live: Sequence[NDArray[np.bool_]] | None = None,
) -> Index:
    parameters = Bm25Parameters() if parameters is None else parameters
    masks = [np.ones(len(s), bool) for s in segments] if live is None else list(live)
    statistics = Statistics(n_words)
    postings = []
    for documents, mask in zip(segments, masks, strict=True):
        word, document = tokens(documents)
        postings.append(build_postings(word, document, np.ones(n_words, bool)))
        statistics.add(postings[-1])
        if not mask.all():
            statistics.subtract_removed(postings[-1], word, document, mask)
    impacts = [
        compute_impacts(p, statistics, parameters, None if mask.all() else mask)
        for p, mask in zip(postings, masks, strict=True)
    ]
    indices = [SegmentIndex.of(p, i) for p, i in zip(postings, impacts, strict=True)]
    ranking = Bm25(indices, statistics, parameters)
    return Index(list(segments), masks, parameters, postings, impacts, statistics, ranking)


def check_search(
    made: Index,
    query: Sequence[int],
    k: int,
    weights: Sequence[float] | None = None,
    allowed: Sequence[NDArray[np.bool_]] | None = None,
) -> None:
    """Dense scores agree with the textbook's; the search is exactly the top of the dense scores."""
    true, ranked = textbook_scores(made.segments, made.live, query, made.parameters, weights)
    dense = np.concatenate([np.empty(0, np.float32), *made.ranking.scores(query, weights)])
    np.testing.assert_allclose(dense, true, rtol=1e-5, atol=1e-7)
    if allowed is not None:
        ranked = ranked & np.concatenate([np.empty(0, bool), *allowed])
    check_top(made.ranking, dense, ranked, query, k, weights, allowed)


def check_top(
    ranking: Bm25,
    dense: NDArray[np.float32],
    ranked: NDArray[np.bool_],
    query: Sequence[int],
    k: int,
    weights: Sequence[float] | None = None,
    allowed: Sequence[NDArray[np.bool_]] | None = None,
) -> None:
    """`search` returns, bit for bit, the k greatest of `dense` among `ranked`, in their order."""
    sizes = [segment.n_documents for segment in ranking.segments]
    segment_of = np.repeat(np.arange(len(sizes)), sizes)
    first = np.concatenate([[0], np.cumsum(sizes)])
    candidates = np.flatnonzero(ranked)
    # A stable sort: equal scores stay in the order of segments and documents.
    top = candidates[np.argsort(-dense[candidates], kind="stable")][:k]
    segment, document, score = ranking.search(query, k, weights, allowed)
    assert (segment.dtype, document.dtype, score.dtype) == (np.int32, np.int64, np.float32)
    np.testing.assert_array_equal(score, dense[top])
    np.testing.assert_array_equal(segment, segment_of[top])
    np.testing.assert_array_equal(document, top - first[segment_of[top]])
