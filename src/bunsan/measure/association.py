"""How strongly two things go together, from how often they occur alone and together.

Every measure takes the four counts of a contingency table, arrays or numbers that broadcast:

==========  =====================================================================
n11         units (documents, sentences, contexts) that have both x and y
n1          units that have x (with or without y)
n2          units that have y (with or without x)
n           all units
==========  =====================================================================

and gives float64, greater where x and y are more strongly tied. No measure warns or gives NaN:
where x or y never occurs nothing is known, and the value is 0. "Expected" is n1 * n2 / n, the
number of common units if x and y had nothing to do with each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.base.language import tr

Scores = NDArray[np.float64]
Formula = Callable[[ArrayLike, ArrayLike, ArrayLike, ArrayLike], Scores]


def jaccard(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """n11 / (n1 + n2 - n11), 0 to 1 (Jaccard 1901, "Étude comparative de la distribution florale
    dans une portion des Alpes et des Jura")."""
    n11, n1, n2, _ = _table(n11, n1, n2, n)
    return _ratio(n11, n1 + n2 - n11)


def dice(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """2 n11 / (n1 + n2), 0 to 1 (Dice 1945, "Measures of the Amount of Ecologic Association")."""
    n11, n1, n2, _ = _table(n11, n1, n2, n)
    return _ratio(2 * n11, n1 + n2)


def simpson(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """n11 / min(n1, n2), 0 to 1, the overlap coefficient (Simpson 1943, "Mammals and the Nature of
    Continents"). A word that occurs once has 1 with every word beside it: ask for a minimum
    count."""
    n11, n1, n2, _ = _table(n11, n1, n2, n)
    return _ratio(n11, np.minimum(n1, n2))


def cosine(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """n11 / sqrt(n1 n2), 0 to 1: the cosine of two sets (Ochiai 1957, "Zoogeographical Studies on
    the Soleoid Fishes Found in Japan and its Neighbouring Regions")."""
    n11, n1, n2, _ = _table(n11, n1, n2, n)
    return _ratio(n11, np.sqrt(n1 * n2))


def pmi(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """log2(n11 / expected), in bits: pointwise mutual information (Church & Hanks 1990, "Word
    Association Norms, Mutual Information, and Lexicography"). -inf where x and y never meet."""
    n11, n1, n2, n = _table(n11, n1, n2, n)
    return _log_ratio(n11, n1, n2, n) / np.log(2)


def ppmi(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """max(0, pmi), in bits (Bullinaria & Levy 2007, "Extracting Semantic Representations from Word
    Co-occurrence Statistics")."""
    return np.maximum(pmi(n11, n1, n2, n), 0.0)


def npmi(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """pmi / -log2(n11 / n), -1 (never together) to 1 (never apart) (Bouma 2009, "Normalized
    (Pointwise) Mutual Information in Collocation Extraction")."""
    n11, n1, n2, n = _table(n11, n1, n2, n)
    score = np.zeros(n11.shape)
    score[(n11 == 0) & (n1 * n2 > 0)] = -1  # the limit
    score[(n11 > 0) & (n11 == n)] = 1  # both in every unit: never apart
    known = (n11 > 0) & (n11 < n)
    score[known] = (_log_ratio(n11, n1, n2, n)[known]) / -np.log(n11[known] / n[known])
    return score


def t_score(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """(n11 - expected) / sqrt(n11) (Church, Gale, Hanks & Hindle 1991, "Using Statistics in Lexical
    Analysis"). It favours pairs there is much evidence for. -inf where x and y never meet."""
    n11, n1, n2, n = _table(n11, n1, n2, n)
    expected = _ratio(n1 * n2, n)
    score = np.where(expected > 0, -np.inf, 0.0)
    met = n11 > 0
    score[met] = (n11[met] - expected[met]) / np.sqrt(n11[met])
    return score


def log_likelihood(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """G2 = 2 sum O ln(O / E) over the four cells (Dunning 1993, "Accurate Methods for the
    Statistics of Surprise and Coincidence"), with a minus sign where x and y meet less often than
    expected. |G2| above 3.84 (10.83) is seen by chance in 1 of 20 (1,000) independent pairs."""
    n11, n1, n2, n = _table(n11, n1, n2, n)
    total = np.zeros(n11.shape)
    for observed, expected in _cells(n11, n1, n2, n):
        some = observed > 0
        total[some] += observed[some] * np.log(observed[some] / expected[some])
    return np.sign(n11 * n - n1 * n2) * 2 * np.maximum(total, 0.0)


def chi_squared(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """Pearson's sum (O - E)^2 / E over the four cells, without Yates' correction (Pearson 1900, "On
    the Criterion that a Given System of Deviations..."), with a minus sign where x and y meet less
    often than expected. Where an expected count is below 5, use `log_likelihood`."""
    n11, n1, n2, n = _table(n11, n1, n2, n)
    # The four cells differ from what is expected by the same number.
    gap = n11 * n - n1 * n2
    return np.sign(gap) * _ratio(n * gap * gap, n1 * n2 * (n - n1) * (n - n2))


def log_odds_ratio(n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
    """ln of the odds ratio with 0.5 added to every cell, so that empty cells give a finite value
    (Haldane 1956, "The Estimation and Significance of the Logarithm of a Ratio of Frequencies")."""
    n11, n1, n2, n = _table(n11, n1, n2, n)
    agree = np.log(n11 + 0.5) + np.log(_neither(n11, n1, n2, n) + 0.5)
    differ = np.log(n1 - n11 + 0.5) + np.log(n2 - n11 + 0.5)
    return np.where((n1 > 0) & (n2 > 0), agree - differ, 0.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """A formula and its names."""

    formula: Formula
    en: str
    ja: str

    @property
    def title(self) -> str:
        """The name in the reader's language."""
        return tr(self.en, self.ja)

    def __call__(self, n11: ArrayLike, n1: ArrayLike, n2: ArrayLike, n: ArrayLike) -> Scores:
        return self.formula(n11, n1, n2, n)


MEASURES: dict[str, Measure] = {
    "jaccard": Measure(jaccard, "Jaccard", "Jaccard係数"),
    "dice": Measure(dice, "Dice", "Dice係数"),
    "simpson": Measure(simpson, "Simpson (overlap)", "Simpson係数"),
    "cosine": Measure(cosine, "cosine (Ochiai)", "コサイン係数"),
    "pmi": Measure(pmi, "pointwise mutual information", "自己相互情報量"),
    "ppmi": Measure(ppmi, "positive PMI", "正の自己相互情報量"),
    "npmi": Measure(npmi, "normalized PMI", "正規化自己相互情報量"),
    "t": Measure(t_score, "t-score", "tスコア"),
    "loglikelihood": Measure(log_likelihood, "log-likelihood ratio", "対数尤度比"),
    "chi2": Measure(chi_squared, "chi-squared", "カイ二乗値"),
    "odds": Measure(log_odds_ratio, "log odds ratio", "対数オッズ比"),
}


def _table(*counts: ArrayLike) -> tuple[Scores, Scores, Scores, Scores]:
    """The four counts as float64 of one shape.

    Raises
    ------
    ValueError : no four cells could have these counts.
    """
    n11, n1, n2, n = np.broadcast_arrays(*(np.asarray(c, np.float64) for c in counts))
    slack = 1e-9 * n  # weights such as 1/distance are summed with rounding
    if np.any((n11 < 0) | (n11 > np.minimum(n1, n2) + slack) | (n1 + n2 - n11 > n + slack)):
        raise ValueError("a cell of the contingency table is negative")
    return n11, n1, n2, n


def _neither(n11: Scores, n1: Scores, n2: Scores, n: Scores) -> Scores:
    """Units with neither x nor y."""
    return np.maximum(n - n1 - n2 + n11, 0.0)


def _cells(n11: Scores, n1: Scores, n2: Scores, n: Scores) -> list[tuple[Scores, Scores]]:
    """Observed and expected counts of both, x only, y only, neither."""
    return [
        (n11, _ratio(n1 * n2, n)),
        (n1 - n11, _ratio(n1 * (n - n2), n)),
        (n2 - n11, _ratio((n - n1) * n2, n)),
        (_neither(n11, n1, n2, n), _ratio((n - n1) * (n - n2), n)),
    ]


def _log_ratio(n11: Scores, n1: Scores, n2: Scores, n: Scores) -> Scores:
    """ln(n11 / expected); -inf where n11 is 0, 0 where nothing was expected."""
    score = np.where(n1 * n2 > 0, -np.inf, 0.0)
    met = n11 > 0
    score[met] = np.log(n11[met]) + np.log(n[met]) - np.log(n1[met]) - np.log(n2[met])
    return score


def _ratio(numerator: Any, denominator: Any) -> Scores:
    """numerator / denominator, 0 where the denominator is 0."""
    zero = np.zeros(np.broadcast(numerator, denominator).shape)
    return np.divide(numerator, denominator, out=zero, where=np.asarray(denominator) != 0)
