"""Feature words: the words that mark each group of documents."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection
from bunsan.measure.keyness import Keyness, keyness
from bunsan.tasks.counts import group_numbers
from bunsan.tasks.lookup import word_columns, word_titles
from bunsan.tasks.passages import Passage, passages
from bunsan.tasks.table import Table
from bunsan.words.units import group_counts

_MEASURES = {
    "jaccard": "jaccard",
    "loglikelihood": "g2",
    "tfidf": "tfidf",
    "difference": "difference",
}


@dataclass(frozen=True)
class Features:
    """The k words of each group, by one measure.

    Intervals are at 95 %. `q` is the p-value of the log-likelihood ratio corrected (Benjamini and
    Hochberg 1995) for all words and groups compared, not just those shown.
    """

    by: str
    measure: str
    groups: dict[str, int]
    words: list[tuple[str, int]]
    columns: dict[str, list[Any]]
    tests: int
    _collection: StoredCollection = field(repr=False)
    _where: dict[str, str] | None = field(repr=False)

    def table(self) -> Table:
        """One row a group and word; groups in order, the strongest words first."""
        titles = word_titles() | {
            "group": self.by,
            "documents": tr("documents", "文書数"),
            "group_size": tr("of", "グループの文書数"),
            "jaccard": tr("Jaccard", "Jaccard係数"),
            "jaccard_low": tr("low", "下限"),
            "jaccard_high": tr("high", "上限"),
            "loglikelihood": tr("log-likelihood", "対数尤度比"),
            "q": tr("q (corrected)", "q値(補正後)"),
            "tfidf": "TF-IDF",
            "share": tr("share", "割合"),
            "outside": tr("outside", "他での割合"),
            "difference_low": tr("difference, low", "差の下限"),
            "difference_high": tr("difference, high", "差の上限"),
        }
        note = tr(
            f"q is corrected for {self.tests:,} comparisons.",
            f"q値は {self.tests:,} 個の比較について補正済み。",
        )
        return Table(self.columns, titles, note)

    def rows(self, each: int = 2) -> list[Passage]:
        """For every word listed, some sentences of its group."""
        return [
            passage
            for group, word in self.words
            for passage in passages(
                self._collection,
                [[word]],
                where={**(self._where or {}), self.by: group},
                limit=each,
            )
        ]

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def features(
    collection: StoredCollection,
    by: str,
    *,
    k: int = 10,
    measure: str = "jaccard",
    min_documents: int = 5,
    pos: tuple[str, ...] | None = None,
    where: dict[str, str] | None = None,
    seed: int = 0,
) -> Features:
    """The k words that mark each value of a column.

    Parameters
    ----------
    measure : what to rank by: "jaccard" (as KH Coder), "loglikelihood", "tfidf", "difference".
    min_documents : words in fewer documents are left out.

    Raises
    ------
    BadInput : too few groups, no such measure, no word frequent enough.
    """
    del (
        seed
    )  # intervals are computed, not drawn; accepted so that all analyses take the same options
    if measure not in _MEASURES:
        raise BadInput(
            tr(
                f"There is no measure {measure!r} here.",
                f"{measure!r} という指標はここでは使えません。",
            ),
            remedy=tr("Choose from ", "次から選んでください: ") + ", ".join(_MEASURES),
        )
    names, groups = group_numbers(collection, by, where)
    frequent = collection.vocabulary.document_frequency >= min_documents
    ids = np.flatnonzero(collection.countable(pos) & frequent).astype(np.int32)
    if not len(ids):
        raise BadInput(
            tr(
                f"No word is in {min_documents} documents.",
                f"{min_documents} 文書以上に現れる語がありません。",
            ),
            remedy=tr("Lower --min-documents.", "--min-documents を下げてください。"),
        )
    tokens = np.zeros((len(names), len(ids)), np.int64)
    documents = np.zeros_like(tokens)
    sizes = np.zeros(len(names), np.int64)
    for segment, group in zip(collection.segments, groups, strict=True):
        t, d = group_counts(segment.word, segment.document, group, len(names), ids)
        tokens += t.toarray()
        documents += d.toarray()
        sizes += np.bincount(group[group >= 0], minlength=len(names))
    scores = keyness(documents, sizes, tokens=tokens)
    ranking = getattr(scores, _MEASURES[measure])
    group_of, word_of = [], []
    for g in range(len(names)):
        # A word marks a group only if the group uses it more than the others do.
        more = scores.g2[g] > 0
        order = np.lexsort((ids, -documents[g], -np.where(more, ranking[g], -np.inf)))
        order = order[more[order]]
        order = order[:k]
        group_of += [g] * len(order)
        word_of += order.tolist()
    chosen = ids[word_of]
    columns: dict[str, list[Any]] = {"group": [names[g] for g in group_of]}
    columns |= word_columns(collection, chosen)
    columns |= _score_columns(scores, sizes, group_of, word_of)
    words = [(names[g], int(i)) for g, i in zip(group_of, chosen, strict=True)]
    sized = dict(zip(names, sizes.tolist(), strict=True))
    tests = int(np.isfinite(scores.p).sum())
    return Features(by, measure, sized, words, columns, tests, collection, where)


def _score_columns(
    scores: Keyness, sizes: np.ndarray[Any, Any], group: list[int], word: list[int]
) -> dict[str, list[Any]]:
    at = group, word
    return {
        "documents": scores.documents[at].tolist(),
        "group_size": sizes[group].tolist(),
        "jaccard": scores.jaccard[at].tolist(),
        "jaccard_low": scores.jaccard_low[at].tolist(),
        "jaccard_high": scores.jaccard_high[at].tolist(),
        "loglikelihood": scores.g2[at].tolist(),
        "q": scores.q[at].tolist(),
        "tfidf": scores.tfidf[at].tolist(),
        "share": scores.share[at].tolist(),
        "outside": scores.outside[at].tolist(),
        "difference_low": scores.difference_low[at].tolist(),
        "difference_high": scores.difference_high[at].tolist(),
    }
