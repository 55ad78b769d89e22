"""Fine-tune a model for a task: `finetune`."""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from bunsan._version import __version__
from bunsan.base.files import replaced_folder, write_json
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.models.opened import OpenedModel, check_replaceable
from bunsan.tasks.finetuning.base import Item, Options, Task
from bunsan.tasks.finetuning.data import Data, read_data
from bunsan.tasks.finetuning.ending import Ending, Enough
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.tasks.finetuning.opened import TASK_FILE, OpenedTask
from bunsan.tasks.finetuning.recipe import Recipe, recipe_of, settings_of
from bunsan.tasks.finetuning.records import ReadingOptions
from bunsan.tasks.finetuning.scoring import Judged
from bunsan.tasks.finetuning.showing import Shown
from bunsan.tasks.finetuning.start import (
    limit_learning,
    open_start,
    save_start,
    start_folder,
    training_mark,
)
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example, Examples
from bunsan.training.loop import Loop
from bunsan.training.low_rank import merge_low_rank
from bunsan.training.objectives.labelled import Labelled
from bunsan.training.partial import trained_share
from bunsan.training.reports import OnStep, Trained

if TYPE_CHECKING:
    from bunsan.measure.scores import Scores

_CHUNK = 2048


@dataclass(frozen=True)
class FineTuned:
    """What was made.

    Attributes
    ----------
    folder : of model, tokenizer and task. task : its name. labels : classes or types of spans.
    train, valid : rows. parameters, learned : numbers in the model, and those that learned.
    trained : steps, seconds, loss, evaluation. scores : on the rows that were not trained on; None
        where there are none. scored_on : "valid", "held out" or "". notes : about the data.
    """

    folder: Path
    task: str
    labels: list[str]
    train: int
    valid: int
    parameters: int
    learned: int
    trained: Trained
    scores: "Scores | None"
    scored_on: str
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        values = {**vars(self), "folder": str(self.folder), "trained": asdict(self.trained)}
        return values | {"scores": None if self.scores is None else self.scores.to_dict()}


def finetune(
    task: str,
    train: Any,
    *,
    model: str | Path,
    to: str | Path,
    valid: Any = None,
    columns: Mapping[str, Any] | None = None,
    max_length: int | None = None,
    multi: bool = False,
    separator: str | None = None,
    min_count: int = 2,
    balance: bool = False,
    threshold: float | None = None,
    stride: int = 128,
    longest: int = 30,
    device: str | None = None,
    threads: int | None = None,
    encoding: str | None = None,
    format: str | None = None,
    sheet: str | int | None = None,
    on_bad: Literal["skip", "refuse"] = "skip",
    keep: bool = False,
    curves: bool = False,
    on_step: OnStep | None = None,
    enough: Enough | None = None,
    **recipe: Any,
) -> FineTuned:
    """Fine-tune a model for a task and save it where bunsan and transformers open it.

    Interrupted, the same call goes on from where it stopped.

    Parameters
    ----------
    task : classification, pairs, regression, similarity, tokens, answers, choices.
    train, valid : files, folders, tables, lists of dicts. Without `valid` a share is held out.
    model : a folder or a name: an encoder, a sentence model, or a model of a task to go on with.
    to : the folder to make; a model that stands there is replaced.
    columns : which column plays which part, where their names do not tell: text, text2, label, question,
        start, choices (a list).
    max_length : tokens of an input. multi, separator : texts have several labels, with a sign between
        them. min_count : how often a label must be seen. balance : rare classes count more.
    threshold, stride, longest : see `Options`.
    keep : leave the folder of the training, with the last checkpoint. curves : write for TensorBoard.
    enough : asked after every step; True ends the training there, with what was learned so far.
    recipe : fields of `Recipe`: epochs, minutes, batch, rate, seed, layer_decay, freeze, lora, patience, ...

    Raises
    ------
    BadInput : the data cannot be learned from; file, row and remedy are named.
    Missing : the model is not here. Interrupted : stopped by the person.
    """
    plan = recipe_of(recipe)
    target = Path(to)
    check_replaceable(target)
    folder = start_folder(model)  # a wrong name shows before the data are read
    if threads is not None:
        torch.set_num_threads(threads)
    options = Options(
        columns={part: name for part, name in (columns or {}).items() if name},
        max_length=max_length,
        multi=multi,
        separator=separator,
        min_count=min_count,
        balance=balance,
        threshold=threshold,
        stride=stride,
        longest=longest,
    )
    made = make_task(task, options)
    reading = ReadingOptions(encoding, format, sheet, on_bad)
    data = read_data(made, train, valid, plan, reading)
    return _finetune(
        made, data, plan, model, folder, target, device, threads, keep, curves, on_step, enough
    )


