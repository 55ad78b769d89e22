"""TF-IDF over words and over characters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.tasks.baselines.representations import COUNTS, Ints, Texts, sparse_pairs
from bunsan.tasks.baselines.sequences import Sequences, characters_of, ngram_counts, words_of
from bunsan.text.words import WordSettings
from bunsan.words.weighting import idf, tfidf

_FEW = 500  # texts: with fewer, n-grams seen in one text are kept as well
_MOST = 200_000  # n-grams, those of most texts first


class Tfidf:
    """Counts of n-grams, each (1 + ln tf) idf, at length 1. See `Representation`.

    Parameters
    ----------
    unit : "words" or "characters". longest : units in an n-gram, from 1 up.
    words : how texts are cut into words.
    """

    kind = COUNTS

    def __init__(
        self, unit: str, longest: int | None = None, words: WordSettings | None = None
    ) -> None:
        self.unit = unit
        self.longest = longest or (2 if unit == "words" else 4)
        self._words = words or WordSettings(form="dictionary")
        self.name = f"tfidf-{unit}"
        self.title = (
            tr("TF-IDF of words", "TF-IDF(単語)")
            if unit == "words"
            else tr("TF-IDF of characters", "TF-IDF(文字)")
        )
        self.note = tr(f"n-grams of 1 to {self.longest}", f"1〜{self.longest}-gram")
        self._counts: Any = None
        self._texts = Texts([])
        self._weighted: Any = None

    def prepare(self, texts: Texts) -> None:
        """See `Representation`."""
        if self._texts is texts:
            return
        sequences = self._sequences(texts)
        self._counts, self._lengths = ngram_counts(sequences, 1, self.longest)
        self._texts = texts

    def adapt(self, rows: Ints) -> None:
        """The vocabulary and how rare each n-gram is."""
        pairs = self._texts.pairs
        both = np.concatenate([rows, rows + pairs]) if pairs else rows
        part = self._counts[both]
        df = np.bincount(part.indices, minlength=part.shape[1])
        kept = np.flatnonzero(df >= (1 if len(rows) < _FEW else 2))
        if len(kept) > _MOST:
            kept = np.sort(kept[np.argsort(-df[kept], kind="stable")[:_MOST]])
        counts = self._counts[:, kept]
        self._weighted = tfidf(counts, weights=idf(df[kept], len(both)), sublinear=True)
        self._bytes = int(self._lengths[kept].sum()) + 4 * len(kept)

    def features(self, rows: Ints) -> Any:
        """See `Representation`."""
        first = self._weighted[rows]
        if not self._texts.pairs:
            return first
        return sparse_pairs(first, self._weighted[rows + self._texts.pairs])

    def likeness(self, rows: Ints) -> NDArray[np.float64] | None:
        """See `Representation`."""
        if not self._texts.pairs:
            return None
        shared = self._weighted[rows].multiply(self._weighted[rows + self._texts.pairs])
        return np.asarray(shared.sum(axis=1), np.float64)

    def zero_shot(self, rows: Ints, names: list[str]) -> NDArray[np.float64] | None:
        """Words shared with the name of a class tell next to nothing."""
        return None

    @property
    def nbytes(self) -> int:
        """Names of the n-grams and their weights."""
        return self._bytes

    def _sequences(self, texts: Texts) -> Sequences:
        if self.unit == "words":
            return words_of(texts.all, self._words)
        return characters_of(texts.all)
