"""Impacts: values, ranks, removed documents, and when stored ones may be used again."""

import json

import numpy as np
import pytest
from bm25_twin import index, tokens

from bunsan.base.files import open_arrays, save_arrays
from bunsan.words.bm25.formulas import VARIANTS, Bm25Parameters
from bunsan.words.bm25.impacts import RANKS, compute_impacts, impact_key
from bunsan.words.bm25.postings import build_postings
from bunsan.words.bm25.search import Bm25, SegmentIndex
from bunsan.words.bm25.statistics import Statistics


def random_documents(n=300, n_words=6, seed=0):
    rng = np.random.default_rng(seed)
    chance = [0.5, 0.25, 0.2, 0.04, 0.008, 0.002]
    return [rng.choice(n_words, rng.integers(0, 9), p=chance).tolist() for _ in range(n)]


def test_impacts_and_their_best_are_those_of_the_formula():
    documents = random_documents()
    made = index([documents], 6, Bm25Parameters(k1=1.2, b=0.6))
    postings, impacts = made.postings[0], made.impacts[0]
    average = sum(map(len, documents)) / len(documents)
    reached = set()
    for t, word in enumerate(postings["terms"].tolist()):
        a, b = postings["indptr"][t : t + 2]
        expected = []
        for d in postings["docs"][a:b]:
            tf, length = documents[d].count(word), len(documents[d])
            expected.append(tf / (tf + 1.2 * (0.4 + 0.6 * length / average)))
        np.testing.assert_allclose(impacts["impact"][a:b], expected, rtol=1e-6)
        greatest = sorted(impacts["impact"][a:b].tolist(), reverse=True)
        for column, rank in enumerate(RANKS):
            value = greatest[rank - 1] if len(greatest) >= rank else 0.0
            assert impacts["best"][t, column] == value
            reached.add((rank, len(greatest) >= rank))
    assert reached == {(1, True), (10, True), (10, False), (100, True), (100, False)}


def test_removed_documents_are_minus_infinity_and_count_in_no_best():
    documents = [[0, 0, 0, 0], [0], [0, 1]] * 5
    live = np.array([False, True, True] * 5)
    made = index([documents], 2, live=[live])
    postings, impacts = made.postings[0], made.impacts[0]
    gone = ~live[postings["docs"]]
    assert (impacts["impact"][gone] == -np.inf).all()
    assert np.isfinite(impacts["impact"][~gone]).all()
    word_0 = impacts["impact"][: postings["indptr"][1]]
    assert impacts["best"][0].tolist() == [word_0.max(), np.sort(word_0)[-10], 0.0]
    assert impacts["removed"].tolist() == np.flatnonzero(~live).tolist()


def statistics_of(documents, n_words=6):
    statistics = Statistics(n_words)
    statistics.add(build_postings(*tokens(documents), np.ones(n_words, bool)))
    return statistics


def test_key_survives_json_and_changes_with_all_that_impacts_depend_on():
    statistics = statistics_of(random_documents())
    live = np.ones(300, bool)
    one, other = live.copy(), live.copy()
    one[5] = other[6] = False
    k = Bm25Parameters()
    keys = [
        impact_key(statistics, k),
        impact_key(statistics_of([*random_documents(), [0]]), k),
        impact_key(statistics, Bm25Parameters(k1=1.4)),
        impact_key(statistics, Bm25Parameters(b=0.7)),
        impact_key(statistics, Bm25Parameters("bm25l")),
        impact_key(statistics, k, one),
        impact_key(statistics, k, other),
    ]
    texts = [json.dumps(key, sort_keys=True) for key in keys]
    assert len(set(texts)) == len(texts)
    assert [json.loads(text) for text in texts] == keys


def test_key_is_the_same_where_impacts_are():
    statistics = statistics_of(random_documents())
    key = impact_key(statistics, Bm25Parameters())
    assert impact_key(statistics, Bm25Parameters(), np.ones(300, bool)) == key
    for variant in ("robertson", "atire", "bm25+"):
        assert impact_key(statistics, Bm25Parameters(variant)) == key
    flat = Bm25Parameters(b=0.0)
    longer = statistics_of([*random_documents(), [0] * 50])
    assert impact_key(statistics, flat) == impact_key(longer, flat)


@pytest.mark.parametrize("variant", VARIANTS)
def test_mapped_arrays_search_as_those_in_memory(tmp_path, variant):
    halves = [random_documents(seed=1), random_documents(seed=2)]
    live = [np.ones(300, bool), np.arange(300) % 7 != 0]
    made = index(halves, 6, Bm25Parameters(variant), live)
    mapped = []
    for i, (postings, impacts) in enumerate(zip(made.postings, made.impacts, strict=True)):
        save_arrays(tmp_path / f"{i}.postings", postings)
        save_arrays(tmp_path / f"{i}.impacts", impacts)
        stored = open_arrays(tmp_path / f"{i}.postings")
        assert not any(array.flags.writeable for array in stored.values())
        again = compute_impacts(
            stored, made.statistics, made.parameters, None if live[i].all() else live[i]
        )
        for name, array in open_arrays(tmp_path / f"{i}.impacts").items():
            np.testing.assert_array_equal(array, again[name])
        mapped.append(SegmentIndex.of(stored, open_arrays(tmp_path / f"{i}.impacts")))
    ranking = Bm25(mapped, made.statistics, made.parameters)
    for query in ([0], [1, 3], [0, 4, 5, 5], [2, 77, -1]):
        for ours, theirs in zip(
            ranking.search(query, 20), made.ranking.search(query, 20), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_impacts_of_another_segment_are_refused():
    one, two = index([[[0], [1]]], 2), index([[[0, 1], [1]]], 2)
    with pytest.raises(ValueError, match="other postings"):
        SegmentIndex.of(one.postings[0], two.impacts[0])
