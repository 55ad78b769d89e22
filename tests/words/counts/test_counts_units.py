"""Incidences, pairs within units, units with a word and group counts against sets and dictionaries."""

from collections import Counter

import numpy as np
import pytest
from counting_twin import IDS, Tokens, V, compiled, masked, tokens, words
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from bunsan.words.units import group_counts, pair_counts, unit_incidence, units_of, with_word

chosen = st.lists(words, unique=True)


def flat(document):
    return [w for sentence in document for w in sentence]


@compiled
@given(tokens, chosen, st.data())
def test_incidence_has_the_words_of_each_unit(part, ids, data):
    keep = data.draw(
        st.none()
        | st.lists(st.booleans(), min_size=len(part.sentences), max_size=len(part.sentences))
    )
    mask = None if keep is None else np.array(keep, np.bool_)
    columns = np.array(ids, np.int32)
    found = unit_incidence(part.word, part.sentence, columns, mask)
    counted = unit_incidence(part.word, part.sentence, columns, mask, counts=True)
    for u, sentence in enumerate(part.sentences):
        here = sentence if keep is None or keep[u] else []
        assert found.toarray()[u].tolist() == [int(w in here) for w in ids]
        assert counted.toarray()[u].tolist() == [here.count(w) for w in ids]
    assert found.dtype == np.uint8
    assert found.shape == counted.shape == (len(part.sentences), len(ids))
    rows = np.split(counted.indices, counted.indptr[1:-1])
    assert all(np.all(np.diff(row) > 0) for row in rows)


@compiled
@given(tokens, chosen)
def test_pairs_of_an_incidence_are_its_product_with_itself(part, ids):
    incidence = unit_incidence(part.word, part.document, np.array(ids, np.int32), counts=True)
    dense = (incidence.toarray() > 0).astype(np.int64)
    pairs = pair_counts(incidence)
    assert pairs.dtype == np.int64
    assert np.array_equal(pairs.toarray(), dense.T @ dense)
    rows = np.split(pairs.indices, pairs.indptr[1:-1])
    assert all(np.all(np.diff(row) > 0) for row in rows)


def test_pairs_of_many_units_do_not_overflow_and_find_room():
    rng = np.random.default_rng(2)
    dense = rng.random((70_000, 5)) < 0.9
    pairs = pair_counts(csr_array(dense.astype(np.uint8)))
    assert np.array_equal(pairs.toarray(), dense.astype(np.int64).T @ dense)
    # Two units with every word: far more pairs than cells.
    assert np.all(pair_counts(csr_array(np.ones((2, 300), np.uint8))).toarray() == 2)


def test_columns_of_an_incidence_may_come_unsorted():
    matrix = csr_array((np.ones(3, np.uint8), np.array([2, 0, 1]), np.array([0, 3])), shape=(1, 3))
    assert np.all(pair_counts(matrix).toarray() == 1)
    assert matrix.indices.tolist() == [2, 0, 1]


@compiled
@given(masked(), chosen, st.data())
def test_units_with_a_word(drawn, targets, data):
    part, countable = drawn
    size = len(part.documents)
    keep = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    found = with_word(
        part.word, part.document, np.array(targets, np.int32), countable, np.array(keep, np.bool_)
    )
    units, joint, n_units, n_target = Counter(), Counter(), 0, 0
    for document, kept in zip(part.documents, keep, strict=True):
        here = set(flat(document))
        if not kept or not here:
            continue
        n_units += 1
        units.update(w for w in here if countable[w])
        if here & set(targets):
            n_target += 1
            joint.update(w for w in here if countable[w])
    assert (found.n_units, found.n_target) == (n_units, n_target)
    assert {int(w): int(found.units[w]) for w in np.flatnonzero(found.units)} == dict(units)
    assert {int(w): int(found.joint[w]) for w in np.flatnonzero(found.joint)} == dict(joint)


@compiled
@given(st.lists(tokens, min_size=1, max_size=3), chosen)
def test_units_with_a_word_add_up_over_segments(parts, targets):
    together = Tokens([d for part in parts for d in part.documents])
    every = np.ones(V, np.bool_)
    ids = np.array(targets, np.int32)
    first, *rest = [with_word(p.word, p.sentence, ids, every) for p in parts]
    for other in rest:
        first = first + other
    whole = with_word(together.word, together.sentence, ids, every)
    assert (first.n_units, first.n_target) == (whole.n_units, whole.n_target)
    assert np.array_equal(first.units, whole.units)
    assert np.array_equal(first.joint, whole.joint)


@compiled
@given(tokens, st.data())
def test_units_lie_in_their_documents(part, data):
    size = len(part.documents)
    chosen_ones = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    mask = units_of(np.array(chosen_ones, np.bool_), part.document, part.sentence)
    assert mask is not None
    assert mask.tolist() == part.sentences_of(chosen_ones).tolist()
    assert units_of(None, part.document, part.sentence) is None


@compiled
@given(tokens, chosen, st.data())
def test_group_counts(part, ids, data):
    size = len(part.documents)
    group = data.draw(st.lists(st.integers(-1, 3), min_size=size, max_size=size))
    counts = group_counts(
        part.word, part.document, np.array(group, np.int32), 4, np.array(ids, np.int32)
    )
    of_tokens, of_documents = (np.zeros((4, len(ids)), int) for _ in range(2))
    for document, g in zip(part.documents, group, strict=True):
        for k, w in enumerate(ids):
            if g >= 0:
                of_tokens[g, k] += flat(document).count(w)
                of_documents[g, k] += w in flat(document)
    assert np.array_equal(counts[0].toarray(), of_tokens)
    assert np.array_equal(counts[1].toarray(), of_documents)
    assert counts[0].has_sorted_indices


def test_a_group_that_does_not_exist_is_refused():
    part = Tokens([[[1]]])
    with pytest.raises(ValueError, match="group 2 of 2"):
        group_counts(part.word, part.document, np.array([2], np.int32), 2, np.array([1], np.int32))


def test_ids_beyond_the_chosen_ones_are_ignored():
    part = Tokens([[[IDS[-1], 1, 2]]])
    assert unit_incidence(part.word, part.sentence, np.array([1], np.int32)).toarray() == [[1]]
    none = unit_incidence(part.word, part.sentence, np.empty(0, np.int32))
    assert none.shape == (1, 0)
