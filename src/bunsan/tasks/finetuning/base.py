"""What every task has in common: how rows become examples, and scores become answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bunsan.tasks.finetuning.records import Looked, Record
from bunsan.text.readers.opening import Source
from bunsan.text.readers.reading import Reading
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example
from bunsan.training.objectives.labelled import Kind

Logits = NDArray[np.float32]
Places = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Item:
    """One row as the task sees it.

    Attributes
    ----------
    record : where it stands, with the cells of all columns that were wanted.
    texts : what is read. truth : what should come out; None where it is not known.
    """

    record: Record
    texts: tuple[str, ...]
    truth: Any = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item as a model takes it.

    Attributes
    ----------
    examples : its inputs: one, or a window each of a long text. places : (q, 2) for every example,
        where each token stands in the text, (-1, -1) for those that are not of it; empty where no
        answer is a place. begins : which token of the text is the first of each.
    """

    examples: list[Example]
    places: tuple[Places, ...] = ()
    begins: tuple[int, ...] = ()


@dataclass(frozen=True)
class Span:
    """A stretch of a text: `text[start:end]`, in characters from 0."""

    start: int
    end: int
    type: str
    text: str = ""
    probability: float | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """What makes two spans the same."""
        return self.start, self.end, self.type


@dataclass(frozen=True)
class Prediction:
    """What a fine-tuned model says of one row.

    Attributes
    ----------
    value : a label; a tuple of labels; a number; a list of `Span`; the text of an answer, "" for none;
        a choice as it is labelled in the data.
    probability : of that value, where it has one.
    probabilities : of every label or choice.
    start, end : of an answer in its passage. text : of the choice.
    """

    value: Any
    probability: float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    start: int | None = None
    end: int | None = None
    text: str | None = None

    @property
    def label(self) -> Any:
        """The value, by the name that it has for labels."""
        return self.value


@dataclass
class Options:
    """What a person may say of a task.

    Parameters
    ----------
    columns : told columns by part: text, text2, label, spans, context, question, answers, start,
        choices (a list), id.
    max_length : tokens of an input; None: what model and task have room for.
    multi, separator : several labels a text, and the sign between them.
    min_count : how often a label must be seen. balance : rare classes count more.
    threshold : from which probability a label of several is given; of an answer, by how much the score
        of none must be above it.
    stride : tokens by which two windows of a long passage overlap. longest : tokens of the longest answer.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    max_length: int | None = None
    multi: bool = False
    separator: str | None = None
    min_count: int = 2
    balance: bool = False
    threshold: float | None = None
    stride: int = 128
    longest: int = 30


class Task(ABC):
    """One kind of question that is asked of texts.

    Attributes
    ----------
    columns : which column plays which part in the table that is read. known : in that of training.
    max_length : tokens of an input. notes : what a person should know about the data.
    """

    name: ClassVar[str]
    head: ClassVar[str]
    scored: ClassVar[str]  # under which name measure.scores knows the task
    length: ClassVar[int] = 512  # tokens of an input, where the model takes as many

    def __init__(self, options: Options) -> None:
        self.options = options
        self.columns: dict[str, Any] = {}
        self.known: dict[str, Any] = {}
        self.max_length = options.max_length or self.length
        self.notes: list[str] = []

    # What is asked

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What the objective makes of it."""

    @property
    @abstractmethod
    def labels(self) -> list[str] | None:
        """Names of the classes for config.json; None: the head has no classes."""

    @property
    def scored_as(self) -> str:
        """The name of the task in `measure.scores`."""
        return self.scored

    def class_weights(self, items: Sequence[Item]) -> list[float] | None:
        """What classes count in training."""
        return None

    def changes(self) -> dict[str, Any]:
        """What config.json should say beside labels."""
        return {}

    # Rows to items

    @abstractmethod
    def resolve(self, table: Looked, truth: bool) -> None:
        """Find the columns of a table; `truth`: those of the labels as well."""

    def told(self, *parts: str) -> Any:
        """The column of the first of these parts that the person named, or else the training did."""
        for columns in (self.options.columns, self.known):
            for part in parts:
                if columns.get(part):
                    return columns[part]
        return None

    def found(self, columns: dict[str, Any], truth: bool) -> None:
        """These are the columns of the table."""
        self.columns = columns
        if truth and not self.known:
            self.known = columns

    def wanted(self, truth: bool) -> list[str]:
        """All columns that are read."""
        found: list[str] = []
        for part, names in self.columns.items():
            if part in self.truths and not truth:
                continue
            found += [names] if isinstance(names, str) else names
        return list(dict.fromkeys(found))

    def tell_columns(self, told: Mapping[str, Any]) -> None:
        """Other columns than those of training, for data that is to be predicted."""
        self.options.columns = dict(told)

    truths: ClassVar[tuple[str, ...]] = ("label",)  # parts that are not there when one predicts

    def special(self, source: Source, reading: Reading, truth: bool) -> Iterator[Record] | None:
        """The rows of a source that is no table; None where it is one."""
        return None

    @abstractmethod
    def item(self, record: Record, truth: bool) -> Item | None:
        """A row as an item; None where it has no text.

        Raises
        ------
        BadInput : its label is no label; file and row are named.
        """

    @abstractmethod
    def settle(self, items: Sequence[Item]) -> None:
        """Decide by the training data what there is to be told apart.

        Raises
        ------
        BadInput : nothing can be learned from it.
        """

    def check(self, items: Sequence[Item]) -> None:
        """Whether items of other data have answers that training has seen.

        Raises
        ------
        BadInput : one has not.
        """
        return

    def said(self) -> list[str]:
        """What a person should know of the data, now that examples were made of it."""
        return list(self.notes)

    def group(self, item: Item) -> Any:
        """Items of one group are held out together."""
        return None

    # Items to examples and back

    @abstractmethod
    def prepare(self, items: Sequence[Item], tokenizer: Tokenizer) -> list[Prepared]:
        """The inputs of every item, with a target where the truth is known."""

    @abstractmethod
    def decode(
        self, items: Sequence[Item], prepared: Sequence[Prepared], logits: Sequence[list[Logits]]
    ) -> list[Prediction]:
        """What the head's scores say, an array for every example of every item."""

    def finish(self, output: Any) -> None:
        """Change the head's output layer after training, where targets were scaled."""
        return

    # Answers for people and for scores

    def truth_of(self, item: Item) -> Any:
        """The truth as `measure.scores` takes it."""
        return item.truth

    def value_of(self, prediction: Prediction) -> Any:
        """The answer as `measure.scores` takes it."""
        return prediction.value

    def probabilities_of(self, predictions: Sequence[Prediction]) -> Any:
        """(n, classes), as `measure.scores` takes them; None where there are none."""
        return None

    @abstractmethod
    def cells(self, item: Item, prediction: Prediction, *, probabilities: bool) -> dict[str, Any]:
        """The answer as columns of a table."""

    def spread(
        self, item: Item, prediction: Prediction, *, probabilities: bool
    ) -> list[dict[str, Any]]:
        """The rows that a table has for the answer: one, unless the task says otherwise."""
        return [self.cells(item, prediction, probabilities=probabilities)]

    # Keeping

    def about(self) -> dict[str, Any]:
        """What has to be known to ask the same again, as JSON can hold it."""
        return {
            "task": self.name,
            "columns": self.known or self.columns,
            "max_length": self.max_length,
            **self.state(),
        }

    def state(self) -> dict[str, Any]:
        """What is the task's own."""
        return {}

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `about` gave."""
