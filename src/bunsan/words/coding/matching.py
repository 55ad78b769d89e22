"""Where the leaves of a condition match in the tokens of a segment."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from bunsan.words.coding.resolve import Run

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hits:
    """Matches of one leaf.

    counted : int64[m], sorted: a token of each match that counts (it tells the unit).
    first, last : int64[k], sorted by `first`: the tokens to show, `last` included.
    """

    counted: Places
    first: Places
    last: Places

    @classmethod
    def of_runs(cls, first: Places, last: Places) -> "Hits":
        """Each run of tokens counts once and is shown whole."""
        return cls(first, first, last)


def positions_of(word: NDArray[np.int32], ids: Iterable[int]) -> dict[int, Places]:
    """For each id the token positions that have it, ascending; one pass over the tokens."""
    wanted = np.unique(np.fromiter(ids, np.int64))
    if not len(wanted) or not len(word):
        return {int(i): np.zeros(0, np.int64) for i in wanted}
    slot = np.full(max(int(word.max()), int(wanted[-1])) + 1, -1, np.int32)
    slot[wanted] = np.arange(len(wanted))
    of_token = slot[word]
    places = np.flatnonzero(of_token >= 0)
    slots = of_token[places]
    places = places[np.argsort(slots, kind="stable")]
    bounds = np.cumsum(np.bincount(slots, minlength=len(wanted)))[:-1]
    parts = np.split(places.astype(np.int64), bounds)
    return {int(i): part for i, part in zip(wanted, parts, strict=True)}


def find_runs(
    runs: Sequence[Run], positions: dict[int, Places], unit_of: Callable[[Places], Places]
) -> tuple[Places, Places]:
    """First and last tokens of all places where one of the runs stands within one unit, sorted."""
    firsts: list[Places] = []
    lasts: list[Places] = []
    for run in runs:
        first = _any_of(run[0], positions)
        for distance, ids in enumerate(run[1:], 1):
            first = first[np.isin(first + distance, _any_of(ids, positions), assume_unique=True)]
        last = first + (len(run) - 1)
        if len(run) > 1:
            inside = unit_of(first) == unit_of(last)
            first, last = first[inside], last[inside]
        firsts.append(first)
        lasts.append(last)
    if len(runs) == 1:
        return firsts[0], lasts[0]
    return _sorted_pairs(np.concatenate([*firsts, _NONE]), np.concatenate([*lasts, _NONE]))


_NONE: Places = np.zeros(0, np.int64)


def _any_of(ids: frozenset[int], positions: dict[int, Places]) -> Places:
    parts = [positions[i] for i in sorted(ids)]
    return parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))


def _sorted_pairs(first: Places, last: Places) -> tuple[Places, Places]:
    """The pairs in the order of `first`, each once."""
    order = np.lexsort((last, first))
    first, last = first[order], last[order]
    new = np.ones(len(first), np.bool_)
    new[1:] = (np.diff(first) != 0) | (np.diff(last) != 0)
    return first[new], last[new]


def find_near(
    words: Sequence[tuple[Places, Places]],
    unit_of: Callable[[Places], Places],
    scope_of: Callable[[Places], Places] | None,
    distance: int,
    ordered: bool,
) -> Hits:
    """Places where all words stand near each other, as KH Coder finds and counts them.

    From every occurrence of a word (of the first word, when `ordered`) the words are gathered going
    forward: the first occurrence of each that is still missing (of the next one, when `ordered`).
    The place holds if each word found is at most `distance` tokens after the one found before it
    (0: however far), and all are in the same unit, and sentence or paragraph. Of occurrences of one
    word with no other of the words between them only the last is a start. All tokens are counted,
    particles and punctuation included; the parts of a word of several tokens are one word.

    Parameters
    ----------
    words : first and last tokens of the occurrences of each word.
    """
    first = np.concatenate([w[0] for w in words])
    last = np.concatenate([w[1] for w in words])
    which = np.concatenate([np.full(len(w[0]), i, np.int64) for i, w in enumerate(words)])
    order = np.lexsort((which, last, first))
    first, last, which = first[order], last[order], which[order]
    scope = first if scope_of is None else scope_of(first)
    found = _near(
        first,
        last,
        which,
        unit_of(first),
        scope,
        scope_of is not None,
        len(words),
        distance,
        ordered,
    )
    shown = np.unique(found)
    return Hits(first[found[:, 0]], first[shown], last[shown])


@numba.njit(nogil=True, cache=True)
def _near(  # type: ignore[no-untyped-def]
    first, last, which, unit, scope, scoped, n_words, distance, ordered
):
    """int64[m, n_words]: the occurrences that make each place."""
    n = len(first)
    after = np.full((n + 1, n_words), n, np.int64)  # the next occurrence of each word, from each on
    for i in range(n - 1, -1, -1):
        after[i] = after[i + 1]
        after[i, which[i]] = i
    found = np.empty((n, n_words), np.int64)
    m = 0
    got = np.zeros(n_words, np.bool_)
    for start in range(n):
        if ordered and which[start] != 0:
            continue
        if start + 1 < n and which[start + 1] == which[start] and unit[start + 1] == unit[start]:
            continue
        got[:] = False
        got[which[start]] = True
        found[m, 0] = start
        count = 1
        end = last[start]
        i = start
        while count < n_words:
            nearest = n
            for w in range(n_words):
                if not got[w] and after[i + 1, w] < nearest and (not ordered or w == count):
                    nearest = after[i + 1, w]
            i = nearest
            if i == n or unit[i] != unit[start] or (scoped and scope[i] != scope[start]):
                break
            if distance and first[i] - end > distance:
                break
            if first[i] > end:  # one token cannot be two of the words
                got[which[i]] = True
                found[m, count] = i
                end = last[i]
                count += 1
        if count == n_words:
            m += 1
    return found[:m].copy()


def find_string(
    text: str, pattern: re.Pattern[str], size: int, start: NDArray[np.uint32], at: int
) -> list[tuple[int, int]]:
    """First and last tokens that hold each occurrence of a string in one document's text.

    Parameters
    ----------
    pattern : matches (without taking characters) where the string of `size` characters begins.
    start : offsets of the document's tokens in `text`; `at` is the position of the first of them.
    """
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(text):
        begin = match.start()
        first = max(int(np.searchsorted(start, begin, "right")) - 1, 0)
        last = max(int(np.searchsorted(start, begin + size, "left")) - 1, first)
        found.append((at + first, at + last))
    return found
