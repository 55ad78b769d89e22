"""What a comparison found: a table, a figure, and one sentence that says what to use."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.measure.scores.result import Score, Scores, score_name
from bunsan.tasks.baselines.representations import FLOOR
from bunsan.tasks.compare.reading import Labelled
from bunsan.tasks.table import TABLE_SUFFIXES, Table


def higher_is_better(score: str) -> bool:
    """False for errors and losses."""
    return score not in ("rmse", "log_loss")


@dataclass(frozen=True)
class Entry:
    """One system.

    Attributes
    ----------
    kind : its place in the order of cost (`bunsan.tasks.baselines.representations`).
    scores : of all rows, each predicted by what was learned without its fold.
    predicted : those predictions. probabilities : float64[k, C], where there are some.
    seconds : for everything, on this machine. feature_ms : of these, for the features of one text.
    nbytes : what has to be kept to use it.
    """

    name: str
    title: str
    note: str
    kind: int
    scores: Scores
    predicted: list[Any]
    probabilities: NDArray[np.float64] | None
    seconds: float
    feature_ms: float
    nbytes: int

    @property
    def megabytes(self) -> float:
        """Of 10^6 bytes."""
        return self.nbytes / 1e6


@dataclass(frozen=True)
class Comparison:
    """Every system on the same folds.

    Attributes
    ----------
    score : the name of the score they are ranked by. numbers : the fold of each labelled row.
    best : the system of the best value.
    behind : by how much each other one is worse than it, with the paired interval; above 0 is worse.
    """

    data: Labelled = field(repr=False)
    score: str
    folds: int
    numbers: NDArray[np.int64] = field(repr=False)
    entries: list[Entry] = field(repr=False)
    best: Entry
    behind: dict[str, Score]

    @property
    def tied(self) -> list[Entry]:
        """The systems whose distance from the best may be chance, the best among them; the cheapest
        first."""
        found = [self.best]
        for entry in self.entries:
            if entry is self.best:
                continue
            if np.isnan(entry.scores.values[self.score].value):
                # A constant has no correlation, which is as good as one of 0.
                tied = entry.kind == FLOOR and not self.best.scores.values[self.score].low > 0
            else:
                tied = not self.behind[entry.name].low > 0
            if tied:
                found.append(entry)
        return sorted(found, key=lambda e: (e.kind, e.nbytes))

    @property
    def choice(self) -> Entry:
        """The cheapest of them: kinds in the order floor, counts, word vectors, encoder, fine-tuned,
        and among one kind the smallest."""
        return self.tied[0]

    @property
    def sentence(self) -> str:
        """Which to use and why."""
        choice, best = self.choice, self.best
        own, top = (e.scores.values[self.score] for e in (choice, best))
        called = score_name(self.score)
        if choice.kind == FLOOR:
            shown = "" if np.isnan(own.value) else f" ({called} {_three(own.value)})"
            nearest = (
                ""
                if choice is best
                else tr(
                    f"; the best, {best.title}, has {called} {_three(top.value)} ({_signed(top.low)} to "
                    f"{_signed(top.high)})",
                    f"(最良の {best.title} は{called} {_three(top.value)}、{_signed(top.low)}〜{_signed(top.high)})",
                )
            )
            return tr(
                f"None is better than '{choice.title}'{shown} beyond chance{nearest}: what they see of these texts "
                "does not tell the labels, or there are too few rows.",
                f"「{choice.title}」{shown}を偶然以上に上回るものがありません{nearest}。これらの表現ではラベルを"
                "見分けられないか、件数が足りません。",
            )
        if choice is best:
            rest = [e for e in self.tied if e is not best]
            more = (
                tr(
                    f"; {rest[0].title} is not worse beyond chance but costs more",
                    f"。{rest[0].title} との差は偶然の範囲ですが、より重いです",
                )
                if rest
                else tr(
                    "; every other one is worse beyond chance", "。ほかはどれも偶然を超えて劣ります"
                )
            )
            return tr(
                f"Use {best.title}: {called} {_three(top.value)}, the best{more}.",
                f"{best.title} を使うとよいです。{called} {_three(top.value)} で最良です{more}。",
            )
        less = self.behind[choice.name]
        return tr(
            f"Use {choice.title} ({called} {_three(own.value)}): {best.title} reaches {_three(top.value)}, but the "
            f"difference of {_three(less.value)} is within chance (95 % interval {_signed(less.low)} to "
            f"{_signed(less.high)}), and it costs more.",
            f"{choice.title} を使うとよいです({called} {_three(own.value)})。{best.title} は {_three(top.value)} ですが、"
            f"差 {_three(less.value)} は偶然の範囲内(95% 区間 {_signed(less.low)}〜{_signed(less.high)})で、より重いです。",
        )

    @property
    def notes(self) -> list[str]:
        """What was decided and what is left out."""
        return self.data.about()

    def table(self) -> Table:
        """One row a system, in the order they were compared in."""
        names = list(self.entries[0].scores.values)
        names.sort(key=lambda name: name != self.score)
        columns: dict[str, list[Any]] = {"system": [e.title for e in self.entries]}
        titles = {"system": tr("representation", "表現")}
        main = [e.scores.values[self.score] for e in self.entries]
        columns |= {
            self.score: [s.value for s in main],
            "low": [s.low for s in main],
            "high": [s.high for s in main],
            "behind": [0.0 if e is self.best else self.behind[e.name].value for e in self.entries],
            "behind_low": [
                None if e is self.best else self.behind[e.name].low for e in self.entries
            ],
            "behind_high": [
                None if e is self.best else self.behind[e.name].high for e in self.entries
            ],
        }
        titles |= {
            self.score: score_name(self.score),
            "low": tr("low", "下限"),
            "high": tr("high", "上限"),
            "behind": tr("behind the best", "最良との差"),
            "behind_low": tr("low", "下限"),
            "behind_high": tr("high", "上限"),
        }
        for name in names[1:]:
            columns[name] = [e.scores.values[name].value for e in self.entries]
            titles[name] = score_name(name)
        columns |= {
            "seconds": [round(e.seconds, 2) for e in self.entries],
            "mb": [round(e.megabytes, 2) for e in self.entries],
            "note": [
                " ".join([e.note, *([tr("← use this", "← 推奨")] if e is self.choice else [])])
                for e in self.entries
            ],
        }
        titles |= {
            "seconds": tr("seconds", "秒"),
            "mb": "MB",
            "note": tr("note", "備考"),
        }
        # What does not exist is a cell that stays empty.
        plain = {
            name: [None if isinstance(v, float) and v != v else v for v in values]
            for name, values in columns.items()
        }
        return Table(plain, titles, self.sentence)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        return {
            "task": self.data.task,
            "score": self.score,
            "folds": self.folds,
            "rows": len(self.data.labelled),
            "unlabelled": len(self.data.unlabelled),
            "classes": list(self.data.classes),
            "use": self.choice.name,
            "best": self.best.name,
            "sentence": self.sentence,
            "systems": [
                {
                    "name": e.name, "title": e.title, "note": e.note, "seconds": e.seconds,
                    "feature_ms": e.feature_ms, "bytes": e.nbytes,
                    "behind": None if e is self.best else self.behind[e.name].to_dict(),
                    **e.scores.to_dict(),
                }
                for e in self.entries
            ],
        }  # fmt: skip

    def save(self, path: str | Path) -> None:
        """A figure (.html .png .svg .pdf) or the table (.csv .xlsx ...), by the suffix.

        Raises
        ------
        BadInput : another suffix.
        """
        path = Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            self.table().save(path)
            return
        from bunsan.figures.intervals import Measured, draw_intervals

        bars = []
        for e in self.entries:
            s = e.scores.values[self.score]
            facts = [
                (score_name(name), f"{v.value:.3f} ({v.low:.3f} – {v.high:.3f})")
                for name, v in e.scores.values.items()
            ]
            if e is not self.best:
                less = self.behind[e.name]
                facts.append(
                    (
                        tr("behind the best", "最良との差"),
                        f"{less.value:.3f} ({less.low:.3f} – {less.high:.3f})",
                    )
                )
            facts += [(tr("seconds", "秒"), f"{e.seconds:.1f}"), ("MB", f"{e.megabytes:.2f}")]
            bars.append(
                Measured(
                    e.title, s.value, s.low, s.high, e.kind, chosen=e is self.choice,
                    beside=(f"{e.seconds:.1f}", f"{e.megabytes:.1f}"), facts=tuple(facts),
                )
            )  # fmt: skip
        draw_intervals(
            bars,
            path,
            axis=score_name(self.score),
            title=tr(
                f"Predicting {self.data.label} from texts",
                f"文章からの「{self.data.label}」の予測",
            ),
            note=self.sentence,
            beside=(tr("seconds", "秒"), "MB"),
        )


def _three(value: float) -> str:
    return f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:.3f}" if value >= 0 else f"−{-value:.3f}"
