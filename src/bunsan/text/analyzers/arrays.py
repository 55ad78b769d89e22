"""A batch of documents as one text, and its tokens as arrays."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bunsan.text.analyzers.base import Entries, Tokens
from bunsan.text.sentences import LINE_BREAKS
from bunsan.text.words import Analysis

_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s++")
_LINE_BREAK = re.compile(f"[{LINE_BREAKS}]")
_LONGEST_TOKEN = 65_535


def without_surrogates(text: str) -> str:
    """Text with U+FFFD for each half of a pair (from damaged files), which analyzers refuse."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def with_plain_space(text: str) -> str:
    """White space as all analyzers understand it, every offset as it was.

    A run of it that breaks the line is `\\n` throughout, so that no line begins or ends with white
    space; another is spaces.
    """
    return _SPACE.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    space = match[0]
    if space in (" ", "\u3000"):
        return space
    return ("\n" if _LINE_BREAK.search(space) else " ") * len(space)


def blanked(text: str, left: list[int], right: list[int]) -> str:
    """Text with `\\n` in place of what stands in ascending spans."""
    parts = []
    at = 0
    for begin, end in zip(left, right, strict=True):
        parts += [text[at:begin], "\n" * (end - begin)]
        at = end
    return "".join([*parts, text[at:]])


def lines_of(text: str, places: list[int]) -> list[tuple[int, int]]:
    """(begin, end) of the lines in which ascending places stand, each once."""
    lines: list[tuple[int, int]] = []
    for place in places:
        if not lines or place >= lines[-1][1]:
            end = text.find("\n", place)
            lines.append((text.rfind("\n", 0, place) + 1, len(text) if end < 0 else end))
    return lines


def concatenated(parts: Sequence[Tokens]) -> Tokens:
    """Several runs of tokens as one; at least one run is needed."""
    return Tokens(
        np.concatenate([part.entry for part in parts]),
        np.concatenate([part.begin for part in parts]),
        np.concatenate([part.end for part in parts]),
    )


def chosen(tokens: Tokens, which: NDArray[np.bool_]) -> Tokens:
    """The tokens for which `which` is true."""
    return Tokens(tokens.entry[which], tokens.begin[which], tokens.end[which])


def replaced(
    tokens: Tokens, left: NDArray[np.int64], right: NDArray[np.int64], by: Tokens
) -> Tokens:
    """Tokens with those inside ascending spans replaced by others that lie inside them."""
    span = np.searchsorted(left, tokens.begin, "right") - 1
    kept = chosen(tokens, (span < 0) | (tokens.begin >= right[span]))
    both = concatenated([kept, by])
    order = np.argsort(both.begin, kind="stable")
    return Tokens(both.entry[order], both.begin[order], both.end[order])


def pack(
    tokens: Tokens,
    place: NDArray[np.int64],
    ends: Sequence[int],
    lines: Sequence[int],
    entries: Entries,
) -> Analysis:
    """The analysis of documents that begin at `place` (one more for the end of all) in one text.

    `ends` and `lines` are the offsets in it at which sentences and lines end.
    """
    n = len(tokens.begin)
    document = np.searchsorted(tokens.begin, place).astype(np.int64)
    start = tokens.begin - np.repeat(place[:-1], np.diff(document))
    same = entries.same[tokens.entry]
    size = int(same.max(initial=-1)) + 1
    first = np.empty(size, np.int64)
    first[same[::-1]] = np.arange(n - 1, -1, -1)  # of places written twice the last one stays
    is_first = first[same] == np.arange(n)
    rank = np.empty(size, np.int32)
    rank[same[is_first]] = np.arange(np.count_nonzero(is_first), dtype=np.int32)
    firsts = [entries.list[number] for number in tokens.entry[is_first].tolist()]
    forms, pos, bases = map(list, zip(*firsts, strict=True)) if firsts else ([], [], [])
    return Analysis(
        forms,
        pos,
        bases,
        rank[same],
        start.astype(np.uint32),
        np.minimum(tokens.end - tokens.begin, _LONGEST_TOKEN).astype(np.uint16),
        document,
        _begins(tokens.begin, ends),
        _begins(tokens.begin, lines),
    )


def _begins(begin: NDArray[np.int64], ends: Sequence[int]) -> NDArray[np.int64]:
    """Tokens at which units begin that end at some offsets, and the number of tokens."""
    at = np.searchsorted(begin, np.array(ends, np.int64))
    return np.unique(np.concatenate([[0], at, [len(begin)]])).astype(np.int64)
