"""A segment: some documents, analysed once and never changed.

Documents come and go, words get new counts, but a segment's blobs stay as written. Which of its
documents still count (`live`) and where they now stand in the person's files (`origin`) are small
blobs of their own, named by the collection's state.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bunsan.collection.storage import Storage

FIELD = "field."  # prefix of the group columns in a segment's table of documents

Offsets = NDArray[np.int64]


@dataclass(frozen=True)
class SegmentState:
    """What the collection's state says of a segment."""

    name: str
    documents: int
    tokens: int
    origin: str
    live: str | None = None
    removed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


class Segment:
    """n tokens of D documents, memory-mapped, read-only."""

    def __init__(self, storage: Storage, state: SegmentState, sources: list[str]) -> None:
        self._storage = storage
        self.state = state
        self._sources = sources

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def n_documents(self) -> int:
        """D, removed documents included."""
        return self.state.documents

    @cached_property
    def _tokens(self) -> Mapping[str, NDArray[Any]]:
        return self._storage.arrays(f"{self.name}-tokens")

    @property
    def word(self) -> NDArray[np.int32]:
        """int32[n]: global word ids."""
        return self._tokens["word"]

    @property
    def start(self) -> NDArray[np.uint32]:
        """uint32[n]: where the token begins in its document, in code points."""
        return self._tokens["start"]

    @property
    def length(self) -> NDArray[np.uint16]:
        """uint16[n]: its length in code points."""
        return self._tokens["length"]

    @property
    def document(self) -> Offsets:
        """int64[D+1]: the token at which each document begins."""
        return self._tokens["document"]

    @property
    def sentence(self) -> Offsets:
        """int64[S+1]: the token at which each sentence begins."""
        return self._tokens["sentence"]

    @property
    def paragraph(self) -> Offsets:
        """int64[P+1]: the token at which each paragraph begins."""
        return self._tokens["paragraph"]

    def units(self, unit: str) -> Offsets:
        """The token offsets of sentences, paragraphs or documents."""
        return self._tokens[unit]

    @cached_property
    def documents(self) -> pa.Table:
        """Columns `text`, `key` (uint64, the document's identity) and one per field."""
        return self._storage.table(f"{self.name}-documents")

    @cached_property
    def live(self) -> NDArray[np.bool_] | None:
        """bool[D], False for removed documents; None while none was removed."""
        return None if self.state.live is None else self._storage.arrays(self.state.live)["live"]

    @cached_property
    def origin(self) -> Mapping[str, NDArray[Any]]:
        """`source` int32[D] (index into the state's sources) and `row` int64[D]."""
        return self._storage.arrays(self.state.origin)

    @cached_property
    def postings(self) -> Mapping[str, NDArray[Any]]:
        """The inverted index of the searchable words; see `bunsan.words.bm25.postings`."""
        return self._storage.arrays(f"{self.name}-postings")

    def hold(self) -> None:
        """Open every blob now: what is open stays readable when a writer deletes it."""
        _ = self._tokens, self.documents, self.live, self.origin, self.postings

    def text(self, document: int) -> str:
        """The text of one document."""
        return self.documents.column("text")[int(document)].as_py()

    def has_field(self, name: str) -> bool:
        """True when some document of this segment came with this field."""
        return FIELD + name in self.documents.column_names

    @property
    def fields(self) -> list[str]:
        """The names of the fields."""
        return [n[len(FIELD) :] for n in self.documents.column_names if n.startswith(FIELD)]

    def field(self, name: str) -> list[str | None]:
        """One value per document; None where it has none."""
        if not self.has_field(name):
            return [None] * self.n_documents
        return self.documents.column(FIELD + name).to_pylist()

    def field_of(self, name: str, document: int) -> str | None:
        """The value of one document."""
        if not self.has_field(name):
            return None
        return self.documents.column(FIELD + name)[int(document)].as_py()

    def source(self, document: int) -> tuple[str, int]:
        """The file and the row (counted from 1) a document came from."""
        origin = self.origin
        return self._sources[int(origin["source"][document])], int(origin["row"][document])

    def alive(self) -> NDArray[np.bool_]:
        """bool[D], a copy that may be changed."""
        return np.ones(self.n_documents, np.bool_) if self.live is None else self.live.copy()
