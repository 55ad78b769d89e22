"""Places for the words of a network: related ones near, no label on another, parts packed together.

The unit of length is the em, the width of one full-width character of the labels, so that a layout
knows how much room its labels need at any size it is drawn in.
"""

import unicodedata

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, shortest_path

Floats = NDArray[np.float64]

LARGEST_RADIUS = 2.0
LABEL_DROP = 0.65  # em from the rim of a disc to the middle of a label below it
_SMALLEST_RADIUS = 0.4
_GAP = 0.5  # em of free space kept around a box
_EDGE = 2.0  # em from box to box along an edge
_CELL = 1.0  # em, the grain of packing
_PART_GAP = 2.0  # em between unconnected parts
_ASPECT = 1.35  # width / height that the whole should have


def label_width(text: str) -> float:
    """Width of `text` in em: 1 for a full-width character, 0.56 for a half-width one."""
    width = 0.0
    for character in text:
        if not unicodedata.combining(character):
            width += 1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.56
    return width


def radii(frequencies: ArrayLike) -> Floats:
    """Radius in em of each word's disc: its area is proportional to the frequency."""
    frequency = np.asarray(frequencies, np.float64)
    share = frequency / max(frequency.max(initial=0.0), 1.0)
    return np.maximum(LARGEST_RADIUS * np.sqrt(share), _SMALLEST_RADIUS)


def label_below(label: str, radius: float) -> bool:
    """True where a label is too wide for its disc and is written below it."""
    return label_width(label) > 2 * radius - 0.4


def layout(edges: ArrayLike, boxes: ArrayLike, *, seed: int = 0) -> Floats:
    """Place n nodes: x to the right, y upwards, in em, the middle of the whole at (0, 0).

    Each connected part is laid out by itself so that distances follow the number of steps between
    nodes (stress majorization: Gansner, Koren & North 2005, "Graph drawing by stress
    majorization"), turned so that its long side lies flat, and then boxes that overlap are pushed
    apart. The parts are packed by the shape they have, not by rectangles around them (after
    Freivalds, Doğrusöz & Kikusts 2002, "Disconnected graph layout and the polyomino packing
    approach").

    Parameters
    ----------
    edges : int (E, 2), pairs of node indexes.
    boxes : (n, 2), width and height in em of what is drawn at each node. No two boxes overlap in
        the result.
    """
    box = np.asarray(boxes, np.float64).reshape(-1, 2)
    edge = np.asarray(edges, np.int64).reshape(-1, 2)
    n = len(box)
    if n == 0:
        return np.zeros((0, 2))
    graph = csr_array((np.ones(len(edge)), (edge[:, 0], edge[:, 1])), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    rng = np.random.default_rng(seed)
    places = np.zeros((n, 2))
    members = [np.flatnonzero(part == p) for p in range(part.max() + 1)]
    members.sort(key=lambda m: (-len(m), m[0]))
    for nodes in members:
        steps = shortest_path(graph[nodes][:, nodes], directed=False, unweighted=True)
        places[nodes] = _separate(_turn(_stress(steps, box[nodes], rng)), box[nodes])
    _pack(places, box, edge, members)
    low = (places - box / 2).min(axis=0)
    high = (places + box / 2).max(axis=0)
    return np.asarray(places - (low + high) / 2)


def _stress(steps: Floats, box: Floats, rng: np.random.Generator) -> Floats:
    """Minimise Σ w (|xi - xj| - d)², d the wanted distance and w = 1/d²."""
    n = len(steps)
    if n == 1:
        return np.zeros((1, 2))
    wide = (box[:, 0] + box[:, 1]) / 4
    wanted = steps * _EDGE + wide[:, None] + wide[None, :] + (steps - 1).clip(0) * 2 * wide.mean()
    np.fill_diagonal(wanted, 1.0)
    weight = wanted**-2.0
    np.fill_diagonal(weight, 0.0)
    x = _scaling(wanted) + rng.normal(scale=0.05, size=(n, 2))
    laplacian = np.diag(weight.sum(axis=1)) - weight
    inverse = np.linalg.pinv(laplacian, hermitian=True)
    before = np.inf
    for _ in range(300):
        difference = x[:, None, :] - x[None, :, :]
        distance = np.sqrt((difference**2).sum(axis=2))
        stress = float((weight * (distance - wanted) ** 2).sum())
        if before - stress < 1e-6 * stress:
            break
        before = stress
        ratio = weight * wanted / np.maximum(distance, 1e-9)
        np.fill_diagonal(ratio, 0.0)
        x = inverse @ (ratio.sum(axis=1)[:, None] * x - ratio @ x)
    return x


def _scaling(wanted: Floats) -> Floats:
    """Classical scaling (Torgerson), the start of the majorization."""
    n = len(wanted)
    squares = wanted**2
    np.fill_diagonal(squares, 0.0)
    centre = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-centre @ squares @ centre / 2)
    top = vectors[:, ::-1][:, :2] * np.sqrt(np.maximum(values[::-1][:2], 1e-9))
    largest = np.abs(top).argmax(axis=0)
    return np.asarray(top * np.sign(top[largest, range(top.shape[1])]))


