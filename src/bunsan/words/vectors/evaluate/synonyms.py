"""Is the synonym nearer than the other choices?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bunsan.measure.accuracy import Accuracy
from bunsan.words.vectors.evaluate.known import known_vectors
from bunsan.words.vectors.evaluate.question_files import SynonymQuestion
from bunsan.words.vectors.nearest import unit_rows
from bunsan.words.vectors.wordvectors import WordVectors


@dataclass(frozen=True)
class SynonymScores:
    """Right choices, and the share that guessing would get right on the same questions."""

    accuracy: Accuracy
    chance: float


def score_synonyms(
    vectors: WordVectors,
    questions: Sequence[SynonymQuestion],
    *,
    lower: bool = False,
    unseen: bool = False,
) -> SynonymScores:
    """Choose the word of greatest cosine (Landauer & Dumais 1997, "A Solution to Plato's Problem").

    A question is asked when its word, the synonym and another choice have vectors; choices without
    one are not chosen. A tie with another choice counts as wrong.

    Parameters
    ----------
    lower, unseen : as for `score_similarity`.
    """
    right = asked = 0
    chances = []
    for question in questions:
        words = [question.word, *question.choices]
        if lower:
            words = [word.lower() for word in words]
        found, known = known_vectors(vectors, words, unseen=unseen)
        if not (known[0] and known[1] and known[2:].any()):
            continue
        units = unit_rows(found)
        cosines = units[1:][known[1:]] @ units[0]
        asked += 1
        right += bool(np.all(cosines[0] > cosines[1:]))
        chances.append(1 / len(cosines))
    chance = float(np.mean(chances)) if chances else float("nan")
    return SynonymScores(Accuracy(right, asked, len(questions) - asked), chance)
