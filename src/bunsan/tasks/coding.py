"""Coding rules applied to a collection: counts, cross tables, the units that got a code."""

from collections.abc import Collection as Sized
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.counts import check_unit, group_numbers, unit_mask
from bunsan.tasks.passages import Passage, cut
from bunsan.tasks.table import Table
from bunsan.words.coding.evaluate import Coding, code_units
from bunsan.words.coding.parser import read_rules
from bunsan.words.coding.resolve import resolve_rules
from bunsan.words.coding.tabulate import Tabulation, jaccard, no_code_label, tabulate


class _View:
    """A segment as the evaluator of rules reads it; one of its units is a document, paragraph or sentence."""

    def __init__(
        self, collection: StoredCollection, segment: Segment, unit: str, first_number: int
    ) -> None:
        self._collection = collection
        self._segment = segment
        self.word, self.start, self.length = segment.word, segment.start, segment.length
        self.units = segment.units(unit)
        self.sentence, self.paragraph = segment.sentence, segment.paragraph
        if unit == "document":
            self.unit_document = np.arange(segment.n_documents)
        else:
            self.unit_document = np.searchsorted(segment.document, self.units[:-1], "right") - 1
        self.number = np.arange(first_number, first_number + len(self.units) - 1)

    @property
    def fields(self) -> Sized[str]:
        return self._collection.fields

    def text(self, document: int) -> str:
        return self._segment.text(document)

    def field(self, name: str) -> Sequence[str | None]:
        return self._segment.field(name)

    def inflections(self, tokens: NDArray[np.int64]) -> Sequence[str]:
        """Conjugation forms are not kept: the documents in question are analysed again."""
        segment = self._segment
        documents = np.searchsorted(segment.document, tokens, "right") - 1
        forms: dict[int, dict[int, str]] = {}
        names = []
        for token, document in zip(tokens.tolist(), documents.tolist(), strict=True):
            if document not in forms:
                forms[document] = self._collection.analyzer.inflections(segment.text(document))
            names.append(forms[document].get(int(segment.start[token]), ""))
        return names


