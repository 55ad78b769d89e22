"""The label budget: how good each system is with fewer labels, and what more would buy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.measure.scores.resampling import group_numbers, resampled_weights
from bunsan.measure.scores.scoring import drawn_scores
from bunsan.tasks.compare.curve_result import Curve, LearningCurve, Point
from bunsan.tasks.compare.folds import fold_numbers
from bunsan.tasks.compare.power_law import LEAST_SIZES, PowerLaw, fit_ends
from bunsan.tasks.compare.reading import Labelled, read_labelled
from bunsan.tasks.compare.result import higher_is_better
from bunsan.tasks.compare.running import score_of
from bunsan.tasks.compare.systems import System, systems_at_hand
from bunsan.text.words import WordSettings

Floats = NDArray[np.float64]

_RESAMPLES, _FEWEST = 1000, 200
_WEIGHTS = 20_000_000  # of rows in resamples, held in memory
_STEPS = (1, 2, 5)
_FITTED = 5  # sizes that laws go through


def learning_curve(
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
    sizes: Sequence[int] | None = None,
    more: int = 50,
    folds: int = 5,
    seed: int = 0,
    systems: Sequence[System] | None = None,
    **reading: Any,
) -> LearningCurve:
    """The score of each system against the number of labels it learned from.

    Parameters
    ----------
    sizes : numbers of labels; None: 10, 20, 50, 100, 200, 500, ... up to all. 0, what can be had
        without any, is always tried: classes by their names, pairs by their likeness.
    more : how many further labels `LearningCurve.gain` is about.
    folds : as many times, a part is held out and rows of the others are labelled in a random order,
        each time another one. All other parameters are those of `bunsan.compare`.

    Texts are there before labels are, so all that is learned from texts alone (word vectors, how
    rare words are) is learned from all rows that are not held out, whatever the number of labels.

    The intervals come from drawing again both the held-out parts, each with a labelled set of its
    own, and the rows within them.
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
    return learning_curve_on(
        data, chosen, score=score, sizes=sizes, more=more, folds=folds, seed=seed
    )


def learning_curve_on(
    data: Labelled,
    systems: Sequence[System],
    *,
    score: str | None = None,
    sizes: Sequence[int] | None = None,
    more: int = 50,
    folds: int = 5,
    seed: int = 0,
) -> LearningCurve:
    """See `learning_curve`."""
    name = score_of(data.task, score)
    numbers = fold_numbers(data, folds, seed)
    rows = data.labelled
    smallest = min(int((numbers != fold).sum()) for fold in range(folds))
    steps = _sizes(sizes, smallest)
    draws = _Draws(data, numbers, folds, seed)
    curves = []
    with progress(tr("Learning curves", "学習曲線"), len(systems) * folds * len(steps)) as bar:
        for system in systems:
            system.prepare(data)
            predicted: list[dict[int, list[Any]]] = []
            for fold in range(folds):
                held, pool = rows[numbers == fold], rows[numbers != fold]
                order = np.random.default_rng([seed, fold]).permutation(pool)
                system.adapt(np.concatenate([pool, data.unlabelled]))
                found: dict[int, list[Any]] = {}
                nothing = system.without_labels(held) if _ordered(data, name) else None
                if nothing is not None:
                    found[0] = data.shown(nothing.values)
                for size in steps:
                    bar.advance(1, f"{system.title} {size:,}")
                    found[size] = data.shown(system.predict(order[:size], held).values)
                predicted.append(found)
            curves.append(_curve(system, predicted, draws, name, steps))
    return LearningCurve(data, name, curves, steps, len(rows), more, steps[-_FITTED:])


def _ordered(data: Labelled, score: str) -> bool:
    """Whether a prediction without a scale can be scored."""
    return data.task == "classification" or score == "spearman"


def _sizes(sizes: Sequence[int] | None, most: int) -> list[int]:
    if sizes is not None:
        found = sorted({int(size) for size in sizes if size > 0})
        if not found or found[-1] > most:
            raise BadInput(
                tr(
                    f"Sizes have to lie between 1 and {most:,}, the rows that are not held out.",
                    f"件数は 1 から {most:,}(評価用を除いた行数)の間で指定してください。",
                ),
                remedy=tr("For example --sizes 10,20,50", "例: --sizes 10,20,50"),
            )
        return found
    found = []
    scale = 10
    while scale <= most:
        # The last step is all there is; one just below it would say the same.
        found += [step * scale for step in _STEPS if step * scale <= 0.8 * most]
        scale *= 10
    return [*found, most]


class _Draws:
    """The same resamples for every system and size: parts, and rows within them."""

    def __init__(self, data: Labelled, numbers: Any, folds: int, seed: int) -> None:
        self.task = data.task
        rows = data.labelled
        rng = np.random.default_rng(seed)
        count = int(np.clip(_WEIGHTS // len(rows), _FEWEST, _RESAMPLES))
        self.truth, self._weights = [], []
        for fold in range(folds):
            held = rows[numbers == fold]
            self.truth.append(data.shown(data.truth[held]))
            names = None if data.groups is None else [data.groups[i] for i in held]
            blocks = resampled_weights(
                np.arange(len(held)), len(held), groups=group_numbers(names, len(held)),
                resamples=count, seed=int(rng.integers(1 << 31)),
            )  # fmt: skip
            self._weights.append(np.concatenate(list(blocks)).astype(np.float32))
        self._parts = rng.integers(0, folds, (count, folds))
        self._rows = rng.integers(0, count, (count, folds))

    def of(self, predicted: Sequence[list[Any]], name: str) -> tuple[float, Floats]:
        """The mean over parts, and float64[R] of it in the resamples."""
        values, drawn = [], []
        for truth, guess, weights in zip(self.truth, predicted, self._weights, strict=True):
            both = np.vstack([np.ones(weights.shape[1]), weights])
            found = drawn_scores(self.task, truth, guess, both)[name]
            values.append(found[0])
            drawn.append(found[1:])
        table = np.stack(drawn)  # parts, resamples
        with np.errstate(invalid="ignore"):
            return float(np.mean(values)), table[self._parts, self._rows].mean(axis=1)


def _curve(
    system: System,
    predicted: Sequence[dict[int, list[Any]]],
    draws: _Draws,
    name: str,
    steps: Sequence[int],
) -> Curve:
    points, drawn = [], {}
    for size in predicted[0]:
        value, drawn[size] = draws.of([part[size] for part in predicted], name)
        known = drawn[size][~np.isnan(drawn[size])]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        points.append(Point(size, value, float(low), float(high)))
    law, drawn_laws = _laws(points, drawn, steps, name)
    return Curve(
        system.name, system.title, system.kind, system.nbytes, points, drawn[steps[-1]], law,
        drawn_laws,
    )  # fmt: skip


def _laws(
    points: Sequence[Point], drawn: dict[int, Floats], steps: Sequence[int], name: str
) -> tuple[PowerLaw | None, PowerLaw | None]:
    """The laws through the means, and those through the resamples."""
    table = np.stack([drawn[size] for size in steps], axis=1)
    whole = np.array([[point.value for point in points if point.size]])
    if len(steps) < LEAST_SIZES or np.isnan(table).any() or np.isnan(whole).any():
        return None, None
    if higher_is_better(name):
        table, whole = 1 - table, 1 - whole
    sizes = np.array(steps, np.float64)
    weights = 1 / np.maximum(table.var(axis=0), 1e-6)
    return fit_ends(sizes, whole, weights), fit_ends(sizes, table, weights)
