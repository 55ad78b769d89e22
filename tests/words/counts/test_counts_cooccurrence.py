"""Window counts against a dictionary filled by two nested loops."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from counting_twin import IDS, Tokens, V, compiled, masked, tokens
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.base.files import open_arrays, save_arrays
from bunsan.words.cooccurrence import PairCounts, add_counts, count_window

EVERY = np.ones(V, np.bool_)
ALL_IDS = np.array(IDS, np.int32)
windows = st.integers(1, 15)


def slow_pairs(lists, countable, window, weighting="flat"):
    """(greater id, smaller id) -> weight, one addition per pair of tokens."""
    counts = Counter()
    for sentence in lists:
        kept = [w for w in sentence if countable[w]]
        for p, a in enumerate(kept):
            for d, b in enumerate(kept[p + 1 : p + 1 + window], 1):
                counts[max(a, b), min(a, b)] += 1 if weighting == "flat" else Fraction(1, d)
    return counts


def as_dictionary(counts: PairCounts):
    assert np.all(np.diff(counts.rows) > 0)
    pairs = {}
    for i, row in enumerate(counts.rows.tolist()):
        cells = slice(counts.indptr[i], counts.indptr[i + 1])
        columns = counts.cols[cells].tolist()
        assert columns == sorted(set(columns))
        pairs |= {(row, c): x for c, x in zip(columns, counts.counts[cells].tolist(), strict=True)}
    return pairs


def slow_matrix(pairs, selection):
    """Dense symmetric matrix: every pair of tokens counts in both directions."""
    place = {int(w): k for k, w in enumerate(selection)}
    matrix = np.zeros((len(selection), len(selection)))
    for (a, b), x in pairs.items():
        if a in place and b in place:
            matrix[place[a], place[b]] += float(x)
            matrix[place[b], place[a]] += float(x)
    return matrix


def count(part: Tokens, countable=EVERY, window=2, weighting="flat", skip=None):
    return count_window(part.word, part.sentence, countable, window, weighting, skip)


@compiled
@given(masked(), windows)
def test_flat_counts_are_those_of_the_slow_twin(drawn, window):
    part, countable = drawn
    counts = count(part, countable, window)
    assert as_dictionary(counts) == slow_pairs(part.sentences, countable, window)
    assert counts.rows.tolist() == sorted({w for w in part.word.tolist() if countable[w]})


@compiled
@given(masked(), windows)
def test_harmonic_counts_weigh_a_pair_by_the_inverse_of_its_distance(drawn, window):
    part, countable = drawn
    found = as_dictionary(count(part, countable, window, "harmonic"))
    slow = slow_pairs(part.sentences, countable, window, "harmonic")
    assert found.keys() == slow.keys()
    assert all(found[pair] == pytest.approx(float(slow[pair]), rel=1e-6) for pair in slow)


def test_a_hand_counted_sentence():
    # a b a c with a window of 2: a-b twice, a-a once at distance 2, a-c once, b-c once at distance 2
    part = Tokens([[[5, 7, 5, 9]]])
    counts = count(part)
    assert as_dictionary(counts) == {(5, 5): 1, (7, 5): 2, (9, 5): 1, (9, 7): 1}
    assert counts.counts.dtype == np.uint8
    matrix = add_counts([(counts, 1)], np.array([5, 7, 9], np.int32))
    assert matrix.toarray().tolist() == [[2, 2, 1], [2, 0, 1], [1, 1, 0]]
    # Row sums are the context words seen around each word: a sees b a | b c a, ...
    assert matrix.sum(axis=1).tolist() == [5, 3, 2]
    harmonic = add_counts([(count(part, weighting="harmonic"), 1)], np.array([5, 7, 9], np.int32))
    assert harmonic.toarray().tolist() == [[1, 2, 1], [2, 0, 0.5], [1, 0.5, 0]]


def test_words_that_do_not_count_are_removed_before_the_window_is_laid():
    countable = EVERY.copy()
    countable[2] = False
    part = Tokens([[[1, 2, 2, 2, 3]]])
    assert as_dictionary(count(part, countable, 1)) == {(3, 1): 1}
    assert as_dictionary(count(part, EVERY, 1)) == {(2, 1): 1, (2, 2): 2, (3, 2): 1}


def test_no_window_crosses_a_sentence():
    assert as_dictionary(count(Tokens([[[1, 2], [3, 4]], [[1]]]), window=9)) == {
        (2, 1): 1,
        (4, 3): 1,
    }


@compiled
@given(st.lists(tokens, max_size=5), windows, st.sampled_from(["flat", "harmonic"]))
def test_segments_add_up_to_one_segment(parts, window, weighting):
    together = Tokens([d for part in parts for d in part.documents])
    summed = add_counts([(count(p, window=window, weighting=weighting), 1) for p in parts], ALL_IDS)
    whole = add_counts([(count(together, window=window, weighting=weighting), 1)], ALL_IDS)
    assert summed.dtype == (np.float32 if weighting == "harmonic" and parts else np.int64)
    np.testing.assert_allclose(summed.toarray(), whole.toarray(), rtol=1e-6)
    slow = slow_matrix(slow_pairs(together.sentences, EVERY, window, weighting), ALL_IDS)
    np.testing.assert_allclose(summed.toarray(), slow, rtol=1e-6)
    assert summed.has_sorted_indices
    assert np.all(summed.data != 0)


@compiled
@given(tokens, st.data(), windows, st.sampled_from(["flat", "harmonic"]))
def test_subtracting_removed_documents_leaves_those_that_stay(part, data, window, weighting):
    gone = data.draw(
        st.lists(st.booleans(), min_size=len(part.documents), max_size=len(part.documents))
    )
    all_counts = count(part, window=window, weighting=weighting)
    of_gone = count(part, window=window, weighting=weighting, skip=~part.sentences_of(gone))
    left = add_counts([(all_counts, 1), (of_gone, -1)], ALL_IDS)
    rest = Tokens([d for d, out in zip(part.documents, gone, strict=True) if not out])
    expected = add_counts([(count(rest, window=window, weighting=weighting), 1)], ALL_IDS)
    if weighting == "flat":
        assert left.toarray().tolist() == expected.toarray().tolist()
    np.testing.assert_allclose(left.toarray(), expected.toarray(), rtol=1e-5)
    # What was removed leaves no cells of rounding error behind.
    assert left.indices.tolist() == expected.indices.tolist()
    assert left.indptr.tolist() == expected.indptr.tolist()


def test_rounding_leaves_no_cells_behind():
    one, other = [1, 0, 0, 2], [1, 0, 0, 0, 0, 0, 0, 2]
    assert np.float64(np.float32(1 / 3 + 1 / 7)) != np.float64(np.float32(1 / 3)) + np.float32(
        1 / 7
    )
    both, first, second = (
        count(Tokens([lists]), EVERY, 7, "harmonic") for lists in ([one, other], [one], [other])
    )
    assert add_counts([(both, 1)], ALL_IDS).toarray()[1, 2] == pytest.approx(1 / 3 + 1 / 7)
    assert add_counts([(both, 1), (first, -1), (second, -1)], ALL_IDS).nnz == 0


@compiled
@given(tokens, st.lists(st.sampled_from([*IDS, 5, 999_999]), unique=True), windows)
def test_the_sum_is_restricted_to_the_selection(part, chosen, window):
    selection = np.array(sorted(chosen), np.int32)
    matrix = add_counts([(count(part, window=window), 1)], selection)
    slow = slow_matrix(slow_pairs(part.sentences, EVERY, window), selection)
    assert matrix.toarray().tolist() == slow.tolist()


@compiled
@given(tokens, st.permutations(IDS))
def test_counts_do_not_depend_on_the_order_of_ids(part, order):
    renumber = dict(zip(IDS, order, strict=True))
    other = Tokens([[[renumber[w] for w in s] for s in d] for d in part.documents])
    a = slow_matrix(as_dictionary(count(part, window=3)), IDS)
    b = slow_matrix(as_dictionary(count(other, window=3)), [renumber[w] for w in IDS])
    assert a.tolist() == b.tolist()


def test_a_large_random_segment_needs_more_room_than_it_starts_with():
    rng = np.random.default_rng(1)
    # Few tokens a word and wide windows: more pairs than tokens, so that the arrays have to grow.
    lists = [rng.integers(0, 3000, rng.integers(1, 60)).tolist() for _ in range(150)]
    part = Tokens([lists])
    counts = count(part, window=20)
    assert len(counts.cols) > 5 * len(part.word)
    assert as_dictionary(counts) == slow_pairs(lists, EVERY, 20)
    selection = np.arange(0, 3000, 3, dtype=np.int32)
    matrix = add_counts([(counts, 1)], selection)
    slow = slow_matrix(slow_pairs(lists, EVERY, 20), selection)
    assert np.array_equal(matrix.toarray(), slow)


@pytest.mark.parametrize(
    ("times", "dtype"), [(255, np.uint8), (256, np.uint16), (65_536, np.uint32)]
)
def test_counts_are_kept_in_the_smallest_type_that_holds_them(times, dtype):
    counts = count(Tokens([[[1, 2]] * times]))
    assert counts.counts.dtype == dtype
    assert as_dictionary(counts) == {(2, 1): times}


def test_many_small_weights_add_up_without_loss():
    # 2**25 additions of 1 in single precision stop at 2**24; 1/3 drifts long before.
    times = 300_000
    counts = count(Tokens([[[1, 0, 0, 2]] * times]), np.arange(V) != -1, 3, "harmonic")
    assert as_dictionary(counts)[2, 1] == pytest.approx(times / 3, rel=1e-7)


def test_nothing_countable_gives_empty_counts():
    for part in (Tokens([]), Tokens([[], []]), Tokens([[[1, 2, 3]]])):
        counts = count(part, np.zeros(V, np.bool_))
        assert as_dictionary(counts) == {}
        assert add_counts([(counts, 1)], ALL_IDS).nnz == 0
    assert add_counts([], np.empty(0, np.int32)).shape == (0, 0)


def test_counts_come_back_from_a_file_read_only(tmp_path):
    part = Tokens([[[1, 2, 1, 3], [2, 2]]])
    for weighting in ("flat", "harmonic"):
        counts = count(part, weighting=weighting)
        save_arrays(tmp_path / "a.safetensors", counts.arrays())
        opened = PairCounts.from_arrays(open_arrays(tmp_path / "a.safetensors"))
        assert (opened.window, opened.weighting) == (2, weighting)
        assert as_dictionary(opened) == as_dictionary(counts)
        twice = add_counts([(opened, 1), (counts, 1)], ALL_IDS)
        assert np.array_equal(twice.toarray(), 2 * add_counts([(counts, 1)], ALL_IDS).toarray())


def test_tokens_may_lie_in_a_read_only_file(tmp_path):
    part = Tokens([[[1, 2, 1, 3], [2, 2]]])
    save_arrays(tmp_path / "a.safetensors", {"word": part.word, "sentence": part.sentence})
    arrays = open_arrays(tmp_path / "a.safetensors")
    opened = count_window(arrays["word"], arrays["sentence"], EVERY, 2)
    assert as_dictionary(opened) == as_dictionary(count(part))


def test_what_cannot_be_counted_or_added_is_refused():
    part = Tokens([[[1, 2]]])
    with pytest.raises(BadInput, match="window of 0"):
        count(part, window=0)
    with pytest.raises(ValueError, match="different windows"):
        add_counts([(count(part, window=2), 1), (count(part, window=3), 1)], ALL_IDS)
    with pytest.raises(ValueError, match="different windows"):
        add_counts([(count(part), 1), (count(part, weighting="harmonic"), 1)], ALL_IDS)
    with pytest.raises(ValueError, match="ascending"):
        add_counts([(count(part), 1)], ALL_IDS[::-1])
