"""Multi-label classification: any number of labels a text."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.measure.scores.classes import ordered, plain
from bunsan.measure.scores.counted import LabelCounts
from bunsan.measure.scores.resampling import Floats

_LEAST = float(np.finfo(np.float64).eps)


class LabelSets(LabelCounts):
    """micro_f1, macro_f1, exact_match, and log_loss (the mean over labels) where there are
    probabilities.

    Parameters
    ----------
    truth, predicted : [n], a set or list of labels each; or a table [n, L] of 0 and 1.
    labels : all labels in order, that of the columns of tables.
    probabilities : [n, L], of each label; needs tables or `labels`.

    Two empty sets match exactly. Macro F1 is the mean over the labels that are true or predicted
    anywhere in a (re)sample.
    """

    def __init__(
        self,
        truth: Any,
        predicted: Any,
        labels: Sequence[Any] | None = None,
        probabilities: Any = None,
    ) -> None:
        if isinstance(truth, np.ndarray) and truth.ndim == 2:
            true, guess = np.asarray(truth) > 0, np.asarray(predicted) > 0
            if true.shape != guess.shape:
                raise ValueError(f"tables of shapes {true.shape} and {guess.shape}")
            self.labels = tuple(range(true.shape[1])) if labels is None else tuple(labels)
        else:
            self.labels = (
                ordered({plain(v) for row in (*truth, *predicted) for v in row})
                if labels is None
                else tuple(labels)
            )
            true, guess = self._table(truth), self._table(predicted)
        n = len(true)
        self.types, self.n_types = np.arange(n), n
        self.true, self.predicted = csr_array(true.T * 1.0), csr_array(guess.T * 1.0)
        self.both = csr_array((true & guess).T * 1.0)
        self._exact = (true == guess).all(axis=1).astype(np.float64)
        self._loss: Floats | None = None
        if probabilities is not None:
            p = np.asarray(probabilities, np.float64)
            if p.shape != true.shape:
                raise ValueError(f"probabilities of shape {p.shape} for {true.shape}")
            p = np.clip(np.where(true, p, 1 - p), _LEAST, 1)
            self._loss = -np.log(p).mean(axis=1)

    def at(self, weights: Floats) -> dict[str, Floats]:
        """See `Measure`."""
        counts = self.counts(weights)
        n = weights.sum(axis=1)
        found = {
            "micro_f1": self.micro(*counts)[2],
            "macro_f1": self.macro_f1(*counts),
            "exact_match": weights @ self._exact / n,
        }
        if self._loss is not None:
            found["log_loss"] = weights @ self._loss / n
        return found

    def _table(self, rows: Sequence[Collection[Any]]) -> NDArray[np.bool_]:
        number = {label: i for i, label in enumerate(self.labels)}
        table = np.zeros((len(rows), len(self.labels)), np.bool_)
        for i, row in enumerate(rows):
            for label in row:
                if plain(label) not in number:
                    raise ValueError(f"{label!r} is not among the labels")
                table[i, number[plain(label)]] = True
        return table
