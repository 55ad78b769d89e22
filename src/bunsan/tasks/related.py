"""Words that occur together with a word, and what is said of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection
from bunsan.measure.association import MEASURES
from bunsan.tasks.counts import check_unit, unit_mask
from bunsan.tasks.lookup import Word, look_up, word_columns, word_titles
from bunsan.tasks.passages import Passage, passages
from bunsan.tasks.table import Table
from bunsan.words.predicates import count_predicates, relation_label, word_classes
from bunsan.words.units import with_word

Evidence = Callable[[int, int], list[Passage]]
_SHOWN = ("jaccard", "dice", "ppmi", "t", "loglikelihood")


@dataclass(frozen=True)
class Related:
    """Words by how strongly they occur together with `word`.

    n_word : units that contain the word; n_units : all units. The columns of `table()` hold the units
    with both words, those with the other word, and the measures.
    """

    word: Word
    ids: list[int]
    columns: dict[str, list[Any]]
    measure: str
    unit: str
    n_word: int
    n_units: int
    _evidence: Evidence = field(repr=False)

    def table(self) -> Table:
        """One row a word, the strongest first."""
        titles = word_titles() | {
            "together": tr("together", "共起"),
            "units": tr("units with it", "その語の単位数"),
        }
        titles |= {name: measure.title for name, measure in MEASURES.items()}
        note = tr(
            f"{self.word.label}: in {self.n_word:,} of {self.n_units:,} {self.unit}s",
            f"{self.word.label}: {self.n_units:,} 単位({self.unit})中 {self.n_word:,}",
        )
        return Table(self.columns, titles, note)

    def rows(self, each: int = 3) -> list[Passage]:
        """For every word listed, some units that contain it and the word asked about."""
        return [p for i in self.ids for p in self._evidence(i, each)]

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def related(
    collection: StoredCollection,
    typed: str,
    *,
    k: int = 20,
    measure: str = "jaccard",
    unit: str = "sentence",
    where: dict[str, str] | None = None,
    min_count: int = 2,
    pos: tuple[str, ...] | None = None,
) -> Related:
    """The k words that occur most strongly together with a word.

    Parameters
    ----------
    measure : a name of `bunsan.measure.association.MEASURES`.
    unit : "sentence", "paragraph" or "document": where two words count as together.
    min_count : units in which both must be found.

    Raises
    ------
    BadInput : the word, the measure or the unit does not exist.
    """
    word = look_up(collection, typed)
    formula = association(measure)
    targets = np.array(word.ids, np.int32)
    countable = collection.countable(pos)
    counts = reduce(
        add,
        (
            with_word(
                s.word, s.units(check_unit(unit)), targets, countable, unit_mask(s, unit, where)
            )
            for s in collection.segments
        ),
    )
    ids = np.flatnonzero(counts.joint >= max(min_count, 1))
    ids = ids[~np.isin(ids, targets)]
    cells = counts.joint[ids], counts.n_target, counts.units[ids], counts.n_units
    score = formula(*cells)
    best = np.lexsort((ids, -counts.joint[ids], -score))[:k]
    ids = ids[best]
    columns = word_columns(collection, ids)
    columns["together"] = counts.joint[ids].tolist()
    columns["units"] = counts.units[ids].tolist()
    for name in dict.fromkeys((measure, *_SHOWN)):
        columns[name] = MEASURES[name](*cells)[best].tolist()

    def evidence(other: int, each: int) -> list[Passage]:
        return passages(collection, [word.ids, [other]], unit=unit, where=where, limit=each)

    return Related(
        word, ids.tolist(), columns, measure, unit, counts.n_target, counts.n_units, evidence
    )


def association(name: str) -> Any:
    """The measure of this name.

    Raises
    ------
    BadInput : there is none; lists those there are.
    """
    if name not in MEASURES:
        raise BadInput(
            tr(f"There is no measure {name!r}.", f"{name!r} という指標はありません。"),
            remedy=tr("Choose from ", "次から選んでください: ") + ", ".join(MEASURES),
        )
    return MEASURES[name]


@dataclass(frozen=True)
class Predicates:
    """What is said of a noun: predicates by the case particle that links them."""

    word: Word
    ids: list[int]
    columns: dict[str, list[Any]]
    _evidence: Evidence = field(repr=False)

    def table(self) -> Table:
        """One row a particle and predicate, the most frequent first."""
        titles = {
            "noun": tr("noun", "名詞"),
            "relation": tr("particle", "助詞"),
            "predicate": tr("predicate", "述語"),
            "count": tr("count", "回数"),
            "ppmi": MEASURES["ppmi"].title,
        }
        return Table(self.columns, titles)

    def rows(self, each: int = 3) -> list[Passage]:
        """Some sentences that contain the noun and each predicate."""
        return [p for i in dict.fromkeys(self.ids) for p in self._evidence(i, each)]

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def predicates(
    collection: StoredCollection, typed: str, *, k: int = 20, min_count: int = 1
) -> Predicates:
    """The k most frequent predicates of a noun (りんご: を 食べる), from morphology alone.

    Raises
    ------
    BadInput : the collection lacks the word, or no predicate was found for it.
    """
    word = look_up(collection, typed)
    triples = predicate_counts(collection)
    own = np.isin(triples["noun"], word.ids)
    total = float(triples["count"].sum())
    context = triples["relation"].astype(np.int64) << 32 | triples["predicate"]
    keep = np.flatnonzero(own & (triples["count"] >= max(min_count, 1)))
    if not len(keep):
        raise BadInput(
            tr(
                f"No predicate was found for {word.label}.",
                f"「{word.label}」の述語は見つかりません。",
            ),
            remedy=tr(
                "Ask for a noun, or lower --min-count.",
                "名詞を指定するか、--min-count を下げてください。",
            ),
        )
    keep = keep[np.argsort(-triples["count"][keep], kind="stable")][:k]
    n1 = float(triples["count"][own].sum())
    n2 = np.array([triples["count"][context == c].sum() for c in context[keep]], np.float64)
    predicate = triples["predicate"][keep]
    columns = {
        "noun": [word.label] * len(keep),
        "relation": [relation_label(int(r)) for r in triples["relation"][keep]],
        "predicate": collection.vocabulary.labels(predicate),
        "count": triples["count"][keep].tolist(),
        "ppmi": MEASURES["ppmi"](triples["count"][keep], n1, n2, total).tolist(),
    }

    def evidence(other: int, each: int) -> list[Passage]:
        return passages(collection, [word.ids, [other]], limit=each)

    return Predicates(word, predicate.tolist(), columns, evidence)


def predicate_counts(collection: StoredCollection) -> dict[str, np.ndarray[Any, Any]]:
    """(noun, relation, predicate) triples of the whole collection with their counts."""

    def count() -> dict[str, np.ndarray[Any, Any]]:
        forms, pos = collection.vocabulary.forms_and_pos()
        classes = word_classes(forms, pos)
        return count_predicates(
            [(s.word, s.sentence, unit_mask(s, "sentence", None)) for s in collection.segments],
            classes,
        )

    return dict(collection.derived("predicates", [], count))
