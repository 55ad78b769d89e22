"""Sentences as weighted means of their words.

Arora, Liang & Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", Algorithm 1:
each word weighs a / (a + p(w)), its smooth inverse frequency, and what all sentences have in common
(their first principal component) is taken away.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.words.vectors.matrix import Floats


def word_probabilities(counts: ArrayLike | None, n_words: int) -> NDArray[np.float64]:
    """float64[V], how likely each word is in running text.

    Without counts it is taken from the word's rank by Zipf's law, p = 1 / (rank sum_r 1/r): files
    of vectors list words by falling frequency.
    """
    weights = np.asarray(1 / np.arange(1, n_words + 1) if counts is None else counts, np.float64)
    total = float(weights.sum())
    return np.asarray(weights / total if total > 0 else weights, np.float64)


def sif_weights(probabilities: ArrayLike, a: float = 1e-3) -> NDArray[np.float64]:
    """a / (a + p(w)) of every word."""
    if a <= 0:
        raise ValueError("a must be above 0")
    return np.asarray(a / (a + np.asarray(probabilities, np.float64)), np.float64)


def principal_components(vectors: Floats, n: int = 1) -> Floats:
    """float32[n, d], the directions the vectors share most: their first right singular vectors,
    not centred, as in Algorithm 1."""
    gram = vectors.T.astype(np.float64) @ vectors.astype(np.float64)
    _, directions = np.linalg.eigh(gram)
    return np.asarray(directions[:, ::-1][:, :n].T, np.float32)


def remove_components(vectors: Floats, components: Floats) -> Floats:
    """The vectors less their projection on `components` (orthonormal rows)."""
    return np.asarray(vectors - (vectors @ components.T) @ components, np.float32)
