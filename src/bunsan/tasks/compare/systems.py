"""What is compared: something that learns from rows with labels and predicts those of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.tasks.baselines.counts import Tfidf
from bunsan.tasks.baselines.linear import Classifier, Regressor, compact
from bunsan.tasks.baselines.representations import FLOOR, CosineOf, Ints, Representation
from bunsan.tasks.baselines.vectors import EncoderVectors, MeanVectors
from bunsan.tasks.compare.reading import Labelled
from bunsan.text.words import WordSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """What a system says of k rows.

    Attributes
    ----------
    values : int64[k] numbers of classes, or float64[k]. probabilities : float64[k, C], for classes.
    """

    values: Any
    probabilities: Floats | None = None


class System(Protocol):
    """Learns and predicts. All rows are numbers of rows of the data it was prepared with.

    Attributes
    ----------
    name, title, note, kind : as of `Representation`.
    """

    name: str
    title: str
    note: str
    kind: int

    def prepare(self, data: Labelled) -> None:
        """What is done once for all texts, without labels."""
        ...

    def adapt(self, rows: Ints) -> None:
        """Look at the texts of these rows, without labels."""
        ...

    def predict(self, train: Ints, asked: Ints) -> Predicted:
        """Learn from the labels of some rows and predict those of others."""
        ...

    def without_labels(self, asked: Ints) -> Predicted | None:
        """What can be said of rows before any label is given; None: nothing."""
        ...

    @property
    def nbytes(self) -> int:
        """What was last learned, with all that is needed to use it."""
        ...


class Floor:
    """Always the most frequent class, or the mean: what can be had without reading."""

    name, kind, nbytes = "majority", FLOOR, 8

    def __init__(self) -> None:
        self.title = tr("Majority", "最頻値")
        self.note = ""

    def prepare(self, data: Labelled) -> None:
        """See `System`."""
        self._data = data
        if data.task == "regression":
            self.title = tr("Mean", "平均値")
            # Of all rows: means of folds, pooled, would correlate with the truth by being below it
            # where it is above.
            self._mean = float(np.mean(data.truth[data.labelled]))
        else:
            most = int(np.argmax(np.bincount(data.truth[data.labelled])))
            self.note = tr(f"always {data.classes[most]}", f"常に「{data.classes[most]}」")

    def adapt(self, rows: Ints) -> None:
        """Nothing is looked at."""

    def predict(self, train: Ints, asked: Ints) -> Predicted:
        """See `System`."""
        if self._data.task == "regression":
            return Predicted(np.full(len(asked), self._mean))
        counts = np.bincount(self._data.truth[train], minlength=len(self._data.classes))
        share = counts / max(int(counts.sum()), 1)
        values = np.full(len(asked), int(counts.argmax()))
        return Predicted(values, np.tile(share, (len(asked), 1)))

    def without_labels(self, asked: Ints) -> Predicted | None:
        """Nobody knows what is frequent."""
        return None


class Linear:
    """A representation with a linear classifier or regression on top."""

    def __init__(self, representation: Representation, seed: int = 0) -> None:
        self.representation, self.seed = representation, seed
        self.name, self.title = representation.name, representation.title
        self.note, self.kind = representation.note, representation.kind
        self._width = 0

    def prepare(self, data: Labelled) -> None:
        """See `System`."""
        self._data = data
        self.representation.prepare(data.texts)

    def adapt(self, rows: Ints) -> None:
        """See `System`."""
        self.representation.adapt(rows)

    def predict(self, train: Ints, asked: Ints) -> Predicted:
        """See `System`."""
        known, wanted = self.representation.features(train), self.representation.features(asked)
        truth = self._data.truth[train]
        outputs = 1
        self._width = known.shape[1]
        known, wanted = compact(known, wanted)
        if self._data.task == "regression":
            found = Predicted(Regressor(self.seed).fit(known, truth).predict(wanted))
        else:
            size = len(self._data.classes)
            outputs = size if size > 2 else 1
            p = Classifier(size, self.seed).fit(known, truth).probabilities(wanted)
            found = Predicted(p.argmax(axis=1), p)
        self._outputs = outputs
        return found

    def without_labels(self, asked: Ints) -> Predicted | None:
        """Classes whose names are words: the one whose name is nearest. Numbers of pairs: how alike
        the two texts are, which has no scale but an order."""
        data = self._data
        if data.task == "regression":
            like = self.representation.likeness(asked)
            return None if like is None else Predicted(like)
        if not all(any(c.isalpha() for c in name) for name in data.classes):
            return None
        near = self.representation.zero_shot(asked, list(data.classes))
        return None if near is None else Predicted(near.argmax(axis=1))

    def disagreement(self, train: Ints, asked: Ints) -> Floats:
        """float64[k], of regressions that were learned from resampled rows."""
        known, wanted = compact(
            self.representation.features(train), self.representation.features(asked)
        )
        return Regressor(self.seed).spread(known, self._data.truth[train], wanted)

    @property
    def nbytes(self) -> int:
        """The representation and 32-bit coefficients."""
        return self.representation.nbytes + 4 * self._width * self._outputs


def systems_at_hand(
    *,
    models: Sequence[str | Path] = (),
    vectors: Sequence[str | Path] = (),
    words: str | WordSettings = "auto",
    finetune: Sequence[str | Path] = (),
    pairs: bool = False,
    seed: int = 0,
    **encoder: Any,
) -> list[System]:
    """The floor, TF-IDF of words and of characters, means of word vectors, encoders; where there are
    pairs, by both texts and by their cosine alone."""
    settings = words if isinstance(words, WordSettings) else WordSettings(
        analyzer=words, form="dictionary"  # type: ignore[arg-type]  # it checks
    )  # fmt: skip
    representations: list[Representation] = [
        Tfidf("words", words=settings),
        Tfidf("characters"),
        MeanVectors(words=settings),
        *(MeanVectors(file, settings) for file in vectors),
        *(EncoderVectors(model, **encoder) for model in models),
    ]
    if pairs:
        representations = [one for r in representations for one in (CosineOf(r), r)]
    found: list[System] = [Floor(), *(Linear(r, seed) for r in representations)]
    if finetune:
        from bunsan.tasks.compare.finetuned import FineTuned

        found += [FineTuned(model, seed=seed) for model in finetune]
    return found
