"""Collections whose word vectors are drawn by chance, so that every cosine can be worked out."""

import random
from collections.abc import Sequence

import numpy as np

from bunsan.text.words import WordSettings
from bunsan.words.vectors.wordvectors import WordVectors

SPACES = WordSettings(analyzer="spaces")
WORDS = [f"w{i}" for i in range(40)]


def some_rows(n: int, seed: int = 0, most: int = 3) -> list[dict[str, str]]:
    """Documents of up to `most` sentences of up to nine words, no two alike."""
    rng = random.Random(seed)
    return [
        {
            "text": "\n".join(
                " ".join(rng.choices(WORDS, k=rng.randrange(1, 10))) + f" n{seed}x{i}."
                for _ in range(rng.randrange(1, most + 1))
            ),
            "g": rng.choice("ab"),
        }
        for i in range(n)
    ]


def some_vectors(seed: int = 0, dim: int = 48, words: Sequence[str] = WORDS) -> WordVectors:
    """Vectors with something in common, and counts that fall."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((len(words), dim)) + 0.7 * rng.standard_normal(dim)
    counts = np.arange(len(words), 0, -1) ** 2
    return WordVectors(words, matrix.astype(np.float32), counts=counts)
