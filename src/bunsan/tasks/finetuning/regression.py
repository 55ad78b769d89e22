"""Numbers for texts (`regression`) and for pairs of texts (`similarity`).

One output trained with the squared error (Devlin et al. 2019, §4.1, STS-B). The numbers are scaled to mean
0 and deviation 1 for training, so that prices learn as well as grades; afterwards the scale is put into
the output layer, and the model says numbers as they stand in the data.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.base import Item, Logits, Prediction, Prepared
from bunsan.tasks.finetuning.records import Record
from bunsan.tasks.finetuning.texts import TextTask
from bunsan.text.readers.table import as_text
from bunsan.training.objectives.labelled import Kind


class Regression(TextTask):
    """A number for a text."""

    name: ClassVar[str] = "regression"
    scored = "regression"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.mean, self.deviation = 0.0, 1.0

    @property
    def kind(self) -> Kind:
        return "number"

    @property
    def labels(self) -> list[str]:
        return ["LABEL_0"]

    def changes(self) -> dict[str, Any]:
        return {"problem_type": "regression"}

    def item(self, record: Record, truth: bool) -> Item | None:
        texts = self.texts(record)
        if texts is None:
            return None
        return Item(record, texts, _number(record, self.columns["label"]) if truth else None)

    def settle(self, items: Sequence[Item]) -> None:
        numbers = np.array([item.truth for item in items], np.float64)
        self.mean = float(numbers.mean()) if len(numbers) else 0.0
        self.deviation = float(numbers.std()) if len(numbers) else 0.0
        if not self.deviation > 0:
            raise BadInput(
                tr("All numbers are the same.", "数値がすべて同じです。"),
                remedy=tr(
                    "Check the label column (--label).", "ラベルの列(--label)を確かめてください。"
                ),
                file=items[0].record.source if items else None,
            )

    def target(self, item: Item) -> Any:
        return np.float32((item.truth - self.mean) / self.deviation)

    @torch.no_grad()
    def finish(self, output: nn.Linear) -> None:
        output.weight.mul_(self.deviation)
        output.bias.mul_(self.deviation).add_(self.mean)

    def decode(
        self, items: Sequence[Item], prepared: Sequence[Prepared], logits: Sequence[list[Logits]]
    ) -> list[Prediction]:
        return [Prediction(float(one[0][0])) for one in logits]

    def cells(self, item: Item, prediction: Prediction, *, probabilities: bool) -> dict[str, Any]:
        return {"prediction": float(np.float32(prediction.value))}

    def state(self) -> dict[str, Any]:
        return {"mean": self.mean, "deviation": self.deviation}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.mean = float(state.get("mean", 0.0))
        self.deviation = float(state.get("deviation", 1.0))


class Similarity(Regression):
    """A number for two texts."""

    name = "similarity"
    pair = True


def _number(record: Record, column: str) -> float | None:
    text = as_text(record.cells.get(column))
    if text is None:
        return None
    try:
        number = float(unicodedata.normalize("NFKC", text).replace(",", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise record.bad(
            tr(
                f"{column!r} is no number: {text!r}.",
                f"{column!r} が数値ではありません: {text!r}。",
            ),
            tr(
                "Correct it or leave the cell empty; words are learned with the task classification.",
                "直すか空欄にしてください。語のラベルは classification で学習します。",
            ),
        )
    return number
