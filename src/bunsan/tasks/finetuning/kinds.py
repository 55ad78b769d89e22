"""The tasks by name. This is the only file that knows all of them."""

import difflib
from collections.abc import Mapping
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.opened import OpenedModel
from bunsan.tasks.finetuning.answers import Answers
from bunsan.tasks.finetuning.base import Options, Task
from bunsan.tasks.finetuning.choices import Choices
from bunsan.tasks.finetuning.classification import Classification, Pairs
from bunsan.tasks.finetuning.regression import Regression, Similarity
from bunsan.tasks.finetuning.tokens import Tokens

TASKS: dict[str, type[Task]] = {
    task.name: task
    for task in (Classification, Pairs, Regression, Similarity, Tokens, Answers, Choices)
}
_ALSO = {
    "classify": "classification",
    "sentiment": "classification",
    "nli": "pairs",
    "entailment": "pairs",
    "paraphrase": "pairs",
    "sts": "similarity",
    "ner": "tokens",
    "entities": "tokens",
    "spans": "tokens",
    "qa": "answers",
    "squad": "answers",
    "choice": "choices",
    "multiple-choice": "choices",
}


def make_task(name: str, options: Options) -> Task:
    """A task by name.

    Raises
    ------
    BadInput : there is none of that name.
    """
    plain = name.strip().lower().replace("_", "-")
    plain = _ALSO.get(plain, plain)
    if plain not in TASKS:
        near = difflib.get_close_matches(plain, [*TASKS, *_ALSO], 1)
        raise BadInput(
            tr(f"There is no task {name!r}.", f"{name!r} という課題はありません。"),
            remedy=(
                tr(f"Did you mean {near[0]}? ", f"{near[0]} ではありませんか。") if near else ""
            )
            + tr(f"Tasks: {', '.join(TASKS)}.", f"課題: {'、'.join(TASKS)}。"),
        )
    return TASKS[plain](options)


def restored(about: Mapping[str, Any], options: Options, file: Any) -> Task:
    """The task that a fine-tuned model keeps in its folder.

    Raises
    ------
    BadInput : the file says what no task can be.
    """
    try:
        task = make_task(str(about["task"]), options)
        columns = about["columns"]
        if not isinstance(columns, Mapping) or not all(
            isinstance(value, (str, list)) for value in columns.values()
        ):
            raise ValueError("columns")
        task.known = dict(columns)
        task.max_length = options.max_length or int(about["max_length"])
        task.restore(about)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            tr(f"does not describe a task ({error}).", f"課題の設定として読めません({error})。"),
            remedy=tr("Fine-tune the model again.", "ファインチューニングをやり直してください。"),
            file=file,
        ) from error
    return task


def task_of(model: OpenedModel, options: Options) -> Task:
    """The task of a model that others fine-tuned, by its head.

    Raises
    ------
    BadInput : the model has no head of a task.
    """
    labels = list(model.labels)
    if model.head == "classification":
        if model.problem == "regression":
            return Regression(options)
        options.multi = model.problem == "multi_label_classification"
        task: Task = Classification(options)
        task.restore({"labels": labels, "multi": options.multi})
        return task
    if model.head == "labels":
        task = Tokens(options)
        task.restore({"tags": labels})
        return task
    if model.head == "spans":
        return Answers(options)
    if model.head == "choice":
        return Choices(options)
    raise BadInput(
        tr(
            "was not fine-tuned: it has no head of a task.",
            "ファインチューニングされていないモデルです。",
        ),
        remedy=tr(
            "Make one: bunsan finetune TASK --model ... --train ... -o FOLDER.",
            "bunsan finetune 課題 --model ... --train ... -o フォルダー で作れます。",
        ),
        file=model.folder,
    )
