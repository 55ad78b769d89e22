"""What tests of word vectors share: small vectors and the slow, obvious ways."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.ngrams import ngram_buckets
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

WORDS = [
    "日本",
    "東京",
    "パリ",
    "フランス",
    "a",
    "b_c",
    "ﾊﾝｶｸ",
    "𠮷野",
    "naïve",
    "ENTITY/東京",
    "1",
    "-0.5",
]


def small_vectors(
    n: int = 12, dim: int = 5, *, seed: int = 0, counts: bool = True, ngrams: bool = False
) -> WordVectors:
    """The first n of some words (numbered ones after them) with random vectors."""
    words = WORDS[:n] + [f"語{i}" for i in range(len(WORDS), n)]
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((n, dim), np.float32)
    subwords = None
    if ngrams:
        own = Matrix(matrix)
        table = rng.standard_normal((50, dim), np.float32)
        subwords = Subwords(Matrix(table), 1, 3, 50, None, own)
        matrix = np.stack(
            [
                np.mean([m, *table[ngram_buckets(w, 1, 3, 50)]], axis=0)
                for w, m in zip(words, matrix, strict=True)
            ]
        ).astype(np.float32)
    return WordVectors(
        words,
        matrix,
        counts=np.arange(n)[::-1] + 1 if counts else None,
        subwords=subwords,
        about={"method": "test"},
    )


def assert_same(a: WordVectors, b: WordVectors) -> None:
    """Words and numbers are equal, bit for bit."""
    assert list(a.words) == list(b.words)
    np.testing.assert_array_equal(a.matrix.take(slice(None)), b.matrix.take(slice(None)))


def slow_cosines(matrix: NDArray[np.float32], query: Sequence[float]) -> NDArray[np.float64]:
    """Cosines one by one in double precision; 0 where one side is zeros."""
    cosines = []
    q = np.asarray(query, np.float64)
    for row in matrix.astype(np.float64):
        product = np.linalg.norm(row) * np.linalg.norm(q)
        cosines.append(float(row @ q / product) if product > 0 else 0.0)
    return np.array(cosines)
