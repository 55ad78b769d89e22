"""How a model is fine-tuned, and what the training loop makes of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.opened import OpenedModel
from bunsan.tasks.finetuning.base import Task
from bunsan.training.examples import Example
from bunsan.training.settings import Precision, TrainingSettings

# Tokens with padding that go through the model at once. A processor gains nothing from more, and the
# smaller the batches that a step is cut into, the less padding is in them.
CPU_TOKENS, DEVICE_TOKENS = 1024, 16384


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How fine-tuning is done; the defaults are those of Devlin et al. 2019, §A.3.

    Parameters
    ----------
    epochs : times that every row is read; steps : updates instead. batch : rows an update.
    minutes : fewer updates than that where they would take longer, settled once some were timed.
    rate : highest learning rate; None: 5e-5, 1e-4 for ELECTRA (Clark et al. 2020), 4e-4 with `lora` (Hu
        et al. 2021), 1e-3 where all is frozen. warm_up : share of the updates in which it rises.
    layer_decay : from the last layer downwards each learns by this factor more slowly (0.65 to 1).
    freeze : "all" or how many layers from below, the embeddings with them, stay as they are.
    lora : rank of the matrices that learn in place of the model's own, which are merged afterwards.
    held_out : share of the rows for evaluation where no file is given for it.
    patience : evaluations, one an epoch, without a better one before training ends with the best.
    memory_tokens : tokens, padding included, that go through the model at once; None goes by the device.
    """

    epochs: float = 3.0
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    rate: float | None = None
    warm_up: float = 0.1
    weight_decay: float = 0.01
    layer_decay: float = 1.0
    freeze: int | Literal["all"] | None = None
    lora: int | None = None
    held_out: float = 0.1
    patience: int | None = None
    precision: Precision = "float32"
    memory_tokens: int | None = None
    checkpointing: bool = False
    save_seconds: float = 60.0
    seed: int = 0

    def rate_for(self, family: str) -> float:
        """The learning rate that was told, or the usual one."""
        if self.rate is not None:
            return self.rate
        if self.lora is not None:
            return 4e-4
        if self.freeze == "all":
            return 1e-3
        return 1e-4 if family == "electra" else 5e-5


def recipe_of(values: dict[str, Any]) -> Recipe:
    """The recipe that some settings make; None is the default.

    Raises
    ------
    BadInput : there is no such setting, or it cannot have this value.
    """
    known = Recipe.__dataclass_fields__
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadInput(
            tr(f"There is no setting {unknown[0]}.", f"{unknown[0]} という設定はありません。"),
            remedy=tr(f"Settings: {', '.join(known)}.", f"使える設定: {'、'.join(known)}。"),
        )
    plan = Recipe(**{name: value for name, value in values.items() if value is not None})
    check_recipe(plan)
    return plan


def check_recipe(plan: Recipe) -> None:
    """Refuse numbers that cannot be meant.

    Raises
    ------
    BadInput : the option and its value are named.
    """
    wrong = {
        "epochs": plan.epochs > 0,
        "batch": plan.batch >= 1,
        "steps": plan.steps is None or plan.steps >= 1,
        "minutes": plan.minutes is None or plan.minutes > 0,
        "warm_up": 0 <= plan.warm_up <= 1,
        "held_out": 0 <= plan.held_out < 1,
        "rate": plan.rate is None or plan.rate > 0,
    }
    for name, fine in wrong.items():
        if not fine:
            option = "--" + name.replace("_", "-")
            raise BadInput(
                tr(
                    f"{option} cannot be {getattr(plan, name)}.",
                    f"{option} に {getattr(plan, name)} は指定できません。",
                ),
                remedy=tr("See bunsan finetune --help.", "bunsan finetune --help を見てください。"),
            )


def settings_of(
    plan: Recipe,
    model: OpenedModel,
    task: Task,
    train: Sequence[Example],
    valid: Sequence[Example],
    device: str | None = None,
) -> TrainingSettings:
    """The plan in terms of the loop."""
    round_ = math.ceil(len(train) / plan.batch)
    usual = CPU_TOKENS if device in (None, "cpu") else DEVICE_TOKENS
    steps = plan.steps or max(1, math.ceil(plan.epochs * len(train) / plan.batch))
    return TrainingSettings(
        steps=steps,
        batch_sequences=plan.batch,
        memory_tokens=plan.memory_tokens or usual,
        max_length=max(task.max_length, 8),
        rate=plan.rate_for(model.family),
        warm_up=round(plan.warm_up * steps),
        decay="linear",
        weight_decay=plan.weight_decay,
        precision=plan.precision,
        checkpointing=plan.checkpointing,
        held_out=len(valid) / (len(train) + len(valid)),
        evaluate_every=round_,
        evaluate_windows=max(len(valid), 1),
        patience=plan.patience if valid else None,
        save_seconds=plan.save_seconds,
        seed=plan.seed,
    )
