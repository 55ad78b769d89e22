"""Every system on the same folds: each row is predicted once, by what was learned without its fold."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.measure.scores.result import Score
from bunsan.measure.scores.scoring import difference, main_score, score
from bunsan.tasks.compare.folds import fold_numbers
from bunsan.tasks.compare.reading import Labelled, read_labelled
from bunsan.tasks.compare.result import Comparison, Entry, higher_is_better
from bunsan.tasks.compare.systems import Predicted, System, systems_at_hand
from bunsan.text.words import WordSettings

SCORES = {
    "classification": ("accuracy", "macro_f1", "matthews"),
    "regression": ("spearman", "pearson", "rmse"),
}


def compare(
    sources: Any,
    *,
    label: str | int,
    text: str | int | None = None,
    text2: str | int | None = None,
    group: str | int | None = None,
    as_: str = "auto",
    models: Sequence[str | Path] = (),
    vectors: Sequence[str | Path] = (),
    finetune: Sequence[str | Path] = (),
    words: str | WordSettings = "auto",
    score: str | None = None,
    folds: int = 5,
    seed: int = 0,
    systems: Sequence[System] | None = None,
    **reading: Any,
) -> Comparison:
    """Compare every representation at hand by how well it predicts the labels of some texts.

    Parameters
    ----------
    sources : what `bunsan.learn` reads: files, folders, "-", a table, a list of dicts.
    text, label, text2, group : columns. `text2` makes pairs; rows of one `group` (a writer, a
        document) are never in two folds, and are drawn together for the intervals. A row without a
        label takes no part but for its text.
    as_ : labels are "classes" or "numbers"; "auto" takes numbers where all are numbers and more than
        ten differ.
    models : folders or names of encoders. vectors : files of word vectors. finetune : models to be
        fine-tuned in every fold. words : what cuts texts into words, as in `train_words`.
    score : "accuracy", "macro_f1", "matthews"; "spearman", "pearson", "rmse". None: the first.
    systems : compare these and no others.

    Raises
    ------
    BadInput : the data cannot be used; file, row, column and remedy are named.
    Missing : scikit-learn or a model is not here.
    """
    data = read_labelled(
        sources, text=text, label=label, text2=text2, group=group, as_=as_, **reading
    )
    chosen = systems or systems_at_hand(
        models=models,
        vectors=vectors,
        words=words,
        finetune=finetune,
        pairs=text2 is not None,
        seed=seed,
    )
    return compare_on(data, chosen, score=score, folds=folds, seed=seed)


def compare_on(
    data: Labelled, systems: Sequence[System], *, score: str | None, folds: int, seed: int
) -> Comparison:
    """See `compare`."""
    name = score_of(data.task, score)
    numbers = fold_numbers(data, folds, seed)
    rows = data.labelled
    groups = None if data.groups is None else [data.groups[i] for i in rows]
    entries = []
    with progress(tr("Comparing", "比較中"), len(systems) * (folds + 1)) as bar:
        for system in systems:
            bar.advance(0, system.title)
            entries.append(_entry(data, system, numbers, folds, groups, seed, bar))
    truth = data.shown(data.truth[rows])
    value = {e.name: e.scores.values[name].value for e in entries}
    sign = 1 if higher_is_better(name) else -1
    best = max(entries, key=lambda e: -np.inf if np.isnan(value[e.name]) else sign * value[e.name])
    behind: dict[str, Score] = {}
    for entry in entries:
        if entry is not best:
            less = difference(
                data.task, truth, best.predicted, entry.predicted, groups=groups, seed=seed
            ).values[name]
            low, high = (less.low, less.high) if sign > 0 else (-less.high, -less.low)
            behind[entry.name] = Score(sign * less.value, low, high)
    return Comparison(data, name, folds, numbers, entries, best, behind)


def score_of(task: str, score: str | None) -> str:
    """The name of the score to rank by.

    Raises
    ------
    BadInput : it is none of the task's.
    """
    name = main_score(task) if score is None else score
    if name not in SCORES[task]:
        raise BadInput(
            tr(
                f"The score {name!r} does not go with these labels.",
                f"このラベルに指標 {name!r} は使えません。",
            ),
            remedy=tr(
                f"Use {', '.join(SCORES[task])}.", f"{'、'.join(SCORES[task])} から選んでください。"
            ),
        )
    return name


def _entry(
    data: Labelled,
    system: System,
    numbers: Any,
    folds: int,
    groups: list[str] | None,
    seed: int,
    bar: Any,
) -> Entry:
    rows, extra = data.labelled, data.unlabelled
    begun = perf_counter()
    system.prepare(data)
    prepared = perf_counter() - begun
    bar.advance(1)
    values: Any = np.zeros(len(rows), np.float64 if data.task == "regression" else np.int64)
    probabilities = np.zeros((len(rows), len(data.classes)))
    known = True
    predicting = 0.0
    for fold in range(folds):
        held = numbers == fold
        system.adapt(np.concatenate([rows[~held], extra]))
        at = perf_counter()
        found: Predicted = system.predict(rows[~held], rows[held])
        predicting += perf_counter() - at
        values[held] = found.values
        known = known and found.probabilities is not None
        if found.probabilities is not None:
            probabilities[held] = found.probabilities
        bar.advance(1)
    taken = perf_counter() - begun
    shown = data.shown(values)
    whole = score(data.task, data.shown(data.truth[rows]), shown, groups=groups, seed=seed)
    return Entry(
        name=system.name, title=system.title, note=system.note, kind=system.kind, scores=whole,
        predicted=shown, probabilities=probabilities if known and data.classes else None,
        seconds=taken, feature_ms=1000 * prepared / max(len(data.texts), 1), nbytes=system.nbytes,
    )  # fmt: skip
