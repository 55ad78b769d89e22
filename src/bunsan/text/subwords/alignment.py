"""Pieces and the characters they stand on: pieces that share a character, pieces that make up a word."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.text.subwords.encoding import Encoding


class Group(NamedTuple):
    """Consecutive pieces that can only be shown together.

    text : what they stand on. first, last : pieces first to last - 1. begin, end : in the text.
    """

    text: str
    first: int
    last: int
    begin: int
    end: int


def regroup(encoding: Encoding, text: str, pair: str | None = None) -> list[Group]:
    """The pieces of an encoding, those that split a character together.

    Byte-level pieces (GPT-2, BART) and pieces of unknown characters (<0xE3>) may be parts of one
    character, which cannot be shown by itself. A special token that was put around the text is a group
    with its own spelling, at (0, 0).

    Parameters
    ----------
    text, pair : what was encoded.
    """
    offsets = encoding.offsets.tolist()
    sequence = encoding.sequence.tolist()
    sources = {0: text, 1: pair or ""}
    groups: list[Group] = []
    for i, ((begin, end), which) in enumerate(zip(offsets, sequence, strict=True)):
        if which < 0:
            groups.append(Group(encoding.tokens[i], i, i + 1, 0, 0))
            continue
        source = sources[which]
        last = groups[-1] if groups else None
        # A piece goes with the one before it where they share a character.
        if last is not None and i and sequence[i - 1] == which and begin < last.end:
            begin, end = min(begin, last.begin), max(end, last.end)
            groups[-1] = Group(source[begin:end], last.first, i + 1, begin, end)
        else:
            groups.append(Group(source[begin:end], i, i + 1, begin, end))
    return groups


def pieces_of(
    encoding: Encoding, spans: Sequence[tuple[int, int]] | ArrayLike, sequence: int = 0
) -> NDArray[np.int32]:
    """Which pieces cover each of some spans of the text (words, entities, answers).

    Parameters
    ----------
    spans : (words, 2) begin and end in characters, in any order.
    sequence : 0 for the first text, 1 for the second.

    Returns
    -------
    (words, 2) int32: the first piece that shares a character with a span, and one more than the last;
    both are the same where none does (the span was cut off, or is white space).
    """
    wanted = np.asarray(spans, np.int64).reshape(-1, 2)
    own = np.flatnonzero(encoding.sequence == sequence)
    offsets = encoding.offsets[own].astype(np.int64)
    real = offsets[:, 1] > offsets[:, 0]
    own, offsets = own[real], offsets[real]
    # Begins and ends both ascend, but for pieces of one character, which are equal.
    first = np.searchsorted(np.maximum.accumulate(offsets[:, 1]), wanted[:, 0], "right")
    last = np.searchsorted(offsets[:, 0], wanted[:, 1], "left")
    last = np.where(wanted[:, 1] > wanted[:, 0], last, first)
    found = np.zeros(wanted.shape, np.int32)
    some = first < last
    found[some, 0] = own[first[some]]
    found[some, 1] = own[last[some] - 1] + 1
    if len(own):
        place = np.append(own, own[-1] + 1)
        found[~some] = place[np.minimum(first[~some], len(own))][:, None]
    return found
