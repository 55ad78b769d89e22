"""What is drawn at random while training, prepared beforehand: noise, skipped words, Huffman paths."""

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SMALLEST_TABLE = 1 << 20
_LARGEST_TABLE = 1 << 27


def noise_table(
    counts: NDArray[np.int64], exponent: float, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Words in proportion to count**exponent, shuffled; the length is a power of 2.

    Read one after the other from any place, it is a sample of noise (Mikolov et al. 2013,
    "Distributed Representations", section 2.2) that costs no random access. It has some 32 places
    per word. Shares are rounded cumulatively, so that no group of words gains or loses by rounding.
    """
    size = _SMALLEST_TABLE
    while size < min(32 * len(counts), _LARGEST_TABLE):
        size *= 2
    share = np.cumsum(counts.astype(np.float64) ** exponent)
    ends = np.round(share / share[-1] * size).astype(np.int64)
    table = np.repeat(np.arange(len(counts), dtype=np.int32), np.diff(ends, prepend=0))
    rng.shuffle(table)
    return table


def keep_thresholds(counts: NDArray[np.int64], sample: float) -> NDArray[np.uint32]:
    """A word is kept when 32 random bits are at most its threshold.

    The chance to stay is sqrt(t/f) + t/f for a word of frequency f, t being `sample`: the formula of
    the program of Mikolov et al. (2013); section 2.3 of the paper prints sqrt(t/f).
    """
    if sample == 0:
        return np.full(len(counts), 2**32 - 1, np.uint32)
    ratio = sample * counts.sum() / counts
    chance = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return np.minimum(chance * 2.0**32, 2**32 - 1).astype(np.uint32)


class Paths(NamedTuple):
    """The way to each word in a binary tree of V words and V - 1 inner nodes.

    Word w passes the nodes `nodes[start[w]:start[w + 1]]`, the `left[w]` ones where the code is 0
    first: their order does not matter to the sum of their losses.
    """

    start: NDArray[np.int64]
    nodes: NDArray[np.int32]
    left: NDArray[np.int32]


def huffman_paths(counts: NDArray[np.int64]) -> Paths:
    """The Huffman tree of the words (Huffman 1952; Mikolov et al. 2013, section 2.1).

    Frequent words get short codes: the mean length is within one bit of the entropy. Inner nodes
    are numbered in the order of their making, so the root is the last.
    """
    words = len(counts)
    parent = np.full(max(2 * words - 1, 1), -1, np.int64)
    code = np.zeros(len(parent), np.bool_)
    heap = [(int(count), word) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    for node in range(words, 2 * words - 1):
        (low, a), (high, b) = heapq.heappop(heap), heapq.heappop(heap)
        parent[a] = parent[b] = node
        code[b] = True
        heapq.heappush(heap, (low + high, node))
    start = np.zeros(words + 1, np.int64)
    left = np.zeros(words, np.int32)
    nodes: list[int] = []
    for word in range(words):
        sides: tuple[list[int], list[int]] = ([], [])
        at = word
        while parent[at] >= 0:
            sides[int(code[at])].append(int(parent[at]) - words)
            at = int(parent[at])
        nodes += sides[0] + sides[1]
        left[word] = len(sides[0])
        start[word + 1] = len(nodes)
    return Paths(start, np.array(nodes, np.int32), left)
