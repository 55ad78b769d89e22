"""Vectors of the words that have one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors.matrix import Floats
from bunsan.words.vectors.wordvectors import WordVectors


def known_vectors(
    vectors: WordVectors, words: Sequence[str], *, unseen: bool = False
) -> tuple[Floats, NDArray[np.bool_]]:
    """float32[k, d] and bool[k]: vectors of words (zeros where there is none), and which have one.

    Parameters
    ----------
    unseen : n-grams may give a vector to a word that is not known.
    """
    rows = vectors.words.rows(words)
    known = rows >= 0
    found = np.zeros((len(words), vectors.dim), np.float32)
    found[known] = vectors.matrix.take(rows[known])
    if unseen and vectors.subwords is not None:
        for place in np.flatnonzero(~known).tolist():
            vector = vectors.subwords.vector(words[place])
            if vector is not None:
                found[place], known[place] = vector, True
    return found, known
