"""Beginnings that were computed before: kept, and found again by the longest common prefix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunsan.nn.cache import KeysValues


@dataclass(eq=False)
class Prefix:
    """Ids, and their keys and values: 2 × (h, k, e) a block."""

    ids: NDArray[np.int64]
    blocks: list[KeysValues]

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(held.numel() * held.element_size() for pair in self.blocks for held in pair)


class PrefixStore:
    """Prefixes of earlier prompts and answers; the one longest unused goes first when memory is full.

    A causal decoder's keys and values at a position depend on nothing after it, so that any two
    texts that begin alike can share them. Results are those of computing all anew, up to the order
    in which numbers are added.

    Parameters
    ----------
    most_bytes : memory that keys and values may take.
    most : how many prefixes; each is looked at when one is sought.
    """

    def __init__(self, most_bytes: int = 256 << 20, most: int = 512) -> None:
        self.most_bytes, self.most = most_bytes, most
        self.held_bytes = 0
        self._prefixes: list[Prefix] = []  # the last used last

    def __len__(self) -> int:
        return len(self._prefixes)

    def find(self, ids: Sequence[int]) -> tuple[Prefix, int] | None:
        """The prefix that shares the longest beginning with `ids`, and how long that is."""
        wanted = np.asarray(ids, np.int64)
        best, length = None, 0
        for prefix in self._prefixes:
            if (n := common(prefix.ids, wanted)) > length:
                best, length = prefix, n
        if best is None:
            return None
        self._prefixes.remove(best)
        self._prefixes.append(best)
        return best, length

    def known(self, ids: Sequence[int]) -> int:
        """How long that beginning is; nothing counts as used."""
        wanted = np.asarray(ids, np.int64)
        return max((common(prefix.ids, wanted) for prefix in self._prefixes), default=0)

    def put(self, ids: Sequence[int], blocks: list[KeysValues]) -> None:
        """Keep a prefix; one that it begins with is let go."""
        new = Prefix(np.asarray(ids, np.int64), blocks)
        if new.size > self.most_bytes:
            return
        for old in list(self._prefixes):
            shared = common(old.ids, new.ids)
            if shared == len(new.ids):
                return
            if shared == len(old.ids):
                self._forget(old)
        self._prefixes.append(new)
        self.held_bytes += new.size
        while self.held_bytes > self.most_bytes or len(self._prefixes) > self.most:
            self._forget(self._prefixes[0])

    def has(self, ids: Sequence[int]) -> bool:
        """Whether all of `ids` is the beginning of something kept."""
        wanted = np.asarray(ids, np.int64)
        return any(common(prefix.ids, wanted) == len(wanted) for prefix in self._prefixes)

    def clear(self) -> None:
        """Let go of everything."""
        self._prefixes.clear()
        self.held_bytes = 0

    def _forget(self, prefix: Prefix) -> None:
        self._prefixes.remove(prefix)
        self.held_bytes -= prefix.size


def common(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Length of the longest common beginning."""
    n = min(len(a), len(b))
    if n == 0 or a[0] != b[0]:  # most differ at once
        return 0
    differ = np.flatnonzero(a[:n] != b[:n])
    return int(differ[0]) if len(differ) else n
