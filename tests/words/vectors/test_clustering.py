"""Groups of directions: against the best of all partitions, slow silhouettes, planted groups."""

from itertools import product

import numpy as np
import pytest

from bunsan.words.vectors.clustering import choose_groups, silhouettes, spherical_kmeans
from bunsan.words.vectors.nearest import unit_rows


def around(middles: np.ndarray, each: int, spread: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = np.repeat(middles, each, axis=0)
    return unit_rows((rows + spread * rng.normal(size=rows.shape)).astype(np.float32))


def slow_silhouettes(units: np.ndarray, labels: np.ndarray) -> np.ndarray:
    far = 1 - units.astype(np.float64) @ units.T.astype(np.float64)
    scores = []
    for i, own in enumerate(labels):
        same = [far[i, j] for j in range(len(labels)) if labels[j] == own and j != i]
        if not same:
            scores.append(0.0)
            continue
        a = np.mean(same)
        b = min(far[i, labels == other].mean() for other in set(labels.tolist()) - {own})
        scores.append((b - a) / max(a, b))
    return np.array(scores)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_all_partitions_is_found(seed):
    """Cohesion is the sum of the lengths of the groups' sums: tried for all ways to cut 9 rows."""
    units = unit_rows(np.random.default_rng(seed).normal(size=(9, 3)).astype(np.float32))
    best = 0.0
    for rest in product((0, 1), repeat=8):
        labels = np.array([0, *rest])
        if labels.any():
            lengths = [np.linalg.norm(units[labels == g].sum(axis=0)) for g in (0, 1)]
            best = max(best, sum(lengths) / 9)
    found = spherical_kmeans(units, 2, seed=seed, starts=30)
    assert found.cohesion == pytest.approx(best, abs=1e-5)
    for g in (0, 1):
        own = units[found.labels == g].sum(axis=0)
        np.testing.assert_allclose(found.centroids[g], own / np.linalg.norm(own), atol=1e-5)


def test_the_largest_group_comes_first_and_seeds_repeat():
    units = np.vstack([around(np.eye(5)[[0]], 10, 0.1), around(np.eye(5)[[1]], 30, 0.1, 1)])
    a, b = (spherical_kmeans(units, 2, seed=4) for _ in range(2))
    assert np.array_equal(a.labels, b.labels)
    assert a.labels.tolist() == [1] * 10 + [0] * 30


def test_no_group_is_empty():
    """Four directions, three of which many rows share exactly."""
    units = np.repeat(np.eye(4, dtype=np.float32), [20, 20, 20, 1], axis=0)
    for seed in range(10):
        found = spherical_kmeans(units, 4, seed=seed, starts=1)
        assert sorted(np.bincount(found.labels, minlength=4)) == [1, 20, 20, 20]
    with pytest.raises(ValueError, match="groups of"):
        spherical_kmeans(units, 62)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_silhouettes_are_those_of_all_pairs(k):
    rng = np.random.default_rng(k)
    units = unit_rows(rng.normal(size=(60, 7)).astype(np.float32))
    labels = rng.integers(0, k, 60)
    labels[0] = 9  # a group of one
    np.testing.assert_allclose(
        silhouettes(units, labels), slow_silhouettes(units, labels), atol=1e-6
    )
    with pytest.raises(ValueError, match="one group"):
        silhouettes(units, np.zeros(60, np.int64))


@pytest.mark.parametrize("k", [2, 3, 4])
def test_as_many_groups_as_were_planted(k):
    units = around(np.eye(20)[:k], 60, 0.15)
    found = choose_groups(units, most=6)
    assert found.split
    assert len(found.grouping.centroids) == k
    assert max(found.silhouettes, key=lambda n: found.silhouettes[n]) == k
    assert found.silhouettes[k] > found.chance + 0.1
    planted = np.repeat(np.arange(k), 60)
    for g in range(k):
        assert len(set(planted[found.grouping.labels == g])) == 1


@pytest.mark.parametrize("seed", range(3))
def test_one_cloud_is_one_group(seed):
    rng = np.random.default_rng(seed)
    spread = np.diag(rng.uniform(0.1, 1, 20))
    units = unit_rows((rng.normal(size=(300, 20)) @ spread + 0.3).astype(np.float32))
    found = choose_groups(units)
    assert not found.split
    assert len(found.grouping.centroids) == 1
    assert set(found.silhouettes) == {2, 3, 4, 5, 6}
    asked = choose_groups(units, 3)  # whoever asks for three gets three
    assert len(asked.grouping.centroids) == 3
    assert set(asked.silhouettes) == {3}


def test_the_same_direction_over_and_over_is_not_divided():
    units = np.repeat(np.eye(3, dtype=np.float32)[:1], 30, axis=0)
    found = choose_groups(units)
    assert (len(found.grouping.centroids), found.split) == (1, False)
