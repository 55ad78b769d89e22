"""The answer to "which words are near?"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors.display import neighbours_table
from bunsan.words.vectors.matrix import Floats


@dataclass(frozen=True)
class Neighbours(Sequence[tuple[str, float]]):
    """The best words, best first: a sequence of (word, score).

    Attributes
    ----------
    words : k words. scores : float32[k], cosines (or the quotients of 3CosMul).
    rows : int64[k], where they are among the vectors.
    """

    words: list[str]
    scores: Floats
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Neighbours(self.words[place], self.scores[place], self.rows[place])
        return self.words[place], float(self.scores[place])

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return zip(self.words, self.scores.tolist(), strict=True)

    def __repr__(self) -> str:
        return "[" + ", ".join(f"({word!r}, {score:.3f})" for word, score in self) + "]"

    def _repr_html_(self) -> str:
        return neighbours_table(self.words, self.scores)
