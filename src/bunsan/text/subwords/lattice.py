"""The best way to cut a text into words by a MeCab dictionary, compiled: the same words as MeCab's.

MeCab (Kudo, Yamamoto and Matsumoto 2004, "Applying Conditional Random Fields to Japanese
Morphological Analysis") looks for the cheapest path through the lattice of all words a dictionary
has at all places, the cost of a path being the sum of its words' costs and of its connections'.
Here, of words that end at one place only the cheapest of each right context is kept, and for words
that begin there the best predecessor is looked for once a left context; which of equally cheap
paths is taken is decided in the same order as there. The interpreter is let go of while it works.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.text.subwords.mecab_dictionary import MecabFiles

Int = NDArray[np.int32]

_FAR = np.int64(1) << 60
_MOST = 4096  # words that begin at one place
_CONTEXTS = 65536
# Bits of a character's category.
_BELONGS = np.uint32(0x3FFFF)
_KIND, _LENGTH, _GROUP, _INVOKE = np.uint32(18), np.uint32(26), np.uint32(30), np.uint32(31)


def cut_words(
    codes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    files: MecabFiles,
) -> tuple[Int, Int, NDArray[np.int64]]:
    """Words of texts: begins and ends (in `codes`), and the count of words up to each text.

    White space that the dictionary knows as such is in no word.

    Parameters
    ----------
    codes : code points of all texts. begins, ends : of each text, none before its predecessor's end.
    """
    longest = int((ends - begins).max(initial=0))
    room = 24 * longest + _MOST
    while True:
        begin, end, counts = _cut(codes, begins, ends, longest, room, *files)
        if len(counts):
            return begin, end, counts
        room *= 2


@njit(nogil=True, cache=True, boundscheck=False)
def _cut(
    codes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    longest: int,
    room: int,
    units: Int,
    entries: Int,
    tokens: NDArray[np.int16],
    unknown_tokens: NDArray[np.int16],
    characters: NDArray[np.uint32],
    unknown: Int,
    costs: NDArray[np.int16],
    size: int,
    group: int,
) -> tuple[Int, Int, NDArray[np.int64]]:
    """Counts are empty where `room` nodes were too few."""
    word_begin = np.empty(len(codes), np.int32)
    word_end = np.empty(len(codes), np.int32)
    counts = np.zeros(len(begins) + 1, np.int64)
    # Nodes of the lattice: right context, cost of the best path to here, predecessor on it, where
    # the word begins and ends, and the next node that ends there.
    right = np.empty(room, np.int32)
    cost = np.empty(room, np.int64)
    previous = np.empty(room, np.int32)
    first = np.empty(room, np.int32)
    stop = np.empty(room, np.int32)
    following = np.empty(room, np.int32)
    head = np.empty(longest + 1, np.int32)  # the first node that ends at a place, -1 for none
    info = np.empty(longest + 1, np.uint32)  # categories of each character
    data = np.empty(4 * longest + 1, np.uint8)  # the text in UTF-8
    place = np.empty(longest + 1, np.int32)  # of each character in it
    # Words that begin at one place: contexts on both sides, cost, end.
    new_left = np.empty(_MOST, np.int32)
    new_right = np.empty(_MOST, np.int32)
    new_cost = np.empty(_MOST, np.int64)
    new_end = np.empty(_MOST, np.int32)
    unknown_end = np.empty(16, np.int32)
    # The nodes that end at one place, one a right context; and of a context, which of them it is.
    near = np.empty(_CONTEXTS, np.int32)
    near_cost = np.empty(_CONTEXTS, np.int64)
    near_right = np.empty(_CONTEXTS, np.int64)
    context_at = np.full(_CONTEXTS, -1, np.int64)
    context_of = np.empty(_CONTEXTS, np.int32)
    # What is best before a left context.
    left_at = np.full(_CONTEXTS, -1, np.int64)
    left_cost = np.empty(_CONTEXTS, np.int64)
    left_node = np.empty(_CONTEXTS, np.int32)
    stamp = 0
    count = 0
    space = characters[32] & _BELONGS
    reach = np.uint64(len(units) // 2)
    for i in range(len(begins)):
        offset = begins[i]
        n = ends[i] - offset
        at = 0
        for k in range(n):
            place[k] = at
            code = codes[offset + k]
            # MeCab takes what lies beyond the basic plane for character 0.
            info[k] = characters[code if code < 0x10000 else np.uint32(0)]
            if code < 0x80:
                data[at] = code
                at += 1
            elif code < 0x800:
                data[at] = 0xC0 | (code >> np.uint32(6))
                data[at + 1] = 0x80 | (code & np.uint32(0x3F))
                at += 2
            elif code < 0x10000:
                data[at] = 0xE0 | (code >> np.uint32(12))
                data[at + 1] = 0x80 | ((code >> np.uint32(6)) & np.uint32(0x3F))
                data[at + 2] = 0x80 | (code & np.uint32(0x3F))
                at += 3
            else:
                data[at] = 0xF0 | (code >> np.uint32(18))
                data[at + 1] = 0x80 | ((code >> np.uint32(12)) & np.uint32(0x3F))
                data[at + 2] = 0x80 | ((code >> np.uint32(6)) & np.uint32(0x3F))
                data[at + 3] = 0x80 | (code & np.uint32(0x3F))
                at += 4
        place[n] = at
        head[: n + 1] = -1
        # The node before all words.
        right[0] = 0
        cost[0] = 0
        previous[0] = -1
        following[0] = -1
        head[0] = 0
        nodes = 1
        for begin in range(n):
            if head[begin] < 0:
                continue
            # White space is passed over.
            start = begin
            mask = space
            while start < n and info[start] & mask:
                mask = info[start] & _BELONGS
                start += 1
            if start == n:
                continue
            own = info[start]
            code = codes[offset + start]
            found = 0
            # Words of the dictionary: along the double array, one character after the other.
            k = start
            base = np.int64(units[0])
            if code < 0x10000:
                base = np.int64(entries[code])
                k += 1
            while base >= 0:
                if k > start:
                    p = np.uint64(base)
                    if p < reach and units[2 * p + np.uint64(1)] == base:
                        value = np.int64(-1) - units[2 * p]
                        if value >= 0:
                            t = np.uint64(value >> 8) * np.uint64(4)
                            for _ in range(value & 0xFF):
                                if found < _MOST - 1024:
                                    new_left[found] = np.int32(tokens[t]) & 0xFFFF
                                    new_right[found] = np.int32(tokens[t + np.uint64(1)]) & 0xFFFF
                                    new_cost[found] = tokens[t + np.uint64(2)]
                                    new_end[found] = k
                                    found += 1
                                t += np.uint64(4)
                if k == n:
                    break
                for b in range(place[k], place[k + 1]):
                    p = np.uint64(base + np.int64(data[b]) + 1)
                    if p >= reach or units[2 * p + np.uint64(1)] != base:
                        base = np.int64(-1)
                        break
                    base = np.int64(units[2 * p])
                k += 1
            # Unknown words: the run of characters of one category, and its beginnings.
            if not found or own >> _INVOKE:
                behind = start + 1  # of the first character
                grouped = -1
                tried = 0
                if (own >> _GROUP) & np.uint32(1):
                    mask = own & _BELONGS
                    k = behind
                    while k < n and k - behind <= group and info[k] & mask:
                        mask = info[k] & _BELONGS
                        k += 1
                    grouped = k
                    if k - behind <= group:
                        unknown_end[0] = k
                        tried = 1
                k = behind
                for _ in range((own >> _LENGTH) & np.uint32(0xF)):
                    if k == grouped:
                        break
                    unknown_end[tried] = k
                    tried += 1
                    if k == n or not info[k] & own & _BELONGS:
                        break
                    k += 1
                if not found and not tried:
                    unknown_end[0] = behind
                    tried = 1
                kind = (own >> _KIND) & np.uint32(0xFF)
                low = unknown[2 * kind]
                for j in range(tried):
                    for u in range(low, low + unknown[2 * kind + 1]):
                        new_left[found] = np.int32(unknown_tokens[4 * u]) & 0xFFFF
                        new_right[found] = np.int32(unknown_tokens[4 * u + 1]) & 0xFFFF
                        new_cost[found] = unknown_tokens[4 * u + 2]
                        new_end[found] = unknown_end[j]
                        found += 1
            if nodes + found > room:
                return word_begin, word_end, np.zeros(0, np.int64)
            # The nodes before this place, one a right context.
            stamp += 1
            ways = 0
            node = np.int64(head[begin])
            while node >= 0:
                context = right[node]
                own_cost = cost[node]
                if context_at[context] != stamp:
                    context_at[context] = stamp
                elif own_cost < near_cost[context_of[context]]:
                    # Taking the other's place would change which of equals comes first.
                    near_cost[context_of[context]] = _FAR
                else:
                    node = np.int64(following[node])
                    continue
                context_of[context] = ways
                near[ways] = node
                near_cost[ways] = own_cost
                near_right[ways] = context
                ways += 1
                node = np.int64(following[node])
            # The word found last is tried first, and so is last among those that end with it.
            for j in range(found - 1, -1, -1):
                context = new_left[j]
                if left_at[context] != stamp:
                    left_at[context] = stamp
                    row = np.int64(size) * context
                    best = _FAR
                    which = 0
                    for w in range(ways):
                        way = near_cost[w] + costs[np.uint64(row + near_right[w])]
                        if way < best:
                            best = way
                            which = w
                    left_cost[context] = best
                    left_node[context] = near[which]
                end = new_end[j]
                right[nodes] = new_right[j]
                cost[nodes] = left_cost[context] + new_cost[j]
                previous[nodes] = left_node[context]
                first[nodes] = start
                stop[nodes] = end
                following[nodes] = head[end]
                head[end] = nodes
                nodes += 1
        # The best of the last words, and back from there.
        last = n
        while head[last] < 0:
            last -= 1
        best = _FAR
        chosen = np.int64(0)
        node = np.int64(head[last])
        while node >= 0:
            way = cost[node] + costs[right[node]]
            if way < best:
                best = way
                chosen = node
            node = np.int64(following[node])
        length = 0
        node = chosen
        while node > 0:
            length += 1
            node = np.int64(previous[node])
        count += length
        node = chosen
        for k in range(1, length + 1):
            word_begin[count - k] = offset + first[node]
            word_end[count - k] = offset + stop[node]
            node = np.int64(previous[node])
        counts[i + 1] = count
    return word_begin[:count], word_end[:count], counts
