"""Labelled examples in memory: what a model is fine-tuned on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.training.windows import numbers_at

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Example:
    """One input with what should come out.

    Attributes
    ----------
    rows : token ids with special tokens, (q) each: one text, or one a choice.
    types : (q) which of two texts a token is of, a row each; None where all are 0.
    target : what the objective wants: a class number, 0 or 1 for every class, a number, a label for
        every token, first and last token of an answer. None where nothing is known.
    """

    rows: tuple[Ids, ...]
    types: tuple[Ids, ...] | None = None
    target: Any = None

    @property
    def cells(self) -> int:
        """Tokens with padding between the rows: what it takes of a batch."""
        return len(self.rows) * max(len(row) for row in self.rows)


class Examples:
    """Examples in an order that `seed` decides, anew in every round: a `TrainingData`."""

    def __init__(self, examples: Sequence[Example], seed: int = 0) -> None:
        if not examples:
            raise BadInput(
                tr("There are no examples to train on.", "学習に使える例がありません。"),
                remedy=tr("Give rows with labels.", "ラベルのある行を用意してください。"),
            )
        self.examples, self.seed = examples, seed
        self._cells = np.array([example.cells for example in examples], np.int64)

    def __len__(self) -> int:
        return len(self.examples)

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which examples stand at these places; after the last one a new order of all begins."""
        return numbers_at(places, len(self.examples), self.seed)

    def lengths(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """What each takes of a batch, in tokens."""
        return self._cells[numbers]

    def read(self, places: NDArray[np.int64]) -> list[Example]:
        """The examples at these places of the order."""
        return [self.examples[i] for i in self.numbers(places).tolist()]
