"""What BM25 has to know of a whole collection: documents, length, document frequencies."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.bm25.order import find, sort


class Statistics:
    """Sums over the segments of a collection, less the documents that were removed.

    Attributes
    ----------
    documents : how many documents there are, empty ones included.
    tokens : their length together, in searchable tokens.
    document_frequency : int64[V], by global word id, how many documents have the word.
    """

    __slots__ = ("document_frequency", "documents", "tokens")

    def __init__(self, n_words: int) -> None:
        self.documents = 0
        self.tokens = 0
        self.document_frequency: NDArray[np.int64] = np.zeros(n_words, np.int64)

    @property
    def average_length(self) -> float:
        """Searchable tokens a document; 1 where there are none, so that nothing divides by zero."""
        return self.tokens / self.documents if self.tokens else 1.0

    def add(self, postings: Mapping[str, NDArray[Any]]) -> None:
        """Count a segment, as `build_postings` returned it."""
        length = postings["length"]
        self.documents += length.size
        self.tokens += int(length.sum(dtype=np.int64))
        # Ids are unique within a segment, so this indexed addition loses none.
        self.document_frequency[postings["terms"]] += np.diff(postings["indptr"])

    def subtract_removed(
        self,
        postings: Mapping[str, NDArray[Any]],
        word: NDArray[np.int32],
        document: NDArray[np.int64],
        live: NDArray[np.bool_],
    ) -> None:
        """Take back the documents of a counted segment for which `live` (bool[D]) is False.

        Only their own tokens are read (`word` and `document` as given to `build_postings`), not the
        postings of the segment: removing a few of a million documents stays cheap.
        """
        removed = np.flatnonzero(~live)
        self.documents -= removed.size
        self.tokens -= int(postings["length"][removed].sum(dtype=np.int64))
        _subtract(self.document_frequency, removed, word, document, postings["terms"])


@njit(nogil=True, cache=True)
def _subtract(
    document_frequency: NDArray[np.int64],
    removed: NDArray[np.int64],
    word: NDArray[np.int32],
    document: NDArray[np.int64],
    terms: NDArray[np.int32],
) -> None:
    for d in removed:
        words = word[document[d] : document[d + 1]].copy()
        sort(words)
        for i in range(words.size):
            w = words[i]
            if i > 0 and words[i - 1] == w:
                continue
            if find(terms, w) >= 0:  # others were not searchable
                document_frequency[w] -= 1
