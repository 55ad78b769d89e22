"""Which documents a query admits: field values, "phrases", -exclusions, words that all must occur."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.lookup import find_sequence, look_up_sequence
from bunsan.tasks.passages import document_mask
from bunsan.tasks.query import Query
from bunsan.text.pos import SEARCH_POS

Mask = NDArray[np.bool_]


def query_words(collection: StoredCollection, query: Query) -> tuple[list[list[int]], list[str]]:
    """The ids of each searchable word of the query, and the words no document has."""
    vocabulary = collection.vocabulary
    searchable = set(SEARCH_POS)
    words: list[list[int]] = []
    missing: list[str] = []
    for form, pos in collection.analyzer.query(query.text):
        if pos not in searchable:
            continue
        ids = [i for i in vocabulary.find(form) if vocabulary.pos(i) in searchable]
        if ids:
            words.append(ids)
        elif form not in missing:
            missing.append(form)
    return words, missing


def admitted(
    collection: StoredCollection,
    query: Query,
    required: Sequence[Sequence[int]],
    where: dict[str, str] | None,
) -> list[Mask] | None:
    """bool[D] per segment: which documents the query admits; None where it admits all.

    Parameters
    ----------
    required : groups of ids, one of each of which must occur. where : values of fields.
    """
    if not (where or query.phrases or query.excluded or required):
        return None
    phrases = [look_up_sequence(collection, phrase) for phrase in query.phrases]
    excluded = [look_up_sequence(collection, phrase) for phrase in query.excluded]
    masks = []
    for segment in collection.segments:
        mask = document_mask(segment, where)
        mask = np.ones(segment.n_documents, np.bool_) if mask is None else mask
        for ids in required:
            mask &= _as_mask(segment, documents_with(segment, ids))
        for sequence in phrases:
            mask &= _as_mask(segment, _with_sequence(segment, sequence))
        for sequence in excluded:
            mask &= ~_as_mask(segment, _with_sequence(segment, sequence))
        masks.append(mask)
    return masks


def run_of(segment: Segment, word: int) -> tuple[int, int]:
    """From where to where the postings of a word are in its segment's; (0, 0) for none."""
    terms, indptr = segment.postings["terms"], segment.postings["indptr"]
    t = int(np.searchsorted(terms, word))
    if t == len(terms) or terms[t] != word:
        return 0, 0
    return int(indptr[t]), int(indptr[t + 1])


def documents_with(segment: Segment, words: Sequence[int]) -> NDArray[np.uint32]:
    """Documents of a segment that have at least one of these words, ascending."""
    docs = segment.postings["docs"]
    found = [docs[a:b] for a, b in (run_of(segment, word) for word in words) if a < b]
    return np.unique(np.concatenate(found)) if found else docs[:0]


def _as_mask(segment: Segment, documents: NDArray[Any]) -> Mask:
    mask = np.zeros(segment.n_documents, np.bool_)
    mask[documents] = True
    return mask


def _with_sequence(segment: Segment, sequence: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Documents in which the words stand one after the other."""
    position = find_sequence(segment.word, sequence)
    document = np.searchsorted(segment.document, position, "right") - 1
    return document[position + len(sequence) <= segment.document[document + 1]]
