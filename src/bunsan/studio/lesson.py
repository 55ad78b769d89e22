"""A training as it is seen: curves of loss and score, and a way to end it with what was learned."""

from typing import TYPE_CHECKING

from bunsan.base.language import tr
from bunsan.studio import pieces
from bunsan.studio.charts import Curve, curves
from bunsan.studio.jobs import Live

if TYPE_CHECKING:
    from bunsan.training.reports import StepReport

_POINTS = 160  # drawn of a curve


class Lesson(Live):
    """Follows one training.

    Attributes
    ----------
    losses : by update, of what was trained on. apart : of the rows held out. right : share of these
        that was right, where that can be said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[tuple[int, float]] = []
        self.apart: list[tuple[int, float]] = []
        self.right: list[tuple[int, float]] = []
        self.steps = 0
        self._drawn = (0, "")

    def note(self, report: "StepReport") -> None:
        """Told of every update; from the first one on there is something to keep."""
        values = report.values
        self.losses.append((report.step, values["loss"]))
        if "eval_loss" in values:
            self.apart.append((report.step, values["eval_loss"]))
        if "eval_right" in values:
            self.right.append((report.step, values["eval_right"]))
        self.steps = report.steps or report.step
        self.gentle = True

    def picture(self) -> str:
        """The curves so far; drawn again when there is more."""
        count = len(self.losses)
        if count != self._drawn[0]:
            self._drawn = (count, self._curves())
        wish = (
            pieces.notice(tr("It ends after this update …", "この更新が終わったら止まります…"))
            if self.enough.is_set()
            else ""
        )
        return self._drawn[1] + wish

    def _curves(self) -> str:
        if not self.losses:
            return ""
        across = tr("updates", "更新回数")
        rows = tr("rows trained on", "学習した行")
        apart = tr("rows held out", "取り分けた行")
        loss = [Curve(rows, _smooth(self.losses)), Curve(apart, self.apart, dots=True)]
        drawn = [curves(loss, label=tr("loss", "損失"), across=across, end=self.steps)]
        if self.right:
            share = [Curve(apart, self.right, dots=True)]
            said = tr("share that is right", "正解の割合")
            drawn.append(curves(share, label=said, across=across, end=self.steps, top=1.0))
        return pieces.div("b-curves", *drawn)


def _smooth(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Means of runs of updates, so that a few points show where the curve goes."""
    size = -(-len(points) // _POINTS)
    found = []
    for begin in range(0, len(points), size):
        some = points[begin : begin + size]
        found.append((some[-1][0], sum(value for _, value in some) / len(some)))
    return found
