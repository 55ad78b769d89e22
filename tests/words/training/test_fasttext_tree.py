"""fastText with hierarchical softmax: a whole training, from its settings on, against the plain twin."""

import numpy as np
import pytest
from word2vec_twin import Twin

from bunsan.words.training.corpus import corpus_from_ids
from bunsan.words.training.ngram_index import index_ngrams
from bunsan.words.training.settings import FastTextSettings
from bunsan.words.training.task import Task
from bunsan.words.training.trainer import train

V = 24


def codes(counts: np.ndarray) -> list[list[tuple[int, int]]]:
    """The nodes and turns to each word, by merging the two lightest over and over."""
    alive = [(int(count), word, [word]) for word, count in enumerate(counts)]
    found: list[list[tuple[int, int]]] = [[] for _ in counts]
    for node in range(len(counts) - 1):
        alive.sort(key=lambda entry: entry[:2])
        for code, (_, _, leaves) in enumerate(alive[:2]):
            for leaf in leaves:
                found[leaf].append((node, code))
        (low, _, left), (high, _, right) = alive[:2]
        alive[:2] = [(low + high, len(counts) + node, left + right)]
    return found


@pytest.mark.parametrize("method", ["skipgram", "cbow"])
def test_every_row_is_the_twins(method, tmp_path):
    rng = np.random.default_rng(3)
    ids = rng.zipf(1.4, 900).astype(np.int32) % V
    ids[rng.choice(900, 60, replace=False)] = -1
    words = [f"{chr(97 + i % 5)}{chr(103 + i % 7)}{chr(110 + i % 11)}" for i in range(V)]
    corpus = corpus_from_ids(words, None, [ids], tmp_path, min_count=1)
    settings = FastTextSettings(
        method=method, hs=True, negative=0, dim=12, window=3, minn=1, maxn=2, bucket=40,
        min_count=1, sample=0.05, epochs=1, threads=1, alpha=0.08, min_alpha=0.08, seed=5,
    )  # fmt: skip
    task = Task(corpus, settings, 1)
    index = index_ngrams(corpus.words, 1, 2, 40)
    n = len(corpus.words)
    pieces = [[w, *(n + index.row[index.start[w] : index.start[w + 1]]).tolist()] for w in range(n)]
    assert max(map(len, pieces)) > 5
    before = task.arrays()["rows"].astype(np.float64)
    n_inputs = n + len(index.buckets)
    assert len(before) == n_inputs + n - 1  # a row for each inner node of the tree
    twin = Twin(
        before[:n_inputs].copy(),
        before[n_inputs:].copy(),
        pieces,
        task._plan.keep,
        np.zeros(1, np.int32),
        3,
        True,
        0.0,
        [],
        0,
        True,
        int(task.arrays()["state.0"][0]),
        0,
        codes(corpus.counts),
    )
    twin.train(np.concatenate(corpus.shards).tolist(), 0.08, method)
    trained = train(corpus, settings)
    np.testing.assert_allclose(trained.own, twin.inputs[:n], atol=1e-4)
    np.testing.assert_allclose(trained.ngrams, twin.inputs[n:], atol=1e-4)
    np.testing.assert_allclose(trained.outputs, twin.outputs, atol=1e-4)
    means = np.array([twin.inputs[rows].mean(0) for rows in pieces])
    np.testing.assert_allclose(trained.vectors, means, atol=1e-4)
    assert np.abs(twin.inputs - before[:n_inputs]).max() > 0.1  # far more than may differ
