"""Association measures against hand-computed tables and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bunsan.base.language import use_language
from bunsan.measure.association import MEASURES, chi_squared, log_likelihood, log_odds_ratio

# 8 units with both, 10 with x, 20 with y, 100 in all: cells 8, 2, 12, 78; expected together 2.
HAND = {
    "jaccard": 8 / 22,
    "dice": 16 / 30,
    "simpson": 8 / 10,
    "cosine": 8 / math.sqrt(200),
    "pmi": 2.0,
    "ppmi": 2.0,
    "npmi": 2 / math.log2(100 / 8),
    "t": 6 / math.sqrt(8),
    "loglikelihood": 2
    * (8 * math.log(8 / 2) + 2 * math.log(2 / 8) + 12 * math.log(12 / 18) + 78 * math.log(78 / 72)),
    "chi2": 36 / 2 + 36 / 8 + 36 / 18 + 36 / 72,
    "odds": math.log(8.5 * 78.5 / (2.5 * 12.5)),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """n11, n1, n2, n of four cells, zeros among them."""
    both, x, y, neither = (draw(st.sampled_from([0, 1, 2, 5, 40, 1000])) for _ in range(4))
    return both, both + x, both + y, both + x + y + neither


def test_every_measure_by_hand():
    assert set(HAND) == set(MEASURES)
    for name, expected in HAND.items():
        assert MEASURES[name](8, 10, 20, 100) == pytest.approx(expected), name


def test_arrays_broadcast():
    n11, n2 = np.array([0, 1, 8]), np.array([[20], [30]])
    for name, measure in MEASURES.items():
        scores = measure(n11, 10, n2, 100)
        assert scores.shape == (2, 3)
        assert scores[0, 2] == pytest.approx(HAND[name])
        assert scores[1, 1] == pytest.approx(float(measure(1, 10, 30, 100)))


@settings(max_examples=300)
@given(tables())
def test_tests_of_independence_are_those_of_scipy(table):
    n11, n1, n2, n = table
    cells = [[n11, n1 - n11], [n2 - n11, n - n1 - n2 + n11]]
    if 0 in (n1, n2) or n in (n1, n2):
        assert log_likelihood(*table) == pytest.approx(0, abs=1e-9)
        assert chi_squared(*table) == 0
        return
    sign = np.sign(n11 * n - n1 * n2)
    for measure, kind in ((log_likelihood, "log-likelihood"), (chi_squared, "pearson")):
        theirs = stats.chi2_contingency(cells, correction=False, lambda_=kind).statistic
        assert measure(*table) == pytest.approx(sign * theirs, abs=1e-7)


@settings(max_examples=300)
@given(tables())
def test_odds_ratio_is_that_of_scipy_on_corrected_cells(table):
    n11, n1, n2, n = table
    if n1 and n2:
        cells = np.array([[n11, n1 - n11], [n2 - n11, n - n1 - n2 + n11]]) + 0.5
        expected = math.log(cells[0, 0] * cells[1, 1] / (cells[0, 1] * cells[1, 0]))
        assert log_odds_ratio(*table) == pytest.approx(expected)


@settings(max_examples=300)
@given(tables())
def test_no_table_warns_or_gives_nan(table):
    n11, n1, n2, _ = table
    for name, measure in MEASURES.items():
        score = float(measure(*table))
        assert not math.isnan(score), name
        assert not math.isnan(float(measure(*map(float, table)))), name
        if 0 in (n1, n2):
            assert score == 0, name
        elif n11 == 0 and name in ("pmi", "t"):
            assert score == -math.inf
        else:
            assert math.isfinite(score), name


def test_limits():
    assert MEASURES["npmi"](0, 3, 3, 10) == -1
    assert MEASURES["npmi"](3, 3, 3, 10) == pytest.approx(1)
    assert MEASURES["npmi"](10, 10, 10, 10) == 1
    assert MEASURES["pmi"](3, 6, 5, 10) == pytest.approx(0)
    assert MEASURES["loglikelihood"](1, 40, 40, 100) < 0
    assert MEASURES["chi2"](1, 40, 40, 100) < 0
    for name in ("jaccard", "dice", "simpson", "cosine"):
        assert MEASURES[name](4, 4, 4, 9) == 1
        assert MEASURES[name](0, 4, 4, 9) == 0


@settings(max_examples=200)
@given(st.integers(1, 30), st.integers(0, 20), st.integers(0, 20), st.integers(0, 200))
def test_one_more_meeting_never_weakens_the_tie(n11, x, y, neither):
    """With the margins fixed, every measure grows with the units that have both."""
    n1, n2 = n11 + x + 1, n11 + y + 1
    n = n1 + n2 + neither
    for name, measure in MEASURES.items():
        before, after = (float(measure(k, n1, n2, n)) for k in (n11, n11 + 1))
        assert after >= before - 1e-12, name


def test_counts_that_contradict_each_other_are_refused():
    for table in [(5, 4, 9, 20), (5, 9, 4, 20), (-1, 3, 3, 9), (1, 8, 8, 10)]:
        for measure in MEASURES.values():
            with pytest.raises(ValueError, match="contingency"):
                measure(*table)
    # ... unless by no more than the rounding of sums.
    assert MEASURES["jaccard"](0.3 + 1e-12, 0.3, 0.3, 1.0) == pytest.approx(1)


def test_names_are_in_both_languages():
    try:
        for language in ("ja", "en"):
            use_language(language)
            titles = [measure.title for measure in MEASURES.values()]
            assert len(set(titles)) == len(MEASURES)
        use_language("ja")
        assert MEASURES["loglikelihood"].title == "対数尤度比"
    finally:
        use_language(None)
