"""Where the words, strings and other leaves of rules are in the units of a segment."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bunsan.words.coding.matching import (
    Hits,
    Places,
    find_near,
    find_runs,
    find_string,
    positions_of,
)
from bunsan.words.coding.names import same_inflection
from bunsan.words.coding.problems import bad_rule
from bunsan.words.coding.resolve import ResolvedRules, Run
from bunsan.words.coding.syntax import (
    CodeIs,
    ColumnIs,
    ColumnPositive,
    HeadingIs,
    Leaf,
    Length,
    Near,
    Phrase,
    String,
    UnitNumber,
    Word,
    leaves,
)

Values = NDArray[Any]  # bool, int64 or float64, one for each unit


class UnitView(Protocol):
    """The tokens of one segment, cut into U units: documents, paragraphs or sentences.

    word : int32[n] ids; start : uint32[n], length : uint16[n], code points in the document's text.
    units : int64[U+1], offsets of the units in the tokens; a unit lies within one document.
    unit_document : int64[U], ascending. number : int64[U], from 1, through the whole collection.
    sentence, paragraph : int64[S+1], int64[P+1], offsets in the tokens.
    fields : names of the columns; `field` gives the values of one for every document.
    inflections : names of the conjugation forms of tokens, "" or "*" where a word has none.
    """

    @property
    def word(self) -> NDArray[np.int32]: ...
    @property
    def start(self) -> NDArray[np.uint32]: ...
    @property
    def length(self) -> NDArray[np.uint16]: ...
    @property
    def units(self) -> NDArray[np.int64]: ...
    @property
    def unit_document(self) -> NDArray[np.int64]: ...
    @property
    def number(self) -> NDArray[np.int64]: ...
    @property
    def sentence(self) -> NDArray[np.int64]: ...
    @property
    def paragraph(self) -> NDArray[np.int64]: ...
    @property
    def fields(self) -> Collection[str]: ...
    def text(self, document: int) -> str: ...
    def field(self, name: str) -> Sequence[str | None]: ...
    def inflections(self, tokens: NDArray[np.int64]) -> Sequence[str]: ...


class Occurrences:
    """Finds each leaf of the rules once in a segment."""

    def __init__(self, rules: ResolvedRules, view: UnitView) -> None:
        self.rules = rules
        self.view = view
        self._hits: dict[Leaf, Hits] = {}
        self._values: dict[Leaf, Values] = {}
        self._fields: dict[str, Sequence[str | None]] = {}
        self._find_all()

    def values(self, leaf: Leaf, begin: int, end: int) -> Values:
        """The number that a leaf has in each of the units from `begin` to `end`."""
        if leaf in self._values:
            return self._values[leaf][begin:end]
        units = self.view.units
        counted = self._hits[leaf].counted
        bounds = np.searchsorted(counted, (units[begin], units[end]))
        unit = self._unit_of(counted[bounds[0] : bounds[1]]) - begin
        return np.bincount(unit, minlength=end - begin)

    def spans(self, leaf: Leaf, unit: int) -> list[tuple[int, int]]:
        """Runs of tokens (from, to) in a unit that are a word, phrase or string."""
        hits, units = self._hits[leaf], self.view.units
        begin, end = np.searchsorted(hits.first, (units[unit], units[unit + 1]))
        pairs = zip(hits.first[begin:end].tolist(), hits.last[begin:end].tolist(), strict=True)
        return [(first, last + 1) for first, last in pairs]

    def _unit_of(self, tokens: Places) -> Places:
        return np.searchsorted(self.view.units, tokens, "right") - 1

    def _sentence_of(self, tokens: Places) -> Places:
        return np.searchsorted(self.view.sentence, tokens, "right") - 1

    def _paragraph_of(self, tokens: Places) -> Places:
        return np.searchsorted(self.view.paragraph, tokens, "right") - 1

    def _find_all(self) -> None:
        resolved = self.rules
        all_runs = list(resolved.runs.values())
        all_runs += [runs for words in resolved.near.values() for runs in words]
        ids = {i for runs in all_runs for run in runs for place in run for i in place}
        positions = positions_of(self.view.word, ids)
        strings: list[String] = []
        for code in resolved.rules.codes:
            for leaf in leaves(code.condition):
                if leaf in self._hits or leaf in self._values:
                    continue
                match leaf:
                    case Word() | Phrase():
                        first, last = self._runs(resolved.runs[leaf], positions)
                        if isinstance(leaf, Word):
                            first, last = self._only_form(leaf, first, last)
                        self._hits[leaf] = Hits.of_runs(first, last)
                    case Near():
                        self._hits[leaf] = self._near(leaf, positions)
                    case String():
                        strings.append(leaf)
                    case CodeIs():
                        pass
                    case _:
                        self._values[leaf] = self._of_unit(leaf)
        self._find_strings(list(dict.fromkeys(strings)))

    def _runs(self, runs: Sequence[Run], positions: dict[int, Places]) -> tuple[Places, Places]:
        first, last = find_runs(runs, positions, self._unit_of)
        units = self.view.units
        inside = slice(*np.searchsorted(first, (units[0], units[-1])))
        return first[inside], last[inside]

    def _near(self, near: Near, positions: dict[int, Places]) -> Hits:
        words = [self._runs(runs, positions) for runs in self.rules.near[near]]
        scopes = {"unit": None, "sentence": self._sentence_of, "paragraph": self._paragraph_of}
        scope = scopes[near.within]
        return find_near(words, self._unit_of, scope, near.distance, near.ordered)

    def _only_form(self, word: Word, first: Places, last: Places) -> tuple[Places, Places]:
        """Those in the surface or the conjugation form that a rule asks for."""
        view = self.view
        if word.inflection is not None:
            asked = word.inflection
            found = view.inflections(last) if len(last) else ()
            keep = np.fromiter((same_inflection(asked, name) for name in found), np.bool_)
            first, last = first[keep], last[keep]
        if word.surface is not None:
            begin = view.start[first].tolist()
            end = (view.start[last].astype(np.int64) + view.length[last]).tolist()
            documents = view.unit_document[self._unit_of(first)].tolist()
            keep = np.zeros(len(first), np.bool_)
            text, held = "", -1
            for i, document in enumerate(documents):
                if document != held:  # documents ascend, so each text is fetched once
                    text, held = view.text(document), document
                keep[i] = text[begin[i] : end[i]] == word.surface
            first, last = first[keep], last[keep]
        return first, last

    def _find_strings(self, strings: list[String]) -> None:
        view = self.view
        found: list[list[tuple[int, int]]] = [[] for _ in strings]
        sought = [string.text.replace("\u3000", " ") for string in strings]
        # A string may overlap with itself, so a match takes no characters.
        patterns = [re.compile(f"(?={re.escape(text)})", re.I) for text in sought]
        # The documents, as runs of units.
        begins = np.flatnonzero(np.diff(view.unit_document, prepend=-1)).tolist()
        ends = [*begins[1:], len(view.unit_document)] if begins else []
        for begin, end in zip(begins, ends, strict=True) if strings else ():
            at, stop = int(view.units[begin]), int(view.units[end])
            if at == stop:
                continue
            text = view.text(int(view.unit_document[begin])).replace("\u3000", " ")
            folded = text.casefold()  # only to see quickly that a string is not there
            start = view.start[at:stop]
            for plain, pattern, hits in zip(sought, patterns, found, strict=True):
                if plain.casefold() in folded:
                    hits.extend(find_string(text, pattern, len(plain), start, at))
        for string, hits in zip(strings, found, strict=True):
            pairs = np.array(hits, np.int64).reshape(-1, 2)
            first, last = pairs[:, 0], pairs[:, 1]
            inside = self._unit_of(first) == self._unit_of(last)
            first, last = first[inside], last[inside]
            _, one_each = np.unique(self._sentence_of(first), return_index=True)
            self._hits[string] = Hits(first[one_each], first, last)

    # What a unit has besides its words

    def _of_unit(self, leaf: Leaf) -> Values:
        view = self.view
        match leaf:
            case Length("words"):
                return np.diff(view.units)
            case Length():
                return self._characters()
            case UnitNumber():
                return view.number
            case ColumnIs(column, value):
                return self._by_document(column, leaf, lambda found: _same_value(found, value))
            case ColumnPositive(column):
                return self._by_document(column, leaf, _is_positive)
            case HeadingIs(level, value):
                names = (f"見出し{level}", f"heading{level}", f"h{level}", f"H{level}")
                name = next((name for name in names if name in view.fields), None)
                if name is None:
                    file, known = self.rules.rules.file, " ".join(names)
                    raise bad_rule("no headings", file, leaf.line, level=level, known=known)
                return self._by_document(name, leaf, lambda found: _same_value(found, value))
        raise TypeError(leaf)

    def _characters(self) -> Values:
        units = self.view.units
        out = np.zeros(len(units) - 1, np.int64)
        filled = np.flatnonzero(np.diff(units))
        if len(filled):
            tokens = self.view.length[units[0] : units[-1]]
            begins = units[filled] - units[0]
            out[filled] = np.add.reduceat(tokens, begins, dtype=np.int64)
        return out

    def _by_document(self, column: str, leaf: Leaf, test: Callable[[str], bool]) -> Values:
        if column not in self.view.fields:
            file, known = self.rules.rules.file, " ".join(self.view.fields)
            raise bad_rule("unknown column", file, leaf.line, name=column, known=known)
        if column not in self._fields:
            self._fields[column] = self.view.field(column)
        values = self._fields[column]
        answers = {value: value is not None and test(value) for value in set(values)}
        of_document = np.fromiter((answers[value] for value in values), np.bool_, len(values))
        return of_document[self.view.unit_document]


def _same_value(found: str, asked: str) -> bool:
    return found.replace("\u3000", " ").strip() == asked.replace("\u3000", " ").strip()


def _is_positive(found: str) -> bool:
    try:
        return float(found) > 0
    except ValueError:
        return False
