"""The co-occurrence network of a collection's words."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import counted
from bunsan.collection.stored import StoredCollection
from bunsan.measure.association import MEASURES
from bunsan.tasks.counts import check_unit, choose_words, unit_mask
from bunsan.tasks.passages import Evidence, Passage, evidence, passages
from bunsan.tasks.table import TABLE_SUFFIXES, Table
from bunsan.text.pos import pos_label
from bunsan.words.network import Network, network
from bunsan.words.units import pair_counts, unit_incidence

_EVIDENCE = 12  # sentences kept for each word and edge of an interactive figure


@dataclass(frozen=True)
class WordNetwork:
    """A network, drawn by `save` and listed by `table`."""

    graph: Network
    unit: str
    _collection: StoredCollection = field(repr=False)
    _where: dict[str, str] | None = field(repr=False)

    def table(self) -> Table:
        """One row an edge, the strongest first; resampled: how often it was among those drawn."""
        label = {node.id: node.label for node in self.graph.nodes}
        community = {node.id: node.community for node in self.graph.nodes}
        edges = self.graph.edges
        columns: dict[str, list[Any]] = {
            "a": [label[e.a] for e in edges],
            "b": [label[e.b] for e in edges],
            "count": [e.count for e in edges],
            "weight": [e.weight for e in edges],
        }
        if self.graph.resamples:
            columns["low"] = [e.low for e in edges]
            columns["high"] = [e.high for e in edges]
            columns["stability"] = [e.stability for e in edges]
            columns["together"] = [e.together for e in edges]
        columns["community_a"] = [community[e.a] + 1 for e in edges]
        columns["community_b"] = [community[e.b] + 1 for e in edges]
        titles = {
            "a": tr("word", "語"),
            "b": tr("word", "語"),
            "count": tr("together", "共起"),
            "weight": MEASURES[self.graph.measure].title,
            "low": tr("low", "下限"),
            "high": tr("high", "上限"),
            "stability": tr("stability", "安定度"),
            "together": tr("same community", "同じコミュニティー"),
            "community_a": tr("community", "コミュニティー"),
            "community_b": tr("community", "コミュニティー"),
        }
        note = tr(
            f"{len(self.graph.nodes)} words, {len(edges)} edges, {self.graph.units:,} {self.unit}s, "
            f"modularity {self.graph.modularity:.2f}",
            f"{len(self.graph.nodes)} 語、{len(edges)} 辺、{self.graph.units:,} 単位({self.unit})、"
            f"モジュラリティー {self.graph.modularity:.2f}",
        )
        return Table(columns, titles, note)

    def words(self) -> Table:
        """One row a word: frequency, community, degree, betweenness."""
        nodes = self.graph.nodes
        columns: dict[str, list[Any]] = {
            "word": [n.label for n in nodes],
            "pos": [n.pos for n in nodes],
            "units": [n.frequency for n in nodes],
            "community": [n.community + 1 for n in nodes],
            "degree": [n.degree for n in nodes],
            "betweenness": [n.betweenness for n in nodes],
        }
        titles = {
            "word": tr("word", "語"),
            "pos": tr("part of speech", "品詞"),
            "units": tr("units", "単位数"),
            "community": tr("community", "コミュニティー"),
            "degree": tr("degree", "次数"),
            "betweenness": tr("betweenness", "媒介中心性"),
        }
        return Table(columns, titles)

    def rows(self, each: int = 2) -> list[Passage]:
        """For every edge, some units with both words."""
        return [
            passage
            for e in self.graph.edges
            for passage in passages(
                self._collection, [[e.a], [e.b]], unit=self.unit, where=self._where, limit=each
            )
        ]

    def save(self, path: str | Path) -> None:
        """Draw (.html .png .svg .pdf), export (.graphml) or list the edges (.xlsx .csv …)."""
        path = Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            self.table().save(path)
            return
        from bunsan.figures.network import draw_network  # loads matplotlib or plotly

        draw_network(self.graph, path, evidence=self._evidence if path.suffix == ".html" else None)

    def _evidence(self) -> Evidence:
        keys = [(n.id,) for n in self.graph.nodes] + [(e.a, e.b) for e in self.graph.edges]
        return evidence(self._collection, keys, unit=self.unit, where=self._where, each=_EVIDENCE)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def word_network(
    collection: StoredCollection,
    *,
    words: int = 75,
    edges: int = 100,
    measure: str = "jaccard",
    unit: str = "sentence",
    min_count: int = 2,
    tree: bool = False,
    resamples: int = 200,
    pos: tuple[str, ...] | None = None,
    where: dict[str, str] | None = None,
    seed: int = 0,
) -> WordNetwork:
    """The strongest pairs among the most frequent words.

    Parameters
    ----------
    words : how many words take part, the most frequent first. edges : how many pairs are drawn.
    unit : where two words count as together. min_count : units a word must be in.
    tree : keep the maximum spanning tree only.
    resamples : how often units are drawn anew to see which edges and communities stay; 0 for not.

    Raises
    ------
    BadInput : fewer than two words, an unknown measure or unit, no pair at all.
    """
    check_unit(unit)
    ids = choose_words(collection, pos=pos, min_count=min_count, most=max(words * 4, 200))
    parts = []
    segments = collection.segments
    for segment in counted(segments, tr("Counting", "集計中"), len(segments)):
        keep = unit_mask(segment, unit, where)
        part = unit_incidence(segment.word, segment.units(unit), ids, keep)
        parts.append(part if keep is None else part[np.flatnonzero(keep)])
    units = csr_array(vstack(parts, format="csr")) if len(parts) > 1 else csr_array(parts[0])
    in_units = np.asarray(units.sum(axis=0, dtype=np.int64)).ravel()
    # With a filter the frequent words are those of the documents it lets through.
    best = np.argsort(-in_units, kind="stable")[:words]
    best = np.sort(best[in_units[best] >= max(min_count, 1)])
    if len(best) < 2:
        raise BadInput(
            tr("Fewer than two words are frequent enough.", "十分な頻度の語が 2 語に足りません。"),
            remedy=tr("Lower --min-count.", "--min-count を下げてください。"),
        )
    ids, units = ids[best], csr_array(units[:, best])
    vocabulary = collection.vocabulary
    graph = network(
        pair_counts(units).toarray(),
        in_units[best],
        units.shape[0],
        vocabulary.labels(ids),
        ids=ids.tolist(),
        pos=[pos_label(vocabulary.pos(int(i))) for i in ids],
        measure=measure,
        edges=edges,
        tree=tree,
        units=units,
        resamples=resamples,
        seed=seed,
    )
    return WordNetwork(graph, unit, collection, where)
