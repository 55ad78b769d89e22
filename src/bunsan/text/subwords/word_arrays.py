"""Words as arrays of characters that know where they came from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bunsan.text.subwords.encoding import Ids
from bunsan.text.subwords.normal import DOTTED, SIGMA, Codes, codes_of, lower_table, text_of
from bunsan.text.subwords.words import Word

Places = NDArray[np.int32]


class Words(NamedTuple):
    """Words of some segments as the vocabulary sees them.

    codes : their characters. begin, end : where each character came from in the original.
    first, last : of each word in `codes`. fixed : the id of a word that needs no cutting, else -1.
    counts : (segments + 1) words up to each segment.
    """

    codes: Codes
    begin: Places
    end: Places
    first: Places
    last: Places
    fixed: Ids
    counts: NDArray[np.int64]


def lowered(words: Words) -> Words:
    """Words in lower case, as Python has it. Two characters need more than a table: Σ is another
    one at the end of its word, and İ becomes two."""
    codes = lower_table()[words.codes]
    sigma = np.flatnonzero(words.codes == SIGMA)
    for at in np.unique(np.searchsorted(words.last, sigma, "right")).tolist():
        if at < len(words.first) and words.fixed[at] < 0:
            inside = slice(words.first[at], words.last[at])
            word = text_of(words.codes[inside]).replace(chr(DOTTED), "I")
            codes[inside] = codes_of(word.lower())
    dotted = np.flatnonzero(words.codes == DOTTED)
    if not len(dotted):
        return words._replace(codes=codes)
    codes[dotted] = ord("i")
    return words._replace(
        codes=np.insert(codes, dotted + 1, 0x307),
        begin=np.insert(words.begin, dotted + 1, words.begin[dotted]),
        end=np.insert(words.end, dotted + 1, words.end[dotted]),
        first=(words.first + np.searchsorted(dotted, words.first)).astype(np.int32),
        last=(words.last + np.searchsorted(dotted, words.last)).astype(np.int32),
    )


def part_of(word: Word, left: int, right: int) -> Word:
    """A piece of a word; the place of the whole where spelling and text differ in length."""
    token = word.token[left:right]
    if len(word.token) != word.end - word.begin:
        return Word(token, word.begin, word.end)
    return Word(token, word.begin + left, word.begin + right)
