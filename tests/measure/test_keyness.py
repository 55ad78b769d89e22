"""Feature words against scipy's tests, a simulation and counting by hand."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.measure.intervals import newcombe
from bunsan.measure.keyness import keyness

# 3 groups of 10, 20 and 5 documents; 温泉 is the first group's word, する is everybody's
DOCUMENTS = np.array([[9, 8, 0, 1, 0], [1, 17, 6, 1, 0], [0, 4, 0, 1, 0]])
SIZES = np.array([10, 20, 5])


def test_by_hand() -> None:
    k = keyness(DOCUMENTS, SIZES)
    assert k.documents.tolist() == DOCUMENTS.tolist()
    assert k.jaccard[0, 0] == pytest.approx(9 / 11)  # 10 in the group + 1 outside with the word
    assert k.jaccard[1, 1] == pytest.approx(17 / 32)
    assert k.share[0, 0] == pytest.approx(0.9)
    assert k.outside[0, 0] == pytest.approx(1 / 25)
    assert k.difference[0, 0] == pytest.approx(0.86)
    assert (k.difference_low[0, 0], k.difference_high[0, 0]) == pytest.approx(
        tuple(float(x) for x in newcombe(9, 10, 1, 25))
    )
    # no tokens: the group's "tokens" are its word-document pairs, 18 in group 0
    assert k.tfidf[0, 0] == pytest.approx(9 / 18 * math.log(35 / 10))
    assert k.token_g2 is None


def test_g2_p_and_sign_are_scipys() -> None:
    k = keyness(DOCUMENTS, SIZES)
    for g in range(3):
        for v in range(4):
            a, outside = DOCUMENTS[g, v], DOCUMENTS[:, v].sum() - DOCUMENTS[g, v]
            rest = SIZES.sum() - SIZES[g]
            table = [[a, SIZES[g] - a], [outside, rest - outside]]
            expected = scipy.stats.chi2_contingency(
                table, correction=False, lambda_="log-likelihood"
            )
            assert abs(k.g2[g, v]) == pytest.approx(expected.statistic)
            assert k.p[g, v] == pytest.approx(expected.pvalue)
            assert (k.g2[g, v] >= 0) == (a >= expected.expected_freq[0, 0])
    assert k.g2[2, 0] < 0  # 温泉 in no document of the last group
    tests = k.p[:, :4].ravel()
    np.testing.assert_allclose(k.q[:, :4].ravel(), scipy.stats.false_discovery_control(tests))


def test_a_word_nobody_uses_is_no_test() -> None:
    k = keyness(DOCUMENTS, SIZES)
    assert np.isnan(k.p[:, 4]).all()
    assert np.isnan(k.q[:, 4]).all()
    assert k.jaccard[:, 4].tolist() == [0, 0, 0]
    assert k.tfidf[:, 4].tolist() == [0, 0, 0]


def test_an_empty_group_is_no_test_and_no_warning() -> None:
    k = keyness([[1, 2], [0, 0]], [4, 0])
    assert np.isnan(k.p).all()
    assert np.isnan(k.share[1]).all()
    assert k.tfidf[1].tolist() == [0, 0]


def test_tokens_give_tfidf_and_rayson_garside() -> None:
    tokens = np.array([[30, 10], [2, 12]])
    k = keyness([[9, 8], [1, 9]], [10, 20], tokens=tokens, token_totals=[1000, 2500])
    assert k.tfidf[0, 0] == pytest.approx(30 / 1000 * math.log(30 / 10))
    table = [[30, 970], [2, 2498]]
    expected = scipy.stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert k.token_g2 is not None
    assert k.token_g2[0, 0] == pytest.approx(expected.statistic)
    assert k.token_g2[1, 0] == pytest.approx(-expected.statistic)
    summed = keyness([[9, 8], [1, 9]], [10, 20], tokens=tokens)
    assert summed.tfidf[0, 0] == pytest.approx(30 / 40 * math.log(30 / 10))


@pytest.mark.parametrize(("a", "b", "c", "d"), [(30, 40, 20, 300), (9, 60, 15, 500)])
def test_interval_of_jaccard_is_what_resampling_documents_finds(
    a: int, b: int, c: int, d: int
) -> None:
    k = keyness([[a], [c]], [a + b, c + d])
    n = a + b + c + d
    drawn = np.random.default_rng(0).multinomial(n, np.array([a, b, c, d]) / n, 20000)
    values = drawn[:, 0] / drawn[:, :3].sum(axis=1)
    low, high = np.quantile(values, [0.025, 0.975])
    assert k.jaccard_low[0, 0] == pytest.approx(low, abs=0.03)
    assert k.jaccard_high[0, 0] == pytest.approx(high, abs=0.03)
    assert k.jaccard_low[0, 0] < k.jaccard[0, 0] < k.jaccard_high[0, 0]


def test_interval_of_jaccard_covers_the_truth() -> None:
    p = np.array([0.02, 0.1, 0.03, 0.85])
    truth = p[0] / p[:3].sum()
    cells = np.random.default_rng(4).multinomial(400, p, 2000)
    documents = np.stack([cells[:, 0], cells[:, 2]])
    hits = 0
    for i in range(len(cells)):
        k = keyness(documents[:, [i]], [cells[i, 0] + cells[i, 1], cells[i, 2] + cells[i, 3]])
        hits += bool(k.jaccard_low[0, 0] <= truth <= k.jaccard_high[0, 0])
    assert 0.93 <= hits / len(cells) <= 0.975


def test_words_of_one_source_are_seldom_called_features() -> None:
    rng = np.random.default_rng(8)
    sizes = np.array([60, 80, 100])
    found = sum(
        bool((keyness(rng.binomial(sizes[:, None], 0.3, (3, 50)), sizes).q < 0.05).any())
        for _ in range(200)
    )
    assert found / 200 < 0.1  # the family-wise level is about 5 % when nothing is there


counts = st.integers(2, 5).flatmap(
    lambda g: st.lists(st.integers(1, 40), min_size=g, max_size=g).flatmap(
        lambda sizes: st.tuples(
            st.just(sizes), st.tuples(*[st.integers(0, size) for size in sizes])
        )
    )
)


@given(counts)
def test_one_word_alone_is_the_same_as_among_others(
    case: tuple[list[int], tuple[int, ...]],
) -> None:
    sizes, column = case
    alone = keyness(np.array(column)[:, None], sizes)
    among = keyness(np.stack([np.zeros(len(sizes), int), np.array(column)], axis=1), sizes)
    for name in ("jaccard", "jaccard_low", "g2", "p", "difference_low", "difference_high"):
        np.testing.assert_allclose(getattr(among, name)[:, [1]], getattr(alone, name))


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="two groups"):
        keyness([[1, 2]], [3])
    with pytest.raises(BadInput, match="not of tokens"):
        keyness([[4], [1]], [3, 3])
    with pytest.raises(ValueError, match="match"):
        keyness([[1], [1]], [3, 3, 3])
