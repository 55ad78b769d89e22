"""The small interface through which everything reaches a collection.

A collection is a *state* (one JSON object) that names immutable *blobs*: named sets of arrays and
Arrow tables. Nothing above this interface knows where they lie. Whoever writes a second kind of
store (an object store filled by many machines, say) implements `Storage` and is done.

The rules every store keeps:

* a blob is never changed once written: a new version has a new name, and the state says which one
  counts. Readers therefore need no lock, and what they hold open stays as it was;
* `commit` replaces the state in one step: whoever opens the collection, whenever somebody was
  killed, sees the old state or the new one;
* writers exclude one another by `writing()`.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa
from numpy.typing import NDArray

State = dict[str, Any]


class TableWriter(Protocol):
    """Takes record batches one after the other, so that a table never has to fit in memory."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append `batch`; its schema is the one the writer was opened with."""


class Storage(Protocol):
    """Where the blobs and the state of one collection lie."""

    @property
    def location(self) -> str:
        """How a person names this store: a path or an address."""

    def state(self) -> State | None:
        """The committed state, or None where there is no collection yet."""

    def commit(self, state: State) -> None:
        """Make `state` the one that counts, in one step. Only inside `writing()`."""

    def writing(self) -> AbstractContextManager[None]:
        """Exclude other writers for the length of a `with` block.

        Raises
        ------
        BadInput : another writer is at work and does not finish.
        """

    def has(self, name: str) -> bool:
        """True when a blob of this name was written to its end."""

    def arrays(self, name: str) -> Mapping[str, NDArray[Any]]:
        """The arrays of a blob, memory-mapped where the store allows it, read-only."""

    def put_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write a blob of arrays, atomically."""

    def table(self, name: str) -> pa.Table:
        """The table of a blob, memory-mapped where the store allows it."""

    def put_table(self, name: str, schema: pa.Schema) -> AbstractContextManager[TableWriter]:
        """Write a table batch by batch; it is there, whole, when the `with` block ends."""

    def keep_only(self, prefixes: Iterable[str]) -> None:
        """Delete the blobs whose names begin with none of these: what a killed writer left, what
        no state names any more."""

    def size(self) -> int:
        """Bytes taken by all blobs."""
