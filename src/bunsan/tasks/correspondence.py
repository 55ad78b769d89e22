"""Words and groups on one map: correspondence analysis of a collection."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import counted
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.counts import choose_words, group_numbers
from bunsan.tasks.passages import Evidence, Passage, evidence, passages
from bunsan.tasks.table import TABLE_SUFFIXES, Table
from bunsan.words.correspondence import Correspondence, Regions, correspondence, regions
from bunsan.words.units import unit_incidence

_EVIDENCE = 12


@dataclass(frozen=True)
class WordMap:
    """The map: `result` has one row per word, one column per group."""

    by: str
    words: list[str]
    ids: list[int]
    groups: list[str]
    frequencies: list[int]
    sizes: list[int]
    result: Correspondence
    regions: Regions | None
    _collection: StoredCollection = field(repr=False)
    _where: dict[str, str] | None = field(repr=False)

    @property
    def explained(self) -> list[float]:
        """Share of the inertia (differences between groups) that each axis shows."""
        return [float(s) for s in self.result.shares]

    def table(self) -> Table:
        """One row a point: places on the first two axes, contributions, quality, stability."""
        r = self.result
        both = [
            (r.columns, r.column_contributions, r.column_cos2, self.groups, self.sizes),
            (r.rows, r.row_contributions, r.row_cos2, self.words, self.frequencies),
        ]
        columns: dict[str, list[Any]] = {"kind": [], "name": [], "count": []}
        for *_, names, counts in both:
            kind = tr("group", "グループ") if names is self.groups else tr("word", "語")
            columns["kind"] += [kind] * len(names)
            columns["name"] += names
            columns["count"] += counts
        for axis in range(min(2, len(r.eigenvalues))):
            columns[f"axis{axis + 1}"] = [float(v) for at, *_ in both for v in at[:, axis]]
            columns[f"contribution{axis + 1}"] = [float(v) for _, c, *_ in both for v in c[:, axis]]
        columns["quality"] = [float(v) for _, _, q, *_ in both for v in q[:, :2].sum(axis=1)]
        if self.regions is not None:
            stable = [*self.regions.column_stable, *self.regions.row_stable]
            columns["stable"] = [bool(v) for v in stable]
        titles = {
            "kind": tr("kind", "種別"),
            "name": tr("name", "名前"),
            "count": tr("documents", "文書数"),
            "axis1": tr("axis 1", "第1軸"),
            "axis2": tr("axis 2", "第2軸"),
            "contribution1": tr("contribution 1", "寄与1"),
            "contribution2": tr("contribution 2", "寄与2"),
            "quality": tr("quality (cos²)", "再現度(cos²)"),
            "stable": tr("stable", "安定"),
        }
        shares = " ".join(f"{s:.1%}" for s in self.explained[:2])
        return Table(columns, titles, tr(f"Explained inertia: {shares}", f"寄与率: {shares}"))

    def rows(self, each: int = 2) -> list[Passage]:
        """For the words that shape the axes most, some sentences of the group they lie nearest to."""
        r = self.result
        weight = (r.row_contributions[:, :2] * r.shares[:2]).sum(axis=1)
        found = []
        for i in np.argsort(-weight)[:20].tolist():
            toward = np.nan_to_num(r.columns[:, :2] @ r.rows[i, :2], nan=-np.inf)
            where = {**(self._where or {}), self.by: self.groups[int(np.argmax(toward))]}
            found += passages(self._collection, [[self.ids[i]]], where=where, limit=each)
        return found

    def save(self, path: str | Path) -> None:
        """Draw (.html .png .svg .pdf) or list the points (.xlsx .csv …)."""
        path = Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            self.table().save(path)
            return
        from bunsan.figures.map import draw_map  # loads matplotlib or plotly

        draw_map(
            self.result,
            self.words,
            self.groups,
            path,
            ids=self.ids,
            regions=self.regions,
            frequencies=self.frequencies,
            evidence=self._evidence if path.suffix == ".html" else None,
        )

    def _evidence(self) -> Evidence:
        keys = [(i,) for i in self.ids]
        return evidence(self._collection, keys, where=self._where, each=_EVIDENCE)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def word_map(
    collection: StoredCollection,
    by: str,
    *,
    words: int = 60,
    choose: str = "difference",
    min_documents: int = 2,
    resamples: int = 200,
    pos: tuple[str, ...] | None = None,
    where: dict[str, str] | None = None,
    seed: int = 0,
) -> WordMap:
    """Correspondence analysis of the most frequent words by the values of a column.

    The table has the number of documents of each group that contain each word.

    Parameters
    ----------
    words : how many. choose : of the words frequent enough (four times as many, in at least
        `min_documents` documents), those whose shares differ most between the groups by chi-squared
        ("difference"), or simply the most frequent ("frequency").
    resamples : how often documents are drawn anew to find the regions of the points; 0 for not.

    Raises
    ------
    BadInput : fewer than two groups or words, or groups that do not differ.
    """
    if choose not in ("difference", "frequency"):
        raise BadInput(
            tr(f"Words cannot be chosen by {choose!r}.", f"{choose!r} では語を選べません。"),
            remedy=tr(
                "Use difference or frequency.", "difference か frequency を指定してください。"
            ),
        )
    names, groups = group_numbers(collection, by, where)
    chosen = choose_words(collection, pos=pos, min_count=min_documents, most=max(words * 4, 200))
    parts = [
        unit_incidence(s.word, s.document, chosen, g >= 0)
        for s, g in counted(
            zip(collection.segments, groups, strict=True), tr("Counting", "集計中"), len(groups)
        )
    ]
    units = csr_array(vstack(parts, format="csr")) if len(parts) > 1 else csr_array(parts[0])
    group = np.concatenate(groups)
    documents = np.asarray(units.sum(axis=0, dtype=np.int64)).ravel()
    member = csr_array(
        (
            np.ones(int((group >= 0).sum()), np.int64),
            (group[group >= 0], np.flatnonzero(group >= 0)),
        ),
        shape=(len(names), len(group)),
    )
    table = (member @ units.astype(np.int64)).toarray().T
    weight = (
        documents
        if choose == "frequency"
        else _departure(table, np.bincount(group[group >= 0], minlength=len(names)))
    )
    weight = np.where(documents >= max(min_documents, 1), weight, -1)
    best = np.argsort(-weight, kind="stable")[:words]
    best = np.sort(best[weight[best] >= 0])
    if len(best) < 2:
        raise BadInput(
            tr("Fewer than two words are frequent enough.", "十分な頻度の語が 2 語に足りません。"),
            remedy=tr("Lower --min-documents.", "--min-documents を下げてください。"),
        )
    ids, units, documents = chosen[best], csr_array(units[:, best]), documents[best]
    result = correspondence(table[best])
    found = regions(result, units, group, resamples=resamples, seed=seed) if resamples else None
    return WordMap(
        by,
        collection.vocabulary.labels(ids),
        ids.tolist(),
        names,
        documents.tolist(),
        np.bincount(group[group >= 0], minlength=len(names)).tolist(),
        result,
        found,
        collection,
        where,
    )


def _departure(table: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Chi-squared of each word's documents [R, C] against the sizes of the groups."""
    expected = table.sum(axis=1, keepdims=True) * (sizes / sizes.sum())
    return ((table - expected) ** 2 / np.maximum(expected, 1e-12)).sum(axis=1)
