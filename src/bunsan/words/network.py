"""Co-occurrence network: the strongest pairs of words, their communities, places and stability."""

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import counted
from bunsan.measure.association import MEASURES, Formula
from bunsan.words.layout import LABEL_DROP, label_below, label_width, layout, radii
from bunsan.words.resampling import resampled_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STABLE = 0.7
_LOUVAIN_STARTS = 10


@dataclass(frozen=True, slots=True)
class Node:
    """A word. `community` counts from 0, the largest first; `x`, `y` and the size of labels are in
    em (see `layout`); `degree` is the number of its edges; `betweenness` the share of shortest
    paths between other words that lead through it (Freeman 1977)."""

    id: int
    label: str
    pos: str
    frequency: int
    community: int
    x: float
    y: float
    degree: int
    betweenness: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair of words, `a` and `b` their ids.

    count : units that have both. weight : the measure. in_tree : part of the maximum spanning tree.
    stability : share of resamples in which the pair is among those drawn.
    together : share of resamples in which both words are in one community.
    low, high : interval of the weight. These four are None where nothing was resampled.
    """

    a: int
    b: int
    count: int
    weight: float
    in_tree: bool
    stability: float | None = None
    together: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def stable(self) -> bool:
        """Drawn in at least 70 % of the resamples, the support at which a bootstrapped branch is
        usually trusted (Hillis & Bull 1993, Systematic Biology 42); True where none were made."""
        return self.stability is None or self.stability >= STABLE


@dataclass(frozen=True)
class Network:
    """Words that have at least one edge, edges from the strongest to the weakest.

    measure : its name in `MEASURES`. units : how many were counted. modularity : of the communities
    (Newman & Girvan 2004). resamples : 0 where stability was not asked for.
    """

    nodes: list[Node]
    edges: list[Edge]
    measure: str
    units: int
    modularity: float
    resamples: int

    def to_networkx(self) -> "nx.Graph[int]":
        """The same as a networkx graph; nodes are ids, attributes the fields that are not None."""
        graph: nx.Graph[int] = nx.Graph(
            measure=self.measure, units=self.units, modularity=self.modularity
        )
        for node in self.nodes:
            graph.add_node(node.id, **_fields(node, "id"))
        for edge in self.edges:
            graph.add_edge(edge.a, edge.b, **_fields(edge, "a", "b"))
        return graph


def network(
    pairs: ArrayLike,
    counts: ArrayLike,
    n_units: int,
    labels: Sequence[str],
    *,
    ids: Sequence[int] | None = None,
    pos: Sequence[str] | None = None,
    frequencies: ArrayLike | None = None,
    measure: str = "jaccard",
    edges: int | None = 60,
    threshold: float | None = None,
    tree: bool = False,
    units: csr_array | None = None,
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Network:
    """Draw up the network of N words.

    Parameters
    ----------
    pairs : int (N, N), symmetric: units (sentences, documents …) that have both words.
    counts : int (N,), units that have the word. n_units : all units.
    ids, pos, frequencies : per word; by default 0…N-1, "" and `counts`.
    measure : a name in `MEASURES`.
    edges : keep so many of the strongest pairs. threshold : keep pairs of at least this weight.
        With both, both hold. Among equal weights the pair with more common units goes first, then
        the one earlier in the input.
    tree : of those, keep the maximum spanning tree only (of every connected part).
    units : sparse (n_units, N), non-zero where the unit has the word. With it, units are resampled
        `resamples` times, and every edge gets its stability and interval.

    Notes
    -----
    Communities maximise modularity by the Louvain method (Blondel et al. 2008, "Fast unfolding of
    communities in large networks"), the best of ten starts. All that is random follows `seed`.

    Raises
    ------
    BadInput : the measure has no such name, or no two words meet in any unit (or none strongly
        enough for `threshold`).
    """
    n11, n1 = np.asarray(pairs), np.asarray(counts, np.float64)
    n = len(n1)
    if n11.shape != (n, n) or len(labels) != n:
        raise ValueError(f"pairs {n11.shape}, counts {n1.shape} and {len(labels)} labels")
    if measure not in MEASURES:
        raise BadInput(
            tr(f"There is no measure {measure!r}.", f"{measure!r} という指標はありません。"),
            remedy=tr(
                f"Choose from {', '.join(MEASURES)}.", f"{', '.join(MEASURES)} から選んでください。"
            ),
        )
    first, second = np.nonzero(np.triu(n11, 1))
    count = n11[first, second].astype(np.float64)
    weight = MEASURES[measure](count, n1[first], n1[second], float(n_units))
    rule = _Rule(edges, threshold, tree)
    chosen = rule.choose(weight, count, first, second)
    if not len(chosen):
        raise BadInput(
            tr("No two words occur together often enough.", "十分に共起する語の組がありません。"),
            remedy=tr(
                "Take in more words, a larger unit or a lower threshold.",
                "語の数を増やすか、単位を大きくするか、しきい値を下げてください。",
            ),
        )
    ends = np.stack([first[chosen], second[chosen]], axis=1)
    used = np.unique(ends)
    community, modularity = _communities(ends, weight[chosen], seed)
    stability = None
    if units is not None and resamples > 0:
        if units.shape != (n_units, n):
            raise ValueError(f"units {units.shape} instead of ({n_units}, {n})")
        stability = _stability(
            units, (first, second), chosen, MEASURES[measure].formula, rule, resamples, level, seed
        )
    frequency = n1 if frequencies is None else np.asarray(frequencies, np.float64)
    places = _places(used, ends, labels, frequency, seed)
    graph: nx.Graph[int] = nx.Graph(ends.tolist())
    between = nx.betweenness_centrality(graph)
    in_tree = _spanning(ends)
    name = [int(i) for i in (range(n) if ids is None else ids)]
    return Network(
        nodes=[
            Node(
                id=name[i],
                label=labels[i],
                pos="" if pos is None else pos[i],
                frequency=int(frequency[i]),
                community=community[i],
                x=round(float(places[k, 0]), 4),
                y=round(float(places[k, 1]), 4),
                degree=graph.degree[i],
                betweenness=between[i],
            )
            for k, i in enumerate(used.tolist())
        ],
        edges=[
            Edge(
                a=name[a],
                b=name[b],
                count=int(count[chosen[k]]),
                weight=float(weight[chosen[k]]),
                in_tree=bool(in_tree[k]),
                **({} if stability is None else stability.of(k)),
            )
            for k, (a, b) in enumerate(ends.tolist())
        ],
        measure=measure,
        units=n_units,
        modularity=modularity,
        resamples=0 if stability is None else resamples,
    )


@dataclass(frozen=True)
class _Rule:
    """Which pairs are drawn."""

    edges: int | None
    threshold: float | None
    tree: bool

    def choose(self, weight: Floats, count: Floats, first: Ints, second: Ints) -> Ints:
        """Indexes of the pairs drawn, the strongest first; the pairs are in a fixed order."""
        possible = (count > 0) & np.isfinite(weight)
        if self.threshold is not None:
            possible &= weight >= self.threshold
        at = np.flatnonzero(possible)
        if self.edges is not None and 0 < self.edges < len(at):
            last = len(at) - self.edges
            at = at[weight[at] >= np.partition(weight[at], last)[last]]
        order = np.lexsort((at, -count[at], -weight[at]))
        chosen = at[order][: self.edges]
        if self.tree:
            chosen = chosen[_spanning(np.stack([first[chosen], second[chosen]], axis=1))]
        return chosen


@dataclass(frozen=True)
class _Stability:
    drawn: Floats
    together: Floats
    low: Floats
    high: Floats

    def of(self, k: int) -> dict[str, float]:
        return {
            "stability": float(self.drawn[k]),
            "together": float(self.together[k]),
            "low": float(self.low[k]),
            "high": float(self.high[k]),
        }


def _stability(
    units: csr_array,
    pairs: tuple[Ints, Ints],
    chosen: Ints,
    formula: Formula,
    rule: _Rule,
    resamples: int,
    level: float,
    seed: int,
) -> _Stability:
    first, second = pairs
    drawn, together = np.zeros(len(chosen)), np.zeros(len(chosen))
    weights = np.empty((resamples, len(chosen)))
    samples = resampled_pairs(units, first, second, resamples, seed)
    for b, sample in enumerate(counted(samples, tr("Resampling", "再標本化中"), resamples)):
        n1, n2 = sample.counts[first], sample.counts[second]
        weight = formula(sample.pairs, n1, n2, sample.units)
        again = rule.choose(weight, sample.pairs, first, second)
        drawn += np.isin(chosen, again)
        weights[b] = weight[chosen]
        if len(again):
            ends = np.stack([first[again], second[again]], axis=1)
            group, _ = _communities(ends, weight[again], seed, starts=1)
            together += [
                a in group and group[a] == group.get(c)
                for a, c in zip(first[chosen].tolist(), second[chosen].tolist(), strict=True)
            ]
    tails = [(1 - level) / 2, (1 + level) / 2]
    # Where the words never meet in a resample, some measures are -inf: no mean with a neighbour.
    low, high = np.quantile(weights, tails, axis=0, method="inverted_cdf")
    return _Stability(drawn / resamples, together / resamples, low, high)


def _communities(
    ends: Ints, weight: Floats, seed: int, starts: int = _LOUVAIN_STARTS
) -> tuple[dict[int, int], float]:
    """Community of every node, the largest community 0; and their modularity."""
    # Modularity wants positive strengths. Measures below zero are moved up, the order kept.
    strength = weight if weight.min() > 0 else weight - weight.min() + np.ptp(weight) / 10 + 1e-9
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(np.unique(ends).tolist())
    graph.add_weighted_edges_from(
        (a, b, w) for (a, b), w in zip(ends.tolist(), strength.tolist(), strict=True)
    )
    best: list[set[int]] = []
    most = -np.inf
    for start in range(starts):
        found = nx.community.louvain_communities(graph, seed=seed + start)
        quality = nx.community.modularity(graph, found)
        if quality > most + 1e-12:
            best, most = found, quality
    best.sort(key=lambda members: (-len(members), min(members)))
    return {node: k for k, members in enumerate(best) for node in members}, float(most)


def _spanning(ends: Ints) -> NDArray[np.bool_]:
    """Which edges, given from the strongest down, are in the maximum spanning tree (Kruskal)."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        while parent.setdefault(i, i) != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    kept = np.zeros(len(ends), np.bool_)
    for k, (a, b) in enumerate(ends.tolist()):
        ra, rb = root(a), root(b)
        kept[k] = ra != rb
        parent[ra] = rb
    return kept


def _places(used: Ints, ends: Ints, labels: Sequence[str], frequency: Floats, seed: int) -> Floats:
    radius = radii(frequency[used])
    names = [labels[i] for i in used.tolist()]
    width = np.array([label_width(name) for name in names])
    below = np.array([label_below(name, r) for name, r in zip(names, radius, strict=True)])
    height = 2 * radius + np.where(below, LABEL_DROP + 0.55, 0.0)
    boxes = np.stack([np.maximum(width, 2 * radius), height], axis=1)
    places = layout(np.searchsorted(used, ends), boxes, seed=seed)
    places[:, 1] += (height - 2 * radius) / 2  # the disc is at the top of its box
    return places


def _fields(item: Node | Edge, *but: str) -> dict[str, int | float | str | bool]:
    values = {name: getattr(item, name) for name in item.__slots__ if name not in but}
    return {name: value for name, value in values.items() if value is not None}
