"""Words cut out of bytes and numbered: a growing hash table of UTF-8, and a tokenizer on top.

Words are parted by spaces, tabs, form feeds and full-width spaces (U+3000); a line feed or carriage
return ends a stretch. Numbers (ids) are given in the order of first appearance.

Only the vocabulary grows with the text: the letters of all words lie in one array, and the table
(open addressing, linear probing; Knuth, The Art of Computer Programming 3, section 6.4) keeps half
of each word's hash beside its id, so that a probe that misses rarely looks at any letters.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bunsan.words.rows import lowest_bit, prefetch
from bunsan.words.training.corpus_store import Ids

LONGEST_WORD = 65535  # bytes
BLANKS = " \t\v\f\u3000"

_PADDING = 8  # bytes that may be read after the last letter
_TOGETHER = 256  # words looked up together


class WordTable:
    """Different words, as UTF-8, with ids by first appearance and how often each was seen."""

    def __init__(self) -> None:
        self.size = 0
        self.overlong = 0
        self._slots = np.zeros(1 << 16, np.uint64)  # half a hash | id + 1; 0 is free
        self._letters = np.empty(1 << 18, np.uint8)
        self._start = np.zeros((1 << 15) + 1, np.int64)
        self._counts = np.zeros(1 << 15, np.int64)

    @property
    def counts(self) -> NDArray[np.int64]:
        """int64[size], how often each word was seen."""
        return self._counts[: self.size]

    def words(self, ids: NDArray[np.integer]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The words of these ids: their UTF-8 one after the other, and where each begins.

        The second array ends with the length of the first.
        """
        start = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(self._start[ids + 1] - self._start[ids], out=start[1:])
        letters = np.empty(int(start[-1]), np.uint8)
        _copy_words(ids, self._letters, self._start, letters, start)
        return letters, start

    def tokenize(self, block: bytes) -> Ids:
        """The ids of a text's words, counted; -1 at line breaks, of which neighbours count once.

        The text must not end within a word that goes on elsewhere.
        """
        text = np.frombuffer(block + b" " * _PADDING, np.uint8)
        ids = np.empty(len(text), np.int32)
        at, n = 0, 0
        while True:
            at, n, self.size, over, full = _tokenize(
                text,
                at,
                ids,
                n,
                self._slots,
                self._letters,
                self._start,
                self._counts,
                self.size,
            )
            self.overlong += over
            if not full:
                return ids[:n]
            self._grow(LONGEST_WORD)

    def number(self, words: Sequence[str]) -> Ids:
        """The ids of words, new ones numbered; not counted. -1 for an empty or overlong one."""
        encoded = [to_utf8(word) for word in words]
        start = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(word) for word in encoded], out=start[1:])
        letters = np.frombuffer(b"".join(encoded) + b" " * _PADDING, np.uint8)
        ids = np.empty(len(encoded), np.int32)
        done = 0
        while True:
            done, self.size = _number(
                letters,
                start,
                done,
                ids,
                self._slots,
                self._letters,
                self._start,
                self.size,
            )
            if done == len(ids):
                return ids
            self._grow(LONGEST_WORD)

    def count(self, ids: Ids) -> None:
        """Count tokens; negative ids are none."""
        _count(ids, self._counts)

    def drop(self, most: int) -> Ids:
        """Forget the words seen `most` times or less; int32[old size]: new ids, -1 for forgotten."""
        kept = self.counts > most
        new = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
        self.size = int(_compact(new, self._letters, self._start, self._counts))
        self._slots[:] = 0
        _fill(self._slots, self._letters, self._start, self.size)
        return new

    def _grow(self, letters: int) -> None:
        """Room for as many words again, and for `letters` more bytes."""
        if 2 * (self.size + 1) >= len(self._slots):
            self._slots = np.zeros(2 * len(self._slots), np.uint64)
            _fill(self._slots, self._letters, self._start, self.size)
            self._start = np.concatenate([self._start, np.zeros(len(self._counts), np.int64)])
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
        if self._start[self.size] + letters > len(self._letters) - _PADDING:
            larger = np.empty(2 * len(self._letters) + letters, np.uint8)
            larger[: len(self._letters)] = self._letters
            self._letters = larger


def to_utf8(word: str) -> bytes:
    """UTF-8; halves of surrogate pairs, which have none, become U+FFFD."""
    try:
        return word.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in word).encode()


# --- kernels -----------------------------------------------------------------------------------


