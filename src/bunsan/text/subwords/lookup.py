"""The words of a MeCab dictionary that begin at each place of a text, compiled."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int = NDArray[np.int32]


@njit(nogil=True, cache=True, boundscheck=False)
def find_words(
    codes: NDArray[np.uint32],
    low: int,
    high: int,
    n: int,
    widest: int,
    data: NDArray[np.uint8],
    place: Int,
    units: Int,
    entries: Int,
    tokens: NDArray[np.int16],
    words: NDArray[np.int64],
    head: Int,
    alive: NDArray[np.int64],
) -> int:
    """The words of the dictionary that begin at some places of a text.

    All places are looked up together, one byte after the other, rather than each in turn: what is read
    next is then known long before it is needed, and does not wait for the memory.

    Parameters
    ----------
    codes : the text, of n characters, of which the widest has so many bytes. low, high : the places. data, place : as in `lattice`.
    words : (room, 4) of each word the next one in the list of its place, its end, its first token, their
        count. head : of each place from low on the longest word, -1 for none.
    alive : (places, 3) for what is under way: place, character, base.

    Returns
    -------
    Nothing of use; it keeps the compiler from leaving out what only brings tokens near.
    """
    reach = len(units) // 2
    count = 0
    going = 0
    for i in range(low, high):
        head[i - low] = -1
        code = codes[i]
        alive[going, 0] = i
        if code < 0x10000:
            alive[going, 1] = i + 1
            alive[going, 2] = entries[code]
        else:
            alive[going, 1] = i
            alive[going, 2] = units[0]
        going += 1 if alive[going, 2] >= 0 else 0
    found = 0
    while going:
        # Does a word end here?
        left = 0
        for j in range(going):
            i, k, base = alive[j, 0], alive[j, 1], alive[j, 2]
            p = base if base < reach else 0
            own = units[2 * p + 1] == base and base < reach and units[2 * p] < 0 and k > i
            value = np.int64(-1) - units[2 * p]
            own = own and (value >> 8) + (value & 0xFF) <= len(tokens) // 4
            words[found, 0] = head[i - low]
            words[found, 1] = k
            words[found, 2] = value >> 8
            words[found, 3] = value & 0xFF
            head[i - low] = found if own else head[i - low]
            found += 1 if own and found < len(words) - 1 else 0
            # And does the text go on?
            alive[left, 0] = i
            alive[left, 1] = k
            alive[left, 2] = base
            left += 1 if k < n else 0
        going = left
        # The next character, byte by byte.
        for b in range(widest):
            left = 0
            for j in range(going):
                i, k, base = alive[j, 0], alive[j, 1], alive[j, 2]
                at = place[k] + b
                more = at < place[k + 1]
                p = base + data[at] + 1
                p = p if p < reach else 0
                fits = units[2 * p + 1] == base
                base = np.int64(units[2 * p]) if more else base
                alive[left, 0] = i
                alive[left, 1] = k
                alive[left, 2] = base
                left += 1 if (fits and base >= 0) or not more else 0
            going = left
        for j in range(going):
            alive[j, 1] += 1
    for j in range(found):
        count += tokens[4 * words[j, 2]]
    return count
