"""Do cosines order pairs of words as people do?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bunsan.measure.correlation import Correlation, pearson, spearman
from bunsan.words.vectors.evaluate.known import known_vectors
from bunsan.words.vectors.evaluate.question_files import ScoredPair
from bunsan.words.vectors.nearest import unit_rows
from bunsan.words.vectors.wordvectors import WordVectors


@dataclass(frozen=True)
class SimilarityScores:
    """Agreement with people.

    Attributes
    ----------
    spearman, pearson : of the cosines with people's scores, over the pairs of known words.
    skipped : pairs of which a word has no vector. unknown : those words, in order.
    """

    spearman: Correlation
    pearson: Correlation
    skipped: int
    unknown: list[str]

    @property
    def coverage(self) -> float:
        """The share of the pairs that were scored."""
        total = self.spearman.pairs + self.skipped
        return self.spearman.pairs / total if total else float("nan")


def score_similarity(
    vectors: WordVectors,
    pairs: Sequence[ScoredPair],
    *,
    lower: bool = False,
    unseen: bool = False,
) -> SimilarityScores:
    """Correlate the cosines of pairs with people's scores.

    Spearman's coefficient is what is reported for word similarity (Finkelstein et al. 2002, "Placing
    Search in Context", for WordSim-353, and since).

    Parameters
    ----------
    lower : words in lower case. unseen : let n-grams give vectors to words that are not known.
    """
    words = [word.lower() if lower else word for pair in pairs for word in (pair.a, pair.b)]
    found, known = known_vectors(vectors, words, unseen=unseen)
    units = unit_rows(found)
    both = known[::2] & known[1::2]
    cosines = np.einsum("ij,ij->i", units[::2], units[1::2], dtype=np.float64)[both]
    scores = np.array([pair.score for pair in pairs], np.float64)[both]
    unknown = list(dict.fromkeys(np.array(words, object)[~known].tolist()))
    return SimilarityScores(
        spearman(scores, cosines), pearson(scores, cosines), int((~both).sum()), unknown
    )
