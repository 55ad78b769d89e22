"""Accuracy on analogies: Japan is to Tokyo as France is to ...?

Mikolov, Chen, Corrado & Dean 2013, "Efficient Estimation of Word Representations in Vector Space",
section 4.1: an answer is right when exactly the expected word is the nearest; the three words of the
question are no answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunsan.measure.accuracy import Accuracy, pooled
from bunsan.words.vectors.arithmetic import Method, solve_analogies
from bunsan.words.vectors.evaluate.question_files import AnalogySection
from bunsan.words.vectors.wordvectors import WordVectors


@dataclass(frozen=True)
class AnalogyScores:
    """Accuracy by section.

    Attributes
    ----------
    method : "3cosadd" or "3cosmul". restrict : how many words could be asked and answered.
    sections : (name, accuracy) in the order of the file.
    """

    method: Method
    restrict: int
    sections: list[tuple[str, Accuracy]]

    @property
    def total(self) -> Accuracy:
        """All questions together."""
        return pooled(accuracy for _, accuracy in self.sections)

    @property
    def groups(self) -> list[tuple[str, Accuracy]]:
        """ "semantic" and "syntactic" where the set has the sections "gram..." of Mikolov et al.'s."""
        syntactic = [part for name, part in self.sections if name.startswith("gram")]
        semantic = [part for name, part in self.sections if not name.startswith("gram")]
        if not syntactic or not semantic:
            return []
        return [("semantic", pooled(semantic)), ("syntactic", pooled(syntactic))]


def score_analogies(
    vectors: WordVectors,
    sections: Sequence[AnalogySection],
    *,
    method: Method = "3cosadd",
    restrict: int | None = None,
    lower: bool = False,
) -> AnalogyScores:
    """Answer analogies and count the right answers.

    A question is asked when its three words and an answer are among the words.

    Parameters
    ----------
    restrict : only the first so many words are asked about and answered with; None for all.
        Accuracies compare only at the same restriction.
    lower : questions in lower case, for vectors of lower-cased text.
    """
    limit = len(vectors) if restrict is None else min(restrict, len(vectors))
    rows_of = _rows(vectors, sections, lower, limit)
    asked: list[tuple[int, int, int]] = []
    right: list[set[int]] = []
    section_of: list[int] = []
    skipped = [0] * len(sections)
    for s, section in enumerate(sections):
        for question in section.questions:
            a, b, c = (rows_of[word] for word in (question.a, question.b, question.c))
            answers = {rows_of[word] for word in question.answers} - {-1}
            if min(a, b, c) < 0 or not answers:
                skipped[s] += 1
                continue
            asked.append((a, b, c))
            right.append(answers)
            section_of.append(s)
    questions: NDArray[np.int64] = np.array(asked, np.int64).reshape(-1, 3)
    found = solve_analogies(
        vectors.matrix, vectors.lengths, questions, method=method, restrict=limit
    ).tolist()
    hits, counts = [0] * len(sections), [0] * len(sections)
    for s, row, answers in zip(section_of, found, right, strict=True):
        counts[s] += 1
        hits[s] += row in answers
    return AnalogyScores(
        method,
        limit,
        [
            (section.name, Accuracy(hits[s], counts[s], skipped[s]))
            for s, section in enumerate(sections)
        ],
    )


def _rows(
    vectors: WordVectors, sections: Sequence[AnalogySection], lower: bool, limit: int
) -> dict[str, int]:
    """The row of every word in the questions, -1 where it is not among the first `limit`."""
    words = list(
        dict.fromkeys(
            word
            for section in sections
            for question in section.questions
            for word in (question.a, question.b, question.c, *question.answers)
        )
    )
    rows = vectors.words.rows([word.lower() for word in words] if lower else words)
    return dict(zip(words, np.where(rows < limit, rows, -1).tolist(), strict=True))
