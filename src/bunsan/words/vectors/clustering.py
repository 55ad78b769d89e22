"""Groups of directions: spherical k-means, silhouettes by cosine, and how many groups there are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunsan.words.vectors.matrix import Floats
from bunsan.words.vectors.nearest import unit_rows

Labels = NDArray[np.int64]

_STARTS = 5
_ROUNDS = 100
_NULLS = 19  # with the data the twentieth: a chance of 1 in 20 to be above all of them


@dataclass(frozen=True)
class Grouping:
    """n directions in k groups, the largest group first.

    Attributes
    ----------
    labels : int64[n], 0 to k - 1. centroids : float32[k, d], at length 1.
    cohesion : the mean cosine of a direction with its group's centroid.
    """

    labels: Labels
    centroids: Floats
    cohesion: float


@dataclass(frozen=True)
class Chosen:
    """A grouping and why it has so many groups.

    Attributes
    ----------
    silhouettes : by number of groups, the mean silhouette of the best grouping found.
    chance : what directions without groups reach with this number of groups, at most, in 19 draws;
        NaN where it was not asked for or nothing could be split.
    split : False where the groups are no better than `chance`.
    """

    grouping: Grouping
    silhouettes: dict[int, float]
    chance: float
    split: bool


def spherical_kmeans(units: Floats, k: int, *, seed: int = 0, starts: int = _STARTS) -> Grouping:
    """k groups of directions whose cosines with their group's mean direction are greatest.

    Dhillon & Modha 2001, "Concept Decompositions for Large Sparse Text Data Using Clustering",
    Machine Learning 42, section 3; each of several starts is seeded as in Arthur & Vassilvitskii
    2007, "k-means++: The Advantages of Careful Seeding", with 1 - cosine for the squared distance.

    Parameters
    ----------
    units : float32[n, d], at length 1, at least k of them different.
    seed : the same gives the same groups.

    Raises
    ------
    ValueError : fewer than k rows.
    """
    if not 1 <= k <= len(units):
        raise ValueError(f"{k} groups of {len(units)} rows")
    rng = np.random.default_rng(seed)
    best: Grouping | None = None
    for _ in range(starts if k > 1 else 1):
        found = _from_one_start(units, k, rng)
        if best is None or found.cohesion > best.cohesion:
            best = found
    assert best is not None
    order = np.argsort(-np.bincount(best.labels, minlength=k), kind="stable")
    place = np.empty(k, np.int64)
    place[order] = np.arange(k)
    return Grouping(place[best.labels], best.centroids[order], best.cohesion)


def _from_one_start(units: Floats, k: int, rng: np.random.Generator) -> Grouping:
    centroids = units[[rng.integers(len(units))]]
    while len(centroids) < k:
        far = np.clip(1 - (units @ centroids.T).max(axis=1), 0, None).astype(np.float64)
        chances = far / far.sum() if far.sum() > 0 else None
        centroids = np.vstack([centroids, units[[rng.choice(len(units), p=chances)]]])
    labels = np.full(len(units), -1, np.int64)
    for _ in range(_ROUNDS):
        cosines = units @ centroids.T
        now = cosines.argmax(axis=1)
        for empty in np.setdiff1d(np.arange(k), now).tolist():
            # The direction that fits its group worst begins the empty one.
            worst = int(cosines[np.arange(len(units)), now].argmin())
            now[worst], cosines[worst] = empty, 2
        if np.array_equal(now, labels):
            break
        labels = now
        members = (labels[:, None] == np.arange(k)).astype(np.float32)
        centroids = unit_rows(members.T @ units)
    cohesion = float((units * centroids[labels]).sum(axis=1, dtype=np.float64).mean())
    return Grouping(labels, centroids, cohesion)


def silhouettes(units: Floats, labels: Labels) -> NDArray[np.float64]:
    """float64[n], how much nearer each direction is to its own group than to the next one, -1 to 1.

    Rousseeuw 1987, "Silhouettes: A graphical aid to the interpretation and validation of cluster
    analysis", section 2, with 1 - cosine for the dissimilarity: the mean of a direction's to a group
    is then 1 - its product with the group's mean, so that no matrix of pairs is needed. 0 in a
    group of one.

    Parameters
    ----------
    units : float32[n, d], at length 1. labels : int64[n], at least two different groups.
    """
    found, groups, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(found) < 2:
        raise ValueError("silhouettes of one group")
    rows = np.arange(len(units))
    members = (groups[:, None] == np.arange(len(found))) / sizes
    far = 1 - units.astype(np.float64) @ (members.T @ units.astype(np.float64)).T
    # A direction's dissimilarity to itself, 0, does not count in the mean of its own group.
    own = far[rows, groups] * sizes[groups] / np.maximum(sizes[groups] - 1, 1)
    far[rows, groups] = np.inf
    next_one = far.min(axis=1)
    larger = np.maximum(own, next_one)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = np.where(larger > 0, (next_one - own) / larger, 0.0)
    return np.asarray(np.where(sizes[groups] == 1, 0.0, scores), np.float64)


def choose_groups(units: Floats, k: int | None = None, *, most: int = 6, seed: int = 0) -> Chosen:
    """As many groups, from 2 to `most`, as have the greatest mean silhouette (Rousseeuw 1987,
    section 3), or one where that is no more than directions without groups reach.

    Without groups means: drawn from a normal distribution with the mean and the covariance of these
    directions, and put at length 1; in 19 such draws none may come as high (a Monte Carlo test at
    5 %: Barnard 1963).

    Parameters
    ----------
    units : float32[n, d], at length 1.
    k : so many groups, whatever the silhouettes say.
    """
    different = len(np.unique(units, axis=0))
    if k == 1 or different < 3:
        return Chosen(spherical_kmeans(units, 1, seed=seed), {}, float("nan"), False)
    counts = range(2, min(most, different - 1) + 1) if k is None else [min(k, different)]
    groupings = {count: spherical_kmeans(units, count, seed=seed) for count in counts}
    scores = {count: float(silhouettes(units, g.labels).mean()) for count, g in groupings.items()}
    best = max(scores, key=lambda count: scores[count])
    chance = _without_groups(units, best, seed)
    split = scores[best] > chance
    if k is None and not split:
        return Chosen(spherical_kmeans(units, 1, seed=seed), scores, chance, False)
    return Chosen(groupings[best], scores, chance, split)


def _without_groups(units: Floats, k: int, seed: int) -> float:
    """The greatest mean silhouette of k groups among draws of directions that have none."""
    rng = np.random.default_rng([seed, k])
    mean = units.mean(axis=0, dtype=np.float64)
    centred = units - mean
    values, axes = np.linalg.eigh(centred.T @ centred / len(units))
    spread = (axes * np.sqrt(np.clip(values, 0, None))).astype(np.float32)
    highest = -1.0
    for draw in range(_NULLS):
        normal = rng.standard_normal(units.shape, np.float32)
        drawn = unit_rows(normal @ spread.T + mean.astype(np.float32))
        labels = spherical_kmeans(drawn, k, seed=draw).labels
        highest = max(highest, float(silhouettes(drawn, labels).mean()))
    return highest
