"""The small kernels of order against Python's own."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.words.bm25.order import find, kth_greatest, push, sort

NUMBERS = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=200)


@settings(deadline=None)
@given(values=NUMBERS)
def test_sort(values):
    array = np.array(values, np.uint64)
    sort(array)
    assert array.tolist() == sorted(values)


@settings(deadline=None)
@given(values=NUMBERS, capacity=st.integers(1, 30))
def test_heap_keeps_the_greatest_with_the_least_in_front(values, capacity):
    heap, size = np.empty(capacity, np.uint64), 0
    for i, value in enumerate(values):
        size = push(heap, size, np.uint64(value))
        greatest = sorted(values[: i + 1])[-capacity:]
        assert sorted(heap[:size].tolist()) == greatest
        assert heap[0] == greatest[0]


@settings(deadline=None)
@given(
    values=st.lists(st.floats(0, 1, width=32), max_size=100),
    floor=st.floats(0, 1, width=32),
    k=st.integers(1, 20),
)
def test_kth_greatest(values, floor, k):
    found = kth_greatest(np.array(values, np.float32), np.float32(floor), np.empty(k, np.float32))
    above = sorted(values, reverse=True)
    assert found == (max(floor, above[k - 1]) if len(above) >= k else floor)


@settings(deadline=None)
@given(ids=st.sets(st.integers(0, 50)), wanted=st.integers(-2, 52))
def test_find(ids, wanted):
    ordered = sorted(ids)
    expected = ordered.index(wanted) if wanted in ids else -1
    assert find(np.array(ordered, np.int32), wanted) == expected
