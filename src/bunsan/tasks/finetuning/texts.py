"""Tasks that read one text or two: their columns, their inputs."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from bunsan.tasks.finetuning.base import Item, Prepared, Task
from bunsan.tasks.finetuning.columns import label_column, pair_columns, text_column
from bunsan.tasks.finetuning.records import Looked, Record, text_of
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example


class TextTask(Task):
    """One answer a text, or a pair of texts."""

    head = "classification"
    pair: ClassVar[bool] = False

    def resolve(self, table: Looked, truth: bool) -> None:
        if self.pair:
            first, second = pair_columns(table, self.told("text"), self.told("text2"))
            found: dict[str, Any] = {"text": first, "text2": second}
        else:
            found = {"text": text_column(table, self.told("text"), self.told("label"))}
        if truth:
            found["label"] = label_column(table, self.told("label"), list(found.values()))
        elif self.told("label") in table.columns:
            found["label"] = self.told("label")
        self.found(found, truth)

    def texts(self, record: Record) -> tuple[str, ...] | None:
        """What is read of a row; None where a text is missing."""
        names = [self.columns["text"], *([self.columns["text2"]] if self.pair else [])]
        found = [text_of(record, name) for name in names]
        return None if None in found else tuple(text for text in found if text is not None)

    def prepare(self, items: Sequence[Item], tokenizer: Tokenizer) -> list[Prepared]:
        columns = list(zip(*(item.texts for item in items), strict=True))
        encodings = tokenizer.encode_batch(*columns, max_length=self.max_length)
        return [
            Prepared(
                [
                    Example(
                        (encoding.ids,),
                        (encoding.type_ids,) if self.pair else None,
                        self.target(item) if item.truth is not None else None,
                    )
                ]
            )
            for item, encoding in zip(items, encodings, strict=True)
        ]

    @abstractmethod
    def target(self, item: Item) -> Any:
        """The truth as numbers."""
