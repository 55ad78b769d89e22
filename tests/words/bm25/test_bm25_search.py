"""Search against the textbook in float64, and against bm25s."""

import threading

import bm25s
import numpy as np
import pytest
from bm25_twin import check_search, index
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.words.bm25.formulas import VARIANTS, Bm25Parameters
from bunsan.words.bm25.search import Bm25
from bunsan.words.bm25.statistics import Statistics

N_WORDS = 8


@st.composite
def collections(draw):
    """Segments of documents (some empty), and which documents are left."""
    document = st.lists(st.integers(0, N_WORDS - 2), max_size=10)  # word 7 never occurs
    segments = draw(st.lists(st.lists(document, max_size=15), max_size=4))
    return segments, draw(masks(segments, st.booleans() | st.just(True)))


def masks(segments, element):
    return st.tuples(
        *(st.lists(element, min_size=len(s), max_size=len(s)).map(as_mask) for s in segments)
    )


def as_mask(values):
    return np.array(values, bool)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_search_is_the_top_of_the_textbook_scores(data):
    segments, live = data.draw(collections())
    parameters = Bm25Parameters(
        data.draw(st.sampled_from(VARIANTS)),
        k1=data.draw(st.sampled_from([0.0, 0.9, 1.5, 10.0])),
        b=data.draw(st.sampled_from([0.0, 0.4, 0.75, 1.0])),
        delta=data.draw(st.sampled_from([None, 0.25, 2.0])),
    )
    made = index(segments, N_WORDS, parameters, live)
    # Ids that occur, that occur nowhere, and that the collection does not know; repeated ones.
    query = data.draw(st.lists(st.integers(-1, N_WORDS + 2), max_size=8))
    weight = st.just(0.0) | st.floats(0.01, 100)
    weights = data.draw(st.none() | st.lists(weight, min_size=len(query), max_size=len(query)))
    allowed = data.draw(st.none() | masks(segments, st.booleans()))
    check_search(made, query, data.draw(st.integers(1, 20)), weights, allowed)


@pytest.mark.parametrize("variant", VARIANTS)
def test_scores_equal_those_of_bm25s(variant):
    rng = np.random.default_rng(3)
    chance = 1 / np.arange(1, 201)
    documents = [
        rng.choice(200, rng.integers(1, 60), p=chance / chance.sum()).tolist() for _ in range(700)
    ]
    peer = bm25s.BM25(method=variant, k1=1.2, b=0.6, delta=0.7)
    peer.index([[str(w) for w in d] for d in documents], show_progress=False)
    cut = [documents[:300], documents[300:301], documents[301:]]
    made = index(cut, 200, Bm25Parameters(variant, 1.2, 0.6, 0.7))
    known = sorted({w for d in documents for w in d})
    for size in (1, 2, 5, 40):
        query = rng.choice(known, size).tolist()
        theirs = peer.get_scores([str(w) for w in query])
        dense = np.concatenate(made.ranking.scores(query))
        np.testing.assert_allclose(dense, theirs, rtol=1e-5, atol=1e-5)
        _, _, score = made.ranking.search(query, 10)
        # Every one of the ten best has a word of the query, so the peer has the same ten scores.
        np.testing.assert_allclose(score, np.sort(theirs)[::-1][:10], rtol=1e-5, atol=1e-5)


def test_by_hand():
    # 3 documents, 6 words, average length 2. Word 0: df 2; word 2: df 1.
    made = index([[[0, 1]], [[2, 0, 0], [1]]], 3, Bm25Parameters("lucene", k1=1.0, b=0.5))
    idf_0, idf_2 = np.log(1 + 1.5 / 2.5), np.log(1 + 2.5 / 1.5)
    segment, document, score = made.ranking.search([0, 2])
    assert segment.tolist() == [1, 0]
    assert document.tolist() == [0, 0]
    norm = 0.5 + 0.5 * 3 / 2
    expected = [idf_0 * 2 / (2 + norm) + idf_2 * 1 / (1 + norm), idf_0 * 1 / 2]
    np.testing.assert_allclose(score, expected, rtol=1e-6)


def test_a_word_of_no_weight_still_finds_its_documents_last():
    """Robertson's idf is zero for a word of most documents; who searches it alone wants them."""
    segments = [[[0], [1], [0, 1]], [[0], [0, 2], []]]
    made = index(segments, 3, Bm25Parameters("robertson"))
    segment, document, score = made.ranking.search([0, 2], k=4)
    assert list(zip(segment.tolist(), document.tolist(), strict=True)) == [
        (1, 1),
        (0, 0),
        (0, 2),
        (1, 0),
    ]
    assert score[0] > 0
    assert score[1:].tolist() == [0, 0, 0]
    allowed = [np.array([False, True, True]), np.array([True, False, True])]
    segment, document, _ = made.ranking.search([0, 2], k=4, allowed=allowed)
    assert list(zip(segment.tolist(), document.tolist(), strict=True)) == [(0, 2), (1, 0)]


