"""The same folds for all: every class in every fold, no group in two."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.optional import optional
from bunsan.tasks.compare.reading import Labelled

Ints = NDArray[np.int64]

_BINS = 10  # of numbers, so that each fold has small and large ones


def fold_numbers(data: Labelled, folds: int, seed: int) -> Ints:
    """int64[k], the fold of every labelled row, in their order.

    Classes are spread evenly (numbers by tenths of their range), groups stay together.

    Raises
    ------
    BadInput : all labels are equal; a class has fewer rows, or there are fewer groups, than folds.
    """
    rows = data.labelled
    _check(data, rows, folds)
    truth = data.truth[rows]
    strata = truth if data.task == "classification" else _tenths(truth)
    selection: Any = optional(
        "sklearn.model_selection",
        "scikit-learn",
        "baselines",
        en="Comparing representations",
        ja="表現の比較",
    )
    options = {"n_splits": folds, "shuffle": True, "random_state": seed}
    numbers = np.zeros(len(rows), np.int64)
    empty = np.zeros(len(rows))
    if data.groups is None:
        parts = selection.StratifiedKFold(**options).split(empty, strata)
    else:
        groups = np.array([data.groups[i] for i in rows])
        parts = selection.StratifiedGroupKFold(**options).split(empty, strata, groups)
    for fold, (_, held) in enumerate(parts):
        numbers[held] = fold
    return numbers


def _tenths(values: NDArray[np.float64]) -> Ints:
    """Which part of the range, by ranks; no part smaller than the folds would need."""
    bins = int(np.clip(len(values) // 20, 1, _BINS))
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray(order * bins // max(len(values), 1), np.int64)


def _check(data: Labelled, rows: Ints, folds: int) -> None:
    truth = data.truth[rows]
    if folds < 2:
        raise BadInput(
            tr("At least two folds are needed.", "分割数は 2 以上が必要です。"),
            remedy=tr("For example --folds 5", "例: --folds 5"),
        )
    if len(np.unique(truth)) < 2:
        raise BadInput(
            tr(
                f"All labels in column {data.label!r} are equal ({data.shown(truth[:1])[0]}).",
                f"列 {data.label!r} のラベルがすべて同じです({data.shown(truth[:1])[0]})。",
            ),
            remedy=tr(
                "There is nothing to tell apart: choose another column.",
                "区別するものがありません。別の列を指定してください。",
            ),
            file=data.file,
        )
    if data.task == "classification":
        for number, count in zip(*np.unique(truth, return_counts=True), strict=True):
            if count < folds:
                first = rows[np.flatnonzero(truth == number)[0]]
                raise _too_few(data, int(number), int(count), folds, data.places[int(first)])
    elif len(rows) < 2 * folds:
        raise BadInput(
            tr(
                f"{len(rows)} labelled rows are too few for {folds} folds.",
                f"ラベルのある行が {len(rows)} 件では {folds} 分割に足りません。",
            ),
            remedy=tr("Label more rows.", "ラベルのある行を増やしてください。"),
            file=data.file,
        )
    if data.groups is not None:
        different = len({data.groups[i] for i in rows})
        if different < folds:
            raise BadInput(
                tr(
                    f"{different} groups are too few for {folds} folds.",
                    f"グループが {different} 個では {folds} 分割に足りません。",
                ),
                remedy=tr(f"Use --folds {max(different, 2)}.", f"--folds {max(different, 2)} にしてください。"),
                file=data.file,
            )  # fmt: skip


def _too_few(
    data: Labelled, number: int, count: int, folds: int, place: tuple[str, int]
) -> BadInput:
    name = data.classes[number]
    fewer = (
        tr(f"use --folds {count}, ", f"--folds {count} にするか、") if count >= 2 else ""
    )  # fmt: skip
    return BadInput(
        tr(
            f"The class {name!r} of column {data.label!r} has {count} row(s), fewer than the {folds} folds.",
            f"列 {data.label!r} のクラス {name!r} は {count} 行しかなく、分割数 {folds} に足りません。",
        ),
        remedy=tr(
            f"Label more rows of it, {fewer}join it with another class, or empty its labels.",
            f"このクラスの行を増やすか、{fewer}別のクラスにまとめるか、ラベルを空にしてください。",
        ),
        file=place[0],
        row=place[1],
    )
