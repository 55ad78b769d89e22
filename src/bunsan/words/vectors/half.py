"""float16 to float32, several times as fast as numpy does it without the processor's help."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SHIFT = np.float32(2.0**112)  # between the two formats' exponents
_BEYOND = np.float32(65536)  # where the exponent that means "not finite" lands


def to_float32(values: NDArray[np.float16]) -> NDArray[np.float32]:
    """The same numbers in float32, NaN and infinities included."""
    half = np.ascontiguousarray(values).view(np.uint16)
    bits = np.empty(half.shape, np.uint32)
    single = bits.view(np.float32)
    _widen(half.reshape(-1), bits.reshape(-1), single.reshape(-1))
    return single


@njit(nogil=True, cache=True)
def _widen(half: Any, bits: Any, single: Any) -> None:
    """Put sign and digits in their places, then mend the exponent by a multiplication; `bits` and
    `single` are the same memory."""
    for i in range(len(half)):
        h = np.uint32(half[i])
        bits[i] = ((h & np.uint32(0x8000)) << np.uint32(16)) | (
            (h & np.uint32(0x7FFF)) << np.uint32(13)
        )
    for i in range(len(half)):
        single[i] *= _SHIFT
    for i in range(len(half)):
        size = abs(single[i])
        if size >= _BEYOND:
            single[i] = np.copysign(np.nan if size > _BEYOND else np.inf, single[i])
