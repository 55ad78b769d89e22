"""A segment in plain lists, for the tests of coding rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    columns: dict[str, list[str | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.vocabulary: dict[tuple[str, str], int] = {}
        self.tokens: list[Token] = []
        self.texts: list[str] = []
        starts: list[int] = []
        offsets: dict[str, list[int]] = {"document": [], "paragraph": [], "sentence": []}
        documents: dict[str, list[int]] = {name: [] for name in offsets}

        def begin(level: str, document: int) -> None:
            offsets[level].append(len(self.tokens))
            documents[level].append(document)

        for d, document in enumerate(self.documents):
            text = ""
            begin("document", d)
            for paragraph in document:
                if any(paragraph):
                    begin("paragraph", d)
                for sentence in filter(None, paragraph):
                    begin("sentence", d)
                    for token in sentence:
                        starts.append(len(text))
                        text += token.surface
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
