"""Words without a dictionary: between spaces and punctuation, or character by character."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain

import numpy as np

from bunsan.text.analyzers.base import Entries, Entry, Tokens
from bunsan.text.analyzers.latin import FUNCTION_WORDS, fold
from bunsan.text.pos import character_pos
from bunsan.text.words import WordForm, WordSettings


@lru_cache(maxsize=1)
def _marks() -> str:
    """Combining marks as the inside of a character class; `\\w` has none of them.

    Without them नमस्ते falls apart, and so does an é of two characters.
    """
    ranges: list[list[int]] = []
    for code in chain(range(0x300, 0x1F000), range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "\u200c\u200d"


class PlainDictionary:
    """What each thread gets its tagger from, for "spaces" and "characters"."""

    def __init__(self, settings: WordSettings) -> None:
        marks = _marks()
        modified = (
            f"(?:[{marks}\U0001f3fb-\U0001f3ff]++(?:(?<=\u200d)[^\\w\\s])?)*+"  # skin, families
        )
        if settings.analyzer == "spaces":
            word = f"[^\\W_][\\w{marks}]*+"
            pattern = (
                rf"\d+(?:[.,:]\d+)++|\d++(?![\w{marks}])|{word}(?:['’‐‑-]{word})*+|"
                rf"_+|([!-/:-@\[-`{{-~…‥。！？])\1*+|\S{modified}"
            )
        else:
            pattern = rf"\S{modified}"
        self._pattern = re.compile(pattern)
        self._form = settings.form
        self._tags = FUNCTION_WORDS if settings.analyzer == "spaces" else {}

    def tagger(self) -> "PlainTagger":
        return PlainTagger(self._pattern, self._form, self._tags)


class PlainTagger:
    """A `Tagger` over one regular expression."""

    size = 50_000
    limit = 50_000

    def __init__(self, pattern: re.Pattern[str], form: WordForm, tags: Mapping[str, str]) -> None:
        self._pattern = pattern
        self._form = form
        self._tags = tags

    def tag(self, text: str, entries: Entries) -> Tokens:
        matches = list(self._pattern.finditer(text))
        words = [match[0] for match in matches]
        number_of = entries.number_of
        entry = np.array([number_of[word] for word in words], np.int32)
        for i in np.flatnonzero(entry < 0).tolist():
            word = words[i]
            if number_of[word] < 0:
                number_of[word] = entries.number(self._entry(word))
            entry[i] = number_of[word]
        begin = np.array([match.start() for match in matches], np.int64)
        return Tokens(entry, begin, begin + np.array([len(word) for word in words], np.int64))

    def inflections(self, text: str) -> list[tuple[int, str]]:
        return [(match.start(), "") for match in self._pattern.finditer(text)]

    def _entry(self, word: str) -> Entry:
        folded = fold(word)
        tag = character_pos(word)
        if tag == "NOUN":
            tag = self._tags.get(folded, "X")
        elif tag != "NUM" and any(map(str.isalpha, word)):  # a lone ー or 々
            tag = "X"
        return Entry(word if self._form == "surface" else folded, tag, folded)
