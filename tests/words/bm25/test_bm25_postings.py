"""Inverting a segment, and the sums over segments, against dictionaries."""

from collections import Counter

import numpy as np
import pytest
from bm25_twin import tokens
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.words.bm25.postings import BITMAP_SHARE, build_postings
from bunsan.words.bm25.statistics import Statistics

N_WORDS = 9
DOCUMENTS = st.lists(st.lists(st.integers(0, N_WORDS - 1), max_size=12), max_size=20)
MASK = st.lists(st.booleans(), min_size=N_WORDS, max_size=N_WORDS)


def inverted(documents, searchable):
    """word -> {document: tf}, of searchable words."""
    found = {}
    for d, document in enumerate(documents):
        for word, tf in Counter(document).items():
            if searchable[word]:
                found.setdefault(word, {})[d] = tf
    return found


@settings(deadline=None)
@given(documents=DOCUMENTS, mask=MASK)
def test_postings_equal_a_dictionary(documents, mask):
    made = build_postings(*tokens(documents), np.array(mask))
    expected = inverted(documents, mask)
    assert made["terms"].tolist() == sorted(expected)
    for t, word in enumerate(made["terms"].tolist()):
        a, b = made["indptr"][t : t + 2]
        pairs = list(zip(made["docs"][a:b].tolist(), made["tf"][a:b].tolist(), strict=True))
        assert pairs == sorted(expected[word].items())
    lengths = [sum(mask[word] for word in document) for document in documents]
    assert made["length"].tolist() == lengths


@pytest.mark.parametrize(
    ("times", "dtype"), [(255, np.uint8), (256, np.uint16), (65535, np.uint16), (65536, np.uint32)]
)
def test_tf_has_the_smallest_type_that_holds_it(times, dtype):
    made = build_postings(*tokens([[0], [0] * times, [1]]), np.ones(2, bool))
    assert made["tf"].dtype == dtype
    assert made["tf"].tolist() == [1, times, 1]


@pytest.mark.parametrize("n_documents", [1, 63, 64, 65, 1000])
def test_bitmaps_and_ranks_equal_the_postings(n_documents):
    rng = np.random.default_rng(n_documents)
    chance = np.array([1.0, 0.5, 1.5 / BITMAP_SHARE, 0.5 / BITMAP_SHARE, 0.002])
    has = rng.random((n_documents, chance.size)) < chance
    documents = [np.flatnonzero(row).tolist() for row in has]
    made = build_postings(*tokens(documents), np.ones(chance.size, bool))
    for t, word in enumerate(made["terms"]):
        row = made["bitmap_row"][t]
        df = int(has[:, word].sum())
        assert (row >= 0) == (df * BITMAP_SHARE > n_documents)
        if row < 0:
            continue
        bits = np.unpackbits(made["bitmap"][row].view(np.uint8), bitorder="little")
        assert bits[:n_documents].tolist() == has[:, word].tolist()
        assert not bits[n_documents:].any()
        before = [int(has[: 64 * i, word].sum()) for i in range((n_documents + 63) // 64)]
        assert made["bitmap_rank"][row].tolist() == before
    if n_documents == 1000:
        assert (made["bitmap_row"] < 0).any()
        assert (made["bitmap_row"] >= 0).any()


@settings(deadline=None)
@given(
    segments=st.lists(DOCUMENTS.filter(bool), max_size=3),
    mask=MASK,
    data=st.data(),
)
def test_statistics_without_the_removed_are_those_of_what_is_left(segments, mask, data):
    statistics = Statistics(N_WORDS)
    left = []
    for documents in segments:
        n = len(documents)
        live = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        word, document = tokens(documents)
        postings = build_postings(word, document, np.array(mask))
        statistics.add(postings)
        statistics.subtract_removed(postings, word, document, live)
        left += [document for document, keep in zip(documents, live, strict=True) if keep]
    searchable = [[word for word in document if mask[word]] for document in left]
    assert statistics.documents == len(left)
    assert statistics.tokens == sum(map(len, searchable))
    counts = Counter(word for document in searchable for word in set(document))
    assert statistics.document_frequency.tolist() == [counts[w] for w in range(N_WORDS)]
    if statistics.tokens:
        assert statistics.average_length == statistics.tokens / len(left)
