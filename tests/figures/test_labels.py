"""Labels find free places."""

import itertools

import numpy as np
import pytest

from bunsan.figures.labels import place_labels


def meet(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a[:2] < b[2:] - 1e-9).all() and (b[:2] < a[2:] - 1e-9).all())


@pytest.mark.parametrize(("n", "spread"), [(40, 180.0), (60, 40.0)])
def test_no_label_lies_on_another_or_on_a_mark(n: int, spread: float) -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(300, spread, (n, 2)).clip(20, 580)
    sizes = np.stack([rng.integers(1, 6, n) * 9.0, np.full(n, 10.0)], axis=1)
    radii = np.full(n, 2.5)
    middles = place_labels(points, radii, sizes, (600, 600))
    boxes = np.hstack([middles - sizes / 2, middles + sizes / 2])
    assert not [p for p in itertools.combinations(range(n), 2) if meet(boxes[p[0]], boxes[p[1]])]
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= 600).all()
    marks = np.hstack([points - 2.5, points + 2.5])
    covered = sum(meet(boxes[i], marks[j]) for i in range(n) for j in range(n))
    assert covered <= (0 if spread > 100 else 3)


def test_a_lone_label_is_to_the_right_and_near_the_edge_to_the_left() -> None:
    right, left = place_labels([[50, 50]], [3], [[20, 10]], (100, 100))[0], None
    assert right.tolist() == [50 + 3 + 1.5 + 10, 50]
    left = place_labels([[90, 50]], [3], [[20, 10]], (100, 100))[0]
    assert left.tolist() == [90 - 3 - 1.5 - 10, 50]


def test_the_first_goes_first() -> None:
    points = [[50, 50], [60, 50]]
    sizes = [[30, 10], [30, 10]]
    first, second = place_labels(points, [2, 2], sizes, (200, 200))
    assert first[0] < 50  # right is where the other mark lies
    assert second[0] > 60
    assert place_labels(np.zeros((0, 2)), [], np.zeros((0, 2)), (10, 10)).shape == (0, 2)
