"""Classes of texts (`classification`) and of pairs of texts (`pairs`): one of several, or any of several.

Devlin et al. 2019, §4.1: one linear layer on the vector of the first position.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from bunsan.tasks.finetuning.base import Item, Logits, Prediction, Prepared
from bunsan.tasks.finetuning.labels import (
    balanced,
    label_of,
    labels_of,
    separator,
    settled_labels,
    unseen,
)
from bunsan.tasks.finetuning.records import Looked, Record, listed
from bunsan.tasks.finetuning.softmax import sigmoid, softmax
from bunsan.tasks.finetuning.texts import TextTask
from bunsan.training.objectives.labelled import Kind


class Classification(TextTask):
    """Which class a text is of; with `multi`, which classes."""

    name: ClassVar[str] = "classification"
    scored = "classification"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.names: list[str] = []
        self.multi = bool(options.multi or options.separator)
        self.separator: str | None = options.separator
        self.threshold: float = 0.5 if options.threshold is None else options.threshold
        self._number: dict[str, int] = {}

    @property
    def kind(self) -> Kind:
        return "classes" if self.multi else "class"

    @property
    def labels(self) -> list[str]:
        return self.names

    @property
    def scored_as(self) -> str:
        return "multilabel" if self.multi else "classification"

    def changes(self) -> dict[str, Any]:
        kind = "multi" if self.multi else "single"
        return {"problem_type": f"{kind}_label_classification"}

    def resolve(self, table: Looked, truth: bool) -> None:
        first = not self.known
        super().resolve(table, truth)
        if not (truth and first):
            return
        place = table.columns.index(self.columns["label"])
        sample = [listed(cells[place]) for _, cells in table.sample]
        if any(isinstance(cell, (list, tuple)) for cell in sample):
            self.multi = True
        elif self.multi and self.separator is None:
            self.separator = separator(sample)

    def item(self, record: Record, truth: bool) -> Item | None:
        texts = self.texts(record)
        if texts is None:
            return None
        if not truth:
            return Item(record, texts)
        column = self.columns["label"]
        record.cells[column] = listed(record.cells[column])
        found: Any = (
            labels_of(record, column, self.separator) if self.multi else label_of(record, column)
        )
        return Item(record, texts, found)

    def settle(self, items: Sequence[Item]) -> None:
        rows = [(item.record, self._labels(item)) for item in items]
        self.names = settled_labels(rows, self.options.min_count)
        self._settled()

    def _settled(self) -> None:
        self._number = {name: i for i, name in enumerate(self.names)}

    def _labels(self, item: Item) -> tuple[str, ...]:
        return item.truth if self.multi else (item.truth,)

    def check(self, items: Sequence[Item]) -> None:
        for item in items:
            for label in self._labels(item):
                if label not in self._number:
                    raise unseen(item.record, label, self.names)

    def class_weights(self, items: Sequence[Item]) -> list[float] | None:
        if not self.options.balance:
            return None
        counts = Counter(label for item in items for label in self._labels(item))
        if not self.multi:
            return balanced([counts[name] for name in self.names])
        return [(len(items) - counts[name]) / max(counts[name], 1) for name in self.names]

    def target(self, item: Item) -> Any:
        numbers = [self._number[label] for label in self._labels(item)]
        if not self.multi:
            return np.int64(numbers[0])
        found = np.zeros(len(self.names), np.float32)
        found[numbers] = 1.0
        return found

    def decode(
        self, items: Sequence[Item], prepared: Sequence[Prepared], logits: Sequence[list[Logits]]
    ) -> list[Prediction]:
        table = np.stack([one[0] for one in logits])
        shares = sigmoid(table) if self.multi else softmax(table)
        found = []
        for row in shares:
            named = dict(zip(self.names, row.tolist(), strict=True))
            if self.multi:
                given = tuple(name for name, share in named.items() if share >= self.threshold)
                found.append(Prediction(given, probabilities=named))
            else:
                best = self.names[int(row.argmax())]
                found.append(Prediction(best, named[best], named))
        return found

    def probabilities_of(self, predictions: Sequence[Prediction]) -> Any:
        return np.array([[p.probabilities[name] for name in self.names] for p in predictions])

    def cells(self, item: Item, prediction: Prediction, *, probabilities: bool) -> dict[str, Any]:
        if self.multi:
            sign = self.separator or ";"
            found: dict[str, Any] = {"prediction": sign.join(prediction.value)}
        else:
            found = {"prediction": prediction.value, "probability": _short(prediction.probability)}
        if probabilities:
            found |= {f"p({name})": _short(p) for name, p in prediction.probabilities.items()}
        return found

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = {"labels": self.names, "multi": self.multi}
        if self.multi:
            found |= {"separator": self.separator, "threshold": self.threshold}
        return found

    def restore(self, state: Mapping[str, Any]) -> None:
        self.names = [str(name) for name in state["labels"]]
        self.multi = bool(state.get("multi", False))
        self.separator = state.get("separator")
        if self.options.threshold is None:
            self.threshold = float(state.get("threshold", 0.5))
        self._settled()


class Pairs(Classification):
    """How two texts stand to each other: entailment, paraphrase."""

    name = "pairs"
    pair = True


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
