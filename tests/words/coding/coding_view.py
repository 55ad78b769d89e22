"""A segment in plain lists, for the tests of coding rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field as dataclass_field

import numpy as np
from numpy.typing import NDArray

from bunsan.words.coding.resolve import ResolvedRules, resolve_rules
from bunsan.words.coding.syntax import Rules


@dataclass(frozen=True)
class Token:
    """`word` is what rules name; `surface` is how it stands in the text."""

    word: str
    surface: str
    pos: str = "NOUN"
    inflection: str = ""


Document = list[list[list[Token]]]  # paragraphs of sentences of tokens


@dataclass
class ListView:
    """Documents given as paragraphs of sentences of tokens; every unit is one of `unit`."""

    documents: list[Document]
    unit: str = "document"
    columns: dict[str, list[str | None]] = dataclass_field(default_factory=dict)
    between: str = ""

    def __post_init__(self) -> None:
        self.vocabulary: dict[tuple[str, str], int] = {}
        self.tokens: list[Token] = []
        starts: list[int] = []
        self.texts: list[str] = []
        offsets: dict[str, list[int]] = {"document": [], "paragraph": [], "sentence": []}
        documents: dict[str, list[int]] = {name: [] for name in offsets}
        for d, document in enumerate(self.documents):
            text = ""
            levels = [("document", [document]), ("paragraph", document)]
            for name, parts in levels:
                at = len(self.tokens)
                for part in parts:
                    size = len([t for s in (sum(part, []) if name == "document" else part) for t in s])
                    if size or name == "document":
                        offsets[name].append(at)
                        documents[name].append(d)
                    at += size
            for paragraph in document:
                for sentence in paragraph:
                    if sentence:
                        offsets["sentence"].append(len(self.tokens))
                        documents["sentence"].append(d)
                    for token in sentence:
                        starts.append(len(text))
                        text += token.surface + self.between
                        self.tokens.append(token)
            self.texts.append(text)
        n = len(self.tokens)
        keys = [(t.word, t.pos) for t in self.tokens]
        for key in keys:
            self.vocabulary.setdefault(key, len(self.vocabulary))
        self.word = np.array([self.vocabulary[key] for key in keys], np.int32)
        self.start = np.array(starts, np.uint32)
        self.length = np.array([len(t.surface) for t in self.tokens], np.uint16)
        as_arrays = {name: np.array([*parts, n], np.int64) for name, parts in offsets.items()}
        self.units = as_arrays[self.unit]
        self.unit_document = np.array(documents[self.unit], np.int64)
        self.number = np.arange(1, len(self.units), dtype=np.int64)
        self.sentence = as_arrays["sentence"]
        self.paragraph = as_arrays["paragraph"]

    @property
    def fields(self) -> list[str]:
        return list(self.columns)

    def text(self, document: int) -> str:
        return self.texts[document]

    def field(self, name: str) -> Sequence[str | None]:
        return self.columns[name]

    def inflections(self, tokens: NDArray[np.int64]) -> Sequence[str]:
        return [self.tokens[i].inflection for i in tokens]

    def find(self, form: str, pos: str | None = None) -> list[int]:
        return [i for (f, p), i in self.vocabulary.items() if f == form and pos in (None, p)]

    def resolve(self, rules: Rules) -> ResolvedRules:
        """Words typed with `_` in them are several tokens."""
        return resolve_rules(
            rules, find=self.find, query=lambda text: [(part, "NOUN") for part in text.split("_")]
        )
