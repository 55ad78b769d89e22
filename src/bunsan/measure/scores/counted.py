"""Precision, recall and F1 of labels, from how often each is true, predicted, and both."""

from typing import Any

from bunsan.measure.scores.resampling import Floats, Ints, ratio, sums


class LabelCounts:
    """What classes, sets of labels and spans have in common.

    Attributes
    ----------
    labels : L of them. types, n_types : see `Measure`.
    true, predicted, both : CSR [L, n_types], how often each label is so in an item of each type.
    """

    labels: tuple[Any, ...]
    types: Ints
    n_types: int
    true: Any
    predicted: Any
    both: Any

    def counts(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """float64[B, L] thrice: both, true, predicted."""
        return sums(self.both, weights), sums(self.true, weights), sums(self.predicted, weights)

    def by_label(self, weights: Floats) -> dict[str, Floats]:
        """float64[B, L] each: precision, recall, f1; 0 where nothing was predicted or nothing is
        true."""
        both, true, predicted = self.counts(weights)
        return {
            "precision": ratio(both, predicted),
            "recall": ratio(both, true),
            "f1": ratio(2 * both, true + predicted),
        }

    @staticmethod
    def macro_f1(both: Floats, true: Floats, predicted: Floats) -> Floats:
        """float64[B], the mean over the labels that are true or predicted anywhere."""
        present = (true + predicted) > 0
        return ratio(
            ratio(2 * both, true + predicted).sum(axis=1), present.sum(axis=1).astype(float)
        )

    @staticmethod
    def micro(both: Floats, true: Floats, predicted: Floats) -> tuple[Floats, Floats, Floats]:
        """float64[B] thrice: precision, recall, F1 of all labels together."""
        b, t, p = both.sum(axis=1), true.sum(axis=1), predicted.sum(axis=1)
        return ratio(b, p), ratio(b, t), ratio(2 * b, t + p)