def _generate_load(_typing: Any, array: Any, _index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        eight = ir.IntType(64)
        place = builder.bitcast(builder.gep(data, [arguments[1]]), eight.as_pointer())
        return builder.load(place, align=1)

    return types.uint64(array, types.int64), generate


# Eight bytes of a uint8 array from an index on, the first lowest (on little-endian processors, all
# that Numba knows).
_load: Any = intrinsic(_generate_load)


@njit(nogil=True, cache=True)
def _word_end(text, at):  # type: ignore[no-untyped-def]
    """Where the word at `at` ends; eight bytes are looked at together.

    Candidates are bytes below 33 and E3, found by borrows that run out of a byte (Warren, Hacker's
    Delight, section 6-1); a borrow may mark a byte above a true one wrongly, so each is checked.
    """
    ones = np.uint64(0x0101010101010101)
    while True:
        w = _load(text, at)
        e3 = w ^ (ones * np.uint64(0xE3))
        marks = ((w - ones * np.uint64(33)) & ~w) | ((e3 - ones) & ~e3)
        marks &= ones << np.uint64(7)
        while marks != 0:
            place = at + (lowest_bit(marks) >> 3)
            letter = text[place]
            if letter == 32 or (9 <= letter <= 13):
                return place
            if letter == 0xE3 and text[place + 1] == 0x80 and text[place + 2] == 0x80:
                return place
            marks &= marks - np.uint64(1)
        at += 8


@njit(nogil=True, cache=True, inline="always")
def _first_bytes(w, count):  # type: ignore[no-untyped-def]
    """The lowest `count` (1 to 8) of eight bytes."""
    return w & (np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(8 * (8 - count)))


@njit(nogil=True, cache=True)
def _hash(text, begin, end):  # type: ignore[no-untyped-def]
    """64 bits from text[begin:end], eight bytes a step (multiply and fold, as in FNV and its kin)."""
    code = np.uint64(end - begin)
    at = begin
    while at < end:
        w = _first_bytes(_load(text, at), min(end - at, 8))
        code = (code ^ w) * np.uint64(0x9E3779B97F4A7C15)
        code ^= code >> np.uint64(32)
        at += 8
    code *= np.uint64(0xD6E8FEB86659FD93)
    return code ^ (code >> np.uint64(29))


@njit(nogil=True, cache=True)
def _equal(a, at, b, begin, length):  # type: ignore[no-untyped-def]
    """Whether `length` bytes from a[at] and from b[begin] are the same."""
    k = 0
    while k < length:
        differing = _load(a, at + k) ^ _load(b, begin + k)
        if _first_bytes(differing, min(length - k, 8)) != 0:
            return False
        k += 8
    return True


@njit(nogil=True, cache=True)
def find_word(code, source, begin, end, slots, letters, start, size):  # type: ignore[no-untyped-def]
    """The id of source[begin:end]; `size` (its id to be) if it is new, which it then is no more."""
    mask = np.uint64(len(slots) - 1)
    tag = code & np.uint64(0xFFFFFFFF00000000)
    place = code & mask
    length = end - begin
    while True:
        slot = slots[place]
        if slot == 0:
            slots[place] = tag | np.uint64(size + 1)
            at = start[size]
            for k in range(length):
                letters[at + k] = source[begin + k]
            start[size + 1] = at + length
            return size
        if slot & np.uint64(0xFFFFFFFF00000000) == tag:
            i = np.int64(slot & np.uint64(0xFFFFFFFF)) - 1
            at = start[i]
            if start[i + 1] - at == length and _equal(letters, at, source, begin, length):
                return i
        place = (place + np.uint64(1)) & mask


@njit(nogil=True, cache=True)
def _scan(text, at, begins, ends, codes, slots):  # type: ignore[no-untyped-def]
    """The next words and line breaks (their end is -1); asks for the slots of their hashes.

    Words are found first and looked up later, because where a word ends cannot be foretold, and a
    processor that foretold wrongly would throw away the look-ups it has begun.
    """
    stop = len(text) - _PADDING
    mask = np.uint64(len(slots) - 1)
    n = 0
    while at < stop and n < len(begins):
        letter = text[at]
        begins[n] = at
        if letter == 10 or letter == 13:
            ends[n] = -1
            n += 1
            at += 1
        elif letter == 32 or letter == 9 or letter == 11 or letter == 12:
            at += 1
        elif letter == 0xE3 and text[at + 1] == 0x80 and text[at + 2] == 0x80:
            at += 3
        else:
            end = _word_end(text, at)
            code = _hash(text, at, end)
            prefetch(slots, np.int64(code & mask))
            ends[n] = end
            codes[n] = code
            n += 1
            at = end
    return at, n


@njit(nogil=True, cache=True)
def _call_for(codes, ends, found, slots, start, counts):  # type: ignore[no-untyped-def]
    """Ask for what is known of the words that are likely to stand in the slots of their hashes."""
    mask = np.uint64(len(slots) - 1)
    for w in range(found):
        if ends[w] >= 0:
            number = np.int64(slots[codes[w] & mask] & np.uint64(0xFFFFFFFF))
            prefetch(start, number)
            prefetch(counts, number)


@njit(nogil=True, cache=True)
def _tokenize(text, at, ids, n, slots, letters, start, counts, size):  # type: ignore[no-untyped-def]
    """Go on at text[at]; returns (at, n, size, overlong words, whether the table must grow)."""
    stop = len(text) - _PADDING
    most = len(slots) // 2 - 1
    room = len(letters) - _PADDING
    begins = np.empty(_TOGETHER, np.int64)
    ends = np.empty(_TOGETHER, np.int64)
    codes = np.empty(_TOGETHER, np.uint64)
    overlong = 0
    while at < stop:
        at, found = _scan(text, at, begins, ends, codes, slots)
        _call_for(codes, ends, found, slots, start, counts)
        for w in range(found):
            begin, end = begins[w], ends[w]
            if end < 0:
                if n == 0 or ids[n - 1] >= 0:  # at the beginning, it ends what came before
                    ids[n] = -1
                    n += 1
                continue
            if end - begin > LONGEST_WORD:
                overlong += 1
                continue
            if size >= most or start[size] + (end - begin) > room:
                return begin, n, size, overlong, True
            word = find_word(codes[w], text, begin, end, slots, letters, start, size)
            size += word == size
            counts[word] += 1
            ids[n] = word
            n += 1
    return at, n, size, overlong, False


@njit(nogil=True, cache=True)
def _number(source, bounds, done, ids, slots, letters, start, size):  # type: ignore[no-untyped-def]
    """Number words from `done` on while the table has room; returns (done, size)."""
    most = len(slots) // 2 - 1
    room = len(letters) - _PADDING
    for w in range(done, len(ids)):
        begin, end = bounds[w], bounds[w + 1]
        if end == begin or end - begin > LONGEST_WORD:
            ids[w] = -1
            continue
        if size >= most or start[size] + (end - begin) > room:
            return w, size
        code = _hash(source, begin, end)
        word = find_word(code, source, begin, end, slots, letters, start, size)
        size += word == size
        ids[w] = word
    return len(ids), size


@njit(nogil=True, cache=True)
def _fill(slots, letters, start, size):  # type: ignore[no-untyped-def]
    """Enter all words into an empty table."""
    mask = np.uint64(len(slots) - 1)
    for i in range(size):
        code = _hash(letters, start[i], start[i + 1])
        place = code & mask
        while slots[place] != 0:
            place = (place + np.uint64(1)) & mask
        slots[place] = (code & np.uint64(0xFFFFFFFF00000000)) | np.uint64(i + 1)


@njit(nogil=True, cache=True)
def _compact(new, letters, start, counts):  # type: ignore[no-untyped-def]
    """Move the words that are kept together, in place; returns how many."""
    size = 0
    used = np.int64(0)
    for i in range(len(new)):
        begin, end = start[i], start[i + 1]
        count = counts[i]
        counts[i] = 0
        if new[i] >= 0:
            for k in range(begin, end):
                letters[used] = letters[k]
                used += 1
            counts[size] = count
            size += 1
            # start[size] is at or before start[i + 1], which was read already.
            start[size] = used
    return size


@njit(nogil=True, cache=True)
def _count(ids, counts):  # type: ignore[no-untyped-def]
    for i in ids:
        if i >= 0:
            counts[i] += 1


@njit(nogil=True, cache=True)
def _copy_words(ids, letters, start, copied, begin):  # type: ignore[no-untyped-def]
    """Write the words of some ids one after the other, each to its beginning."""
    for k in range(len(ids)):
        at = begin[k]
        for i in range(start[ids[k]], start[ids[k] + 1]):
            copied[at] = letters[i]
            at += 1
