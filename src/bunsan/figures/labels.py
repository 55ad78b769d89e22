"""Labels beside points so that no label lies on another label or on a point."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_GAP = 1.5  # points of paper between a point and its label
_RINGS = (0.0, 6.0, 14.0, 24.0, 36.0, 50.0, 66.0, 84.0)
# Right, left, above and below first; those are read most easily as belonging to the point.
_ANGLES = np.deg2rad([0, 180, 90, 270, 30, 150, 330, 210, 60, 120, 300, 240])


def place_labels(
    points: ArrayLike, radii: ArrayLike, sizes: ArrayLike, area: tuple[float, float]
) -> Floats:
    """Middles of the labels (n, 2), placed in the order given: put the important ones first.

    Each label takes the nearest free spot around its point, farther out where the near ones are
    taken, and the least covered one where none is free. (Greedy; the best placement of all is
    NP-hard: Marks & Shieber 1991.)

    Parameters
    ----------
    points : (n, 2) in points of paper, from the lower left of the area. radii : of their marks.
    sizes : (n, 2), width and height of each label. area : width and height of the paper.
    """
    at = np.asarray(points, np.float64).reshape(-1, 2)
    radius = np.asarray(radii, np.float64)
    size = np.asarray(sizes, np.float64).reshape(-1, 2)
    marks = np.hstack([at - radius[:, None], at + radius[:, None]])
    labels = np.empty((0, 4))
    middles = np.empty_like(at)
    for i in range(len(at)):
        reach = np.concatenate([ring + radius[i] + _GAP + np.zeros(12) for ring in _RINGS])
        angle = np.tile(_ANGLES, len(_RINGS))
        way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        spots = at[i] + way * (reach[:, None] + size[i] / 2)
        boxes = np.hstack([spots - size[i] / 2, spots + size[i] / 2])
        cost = 3 * _covered(boxes, labels) + _covered(boxes, np.delete(marks, i, axis=0))
        outside = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > area).any(axis=1)
        cost += np.where(outside, 1e6, 0.0)
        best = int(np.argmin(cost))  # of equal ones the first, which is the nearest
        middles[i] = spots[best]
        labels = np.vstack([labels, boxes[best]])
    return middles


def _covered(boxes: Floats, others: Floats) -> Floats:
    """Area of each box that lies on the others."""
    if not len(others):
        return np.zeros(len(boxes))
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.asarray((high - low).clip(0).prod(axis=2).sum(axis=1))
