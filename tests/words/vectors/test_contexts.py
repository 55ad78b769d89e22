"""Occurrences as directions: weights by hand, and what is common taken away."""

import numpy as np
import pytest

from bunsan.words.vectors.contexts import context_vectors
from bunsan.words.vectors.wordvectors import WordVectors


def test_the_weighted_mean_by_hand():
    """p = .5 .3 .2, a = .1: weights 1/6, 1/4, 1/3."""
    vectors = WordVectors(["a", "b", "c"], np.eye(3, dtype=np.float32), counts=[5, 3, 2])
    found = context_vectors(vectors, np.array([[0, 2, -1], [1, 1, 1], [-1, -1, -1]]), a=0.1)
    np.testing.assert_allclose(found.means[0], [1 / 3, 0, 2 / 3], atol=1e-6)
    np.testing.assert_allclose(found.means[1], [0, 1, 0], atol=1e-6)
    assert found.known.tolist() == [True, True, False]
    assert not found.units[2].any()


def test_the_directions_are_those_of_sif_sentences():
    """As `WordVectors.sentences`, whose means are over the number of words, not of weights."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(50)]
    vectors = WordVectors(words, rng.normal(size=(50, 8)), counts=np.arange(50, 0, -1) ** 2)
    around = rng.integers(-1, 50, (30, 6))
    found = context_vectors(vectors, around)
    wanted = vectors.sentences([[words[i] for i in row if i >= 0] for row in around], remove=0)
    lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(found.means, axis=1)
    np.testing.assert_allclose((wanted * found.means).sum(axis=1) / lengths, 1, atol=1e-5)


def test_what_all_share_is_gone_and_others_are_placed_likewise():
    rng = np.random.default_rng(1)
    shared = np.zeros(10)
    shared[3] = 4.0
    vectors = WordVectors([f"w{i}" for i in range(40)], rng.normal(size=(40, 10)) + shared)
    found = context_vectors(vectors, rng.integers(0, 40, (200, 5)))
    np.testing.assert_allclose(found.common, found.means.mean(axis=0), atol=1e-5)
    assert found.common[3] > 3
    assert np.abs(found.units.mean(axis=0)).max() < 0.1
    np.testing.assert_allclose(np.linalg.norm(found.units, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.place(found.means), found.units, atol=1e-6)


def test_two_uses_of_unequal_frequency_lie_opposite():
    """Where they share nothing, the first principal component would be the more frequent use."""
    vectors = WordVectors(["a", "b"], np.eye(2, dtype=np.float32))
    found = context_vectors(vectors, np.array([[0]] * 6 + [[1]] * 4))
    side = np.sqrt(0.5)
    np.testing.assert_allclose(found.units[0], [side, -side], atol=1e-6)
    np.testing.assert_allclose(found.units[9], [-side, side], atol=1e-6)


def test_no_occurrences():
    vectors = WordVectors(["a"], np.ones((1, 4), np.float32))
    found = context_vectors(vectors, np.empty((0, 4), np.int64))
    assert found.units.shape == (0, 4)
    assert found.known.shape == (0,)
    assert found.place(np.ones((1, 4), np.float32)).shape == (1, 4)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_other_storages(storage):
    rng = np.random.default_rng(2)
    vectors = WordVectors([f"w{i}" for i in range(30)], rng.normal(size=(30, 6)))
    around = rng.integers(0, 30, (20, 4))
    plain, small = (context_vectors(v, around) for v in (vectors, vectors.to(storage)))
    np.testing.assert_allclose(small.means, plain.means, atol=0.02)
