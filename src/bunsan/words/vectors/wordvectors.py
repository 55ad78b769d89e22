"""Word vectors and what one does with them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.vectors import display, sif
from bunsan.words.vectors.account import Note
from bunsan.words.vectors.approximate import APPROXIMATE_ABOVE, Index, kept_index
from bunsan.words.vectors.arithmetic import Method, nearest_to_terms
from bunsan.words.vectors.matrix import Floats, Matrix, Storage
from bunsan.words.vectors.nearest import nearest_rows, unit_rows
from bunsan.words.vectors.neighbours import Neighbours
from bunsan.words.vectors.projection import ProjectionMethod, project
from bunsan.words.vectors.spellings import unknown_word
from bunsan.words.vectors.strings import StringTable
from bunsan.words.vectors.subwords import Subwords

Query = str | ArrayLike


class WordVectors:
    """A vector for each of V words.

    Parameters
    ----------
    words : V distinct words, by falling frequency where that is known.
    matrix : [V, d], an array or a `Matrix` (float32, float16 or int8 with scales).
    counts : int64[V], how often each word came in the text it was learned from.
    subwords : n-grams, from which words that are not among V get a vector.
    lengths : float32[V], the Euclidean lengths of the rows; measured when first needed.
    about : method, settings, source, licence, ...: anything JSON can hold.
    account : what was odd in the file they were read from.
    path : the file they are mapped from, beside which an index is kept.

    Raises
    ------
    BadInput : a word comes twice.
    """

    def __init__(
        self,
        words: Iterable[str],
        matrix: Matrix | ArrayLike,
        *,
        counts: ArrayLike | None = None,
        subwords: Subwords | None = None,
        lengths: Floats | None = None,
        about: dict[str, Any] | None = None,
        account: Iterable[Note] = (),
        path: Path | None = None,
    ) -> None:
        self.words = words if isinstance(words, StringTable) else StringTable.from_words(words)
        self.matrix = matrix if isinstance(matrix, Matrix) else Matrix(matrix)
        self.counts = None if counts is None else np.asarray(counts, np.int64)
        self.subwords = subwords
        self.about: dict[str, Any] = dict(about or {})
        self.account = list(account)
        self.path = path
        v = len(self.words)
        if len(self.matrix) != v:
            raise ValueError(f"{len(self.matrix)} rows for {v} words")
        if self.counts is not None and self.counts.shape != (v,):
            raise ValueError(f"counts of shape {self.counts.shape} for {v} words")
        if subwords is not None and (
            subwords.ngrams.dim != self.dim
            or (subwords.words is not None and len(subwords.words) != v)
        ):
            raise ValueError("n-grams that do not belong to these words")
        if lengths is not None:
            if lengths.shape != (v,):
                raise ValueError(f"lengths of shape {lengths.shape} for {v} words")
            self.lengths = lengths

    @cached_property
    def lengths(self) -> Floats:
        """float32[V], the Euclidean length of every row."""
        return self.matrix.lengths()

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self.matrix.dim

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        """Whether a word is among the V; one that n-grams could give a vector for is not."""
        return word in self.words

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __getitem__(self, word: str) -> Floats:
        """float32[d], the vector of a word, from its n-grams where it is unknown and there are any.

        Raises
        ------
        UnknownWord (a KeyError) : it has none.
        """
        row = self.words.row(word)
        if row >= 0:
            return self.matrix.row(row)
        if self.subwords is not None:
            vector = self.subwords.vector(word)
            if vector is not None:
                return vector
        raise unknown_word(word, self.words)

    def vectors(self, words: Iterable[str]) -> Floats:
        """float32[k, d], the vectors of several words; UnknownWord as for one."""
        words = list(words)
        rows = self.words.rows(words)
        found = np.array(self.matrix.take(np.maximum(rows, 0))) if len(self) else None
        if found is None:
            found = np.empty((len(words), self.dim), np.float32)
        for place in np.flatnonzero(rows < 0).tolist():
            found[place] = self[words[place]]
        return found

    def similarity(self, a: Query, b: Query) -> float:
        """The cosine of two words (or vectors); 0 where one is all zeros."""
        pair = unit_rows(np.stack([self._vector(a), self._vector(b)]))
        return float(pair[0] @ pair[1])

    def nearest(
        self,
        query: Query,
        n: int = 10,
        *,
        exclude: Iterable[str] = (),
        restrict: int | None = None,
        approximate: bool | None = None,
    ) -> Neighbours:
        """The n words of greatest cosine with a word (itself excluded) or a vector.

        Parameters
        ----------
        exclude : words that are not wanted. restrict : only among the first so many words.
        approximate : True searches through an index (built and kept beside the file when there is
            none: minutes for a million words); False compares with every word; None uses an index
            that is there where there are more than a million words.
        """
        return self.nearest_many(
            [query], n, exclude=exclude, restrict=restrict, approximate=approximate
        )[0]

    def nearest_many(
        self,
        queries: Iterable[Query],
        n: int = 10,
        *,
        exclude: Iterable[str] = (),
        restrict: int | None = None,
        approximate: bool | None = None,
    ) -> list[Neighbours]:
        """`nearest` of many words or vectors at once, much faster than one by one."""
        queries = list(queries)
        if not queries:
            return []
        vectors = np.stack([self._vector(query) for query in queries])
        own = [self.words.row(query) if isinstance(query, str) else -1 for query in queries]
        others = self._known_rows(exclude)
        barred = np.empty((len(queries), 1 + len(others)), np.int64)
        barred[:, 0], barred[:, 1:] = own, others
        k = self._available(n, restrict)
        index = self._index_for(approximate, restrict)
        if index is None:
            rows, scores = nearest_rows(
                self.matrix, self.lengths, vectors, k, exclude=barred, restrict=restrict
            )
        else:
            rows, scores = index.nearest(self.matrix, self.lengths, vectors, k, barred)
        return [self._neighbours(r, s) for r, s in zip(rows, scores, strict=True)]

    def analogy(
        self,
        plus: Sequence[Query],
        minus: Sequence[Query] = (),
        n: int = 10,
        *,
        method: Method = "3cosadd",
        restrict: int | None = None,
    ) -> Neighbours:
        """The words nearest to the sum of `plus` less `minus`; those words themselves excluded.

        Japan is to Tokyo as which is to Paris: `analogy(["日本", "パリ"], ["東京"])`.

        Parameters
        ----------
        method : "3cosadd" or "3cosmul" (Levy & Goldberg 2014, sections 3 and 6); vectors count at
            length 1.
        """
        if not len(plus) and not len(minus):
            raise ValueError("an analogy of no words")
        empty = np.empty((0, self.dim), np.float32)
        added, taken = (
            np.stack([self._vector(query) for query in side]) if len(side) else empty
            for side in (plus, minus)
        )
        own = self._known_rows(q for q in (*plus, *minus) if isinstance(q, str))
        rows, scores = nearest_to_terms(
            self.matrix, self.lengths, added, taken, self._available(n, restrict),
            method=method, exclude=own, restrict=restrict,
        )  # fmt: skip
        return self._neighbours(rows, scores)

    def odd_one_out(self, words: Sequence[str]) -> str:
        """The word of least mean cosine with the other ones (the first such)."""
        if len(words) < 3:
            raise BadInput(
                tr("An odd one out needs three words.", "仲間はずれには3語以上が必要です。"),
                remedy=tr("Give more words.", "語を増やしてください。"),
            )
        units = unit_rows(self.vectors(words)).astype(np.float64)
        cosines = units @ units.T
        return words[int((cosines.sum(axis=1) - np.diag(cosines)).argmin())]

    def sentence(self, words: Sequence[str], *, a: float = 1e-3) -> Floats:
        """float32[d], the mean of a sentence's words with SIF weights; see `sentences`."""
        return self.sentences([words], a=a, remove=0)[0]

    def sentences(
        self, sentences: Sequence[Sequence[str]], *, a: float = 1e-3, remove: int = 1
    ) -> Floats:
        """float32[S, d], sentences (lists of words) as means of their words, each weighing
        a / (a + p(w)), less what they have in common.

        Arora, Liang & Ma 2017, Algorithm 1. p(w) comes from the counts, or where there are none
        from the word's rank by Zipf's law. Words without a vector are passed over; those that get
        one from n-grams weigh 1. A sentence of no known word is zeros.

        Parameters
        ----------
        remove : how many principal components of these sentences are taken away; 0 none. They only
            mean something for many sentences.
        """
        weights = sif.sif_weights(sif.word_probabilities(self.counts, len(self)), a)
        means = np.zeros((len(sentences), self.dim), np.float32)
        for s, words in enumerate(sentences):
            total = np.zeros(self.dim, np.float64)
            rows = self.words.rows(words)
            known = rows[rows >= 0]
            total += weights[known] @ self.matrix.take(known).astype(np.float64)
            n = len(known)
            if self.subwords is not None:
                for place in np.flatnonzero(rows < 0).tolist():
                    vector = self.subwords.vector(words[place])
                    if vector is not None:
                        total += vector
                        n += 1
            if n:
                means[s] = total / n
        if remove and len(sentences):
            components = sif.principal_components(means, remove)
            means = sif.remove_components(means, components)
        return means

    def project(
        self, words: Sequence[str], method: ProjectionMethod = "pca", *, seed: int = 0
    ) -> NDArray[np.float64]:
        """float64[k, 2], places for words on a plane; see `bunsan.words.vectors.projection`."""
        return project(self.vectors(words), method, seed=seed)

    def to(self, storage: Storage) -> "WordVectors":
        """The same vectors in "float32", "float16" (half the memory) or "int8" (a quarter)."""
        subwords = None if self.subwords is None else self.subwords.to(storage)
        return WordVectors(
            self.words, self.matrix.to(storage), counts=self.counts, subwords=subwords,
            about=self.about, account=self.account,
        )  # fmt: skip

    def select(self, words: Iterable[str]) -> "WordVectors":
        """Only some of the words, in the order given; UnknownWord for one that is not there."""
        words = list(words)
        rows = self.words.rows(words)
        for place in np.flatnonzero(rows < 0).tolist():
            raise unknown_word(words[place], self.words)
        return self._rows(rows)

    def head(self, n: int) -> "WordVectors":
        """The first n words (all where there are no more), without a copy of numbers."""
        return self._rows(slice(0, min(n, len(self))))

    def build_index(self) -> Index:
        """The index for approximate search, kept beside the file the vectors are mapped from.

        Raises
        ------
        Missing : the library is not installed.
        """
        self._index = Index.build(self.matrix, self.lengths, self.path)
        return self._index

    def __repr__(self) -> str:
        return (
            f"<WordVectors: {len(self):,} words, {self.dim} dimensions, {self.matrix.storage}"
            + (f", n-grams {self.subwords.minn}-{self.subwords.maxn}" if self.subwords else "")
            + ">"
        )

    def _repr_html_(self) -> str:
        return display.summary(
            escape(repr(self)), self.words[:12], self.about, [str(note) for note in self.account]
        )

    _index: Index | None = None

    def _index_for(self, approximate: bool | None, restrict: int | None) -> Index | None:
        if approximate is False or restrict is not None:
            return None
        if approximate is None and len(self) <= APPROXIMATE_ABOVE:
            return None
        if self._index is None:
            self._index = kept_index(self.matrix, self.path)
        if self._index is None and approximate:
            self.build_index()
        return self._index

    def _rows(self, rows: Any) -> "WordVectors":
        subwords = self.subwords
        if subwords is not None and subwords.words is not None:
            subwords = replace(subwords, words=subwords.words.select(rows))
        return WordVectors(
            self.words.take(np.arange(len(self))[rows]), self.matrix.select(rows),
            counts=None if self.counts is None else self.counts[rows],
            subwords=subwords, about=self.about, account=self.account,
        )  # fmt: skip

    def _vector(self, query: Query) -> Floats:
        if isinstance(query, str):
            return self[query]
        vector = np.asarray(query, np.float32)
        if vector.shape != (self.dim,):
            raise ValueError(f"a vector of shape {vector.shape} among {self.dim} dimensions")
        return vector

    def _known_rows(self, words: Iterable[str]) -> NDArray[np.int64]:
        rows = np.unique(self.words.rows(list(words)))
        return rows[rows >= 0]

    def _available(self, n: int, restrict: int | None) -> int:
        return max(0, min(n, len(self) if restrict is None else min(restrict, len(self))))

    def _neighbours(self, rows: NDArray[np.int64], scores: Floats) -> Neighbours:
        found = rows[rows >= 0]
        return Neighbours([self.words[int(row)] for row in found], scores[: len(found)], found)
