"""Entities by the word: CoNLL's columns (token, ..., tag) and CoNLL-U with `NE=` in its last column.

Tjong Kim Sang & De Meulder 2003, "Introduction to the CoNLL-2003 Shared Task"; universal dependencies,
format CoNLL-U.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bunsan.base.language import tr
from bunsan.tasks.finetuning.records import Record
from bunsan.tasks.finetuning.spans import OUTSIDE, spans_from
from bunsan.text.readers.lines import lines
from bunsan.text.readers.opening import Source, opened
from bunsan.text.readers.reading import Reading

SUFFIXES = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".bioes")
_NO_SPACE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")


def is_conll(source: Source) -> bool:
    """Whether a file's name says that it is one."""
    if source.path is None:
        return False
    name = source.path.name.lower().removesuffix(".gz")
    return Path(name).suffix in SUFFIXES


def read_conll(source: Source, reading: Reading) -> Iterator[Record]:
    """A record a sentence: `text`, and `spans` as a list of start, end, type.

    Raises
    ------
    BadInput : a line has no tag, or a word is not where the sentence's text says.
    """
    with opened(source, reading.report) as stream:
        sentence = _Sentence(source.name)
        for row, line in enumerate(lines(stream, reading), 1):
            if not line.strip():
                if sentence.words:
                    yield sentence.record()
                sentence = _Sentence(source.name)
            else:
                sentence.add(row, line)
        if sentence.words:
            yield sentence.record()


class _Sentence:
    def __init__(self, file: str) -> None:
        self.file, self.row = file, 0
        self.text: str | None = None
        self.words: list[tuple[str, str, bool | None]] = []  # word, tag, space after (None: guess)

    def add(self, row: int, line: str) -> None:
        if line.startswith("# ") and ("=" in line or "\t" not in line):
            key, _, value = line[2:].partition("=")
            if key.strip() == "text":
                self.text = value.removeprefix(" ")
            return
        cells = line.split("\t") if "\t" in line else line.split()
        if cells[0] == "-DOCSTART-":
            return
        self.row = self.row or row
        if len(cells) == 10:
            if not cells[0].isdigit():  # words that were joined or left out
                return
            notes = dict(note.partition("=")[::2] for note in cells[9].split("|"))
            self.words.append((cells[1], notes.get("NE", OUTSIDE), notes.get("SpaceAfter") != "No"))
            return
        if len(cells) < 2:
            raise Record(self.file, row, {}).bad(
                tr("The line has no tag.", "この行にタグがありません。"),
                tr(
                    "Write a word, a tab and its tag; a blank line ends a sentence.",
                    "語、タブ、タグの順に書き、文の終わりは空行にしてください。",
                ),
            )
        self.words.append((cells[0], cells[-1], None))

    def record(self) -> Record:
        text = self._joined() if self.text is None else self.text
        places = np.zeros((len(self.words), 2), np.int64)
        at = 0
        for i, (word, _, _) in enumerate(self.words):
            begin = text.find(word, at)
            if begin < 0:
                raise Record(self.file, self.row, {}).bad(
                    tr(
                        f"The word {word!r} is not in the sentence's text.",
                        f"語 {word!r} が文のテキストにありません。",
                    ),
                    tr("Correct the line `# text = `.", "`# text = ` の行を直してください。"),
                )
            at = begin + len(word)
            places[i] = begin, at
        spans = spans_from((tag for _, tag, _ in self.words), places, text)
        cells = {
            "text": text,
            "spans": [{"start": s.start, "end": s.end, "type": s.type} for s in spans],
        }
        return Record(self.file, self.row, cells)

    def _joined(self) -> str:
        """The words with spaces between them, except where Japanese or Chinese stands on either side."""
        text = ""
        space = False
        for word, _, after in self.words:
            if text and (
                space
                if after is not None
                else not (_NO_SPACE.match(word) or _NO_SPACE.match(text[-1]))
            ):
                text += " "
            text += word
            space = bool(after)
        return text
