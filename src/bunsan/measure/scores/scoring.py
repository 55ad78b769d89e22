"""One call for every task: scores with intervals, and the difference of two systems."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.measure.scores.answers import Answers
from bunsan.measure.scores.classes import Choices, Classes
from bunsan.measure.scores.counted import LabelCounts
from bunsan.measure.scores.label_sets import LabelSets
from bunsan.measure.scores.numbers import Numbers
from bunsan.measure.scores.resampling import (
    RESAMPLES,
    Floats,
    Ints,
    Measure,
    group_numbers,
    limits,
    resampled_weights,
    sums,
)
from bunsan.measure.scores.result import Differences, Score, Scores
from bunsan.measure.scores.spans import Spans

# The score that is looked at first, by task.
_MAIN = {
    "classification": "accuracy",
    "multilabel": "micro_f1",
    "regression": "spearman",
    "spans": "f1",
    "answers": "f1",
    "choices": "accuracy",
}
TASKS = tuple(_MAIN)


def main_score(task: str) -> str:
    """The name of the score by which systems are ranked when nobody says otherwise."""
    return _MAIN[known_task(task)]


def score(
    task: str,
    truth: Any,
    predicted: Any,
    *,
    probabilities: Any = None,
    labels: Sequence[Any] | None = None,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Scores:
    """The scores of predictions, with 95 % percentile intervals from items drawn again.

    Parameters
    ----------
    task : what is scored, and what `truth` and `predicted` are, one of each for every item:
        "classification" (a class), "multilabel" (a set of labels, or a row of a table of 0 and 1),
        "regression" (a number), "spans" (a list of (begin, end, type)), "answers" (an answer; in
        `truth` also a list of acceptable ones; "" for none), "choices" (the number of a choice).
    probabilities : of each class or label [n, C] or of each choice; adds log_loss.
    labels : all classes or labels in order, that of the columns of `probabilities`.
    groups : items of one group (one writer, one document) are drawn together.
    resamples, seed : how many, and the seed they are drawn with.

    Raises
    ------
    BadInput : no such task, nothing to score, or not as many predictions as truths.
    """
    measure = _measure(task, truth, predicted, labels, probabilities)
    n = len(measure.types)
    numbers = group_numbers(groups, n)
    whole = np.bincount(measure.types, minlength=measure.n_types).astype(np.float64)[None]
    estimate = measure.at(whole)
    counted = measure if isinstance(measure, LabelCounts) else None
    drawn: list[dict[str, Floats]] = []
    drawn_by_label: list[dict[str, Floats]] = []
    if _enough(n, numbers):
        for weights in resampled_weights(
            measure.types, measure.n_types, groups=numbers, resamples=resamples, seed=seed
        ):
            drawn.append(measure.at(weights))
            if counted is not None:
                drawn_by_label.append(counted.by_label(weights))
    values = _scores(estimate, drawn)
    if counted is None:
        return Scores(task, values, n)
    found = {
        name: (part[0], *_limits(drawn_by_label, name, part[0]))
        for name, part in counted.by_label(whole).items()
    }
    by_label = {
        label: {
            name: Score(float(value[i]), float(low[i]), float(high[i]))
            for name, (value, low, high) in found.items()
        }
        for i, label in enumerate(counted.labels)
    }
    true = counted.counts(whole)[1][0]
    support = {label: int(count) for label, count in zip(counted.labels, true, strict=True)}
    confusion = measure.confusion if isinstance(measure, Classes) else None
    return Scores(task, values, n, counted.labels, by_label, support, confusion)


def difference(
    task: str,
    truth: Any,
    a: Any,
    b: Any,
    *,
    probabilities: tuple[Any, Any] = (None, None),
    labels: Sequence[Any] | None = None,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Differences:
    """How much system `a` scores above system `b`: the paired bootstrap.

    Both are scored on the same resamples, so what makes an item hard for both cancels, and the
    interval is that of the difference itself; where 0 lies outside it the systems differ. The other
    parameters are those of `score`.

    Koehn (2004), "Statistical significance tests for machine translation evaluation", § 4; Berg-
    Kirkpatrick, Burkett & Klein (2012), "An empirical investigation of statistical significance in
    NLP", § 2.
    """
    first = _measure(task, truth, a, labels, probabilities[0])
    second = _measure(task, truth, b, labels, probabilities[1])
    n = len(first.types)
    numbers = group_numbers(groups, n)
    # An item's type in both systems together.
    pairs, types = np.unique(first.types * second.n_types + second.types, return_inverse=True)
    maps = [
        _merged(kinds, measure.n_types)
        for kinds, measure in (
            (pairs // second.n_types, first),
            (pairs % second.n_types, second),
        )
    ]

    def less(weights: Floats) -> dict[str, Floats]:
        one, two = (
            measure.at(sums(merge, weights))
            for measure, merge in zip((first, second), maps, strict=True)
        )
        return {name: one[name] - two[name] for name in one if name in two}

    whole = np.bincount(types, minlength=len(pairs)).astype(np.float64)[None]
    drawn = []
    if _enough(n, numbers):
        drawn = [
            less(weights)
            for weights in resampled_weights(
                types, len(pairs), groups=numbers, resamples=resamples, seed=seed
            )
        ]
    return Differences(task, _scores(less(whole), drawn), n)


def drawn_scores(
    task: str, truth: Any, predicted: Any, weights: Floats, *, labels: Sequence[Any] | None = None
) -> dict[str, Floats]:
    """float64[B] for each score, where the items weigh as float64[B, n] says.

    For whoever draws items for several systems, or for several states of one, at once.
    """
    measure = _measure(task, truth, predicted, labels, None)
    return measure.at(sums(_merged(measure.types, measure.n_types), weights))


def known_task(task: str) -> str:
    """The task's name, if there is such a task."""
    if task not in _MAIN:
        raise BadInput(
            tr(f"There is no task {task!r}.", f"{task!r} というタスクはありません。"),
            remedy=tr(f"Use {', '.join(TASKS)}.", f"{'、'.join(TASKS)} から選んでください。"),
        )
    return task


