"""What a training tells: every step, and the end."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class StepReport:
    """What one step did.

    Attributes
    ----------
    step : from 1. steps : of the whole training, None until it is settled. values : loss, its terms,
    rate, gradient norm, tokens a second, and what was evaluated.
    """

    step: int
    steps: int | None
    values: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """The end of a training; the objective's models have their final weights.

    Attributes
    ----------
    steps : that were made. tokens : read, padding not counted. seconds : by the clock, over all runs.
    loss : of the last step. evaluation : the last one, or with patience the best; None without any.
    stopped_early : whether patience ran out.
    """

    steps: int
    tokens: int
    seconds: float
    loss: float
    evaluation: float | None
    stopped_early: bool


OnStep = Callable[[StepReport], None]
