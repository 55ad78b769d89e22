"""What a person sees while a model is fine-tuned."""

from bunsan.base.language import tr
from bunsan.base.progress import Progress
from bunsan.training.reports import OnStep, StepReport


class Shown:
    """A bar with epoch, loss, evaluation and time left."""

    def __init__(self, bar: Progress, steps_an_epoch: float, on_step: OnStep | None) -> None:
        self._bar, self._epoch, self._on_step = bar, max(steps_an_epoch, 1e-9), on_step
        self._done = 0.0
        self._evaluated = ""

    def __call__(self, report: StepReport) -> None:
        values = report.values
        share = report.step / max(report.steps or 1, 1)
        if "eval_loss" in values:
            self._evaluated = f", eval {values['eval_loss']:.3f}"
            if "eval_right" in values:
                right = f"{100 * values['eval_right']:.1f} %"
                self._evaluated += tr(f" ({right} right)", f"(正解 {right})")
        epoch = tr("epoch", "エポック")
        note = f"{epoch} {report.step / self._epoch:.1f}, loss {values['loss']:.3f}"
        self._bar.advance(max(share - self._done, 0.0), note + self._evaluated)
        self._done = max(share, self._done)
        if self._on_step is not None:
            self._on_step(report)
