"""Keyword in context: every occurrence of a word between its neighbours, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.lookup import (
    find_sequence,
    look_up_sequence,
    not_found,
    word_columns,
    word_titles,
)
from bunsan.tasks.passages import document_mask
from bunsan.tasks.table import Table

_SORTED_BY = 5  # neighbours that take part in sorting
_NO_WORD = -1


@dataclass(frozen=True)
class Line:
    """One occurrence."""

    left: str
    keyword: str
    right: str
    source: str
    row: int
    fields: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Concordance:
    """The lines shown, the number of all occurrences, and the neighbours by place."""

    keyword: str
    total: int
    lines: list[Line]
    neighbours: Table

    def table(self) -> Table:
        """One row a line."""
        names = dict.fromkeys(n for line in self.lines for n in line.fields)
        columns: dict[str, list[Any]] = {
            "left": [line.left for line in self.lines],
            "keyword": [line.keyword for line in self.lines],
            "right": [line.right for line in self.lines],
            "source": [line.source for line in self.lines],
            "row": [line.row for line in self.lines],
        }
        columns |= {
            n: [line.fields.get(n) for line in self.lines] for n in names if n not in columns
        }
        titles = {
            "left": tr("left", "左"),
            "keyword": tr("keyword", "語"),
            "right": tr("right", "右"),
            "source": tr("file", "ファイル"),
            "row": tr("row", "行"),
        }
        note = tr(
            f"{len(self.lines):,} of {self.total:,} occurrences",
            f"{self.total:,} 件中 {len(self.lines):,} 件",
        )
        return Table(columns, titles, note)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass
class _Hits:
    """Occurrences in one segment: positions, their documents and their neighbours' ids."""

    segment: Segment
    position: NDArray[np.int64]
    document: NDArray[np.int64]
    left: NDArray[np.int32]  # [hits, _SORTED_BY], the nearest first
    right: NDArray[np.int32]


def kwic(
    collection: StoredCollection,
    typed: str,
    *,
    sort: str = "text",
    width: int = 30,
    limit: int | None = 50,
    where: dict[str, str] | None = None,
) -> Concordance:
    """Occurrences of a word or a run of words.

    Parameters
    ----------
    sort : as in the text, or by the neighbours on the left or right, the nearest first.
    width : characters of context on each side.
    limit : lines kept after sorting; None keeps all.

    Raises
    ------
    BadInput : the collection does not contain it.
    """
    if sort not in ("text", "left", "right"):
        raise BadInput(
            tr(f"Lines cannot be sorted by {sort!r}.", f"{sort!r} では並べられません。"),
            remedy=tr("Use text, left or right.", "text、left、right のどれかを指定してください。"),
        )
    sequence = look_up_sequence(collection, typed)
    hits = [_hits(s, sequence, document_mask(s, where)) for s in collection.segments]
    total = sum(len(h.position) for h in hits)
    if total == 0:
        raise not_found(collection, typed)
    order = _order(collection, hits, sort)[:limit]
    of_segment = np.repeat(np.arange(len(hits)), [len(h.position) for h in hits])
    first = np.concatenate([[0], np.cumsum([len(h.position) for h in hits])])
    lines = []
    for i in order.tolist():
        h = hits[of_segment[i]]
        j = i - int(first[of_segment[i]])
        lines.append(_line(collection, h, j, len(sequence), width))
    return Concordance(typed, total, lines, _neighbours(collection, hits))


def _hits(
    segment: Segment, sequence: Sequence[Sequence[int]], mask: NDArray[np.bool_] | None
) -> _Hits:
    word = segment.word
    position = find_sequence(word, sequence)
    document = np.searchsorted(segment.document, position, "right") - 1
    length = len(sequence)
    keep = position + length <= segment.document[document + 1]  # a run must not cross documents
    if mask is not None:
        keep &= mask[document]
    position, document = position[keep], document[keep]
    steps = np.arange(1, _SORTED_BY + 1)
    left = position[:, None] - steps
    right = position[:, None] + length - 1 + steps
    inside_left = left >= segment.document[document][:, None]
    inside_right = right < segment.document[document + 1][:, None]
    return _Hits(
        segment,
        position,
        document,
        np.where(inside_left, word[np.where(inside_left, left, 0)], _NO_WORD)
        if len(word)
        else left,
        np.where(inside_right, word[np.where(inside_right, right, 0)], _NO_WORD)
        if len(word)
        else right,
    )


def _order(collection: StoredCollection, hits: list[_Hits], sort: str) -> NDArray[np.int64]:
    if sort == "text":
        return np.arange(sum(len(h.position) for h in hits))
    ids = np.concatenate([h.left if sort == "left" else h.right for h in hits])
    # Ids stand for words in no order: replace them by the rank of their label.
    distinct, inverse = np.unique(ids, return_inverse=True)
    labels = ["" if i == _NO_WORD else collection.vocabulary.label(i) for i in distinct.tolist()]
    rank = np.empty(len(labels), np.int64)
    rank[sorted(range(len(labels)), key=labels.__getitem__)] = np.arange(len(labels))
    keys = rank[inverse].reshape(ids.shape)
    return np.lexsort(tuple(keys[:, column] for column in reversed(range(_SORTED_BY))))


def _line(collection: StoredCollection, hits: _Hits, i: int, length: int, width: int) -> Line:
    segment, position, document = hits.segment, int(hits.position[i]), int(hits.document[i])
    text = segment.text(document)
    begin = int(segment.start[position])
    last = position + length - 1
    end = int(segment.start[last]) + int(segment.length[last])
    source, row = segment.source(document)
    return Line(
        _one_line(text[max(begin - width, 0) : begin]),
        _one_line(text[begin:end]),
        _one_line(text[end : end + width]),
        source,
        row,
        {name: segment.field_of(name, document) for name in collection.by},
    )


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


def _neighbours(collection: StoredCollection, hits: list[_Hits], top: int = 50) -> Table:
    """Content words by their place beside the keyword: L5 … L1, R1 … R5 and the sum."""
    v = len(collection.vocabulary)
    countable = collection.countable()
    counts: dict[str, NDArray[np.int64]] = {}
    for side, name in (("left", "L"), ("right", "R")):
        for step in range(_SORTED_BY):
            ids = np.concatenate([getattr(h, side)[:, step] for h in hits])
            counts[f"{name}{step + 1}"] = np.bincount(ids[ids >= 0], minlength=v) * countable
    total = np.sum(list(counts.values()), axis=0)
    ids = np.argsort(-total, kind="stable")[:top]
    ids = ids[total[ids] > 0]
    places = [f"L{i}" for i in range(_SORTED_BY, 0, -1)] + [
        f"R{i}" for i in range(1, _SORTED_BY + 1)
    ]
    columns = word_columns(collection, ids) | {"total": total[ids].tolist()}
    columns |= {place: counts[place][ids].tolist() for place in places}
    return Table(columns, word_titles() | {"total": tr("total", "合計")})
