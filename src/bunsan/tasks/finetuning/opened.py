"""A fine-tuned model, ready to answer: `open_task`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bunsan.base.errors import BadInput, Missing
from bunsan.base.hub import local_folder
from bunsan.base.language import tr
from bunsan.base.progress import Progress, progress
from bunsan.base.untrusted import read_object
from bunsan.models.open import open_model
from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.tasks.finetuning.base import Item, Options, Prediction, Task
from bunsan.tasks.finetuning.kinds import restored, task_of
from bunsan.tasks.finetuning.records import ReadingOptions, Record, read_records
from bunsan.tasks.finetuning.running import Runner
from bunsan.text.documents import ReadReport, bytes_total
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer

TASK_FILE = "bunsan_task.json"
CHUNK_ROWS, CHUNK_CHARACTERS = 1024, 400_000
_MANY = 256  # items from which compiled kernels are worth making ready


@dataclass
class Reading:
    """What happened while rows were read: rows left out because a text or the label was missing."""

    report: ReadReport = field(default_factory=ReadReport)
    without_text: int = 0
    without_label: int = 0


class OpenedTask:
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

    @property
    def labels(self) -> list[str]:
        """Classes, or types of spans; none for other tasks."""
        return list(getattr(self.task, "types", None) or self.task.labels or [])

    def predict(self, data: Any, **reading: Any) -> Any:
        """What the model says of some data.

        Parameters
        ----------
        data : a text, or a tuple of the texts of one input (two texts; question and passage; question
            and choices), gives one `Prediction`; a list of these, a list of dicts, a table (pandas,
            polars, Arrow) or a file gives a list of them, in order; None for a row without a text.
        reading : `encoding`, `format`, `sheet` of a file.

        Raises
        ------
        BadInput : a column or a text is missing; file, row and remedy are named.
        """
        if isinstance(data, str) and not _is_file(data):
            return self.answers([self._plain(data, 1)])[0]
        if isinstance(data, tuple):
            return self.answers([self._plain(data, 1)])[0]
        if isinstance(data, Mapping):
            return self.predict([data])[0]
        if isinstance(data, list) and not data:
            return []
        plain = isinstance(data, list) and all(isinstance(x, (str, tuple)) for x in data)
        if plain and not all(isinstance(x, str) and _is_file(x) for x in data):
            return self.answers([self._plain(x, row) for row, x in enumerate(data, 1)])
        rows = list(
            read_items(
                self.task, data, truth=False, options=ReadingOptions(**reading), with_gaps=True
            )
        )
        items = iter([item for item in rows if item is not None])
        answers = (answer for chunk in self.chunks(items) for answer in self.answers(chunk))
        return [None if item is None else next(answers) for item in rows]

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

    def read(
        self,
        sources: Any,
        *,
        truth: bool,
        keep: Sequence[str] = (),
        options: ReadingOptions | None = None,
        reading: Reading | None = None,
    ) -> Iterator[Item]:
        """The rows of some sources, in flat memory; see `read_items`."""
        rows = read_items(
            self.task, sources, truth=truth, keep=keep, options=options, reading=reading
        )
        return (item for item in rows if item is not None)

    def chunks(self, items: Iterator[Item]) -> Iterator[list[Item]]:
        """Items in lists that are worth a batch and fit into memory."""
        chunk: list[Item] = []
        characters = 0
        for item in items:
            chunk.append(item)
            characters += sum(map(len, item.texts))
            if len(chunk) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
                yield chunk
                chunk, characters = [], 0
        if chunk:
            yield chunk

    def _plain(self, data: str | tuple[str, ...], row: int) -> Item:
        texts = (data,) if isinstance(data, str) else data
        wanted = {"pairs": 2, "similarity": 2, "answers": 2, "choices": None}.get(self.task.name, 1)
        record = Record("<texts>", row, {})
        if not all(isinstance(text, str) for text in texts) or (
            len(texts) != wanted if wanted is not None else len(texts) < 3
        ):
            raise record.bad(
                tr(
                    f"{self.task.name} reads {wanted or 'a question and two or more'} texts at once.",
                    f"{self.task.name} の入力は {wanted or '質問と二つ以上の選択肢'} です。",
                ),
                tr(
                    "Give a tuple of as many strings.",
                    "その数の文字列をタプルで渡してください。",
                ),
            )
        return Item(record, tuple(texts))


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


def read_items(
    task: Task,
    sources: Any,
    *,
    truth: bool,
    keep: Sequence[str] = (),
    options: ReadingOptions | None = None,
    reading: Reading | None = None,
    unlabelled: bool = False,
    with_gaps: bool = False,
) -> Iterator[Item | None]:
    """The rows of some sources as items of a task.

    Parameters
    ----------
    truth : labels are wanted: rows without are counted, and passed over unless `unlabelled` says to
        give them all the same. keep : further columns. with_gaps : None for a row without a text, which
        is passed over otherwise.

    Raises
    ------
    BadInput : a column is missing, a label is none.
    """
    reading = reading or Reading()

    def choose(table: Any) -> list[str]:
        from bunsan.text.columns import find

        task.resolve(table, truth)
        more = [table.columns[find(table.columns, name, table.file)] for name in keep]
        return list(dict.fromkeys([*task.wanted(truth), *more]))

    records = read_records(
        sources,
        choose,
        special=lambda source, read: task.special(source, read, truth),
        options=options,
        report=reading.report,
    )
    for record in records:
        item = task.item(record, truth)
        if item is None:
            reading.without_text += 1
            if with_gaps:
                yield None
            continue
        if truth and item.truth is None:
            reading.without_label += 1
            if not unlabelled:
                continue
        yield item


def read_all(
    task: Task,
    sources: Any,
    title: str,
    *,
    truth: bool,
    options: ReadingOptions | None = None,
    reading: Reading | None = None,
) -> list[Item]:
    """The same at once, with a bar."""
    reading = reading or Reading()
    total = bytes_total(sources, format=None if options is None else options.format)
    found: list[Item] = []
    with progress(title, total) as bar:
        before = 0
        for item in read_items(task, sources, truth=truth, options=options, reading=reading):
            if item is not None:
                found.append(item)
            if reading.report.bytes_read != before:
                bar.advance(reading.report.bytes_read - before)
                before = reading.report.bytes_read
    return found


def _is_file(text: str) -> bool:
    if len(text) > 1000 or "\n" in text or "\0" in text:
        return False
    try:
        return text == "-" or Path(text).expanduser().is_file()
    except OSError:
        return False
