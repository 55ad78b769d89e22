"""Occurrences of a word as directions: the weighted mean of the words around each.

Schütze 1998, "Automatic Word Sense Discrimination", Computational Linguistics 24: an
occurrence is the centroid of the vectors of the words around it, and a sense is a group of similar
occurrences. Words weigh a / (a + p(w)) here (Arora, Liang & Ma 2017, Algorithm 1), and the mean of
all occurrences is taken away, so that what they share does not hide what parts them. (Arora's first
principal component would not do: where two senses have nothing in common it is the more frequent
one.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors import sif
from bunsan.words.vectors.matrix import Floats
from bunsan.words.vectors.nearest import unit_rows
from bunsan.words.vectors.wordvectors import WordVectors


@dataclass(frozen=True)
class Contexts:
    """n occurrences of a word.

    Attributes
    ----------
    means : float32[n, d], the weighted means of the words around.
    units : float32[n, d], those less `common`, at length 1; zeros where no word around has a vector.
    known : bool[n], where one has.
    common : float32[d], the mean of the means.
    """

    means: Floats
    units: Floats
    known: NDArray[np.bool_]
    common: Floats

    def place(self, vectors: Floats) -> Floats:
        """float32[k, d], vectors [k, d] put among `units`: a word's as if it alone stood around."""
        return unit_rows(vectors - self.common)


def context_vectors(
    vectors: WordVectors, around: NDArray[np.integer], *, a: float = 1e-3
) -> Contexts:
    """The words around each occurrence as one direction.

    Parameters
    ----------
    around : int[n, w], rows of `vectors`; -1 is no word.
    a : see `WordVectors.sentences`.
    """
    rows = np.asarray(around, np.int64)
    weights = sif.sif_weights(sif.word_probabilities(vectors.counts, len(vectors)), a)
    weight = np.where(rows >= 0, weights[np.maximum(rows, 0)] if len(vectors) else 0.0, 0.0)
    means = np.zeros((len(rows), vectors.dim), np.float32)
    used, place = np.unique(np.maximum(rows, 0), return_inverse=True)
    table = vectors.matrix.take(used) if len(vectors) else np.zeros((1, vectors.dim), np.float32)
    place = place.reshape(rows.shape)
    total = weight.sum(axis=1)
    known = total > 0
    for i in np.flatnonzero(known).tolist():
        means[i] = (weight[i] / total[i]) @ table[place[i]]
    common = np.zeros(vectors.dim, np.float32)
    if known.any():
        common = means[known].mean(axis=0, dtype=np.float64).astype(np.float32)
    units = unit_rows(means - common)
    units[~known] = 0
    return Contexts(means, units, known, common)
