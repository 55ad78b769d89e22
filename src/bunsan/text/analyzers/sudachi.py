"""SudachiPy: units A, B and C, and spelling unified by its dictionary.

A dictionary word has a number (`word_id`), so its forms and part of speech are asked for once and
known by that number ever after; two calls a token remain, for the number and the place. Words in
Latin letters, whose surface matters, and words of no dictionary are known by number and surface.

SudachiPy lets other threads run while it analyses. Calls of about a thousand characters are its
fastest; with a sentence a call, the way in and out costs a third of the speed, and threads spend
their time handing the interpreter to one another. So many lines share one call. The line break
between them is a token of its own in every analysis of the lattice, which makes the best path of
one line independent of its neighbours.
"""

import importlib.util
import re
from itertools import pairwise
from typing import Any

import numpy as np

from bunsan.base.errors import Missing
from bunsan.base.language import tr
from bunsan.text.analyzers.base import SPACE, Entries, Entry, Tokens
from bunsan.text.analyzers.latin import has_latin, latin_entry
from bunsan.text.pos import character_pos, is_counter, unidic_pos
from bunsan.text.words import WordForm, WordSettings

# Words of no dictionary share these ids with others of their class.
_NO_DICTIONARY = 0xF0000000
# What is asked of the dictionary; reading and synonym groups, which take time, are not.
_FIELDS = {"pos", "normalized_form", "dictionary_form"}


_VISIBLE = re.compile(r"\S+")


class SudachiDictionary:
    """An open dictionary, from which each thread gets its tagger.

    Raises
    ------
    Missing : the dictionary is not installed.
    """

    def __init__(self, settings: WordSettings) -> None:
        self._settings = settings
        self._dictionary = open_dictionary(settings.dictionary or "core")

    def tagger(self) -> "SudachiTagger":
        tokenizer = new_tokenizer(self._dictionary, self._settings.split, _FIELDS)
        return SudachiTagger(tokenizer, self._settings.form)


class SudachiTagger:
    """A `Tagger` over one SudachiPy tokenizer."""

    size = 1000
    # SudachiPy refuses 49,149 bytes of text, and 65,535 bytes after it has unified widths, which
    # makes up to 33 bytes of one character (U+FDFA).
    limit = 1900

    def __init__(self, tokenizer: Any, form: WordForm) -> None:
        self._tokenizer = tokenizer
        self._form = form

    def tag(self, text: str, entries: Entries) -> Tokens:
        # The same line breaks before the first line and behind the last as between the others.
        text = f"\n{text}\n"
        morphemes = list(self._tokenizer.tokenize(text))
        # Morphemes cover the text without gaps: each ends where the next begins.
        place = [morpheme.begin() for morpheme in morphemes]
        place.append(len(text))
        number_of = entries.number_of
        if self._form == "surface":
            surfaces = [text[b:e] for b, e in pairwise(place)]
            ids = [morpheme.word_id() for morpheme in morphemes]
            numbers = [number_of[key] for key in zip(ids, surfaces, strict=True)]
        else:
            numbers = [number_of[morpheme.word_id()] for morpheme in morphemes]
        entry = np.array(numbers, np.int32)
        for i in np.flatnonzero(entry < 0).tolist():
            entry[i] = self._number(morphemes[i], text[place[i] : place[i + 1]], entries)
        spaces = np.flatnonzero(entries.kind[entry] == SPACE).tolist()
        hidden = not all(text[place[i] : place[i + 1]].isspace() for i in spaces)
        border = np.array(place, np.int64)
        tokens = Tokens(entry, border[:-1], border[1:])
        if hidden or (tokens.begin == tokens.end).any():
            tokens = _mended(tokens, text, entries)
        return Tokens(tokens.entry, tokens.begin - 1, tokens.end - 1)

    def inflections(self, text: str) -> list[tuple[int, str]]:
        found = []
        for morpheme in self._tokenizer.tokenize(f"\n{text}\n"):
            classes = morpheme.part_of_speech()
            if classes[0] != "空白":
                found.append((morpheme.begin() - 1, classes[5].replace("*", "")))
        return found

    def _number(self, morpheme: Any, surface: str, entries: Entries) -> int:
        word_id = morpheme.word_id()
        number = entries.number_of[word_id, surface]
        if number >= 0:
            return number
        unknown = word_id >= _NO_DICTIONARY
        base = morpheme.dictionary_form()
        number = self._new(morpheme, surface, base, unknown, entries)
        special = self._form == "surface" or unknown or has_latin(base)
        entries.number_of[(word_id, surface) if special else word_id] = number
        return number

    def _new(self, morpheme: Any, surface: str, base: str, unknown: bool, entries: Entries) -> int:
        classes = morpheme.part_of_speech()
        normalized = morpheme.normalized_form()
        pos = unidic_pos(classes, base, normalized, surface if unknown else normalized)
        form = {"normalized": normalized, "dictionary": base, "surface": surface}[self._form]
        entry = Entry(form, pos, base)
        if self._form != "surface" and has_latin(base):
            entry = latin_entry(surface, form, pos, base)
        return entries.number(entry, counter=entry.pos == "NOUN" and is_counter(classes))