def _turn(x: Floats) -> Floats:
    """Turn so that the long side lies flat: pages and labels are wide."""
    centred = x - x.mean(axis=0)
    if len(x) < 2:
        return centred
    _, vectors = np.linalg.eigh(centred.T @ centred)
    flat = centred @ vectors[:, ::-1]
    largest = np.abs(flat).argmax(axis=0)
    return np.asarray(flat * np.sign(flat[largest, [0, 1]] + 1e-300))


def _separate(x: Floats, box: Floats) -> Floats:
    """Push overlapping boxes apart along the axis that needs less, stretching where that fails."""
    x = x.copy()
    room = (box[:, None, :] + box[None, :, :]) / 2 + _GAP
    first, second = np.triu_indices(len(x), 1)
    room = room[first, second]
    while True:
        for _ in range(200):
            apart = x[first] - x[second]
            lack = room - np.abs(apart)
            hit = np.flatnonzero((lack > 1e-6).all(axis=1))
            if not len(hit):
                return x
            axis = np.where(lack[hit, 0] < lack[hit, 1], 0, 1)
            side = np.where(apart[hit, axis] >= 0, 1.0, -1.0)
            push = side * (lack[hit, axis] / 2 + 1e-3)
            np.add.at(x, (first[hit], axis), push * 0.6)
            np.add.at(x, (second[hit], axis), -push * 0.6)
        x *= 1.08


def _pack(
    places: Floats, box: Floats, edge: NDArray[np.int64], members: list[NDArray[np.intp]]
) -> None:
    """Move each part (largest first) to the free spot nearest to the middle; edits `places`."""
    if len(members) == 1:
        return
    shapes = [_cells(places, box, edge, nodes) for nodes in members]
    reach = int(max(np.abs(cells).max() for cells in shapes)) + 1
    free = int(np.sqrt(sum(len(cells) for cells in shapes))) + 1
    taken: set[tuple[int, int]] = set()
    for nodes, cells in zip(members, shapes, strict=True):
        spot = None
        while spot is None:
            spot = _nearest(taken, cells, free, reach)
            free = free if spot is not None else 2 * free
        taken |= {(x, y) for x, y in (cells + spot).tolist()}
        places[nodes] += spot * _CELL


def _nearest(
    taken: set[tuple[int, int]], cells: NDArray[np.int64], free: int, reach: int
) -> NDArray[np.int64] | None:
    """The shortest shift of `cells`, of at most `free` either way, that hits nothing taken."""
    side = np.arange(-free, free + 1)
    size = free + reach
    grid = np.zeros((2 * size + 1, 2 * size + 1), np.bool_)
    if taken:
        at = np.array(list(taken)) + size
        at = at[((at >= 0) & (at <= 2 * size)).all(axis=1)]
        grid[at[:, 0], at[:, 1]] = True
    hit = np.zeros((len(side), len(side)), np.bool_)
    for x, y in (cells + reach).tolist():
        hit |= grid[x : x + len(side), y : y + len(side)]
    if hit.all():
        return None
    distance = (side[:, None] / _ASPECT) ** 2 + side[None, :] ** 2
    x, y = np.unravel_index(np.where(hit, np.inf, distance).argmin(), hit.shape)
    return np.array([side[x], side[y]])


def _cells(
    places: Floats, box: Floats, edge: NDArray[np.int64], nodes: NDArray[np.intp]
) -> NDArray[np.int64]:
    """The cells of the grid that a part covers: its boxes, its edges and the gap around them."""
    inside = np.isin(edge[:, 0], nodes)
    steps = np.linspace(0, 1, 24)[:, None]
    points = [places[a] * (1 - steps) + places[b] * steps for a, b in edge[inside]]
    rectangles = [
        (places[i] - box[i] / 2 - _PART_GAP / 2, places[i] + box[i] / 2 + _PART_GAP / 2)
        for i in nodes
    ]
    rectangles += [(p - _PART_GAP / 2, p + _PART_GAP / 2) for line in points for p in line]
    covered = set()
    for low, high in rectangles:
        x0, y0 = np.floor(low / _CELL).astype(int)
        x1, y1 = np.ceil(high / _CELL).astype(int)
        covered |= {(x, y) for x in range(x0, x1) for y in range(y0, y1)}
    return np.array(sorted(covered), np.int64)
