"""How good answers are, by `measure.scores`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bunsan.tasks.finetuning.base import Item, Prediction, Task

if TYPE_CHECKING:
    from bunsan.measure.scores import Scores


@dataclass
class Judged:
    """Truths and answers, gathered piece by piece."""

    task: Task
    truth: list[Any] = field(default_factory=list)
    predicted: list[Any] = field(default_factory=list)
    probabilities: list[Any] = field(default_factory=list)

    def add(self, items: Sequence[Item], predictions: Sequence[Prediction]) -> None:
        """Those of which the truth is known."""
        known = [(i, p) for i, p in zip(items, predictions, strict=True) if i.truth is not None]
        self.truth += [self.task.truth_of(item) for item, _ in known]
        self.predicted += [self.task.value_of(prediction) for _, prediction in known]
        shares = self.task.probabilities_of([prediction for _, prediction in known])
        if shares is not None and len(known):
            self.probabilities.append(shares)

    def scores(self, seed: int = 0) -> "Scores | None":
        """None where no truth is known."""
        if not self.truth:
            return None
        from bunsan.measure.scores import score

        shares = np.concatenate(self.probabilities) if self.probabilities else None
        return score(
            self.task.scored_as,
            self.truth,
            self.predicted,
            probabilities=shares,
            labels=None if shares is None else self.task.labels,
            seed=seed,
        )
