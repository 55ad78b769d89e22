"""Classification: one class a text. And choosing: one of a text's own choices."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from bunsan.measure.scores.counted import LabelCounts
from bunsan.measure.scores.resampling import Floats, Ints, ratio

_LEAST = float(np.finfo(np.float64).eps)  # a probability of 0 would make the loss infinite


class Classes(LabelCounts):
    """accuracy, macro_f1, matthews, and log_loss where there are probabilities.

    Parameters
    ----------
    truth, predicted : [n], a class each: strings, integers or booleans.
    labels : all classes in order, that of the columns of `probabilities`; if None those of `truth`
        and `predicted`, sorted.
    probabilities : [n, C], of each class.

    Macro F1 is the mean over the classes that are true or predicted anywhere in a (re)sample, as in
    scikit-learn. Matthews' coefficient for any number of classes is R_K of Gorodkin (2004),
    "Comparing two K-category assignments by a K-category correlation coefficient", Computational
    Biology and Chemistry 28; 0 where truth or predictions have one class only.
    """

    def __init__(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        labels: Sequence[Any] | None = None,
        probabilities: ArrayLike | None = None,
    ) -> None:
        true, guess = [plain(v) for v in truth], [plain(v) for v in predicted]
        self.labels = ordered({*true, *guess}) if labels is None else tuple(map(plain, labels))
        number = {label: i for i, label in enumerate(self.labels)}
        strange = [v for v in (*true, *guess) if v not in number]
        if strange:
            raise ValueError(f"{strange[0]!r} is not among the labels")
        t = np.array([number[v] for v in true], np.int64)
        p = np.array([number[v] for v in guess], np.int64)
        n, size = len(t), len(self.labels)
        self.confusion = np.bincount(t * size + p, minlength=size * size).reshape(size, size)
        self._loss: Floats | None = None
        if probabilities is None:
            pairs, self.types = np.unique(t * size + p, return_inverse=True)
            t, p = pairs // size, pairs % size
        else:
            table = np.asarray(probabilities, np.float64)
            if table.shape != (n, size):
                raise ValueError(f"probabilities of shape {table.shape} for {n} of {size} classes")
            self.types = np.arange(n)
            self._loss = -np.log(np.clip(table[np.arange(n), t], _LEAST, 1))
        self.n_types = len(t)
        ones, at = np.ones(self.n_types), np.arange(self.n_types)
        shape = (size, self.n_types)
        self.true = csr_array((ones, (t, at)), shape=shape)
        self.predicted = csr_array((ones, (p, at)), shape=shape)
        self.both = csr_array(((t == p).astype(np.float64), (t, at)), shape=shape)

    def at(self, weights: Floats) -> dict[str, Floats]:
        """See `Measure`."""
        both, true, predicted = self.counts(weights)
        n, right = weights.sum(axis=1), both.sum(axis=1)
        above = right * n - (true * predicted).sum(axis=1)
        spread = (n**2 - (true**2).sum(axis=1)) * (n**2 - (predicted**2).sum(axis=1))
        found = {
            "accuracy": right / n,
            "macro_f1": self.macro_f1(both, true, predicted),
            "matthews": ratio(above, np.sqrt(np.maximum(spread, 0))),
        }
        if self._loss is not None:
            found["log_loss"] = weights @ self._loss / n
        return found


class Choices:
    """accuracy of picking one of several choices, and log_loss where there are probabilities.

    Parameters
    ----------
    truth, predicted : [n], the number of a choice each.
    probabilities : n rows of one probability a choice; rows may differ in length.
    """

    def __init__(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        probabilities: Sequence[ArrayLike] | None = None,
    ) -> None:
        right = np.array([plain(a) == plain(b) for a, b in zip(truth, predicted, strict=True)])
        self._loss: Floats | None = None
        self.types: Ints = right.astype(np.int64)
        self.n_types = 2
        self._right = np.array([0.0, 1.0])
        if probabilities is not None:
            given = [
                float(np.asarray(row)[int(t)]) for row, t in zip(probabilities, truth, strict=True)
            ]
            self._loss = -np.log(np.clip(given, _LEAST, 1))
            self.types, self.n_types = np.arange(len(right)), len(right)
            self._right = right.astype(np.float64)

    def at(self, weights: Floats) -> dict[str, Floats]:
        """See `Measure`."""
        n = weights.sum(axis=1)
        found = {"accuracy": weights @ self._right / n}
        if self._loss is not None:
            found["log_loss"] = weights @ self._loss / n
        return found


def plain(value: Any) -> Any:
    """A numpy scalar as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def ordered(labels: Iterable[Any]) -> tuple[Any, ...]:
    """Labels sorted; by their names where they cannot be compared."""
    found = list(labels)
    try:
        return tuple(sorted(found))
    except TypeError:
        return tuple(sorted(found, key=lambda label: (type(label).__name__, str(label))))
