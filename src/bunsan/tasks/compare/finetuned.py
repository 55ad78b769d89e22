"""A model that is fine-tuned anew for every fold."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bunsan.base.errors import Interrupted
from bunsan.base.language import tr
from bunsan.tasks.baselines.representations import FINE_TUNED, Ints
from bunsan.tasks.baselines.vectors import model_name
from bunsan.tasks.compare.reading import Labelled
from bunsan.tasks.compare.systems import Floor, Predicted

_BATCH = 32
_EPOCHS = 3
_LEAST_UPDATES = 60  # a few dozen labels are read more often than thousands


class FineTuned:
    """`bunsan.finetune` on the training rows, and its predictions. See `System`.

    Parameters
    ----------
    options : further settings of `bunsan.finetune`: epochs, rate, max_length, lora, ...
    """

    kind = FINE_TUNED

    def __init__(self, model: str | Path, *, seed: int = 0, **options: Any) -> None:
        self._model, self._seed, self._options = model, seed, options
        called = model_name(model)
        self.name = f"finetuned:{model}"
        self.title = tr(f"Fine-tuned {called}", f"ファインチューニング {called}")
        self.note = tr("all weights learn", "全重みを学習")
        self._bytes = 0

    def prepare(self, data: Labelled) -> None:
        """See `System`."""
        self._data = data
        self._floor = Floor()
        self._floor.prepare(data)

    def adapt(self, rows: Ints) -> None:
        """Nothing is learned from texts alone."""

    def predict(self, train: Ints, asked: Ints) -> Predicted:
        """See `System`."""
        from bunsan.tasks.finetuning.entry import finetune, open_task

        data = self._data
        if len(np.unique(data.truth[train])) < 2:
            return self._floor.predict(train, asked)
        pairs = data.texts.second is not None
        numbers = data.task == "regression"
        task = ("similarity" if pairs else "regression") if numbers else (
            "pairs" if pairs else "classification"
        )  # fmt: skip
        labels = data.shown(data.truth[train])
        rows = [
            {**self._texts(int(i)), "label": label if not numbers else repr(label)}
            for i, label in zip(train, labels, strict=True)
        ]
        columns = {"text": "text", "label": "label", **({"text2": "text2"} if pairs else {})}
        settings = {
            "batch": _BATCH,
            "steps": max(math.ceil(_EPOCHS * len(rows) / _BATCH), _LEAST_UPDATES),
            "held_out": 0.0,
            "seed": self._seed,
            "min_count": 1,
            **self._options,
        }
        with tempfile.TemporaryDirectory(prefix="bunsan-") as place:
            folder = Path(place) / "model"
            try:
                finetune(task, rows, model=self._model, to=folder, columns=columns, **settings)
            except Interrupted as stop:  # its checkpoint goes with the temporary folder
                raise Interrupted(
                    tr("Stopped.", "中断しました。"),
                    remedy=tr("The same command begins again.", "同じコマンドで最初から始めます。"),
                ) from stop
            self._bytes = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
            wanted: list[Any] = [self._texts(int(i)) for i in asked]
            if pairs:
                wanted = [(row["text"], row["text2"]) for row in wanted]
            else:
                wanted = [row["text"] for row in wanted]
            found = open_task(folder).predict(wanted)
        if numbers:
            return Predicted(np.array([one.value for one in found], np.float64))
        table = np.zeros((len(found), len(data.classes)))
        place_of = {name: i for i, name in enumerate(data.classes)}
        for i, one in enumerate(found):
            for name, p in (one.probabilities or {one.value: 1.0}).items():
                table[i, place_of[name]] = p
        return Predicted(table.argmax(axis=1), table)

    def without_labels(self, asked: Ints) -> Predicted | None:
        """A head that was not trained says nothing."""
        return None

    @property
    def nbytes(self) -> int:
        """The files of the fine-tuned model."""
        return self._bytes

    def _texts(self, row: int) -> dict[str, str]:
        texts = self._data.texts
        found = {"text": texts.first[row]}
        if texts.second is not None:
            found["text2"] = texts.second[row]
        return found
