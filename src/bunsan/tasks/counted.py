"""Vectors of counted contexts as vectors like any others: to be looked up, laid on a plane, saved."""

from typing import Any

import numpy as np

from bunsan.collection.stored import StoredCollection
from bunsan.tasks.similar import window_vectors
from bunsan.words.vectors.wordvectors import WordVectors

COUNTS = "counts"  # their name beside "word2vec" and the like
_REDUCED = 100  # dimensions


def counted_vectors(collection: StoredCollection) -> WordVectors:
    """PPMI of the words nearby, reduced by SVD, with the words as people see them, by frequency."""
    sparse = window_vectors(collection, min_count=2)
    dense = sparse.reduce(min(_REDUCED, min(sparse.weights.shape) - 1))
    frequency = collection.vocabulary.frequency[dense.ids]
    order = np.argsort(-frequency, kind="stable")
    labels = collection.vocabulary.labels(dense.ids[order])
    first: dict[str, int] = {}
    for row, label in enumerate(labels):
        first.setdefault(label, row)  # noun and verb of one spelling share a dot
    rows = np.array(list(first.values()), np.int64)
    matrix: Any = dense.matrix[order][rows]
    return WordVectors(list(first), matrix, counts=frequency[order][rows])
