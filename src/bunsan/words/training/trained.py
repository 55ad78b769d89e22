"""What training leaves behind, and what it tells on the way."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# on_progress(words done, words in all, loss or None, learning rate, words per second)
OnProgress = Callable[[int, int, float | None, float, float], None]


@dataclass(frozen=True)
class Trained:
    """Word vectors that were learned.

    Attributes
    ----------
    words, counts : as of the corpus, V of them.
    vectors : float32[V, dim], what words mean: input vectors; with n-grams the mean of a word's own
        row and those of its n-grams (and its reading's, where they were asked for).
    outputs : float32[V, dim], the vectors words are predicted with; with hierarchical softmax
        float32[V-1, dim], those of the tree's inner nodes, the root last.
    losses : the mean loss over each epoch, per word predicted.
    seconds, processor_seconds : spent on training, by the clock and by all threads together.
    own : float32[V, dim], the words' own rows where there are n-grams, else None.
    ngrams : float32[U, dim], the rows of the n-grams that occur, else None.
    buckets : int64[U] ascending, the buckets these n-grams are hashed to, else None.
    """

    words: list[str]
    counts: NDArray[np.int64]
    vectors: Floats
    outputs: Floats
    losses: list[float]
    seconds: float
    processor_seconds: float
    own: Floats | None = None
    ngrams: Floats | None = None
    buckets: NDArray[np.int64] | None = None
