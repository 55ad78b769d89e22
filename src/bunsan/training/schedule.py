"""The learning rate of every step."""

import math

from bunsan.training.settings import TrainingSettings


def rate_at(settings: TrainingSettings, step: int, steps: int) -> float:
    """The rate of step `step`, counted from 0, of `steps`.

    It rises to `rate` in `warm_up` steps, step 0 having the first rung above 0, and falls towards
    `rate * floor`, which the step after the last would have.
    """
    warm_up = settings.warm_up
    if step < warm_up:
        return settings.rate * (step + 1) / warm_up
    if settings.decay == "constant":
        return settings.rate
    if settings.decay == "root":
        return settings.rate * math.sqrt(max(warm_up, 1) / max(step + 1, warm_up, 1))
    share = min(1.0, (step - warm_up) / max(1, steps - warm_up))
    left = 1.0 - share if settings.decay == "linear" else 0.5 * (1.0 + math.cos(math.pi * share))
    return settings.rate * (settings.floor + (1.0 - settings.floor) * left)
