"""Do vectors tell the same from the opposite?

Words stand where their opposites stand ("the train was early", "the train was late"), so that vectors
learned from the words around put 高い beside 安い: Mohammad, Dorr, Hirst & Turney 2013, "Computing
Lexical Contrast", Computational Linguistics 39; Nguyen, Schulte im Walde & Vu 2016,
"Integrating Distributional Lexical Contrast into Word Embeddings for Antonym-Synonym Distinction",
whose measure, the area under the curve of cosines, is taken here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors.evaluate.question_files import WordPair, read_word_pairs
from bunsan.words.vectors.nearest import reciprocal, unit_rows
from bunsan.words.vectors.wordvectors import WordVectors

PairLanguage = Literal["ja", "en"]
Relation = Literal["antonyms", "synonyms"]

_QUERIES = 256  # compared with a block of rows at once
_TIE = 1e-6  # cosines in float32 that differ by less are equal
_NEAR = (10, 0.1)  # a random word's rank differs from the word's by so many ranks and this share


@cache
def listed_pairs(language: PairLanguage, relation: Relation) -> tuple[WordPair, ...]:
    """bunsan's own pairs: 24 nouns, 24 verbs, 24 adjectives and 16 adverbs of each relation.

    The Japanese words are dictionary forms as the analyzer sudachi gives them; no word comes twice.
    """
    kept = files("bunsan.words.vectors.evaluate") / "pairs" / f"{language}_{relation}.tsv"
    with as_file(kept) as path:
        return tuple(read_word_pairs(path))


@dataclass(frozen=True)
class PairScores:
    """How near the two words of each pair lie, for the n pairs of which both have a vector.

    Attributes
    ----------
    pairs : those n. skipped : the others.
    cosines : float64[n].
    ranks : int64[n, 2], the place of b among the neighbours of a, and of a among those of b; 1 is the
        nearest word of all, and equal cosines share the better place.
    """

    pairs: list[WordPair]
    skipped: list[WordPair]
    cosines: NDArray[np.float64]
    ranks: NDArray[np.int64]


def score_pairs(vectors: WordVectors, pairs: Sequence[WordPair]) -> PairScores:
    """Cosines and ranks of pairs of words."""
    a = vectors.words.rows([pair.a for pair in pairs])
    b = vectors.words.rows([pair.b for pair in pairs])
    both = (a >= 0) & (b >= 0)
    asked = [pair for pair, known in zip(pairs, both, strict=True) if known]
    skipped = [pair for pair, known in zip(pairs, both, strict=True) if not known]
    a, b = a[both], b[both]
    if not asked:
        return PairScores([], skipped, np.empty(0), np.empty((0, 2), np.int64))
    first = unit_rows(vectors.matrix.take(a))
    second = unit_rows(vectors.matrix.take(b))
    cosines = np.einsum("ij,ij->i", first, second, dtype=np.float64)
    ranks = [_ranks(vectors, u, own, other, cosines) for u, own, other in
             ((first, a, b), (second, b, a))]  # fmt: skip
    return PairScores(asked, skipped, cosines, np.stack(ranks, axis=1))


def _ranks(
    vectors: WordVectors,
    units: NDArray[np.float32],
    own: NDArray[np.int64],
    other: NDArray[np.int64],
    cosines: NDArray[np.float64],
) -> NDArray[np.int64]:
    """One more than the words of greater cosine than the other one's, the word itself not counted."""
    above = np.zeros(len(units), np.int64)
    factors = reciprocal(vectors.lengths)
    bound = (cosines + _TIE).astype(np.float32)[:, None]
    for start, block in vectors.matrix.blocks():
        factor = factors[start : start + len(block)]
        for begin in range(0, len(units), _QUERIES):
            part = slice(begin, begin + _QUERIES)
            greater = (units[part] @ block.T) * factor > bound[part]
            for rows in (own, other):
                place = rows[part] - start
                inside = np.flatnonzero((place >= 0) & (place < len(block)))
                greater[inside, place[inside]] = False
            above[part] += greater.sum(axis=1)
    return above + 1


def random_pairs(vectors: WordVectors, pairs: Sequence[WordPair], seed: int = 0) -> list[WordPair]:
    """For each pair, two other words about as frequent as its two: what nearness means by chance.

    Frequency is that of the counts, or the order of the words where there are none. Words of the
    pairs themselves are not drawn; a pair with an unknown word gives none.
    """
    n = len(vectors)
    order = np.arange(n)
    if vectors.counts is not None:
        order = np.argsort(-vectors.counts, kind="stable")
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    listed = {word for pair in pairs for word in (pair.a, pair.b)}
    rng = np.random.default_rng(seed)
    drawn = []
    for pair in pairs:
        rows = vectors.words.rows([pair.a, pair.b])
        if (rows < 0).any():
            continue
        words: list[str] = []
        for place in rank[rows].tolist():
            reach = _NEAR[0] + int(_NEAR[1] * place)
            near = [vectors.words[int(order[r])]
                    for r in rng.permutation(np.arange(max(0, place - reach), min(n, place + reach + 1)))[:50]]  # fmt: skip
            words += [w for w in near if w not in listed and w not in words][:1]
        if len(words) == 2:
            drawn.append(WordPair(words[0], words[1], pair.kind))
    return drawn
