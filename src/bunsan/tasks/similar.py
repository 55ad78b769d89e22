"""Words used alike, and arithmetic with words, on vectors of counted contexts.

"You shall know a word by the company it keeps" (Firth 1957): words beside the same words are alike.
Vectors are positive pointwise mutual information of co-occurrence counts (Levy, Goldberg & Dagan 2015),
optionally reduced by truncated singular value decomposition.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.counts import choose_words, window_counts
from bunsan.tasks.lookup import Word, look_up, split_sum, word_columns, word_titles
from bunsan.tasks.passages import Passage, passages
from bunsan.tasks.related import predicate_counts
from bunsan.tasks.table import Table
from bunsan.words.predicates import relation_label
from bunsan.words.similarity import DenseVectors, SparseVectors
from bunsan.words.weighting import ppmi


@dataclass(frozen=True)
class Similar:
    """Words by the cosine of their vectors with the word (or sum of words) asked about.

    `contexts` names, for every word, the contexts it shares most with what was asked.
    """

    plus: list[Word]
    minus: list[Word]
    ids: list[int]
    columns: dict[str, list[Any]]
    _shared: list[list[int]] = field(repr=False)
    _collection: StoredCollection = field(repr=False)

    def table(self) -> Table:
        """One row a word, the most similar first."""
        titles = word_titles() | {
            "similarity": tr("cosine", "類似度"),
            "contexts": tr("shared contexts", "共有する文脈"),
        }
        return Table(self.columns, titles)

    def rows(self, each: int = 1) -> list[Passage]:
        """For every word, sentences in which it and the word asked stand beside a shared context."""
        found = []
        for i, contexts in zip(self.ids, self._shared, strict=True):
            for context in contexts[:2]:
                for ids in (self.plus[0].ids, (i,)):
                    found += passages(self._collection, [ids, [context]], limit=each)
        return found

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def similar(
    collection: StoredCollection,
    typed: str,
    *,
    k: int = 15,
    contexts: str = "window",
    window: int = 5,
    reduce: int | None = None,
    min_count: int = 5,
    pos: tuple[str, ...] | None = None,
    seed: int = 0,
) -> Similar:
    """The k words used most like a word, or like a sum: "王 - 男 + 女" (3CosAdd).

    Parameters
    ----------
    contexts : "window", the content words nearby; "predicates", the verbs and adjectives that
        govern a noun, with their particles.
    window : content words on each side.
    reduce : dimensions kept by singular value decomposition; None keeps all contexts.
    min_count : rarer words take no part.

    Raises
    ------
    BadInput : a word is not there or too rare, or an option does not exist.
    """
    if contexts not in ("window", "predicates"):
        raise BadInput(
            tr(f"There are no contexts {contexts!r}.", f"{contexts!r} という文脈はありません。"),
            remedy=tr("Use window or predicates.", "window か predicates を指定してください。"),
        )
    plus, minus = parse_sum(collection, typed)
    codes: NDArray[np.int64] | None = None
    if contexts == "window":
        vectors = window_vectors(collection, window=window, min_count=min_count, pos=pos)
    else:
        vectors, codes = predicate_vectors(collection, min_count=min_count)
    space: SparseVectors | DenseVectors = vectors
    if reduce is not None:
        space = vectors.reduce(min(reduce, min(vectors.weights.shape) - 1), seed=seed)
    for word in [*plus, *minus]:
        _require(word, vectors, min_count)
    found = space.analogy(
        [_known(w, vectors) for w in plus], [_known(w, vectors) for w in minus], k + 20
    )
    asked = {i for w in [*plus, *minus] for i in w.ids}
    keep = [n for n, i in enumerate(found.ids.tolist()) if i not in asked and found.cosines[n] > 0][
        :k
    ]
    ids = found.ids[keep]
    shared = [_shared(vectors, _known(plus[0], vectors), int(i)) for i in ids]
    if codes is not None:
        shared = [codes[row].tolist() for row in shared]
    names = _context_names(collection, contexts, shared)
    columns = word_columns(collection, ids) | {
        "frequency": collection.vocabulary.frequency[ids].tolist(),
        "similarity": found.cosines[keep].tolist(),
        "contexts": names,
    }
    words_shared = (
        [[c & 0xFFFFFFFF for c in row] for row in shared] if contexts != "window" else shared
    )
    return Similar(plus, minus, ids.tolist(), columns, words_shared, collection)


def parse_sum(collection: StoredCollection, typed: str) -> tuple[list[Word], list[Word]]:
    """The words of "王 - 男 + 女": those added, those subtracted."""
    plus, minus = split_sum(typed)
    return [look_up(collection, w) for w in plus], [look_up(collection, w) for w in minus]


def window_vectors(
    collection: StoredCollection,
    *,
    window: int = 5,
    min_count: int = 5,
    pos: tuple[str, ...] | None = None,
) -> SparseVectors:
    """PPMI vectors over the words within a window, kept for this state of the collection."""
    ids = choose_words(collection, pos=pos, min_count=min_count)
    _enough(ids, min_count)

    def build() -> dict[str, NDArray[Any]]:
        return _parts(ppmi(window_counts(collection, ids, window=window, pos=pos)))

    key = [
        window,
        min_count,
        list(pos or collection.settings.pos),
        list(collection.settings.stop_words),
    ]
    parts = collection.derived("ppmi", key, build)
    return SparseVectors(ids, _csr(parts, (len(ids), len(ids))))


def predicate_vectors(
    collection: StoredCollection, *, min_count: int = 5
) -> tuple[SparseVectors, NDArray[np.int64]]:
    """PPMI vectors of nouns over (relation, predicate) contexts.

    The contexts are columns of the second result: the relation in the upper half of each number, the
    predicate's id in the lower.
    """
    triples = predicate_counts(collection)
    noun_ids, noun = np.unique(triples["noun"], return_inverse=True)
    code = triples["relation"].astype(np.int64) << 32 | triples["predicate"]
    codes, context = np.unique(code, return_inverse=True)
    frequent = np.bincount(noun, triples["count"], minlength=len(noun_ids)) >= min_count
    _enough(noun_ids[frequent], min_count)
    counts = csr_array((triples["count"], (noun, context)), shape=(len(noun_ids), len(codes)))
    weights = ppmi(csr_array(counts[np.flatnonzero(frequent)]))
    columns = np.arange(len(codes), dtype=np.int32)
    return SparseVectors(noun_ids[frequent].astype(np.int32), weights, columns), codes


def _parts(matrix: csr_array) -> dict[str, NDArray[Any]]:
    return {
        "indptr": matrix.indptr.astype(np.int64),
        "indices": matrix.indices.astype(np.int32),
        "data": matrix.data.astype(np.float32),
    }


def _csr(parts: Any, shape: tuple[int, int]) -> csr_array:
    matrix = csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
    matrix.has_canonical_format = True
    return matrix


def _enough(ids: NDArray[Any], min_count: int) -> None:
    if len(ids) < 3:
        raise BadInput(
            tr(
                f"Fewer than three words occur {min_count} times.",
                f"{min_count} 回以上現れる語が 3 語に足りません。",
            ),
            remedy=tr(
                "Lower --min-count, or learn more text.",
                "--min-count を下げるか、文書を増やしてください。",
            ),
        )


def _require(word: Word, vectors: SparseVectors, min_count: int) -> None:
    if not any(i in vectors for i in word.ids):
        raise BadInput(
            tr(
                f"{word.label} ({word.pos}) has no vector: it occurs {word.frequency} times, or its part of "
                f"speech is not counted.",
                f"「{word.label}」({word.pos})にはベクトルがありません(出現 {word.frequency} 回、または集計しない品詞)。",
            ),
            remedy=tr(
                f"Lower --min-count below {min_count}, or choose --pos.",
                f"--min-count を {min_count} より下げるか、--pos を指定してください。",
            ),
        )


def _known(word: Word, vectors: SparseVectors) -> int:
    return next(i for i in word.ids if i in vectors)


def _shared(vectors: SparseVectors, a: int, b: int) -> list[int]:
    return [int(c) for c in vectors.shared_contexts(a, b, 5).contexts]


def _context_names(
    collection: StoredCollection, contexts: str, shared: Sequence[Sequence[int]]
) -> list[str]:
    vocabulary = collection.vocabulary
    if contexts == "window":
        return [" ".join(vocabulary.labels(row)) if row else "" for row in shared]
    return [
        ", ".join(f"{relation_label(c >> 32)} {vocabulary.label(c & 0xFFFFFFFF)}" for c in row)
        for row in shared
    ]
