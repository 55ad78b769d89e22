"""Order, for kernels: a bounded heap of the greatest values, a sort, a search in sorted ids.

NumPy's `sort` and `searchsorted` can be compiled too, but that takes seconds of the very first search
after an installation; these take a fraction of that.
"""

from typing import Any

from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def push(heap: NDArray[Any], size: int, x: Any) -> int:
    """Offer `x` to the greatest values so far, the least of which is heap[0].

    The heap holds `size` of at most heap.size values; returns the new size.
    """
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


@njit(nogil=True, cache=True)
def sort(values: NDArray[Any]) -> None:
    """Sort in place, ascending: Shell's sort with Knuth's gaps 1, 4, 13, 40, ..."""
    gap = 1
    while gap < values.size // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, values.size):
            x = values[i]
            j = i
            while j >= gap and values[j - gap] > x:
                values[j] = values[j - gap]
                j -= gap
            values[j] = x
        gap //= 3


@njit(nogil=True, cache=True)
def find(ids: NDArray[Any], wanted: int) -> int:
    """Where `wanted` stands in ascending distinct ids; -1 if it does not."""
    if 0 <= wanted < ids.size and ids[wanted] == wanted:  # as where no id is left out
        return wanted
    begin, end = 0, ids.size
    while begin < end:
        middle = (begin + end) >> 1
        if ids[middle] < wanted:
            begin = middle + 1
        else:
            end = middle
    return begin if begin < ids.size and ids[begin] == wanted else -1