@dataclass(frozen=True)
class Coded:
    """Which units have which codes.

    `notes` says where a rule could not be taken to the letter (a part of speech that this analyser
    divides otherwise).
    """

    names: list[str]
    unit: str
    by: str | None
    groups: list[str]
    counts: Tabulation
    notes: list[str]
    _parts: list[tuple[Segment, _View, Coding, NDArray[np.bool_]]] = field(repr=False)
    _collection: StoredCollection = field(repr=False)

    def table(self) -> Table:
        """One row a code: units and percentages, by group where groups were asked for."""
        codes = [*self.names, no_code_label()]
        columns: dict[str, list[Any]] = {
            "code": codes,
            "units": self.counts.count.tolist(),
            "percent": self.counts.percent.tolist(),
        }
        titles = {
            "code": tr("code", "コード"),
            "units": tr("units", "単位数"),
            "percent": "%",
            "chi2": tr("chi-squared", "カイ二乗値"),
            "p": tr("p", "p値"),
        }
        cross = self.counts.groups
        if cross is not None:
            for g, name in enumerate(self.groups):
                columns[f"{name}"] = cross.count[g].tolist()
                columns[f"{name} %"] = cross.percent[g].tolist()
                columns[f"{name} residual"] = cross.adjusted[g].tolist()
                titles[f"{name} residual"] = tr(f"{name} adjusted residual", f"{name} 調整済み残差")
            columns["chi2"], columns["p"] = cross.chi2.tolist(), cross.p.tolist()
        note = tr(
            f"{self.counts.units:,} units ({self.unit})", f"{self.counts.units:,} 単位({self.unit})"
        )
        return Table(columns, titles, "\n".join([note, *self.notes]))

    def similarities(self) -> Table:
        """Jaccard between the codes."""
        matrix = np.concatenate([coding.matrix[keep] for _, _, coding, keep in self._parts])
        values = jaccard(matrix)
        columns: dict[str, list[Any]] = {"code": self.names}
        columns |= {name: values[:, i].tolist() for i, name in enumerate(self.names)}
        return Table(columns, {"code": tr("code", "コード")})

    def each(self) -> Table:
        """One row a unit: its place, its text, 1 or 0 for each code."""
        columns: dict[str, list[Any]] = {"source": [], "row": []}
        columns |= {name: [] for name in self._collection.by}
        columns |= {"text": []} | {f"*{name}": [] for name in self.names}
        for segment, view, coding, keep in self._parts:
            for u in np.flatnonzero(keep).tolist():
                passage = self._passage(segment, view, u, [])
                columns["source"].append(passage.source)
                columns["row"].append(passage.row)
                for name in self._collection.by:
                    columns[name].append(passage.fields.get(name))
                columns["text"].append(passage.text)
                for c, name in enumerate(self.names):
                    columns[f"*{name}"].append(int(coding.matrix[u, c]))
        titles = {
            "source": tr("file", "ファイル"),
            "row": tr("row", "行"),
            "text": tr("text", "本文"),
        }
        return Table(columns, titles)

    def rows(self, limit: int | None = 20) -> list[Passage]:
        """For each code, some units that have it, with the words that gave it marked."""
        found = []
        for c, name in enumerate(self.names):
            left = limit
            for segment, view, coding, keep in self._parts:
                for u in np.flatnonzero(coding.matrix[:, c] & keep)[:left].tolist():
                    tokens = [t for a, b in coding.spans(u, c) for t in range(a, b)]
                    passage = self._passage(segment, view, u, tokens)
                    found.append(
                        Passage(
                            passage.text,
                            passage.marks,
                            passage.source,
                            passage.row,
                            {"code": name, **passage.fields},
                        )
                    )
                    left = None if left is None else left - 1
                if left == 0:
                    break
        return found

    def _passage(self, segment: Segment, view: _View, u: int, tokens: list[int]) -> Passage:
        begin, end = int(view.units[u]), int(view.units[u + 1])
        marked = np.array(sorted(set(tokens)), np.int64)
        return cut(self._collection, segment, int(view.unit_document[u]), begin, end, marked)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def code(
    collection: StoredCollection,
    rules: str | Path,
    *,
    by: str | None = None,
    unit: str = "document",
) -> Coded:
    """Give the units of a collection the codes of a rule file (KH Coder's format).

    Raises
    ------
    BadInput : the file cannot be read as rules; names the line and the remedy.
    """
    check_unit(unit)
    if not Path(rules).is_file():
        raise BadInput(tr("There is no such file.", "ファイルがありません。"), file=rules)
    vocabulary = collection.vocabulary
    resolved = resolve_rules(
        read_rules(rules), find=vocabulary.find, query=collection.analyzer.query
    )
    names, groups = group_numbers(collection, by) if by is not None else ([], [])
    parts = []
    matrices, group_parts = [], []
    number = 1
    for i, segment in enumerate(collection.segments):
        view = _View(collection, segment, unit, number)
        number += len(view.units) - 1
        coding = code_units(resolved, view)
        keep = unit_mask(segment, unit, None)
        keep = np.ones(len(view.units) - 1, np.bool_) if keep is None else keep
        parts.append((segment, view, coding, keep))
        matrices.append(coding.matrix[keep])
        if by is not None:
            group_parts.append(groups[i][view.unit_document][keep])
    counts = tabulate(
        np.concatenate(matrices),
        np.concatenate(group_parts) if by is not None else None,
        len(names) if by is not None else None,
    )
    notes = [f"{rules}:{note.line}: {note.message}" for note in resolved.notes]
    labels = [c.name for c in resolved.rules.codes]
    return Coded(labels, unit, by, names, counts, notes, parts, collection)
