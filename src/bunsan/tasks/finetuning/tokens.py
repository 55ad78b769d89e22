"""Entities and other spans of a text (`tokens`): a tag for every token (Devlin et al. 2019, §5.3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.base import Item, Logits, Prediction, Prepared, Task
from bunsan.tasks.finetuning.columns import SPANS, lacking, text_column, told_or_maybe
from bunsan.tasks.finetuning.conll import is_conll, read_conll
from bunsan.tasks.finetuning.records import Looked, Record, listed, text_of
from bunsan.tasks.finetuning.softmax import softmax
from bunsan.tasks.finetuning.spans import (
    OUTSIDE,
    align,
    spans_from,
    spans_in,
    split_tag,
)
from bunsan.tasks.finetuning.windows import cuts
from bunsan.text.readers.opening import Source
from bunsan.text.readers.reading import Reading
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example
from bunsan.training.objectives.labelled import UNLABELLED, Kind


class Tokens(Task):
    """Spans of a text with a type each."""

    name = "tokens"
    head = "labels"
    scored = "spans"
    truths = ("spans",)

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.tags: list[str] = []
        self.lost = self.uneven = 0  # spans that tags cannot say, or not to the letter
        self._number: dict[str, int] = {}

    @property
    def kind(self) -> Kind:
        return "tags"

    @property
    def labels(self) -> list[str]:
        return self.tags

    @property
    def types(self) -> list[str]:
        """The types of spans."""
        kinds = (split_tag(tag)[1] for tag in self.tags)
        return list(dict.fromkeys(kind for kind in kinds if kind is not None))

    def special(self, source: Source, reading: Reading, truth: bool) -> Iterator[Record] | None:
        if not is_conll(source):
            return None
        self.found({"text": "text", "spans": "spans"}, truth=True)
        return read_conll(source, reading)

    def resolve(self, table: Looked, truth: bool) -> None:
        spans = None
        if truth:
            spans = told_or_maybe(table, self.told("spans", "label"), SPANS)
            if spans is None:
                raise lacking(table, tr("spans", "範囲"), "--label")
        elif self.told("spans", "label") in table.columns:
            spans = self.told("spans", "label")
        rest = [i for i, column in enumerate(table.columns) if column != spans]
        texts = Looked(
            [table.columns[i] for i in rest],
            [(row, [cells[i] for i in rest]) for row, cells in table.sample],
            table.file,
        )
        found = {"text": text_column(texts, self.told("text"))}
        self.found(found | ({} if spans is None else {"spans": spans}), truth)

    def item(self, record: Record, truth: bool) -> Item | None:
        text = text_of(record, self.columns["text"])
        if text is None:
            return None
        if not truth:
            return Item(record, (text,))
        return Item(
            record, (text,), spans_in(listed(record.cells[self.columns["spans"]]), record, text)
        )

    def settle(self, items: Sequence[Item]) -> None:
        types = sorted({span.type for item in items for span in item.truth})
        if not types:
            raise BadInput(
                tr("No text has a span.", "範囲をもつ本文がありません。"),
                remedy=tr(
                    "Check the column of spans (--label).", "範囲の列(--label)を確かめてください。"
                ),
                file=items[0].record.source if items else None,
            )
        self.tags = [OUTSIDE, *(f"{mark}-{kind}" for kind in types for mark in "BI")]
        self._settled()

    def _settled(self) -> None:
        self._number = {tag: i for i, tag in enumerate(self.tags)}

    def check(self, items: Sequence[Item]) -> None:
        known = set(self.types)
        for item in items:
            for span in item.truth:
                if span.type not in known:
                    raise item.record.bad(
                        tr(
                            f"The type {span.type!r} is not among those of the training data.",
                            f"種類 {span.type!r} は学習データにありません。",
                        ),
                        tr(
                            f"Known: {', '.join(known)}.", f"学習データの種類: {'、'.join(known)}。"
                        ),
                    )

    def prepare(self, items: Sequence[Item], tokenizer: Tokenizer) -> list[Prepared]:
        template = tokenizer.template
        pieces = tokenizer.pieces([item.texts[0] for item in items])
        room = self.max_length - template.added(pair=False)
        found = []
        for i, item in enumerate(items):
            begin, end = int(pieces.start[i]), int(pieces.start[i + 1])
            ids, offsets = pieces.ids[begin:end], pieces.offsets[begin:end]
            numbers = None
            if item.truth is not None:
                aligned = align(item.truth, offsets, item.texts[0])
                self.lost += aligned.lost
                self.uneven += aligned.uneven
                numbers = np.array(
                    [UNLABELLED if tag is None else self._number[tag] for tag in aligned.tags],
                    np.int64,
                )
            examples, places, begins = [], [], []
            for first, last in cuts(len(ids), room, self.options.stride):
                own = template.sequence(last - first, -1) == 0
                place = np.full((len(own), 2), -1, np.int32)
                place[own] = offsets[first:last]
                target = None
                if numbers is not None:
                    target = np.full(len(own), UNLABELLED, np.int64)
                    target[own] = numbers[first:last]
                examples.append(Example((template.ids(ids[first:last], None),), None, target))
                places.append(place)
                begins.append(first)
            found.append(Prepared(examples, tuple(places), tuple(begins)))
        return found

    def said(self) -> list[str]:
        found = list(self.notes)
        if self.lost:
            found.append(
                tr(
                    f"{self.lost:,} spans overlap others or share a token with them: left out.",
                    f"ほかの範囲と重なるか同じトークンに入る {self.lost:,} 個の範囲は使いませんでした。",
                )
            )
        if self.uneven:
            found.append(
                tr(
                    f"{self.uneven:,} spans begin or end inside a token of this tokenizer.",
                    f"{self.uneven:,} 個の範囲は、トークンの途中で始まるか終わります。",
                )
            )
        return found

    def decode(
        self, items: Sequence[Item], prepared: Sequence[Prepared], logits: Sequence[list[Logits]]
    ) -> list[Prediction]:
        found = []
        for item, inputs, scores in zip(items, prepared, logits, strict=True):
            table, places = joined(inputs, scores)
            shares = softmax(table)
            best = shares.argmax(-1)
            spans = spans_from(
                (self.tags[i] for i in best.tolist()),
                places,
                item.texts[0],
                shares.max(-1).tolist(),
            )
            found.append(Prediction(spans))
        return found

    def truth_of(self, item: Item) -> Any:
        return [span.key for span in item.truth]

    def value_of(self, prediction: Prediction) -> Any:
        return [span.key for span in prediction.value]

    def cells(self, item: Item, prediction: Prediction, *, probabilities: bool) -> dict[str, Any]:
        return {"spans": [_object(span) for span in prediction.value]}

    def spread(
        self, item: Item, prediction: Prediction, *, probabilities: bool
    ) -> list[dict[str, Any]]:
        empty = {"start": None, "end": None, "type": None, "span": None, "probability": None}
        return [empty | _object(span) | {"span": span.text} for span in prediction.value] or [empty]

    def state(self) -> dict[str, Any]:
        return {"tags": self.tags, "stride": self.options.stride}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.tags = [str(tag) for tag in state["tags"]]
        self.options.stride = int(state.get("stride", self.options.stride))
        self._settled()


def joined(inputs: Prepared, scores: Sequence[Logits]) -> tuple[Logits, Any]:
    """The scores of all tokens of a text, each from the window in which it stands most in the middle;
    and their places: (t, n) and (t, 2)."""
    if len(scores) == 1:
        there = inputs.places[0][:, 0] >= 0
        return scores[0][there], inputs.places[0][there]
    rows: dict[int, tuple[int, Any, Any]] = {}
    for place, first, table in zip(inputs.places, inputs.begins, scores, strict=True):
        own = np.flatnonzero(place[:, 0] >= 0)
        for i, at in enumerate(own.tolist()):
            depth = min(i, len(own) - 1 - i)
            if first + i not in rows or rows[first + i][0] < depth:
                rows[first + i] = (depth, table[at], place[at])
    ordered = [rows[i] for i in sorted(rows)]
    return np.stack([one[1] for one in ordered]), np.stack([one[2] for one in ordered])


def _object(span: Any) -> dict[str, Any]:
    share = None if span.probability is None else round(span.probability, 6)
    return {"start": span.start, "end": span.end, "type": span.type, "probability": share}
