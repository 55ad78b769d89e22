"""What is trained on and what is evaluated on, read and checked before anything is trained."""

from dataclasses import dataclass
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.answering import Reading, read_all
from bunsan.tasks.finetuning.base import Item, Task
from bunsan.tasks.finetuning.recipe import Recipe
from bunsan.tasks.finetuning.records import ReadingOptions
from bunsan.tasks.finetuning.splitting import held_out as split
from bunsan.text.documents import nothing_read


@dataclass(frozen=True)
class Data:
    """Rows with labels, checked.

    Attributes
    ----------
    train, valid : what is trained on, and what is not. scored_on : "valid", "held out" or "". notes :
        what a person should know of the rows.
    """

    train: list[Item]
    valid: list[Item]
    scored_on: str
    notes: list[str]


def read_data(task: Task, train: Any, valid: Any, plan: Recipe, options: ReadingOptions) -> Data:
    """Read what is trained and evaluated on; the task is settled by it.

    Raises
    ------
    BadInput : it cannot be learned from.
    """
    reading = Reading()
    items = read_all(
        task, train, tr("Reading", "読み込み中"), truth=True, options=options, reading=reading
    )
    if not items:
        if reading.without_label:
            raise BadInput(
                tr("No row has a label.", "ラベルのある行がありません。"),
                remedy=tr(
                    "Check the label column (--label).", "ラベルの列(--label)を確かめてください。"
                ),
                file=str(train),
            )
        raise nothing_read(reading.report)
    task.settle(items)
    notes = [_columns(task), *_notes(reading)]
    if valid is None:
        own, others = split(task, items, plan.held_out, plan.seed)
        if others:
            notes.append(
                tr(
                    f"{len(others):,} of {len(items):,} rows are held out for the scores "
                    "(--held-out 0 trains on all).",
                    f"{len(items):,} 行のうち {len(others):,} 行を評価用に取り分けました"
                    "(--held-out 0 で全行を学習)。",
                )
            )
        return Data(own, others, "held out" if others else "", notes)
    apart = Reading()
    others = read_all(
        task, valid, tr("Reading", "読み込み中"), truth=True, options=options, reading=apart
    )
    if not others:
        raise nothing_read(apart.report)
    task.check(others)
    return Data(items, others, "valid", [*notes, *_notes(apart)])


def _columns(task: Task) -> str:
    """Which columns were taken for what."""
    parts = (
        f"{part} = {names if isinstance(names, str) else ', '.join(names)}"
        for part, names in task.known.items()
    )
    listed = "; ".join(parts)
    return tr(f"Columns: {listed}", f"列: {listed}")


def _notes(reading: Reading) -> list[str]:
    found = [f"{p.file}:{p.row}: {p.message}" for p in reading.report.problems[:3]]
    skipped = reading.report.skipped.total() + reading.without_text
    if skipped:
        found.append(
            tr(
                f"{skipped:,} rows could not be read or have no text, and were left out.",
                f"読めない行や本文のない行 {skipped:,} 行は使いませんでした。",
            )
        )
    if reading.without_label:
        found.append(
            tr(
                f"{reading.without_label:,} rows have no label and were left out.",
                f"ラベルのない {reading.without_label:,} 行は使いませんでした。",
            )
        )
    return found
