"""Layouts: no box on another, neighbours near, the same every time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.words.layout import LARGEST_RADIUS, label_width, layout, radii


def overlaps(places: np.ndarray, boxes: np.ndarray) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, j in itertools.combinations(range(len(places)), 2)
        if (np.abs(places[i] - places[j]) < (boxes[i] + boxes[j]) / 2 - 1e-6).all()
    ]


graphs = st.integers(1, 25).flatmap(
    lambda n: st.tuples(
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
        st.lists(st.tuples(st.floats(0.5, 9), st.floats(0.5, 4)), min_size=n, max_size=n),
    )
)


@settings(max_examples=60, deadline=None)
@given(graphs)
def test_no_box_lies_on_another_and_the_whole_is_centred(
    case: tuple[list[tuple[int, int]], list[tuple[float, float]]],
) -> None:
    edges = np.array([e for e in case[0] if e[0] != e[1]], np.int64).reshape(-1, 2)
    boxes = np.array(case[1])
    places = layout(edges, boxes, seed=1)
    assert np.isfinite(places).all()
    assert overlaps(places, boxes) == []
    low, high = (places - boxes / 2).min(axis=0), (places + boxes / 2).max(axis=0)
    np.testing.assert_allclose(low + high, 0, atol=1e-9)
    np.testing.assert_array_equal(places, layout(edges, boxes, seed=1))


def test_a_chain_is_laid_out_in_its_order() -> None:
    n = 8
    places = layout([(i, i + 1) for i in range(n - 1)], np.ones((n, 2)))
    x = places[:, 0]
    assert (np.diff(x) > 0).all() or (np.diff(x) < 0).all()
    assert np.ptp(x) > 3 * np.ptp(places[:, 1])  # the long side lies flat


def test_neighbours_are_nearer_than_others() -> None:
    edges = [
        (a, b) for k in range(4) for a, b in itertools.combinations(range(5 * k, 5 * k + 5), 2)
    ]
    edges += [(0, 5), (5, 10), (10, 15), (15, 0)]
    places = layout(edges, np.full((20, 2), 1.2))
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    clique = np.arange(20) // 5
    same = clique[:, None] == clique[None, :]
    assert distance[same & ~np.eye(20, dtype=bool)].mean() < 0.5 * distance[~same].mean()


def test_parts_are_packed_close_together_and_wider_than_high() -> None:
    edges = [(2 * k, 2 * k + 1) for k in range(30)]
    boxes = np.tile([3.0, 1.2], (60, 1))
    places = layout(edges, boxes)
    width, height = np.ptp(places, axis=0) + boxes[0]
    assert 0.9 < width / height < 2.0
    pair_area = (3 + 2.4 + 3 + 2) * (1.2 + 2)  # two boxes, the edge, the gap around them
    assert width * height < 2.2 * 30 * pair_area
    # each pair stays together
    assert np.abs(places[::2] - places[1::2]).max() < 9


def test_widths_of_labels_and_radii() -> None:
    assert label_width("温泉") == 2
    assert label_width("ﾎﾃﾙ") == pytest.approx(3 * 0.56)
    assert label_width("Wi-Fi") == pytest.approx(5 * 0.56)
    assert label_width("か\u3099") == 1  # a combining mark takes no room
    r = radii([100, 25, 0])
    assert r[0] == LARGEST_RADIUS
    assert r[0] ** 2 / r[1] ** 2 == pytest.approx(4)  # areas are frequencies
    assert r[2] > 0


def test_empty_network() -> None:
    assert layout(np.zeros((0, 2)), np.zeros((0, 2))).shape == (0, 2)
