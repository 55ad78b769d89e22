"""Analysed documents gathered into segments of bounded size, on their way to the store."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import ExitStack, suppress

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bunsan.collection.segment import FIELD, SegmentState
from bunsan.collection.storage import Storage
from bunsan.text.documents import Document
from bunsan.text.pos import SEARCH_POS
from bunsan.text.words import Analysis
from bunsan.words.bm25.postings import build_postings
from bunsan.words.vocabulary import VocabularyBuilder

# A segment of this size is indexed and counted in some hundred megabytes, whatever the corpus has.
TOKENS_IN_A_SEGMENT = 16_000_000
CHARACTERS_IN_A_SEGMENT = 64_000_000


def document_key(document: Document) -> int:
    """uint64: the identity of a document: its text and its fields, not its place in a file.

    Two rows of the same content have the same key; a collection keeps both and matches them one to
    one. By the birthday bound, two different ones among ten million collide with odds of 1 in 370,000.
    """
    digest = hashlib.blake2b(document.text.encode("utf-8", "surrogatepass"), digest_size=8)
    for name in sorted(document.fields):
        value = document.fields[name]
        digest.update(
            f"\x00{name}\x01{'' if value is None else value}".encode("utf-8", "surrogatepass")
        )
    return int.from_bytes(digest.digest(), "little")


class SegmentWriter:
    """Writes one segment: documents as they come, tokens and postings when it is finished."""

    def __init__(
        self, storage: Storage, vocabulary: VocabularyBuilder, fields: Sequence[str]
    ) -> None:
        self.name = f"segment-{secrets.token_hex(6)}"
        self.tokens = 0
        self.characters = 0
        self._storage = storage
        self._vocabulary = vocabulary
        self._fields = list(fields)
        self._schema = pa.schema(
            [("text", pa.large_string()), ("key", pa.uint64())]
            + [(FIELD + name, pa.string()) for name in self._fields]
        )
        self._exit = ExitStack()
        self._table = self._exit.enter_context(
            storage.put_table(f"{self.name}-documents", self._schema)
        )
        self._parts: dict[str, list[NDArray[np.generic]]] = {
            key: [] for key in ("word", "start", "length", "document", "sentence", "paragraph")
        }
        self._sources: list[NDArray[np.int32]] = []
        self._rows: list[NDArray[np.int64]] = []
        self._documents = 0

    def takes(self, documents: Sequence[Document]) -> bool:
        """False when these documents have a field this segment was not made for."""
        return all(name in self._fields for d in documents for name in d.fields)

    @property
    def full(self) -> bool:
        """True when it is time to finish and begin another."""
        return self.tokens >= TOKENS_IN_A_SEGMENT or self.characters >= CHARACTERS_IN_A_SEGMENT

    def add(
        self,
        documents: Sequence[Document],
        keys: Sequence[int],
        sources: Sequence[int],
        analysis: Analysis,
    ) -> None:
        """Append a batch; `sources` are indices into the collection's list of sources."""
        word = self._vocabulary.ids(analysis)
        self._write_documents(documents, keys)
        self._parts["word"].append(word)
        self._parts["start"].append(analysis.start)
        self._parts["length"].append(analysis.length)
        for unit in ("document", "sentence", "paragraph"):
            self._parts[unit].append(getattr(analysis, unit)[:-1] + self.tokens)
        self._sources.append(np.array(sources, np.int32))
        self._rows.append(np.array([d.row for d in documents], np.int64))
        self.tokens += len(word)
        self.characters += sum(len(d.text) for d in documents)
        self._documents += len(documents)

    def _write_documents(self, documents: Sequence[Document], keys: Sequence[int]) -> None:
        columns: list[pa.Array] = [
            # A lone surrogate (from a damaged file) is no text to Arrow: show it as a question mark.
            pa.array([_storable(d.text) for d in documents], pa.large_string()),
            pa.array(keys, pa.uint64()),
        ]
        for name in self._fields:
            values = (d.fields.get(name) for d in documents)
            columns.append(
                pa.array([v if v is None else _storable(v) for v in values], pa.string())
            )
        self._table.write(pa.record_batch(columns, schema=self._schema))

    def finish(self) -> SegmentState:
        """Write tokens and postings, count the words, and describe what was written."""
        self._exit.close()
        end = np.array([self.tokens], np.int64)
        arrays = {
            key: np.concatenate(
                [*parts, end] if key in ("document", "sentence", "paragraph") else parts
            )
            for key, parts in self._parts.items()
        }
        self._parts.clear()
        self._storage.put_arrays(f"{self.name}-tokens", arrays)
        origin = f"{self.name}-origin-{secrets.token_hex(4)}"
        self._storage.put_arrays(
            origin, {"source": np.concatenate(self._sources), "row": np.concatenate(self._rows)}
        )
        self._vocabulary.count(arrays["word"], arrays["document"])
        searchable = self._vocabulary.mask(SEARCH_POS)
        self._storage.put_arrays(
            f"{self.name}-postings", build_postings(arrays["word"], arrays["document"], searchable)
        )
        return SegmentState(self.name, self._documents, self.tokens, origin)

    def abandon(self) -> None:
        """Leave without a trace of this segment that counts."""
        with suppress(OSError):
            self._exit.close()


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()  # one "?" each: offsets stay right
    return text
