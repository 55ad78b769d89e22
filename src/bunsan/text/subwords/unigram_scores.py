"""Scores of Unigram pieces by expectation maximization, the same every time (Kudo 2018, section 3.2).

The Rust library's trainer adds in the order of a hash table, so that its scores differ from run to run.
Here they are found once more for the pieces it chose, from how often each stands in the text, with
words in a fixed order. As in SentencePiece, the counts' logarithm is their digamma, which takes rare
pieces for a little rarer than they were seen.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import digamma

from bunsan.text.subwords.encoding import Ids
from bunsan.text.subwords.normal import codes_of
from bunsan.text.subwords.wordpiece import SHIFT, piece_table, slot_of

_ROUNDS = 6
_LEAST = 1e-3  # what a piece counts at least, so that none is lost
Floats = NDArray[np.float64]


def unigram_scores(pieces: Sequence[str], counts: Mapping[str, int]) -> Floats:
    """The logarithm of each piece's probability.

    Parameters
    ----------
    pieces : among them every character of `counts`. counts : words and how often each was seen.
    """
    table = piece_table({piece: i for i, piece in enumerate(pieces)}, 0, prefix="")
    words = sorted(counts)
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    start = np.concatenate([[0], np.cumsum(lengths)])
    codes = codes_of("".join(words))
    weight = np.fromiter((counts[word] for word in words), np.float64, len(words))
    trie = (table.keys, table.nodes, table.value)
    seen = _occurrences(codes, start, weight, len(pieces), *trie)
    scores = np.log(np.maximum(seen, _LEAST) / max(seen.sum(), 1.0))
    for _ in range(_ROUNDS):
        seen = np.maximum(_expected(codes, start, weight, scores, *trie), _LEAST)
        scores = digamma(seen) - digamma(seen.sum())
    return scores


@njit(nogil=True, cache=True, boundscheck=False)
def _occurrences(
    codes: NDArray[np.uint32],
    start: NDArray[np.int64],
    weight: Floats,
    size: int,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
) -> Floats:
    """How often each piece stands in the words."""
    seen = np.zeros(size)
    for i in range(len(start) - 1):
        for at in range(start[i], start[i + 1]):
            node = np.int64(0)
            for k in range(at, start[i + 1]):
                slot = slot_of((node << SHIFT) | np.int64(codes[k]), keys)
                if keys[slot] < 0:
                    break
                node = np.int64(nodes[slot])
                if value[node] >= 0:
                    seen[value[node]] += weight[i]
    return seen


@njit(nogil=True, cache=True, boundscheck=False)
def _expected(
    codes: NDArray[np.uint32],
    start: NDArray[np.int64],
    weight: Floats,
    scores: Floats,
    keys: NDArray[np.int64],
    nodes: NDArray[np.int32],
    value: Ids,
) -> Floats:
    """How often each piece is expected in all ways to cut the words, by their probability."""
    seen = np.zeros(len(scores))
    longest = 0
    for i in range(len(start) - 1):
        longest = max(longest, start[i + 1] - start[i])
    # Logarithms of what all paths to a place, and from a place to the end, come to.
    ahead = np.empty(longest + 1)
    back = np.empty(longest + 1)
    for i in range(len(start) - 1):
        low = start[i]
        n = start[i + 1] - low
        ahead[: n + 1] = -np.inf
        back[: n + 1] = -np.inf
        ahead[0] = 0.0
        back[n] = 0.0
        for turn in range(3):
            for step in range(n):
                at = step if turn != 1 else n - 1 - step
                node = np.int64(0)
                for k in range(at, n):
                    slot = slot_of((node << SHIFT) | np.int64(codes[low + k]), keys)
                    if keys[slot] < 0:
                        break
                    node = np.int64(nodes[slot])
                    piece = value[node]
                    if piece < 0:
                        continue
                    if turn == 0:
                        ahead[k + 1] = _log_sum(ahead[k + 1], ahead[at] + scores[piece])
                    elif turn == 1:
                        back[at] = _log_sum(back[at], back[k + 1] + scores[piece])
                    elif ahead[n] > -np.inf:
                        share = ahead[at] + scores[piece] + back[k + 1] - ahead[n]
                        seen[piece] += weight[i] * np.exp(share)
    return seen


@njit(nogil=True, cache=True, boundscheck=False)
def _log_sum(one: float, other: float) -> float:
    """The logarithm of the sum of two numbers given by theirs."""
    high, low = max(one, other), min(one, other)
    if low == -np.inf:
        return high
    return high + np.log1p(np.exp(low - high))
