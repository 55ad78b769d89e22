"""`finetune` makes a model for a task, `open_task` opens it; what they need is loaded when they are called."""

from typing import TYPE_CHECKING, Any

from bunsan.base.optional import needs_models

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.making import FineTuned
    from bunsan.tasks.finetuning.opened import OpenedTask
    from bunsan.tasks.finetuning.sentence_vectors import TrainedVectors


def finetune(*arguments: Any, **options: Any) -> "FineTuned":
    """Fine-tune a model for a task; see `bunsan.tasks.finetuning.making.finetune`.

    Raises
    ------
    Missing : the extra `models` is not installed, or the model is not here.
    """
    _needed()
    from bunsan.tasks.finetuning.making import finetune as make

    return make(*arguments, **options)


def finetune_vectors(*arguments: Any, **options: Any) -> "TrainedVectors":
    """Train a model's vectors on pairs of texts that belong together; see
    `bunsan.tasks.finetuning.sentence_vectors.finetune_vectors`.

    Raises
    ------
    Missing : the extra `models` is not installed, or the model is not here.
    """
    _needed()
    from bunsan.tasks.finetuning.sentence_vectors import finetune_vectors as make

    return make(*arguments, **options)


def open_task(*arguments: Any, **options: Any) -> "OpenedTask":
    """Open a fine-tuned model; see `bunsan.tasks.finetuning.opened.open_task`.

    Raises
    ------
    Missing : the extra `models` is not installed, or the model is not here.
    """
    _needed()
    from bunsan.tasks.finetuning.opened import open_task as open_

    return open_(*arguments, **options)


def _needed() -> None:
    needs_models(en="Fine-tuning", ja="ファインチューニング")
