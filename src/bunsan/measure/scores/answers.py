"""Answers to questions, as SQuAD scores them, with words that are right for Japanese.

Rajpurkar et al. (2016), "SQuAD: 100,000+ questions for machine comprehension of text", § 6.1;
Rajpurkar, Jia & Liang (2018), "Know what you don't know", § 5, for questions without an answer.

Japanese has no spaces between words, so JSQuAD (Kurihara, Kawahara & Shibata 2022, "JGLUE", § 4) and
JaQuAD (So et al. 2022, § 4) take F1 over characters. So it is done here where answers are
Japanese: NFKC (full-width letters and half-width kana become ordinary ones), lower case, neither
punctuation nor white space; F1 over the multiset of characters. Other languages are treated as in
SQuAD: lower case, no punctuation, no articles, F1 over the multiset of words.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from bunsan.measure.scores.resampling import Floats

Unit = Literal["characters", "words"]

_JAPANESE = re.compile("[ぁ-ヿ々〆㐀-鿿\uf900-\ufaff\uff66-\uff9f]")
_LETTER = re.compile(r"[^\W\d_]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")


class Answers:
    """exact_match and f1, the best over the acceptable answers of each question.

    Parameters
    ----------
    truth : [n], an answer or a list of acceptable ones; "" or [] where the right answer is none.
    predicted : [n], an answer each, "" for none.
    """

    def __init__(self, truth: Sequence[str | Sequence[str]], predicted: Sequence[str]) -> None:
        accepted = [[t] if isinstance(t, str) else list(t) or [""] for t in truth]
        unit = unit_of(answer for answers in accepted for answer in answers)
        best = [
            max(compared(guess, answer, unit) for answer in answers)
            for answers, guess in zip(accepted, predicted, strict=True)
        ]
        scores, self.types = np.unique(np.array(best, np.float64), axis=0, return_inverse=True)
        self.types = self.types.reshape(-1)
        self.n_types = len(scores)
        self._scores = scores

    def at(self, weights: Floats) -> dict[str, Floats]:
        """See `Measure`."""
        exact, f1 = (weights @ self._scores / weights.sum(axis=1)[:, None]).T
        return {"exact_match": exact, "f1": f1}


def compared(guess: str, answer: str, unit: Unit) -> tuple[float, float]:
    """(exact match, F1) of an answer with an acceptable one."""
    a, b = normalized(guess, unit), normalized(answer, unit)
    if not a or not b:
        return float(a == b), float(a == b)
    left, right = (Counter(t if unit == "characters" else t.split()) for t in (a, b))
    shared = (left & right).total()
    return float(a == b), 2 * shared / (left.total() + right.total())


def normalized(answer: str, unit: Unit) -> str:
    """The answer without what does not count; only where nothing would be left, with punctuation."""
    text = unicodedata.normalize("NFKC", answer).lower()
    bare = "".join(c for c in text if not _punctuation(c))
    if unit == "words":
        bare = _ARTICLES.sub(" ", bare)
        return " ".join(bare.split()) or " ".join(text.split())
    return "".join(bare.split()) or "".join(text.split())


def unit_of(answers: object) -> Unit:
    """What F1 counts for these answers: characters where a fifth of the letters is Japanese."""
    letters = japanese = 0
    for answer in answers:  # type: ignore[attr-defined]
        letters += len(_LETTER.findall(answer))
        japanese += len(_JAPANESE.findall(answer))
    return "characters" if japanese * 5 >= letters else "words"


def _punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
