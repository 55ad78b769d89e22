"""What scoring gives: values with intervals, by label too, as a table and as plain values."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr


@dataclass(frozen=True, slots=True)
class Score:
    """A score and the limits of its 95 % interval.

    The limits are NaN where fewer than two items (or groups) were scored. They are percentiles of
    resamples, so all items right gives an interval without a width: with few items that is too sure.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, float | None]:
        """As plain values that JSON can hold."""
        return {"value": _plain(self.value), "low": _plain(self.low), "high": _plain(self.high)}


@dataclass(frozen=True)
class Scores:
    """The scores of one system.

    Attributes
    ----------
    values : each score by name. items : how many texts were scored.
    labels : the classes, labels or types of spans; () where there are none.
    by_label : precision, recall and f1 of each. support : how often each label is true.
    confusion : int64[C, C] for classification: rows are true classes, columns predicted ones.
    """

    task: str
    values: dict[str, Score]
    items: int
    labels: tuple[Any, ...] = ()
    by_label: dict[Any, dict[str, Score]] = field(default_factory=dict)
    support: dict[Any, int] = field(default_factory=dict)
    confusion: NDArray[np.int64] | None = None

    def table(self) -> str:
        """Plain text in columns: every score with its interval, then one line a label."""
        lines = _lines(self.values, tr("score", "指標"))
        lines.append(tr(f"({self.items:,} texts)", f"({self.items:,} 件)"))
        if self.by_label:
            names = ("precision", "recall", "f1")
            head = [tr("label", "ラベル"), *map(score_name, names), tr("true", "正解数")]
            rows = [
                [str(label), *(str(found[name]) for name in names), f"{self.support[label]:,}"]
                for label, found in self.by_label.items()
            ]
            lines += ["", *_columns([head, *rows])]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        found: dict[str, Any] = {
            "task": self.task,
            "items": self.items,
            "values": {name: value.to_dict() for name, value in self.values.items()},
        }
        if self.by_label:
            found["labels"] = [
                {"label": label, "support": self.support[label],
                 **{name: value.to_dict() for name, value in scores.items()}}
                for label, scores in self.by_label.items()
            ]  # fmt: skip
        if self.confusion is not None:
            found["confusion"] = self.confusion.tolist()
        return found


@dataclass(frozen=True)
class Differences:
    """How much one system scores above another on the same items, by score."""

    task: str
    values: dict[str, Score]
    items: int

    def table(self) -> str:
        """Plain text: every difference with its interval."""
        return "\n".join(_lines(self.values, tr("difference", "差")))

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        values = {name: value.to_dict() for name, value in self.values.items()}
        return {"task": self.task, "items": self.items, "values": values}


def score_name(name: str) -> str:
    """A score's name for people."""
    return {
        "accuracy": tr("accuracy", "正解率"),
        "macro_f1": tr("macro F1", "マクロF1"),
        "micro_f1": tr("micro F1", "マイクロF1"),
        "matthews": tr("Matthews", "マシューズ相関"),
        "log_loss": tr("log loss", "対数損失"),
        "exact_match": tr("exact match", "完全一致"),
        "pearson": tr("Pearson", "ピアソン相関"),
        "spearman": tr("Spearman", "順位相関"),
        "rmse": tr("RMSE", "RMSE"),
        "precision": tr("precision", "適合率"),
        "recall": tr("recall", "再現率"),
        "f1": tr("F1", "F1"),
    }.get(name, name)


def _plain(value: float) -> float | None:
    return None if value != value else float(value)


def _lines(values: dict[str, Score], title: str) -> list[str]:
    head = [title, tr("value", "値"), tr("95 % interval", "95% 区間")]
    rows = [
        [score_name(name), f"{s.value:.3f}", f"{s.low:.3f} – {s.high:.3f}"]
        for name, s in values.items()
    ]
    return _columns([head, *rows])


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells in columns; a full-width character takes two."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    padded = [
        [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        for row in rows
    ]
    return ["  ".join(row).rstrip() for row in padded]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
