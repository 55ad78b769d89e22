"""Labels in cells: read, counted, checked before minutes are spent on them."""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.records import Record
from bunsan.text.readers.table import as_text

SIGNS = ("；", ";", "|", "｜", "、", "，", ",", "/", "\n")
_MOST = 2000


def label_of(record: Record, column: str) -> str | None:
    """The label in a cell as a person writes it: 1.0 is "1", true is "TRUE"; None where there is none.

    Raises
    ------
    BadInput : it is a list or an object.
    """
    cell = record.cells.get(column)
    if isinstance(cell, (list, tuple, dict)):
        raise record.bad(
            tr(f"{column!r} holds several labels.", f"{column!r} に複数のラベルがあります。"),
            tr("For texts with several labels, say --multi.", "複数ラベルの分類は --multi です。"),
        )
    text = as_text(cell)
    return None if text is None else " ".join(text.split())


def labels_of(record: Record, column: str, sign: str | None) -> tuple[str, ...] | None:
    """All labels in a cell, a list or text with a sign between them; None where the cell is blank.

    An empty list is no label at all, which is an answer.
    """
    cell = record.cells.get(column)
    if cell is None:
        return None
    parts: Iterable[Any]
    if isinstance(cell, (list, tuple)):
        parts = cell
    else:
        text = as_text(cell) or ""
        parts = text.split(sign) if sign else [text]
    names = [" ".join(name.split()) for part in parts if (name := as_text(part)) is not None]
    return tuple(dict.fromkeys(names))


def separator(cells: Iterable[Any]) -> str | None:
    """The sign that stands between labels most often; None where the cells are lists, or none does."""
    counts: Counter[str] = Counter()
    for cell in cells:
        if isinstance(cell, str):
            counts.update(sign for sign in SIGNS if sign in cell.strip())
    return max(SIGNS, key=lambda sign: counts[sign]) if counts else None


def label_order(labels: Iterable[str]) -> list[str]:
    """Numbers by size, words by spelling."""
    distinct = set(labels)

    def number(label: str) -> float | None:
        try:
            return float(label)
        except ValueError:
            return None

    if all(number(label) is not None for label in distinct):
        return sorted(distinct, key=lambda label: (number(label), label))
    return sorted(distinct)


def settled_labels(rows: Sequence[tuple[Record, Sequence[str]]], least: int) -> list[str]:
    """The labels of the rows in their order.

    Parameters
    ----------
    least : how often each must be seen.

    Raises
    ------
    BadInput : a label is seen less often, there is only one, or there are thousands.
    """
    counts = Counter(label for _, labels in rows for label in labels)
    first = {label: record for record, labels in reversed(rows) for label in labels}
    rare = [label for label, count in counts.items() if count < least]
    if rare and len(counts) > 2 and len(rare) > 0.5 * len(counts):
        raise first[rare[0]].bad(
            tr(
                f"{len(rare):,} of {len(counts):,} labels are seen less than {least} times.",
                f"ラベル {len(counts):,} 種のうち {len(rare):,} 種が {least} 回未満です。",
            ),
            tr(
                "Check the label column (--label); numbers are learned with the task regression.",
                "ラベルの列(--label)を確かめてください。数値の予測は regression です。",
            ),
        )
    if rare:
        label = rare[0]
        near = difflib.get_close_matches(label, [one for one in counts if one != label], 1, 0.6)
        raise first[label].bad(
            tr(
                f"The label {label!r} is seen only {_times(counts[label])}.",
                f"ラベル {label!r} は {counts[label]} 回しか現れません。",
            ),
            (tr(f"Did you mean {near[0]!r}? ", f"{near[0]!r} ではありませんか。") if near else "")
            + tr(
                "Correct it, delete the row, or say --min-count 1 to learn it all the same.",
                "直すか、行を削除するか、--min-count 1 でそのまま学習できます。",
            ),
        )
    if len(counts) < 2:
        only = next(iter(counts), None)
        problem = (
            tr("There is no label.", "ラベルがありません。")
            if only is None
            else tr(f"All labels are {only!r}.", f"ラベルがすべて {only!r} です。")
        )
        raise BadInput(
            problem,
            remedy=tr(
                "At least two different labels are needed: check --label.",
                "二種類以上のラベルが要ります。--label を確かめてください。",
            ),
            file=rows[0][0].source if rows else None,
        )
    if len(counts) > _MOST:
        raise BadInput(
            tr(
                f"There are {len(counts):,} different labels.",
                f"ラベルが {len(counts):,} 種あります。",
            ),
            remedy=tr(
                "Check the label column (--label).", "ラベルの列(--label)を確かめてください。"
            ),
            file=rows[0][0].source,
        )
    return label_order(counts)


def unseen(record: Record, label: str, known: Sequence[str]) -> BadInput:
    """The error for a label that training has not seen."""
    near = difflib.get_close_matches(label, known, 1, 0.6)
    shown = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")
    return record.bad(
        tr(
            f"The label {label!r} is not among those of the training data.",
            f"ラベル {label!r} は学習データにありません。",
        ),
        (tr(f"Did you mean {near[0]!r}? ", f"{near[0]!r} ではありませんか。") if near else "")
        + tr(f"Known labels: {shown}.", f"学習データのラベル: {shown}。"),
    )


def balanced(counts: Sequence[int]) -> list[float]:
    """A weight a class so that all classes together count the same, 1 on average over the examples."""
    total = sum(counts)
    return [total / (len(counts) * max(count, 1)) for count in counts]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
