"""An order of any number of things that needs no memory: a permutation computed place by place.

A Feistel network of four rounds permutes the numbers below a power of four; numbers that fall outside
are sent through again until they fall inside (Black & Rogaway 2002, "Ciphers with Arbitrary Finite
Domains", §3, cycle walking).
"""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 4
_64 = np.uint64


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Well-spread 64-bit numbers, one for one (the finaliser of SplitMix64, Steele et al. 2014)."""
    x = values + _64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> _64(30))) * _64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> _64(27))) * _64(0x94D049BB133111EB)
    return x ^ (x >> _64(31))


def seed_of(*parts: int) -> int:
    """One number below 2**63 from several, the same everywhere and always."""
    x = np.zeros(1, np.uint64)
    for part in parts:
        x = mix(x ^ np.array([part & 0xFFFFFFFFFFFFFFFF], np.uint64))
    return int(x[0] >> _64(1))


class Order:
    """A random order of the numbers 0 to n - 1, decided by `seed`."""

    def __init__(self, n: int, seed: int) -> None:
        self.n = n
        self._half = _64(max(1, ((max(n - 1, 1)).bit_length() + 1) // 2))
        self._mask = _64((1 << int(self._half)) - 1)
        self._keys = mix(np.arange(_ROUNDS, dtype=np.uint64) + _64(seed & 0x7FFFFFFFFFFFFFFF))

    def __call__(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which number stands at each of these places."""
        found = self._permute(places.astype(np.uint64))
        while (outside := np.flatnonzero(found >= _64(self.n))).size:
            found[outside] = self._permute(found[outside])
        return found.astype(np.int64)

    def _permute(self, x: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = x >> self._half, x & self._mask
        for key in self._keys:
            left, right = right, left ^ (mix(right ^ key) & self._mask)
        return (left << self._half) | right
