"""A bounded min-heap for kernels: the greatest values seen so far, the least of them in front."""

from typing import Any

from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def push(heap: NDArray[Any], size: int, x: Any) -> int:
    """Offer `x` to a heap that holds `size` of at most heap.size values; returns the new size."""
    if size < heap.size:
        i = size
        while i > 0:
            parent = (i - 1) >> 1
            if heap[parent] <= x:
                break
            heap[i] = heap[parent]
            i = parent
        heap[i] = x
        return size + 1
    if x <= heap[0]:
        return size
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= x:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = x
    return size


@njit(nogil=True, cache=True)
def kth_greatest(values: NDArray[Any], floor: Any, heap: NDArray[Any]) -> Any:
    """The k-th greatest of `values` if it is above `floor`, else `floor`; k is heap.size.

    `heap` is room to work in.
    """
    size = 0
    for x in values:
        if x > floor:
            size = push(heap, size, x)
            if size == heap.size:
                floor = heap[0]
    return floor
