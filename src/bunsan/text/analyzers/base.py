"""What every tokenizer gives: entries numbered once, tokens as numbers and places."""

import threading
from typing import NamedTuple, Protocol

SPACE = -1


class Entry(NamedTuple):
    """A word as it is counted, its part of speech, its dictionary form."""

    form: str
    pos: str
    base: str


class Tokens(NamedTuple):
    """Tokens of a stretch of text, in order: numbers of entries, begins and ends in code points."""

    entry: list[int]
    begin: list[int]
    end: list[int]


class Entries:
    """Numbers for entries; safe to use from several threads."""

    def __init__(self) -> None:
        self.list: list[Entry] = []
        self._number: dict[Entry, int] = {}
        self._lock = threading.Lock()

    def number(self, entry: Entry) -> int:
        """The number of an entry, `SPACE` for white space."""
        if entry.pos == "SPACE":
            return SPACE
        number = self._number.get(entry)
        if number is None:
            with self._lock:
                number = self._number.get(entry)
                if number is None:
                    self.list.append(entry)
                    number = self._number[entry] = len(self.list) - 1
        return number


class Tokenizer(Protocol):
    """Cuts text of at most `sentences.LONGEST` characters into tokens that cover it."""

    entries: Entries

    def tokenize(self, text: str) -> Tokens:
        """The tokens of `text`; white space has the number `SPACE`, or is left out."""

    def inflections(self, text: str) -> list[tuple[int, str]]:
        """Where tokens begin, with the names of their conjugation forms ("" for none)."""
