"""The rows behind a number: the sentences in which words occur, alone or together.

Every count that bunsan reports can be asked for its evidence. A passage says in which file and row
it stands, gives its text, and marks the words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.table import Table


@dataclass(frozen=True)
class Passage:
    """A stretch of a document; `marks` are (begin, end) offsets into `text`."""

    text: str
    marks: list[tuple[int, int]]
    source: str
    row: int
    fields: dict[str, str | None] = field(default_factory=dict)

    def marked(self, before: str = "【", after: str = "】") -> str:
        """The text with its marks written into it."""
        out, at = [], 0
        for begin, end in self.marks:
            out += [self.text[at:begin], before, self.text[begin:end], after]
            at = end
        return "".join([*out, self.text[at:]])

    def _repr_html_(self) -> str:
        import html

        text = html.escape(self.marked("\x00", "\x01"))
        text = text.replace("\x00", "<mark>").replace("\x01", "</mark>")
        return f"<p>{text} <small>{html.escape(self.source)}:{self.row}</small></p>"


# For a figure: key (a word, or two) -> (file, row, sentence, marks) of its sentences.
Evidence = dict[tuple[int, ...], list[tuple[str, int, str, list[tuple[int, int]]]]]


def passages_table(passages: Sequence[Passage]) -> Table:
    """One row per passage, with its place and the document's fields."""
    names = dict.fromkeys(name for p in passages for name in p.fields)
    columns: dict[str, list[Any]] = {
        "source": [p.source for p in passages],
        "row": [p.row for p in passages],
        "text": [p.marked() for p in passages],
    }
    columns |= {
        name: [p.fields.get(name) for p in passages] for name in names if name not in columns
    }
    titles = {
        "source": tr("file", "ファイル"),
        "row": tr("row", "行"),
        "text": tr("sentence", "文"),
    }
    return Table(columns, titles)


def passages(
    collection: StoredCollection,
    groups: Sequence[Sequence[int]],
    *,
    unit: str = "sentence",
    where: dict[str, str] | None = None,
    limit: int | None = 20,
) -> list[Passage]:
    """The units that contain at least one word of every group of ids.

    `[[a], [b]]`: a and b together. `[[a, b]]`: either. `where`: only documents with these values.
    """
    return list(islice(iterate_passages(collection, groups, unit=unit, where=where), limit))


def iterate_passages(
    collection: StoredCollection,
    groups: Sequence[Sequence[int]],
    *,
    unit: str = "sentence",
    where: dict[str, str] | None = None,
) -> Iterator[Passage]:
    """`passages`, one after the other, in the order of the documents."""
    v = len(collection.vocabulary)
    tables = []
    for group in groups:
        table = np.zeros(v, np.bool_)
        table[list(group)] = True
        tables.append(table)
    for segment in collection.segments:
        offsets = segment.units(unit)
        units: NDArray[np.integer[Any]] | None = None
        hit = np.zeros(0, np.bool_)
        for table in tables:
            found = table[segment.word]
            there = np.unique(np.searchsorted(offsets, np.flatnonzero(found), "right") - 1)
            units = there if units is None else np.intersect1d(units, there, assume_unique=True)
            hit = found if not len(hit) else hit | found
        if units is None or not len(units):
            continue
        allowed = document_mask(segment, where)
        documents = np.searchsorted(segment.document, offsets[units], "right") - 1
        for u, d in zip(units.tolist(), documents.tolist(), strict=True):
            if allowed is None or allowed[d]:
                begin, end = int(offsets[u]), int(offsets[u + 1])
                yield cut(
                    collection, segment, d, begin, end, begin + np.flatnonzero(hit[begin:end])
                )


def cut(
    collection: StoredCollection,
    segment: Segment,
    document: int,
    begin: int,
    end: int,
    marked: NDArray[np.integer[Any]],
) -> Passage:
    """The passage from token `begin` to token `end` of a segment, with some tokens marked."""
    text = segment.text(document)
    first = int(segment.start[begin]) if begin < end else 0
    last = int(segment.start[end - 1]) + int(segment.length[end - 1]) if begin < end else len(text)
    marks: list[tuple[int, int]] = []
    for token in marked.tolist():
        a = int(segment.start[token]) - first
        b = a + int(segment.length[token])
        if marks and marks[-1][1] == a:
            marks[-1] = (marks[-1][0], b)
        else:
            marks.append((a, b))
    source, row = segment.source(document)
    fields = {name: segment.field_of(name, document) for name in collection.by}
    return Passage(text[first:last], marks, source, row, fields)


def document_mask(segment: Segment, where: dict[str, str] | None) -> NDArray[np.bool_] | None:
    """bool[D]: documents that are there and have these values; None where that is all of them."""
    mask = None if segment.live is None else segment.alive()
    for name, value in (where or {}).items():
        same = np.array([v == value for v in segment.field(name)], np.bool_)
        mask = same if mask is None else mask & same
    return mask


def evidence(
    collection: StoredCollection,
    keys: Sequence[tuple[int, ...]],
    *,
    unit: str = "sentence",
    where: dict[str, str] | None = None,
    each: int = 12,
) -> Evidence:
    """Some units for each word and pair of words of a figure, found in one pass over the tokens.

    `passages` would read all tokens once per key; a figure has some hundred keys.
    """
    found: Evidence = {key: [] for key in keys}
    ids = np.unique([i for key in keys for i in key])
    column = np.full(len(collection.vocabulary), -1, np.int32)
    column[ids] = np.arange(len(ids), dtype=np.int32)
    missing = set(keys)
    for segment in collection.segments:
        if not missing:
            break
        offsets = segment.units(unit)
        tokens = np.flatnonzero(column[segment.word] >= 0)
        units = np.searchsorted(offsets, tokens, "right") - 1
        cell = np.unique(column[segment.word[tokens]].astype(np.int64) * len(offsets) + units)
        begins = np.searchsorted(cell, np.arange(len(ids) + 1) * len(offsets))
        units_of = {
            int(i): cell[begins[c] : begins[c + 1]] - c * len(offsets) for c, i in enumerate(ids)
        }
        allowed = document_mask(segment, where)
        for key in list(missing):
            together = units_of[key[0]]
            for other in key[1:]:
                together = np.intersect1d(together, units_of[other], assume_unique=True)
            for u in together.tolist():
                begin, end = int(offsets[u]), int(offsets[u + 1])
                d = int(np.searchsorted(segment.document, begin, "right")) - 1
                if allowed is not None and not allowed[d]:
                    continue
                marked = begin + np.flatnonzero(np.isin(segment.word[begin:end], key))
                p = cut(collection, segment, d, begin, end, marked)
                found[key].append((p.source, p.row, p.text, p.marks))
                if len(found[key]) == each:
                    missing.discard(key)
                    break
    return found
