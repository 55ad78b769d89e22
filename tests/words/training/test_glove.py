"""GloVe against its definition in double precision, and its promises: seed, resuming, threads."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput, Interrupted
from bunsan.words.training import glove_task, running
from bunsan.words.training.corpus import WordCorpus, build_corpus
from bunsan.words.training.glove import GloVeSettings, train_glove, train_glove_from_counts
from bunsan.words.training.glove_counts import count_rows
from bunsan.words.training.glove_kernel import LARGEST_ERROR, record_size, train_cells
from bunsan.words.training.simd import WIDTHS, aligned_zeros, row_shape


class Twin:
    """Pennington et al. (2014), equation 8, with AdaGrad, one cell at a time, in float64."""

    def __init__(self, words: int, dim: int, rng: np.random.Generator) -> None:
        self.w, self.v = rng.normal(0, 0.3, (2, words, dim))
        self.b, self.c = rng.normal(0, 0.3, (2, words))
        self.squares = [1 + rng.random(x.shape) * 30 for x in (self.w, self.v, self.b, self.c)]

    def train(self, i: int, j: int, log: float, weight: float, eta: float) -> float:
        w, v = self.w[i].copy(), self.v[j].copy()
        gw, gv, gb, gc = self.squares
        diff = w @ v + self.b[i] + self.c[j] - log
        pull = eta * weight * diff
        self.w[i] -= pull * v / np.sqrt(gw[i])
        self.v[j] -= pull * w / np.sqrt(gv[j])
        self.b[i] -= pull / np.sqrt(gb[i])
        self.c[j] -= pull / np.sqrt(gc[j])
        gw[i] += (pull * v) ** 2
        gv[j] += (pull * w) ** 2
        gb[i] += pull**2
        gc[j] += pull**2
        return 0.5 * weight * diff**2


def parts(records: NDArray[Any], stride: int, dim: int) -> list[NDArray[Any]]:
    """w, v, b, c and their sums of squares, of all records."""
    rows = [records[:, k * stride : k * stride + dim] for k in (0, 2, 1, 3)]
    numbers = [records[:, 4 * stride + k] for k in (0, 2, 1, 3)]
    return [rows[0], rows[1], numbers[0], numbers[1], rows[2], rows[3], numbers[2], numbers[3]]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dim", [3, 100])
def test_kernel_against_its_definition(width: int, dim: int) -> None:
    rng = np.random.default_rng(dim)
    words = 8
    twin = Twin(words, dim, rng)
    shape = row_shape(dim, width)
    record = record_size(shape)
    memory = aligned_zeros(words * record)
    ours = parts(memory.reshape(words, record), shape.stride, dim)
    numbers = [twin.w, twin.v, twin.b, twin.c, *twin.squares]
    begin = [x.copy() for x in numbers]
    for mine, x in zip(ours, numbers, strict=True):
        mine[...] = x
    run_word = np.array([5, 7, 5, 2], np.int32)
    run_start = np.array([0, 2, 3, 7, 10], np.int64)
    other = np.array([0, 3, 7, 5, 1, 0, 4, 2, 1, 0], np.int32)
    log = rng.normal(0, 2, 10).astype(np.float32)
    weight = rng.random(10).astype(np.float32)
    order = np.array([2, 0, 3, 1], np.int64)
    cells = (other, log, weight, run_word, run_start)
    cost = train_cells(shape, memory, shape.stride, record, cells, order, np.float32(0.05))

    expected = 0.0
    for run in order:
        i = int(run_word[run])
        for e in range(run_start[run], run_start[run + 1]):
            j = int(other[e])
            expected += twin.train(i, j, float(log[e]), float(weight[e]), 0.05)
            if i != j:
                expected += twin.train(j, i, float(log[e]), float(weight[e]), 0.05)
    assert cost == pytest.approx(expected, rel=1e-3)
    for mine, x, before in zip(ours, numbers, begin, strict=True):
        step = np.abs(x - before)
        assert step.max() > 1e-4
        # Several steps add up in one number; float32 has 7 digits of numbers up to 31.
        assert np.all(np.abs(mine - x) <= 2 * LARGEST_ERROR * step.max() + 1e-6 * np.abs(x))


def topics(folder: Path, lines: int = 400) -> WordCorpus:
    """Lines on one of four topics, with words of other topics here and there.

    Cells that are 0 take no part in GloVe, so words that never meet would not be kept apart.
    """
    rng = np.random.default_rng(0)
    sentences = []
    for _ in range(lines):
        topic = np.where(rng.random(16) < 0.8, rng.integers(4), rng.integers(0, 4, 16))
        sentences.append([f"t{t}w{i}" for t, i in zip(topic, rng.integers(0, 25, 16), strict=True)])
    return build_corpus(sentences, folder, min_count=1)


@pytest.mark.parametrize("threads", [1, 3])
def test_words_of_a_topic_come_together(threads: int, tmp_path: Path) -> None:
    corpus = topics(tmp_path, lines=2000)
    trained = train_glove(corpus, GloVeSettings(dim=8, epochs=40, x_max=50, threads=threads))
    assert trained.vectors.shape == (100, 8)
    unit = trained.vectors / np.linalg.norm(trained.vectors, axis=1, keepdims=True)
    similar = unit @ unit.T
    np.fill_diagonal(similar, -1)
    topic = np.array([word[:2] for word in corpus.words])
    assert np.mean(topic[similar.argmax(1)] == topic) > 0.9
    assert np.all(np.diff(trained.losses[:4]) < 0)


def test_it_factorizes_what_has_the_form(tmp_path: Path) -> None:
    """Counts whose logarithms are w . v + b + c can be fitted to the last."""
    rng = np.random.default_rng(1)
    w = rng.normal(0, 0.6, (40, 4))
    b = rng.normal(0, 1, 40)
    log = w @ w.T + b[:, None] + b
    settings = GloVeSettings(dim=4, epochs=600, x_max=0.01, threads=1, eta=0.1)
    counts = np.ones(40, np.int64)
    words = [str(i) for i in range(40)]
    trained = train_glove_from_counts(words, counts, csr_array(np.exp(log)), settings)
    assert trained.losses[0] > 0.1
    assert trained.losses[-1] < 0.002


def test_a_corpus_and_its_counts_give_the_same(tmp_path: Path) -> None:
    corpus = topics(tmp_path)
    size = len(corpus.words)
    lower = np.zeros((size, size), np.float32)
    for first, part in count_rows(corpus, 10, tmp_path):
        lower[first : first + part.shape[0]] = part.toarray()
    full = csr_array(lower + np.tril(lower, -1).T)
    settings = GloVeSettings(dim=8, epochs=3, threads=1, seed=7)
    first = train_glove(corpus, settings)
    second = train_glove_from_counts(corpus.words, corpus.counts, full, settings)
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert first.losses == second.losses
    other_seed = GloVeSettings(dim=8, epochs=3, threads=1, seed=8)
    assert not np.array_equal(train_glove(corpus, other_seed).vectors, first.vectors)
    with pytest.raises(ValueError, match="there are 3 words"):
        train_glove_from_counts(["a", "b", "c"], np.ones(3, np.int64), full, settings)


def test_interrupted_and_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = topics(tmp_path / "corpus")
    monkeypatch.setattr(running, "_REPORT_SECONDS", 0.0005)
    monkeypatch.setattr(running, "_CHECKPOINT_SECONDS", 0.002)
    monkeypatch.setattr(glove_task, "_SMALLEST_PORTION", 300)
    settings = GloVeSettings(dim=20, epochs=40, threads=1)
    whole = train_glove(corpus, settings)
    folder = tmp_path / "training"
    seen: list[int] = []

    def interrupt(done: int, total: int, loss: float | None, alpha: float, speed: float) -> None:
        assert alpha == settings.eta
        if done > (seen[-1] if seen else 0) + total // 5:
            seen.append(done)
            raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(Interrupted, match="takes it up again"):
            train_glove(corpus, settings, folder=folder, on_progress=interrupt)
    reports: list[tuple[int, int]] = []
    resumed = train_glove(
        corpus,
        settings,
        folder=folder,
        on_progress=lambda done, total, *_: reports.append((done, total)),
    )
    assert reports[0][0] >= seen[-1]
    assert reports[-1][0] == reports[-1][1]
    np.testing.assert_array_equal(resumed.vectors, whole.vectors)
    np.testing.assert_array_equal(resumed.outputs, whole.outputs)
    assert resumed.losses == whole.losses
    again = train_glove(corpus, settings, folder=folder)
    np.testing.assert_array_equal(again.vectors, whole.vectors)
    assert again.processor_seconds == resumed.processor_seconds

    with pytest.raises(BadInput, match="other settings"):
        train_glove(corpus, GloVeSettings(dim=21, epochs=40, threads=1), folder=folder)


def test_unfit_input_is_refused(tmp_path: Path) -> None:
    alone = build_corpus([["a"], ["b"], ["a"]], tmp_path, min_count=1)
    with pytest.raises(BadInput, match="No two words"):
        train_glove(alone, GloVeSettings(threads=1))
    for name in ("dim", "window", "epochs", "x_max", "eta"):
        with pytest.raises(BadInput, match=f"{name}=0 cannot be used"):
            GloVeSettings(**{name: 0})
