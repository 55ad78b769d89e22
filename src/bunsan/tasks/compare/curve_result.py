"""What a learning curve shows: points, a law through them, and what more labels would buy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.measure.scores.result import Score, score_name
from bunsan.tasks.baselines.representations import FLOOR
from bunsan.tasks.compare.power_law import PowerLaw
from bunsan.tasks.compare.reading import Labelled
from bunsan.tasks.compare.result import higher_is_better
from bunsan.tasks.table import TABLE_SUFFIXES, Table

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """The score with so many labels, and the limits of its 95 % interval."""

    size: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """One system.

    Attributes
    ----------
    points : by rising size. drawn : float64[R], the value at the largest size in every resample.
    law, laws : power laws through the last values, and through those of every resample, each through
        several numbers of sizes; None where there are too few.
    """

    name: str
    title: str
    kind: int
    nbytes: int
    points: list[Point]
    drawn: Floats = field(repr=False)
    law: PowerLaw | None = field(repr=False)
    laws: PowerLaw | None = field(repr=False)


@dataclass(frozen=True)
class LearningCurve:
    """Score against number of labels, for every system.

    Attributes
    ----------
    sizes : above 0. labels : how many labelled rows there are. more : how many further ones are
        asked about. fitted : the sizes that laws go through.
    """

    data: Labelled = field(repr=False)
    score: str
    curves: list[Curve]
    sizes: Sequence[int]
    labels: int
    more: int
    fitted: Sequence[int]

    @property
    def best(self) -> Curve:
        """Of the best value with all labels."""
        sign = self._sign
        return max(
            self.curves,
            key=lambda c: -np.inf if np.isnan(c.points[-1].value) else sign * c.points[-1].value,
        )

    @property
    def choice(self) -> Curve:
        """The cheapest of those whose distance from the best, with all labels, may be chance."""
        best = self.best
        tied = [best]
        for curve in self.curves:
            if curve.kind == FLOOR and np.isnan(curve.points[-1].value):
                # A constant has no correlation, which is as good as one of 0.
                if not best.points[-1].low > 0:
                    tied.append(curve)
                continue
            behind = self._sign * (best.drawn - curve.drawn)
            known = curve is not best and not np.isnan(behind).any()
            if known and np.quantile(behind, 0.025) <= 0:
                tied.append(curve)
        return min(tied, key=lambda c: (c.kind, c.nbytes))

    def gain(self, curve: Curve | None = None, more: int | None = None) -> Score | None:
        """What so many more labels would add to the score, extrapolated from the curve.

        The interval is that of the extrapolation: of the laws through the resampled curves. None where there
        are too few sizes for a law.
        """
        curve = curve or self.choice
        if curve.law is None or curve.laws is None:
            return None
        n = self.labels
        then = n + (self.more if more is None else more)
        value = float((curve.law.at(n) - curve.law.at(then)).mean())
        low, high = np.quantile(curve.laws.at(n) - curve.laws.at(then), [0.025, 0.975])
        return Score(value, float(low), float(high))

    @property
    def sentence(self) -> str:
        """What is reached, and what more labels would buy."""
        curve = self.choice
        floor = curve.kind == FLOOR
        shown = self.best if floor else curve
        called = score_name(self.score)
        last = shown.points[-1]
        begin = tr(
            f"With {last.size:,} labels {shown.title} reaches {called} {last.value:.3f} "
            f"({last.low:.3f} to {last.high:.3f}). ",
            f"ラベル {last.size:,} 件で {shown.title} の{called}は {last.value:.3f}"
            f"({last.low:.3f}〜{last.high:.3f})。",
        )
        if floor:
            return begin + tr(
                f"No representation is better than '{curve.title}' beyond chance.",
                f"「{curve.title}」を偶然以上に上回る表現はありません。",
            )
        gain = self.gain(curve)
        if gain is None:
            return begin + tr(
                "There are too few sizes to say what more labels would buy.",
                "ラベルを増やした効果を推定するには、段階の数が足りません。",
            )
        verb = tr("lower", "下がる") if self._sign < 0 else tr("raise", "上がる")
        unsure = (
            tr("; it may be nothing at all", "。まったく変わらない可能性もあります")
            if gain.low < 0.0005
            else ""
        )
        return begin + tr(
            f"{self.more:,} more than the {self.labels:,} there are would {verb} it by about {gain.value:.3f} (95 % "
            f"interval {gain.low:.3f} to {gain.high:.3f}{unsure}), if it goes on as from {self.fitted[0]:,} to "
            f"{self.sizes[-1]:,}.",
            f"今の {self.labels:,} 件に {self.more:,} 件を足すと、約 {gain.value:.3f} {verb}見込みです(95% 区間 "
            f"{gain.low:.3f}〜{gain.high:.3f}{unsure})。{self.fitted[0]:,} 件から {self.sizes[-1]:,} 件までの"
            "傾向が続くとした推定です。",
        )

    def table(self) -> Table:
        """One row a system and size."""
        rows = [(c, p) for c in self.curves for p in c.points]
        titles = {
            "system": tr("representation", "表現"),
            "labels": tr("labels", "ラベル数"),
            self.score: score_name(self.score),
            "low": tr("low", "下限"),
            "high": tr("high", "上限"),
        }
        columns: dict[str, list[Any]] = {
            "system": [c.title for c, _ in rows],
            "labels": [p.size for _, p in rows],
            self.score: [p.value for _, p in rows],
            "low": [p.low for _, p in rows],
            "high": [p.high for _, p in rows],
        }
        return Table(columns, titles, self.sentence)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        gains = {c.name: self.gain(c) for c in self.curves}
        return {
            "task": self.data.task,
            "score": self.score,
            "labels": self.labels,
            "more": self.more,
            "use": self.choice.name,
            "sentence": self.sentence,
            "curves": [
                {
                    "name": c.name,
                    "title": c.title,
                    "gain": None if (gain := gains[c.name]) is None else gain.to_dict(),
                    "points": [
                        {"labels": p.size, **Score(p.value, p.low, p.high).to_dict()}
                        for p in c.points
                    ],
                }
                for c in self.curves
            ],
        }

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
        from bunsan.figures.curves import Bend, draw_curves

        bends = []
        for number, curve in enumerate(self.curves):
            known = [p for p in curve.points if not np.isnan(p.value)]
            onward: list[tuple[float, float]] = []
            if curve.kind != FLOOR and curve.law is not None:
                furthest = max(self.labels + self.more, 1.3 * self.sizes[-1])
                ahead = np.geomspace(self.sizes[-1], furthest, 12)
                # From where the last value is: the law says how it goes on, not where it stands.
                begin = curve.law.at(self.sizes[-1])
                onward = [
                    (float(n), curve.points[-1].value + self._sign * float(gained.mean()))
                    for n in ahead
                    for gained in [begin - curve.law.at(n)]
                ]
            bends.append(
                Bend(
                    curve.title, [(p.size, p.value, p.low, p.high) for p in known], onward,
                    -1 if curve.kind == FLOOR else number - 1, chosen=curve is self.choice,
                )
            )  # fmt: skip
        draw_curves(
            bends,
            path,
            x_axis=tr("labelled rows", "ラベルのある行数"),
            y_axis=score_name(self.score),
            title=tr(
                f"Predicting {self.data.label}: the label budget",
                f"「{self.data.label}」の予測: ラベルの数と成績",
            ),
            note=self.sentence,
        )

    @property
    def _sign(self) -> int:
        return 1 if higher_is_better(self.score) else -1
