"""One of several answers to a question (`choices`): each is read with the question, and scored
(Devlin et al. 2019, §4.4).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bunsan.base.language import tr
from bunsan.tasks.finetuning.base import Item, Logits, Prediction, Prepared, Task
from bunsan.tasks.finetuning.columns import (
    LABELS,
    QUESTIONS,
    choice_columns,
    told_or_named,
)
from bunsan.tasks.finetuning.records import Looked, Record, listed, text_of
from bunsan.tasks.finetuning.softmax import softmax
from bunsan.tasks.finetuning.squad import read_squad
from bunsan.text.readers.opening import Source
from bunsan.text.readers.reading import Reading
from bunsan.text.readers.table import as_text
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example
from bunsan.training.objectives.labelled import Kind

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Choices(Task):
    """Which of the choices answers the question."""

    name = "choices"
    head = "choice"
    scored = "choices"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.counting = 0  # 0 or 1: from where labels count; -1: they are letters; -2: the texts

    @property
    def kind(self) -> Kind:
        return "choice"

    @property
    def labels(self) -> None:
        return None

    def special(self, source: Source, reading: Reading, truth: bool) -> Iterator[Record] | None:
        """A .json that is one list of objects."""
        found = read_squad(source, reading)
        first = None if found is None else next(found, None)
        if found is None or first is None:
            return None
        self.resolve(Looked(list(first.cells), [], source.name), truth)
        return (one for part in ([first], found) for one in part)

    def resolve(self, table: Looked, truth: bool) -> None:
        question = told_or_named(
            table,
            self.told("question", "text"),
            (*QUESTIONS, "text", "premise", "本文"),
            tr("questions", "質問"),
            "--question",
        )
        chosen = self.told("choices")
        names = [chosen] if isinstance(chosen, str) else chosen
        found: dict[str, Any] = {"question": question, "choices": choice_columns(table, names)}
        if truth:
            rest = [c for c in table.columns if c not in found["choices"] and c != question]
            found["label"] = told_or_named(
                Looked(rest, [], table.file),
                self.told("label"),
                LABELS,
                tr("labels", "ラベル"),
                "--label",
            )
        elif self.told("label") in table.columns:
            found["label"] = self.told("label")
        self.found(found, truth)

    def item(self, record: Record, truth: bool) -> Item | None:
        question = text_of(record, self.columns["question"])
        columns = self.columns["choices"]
        cell = listed(record.cells.get(columns[0])) if len(columns) == 1 else None
        if isinstance(cell, dict):  # {"label": [...], "text": [...]}
            cell = cell.get("text")
        if isinstance(cell, (list, tuple)):
            choices = [as_text(one) for one in cell]
        else:
            choices = [text_of(record, column) for column in columns]
            while choices and choices[-1] is None:  # a question with fewer choices than others
                choices.pop()
        if question is None or not choices:
            return None
        if None in choices or len(choices) < 2:
            raise record.bad(
                tr("A choice is missing.", "選択肢が欠けています。"),
                tr("Give at least two, without gaps.", "二つ以上を、間をあけずに入れてください。"),
            )
        texts = (question, *(choice for choice in choices if choice is not None))
        if not truth:
            return Item(record, texts)
        label = as_text(record.cells.get(self.columns["label"]))
        return Item(record, texts, None if label is None else label.strip())

    def settle(self, items: Sequence[Item]) -> None:
        labels = {item.truth for item in items}
        if all(label.isdecimal() for label in labels):
            numbers = {int(label) for label in labels}
            most = max(len(item.texts) - 1 for item in items)
            self.counting = 1 if 0 not in numbers and most in numbers else 0
            if self.counting:
                self.notes.append(
                    tr("Labels count choices from 1.", "ラベルは選択肢を 1 から数えています。")
                )
        elif all(len(label) == 1 and label.upper() in _LETTERS for label in labels):
            self.counting = -1
        else:
            self.counting = -2
        self.check(items)

    def check(self, items: Sequence[Item]) -> None:
        for item in items:
            self._index(item)

    def _index(self, item: Item) -> int:
        """Which choice, from 0."""
        choices, label = item.texts[1:], item.truth
        index = -1
        if self.counting == -2:
            index = choices.index(label) if label in choices else -1
        elif self.counting == -1:
            index = _LETTERS.find(label.upper()) if len(label) == 1 else -1
        elif label.isdecimal():
            index = int(label) - self.counting
        if not 0 <= index < len(choices):
            raise item.record.bad(
                tr(
                    f"The label {label!r} names none of the {len(choices)} choices.",
                    f"ラベル {label!r} は {len(choices)} 個の選択肢のどれでもありません。",
                ),
                tr(
                    "Labels are numbers of choices (from 0 or from 1), letters (A, B, ...) or their texts.",
                    "ラベルは選択肢の番号(0 または 1 から)、文字(A、B、…)、または選択肢の文です。",
                ),
            )
        return index

    def _name(self, item: Item, index: int) -> str:
        """A choice as the data label it."""
        if self.counting == -2:
            return item.texts[1 + index]
        return _LETTERS[index] if self.counting == -1 else str(index + self.counting)

    def prepare(self, items: Sequence[Item], tokenizer: Tokenizer) -> list[Prepared]:
        firsts = [item.texts[0] for item in items for _ in item.texts[1:]]
        seconds = [choice for item in items for choice in item.texts[1:]]
        encodings = iter(tokenizer.encode_batch(firsts, seconds, max_length=self.max_length))
        found = []
        for item in items:
            own = [next(encodings) for _ in item.texts[1:]]
            target = None if item.truth is None else np.int64(self._index(item))
            ids, types = tuple(one.ids for one in own), tuple(one.type_ids for one in own)
            found.append(Prepared([Example(ids, types, target)]))
        return found

    def decode(
        self, items: Sequence[Item], prepared: Sequence[Prepared], logits: Sequence[list[Logits]]
    ) -> list[Prediction]:
        found = []
        for item, (scores,) in zip(items, logits, strict=True):
            shares = softmax(scores[: len(item.texts) - 1])
            best = int(shares.argmax())
            named = {self._name(item, i): float(share) for i, share in enumerate(shares)}
            found.append(
                Prediction(
                    self._name(item, best), float(shares[best]), named, text=item.texts[1 + best]
                )
            )
        return found

    def truth_of(self, item: Item) -> Any:
        return self._index(item)

    def value_of(self, prediction: Prediction) -> Any:
        return list(prediction.probabilities).index(prediction.value)

    def cells(self, item: Item, prediction: Prediction, *, probabilities: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "prediction": prediction.value,
            "choice": prediction.text,
            "probability": round(prediction.probability or 0.0, 6),
        }
        if probabilities and self.counting != -2:
            found |= {f"p({name})": round(p, 6) for name, p in prediction.probabilities.items()}
        return found

    def state(self) -> dict[str, Any]:
        return {"counting": self.counting}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.counting = int(state.get("counting", 0))
