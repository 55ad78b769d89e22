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

from bunsan.text.subwords.lookup import find_words
from bunsan.text.subwords.mecab_dictionary import MecabDictionary

Int = NDArray[np.int32]

_FAR = np.int64(1) << 60
_MOST = 4096  # words that begin at one place
_BLOCK = 128  # places whose words are looked up together
# Bits of a character's category.
_BELONGS = np.uint32(0x3FFFF)
_KIND, _LENGTH, _GROUP, _INVOKE = np.uint32(18), np.uint32(26), np.uint32(30), np.uint32(31)


def cut_words(
    codes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    dictionary: MecabDictionary,
) -> tuple[Int, Int, NDArray[np.int64]]:
    """Words of texts: begins and ends (in `codes`), and the count of words up to each text.

    White space that the dictionary knows as such is in no word.

    Parameters
    ----------
    codes : code points of all texts. begins, ends : of each text, none before its predecessor's end.
    """
    longest = int((ends - begins).max(initial=0))
    room = 24 * longest + _MOST
    files, counting = dictionary.files, dictionary.counting
    left = np.zeros(len(files.left_of) if counting else 0, np.int64)
    right = np.zeros(len(files.right_of) if counting else 0, np.int64)
    while True:
        begin, end, counts = _cut(codes, begins, ends, longest, room, left, right, *files)
        if len(counts):
            if counting and not files.most:
                dictionary.count(left, right, len(codes))
            return begin, end, counts
        room *= 2


@njit(nogil=True, cache=True, boundscheck=False)
def _cut(
    codes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    longest: int,
    room: int,
    left_used: NDArray[np.int64],
    right_used: NDArray[np.int64],
    units: Int,
    entries: Int,
    tokens: NDArray[np.int16],
    unknown_tokens: NDArray[np.int16],
    characters: NDArray[np.uint32],
    unknown: Int,
    costs: NDArray[np.int16],
    size: int,
    group: int,
    left_of: Int,
    right_of: Int,
    hot: NDArray[np.int16],
    most: int,
    border: int,
) -> tuple[Int, Int, NDArray[np.int64]]:
    """Counts are empty where `room` nodes were too few. `left_used` and `right_used`, where they are not
    empty, are added to."""
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
    data = np.empty(4 * longest + 4, np.uint8)  # the text in UTF-8
    place = np.empty(longest + 1, np.int32)  # of each character in it
    # Words of the dictionary at the next places.
    words = np.empty((_BLOCK * 128, 4), np.int64)
    word_head = np.empty(_BLOCK, np.int32)
    alive = np.empty((_BLOCK, 3), np.int64)
    # Words that begin at one place: contexts on both sides, cost, end.
    new_left = np.empty(_MOST, np.int32)
    new_right = np.empty(_MOST, np.int32)
    new_cost = np.empty(_MOST, np.int64)
    new_end = np.empty(_MOST, np.int32)
    unknown_end = np.empty(16, np.int32)
    # The nodes that end at one place, one a right context; and of a context, which of them it is.
    kinds = max(len(left_of), len(right_of))
    near = np.empty(kinds + _MOST, np.int32)
    near_cost = np.empty(kinds + _MOST, np.int64)
    near_right = np.empty(kinds + _MOST, np.int64)
    near_file = np.empty(kinds + _MOST, np.int64)  # its number in the file
    context_at = np.full(kinds, -1, np.int64)
    context_of = np.empty(kinds, np.int32)
    # What is best before a left context.
    left_at = np.full(kinds, -1, np.int64)
    left_cost = np.empty(kinds, np.int64)
    left_node = np.empty(kinds, np.int32)
    stamp = 0
    count = 0
    space = characters[32] & _BELONGS
    counting = len(left_used) > 0
    for i in range(len(begins)):
        offset = begins[i]
        n = ends[i] - offset
        at = 0
        widest = 1
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
            widest = max(widest, at - place[k])
        place[n] = at
        head[: n + 1] = -1
        # The node before all words.
        right[0] = border
        cost[0] = 0
        previous[0] = -1
        following[0] = -1
        head[0] = 0
        nodes = 1
        looked_up = 0
        first_place = 0
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
            if start >= looked_up:
                first_place = start
                looked_up = min(start + _BLOCK, n)
                find_words(
                    codes[offset:],
                    first_place,
                    looked_up,
                    n,
                    widest,
                    data,
                    place,
                    units,
                    entries,
                    tokens,
                    words,
                    word_head,
                    alive,
                )
            own = info[start]
            found = 0
            word = np.int64(word_head[start - first_place])
            # Unknown words: the run of characters of one category, and its beginnings.
            if word < 0 or own >> _INVOKE:
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
                if word < 0 and not tried:
                    unknown_end[0] = behind
                    tried = 1
                kind = (own >> _KIND) & np.uint32(0xFF)
                low = unknown[2 * kind]
                # What MeCab finds last it tries first; so it is done here, and with words below.
                for j in range(tried - 1, -1, -1):
                    for t in range(low + unknown[2 * kind + 1] - 1, low - 1, -1):
                        new_left[found] = np.int32(unknown_tokens[4 * t]) & 0xFFFF
                        new_right[found] = np.int32(unknown_tokens[4 * t + 1]) & 0xFFFF
                        new_cost[found] = unknown_tokens[4 * t + 2]
                        new_end[found] = unknown_end[j]
                        found += 1
            while word >= 0:
                low = words[word, 2]
                for t in range(low + words[word, 3] - 1, low - 1, -1):
                    if found < _MOST:
                        new_left[found] = np.int32(tokens[4 * t]) & 0xFFFF
                        new_right[found] = np.int32(tokens[4 * t + 1]) & 0xFFFF
                        new_cost[found] = tokens[4 * t + 2]
                        new_end[found] = words[word, 1]
                        found += 1
                word = words[word, 0]
            if nodes + found > room:
                return word_begin, word_end, np.zeros(0, np.int64)
            # The nodes before this place, one a right context.
            stamp += 1
            ways = 0
            node = np.int64(head[begin])
            while node >= 0 and ways < len(near):
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
                near_file[ways] = right_of[context]
                if counting:
                    right_used[context] += 1
                ways += 1
                node = np.int64(following[node])
            for j in range(found):
                context = new_left[j]
                if left_at[context] != stamp:
                    left_at[context] = stamp
                    if counting:
                        left_used[context] += 1
                    row = np.int64(size) * left_of[context]
                    best = _FAR
                    which = 0
                    if context < most:
                        hot_row = np.int64(most) * context
                        for w in range(ways):
                            if near_right[w] < most:
                                way = near_cost[w] + hot[np.uint64(hot_row + near_right[w])]
                            else:
                                way = near_cost[w] + costs[np.uint64(row + near_file[w])]
                            if way < best:
                                best = way
                                which = w
                    else:
                        for w in range(ways):
                            way = near_cost[w] + costs[np.uint64(row + near_file[w])]
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
            way = cost[node] + costs[right_of[right[node]]]
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
