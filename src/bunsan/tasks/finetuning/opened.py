"""A fine-tuned model, ready to answer: `open_task`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from bunsan.base.errors import BadInput, Missing
from bunsan.base.hub import local_folder
from bunsan.base.language import tr
from bunsan.base.progress import Progress
from bunsan.base.untrusted import read_object
from bunsan.models.open import open_model
from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.tasks.finetuning.answering import Answering
from bunsan.tasks.finetuning.base import Item, Options, Prediction, Task
from bunsan.tasks.finetuning.kinds import restored, task_of
from bunsan.tasks.finetuning.running import Runner
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer

TASK_FILE = "bunsan_task.json"
_MANY = 256  # items from which compiled kernels are worth making ready


class OpenedTask(Answering):
    """A model that was fine-tuned. Made by `open_task`.

    Attributes
    ----------
    task : what is asked. model, tokenizer : who answers. about : what its folder says of its training.
    """

    def __init__(
        self,
        task: Task,
        model: OpenedModel,
        tokenizer: Tokenizer,
        *,
        device: str | torch.device | None = None,
        threads: int | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(model.module, TextModelWithHead):
            raise TypeError("a task needs a text model with a head")
        self.task, self.model, self.tokenizer = task, model, tokenizer
        self.module = model.module
        self.device = torch.device(device or "cpu")
        self.about = dict(about or {})
        self._threads = threads
        self._runner: Runner | None = None
        self._packed = False

    def __repr__(self) -> str:
        return f"<bunsan.OpenedTask {self.task.name}: {self.model.folder}>"

    def answers(self, items: Sequence[Item], bar: Progress | None = None) -> list[Prediction]:
        """What the model says of items that were read."""
        if not items:
            return []
        run = self._ready(len(items))
        prepared = self.task.prepare(items, self.tokenizer)
        flat = [example for one in prepared for example in one.examples]
        scores = iter(run(flat, None if bar is None else bar.advance))
        logits = [[next(scores) for _ in one.examples] for one in prepared]
        return self.task.decode(items, prepared, logits)

    def _ready(self, items: int) -> Runner:
        packed = self._packed or items >= _MANY
        if self._runner is None or packed != self._packed:
            self._packed = packed
            pad = self.tokenizer.pad_id or 0
            self._runner = Runner(
                self.module,
                self.task.kind,
                pad,
                self.device,
                packed=packed,
                threads=self._threads,
            )
        return self._runner


def open_task(
    folder: str | Path,
    *,
    device: str | None = None,
    threads: int | None = None,
    threshold: float | None = None,
) -> OpenedTask:
    """A fine-tuned model from its folder, or by name.

    Models that others fine-tuned for classes, tags, spans or choices are opened by their head.

    Parameters
    ----------
    threshold : of probabilities, where texts may have several labels; of "no answer".

    Raises
    ------
    Missing : the model is not here. BadInput : it is damaged, or no model of a task.
    """
    place = Path(folder).expanduser()
    if not place.exists() and len(place.parts) > 2:
        raise Missing(
            tr(f"There is no folder {place}.", f"フォルダー {place} がありません。"),
            remedy=tr(
                "Give the folder that bunsan finetune made.",
                "bunsan finetune で作ったフォルダーを指定してください。",
            ),
        )
    found = local_folder(folder)
    options = Options(threshold=threshold)
    model = open_model(found)
    tokenizer = open_tokenizer(found)
    file = found / TASK_FILE
    about: dict[str, Any] = {}
    if file.is_file():
        about = read_object(file)
        task = restored(about, options, file)
        _fits(task, model, file)
    else:
        task = task_of(model, options)
    fit_length(task, model, tokenizer)
    return OpenedTask(task, model, tokenizer, device=device, threads=threads, about=about)


def fit_length(task: Task, model: OpenedModel, tokenizer: Tokenizer) -> None:
    """No longer inputs than model and tokenizer take."""
    module: Any = model.module
    limits = (module.backbone.embeddings.max_positions, tokenizer.max_length, task.max_length)
    task.max_length = min(limit for limit in limits if limit is not None)


def _fits(task: Task, model: OpenedModel, file: Path) -> None:
    wanted = task.labels
    if model.head != task.head or (wanted is not None and len(wanted) != len(model.labels)):
        raise BadInput(
            tr("does not belong to the model beside it.", "横にあるモデルと対応していません。"),
            remedy=tr(
                "Get the folder again, or fine-tune again.",
                "フォルダーを取り直すか、ファインチューニングをやり直してください。",
            ),
            file=file,
        )
