"""Pruning never loses a hit, whichever way the lists are read; each way is seen to be taken."""

from collections import Counter

import numpy as np
import pytest
from bm25_twin import check_top

from bunsan.words.bm25 import kernels
from bunsan.words.bm25.formulas import VARIANTS, Bm25Parameters
from bunsan.words.bm25.impacts import compute_impacts
from bunsan.words.bm25.postings import build_postings
from bunsan.words.bm25.search import Bm25, SegmentIndex
from bunsan.words.bm25.statistics import Statistics

N_WORDS = 60
WAYS = (
    "_take_first",
    "_accumulate",
    "_keep_within_reach",
    "_look_up_bitmap",
    "_look_up_bisecting",
    "_look_up_scanning",
)


@pytest.fixture
def taken(monkeypatch):
    """Counts how often each part of the search ran, while the real parts run."""
    counts = Counter()

    def counted(name):
        part = getattr(kernels, name)

        def run(*arguments):
            counts[name] += 1
            return part(*arguments)

        return run

    for name in WAYS:
        monkeypatch.setattr(kernels, name, counted(name))
    # The two that call them run as plain Python here: compiled code would not see the counters.
    for name in ("_search_one", "search_segment"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    return counts


class Collection:
    """Segments in which words range from one document in two to one in two thousand."""

    def __init__(self, parameters=None, removed=0.0, sizes=(3000, 70, 4000), tied=False):
        parameters = Bm25Parameters() if parameters is None else parameters
        rng = np.random.default_rng(11)
        chance = np.geomspace(0.5, 0.0005, N_WORDS)  # on the whole
        self.has, self.live, postings, forward = [], [], [], []
        self.statistics = Statistics(N_WORDS)
        for n in sizes:
            # Words keep company: most occurrences are in one document of 25, so that lists meet.
            rich = rng.random((n, 1)) < 0.04
            has = rng.random((n, N_WORDS)) < chance * np.where(rich, 20, 0.2)
            tf = has * (1 if tied else rng.geometric(0.5, has.shape))
            if tied:  # as many documents as can be have the same length, hence the same scores
                tf[:, 0] = np.maximum(0, 12 - tf[:, 1:].sum(axis=1))
            word = np.concatenate([np.repeat(np.arange(N_WORDS), row) for row in tf])
            document = np.cumsum([0, *tf.sum(axis=1)])
            forward.append((word.astype(np.int32), document.astype(np.int64)))
            postings.append(build_postings(*forward[-1], np.ones(N_WORDS, bool)))
            live = rng.random(n) >= removed
            self.statistics.add(postings[-1])
            self.statistics.subtract_removed(postings[-1], *forward[-1], live)
            self.has.append(tf > 0)
            self.live.append(live)
        indices = [
            SegmentIndex.of(p, compute_impacts(p, self.statistics, parameters, live))
            for p, live in zip(postings, self.live, strict=True)
        ]
        self.ranking = Bm25(indices, self.statistics, parameters)

    def check(self, query, k, weights=None, allowed=None):
        ranked = [
            has[:, [w for w in query if 0 <= w < N_WORDS]].any(axis=1) & live
            for has, live in zip(self.has, self.live, strict=True)
        ]
        if allowed is not None:
            ranked = [a & b for a, b in zip(ranked, allowed, strict=True)]
        dense = np.concatenate(self.ranking.scores(query, weights))
        check_top(self.ranking, dense, np.concatenate(ranked), query, k, weights, allowed)


QUERIES = (
    [0],  # one frequent word
    [58],  # one rare word
    [0, 1, 2, 3],  # frequent ones: bitmaps
    [0, 58],  # a rare word, then a bitmap
    [34, 58],  # a rare word, then a list far longer than it: bisection
    [50, 52, 54],  # lists of like length: scanning
    [0, 10, 25, 40, 50, 59],
    [5, 15, 35, 55, 35, 35],
    list(range(N_WORDS)),
)


@pytest.mark.parametrize("k", [1, 10])
def test_every_way_is_taken_and_all_are_exact(taken, k):
    collection = Collection(sizes=(9000, 70, 4000))
    for query in QUERIES:
        collection.check(query, k)
    collection.check([31, 50], k, weights=[0.1, 1.0])  # over 100 documents, and over 10: bisection
    assert set(taken) == set(WAYS)


@pytest.mark.parametrize(
    ("query", "weights", "way"),
    [
        ([0, 58], [0.3, 1.0], "_look_up_bitmap"),
        ([34, 58], [0.3, 1.0], "_look_up_bisecting"),
        ([50, 52], [0.8, 1.0], "_look_up_scanning"),
    ],
)
def test_one_way_at_a_time(taken, query, weights, way):
    collection = Collection(sizes=(5000,))
    collection.check(query, 1, weights)
    assert taken["_take_first"] == 1
    assert taken[way] == 1
    others = {name for name in taken if name.startswith("_look_up")} - {way}
    assert others == set()


@pytest.mark.parametrize("k", [1, 2, 10, 11, 100, 101, 3000])
@pytest.mark.parametrize("variant", VARIANTS)
def test_exact_for_any_k_with_removed_and_disallowed_documents(variant, k):
    collection = Collection(Bm25Parameters(variant), removed=0.2)
    rng = np.random.default_rng(k)
    allowed = [rng.random(live.size) < 0.3 for live in collection.live]
    for query in QUERIES:
        collection.check(query, k)
        collection.check(query, k, rng.uniform(0.01, 10, len(query)).tolist())
        collection.check(query, k, allowed=allowed)


@pytest.mark.parametrize("variant", VARIANTS)
def test_exact_where_thousands_of_documents_tie(variant):
    collection = Collection(Bm25Parameters(variant, delta=500.0), tied=True)
    for query in QUERIES:
        for k in (1, 10, 50):
            collection.check(query, k)
            collection.check(query, k, np.resize(10.0 ** np.arange(-6, 6), len(query)).tolist())


def test_random_queries_are_exact():
    collection = Collection(removed=0.01)
    rng = np.random.default_rng(2)
    for _ in range(300):
        query = rng.integers(-1, N_WORDS + 1, rng.integers(1, 12)).tolist()
        collection.check(query, int(rng.integers(1, 40)))


def test_working_memory_is_left_clean():
    """A query leaves nothing behind that the next one could count."""
    collection = Collection(sizes=(500, 20))
    everything = list(range(N_WORDS))
    blocked = [np.zeros(live.size, bool) for live in collection.live]
    first = collection.ranking.search([3, 30, 50])
    collection.ranking.search(everything, 500)
    assert collection.ranking.search(everything, 10, allowed=blocked)[0].size == 0
    for ours, theirs in zip(collection.ranking.search([3, 30, 50]), first, strict=True):
        np.testing.assert_array_equal(ours, theirs)
