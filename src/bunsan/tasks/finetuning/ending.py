"""Ending a training before its last step: in time, or because a person has seen enough."""

from collections.abc import Callable

from bunsan.training.loop import Loop
from bunsan.training.reports import OnStep, StepReport

Enough = Callable[[], bool]
_TIMED_STEPS, _TIMED_SHARE = 5, 0.03  # what is timed before the steps are settled, as in the loop


class Ending:
    """Told of every step, it shortens the loop; the rate then falls faster, to the same end.

    Parameters
    ----------
    on_step : told of every step as well. minutes : what the steps may take; None: as long as it takes.
    enough : asked after every step; True makes it the last one. None: nobody asks.

    Attributes
    ----------
    loop : to be set before it runs. stopped : it was enough.
    """

    loop: Loop

    def __init__(self, on_step: OnStep, minutes: float | None, enough: Enough | None) -> None:
        self._on_step, self._minutes, self._enough = on_step, minutes, enough
        self._settled = False
        self.stopped = False

    def __call__(self, report: StepReport) -> None:
        self._on_step(report)
        if self._enough is not None and self._enough():
            self.stopped = report.step < (self.loop.steps or 0)
            self.loop.steps = report.step
        elif self._minutes is not None and self.loop.steps is not None:
            self._in_time(report.step, report.values["seconds"], 60 * self._minutes)

    def _in_time(self, step: int, seconds: float, whole: float) -> None:
        steps = self.loop.steps or step
        if seconds >= whole:
            self.loop.steps = step
        elif not self._settled and step >= _TIMED_STEPS and seconds >= _TIMED_SHARE * whole:
            self._settled = True
            self.loop.steps = min(steps, max(step, int(step * whole / seconds)))
