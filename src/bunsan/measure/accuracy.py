"""How many answers are right, with an interval, and how many questions could be asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from bunsan.measure.intervals import wilson


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Right answers among the questions that were asked.

    Attributes
    ----------
    right, asked : counts. skipped : questions that could not be asked (a word is unknown).
    """

    right: int
    asked: int
    skipped: int = 0

    @property
    def share(self) -> float:
        """Right answers per question asked; NaN where none was."""
        return self.right / self.asked if self.asked else float("nan")

    @property
    def coverage(self) -> float:
        """Questions asked per question there is; NaN where there is none."""
        total = self.asked + self.skipped
        return self.asked / total if total else float("nan")

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Wilson's score interval of `share` (see `bunsan.measure.intervals.wilson`)."""
        low, high = wilson(self.right, self.asked, level)
        return float(low), float(high)


def pooled(parts: Iterable[Accuracy]) -> Accuracy:
    """All questions together: every question weighs the same, not every part."""
    parts = list(parts)
    return Accuracy(
        sum(part.right for part in parts),
        sum(part.asked for part in parts),
        sum(part.skipped for part in parts),
    )
