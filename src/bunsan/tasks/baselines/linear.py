"""What is learned on top of features: logistic regression for classes, ridge for numbers.

How strongly it is held back is chosen by cross-validation on the training rows alone.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.sparse import issparse

from bunsan.base.optional import optional

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Features have a length of about 1.
_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
_PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01)
_UNKNOWN = 30.0  # the strength where there are too few rows to choose it
_INNER = 3  # folds in which the strength is chosen
_ENOUGH = 2000  # rows to choose it by
_ENOUGH_NUMBERS = 1000  # and for numbers, where more is lost on a decomposition than won
_COMMITTEE = 8
_FULL = 0.04  # of the rows: a column filled more than that is treated as a full one
_COLUMNS = 4096
_JITTER = 1e-7  # of the mean squared length: texts that come twice make the matrix singular


def compact(train: Any, asked: Any) -> tuple[Any, Any]:
    """The same rows in as few columns as there are rows to learn from, where those are few.

    A regression with a squared penalty has its solution among the combinations of the training rows
    (the representer theorem: Kimeldorf & Wahba 1971, "Some results on Tchebycheffian spline
    functions"), so coordinates in their span, by Cholesky's decomposition of their inner products,
    give the same predictions; a hundred thousand n-grams become a thousand columns.
    """
    n, width = train.shape
    if not 0 < n <= _ENOUGH or width <= n:
        return train, asked
    inner, across = _inner(train, asked)
    inner[np.diag_indices(n)] += _JITTER * max(float(np.trace(inner)) / n, 1e-12)
    lower = np.linalg.cholesky(inner)
    rest = solve_triangular(lower, across, lower=True)
    return lower.astype(np.float32), np.ascontiguousarray(rest.T, np.float32)


def _inner(train: Any, asked: Any) -> tuple[Floats, Floats]:
    """float64[n, n] and [n, k], the inner products of rows with rows.

    Columns that many rows fill are multiplied as full matrices, which is ten times as fast.
    """
    if not issparse(train):
        a, b = np.asarray(train, np.float64), np.asarray(asked, np.float64)
        return a @ a.T, a @ b.T
    n, k = train.shape[0], asked.shape[0]
    train, asked = train.astype(np.float64), asked.astype(np.float64)
    filled = np.bincount(train.indices, minlength=train.shape[1])
    often = np.flatnonzero(filled > _FULL * n)
    rest = np.flatnonzero((filled > 0) & (filled <= _FULL * n))
    a, b = train[:, rest], asked[:, rest]
    inner, across = (a @ a.T).toarray(), (a @ b.T).toarray()
    for begin in range(0, len(often), _COLUMNS):
        some = often[begin : begin + _COLUMNS]
        a, b = train[:, some].toarray(), asked[:, some].toarray()
        inner += a @ a.T
        across += a @ b.T
    return inner.reshape(n, n), across.reshape(n, k)


def need_sklearn() -> Any:
    """scikit-learn's linear models.

    Raises
    ------
    Missing : the extra `baselines` is not installed.
    """
    return optional(
        "sklearn.linear_model",
        "scikit-learn",
        "baselines",
        en="Comparing representations",
        ja="表現の比較",
    )


@dataclass
class Classifier:
    """Multinomial logistic regression.

    Parameters
    ----------
    n_classes : classes are numbers from 0; those that training never saw have probability 0.
    """

    n_classes: int
    seed: int = 0
    strength: float | None = None

    def fit(self, features: Any, classes: Ints) -> "Classifier":
        """Learn from [n, F] and int64[n]."""
        self.seen = np.unique(classes)
        if len(self.seen) < 2:
            self._model = None
            return self
        self.strength = _chosen(features, classes, self.seed)
        self._model = _logistic(self.strength).fit(features, classes)
        return self

    def probabilities(self, features: Any) -> Floats:
        """float64[n, n_classes]."""
        found = np.zeros((features.shape[0], self.n_classes))
        if self._model is None:
            found[:, self.seen] = 1.0
        else:
            found[:, self._model.classes_] = self._model.predict_proba(features)
        return found

    @property
    def nbytes(self) -> int:
        """Coefficients, in 32 bits."""
        return (
            0 if self._model is None else 4 * (self._model.coef_.size + self._model.intercept_.size)
        )


@dataclass
class Regressor:
    """Ridge regression."""

    seed: int = 0
    penalty: float | None = None

    def fit(self, features: Any, values: Floats) -> "Regressor":
        """Learn from [n, F] and float64[n]."""
        features = _exact(features)
        self.penalty = _chosen_penalty(features, values, self.seed)
        self._model = _ridge(self.penalty).fit(features, values)
        return self

    def predict(self, features: Any) -> Floats:
        """float64[n]."""
        return np.asarray(self._model.predict(_exact(features)), np.float64)

    def spread(self, features: Any, values: Floats, asked: Any) -> Floats:
        """float64[k], how much regressions learned from resampled rows disagree about `asked`."""
        rng = np.random.default_rng(self.seed)
        features, asked = _exact(features), _exact(asked)
        penalty = self.penalty or _chosen_penalty(features, values, self.seed)
        found = []
        for _ in range(_COMMITTEE):
            drawn = rng.integers(0, len(values), len(values))
            found.append(_ridge(penalty).fit(features[drawn], values[drawn]).predict(asked))
        return np.asarray(np.std(found, axis=0), np.float64)

    @property
    def nbytes(self) -> int:
        """Coefficients, in 32 bits."""
        return 4 * (self._model.coef_.size + 1)


def _logistic(strength: float, **more: Any) -> Any:
    return _Quiet(need_sklearn().LogisticRegression(C=strength, max_iter=300, **more))


def _ridge(penalty: float) -> Any:
    return need_sklearn().Ridge(alpha=penalty)


def _exact(features: Any) -> Any:
    """In 64 bits, which the solver of normal equations needs."""
    return features.astype(np.float64)


class _Quiet:
    """A model of scikit-learn that does not complain of an early stop: the last step is good enough."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def fit(self, features: Any, truth: Any) -> Any:
        from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self._model.fit(features, truth)


def _chosen(features: Any, classes: Ints, seed: int) -> float:
    """The strength with the least log loss in inner folds.

    A class of one row is always learned from and never asked about.
    """
    selection = optional(
        "sklearn.model_selection", "scikit-learn", "baselines", en="Comparing", ja="比較"
    )
    rows = _some(classes, seed)
    if len(rows) < len(classes):
        features, _ = compact(features[rows], features[rows[:1]])
        classes, rows = classes[rows], np.arange(len(rows))
    counts = np.bincount(classes)[classes[rows]]
    alone, several = rows[counts < 2], rows[counts >= 2]
    if len(np.unique(classes[several])) < 2:
        return _UNKNOWN
    least = int(np.unique(classes[several], return_counts=True)[1].min())
    folds = selection.StratifiedKFold(min(_INNER, least), shuffle=True, random_state=seed)
    losses = np.zeros(len(_STRENGTHS))
    for known, held in folds.split(np.zeros(len(several)), classes[several]):
        train, test = np.concatenate([several[known], alone]), several[held]
        model = need_sklearn().LogisticRegression(C=1.0, max_iter=200, tol=1e-3, warm_start=True)
        right = None
        for i, strength in enumerate(
            _STRENGTHS
        ):  # from the strongest hold: each starts from the last
            model.C = strength
            _Quiet(model).fit(features[train], classes[train])
            if right is None:
                right = np.searchsorted(model.classes_, classes[test])
            p = model.predict_proba(features[test])[np.arange(len(test)), right]
            losses[i] -= np.log(np.maximum(p, 1e-15)).sum()
    return _STRENGTHS[int(np.argmin(losses))]


def _chosen_penalty(features: Any, values: Floats, seed: int) -> float:
    """The penalty with the least squared error in inner folds."""
    n = len(values)
    if n < 2 * _INNER:
        return 1.0
    rows = np.random.default_rng(seed).permutation(n)[:_ENOUGH_NUMBERS]
    errors = np.zeros(len(_PENALTIES))
    for fold in range(_INNER):
        held = np.arange(len(rows)) % _INNER == fold
        train, test = rows[~held], rows[held]
        found = ridge_path(features[train], values[train], features[test], _PENALTIES)
        errors += ((found - values[test]) ** 2).sum(axis=1)
    return _PENALTIES[int(np.argmin(errors))]


def ridge_path(train: Any, values: Floats, asked: Any, penalties: Sequence[float]) -> Floats:
    """float64[P, k], what ridge regression with each penalty says of [k, F], from one decomposition.

    In the dual form: Saunders, Gammerman & Vovk (1998), "Ridge regression learning algorithm in dual
    variables", § 2; the intercept is not held back.
    """
    inner, across = _inner(train, asked)
    middle = inner.mean(axis=0)
    whole = middle.mean()
    inner = inner - middle - middle[:, None] + whole
    across = across - across.mean(axis=0) - middle[:, None] + whole
    roots, directions = np.linalg.eigh(inner)
    mean = values.mean()
    part = directions.T @ (values - mean)
    shrunk = part / (np.maximum(roots, 0) + np.asarray(penalties)[:, None])  # P, n
    return np.asarray(mean + shrunk @ (directions.T @ across), np.float64)


def _some(classes: Ints, seed: int) -> Ints:
    """At most so many rows as are enough, at least two of every class."""
    n = len(classes)
    order = np.random.default_rng(seed).permutation(n)
    if n <= _ENOUGH:
        return order
    # The number of a row within its class, in the random order.
    shuffled = classes[order]
    by_class = np.argsort(shuffled, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(shuffled[by_class])) + 1])
    rank = np.empty(n, np.int64)
    rank[by_class] = np.arange(n) - np.repeat(starts, np.diff([*starts, n]))
    first = rank < 2
    return np.concatenate([order[first], order[~first]])[: max(_ENOUGH, int(first.sum()))]
