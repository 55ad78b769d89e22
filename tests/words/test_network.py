"""Networks against brute force, networkx and plain resampling."""

import itertools
import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.words.network import Network, network

WORDS = ["温泉", "露天風呂", "部屋", "広い", "朝食", "美味しい", "スタッフ", "親切", "駅", "近い"]


def reviews(n: int = 400, seed: int = 0) -> np.ndarray:
    """Units with two topics, 0-4 and 5-9, in which words 0-1 and 5-6 nearly always meet."""
    rng = np.random.default_rng(seed)
    topic = rng.random(n) < 0.5
    dense = rng.random((n, 10)) < np.where(
        topic[:, None], np.repeat([0.35, 0.04], 5), np.repeat([0.04, 0.35], 5)
    )
    dense[:, 1] |= dense[:, 0] & (rng.random(n) < 0.9)
    dense[:, 6] |= dense[:, 5] & (rng.random(n) < 0.9)
    return dense.astype(int)


def draw(dense: np.ndarray, **options: object) -> Network:
    pairs = dense.T @ dense
    labels = WORDS[: dense.shape[1]]
    return network(pairs, np.diag(pairs), len(dense), labels, **options)  # type: ignore[arg-type]


units = st.lists(st.sets(st.integers(0, 6)), min_size=3, max_size=40)


@settings(deadline=None, max_examples=40)
@given(units, st.integers(1, 12), st.sampled_from(["jaccard", "dice"]))
def test_edges_are_the_strongest_pairs(sets: list[set[int]], edges: int, measure: str) -> None:
    dense = np.array([[i in s for i in range(7)] for s in sets], int)
    strength = {}
    for a, b in itertools.combinations(range(7), 2):
        both = sum(a in s and b in s for s in sets)
        ones = sum(a in s for s in sets) + sum(b in s for s in sets)
        if both:
            value = both / (ones - both) if measure == "jaccard" else 2 * both / ones
            strength[a, b] = (-value, -both, a, b)
    if not strength:
        with pytest.raises(BadInput, match="No two words"):
            draw(dense, edges=edges, measure=measure)
        return
    net = draw(dense, edges=edges, measure=measure)
    expected = sorted(strength, key=lambda pair: strength[pair])[:edges]
    assert [(e.a, e.b) for e in net.edges] == expected
    for edge in net.edges:
        assert edge.weight == pytest.approx(-strength[edge.a, edge.b][0])
        assert edge.count == -strength[edge.a, edge.b][1]
    assert {n.id for n in net.nodes} == {i for pair in expected for i in pair}


def test_threshold_ids_and_names() -> None:
    dense = reviews()
    net = draw(
        dense,
        edges=None,
        threshold=0.3,
        ids=range(100, 110),
        pos=["NOUN"] * 10,
        frequencies=range(1000, 1010),
    )
    pairs = dense.T @ dense
    expected = {
        (100 + a, 100 + b)
        for a, b in itertools.combinations(range(10), 2)
        if pairs[a, b] / (pairs[a, a] + pairs[b, b] - pairs[a, b]) >= 0.3
    }
    assert 2 <= len(expected) < 30
    assert {(e.a, e.b) for e in net.edges} == expected
    assert all(n.label == WORDS[n.id - 100] and n.frequency == n.id + 900 for n in net.nodes)
    assert {n.pos for n in net.nodes} == {"NOUN"}


def test_tree_is_networkxs() -> None:
    dense = reviews()
    whole = draw(dense, edges=25)
    graph = whole.to_networkx()
    expected = nx.maximum_spanning_tree(graph, weight="weight")
    tree = draw(dense, edges=25, tree=True)
    same = {frozenset(e) for e in expected.edges}
    assert {frozenset((e.a, e.b)) for e in tree.edges} == same
    assert {frozenset((e.a, e.b)) for e in whole.edges if e.in_tree} == same
    assert all(e.in_tree for e in tree.edges)
    assert {n.id for n in tree.nodes} == {n.id for n in whole.nodes}