def test_equal_scores_come_in_the_order_of_segments_and_documents():
    made = index([[[0, 1]] * 7, [[1, 0]] * 7], 3)
    segment, document, score = made.ranking.search([1, 0], k=10)
    assert segment.tolist() == [0] * 7 + [1] * 3
    assert document.tolist() == [*range(7), 0, 1, 2]
    assert len(set(score.tolist())) == 1


def test_repetition_is_weight():
    made = index([[[0, 1], [0], [1, 1, 2], [2]]], 3)
    by_repetition = made.ranking.search([2, 0, 2, 2])
    by_weight = made.ranking.search([0, 2], weights=[1.0, 3.0])
    for ours, theirs in zip(by_repetition, by_weight, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_nothing_to_find():
    made = index([[[0]], [], [[]]], 3)
    for query in ([], [2], [-1, 99]):
        assert [array.size for array in made.ranking.search(query)] == [0, 0, 0]
    empty = Bm25([], Statistics(3))
    assert [array.size for array in empty.search([0, 1])] == [0, 0, 0]
    assert empty.scores([0]) == []


def random_collection(seed=5, n_segments=3, n_documents=400, n_words=300):
    rng = np.random.default_rng(seed)
    chance = 1 / np.arange(1, n_words + 1)
    chance /= chance.sum()
    segments = [
        [rng.choice(n_words, rng.integers(0, 30), p=chance).tolist() for _ in range(n_documents)]
        for _ in range(n_segments)
    ]
    queries = [rng.choice(n_words + 5, rng.integers(0, 12)).tolist() for _ in range(60)]
    return index(segments, n_words), queries


@pytest.mark.parametrize("threads", [1, 2, 7, 100])
@pytest.mark.parametrize("k", [1, 10, 5000])
def test_many_queries_find_what_each_alone_finds(threads, k):
    made, queries = random_collection()
    segment, document, score = made.ranking.search_many(queries, k, threads=threads)
    assert segment.shape == document.shape == score.shape == (60, min(k, 1200))
    for q, query in enumerate(queries):
        alone = made.ranking.search(query, k)
        n = alone[0].size
        assert alone[0].tolist() == segment[q, :n].tolist()
        assert alone[1].tolist() == document[q, :n].tolist()
        assert alone[2].tolist() == score[q, :n].tolist()
        assert (segment[q, n:] == -1).all()
        assert (document[q, n:] == -1).all()
        assert not score[q, n:].any()


def test_many_queries_with_weights_and_mask():
    made, queries = random_collection()
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.1, 3, len(query)) for query in queries]
    allowed = [rng.random(400) < 0.5 for _ in range(3)]
    rows = made.ranking.search_many(queries, 5, weights, allowed, threads=3)
    for q, query in enumerate(queries):
        alone = made.ranking.search(query, 5, weights[q], allowed)
        for row, one in zip(rows, alone, strict=True):
            assert row[q, : one.size].tolist() == one.tolist()
    assert made.ranking.search_many([])[0].shape[0] == 0


def test_a_query_of_hundreds_of_words():
    made, _ = random_collection(n_segments=2, n_documents=60)
    rng = np.random.default_rng(8)
    query = [*range(-1, 305), *rng.integers(0, 300, 500).tolist()]
    for k in (1, 10, 150):
        check_search(made, query, k, rng.uniform(0.001, 50, len(query)).tolist())


def test_threads_share_an_index():
    """Each thread has working memory of its own: interleaved searches do not disturb each other."""
    made, queries = random_collection()
    expected = [made.ranking.search(query)[2].tolist() for query in queries]
    wrong = []

    def work():
        for _ in range(20):
            found = [made.ranking.search(query)[2].tolist() for query in queries]
            wrong.extend(f for f, e in zip(found, expected, strict=True) if f != e)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_cannot_be_searched_is_refused():
    made = index([[[0], [1]]], 2)
    search = made.ranking.search
    with pytest.raises(ValueError, match="k is 0"):
        search([0], k=0)
    for weights in ([1.0, 1.0], [-1.0], [float("nan")], [1e-9], [1e9]):
        with pytest.raises(ValueError, match="weights must"):
            search([0], weights=weights)
    with pytest.raises(ValueError, match="weights must"):
        made.ranking.search_many([[0], [1]], weights=[[1.0, 1.0], []])
    for allowed in ([], [np.ones(3, bool)]):
        with pytest.raises(ValueError, match="one mask for each segment"):
            search([0], allowed=allowed)
    with pytest.raises(ValueError, match="sequence of word ids"):
        search([[0], [1]])
