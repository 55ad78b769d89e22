"""Documents cut into passages: whole sentences in a row, some fifty words together.

Karpukhin et al. 2020, "Dense Passage Retrieval for Open-Domain Question Answering", section 4.1, cut
texts into passages of 100 words that do not overlap. Here a passage ends where a sentence does, and is
half as long: questions to JAQuAD's training passages are answered better so (docs/searching.md).
"""

import numpy as np
from numpy.typing import NDArray

from bunsan.collection.segment import Segment

WORDS = 50  # in a passage, unless one sentence alone has more

Spans = NDArray[np.int64]


def cut_passages(segment: Segment, document: int, most: int = WORDS) -> Spans:
    """int64[P, 2], P ≥ 1: the tokens, from and to, of the passages of one document of a segment.

    A sentence of more than `most` words is cut into equal pieces. A document without words is one
    passage without words.
    """
    begin, end = int(segment.document[document]), int(segment.document[document + 1])
    if end - begin <= most:
        return np.array([[begin, end]], np.int64)
    first, last = np.searchsorted(segment.sentence, [begin, end])
    edges = [begin]
    at = begin  # where the passage that is growing begins
    before = begin  # where its last whole sentence ends
    for edge in segment.sentence[first + 1 : last + 1].tolist():
        if edge - at > most and before > at:
            edges.append(before)
            at = before
        if edge - at > most:
            pieces = -(-(edge - at) // most)
            edges += np.linspace(at, edge, pieces + 1).round().astype(int)[1:].tolist()
            at = edge
        before = edge
    if edges[-1] < end:
        edges.append(end)
    bounds = np.array(edges, np.int64)
    return np.stack([bounds[:-1], bounds[1:]], axis=1)


def in_characters(segment: Segment, spans: Spans) -> Spans:
    """int64[P, 2]: the same in code points of the document; 0, 0 for a passage without words."""
    found = np.zeros_like(spans)
    some = spans[:, 1] > spans[:, 0]
    found[some, 0] = segment.start[spans[some, 0]]
    last = spans[some, 1] - 1
    found[some, 1] = segment.start[last].astype(np.int64) + segment.length[last]
    return found