def _mended(tokens: Tokens, text: str, entries: Entries) -> Tokens:
    """Tokens that each have some characters, and none of them hidden in white space.

    One character (㍿) cut into several words gives the first of them its place and the others
    none: the first takes the forms of all, 株式 and 会社 become 株式会社. And combining marks and
    skin tones at the beginning of a line are taken for part of the line break.
    """
    kept: list[tuple[int, int, int]] = []
    for number, begin, end in zip(*(array.tolist() for array in tokens), strict=True):
        if entries.kind[number] == SPACE:
            for match in _VISIBLE.finditer(text, begin, end):
                entry = Entry(match[0], character_pos(match[0]), match[0])
                kept.append((entries.number(entry), *match.span()))
        elif begin < end:
            kept.append((number, begin, end))
        elif kept and kept[-1][2] == begin:
            whole, part = entries.list[kept[-1][0]], entries.list[number]
            joined = Entry(whole.form + part.form, whole.pos, whole.base + part.base)
            kept[-1] = (entries.number(joined), *kept[-1][1:])
    numbers, begins, ends = np.array(kept, np.int64).reshape(-1, 3).T
    return Tokens(numbers.astype(np.int32), begins, ends)


def new_tokenizer(dictionary: Any, split: str, fields: set[str]) -> Any:
    """SudachiPy's tokenizer for one thread, of an open dictionary, that is asked for `fields` only."""
    from sudachipy import SplitMode

    # `create` is the name before SudachiPy 0.7.
    create = getattr(dictionary, "tokenizer", None) or dictionary.create
    return create(SplitMode(split), fields=fields)


def open_dictionary(name: str) -> Any:
    """SudachiPy's dictionary "small", "core" or "full".

    Raises
    ------
    Missing : it is not installed, or cannot be opened.
    """
    from sudachipy import Dictionary

    package = f"sudachidict_{name}"
    if importlib.util.find_spec(package) is None:
        raise Missing(
            tr(
                f"The Sudachi dictionary “{name}” is not installed.",
                f"Sudachi 辞書「{name}」がインストールされていません。",
            ),
            remedy=tr(
                f"Run: pip install {package}", f"次を実行してください: pip install {package}"
            ),
        )
    try:
        return Dictionary(dict=name)
    except Exception as error:  # SudachiPy raises exceptions of several unrelated kinds here
        raise Missing(
            tr(
                f"The Sudachi dictionary “{name}” cannot be opened ({error}).",
                f"Sudachi 辞書「{name}」を開けません({error})。",
            ),
            remedy=tr(
                f"Run: pip install --upgrade --force-reinstall sudachipy {package}",
                "次を実行してください: "
                f"pip install --upgrade --force-reinstall sudachipy {package}",
            ),
        ) from error
