"""What is learned on top of features: fewer columns without another answer, strength by inner folds."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression, Ridge

from bunsan.tasks.baselines.linear import (
    Classifier,
    Regressor,
    _chosen,
    _some,
    compact,
    ridge_path,
)


def data(n: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, width)) / np.sqrt(width)
    return x, x[:, :3].argmax(axis=1)


@pytest.mark.parametrize("sparse", [False, True])
def test_few_columns_give_the_same_predictions(sparse: bool) -> None:
    x, y = data(60, 400)
    x[1] = x[0]  # a text that comes twice
    y[1] = y[0]
    asked = data(20, 400, 1)[0]
    a, b = (csr_array(x), csr_array(asked)) if sparse else (x, asked)
    few, few_asked = compact(a, b)
    assert few.shape == (60, 60)
    model = LogisticRegression(C=10, tol=1e-8, max_iter=5000)
    expected = model.fit(x, y).predict_proba(asked)
    found = model.fit(few, y).predict_proba(few_asked)
    np.testing.assert_allclose(found, expected, atol=5e-4)  # in 32 bits
    values = x[:, 0] * 3 + 1
    expected = Ridge(alpha=0.1).fit(x, values).predict(asked)
    np.testing.assert_allclose(
        Ridge(alpha=0.1).fit(few, values).predict(few_asked), expected, atol=1e-4
    )
    narrow, _ = compact(x[:, :10], asked[:, :10])
    assert narrow.shape == (60, 10)  # already narrow: left as it is


def test_strength_follows_the_noise() -> None:
    """Clean data are learned with a light hand, labels by lot with a strong one."""
    x, y = data(240, 6)
    rng = np.random.default_rng(1)
    assert _chosen(x * 3, y, 0) >= 30
    assert _chosen(x * 3, rng.permutation(y), 0) <= 1
    assert _chosen(x[:4], np.array([0, 0, 0, 1]), 0) == 30  # nothing to choose by
    ones = np.append(y, 7)  # a class of one row is no hindrance
    assert _chosen(np.vstack([x * 3, x[:1]]), ones, 0) >= 10
    noise = Regressor().fit(x, rng.normal(size=240))
    clean = Regressor().fit(x, x[:, 0] * 5)
    assert noise.penalty is not None
    assert clean.penalty is not None
    assert noise.penalty > 10 * clean.penalty


def test_classes_never_seen_have_no_probability() -> None:
    x, y = data(40, 5)
    model = Classifier(5).fit(x, y + 1)  # classes 1, 2, 3 of 0 to 4
    p = model.probabilities(x)
    assert p.shape == (40, 5)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (p[:, [0, 4]] == 0).all()
    one = Classifier(3).fit(x[:4], np.full(4, 2))
    assert one.probabilities(x[:2]).tolist() == [[0, 0, 1]] * 2
    assert one.nbytes == 0


def test_the_committee_disagrees_where_it_knows_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 1))
    model = Regressor()
    values = 2 * x[:, 0] + rng.normal(0, 0.3, 50)
    spread = model.spread(x, values, np.array([[0.0], [30.0]]))
    assert spread[1] > 3 * spread[0] > 0


def test_some_rows_have_every_class() -> None:
    classes = np.zeros(5000, np.int64)
    classes[[7, 9, 4000]] = 1
    classes[[11]] = 2
    found = _some(classes, 0)
    assert len(found) == len(set(found.tolist())) == 2000
    assert np.bincount(classes[found]).tolist()[1:] == [
        min(3, n) for n in np.bincount(classes[found])[1:]
    ]
    assert (np.bincount(classes[found])[1:] >= [2, 1]).all()


@pytest.mark.parametrize("width", [5, 200])
def test_the_path_is_ridge_with_each_penalty(width: int) -> None:
    rng = np.random.default_rng(0)
    x, asked = rng.normal(size=(60, width)), rng.normal(size=(7, width))
    values = 4 + x[:, 0] + rng.normal(size=60)
    penalties = (100.0, 1.0, 0.01)
    expected = [Ridge(alpha=p).fit(x, values).predict(asked) for p in penalties]
    np.testing.assert_allclose(ridge_path(x, values, asked, penalties), expected, rtol=1e-6)
    sparse = ridge_path(csr_array(x), values, csr_array(asked), penalties)
    np.testing.assert_allclose(sparse, expected, rtol=1e-6)