def _finetune(
    task: Task,
    data: Data,
    plan: Recipe,
    name: str | Path,
    start: Path,
    target: Path,
    device: str | None,
    threads: int | None,
    keep: bool,
    curves: bool,
    on_step: OnStep | None,
    enough: Enough | None,
) -> FineTuned:
    opened, tokenizer = open_start(name, task, plan.seed)
    train = _examples(task, data.train, tokenizer)
    notes = [*data.notes, *task.said()]
    valid = _examples(task, data.valid, tokenizer)
    assert tokenizer.pad_id is not None
    objective = Labelled(
        opened, task.kind, tokenizer.pad_id, class_weights=task.class_weights(data.train)
    )
    module = objective.text
    rates = limit_learning(
        module, frozen=plan.freeze, rank=plan.lora, decay=plan.layer_decay, seed=plan.seed
    )
    learned, parameters = trained_share(module)
    settings = settings_of(plan, opened, task, train, valid, device)
    # How often a checkpoint is saved changes nothing.
    plain = [asdict(values) | {"save_seconds": 0} for values in (plan, settings)]
    told = [task.about(), *plain, len(train)]
    mark = training_mark(start, told, [*train, *valid])
    work = target.with_name(target.name + ".training")
    folder = work / mark
    folder.mkdir(parents=True, exist_ok=True)
    title = tr(f"Fine-tuning for {task.name}", f"{task.name} を学習中")
    with progress(title, 1.0) as bar:
        ending = Ending(Shown(bar, len(train) / plan.batch, on_step), plan.minutes, enough)
        loop = Loop(
            objective,
            Examples(train, plan.seed),
            settings,
            evaluation=Examples(valid, plan.seed) if valid else None,
            folder=folder,
            mark=mark,
            device=torch.device(device or "cpu"),
            curves=curves,
            on_step=ending,
            rates=rates,
        )
        ending.loop = loop
        trained = loop.run()
    if ending.stopped:
        notes.append(_stopped(trained.steps, settings.steps or 0))
    merge_low_rank(module)
    module.requires_grad_(True)
    task.finish(module.head.output)
    ready = OpenedTask(task, opened, tokenizer, device=device, threads=threads)
    scores = _scores(ready, data.valid, plan.seed)
    module.to("cpu")
    about = {
        "made_by": f"bunsan {__version__}",
        **task.about(),
        "model": str(name),
        "settings": asdict(plan) | {"rate": settings.rate},
        "train": len(data.train),
        "valid": len(data.valid),
        "trained": _finite(asdict(trained)),
        "scored_on": data.scored_on,
        "scores": None if scores is None else _finite(scores.to_dict()),
    }
    _save(opened, tokenizer, about, folder / "log.csv", target)
    if not keep:
        shutil.rmtree(work, ignore_errors=True)
    opened.folder = target
    return FineTuned(
        target,
        task.name,
        ready.labels,
        len(data.train),
        len(data.valid),
        parameters,
        learned,
        trained,
        scores,
        data.scored_on,
        notes,
    )


def _examples(task: Task, items: Sequence[Item], tokenizer: Tokenizer) -> list[Example]:
    found: list[Example] = []
    with progress(tr("Cutting into tokens", "トークンに分割中"), len(items)) as bar:
        for begin in range(0, len(items), _CHUNK):
            chunk = items[begin : begin + _CHUNK]
            for prepared in task.prepare(chunk, tokenizer):
                found += prepared.examples
            bar.advance(len(chunk))
    return found


def _stopped(steps: int, planned: int) -> str:
    return tr(
        f"Stopped after {steps:,} of {planned:,} updates; what was learned until then is kept.",
        f"{planned:,} 回中 {steps:,} 回の更新で止めました。そこまでの学習結果を保存しました。",
    )


def _scores(ready: OpenedTask, items: Sequence[Item], seed: int) -> "Scores | None":
    if not items:
        return None
    judged = Judged(ready.task)
    with progress(tr("Scoring", "採点中"), len(items)) as bar:
        for chunk in ready.chunks(iter(items)):
            judged.add(chunk, ready.answers(chunk))
            bar.advance(len(chunk))
    return judged.scores(seed)


def _finite(value: Any) -> Any:
    """The same without NaN and infinities, which JSON lacks."""
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _save(
    model: OpenedModel, tokenizer: Tokenizer, about: Mapping[str, Any], log: Path, folder: Path
) -> None:
    with replaced_folder(folder) as beside:
        save_start(model, tokenizer, beside)
        write_json(beside / TASK_FILE, about)
        shutil.copyfile(log, beside / "training.csv")
