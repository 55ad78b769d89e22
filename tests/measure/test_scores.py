"""Scores against scikit-learn, scipy and seqeval; weighted items against items written out again."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn import metrics

from bunsan.base.errors import BadInput
from bunsan.base.language import use_language
from bunsan.measure.scores import Score, difference, main_score, score
from bunsan.measure.scores.scoring import drawn_scores

CLASSES = st.sampled_from(["肯定", "否定", "中立", "x"])
PAIRS = st.lists(st.tuples(CLASSES, CLASSES), min_size=1, max_size=40)
SETS = st.frozensets(CLASSES, max_size=3)


def values(task: str, truth: Any, predicted: Any, **options: Any) -> dict[str, float]:
    found = score(task, truth, predicted, resamples=2, **options)
    return {name: one.value for name, one in found.values.items()}


@given(PAIRS)
@pytest.mark.filterwarnings("ignore")
def test_classification_as_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, predicted = (list(part) for part in zip(*pairs, strict=True))
    found = score("classification", truth, predicted, resamples=2)
    assert found.values["accuracy"].value == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found.values["macro_f1"].value == pytest.approx(
        metrics.f1_score(truth, predicted, average="macro", zero_division=0)
    )
    assert found.values["matthews"].value == pytest.approx(
        metrics.matthews_corrcoef(truth, predicted), abs=1e-9
    )
    labels = list(found.labels)
    assert labels == sorted({*truth, *predicted})
    expected = metrics.precision_recall_fscore_support(
        truth, predicted, labels=labels, zero_division=0
    )
    for i, label in enumerate(labels):
        for name, part in zip(("precision", "recall", "f1"), expected, strict=False):
            assert found.by_label[label][name].value == pytest.approx(part[i])
        assert found.support[label] == expected[3][i]
    assert found.confusion is not None
    confusion = metrics.confusion_matrix(truth, predicted, labels=labels)
    assert found.confusion.tolist() == confusion.tolist()


def test_classification_by_hand() -> None:
    # Two of three a are found, one b is taken for a.
    found = values("classification", ["a", "a", "a", "b"], ["a", "a", "b", "a"])
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx((4 / 6 + 0) / 2)
    assert found["matthews"] == pytest.approx((2 * 0 - 1 * 1) / np.sqrt(3 * 3 * 1 * 1))


def test_probabilities_give_the_log_loss() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    p = rng.dirichlet([1, 1, 1], 60)
    found = values("classification", truth, p.argmax(axis=1), probabilities=p, labels=[0, 1, 2])
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, p))
    table = np.eye(3, dtype=int)[truth]
    several = values("multilabel", table, p > 0.4, probabilities=p)
    each = [metrics.log_loss(table[:, i], p[:, i]) for i in range(3)]
    assert several["log_loss"] == pytest.approx(np.mean(each))
    picked = values("choices", [0, 1], [0, 0], probabilities=[[0.5, 0.5], [0.7, 0.2, 0.1]])
    assert picked == pytest.approx({"accuracy": 0.5, "log_loss": -np.log(0.5 * 0.2) / 2})


@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=30))
@pytest.mark.filterwarnings("ignore")
def test_multilabel_as_scikit_learn(pairs: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    truth, predicted = ([sorted(s) for s in part] for part in zip(*pairs, strict=True))
    labels = sorted({label for row in (*truth, *predicted) for label in row})
    found = values("multilabel", truth, predicted)
    a, b = (np.array([[label in row for label in labels] for row in part], int).reshape(len(part), -1)
            for part in (truth, predicted))  # fmt: skip
    assert found["exact_match"] == pytest.approx(np.mean([s == t for s, t in pairs]))
    assert values("multilabel", a, b) == pytest.approx(found)
    if len(labels) > 1:  # scikit-learn takes a table of one column for two classes
        for average in ("micro", "macro"):
            expected = metrics.f1_score(a, b, average=average, zero_division=0)
            assert found[f"{average}_f1"] == pytest.approx(expected)


NUMBERS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=30)


@given(NUMBERS)
def test_regression_as_scipy(rows: list[tuple[int, int]]) -> None:
    a, b = np.array(rows, float).T
    found = values("regression", a, b)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(a, b))
    if a.std() == 0 or b.std() == 0:
        assert np.isnan(found["pearson"])
        assert np.isnan(found["spearman"])
        return
    assert found["pearson"] == pytest.approx(stats.pearsonr(a, b)[0], abs=1e-9)
    assert found["spearman"] == pytest.approx(stats.spearmanr(a, b)[0], abs=1e-9)


def tagged(spans: list[tuple[int, int, str]], length: int) -> list[str]:
    tags = ["O"] * length
    for begin, end, kind in spans:
        tags[begin:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - begin - 1)
    return tags


def some_spans(rng: np.random.Generator, length: int) -> list[tuple[int, int, str]]:
    cuts = np.sort(rng.choice(length + 1, 2 * rng.integers(0, 4), replace=False)).tolist()
    kinds = ["人名", "地名", "組織"]
    return [(b, e, str(rng.choice(kinds))) for b, e in zip(cuts[::2], cuts[1::2], strict=True)]


def test_spans_as_seqeval() -> None:
    rng = np.random.default_rng(3)
    truth = [some_spans(rng, 12) for _ in range(80)]
    # Half of the texts are predicted rightly, so that there is something to score.
    predicted = [t if i % 2 else some_spans(rng, 12) for i, t in enumerate(truth)]
    found = score("spans", truth, predicted, resamples=2)
    report = classification_report(
        [tagged(t, 12) for t in truth], [tagged(p, 12) for p in predicted],
        mode="strict", scheme=IOB2, output_dict=True,
    )  # fmt: skip
    for name, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
        assert found.values[name].value == pytest.approx(report["micro avg"][theirs])
        for kind in found.labels:
            assert found.by_label[kind][name].value == pytest.approx(report[kind][theirs])
    assert found.support == {kind: report[kind]["support"] for kind in found.labels}


def test_spans_without_any() -> None:
    assert values("spans", [[], []], [[], []]) == {"precision": 0, "recall": 0, "f1": 0}
    assert values("spans", [[(0, 1, "a")]], [[]]) == {"precision": 0, "recall": 0, "f1": 0}
    twice = [[(0, 2, "a"), (0, 2, "a")]]
    assert values("spans", twice, [[(0, 2, "a")]])["f1"] == 1
    assert values("spans", [[(0, 2, "a")]], [[(0, 3, "a")]])["f1"] == 0
    assert values("spans", [[(0, 2, "a")]], [[(0, 2, "b")]])["f1"] == 0


TASKS: dict[str, tuple[Any, Any]] = {
    "classification": (list("aabbccabca"), list("aabcccbbaa")),
    "multilabel": ([{"a"}, {"a", "b"}, set(), {"c"}] * 2, [{"a"}, {"b"}, set(), {"a", "c"}] * 2),
    "regression": ([1, 2, 2, 4, 5, 7.5, 0, 2], [1, 3, 2, 5, 5, 6, 1, -2]),
    "spans": (
        [[(0, 1, "a"), (2, 3, "b")], [], [(1, 4, "a")], [(0, 2, "b")]],
        [[(0, 1, "a")], [(5, 6, "b")], [(1, 4, "a")], [(0, 2, "a")]],
    ),
    "answers": (["東京", ["大阪府", "大阪"], "", "京都市"], ["東京都", "大阪", "", "京都"]),
    "choices": ([0, 1, 2, 1, 3], [0, 2, 2, 1, 0]),
}


@pytest.mark.parametrize("task", TASKS)
def test_weighted_items_are_items_written_again(task: str) -> None:
    truth, predicted = TASKS[task]
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 4, (20, len(truth))).astype(float)
    weights[:, 0] = np.maximum(weights[:, 0], 1)
    found = drawn_scores(task, truth, predicted, weights)
    for b, row in enumerate(weights.astype(int)):
        again = [i for i, times in enumerate(row) for _ in range(times)]
        expected = values(task, [truth[i] for i in again], [predicted[i] for i in again])
        for name, value in expected.items():
            assert found[name][b] == pytest.approx(value, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("n_classes", [2, 40])  # few types of items, and as many as items
def test_interval_as_scipy(n_classes: int) -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, n_classes, 300)
    predicted = np.where(rng.random(300) < 0.7, truth, rng.integers(0, n_classes, 300))
    found = score("classification", truth, predicted, resamples=4000).values["accuracy"]
    theirs = stats.bootstrap(
        (truth == predicted,), np.mean, method="percentile", n_resamples=4000, random_state=1
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.008)


def test_interval_of_correlations_as_scipy() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    y = x + rng.normal(size=120)
    found = score("regression", x, y, resamples=4000).values
    for name, statistic in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        theirs = stats.bootstrap(
            (x, y), lambda a, b, f=statistic: f(a, b)[0], paired=True, vectorized=False,
            method="percentile", n_resamples=1000, random_state=1,
        ).confidence_interval  # fmt: skip
        assert (found[name].low, found[name].high) == pytest.approx(tuple(theirs), abs=0.02)


def test_items_of_a_group_are_drawn_together() -> None:
    """Every item three times over is no more than every item once, if one says so."""
    rng = np.random.default_rng(2)
    right = rng.random(80) < 0.7
    once = score("classification", [1] * 80, right.astype(int), resamples=3000)
    three = np.repeat(right.astype(int), 3)
    grouped = score(
        "classification", [1] * 240, three, groups=np.repeat(np.arange(80), 3), resamples=3000
    )
    careless = score("classification", [1] * 240, three, resamples=3000)
    a, b, c = (s.values["accuracy"] for s in (once, grouped, careless))
    assert a.value == b.value == c.value
    assert b.high - b.low == pytest.approx(a.high - a.low, abs=0.025)
    assert c.high - c.low < 0.7 * (a.high - a.low)


def test_difference_is_paired() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 400)
    a = np.where(rng.random(400) < 0.8, truth, 0)
    b = np.where(rng.random(400) < 0.05, 1, a)  # nearly the same system
    found = difference("classification", truth, a, b)
    alone = [score("classification", truth, x).values for x in (a, b)]
    for name, one in found.values.items():
        assert one.value == pytest.approx(alone[0][name].value - alone[1][name].value)
    # A slow twin: both systems on the same items drawn again.
    drawn = []
    for _ in range(1500):
        i = rng.integers(0, 400, 400)
        drawn.append((truth[i] == a[i]).mean() - (truth[i] == b[i]).mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    accuracy = found.values["accuracy"]
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high), abs=0.006)
    independent = alone[0]["accuracy"].high - alone[0]["accuracy"].low
    assert accuracy.high - accuracy.low < 0.6 * independent


@pytest.mark.parametrize("task", TASKS)
def test_no_difference_from_oneself(task: str) -> None:
    truth, predicted = TASKS[task]
    for one in difference(task, truth, predicted, predicted).values.values():
        assert (one.value, one.low, one.high) == (0, 0, 0)


@pytest.mark.parametrize("task", TASKS)
def test_the_seed_decides(task: str) -> None:
    truth, predicted = TASKS[task]
    once = score(task, truth, predicted, seed=7).to_dict()
    assert once == score(task, truth, predicted, seed=7).to_dict()
    low = [s.low for s in score(task, truth, predicted, resamples=200).values.values()]
    value = [s.value for s in score(task, truth, predicted).values.values()]
    assert all(a <= b for a, b in zip(low, value, strict=True))


def test_edges() -> None:
    only = score("classification", ["a"] * 5, ["a"] * 5).values
    assert only["accuracy"] == Score(1, 1, 1)
    assert only["matthews"].value == 0
    single = score("classification", ["a"], ["b"]).values["accuracy"]
    assert single.value == 0
    assert np.isnan(single.low)
    flat = score("regression", [1, 2, 3], [5, 5, 5]).values
    assert np.isnan(flat["spearman"].value)
    assert np.isnan(flat["pearson"].low)
    assert score("regression", [1, 2, 3], [5, 5, 5]).to_dict()["values"]["pearson"]["value"] is None
    assert flat["rmse"].value == pytest.approx(np.sqrt((16 + 9 + 4) / 3))
    mixed = score("classification", [1, "a", True], ["a", "a", 1]).labels
    assert set(mixed) == {1, "a"}


def test_faults_are_named() -> None:
    with pytest.raises(BadInput, match="no task 'tagging'"):
        score("tagging", [], [])
    with pytest.raises(BadInput, match="2 predictions for 1 items"):
        score("classification", ["a"], ["a", "b"])
    with pytest.raises(BadInput, match="nothing to score"):
        score("spans", [], [])
    with pytest.raises(ValueError, match="not scored by probabilities"):
        score("regression", [1.0], [1.0], probabilities=[[1.0]])
    with pytest.raises(ValueError, match="not among the labels"):
        score("classification", ["a"], ["b"], labels=["a"])
    assert main_score("spans") == "f1"


def test_tables_speak_both_languages() -> None:
    truth, predicted = TASKS["classification"]
    found = score("classification", truth, predicted)
    assert "macro F1" in found.table()
    assert "(10 texts)" in found.table()
    use_language("ja")
    try:
        table = found.table()
        assert "正解率" in table
        assert "マクロF1" in table
        # Values begin in one column, a full-width character taking two.
        begins = {
            sum(1 + (c > "\u2e80") for c in line[: line.index("0.")])
            for line in table.splitlines()[1:4]
        }
        assert len(begins) == 1
        assert "差" in difference("classification", truth, predicted, predicted).table()
    finally:
        use_language(None)
