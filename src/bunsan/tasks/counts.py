"""Counts of a collection, summed over its segments and kept in its store."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.passages import document_mask
from bunsan.words.cooccurrence import PairCounts, Weighting, add_counts, count_window

Ids = NDArray[np.int32]

# The rows and columns of word-by-word matrices: enough for any course, small enough for a laptop.
MOST_WORDS = 50_000
# What people write where they have no value, in any case; KH Coder leaves the same out.
MISSING = frozenset({"", ".", "欠損値", "missing"})


def choose_words(
    collection: StoredCollection,
    *,
    pos: tuple[str, ...] | None = None,
    min_count: int = 1,
    most: int = MOST_WORDS,
) -> Ids:
    """Ascending ids of the words that count, at least `min_count` tokens, the `most` frequent ones."""
    frequency = collection.vocabulary.frequency
    ids = np.flatnonzero(collection.countable(pos) & (frequency >= max(min_count, 1)))
    if len(ids) > most:
        ids = np.sort(ids[np.argsort(-frequency[ids], kind="stable")[:most]])
    return ids.astype(np.int32)


def window_counts(
    collection: StoredCollection,
    selection: Ids,
    *,
    window: int = 5,
    weighting: Weighting = "flat",
    pos: tuple[str, ...] | None = None,
) -> csr_array:
    """How often the chosen words stand within `window` content words of each other, [K, K].

    Each segment is counted once; the counts are kept with it, since it never changes. What removed
    documents contributed is counted by itself and subtracted.
    """
    countable = collection.countable(pos)
    parts: list[tuple[PairCounts, int]] = []
    kinds = list(collection.settings.pos if pos is None else pos)
    key = [window, weighting, kinds, list(collection.settings.stop_words)]
    for segment in collection.segments:
        parts.append((_segment_counts(collection, segment, key, countable), 1))
        if segment.live is not None:
            skip = segment.live[_documents_of(segment, segment.sentence)]
            gone = count_window(segment.word, segment.sentence, countable, window, weighting, skip)
            parts.append((gone, -1))
    return add_counts(parts, selection)


def _segment_counts(
    collection: StoredCollection, segment: Segment, key: list[Any], countable: NDArray[np.bool_]
) -> PairCounts:
    def count() -> dict[str, NDArray[Any]]:
        return count_window(segment.word, segment.sentence, countable, key[0], key[1]).arrays()

    return PairCounts.from_arrays(dict(collection.derived("pairs", key, count, of=segment.name)))


def _documents_of(segment: Segment, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The document of each unit that `offsets` delimits."""
    return np.searchsorted(segment.document, offsets[:-1], "right") - 1


def unit_mask(
    segment: Segment, unit: str, where: dict[str, str] | None
) -> NDArray[np.bool_] | None:
    """bool[units]: those of documents that are there and have these values; None for all."""
    documents = document_mask(segment, where)
    if documents is None or unit == "document":
        return documents
    return documents[_documents_of(segment, segment.units(unit))]


def group_numbers(
    collection: StoredCollection, by: str, where: dict[str, str] | None = None
) -> tuple[list[str], list[NDArray[np.int32]]]:
    """The values of a column, and for each segment the number of every document's value (-1: none).

    Values are in the order people sort them: numbers by size, others by code point. No value, or
    one that says so (`MISSING`), is no group.

    Raises
    ------
    BadInput : fewer than two values, so there is nothing to compare.
    """
    columns = [_present(segment.field(by)) for segment in collection.segments]
    masks = [document_mask(segment, where) for segment in collection.segments]
    found: set[str] = set()
    for values, mask in zip(columns, masks, strict=True):
        found.update(v for d, v in enumerate(values) if v is not None and (mask is None or mask[d]))
    names = sorted(found, key=_as_people_sort)
    if len(names) < 2:
        have = ", ".join(names) or tr("no value", "値なし")
        raise BadInput(
            tr(
                f"Column {by!r} has too few groups ({have}).",
                f"列 {by!r} のグループが足りません({have})。",
            ),
            remedy=tr(
                "Choose a column with two or more values.", "値が 2 つ以上ある列を選んでください。"
            ),
        )
    number = {name: i for i, name in enumerate(names)}
    groups = []
    for values, mask in zip(columns, masks, strict=True):
        group = np.array([-1 if v is None else number.get(v, -1) for v in values], np.int32)
        if mask is not None:
            group[~mask] = -1
        groups.append(group)
    return names, groups


def _present(values: Sequence[str | None]) -> list[str | None]:
    return [None if v is None or v.strip().casefold() in MISSING else v for v in values]


def _as_people_sort(value: str) -> tuple[int, float, str]:
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def check_unit(unit: str) -> str:
    """`unit`, if it is one; else a `BadInput`."""
    if unit not in ("sentence", "paragraph", "document"):
        raise BadInput(
            tr(f"There is no unit {unit!r}.", f"{unit!r} という単位はありません。"),
            remedy=tr(
                "Use sentence, paragraph or document.",
                "sentence、paragraph、document のどれかです。",
            ),
        )
    return unit


def concatenate_units(parts: Sequence[csr_array]) -> csr_array:
    """Incidence matrices of several segments, one below the other."""
    from scipy.sparse import vstack

    return csr_array(vstack(list(parts), format="csr")) if len(parts) > 1 else parts[0]