def _measure(
    task: str, truth: Any, predicted: Any, labels: Sequence[Any] | None, probabilities: Any
) -> Measure:
    known_task(task)
    n, m = len(truth), len(predicted)
    if n != m:
        raise BadInput(
            tr(f"{m:,} predictions for {n:,} items.", f"{n:,} 件に対して予測が {m:,} 件です。"),
            remedy=tr("Give one for each.", "1 件に 1 つの予測を渡してください。"),
        )
    if not n:
        raise BadInput(
            tr("There is nothing to score.", "採点するものがありません。"),
            remedy=tr("Give at least one item.", "1 件以上を渡してください。"),
        )
    if task == "classification":
        return Classes(truth, predicted, labels, probabilities)
    if task == "multilabel":
        return LabelSets(truth, predicted, labels, probabilities)
    if task == "choices":
        return Choices(truth, predicted, probabilities)
    if probabilities is not None:
        raise ValueError(f"{task} is not scored by probabilities")
    if task == "regression":
        return Numbers(truth, predicted)
    return Spans(truth, predicted) if task == "spans" else Answers(truth, predicted)


def _enough(n: int, groups: Ints | None) -> bool:
    return (n if groups is None else int(groups.max()) + 1) > 1


def _merged(kinds: Ints, n_types: int) -> csr_array:
    """CSR [n_types, pairs]: sums the weights of the pairs that are of one type."""
    at = np.arange(len(kinds))
    return csr_array((np.ones(len(kinds)), (kinds, at)), shape=(n_types, len(kinds)))


def _limits(drawn: list[dict[str, Floats]], name: str, like: Floats) -> tuple[Floats, Floats]:
    if not drawn:
        return np.full(like.shape, np.nan), np.full(like.shape, np.nan)
    return limits(np.concatenate([part[name] for part in drawn]))


def _scores(estimate: dict[str, Floats], drawn: list[dict[str, Floats]]) -> dict[str, Score]:
    found = {}
    for name, value in estimate.items():
        low, high = _limits(drawn, name, np.asarray(value[0]))
        found[name] = Score(float(value[0]), float(low), float(high))
    return found
