"""Vectors of the passages of documents, which a collection keeps for every model it was searched with.

They are known by the documents' keys (text and fields), not by their places, so that they outlive
additions, removals and the joining of segments: only documents that no part knows are ever computed.

A *part* is a blob with E documents and R passages of d numbers:

    key     uint64[E]     documents. first int64[E+1]: the row at which each one's passages begin
    begin   int32[R]      where the passage begins in its document, in code points. end int32[R]
    values  int8[R, d]    scale float32[R]: what a row is multiplied by; 0 for a passage without vector
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.collection.storage import Storage
from bunsan.collection.stored import live_blobs

ROWS = 4096  # passages in a part that is full
_SPARSE = 8  # so many parts that are less than half full are left as they are


@dataclass(frozen=True)
class Part:
    """One part, memory-mapped where the store allows it; the arrays are told above."""

    name: str
    key: NDArray[np.uint64]
    first: NDArray[np.int64]
    begin: NDArray[np.int32]
    end: NDArray[np.int32]
    values: NDArray[np.int8]
    scale: NDArray[np.float32]

    @property
    def rows(self) -> int:
        """R."""
        return len(self.scale)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As they are stored."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "name"}


def new_name() -> str:
    """A name for a part yet to be kept."""
    return f"passages-{secrets.token_hex(6)}"


def kept_parts(storage: Storage, digest: str) -> list[Part]:
    """The parts of a model, of all that were committed by now.

    Parameters
    ----------
    digest : names the model and how passages were cut.
    """
    entry = ((storage.state() or {}).get("passages") or {}).get(digest)
    parts = []
    for name in [] if entry is None else entry["parts"]:
        with suppress(FileNotFoundError):  # another program has just put others in its place
            parts.append(Part(name, **storage.arrays(name)))
    return parts


def keep_parts(
    storage: Storage,
    digest: str,
    about: Mapping[str, Any],
    parts: Sequence[Part],
    *,
    instead_of: Sequence[Part] = (),
) -> bool:
    """Write parts and name them in the collection's state, at once; False where that cannot be.

    On a disk that cannot be written to, or while another program writes, what was computed serves
    as long as it is in memory.

    Parameters
    ----------
    about : `title`, and under `vectors` the blob of word vectors they were made of, or None: what
        was made of vectors that the collection has no more is forgotten.
    instead_of : parts that are not needed any more.
    """
    try:
        with storage.writing():
            state = storage.state()
            if state is None:
                return False
            for part in parts:
                storage.put_arrays(part.name, part.arrays())
            blobs = {v["blob"] for v in state.get("vectors", {}).values()} | {None}
            before = state.get("passages", {})
            models = {d: m for d, m in before.items() if m["vectors"] in blobs}
            gone = {part.name for part in instead_of}
            names = [n for n in models.get(digest, {}).get("parts", []) if n not in gone]
            names += [part.name for part in parts]
            state["passages"] = models | {digest: {**about, "parts": names}}
            storage.commit(state)
            if gone or len(models) < len(before):
                storage.keep_only(live_blobs(state))
    except (OSError, BadInput):
        return False
    return True


def worth_packing(parts: Sequence[Part], live: Sequence[NDArray[np.bool_]]) -> list[int]:
    """The parts to be put together: those without a document that is there, and where there are many
    which are less than half full, those.

    Parameters
    ----------
    live : bool[E] for each part: whether the document is still there.
    """
    rows = [int(np.diff(p.first)[mask].sum()) for p, mask in zip(parts, live, strict=True)]
    sparse = [i for i, n in enumerate(rows) if 2 * n < ROWS]
    return sparse if len(sparse) > _SPARSE else [i for i, n in enumerate(rows) if n == 0]


def packed(parts: Sequence[Part], live: Sequence[NDArray[np.bool_]]) -> list[Part]:
    """The same documents, less those that are gone, in full parts."""
    found: list[Part] = []
    room: list[dict[str, NDArray[Any]]] = []
    rows = 0
    for part, mask in zip(parts, live, strict=True):
        if not mask.any():
            continue
        lengths = np.diff(part.first)
        row = np.repeat(mask, lengths)
        kept = {
            name: array[row]
            for name, array in part.arrays().items()
            if name not in ("key", "first")
        }
        room.append(kept | {"key": part.key[mask], "lengths": lengths[mask]})
        rows += len(kept["scale"])
        if rows >= ROWS:
            found.append(_joined(room))
            room, rows = [], 0
    return [*found, *([_joined(room)] if room else [])]


def _joined(pieces: Sequence[Mapping[str, NDArray[Any]]]) -> Part:
    whole = {name: np.concatenate([one[name] for one in pieces]) for name in pieces[0]}
    first = np.concatenate([[0], np.cumsum(whole.pop("lengths"))]).astype(np.int64)
    return Part(new_name(), first=first, **whole)