def test_communities_are_the_topics_and_centralities_networkxs() -> None:
    net = draw(reviews(), edges=20)
    topics = {n.id: n.id // 5 for n in net.nodes}
    community = {n.id: n.community for n in net.nodes}
    for a, b in itertools.combinations(topics, 2):
        assert (topics[a] == topics[b]) == (community[a] == community[b])
    sizes = [sum(c == k for c in community.values()) for k in range(max(community.values()) + 1)]
    assert sizes == sorted(sizes, reverse=True)
    graph = net.to_networkx()
    between = nx.betweenness_centrality(graph)
    for node in net.nodes:
        assert node.degree == graph.degree[node.id]
        assert node.betweenness == pytest.approx(between[node.id])
    groups = [{i for i, c in community.items() if c == k} for k in set(community.values())]
    assert net.modularity == pytest.approx(nx.community.modularity(graph, groups))


def test_stability_is_what_plain_resampling_finds() -> None:
    dense = reviews(150)
    net = draw(dense, edges=9, units=csr_array(dense), resamples=400, seed=2)
    rng = np.random.default_rng(7)
    wanted = {(e.a, e.b): 0 for e in net.edges}
    values: dict[tuple[int, int], list[float]] = {pair: [] for pair in wanted}
    first, second = np.triu_indices(10, 1)
    for _ in range(400):
        again = dense[rng.integers(0, 150, 150)]
        pairs = again.T @ again
        count, one = pairs[first, second], np.diag(pairs)
        jaccard = count / np.maximum(one[first] + one[second] - count, 1)
        top = np.lexsort((-count, -jaccard))[:9]
        for k in top:
            if (first[k], second[k]) in wanted:
                wanted[int(first[k]), int(second[k])] += 1
        for pair, list_ in values.items():
            k = int(np.flatnonzero((first == pair[0]) & (second == pair[1]))[0])
            list_.append(jaccard[k])
    spread = [e.stability for e in net.edges]
    assert max(s for s in spread if s is not None) == 1.0
    assert min(s for s in spread if s is not None) < 0.8  # the test sees more than the sure ones
    for e in net.edges:
        assert e.stability == pytest.approx(wanted[e.a, e.b] / 400, abs=0.12)
        low, high = np.quantile(values[e.a, e.b], [0.025, 0.975])
        assert e.low == pytest.approx(low, abs=0.03)
        assert e.high == pytest.approx(high, abs=0.03)
        assert e.low <= e.weight <= e.high  # type: ignore[operator]


def test_an_edge_is_stable_from_seven_resamples_in_ten() -> None:
    edge = draw(reviews(), edges=1).edges[0]
    assert edge.stable  # nothing speaks against it
    assert replace(edge, stability=0.7).stable
    assert not replace(edge, stability=0.695).stable


def test_pairs_of_chance_are_unstable() -> None:
    dense = (np.random.default_rng(1).random((300, 10)) < 0.15).astype(int)
    net = draw(dense, edges=10, units=csr_array(dense))
    assert np.mean([e.stability for e in net.edges if e.stability is not None]) < 0.75


def test_words_of_one_topic_stay_together() -> None:
    dense = reviews(600)
    net = draw(dense, edges=20, units=csr_array(dense), resamples=60)
    assert all(e.together is not None and e.together > 0.85 for e in net.edges)
    lone = draw(dense, edges=20)
    assert all(e.stability is e.together is e.low is e.high is None for e in lone.edges)
    assert (net.resamples, lone.resamples) == (60, 0)


def test_the_same_seed_gives_the_same_network() -> None:
    dense = reviews()
    first = draw(dense, edges=15, units=csr_array(dense), resamples=20, seed=1)
    assert first == draw(dense, edges=15, units=csr_array(dense), resamples=20, seed=1)
    other = draw(dense, edges=15, units=csr_array(dense), resamples=20, seed=2)
    assert [(e.a, e.b) for e in first.edges] == [(e.a, e.b) for e in other.edges]
    assert [e.stability for e in first.edges] != [e.stability for e in other.edges]


@pytest.mark.parametrize("measure", ["pmi", "npmi", "t", "loglikelihood", "odds"])
def test_measures_below_zero_and_without_bounds(measure: str) -> None:
    dense = reviews(60)
    net = draw(dense, edges=40, measure=measure, units=csr_array(dense), resamples=10)
    weights = [e.weight for e in net.edges]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] < 0  # forty of forty-five pairs: some avoid each other
    assert all(e.low is not None and not math.isnan(e.low) for e in net.edges)


def test_labels_do_not_overlap() -> None:
    net = draw(reviews(), edges=20)
    for a, b in itertools.combinations(net.nodes, 2):
        assert abs(a.x - b.x) >= (len(a.label) + len(b.label)) / 2 or abs(a.y - b.y) >= 1.1


def test_what_is_wrong_is_named() -> None:
    dense = reviews()
    with pytest.raises(BadInput, match=r"no measure 'jacard'.*jaccard, dice"):
        draw(dense, measure="jacard")
    with pytest.raises(BadInput, match="No two words"):
        draw(dense, threshold=1.5)
    with pytest.raises(BadInput, match="No two words"):
        draw(np.eye(5, dtype=int))
    with pytest.raises(ValueError, match="units"):
        draw(dense, units=csr_array(dense[:5]))
    with pytest.raises(ValueError, match="labels"):
        network(dense.T @ dense, np.ones(10), 5, ["a"])
