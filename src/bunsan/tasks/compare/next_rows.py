"""Which rows to label next: those the system is least sure of, and not all of one kind.

Settles (2009), "Active learning literature survey", § 3.1 (margin sampling); for batches that are
uncertain and diverse at once Zhdanov (2019), "Diverse mini-batch active learning".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.baselines.counts import Tfidf
from bunsan.tasks.baselines.representations import FLOOR
from bunsan.tasks.compare.reading import Labelled, read_labelled
from bunsan.tasks.compare.running import compare_on
from bunsan.tasks.compare.systems import Linear, System, systems_at_hand
from bunsan.tasks.table import Table
from bunsan.text.words import WordSettings

Floats = NDArray[np.float64]

_CANDIDATES = 10  # for each row wanted, so many of the least sure are looked at


def label_next(
    sources: Any,
    *,
    label: str | int,
    count: int = 50,
    text: str | int | None = None,
    text2: str | int | None = None,
    as_: str = "auto",
    models: Sequence[str | Path] = (),
    vectors: Sequence[str | Path] = (),
    words: str | WordSettings = "auto",
    folds: int = 5,
    seed: int = 0,
    **reading: Any,
) -> Table:
    """The rows without a label that would teach most, by the representation that `bunsan.compare`
    recommends.

    Raises
    ------
    BadInput : no row lacks a label; besides as `bunsan.compare`.
    """
    data = read_labelled(sources, text=text, label=label, text2=text2, as_=as_, **reading)
    check_unlabelled(data)
    systems = systems_at_hand(
        models=models, vectors=vectors, words=words, pairs=text2 is not None, seed=seed
    )
    found = compare_on(data, systems, score=None, folds=folds, seed=seed)
    return next_rows(data, named(systems, found.choice.name), count)


def named(systems: Sequence[System], name: str) -> System:
    """The system of that name; TF-IDF of characters where that is the floor, which knows nothing."""
    system = next(s for s in systems if s.name == name)
    return Linear(Tfidf("characters")) if system.kind == FLOOR else system


def next_rows(data: Labelled, system: System, count: int) -> Table:
    """The rows in the order in which to label them.

    At every step that row is taken whose uncertainty, times its distance from the nearest one taken
    before, is greatest.

    Returns
    -------
    rank, source, row, text (text2), prediction, uncertainty.
    """
    check_unlabelled(data)
    train, asked = data.labelled, data.unlabelled
    system.prepare(data)
    system.adapt(np.arange(len(data.texts)))
    predicted = system.predict(train, asked)
    unsure = _uncertainty(data, system, train, asked, predicted.probabilities)
    most = min(len(asked), max(_CANDIDATES * count, 200))
    best = np.argsort(-unsure, kind="stable")[:most]
    representation: Any = Tfidf("characters")
    if isinstance(system, Linear):
        representation = system.representation
    else:
        representation.prepare(data.texts)
        representation.adapt(np.arange(len(data.texts)))
    order = best[apart(representation.features(asked[best]), unsure[best], count)]
    rows = asked[order]
    shown = data.shown(predicted.values[order])
    places = [data.places[int(i)] for i in rows]
    columns: dict[str, list[Any]] = {
        "rank": list(range(1, len(rows) + 1)),
        "source": [source for source, _ in places],
        "row": [row for _, row in places],
        "text": [data.texts.first[int(i)] for i in rows],
    }
    if data.texts.second is not None:
        columns["text2"] = [data.texts.second[int(i)] for i in rows]
    columns["prediction"] = shown
    columns["uncertainty"] = unsure[order].tolist()
    titles = {
        "rank": tr("rank", "順位"),
        "source": tr("file", "ファイル"),
        "row": tr("row", "行"),
        "text": tr("text", "本文"),
        "text2": tr("second text", "本文 2"),
        "prediction": tr("prediction", "予測"),
        "uncertainty": tr("uncertainty", "不確かさ"),
    }
    note = tr(
        f"{len(rows):,} of the {len(asked):,} rows without a label, by {system.title}.",
        f"ラベルのない {len(asked):,} 行のうち {len(rows):,} 行({system.title} による)。",
    )
    return Table(columns, titles, note)


def apart(features: Any, unsure: Floats, count: int) -> NDArray[np.int64]:
    """int64[min(count, k)], rows of [k, F] in the order they are taken."""
    lengths = np.sqrt(np.asarray((features * features).sum(axis=1), np.float64)).reshape(-1)
    lengths[lengths == 0] = 1
    distance = np.ones(len(unsure))
    # A row that is sure beyond doubt still has its distance.
    worth = np.maximum(unsure, 1e-9)
    taken: list[int] = []
    for _ in range(min(count, len(unsure))):
        score = worth * np.maximum(distance, 1e-9)
        score[taken] = -1
        one = int(score.argmax())
        taken.append(one)
        row = features[[one]]
        inner = features @ row.T
        inner = inner.toarray() if hasattr(inner, "toarray") else np.asarray(inner)
        cosine = inner.reshape(-1) / (lengths * lengths[one])
        distance = np.minimum(distance, np.clip(1 - cosine, 0, 1))
    return np.array(taken, np.int64)


def check_unlabelled(data: Labelled) -> None:
    """Whether there is anything to label.

    Raises
    ------
    BadInput : there is not.
    """
    if not len(data.unlabelled):
        raise BadInput(
            tr(
                f"Every row has a label in column {data.label!r}.",
                f"列 {data.label!r} はすべての行にラベルがあります。",
            ),
            remedy=tr(
                "Add rows with an empty label, from which the next are chosen.",
                "ラベルを空にした行を加えてください。その中から次の行を選びます。",
            ),
            file=data.file,
        )


def _uncertainty(
    data: Labelled, system: System, train: Any, asked: Any, probabilities: Floats | None
) -> Floats:
    if probabilities is not None:
        best = np.sort(probabilities, axis=1)[:, -2:]
        return np.asarray(1 - (best[:, 1] - best[:, 0]), np.float64)
    if isinstance(system, Linear) and data.task == "regression":
        return system.disagreement(train, asked)
    return np.ones(len(asked))
