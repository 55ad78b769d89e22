"""Answers cut from a passage (`answers`), with questions that have none (Devlin et al. 2019, §4.2, §4.3).

Question and passage are one input; a long passage is read in windows that overlap. Two linear maps say
how well each position begins or ends the answer; the first position stands for "no answer".

Letters in shapes:  q positions
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.base import Item, Logits, Places, Prediction, Prepared, Task
from bunsan.tasks.finetuning.best_span import best_span
from bunsan.tasks.finetuning.columns import (
    ANSWERS,
    CONTEXTS,
    QUESTIONS,
    STARTS,
    told_or_maybe,
    told_or_named,
)
from bunsan.tasks.finetuning.records import Looked, Record, text_of
from bunsan.tasks.finetuning.softmax import softmax
from bunsan.tasks.finetuning.spans import trimmed
from bunsan.tasks.finetuning.squad import answers_in, placed, read_squad
from bunsan.tasks.finetuning.windows import cuts
from bunsan.text.readers.opening import Source
from bunsan.text.readers.reading import Reading
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example
from bunsan.training.objectives.labelled import Kind

_QUESTION = 64  # tokens of a question at most, as in the published code


class Answers(Task):
    """Where in a passage the answer to a question stands."""

    name = "answers"
    head = "spans"
    scored = "answers"
    length = 384
    truths = ("answers", "start")

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.none_allowed = False  # whether some questions have no answer
        self.threshold = 0.0 if options.threshold is None else float(options.threshold)

    @property
    def kind(self) -> Kind:
        return "span"

    @property
    def labels(self) -> None:
        return None

    def special(self, source: Source, reading: Reading, truth: bool) -> Iterator[Record] | None:
        found = read_squad(source, reading)
        if found is None:
            return None
        first = next(found, None)
        if first is None:
            return iter(())
        self.resolve(Looked(list(first.cells), [], source.name), truth)
        return _again(first, found)

    def resolve(self, table: Looked, truth: bool) -> None:
        found: dict[str, Any] = {
            "question": told_or_named(
                table, self.told("question"), QUESTIONS, tr("questions", "質問"), "--question"
            )
        }
        rest = Looked(
            [column for column in table.columns if column != found["question"]], [], table.file
        )
        found["context"] = told_or_named(
            rest,
            self.told("context", "text"),
            CONTEXTS,
            tr("passages", "本文"),
            "--text",
        )
        label = self.told("answers", "label")
        if truth:
            found["answers"] = told_or_named(
                table, label, ANSWERS, tr("answers", "回答"), "--label"
            )
            start = told_or_maybe(table, self.told("start"), STARTS)
            found |= {} if start is None else {"start": start}
        elif label in table.columns:
            found["answers"] = label
        identity = self.told("id") or "id"
        if identity in table.columns:
            found["id"] = identity
        self.found(found, truth)

    def item(self, record: Record, truth: bool) -> Item | None:
        question = text_of(record, self.columns["question"])
        context = text_of(record, self.columns["context"])
        if question is None or context is None:
            return None
        texts = (question.strip(), context)
        if not truth:
            return Item(record, texts)
        answers = answers_in(record, self.columns["answers"], self.columns.get("start"))
        if answers is None:
            return Item(record, texts)
        spans = [(*placed(record, context, answer), answer[0]) for answer in answers]
        return Item(record, texts, tuple(spans))

    def group(self, item: Item) -> Any:
        return item.texts[1]

    def settle(self, items: Sequence[Item]) -> None:
        if not any(item.truth for item in items):
            raise BadInput(
                tr("No question has an answer.", "回答のある質問がありません。"),
                remedy=tr(
                    "Check the column of answers (--label).",
                    "回答の列(--label)を確かめてください。",
                ),
                file=items[0].record.source if items else None,
            )
        self.none_allowed = any(not item.truth for item in items)

    def prepare(self, items: Sequence[Item], tokenizer: Tokenizer) -> list[Prepared]:
        template = tokenizer.template
        questions = tokenizer.pieces([item.texts[0] for item in items])
        # Several questions are asked of one passage.
        passages = {
            text: i for i, text in enumerate(dict.fromkeys(item.texts[1] for item in items))
        }
        contexts = tokenizer.pieces(list(passages))
        found = []
        for i, item in enumerate(items):
            begin, end = int(questions.start[i]), int(questions.start[i + 1])
            question = questions.ids[begin : min(end, begin + _QUESTION)]
            which = passages[item.texts[1]]
            begin, end = int(contexts.start[which]), int(contexts.start[which + 1])
            ids, offsets = contexts.ids[begin:end], contexts.offsets[begin:end]
            room = self.max_length - template.added(pair=True) - len(question)
            if room < 16:
                raise item.record.bad(
                    tr(
                        f"--max-length {self.max_length} leaves no room for the passage.",
                        f"--max-length {self.max_length} では本文の入る余地がありません。",
                    ),
                    tr("Raise it to 128 or more.", "128 以上にしてください。"),
                )
            examples, places, begins = [], [], []
            for first, last in cuts(len(ids), room, self.options.stride):
                counts = len(question), last - first
                place = np.full((template.added(pair=True) + sum(counts), 2), -1, np.int32)
                place[template.sequence(*counts) == 1] = offsets[first:last]
                examples.append(
                    Example(
                        (template.ids(question, ids[first:last]),),
                        (template.type_ids(*counts),),
                        None if item.truth is None else _target(item, place),
                    )
                )
                places.append(place)
                begins.append(first)
            found.append(Prepared(examples, tuple(places), tuple(begins)))
        return found

    def decode(
        self, items: Sequence[Item], prepared: Sequence[Prepared], logits: Sequence[list[Logits]]
    ) -> list[Prediction]:
        return [
            self._answer(item.texts[1], inputs.places, scores)
            for item, inputs, scores in zip(items, prepared, logits, strict=True)
        ]

    def _answer(
        self, context: str, places: Sequence[Places], scores: Sequence[Logits]
    ) -> Prediction:
        """The best answer of all windows, or none where that scores higher by the threshold."""
        best: tuple[float, int, int] | None = None
        sums: list[float] = []
        none = np.inf
        for place, table in zip(places, scores, strict=True):
            first, last = table[:, 0].astype(np.float64), table[:, 1].astype(np.float64)
            allowed = (place[:, 0] >= 0) & (place[:, 1] > place[:, 0])
            found = best_span(first, last, allowed, self.options.longest)
            none = min(none, float(first[0] + last[0]))
            if found is None:
                continue
            sums.append(found[0])
            if best is None or found[0] > best[0]:
                best = (found[0], int(place[found[1], 0]), int(place[found[2], 1]))
        if best is None:
            return Prediction("", 1.0)
        # Against no answer, and against the best of every other window: a rough sureness.
        share = float(softmax(np.array([best[0], none]))[0])
        if self.none_allowed and none - best[0] > self.threshold:
            return Prediction("", 1.0 - share)
        start, end = trimmed(context, best[1], best[2])
        return Prediction(
            context[start:end], share if self.none_allowed else None, start=start, end=end
        )

    def truth_of(self, item: Item) -> Any:
        return [text for _, _, text in item.truth]

    def cells(self, item: Item, prediction: Prediction, *, probabilities: bool) -> dict[str, Any]:
        share = prediction.probability
        found = {"prediction": prediction.value, "start": prediction.start, "end": prediction.end}
        return found | {"probability": None if share is None else round(share, 6)}

    def state(self) -> dict[str, Any]:
        return {
            "none_allowed": self.none_allowed,
            "threshold": self.threshold,
            "stride": self.options.stride,
            "longest": self.options.longest,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.none_allowed = bool(state.get("none_allowed", False))
        if self.options.threshold is None:
            self.threshold = float(state.get("threshold", 0.0))
        self.options = replace(
            self.options,
            stride=int(state.get("stride", self.options.stride)),
            longest=int(state.get("longest", self.options.longest)),
        )


def _target(item: Item, place: Places) -> Any:
    """First and last token of the first answer, if this window has all of it; else position 0."""
    if item.truth:
        start, end, _ = item.truth[0]
        own = (place[:, 0] >= 0) & (place[:, 1] > place[:, 0])
        first = np.flatnonzero(own & (place[:, 1] > start) & (place[:, 0] < end))
        if len(first) and place[first[0], 0] <= start and place[first[-1], 1] >= end:
            return np.array([first[0], first[-1]], np.int64)
    return np.zeros(2, np.int64)


def _again(first: Record, rest: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rest
