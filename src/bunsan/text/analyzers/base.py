"""What every analyzer gives, and the numbers under which words are known while texts are
analysed."""

import threading
from collections.abc import Hashable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

# Kinds of entries, as `Entries.kind` has them.
WORD, SPACE, NUMBER = 0, 1, 2


class Entry(NamedTuple):
    """A word as it is counted, its part of speech, its dictionary form."""

    form: str
    pos: str
    base: str


class _Numbers(dict[Hashable, int]):
    def __missing__(self, key: Hashable) -> int:
        return -1


class Entries:
    """Entries and their numbers 0, 1, 2, ...; safe to use from several threads.

    `number_of` gives the number of a key, an analyzer's own name for a word (SudachiPy's word id),
    and -1 for a key not seen yet. Synonyms are put in place of what they replace when an entry is
    made, so that they cost nothing a token.

    The arrays by number are replaced by longer ones as entries come; a reader that takes one after
    it got its numbers finds all of them in it.
    """

    def __init__(self, synonyms: Mapping[tuple[str, str], Entry]) -> None:
        self.number_of: dict[Hashable, int] = _Numbers()
        self.list: list[Entry] = []
        self.same: NDArray[np.int32] = np.zeros(1024, np.int32)
        """Equal for numbers of equal entries, as synonyms and counters bring them."""
        self.kind: NDArray[np.int8] = np.zeros(1024, np.int8)
        """WORD, SPACE or NUMBER."""
        self.after_number: NDArray[np.int32] = np.zeros(1024, np.int32)
        """The entry this one becomes right behind a number (a counter); its own number
        otherwise."""
        self._synonyms = synonyms
        self._numbers: dict[tuple[Entry, bool], int] = {}
        self._distinct: dict[Entry, int] = {}
        self._lock = threading.Lock()

    def number(self, entry: Entry, counter: bool = False) -> int:
        """The number of an entry; `counter` says that it is an AFFIX right behind a number."""
        number = self._numbers.get((entry, counter))
        if number is None:
            with self._lock:
                number = self._new(entry, counter)
        return number

    def _new(self, entry: Entry, counter: bool) -> int:
        known = self._numbers.get((entry, counter))
        if known is not None:
            return known
        canonical = self._synonyms.get((entry.form, entry.pos), entry)
        counted = self._new(Entry(entry.form, "AFFIX", entry.base), False) if counter else None
        number = len(self.list)
        if number == len(self.same):
            self.same, self.kind, self.after_number = (
                np.concatenate([array, np.zeros_like(array)])
                for array in (self.same, self.kind, self.after_number)
            )
        self.same[number] = self._distinct.setdefault(canonical, len(self._distinct))
        self.kind[number] = {"SPACE": SPACE, "NUM": NUMBER}.get(canonical.pos, WORD)
        self.after_number[number] = number if counted is None else counted
        self.list.append(canonical)
        self._numbers[entry, counter] = number
        return number


class Tokens(NamedTuple):
    """Tokens in order: numbers of entries, begins and ends in code points.

    They cover the text but for white space, which they may cover with entries of kind SPACE.
    """

    entry: NDArray[np.int32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]


class Tagger(Protocol):
    """Cuts text into tokens; one object a thread.

    Lines (of `\\n`) are analysed as if each stood alone, white space around it aside.
    """

    size: int
    """How many code points at once are fastest."""
    limit: int
    """How many code points at once are possible."""

    def tag(self, text: str, entries: Entries) -> Tokens:
        """The tokens of a text of at most `limit` code points, without surrogates."""

    def inflections(self, text: str) -> list[tuple[int, str]]:
        """Where tokens begin, with the names of their conjugation forms, "" for none."""
