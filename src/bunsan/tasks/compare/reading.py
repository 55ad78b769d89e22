"""Rows with a text (or two) and a label, some of them still without."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.baselines.representations import Texts
from bunsan.text.documents import ReadReport, nothing_read, read_documents

Ints = NDArray[np.int64]

MANY = 10  # different numbers: more of them are numbers, not classes
_AS = ("auto", "classes", "numbers")


@dataclass
class Labelled:
    """What is compared on.

    Attributes
    ----------
    texts : n texts or pairs. places : file and row of each.
    task : "classification" or "regression". classes : names in order; () for numbers.
    truth : int64[n] (the number of the class) or float64[n]; -1 or NaN where there is no label.
    groups : what each row belongs to, or None.
    label : the column's name. file : the first source's. guessed : whether numbers were taken for
        classes, or as numbers, without being told.
    report : what the reading left out.
    """

    texts: Texts
    places: list[tuple[str, int]]
    task: str
    classes: tuple[str, ...]
    truth: Any
    groups: list[str] | None
    label: str
    file: str
    guessed: bool
    report: ReadReport

    @property
    def labelled(self) -> Ints:
        """The rows with a label."""
        known = ~np.isnan(self.truth) if self.task == "regression" else self.truth >= 0
        return np.flatnonzero(known)

    @property
    def unlabelled(self) -> Ints:
        """The rows without."""
        return np.setdiff1d(np.arange(len(self.texts)), self.labelled)

    def shown(self, values: Any) -> list[Any]:
        """Predictions as people write them: names of classes, or numbers."""
        if self.task == "regression":
            return [float(v) for v in values]
        return [self.classes[int(v)] for v in values]

    def about(self) -> list[str]:
        """What was decided and what is left out, in sentences."""
        n, without = len(self.labelled), len(self.unlabelled)
        found = []
        if self.task == "regression":
            found.append(
                tr(f"{n:,} rows with numbers ({self.label})", f"数値ラベル {n:,} 行({self.label})")
            )
        else:
            found.append(
                tr(
                    f"{n:,} rows in {len(self.classes)} classes ({self.label})",
                    f"{n:,} 行、{len(self.classes)} クラス({self.label})",
                )
            )
        if self.guessed:
            found[0] += (
                tr("; to take them as classes: --as classes", "。クラスとして扱うには --as classes")
                if self.task == "regression"
                else tr(
                    "; to take them as numbers: --as numbers", "。数値として扱うには --as numbers"
                )
            )
        if without:
            found.append(
                tr(
                    f"{without:,} rows have no label: not scored, only asked about for what to label next",
                    f"ラベルのない {without:,} 行は採点せず、「次にラベルを付ける行」の候補にだけ使います",
                )
            )
        return found


def read_labelled(
    sources: Any,
    *,
    text: str | int | None,
    label: str | int,
    text2: str | int | None = None,
    group: str | int | None = None,
    as_: str = "auto",
    **reading: Any,
) -> Labelled:
    """Read the rows.

    Parameters
    ----------
    text, text2, label, group : columns; `text` None is guessed.
    as_ : what labels are: "classes", "numbers", or "auto": numbers where all labels are numbers and
        more than ten of them differ.

    Raises
    ------
    BadInput : nothing can be read or no row has a label; a label is no number where numbers are
        wanted. File, row and column are named.
    """
    if as_ not in _AS:
        raise BadInput(
            tr(f"Labels cannot be {as_!r}.", f"ラベルの種類に {as_!r} は指定できません。"),
            remedy=tr(f"Use {', '.join(_AS)}.", f"{'、'.join(_AS)} から選んでください。"),
        )
    report = ReadReport()
    wanted = [column for column in (label, text2, group) if column is not None]
    documents = list(
        read_documents(sources, text=text, by=(), keep=wanted, report=report, **reading)
    )
    if not documents:
        raise nothing_read(report)
    # `fields` are in the order of `wanted`, under the names that columns have.
    names = list(documents[0].fields)
    if len(names) < len(wanted):
        raise BadInput(
            tr(
                "One column was named for two purposes.",
                "同じ列が 2 つの役割に指定されています。",
            ),
            remedy=tr(
                "Label, second text and group are three columns.",
                "ラベル、2 つ目の本文、グループには別々の列を指定してください。",
            ),
            file=documents[0].source,
        )
    column = dict(zip(map(str, wanted), names, strict=True))
    label_name = column[str(label)]
    seconds: list[str] | None = None
    if text2 is not None:
        pairs = [document.fields.get(column[str(text2)]) for document in documents]
        report.skipped["empty_text"] += sum(second is None for second in pairs)
        documents = [d for d, second in zip(documents, pairs, strict=True) if second is not None]
        seconds = [second for second in pairs if second is not None]
        if not documents:
            raise nothing_read(report)
    cells = [document.fields.get(label_name) for document in documents]
    cells = [None if cell is None or not cell.strip() else cell.strip() for cell in cells]
    places = [(document.source, document.row) for document in documents]
    file = documents[0].source
    if not any(cell is not None for cell in cells):
        raise BadInput(
            tr(
                f"The column {label_name!r} has no label in any row.",
                f"列 {label_name!r} にラベルのある行がありません。",
            ),
            remedy=tr("Label some rows first.", "まずいくつかの行にラベルを付けてください。"),
            file=file,
        )
    groups = None
    if group is not None:
        found = [document.fields.get(column[str(group)]) for document in documents]
        # A row of no group is a group of its own.
        groups = [f"\0{i}" if name is None else name for i, name in enumerate(found)]
    numbers = [None if cell is None else _number(cell) for cell in cells]
    plain = all(number is not None for number, cell in zip(numbers, cells, strict=True) if cell)
    many = len({number for number in numbers if number is not None}) > MANY
    task = (
        "regression" if as_ == "numbers" or (as_ == "auto" and plain and many) else "classification"
    )
    texts = Texts([document.text for document in documents], seconds)
    classes: tuple[str, ...] = ()
    truth: Any
    if task == "regression":
        _check_numbers(cells, numbers, places, label_name)
        truth = np.array([math.nan if n is None else n for n in numbers], np.float64)
    else:
        classes = _in_order([cell for cell in cells if cell is not None], plain)
        number = {name: i for i, name in enumerate(classes)}
        truth = np.array([-1 if cell is None else number[cell] for cell in cells], np.int64)
    return Labelled(
        texts, places, task, classes, truth, groups, label_name, file,
        guessed=as_ == "auto" and plain, report=report,
    )  # fmt: skip


def _check_numbers(
    cells: Sequence[str | None],
    numbers: Sequence[float | None],
    places: Sequence[tuple[str, int]],
    column: str,
) -> None:
    for cell, number, (file, row) in zip(cells, numbers, places, strict=True):
        if cell is not None and number is None:
            raise BadInput(
                tr(
                    f"{cell!r} in column {column!r} is no number.",
                    f"列 {column!r} の {cell!r} は数ではありません。",
                ),
                remedy=tr(
                    "Correct it, or treat labels as classes: --as classes",
                    "直すか、--as classes でラベルとして扱ってください。",
                ),
                file=file,
                row=row,
            )


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _in_order(cells: Sequence[str], numeric: bool) -> tuple[str, ...]:
    found = set(cells)
    if numeric:
        return tuple(sorted(found, key=lambda cell: (float(cell), cell)))
    return tuple(sorted(found))
