"""Small segments joined into larger ones, so that many small additions stay fast to search.

Nothing is analysed again: tokens are copied without those of removed documents, and the postings of
the joined segment are built anew from them. A segment costs every query some fixed time; joining
whenever more than a handful of small ones have gathered keeps their number logarithmic in practice,
as log-structured merge trees do (O'Neil et al. 1996).
"""

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bunsan.collection.segment import Segment, SegmentState
from bunsan.collection.storage import Storage
from bunsan.text.pos import SEARCH_POS
from bunsan.words.bm25.postings import build_postings
from bunsan.words.vocabulary import Vocabulary

MOST_SMALL = 8  # so many small segments in a row are left as they are


def runs_to_join(segments: Sequence[SegmentState], largest: int) -> list[tuple[int, int]]:
    """Ranges [begin, end) of adjacent small segments that together fit in one of `largest` tokens."""
    small = [s.tokens * 4 <= largest for s in segments]
    if sum(small) <= MOST_SMALL:
        return []
    runs: list[tuple[int, int]] = []
    begin, tokens = 0, 0
    for i, segment in enumerate(segments):
        if not small[i] or tokens + segment.tokens > largest:
            runs.append((begin, i))
            begin, tokens = (i, 0) if small[i] else (i + 1, 0)
        if small[i]:
            tokens += segment.tokens
    runs.append((begin, len(segments)))
    return [(a, b) for a, b in runs if b - a > 1]


def join(storage: Storage, segments: Sequence[Segment], vocabulary: Vocabulary) -> SegmentState:
    """Write one segment that holds the documents which are still there of several."""
    name = f"segment-{secrets.token_hex(6)}"
    alive = [segment.alive() for segment in segments]
    tables = [s.documents.filter(pa.array(a)) for s, a in zip(segments, alive, strict=True)]
    table = pa.concat_tables(tables, promote_options="default")
    with storage.put_table(f"{name}-documents", table.schema) as writer:
        for batch in table.to_batches():
            writer.write(batch)
    parts = [_kept(segment, mask) for segment, mask in zip(segments, alive, strict=True)]
    arrays = {key: np.concatenate([p[key] for p in parts]) for key in ("word", "start", "length")}
    arrays |= {
        key: _joined([p[key] for p in parts]) for key in ("document", "sentence", "paragraph")
    }
    storage.put_arrays(f"{name}-tokens", arrays)
    searchable = vocabulary.mask(SEARCH_POS)
    storage.put_arrays(
        f"{name}-postings", build_postings(arrays["word"], arrays["document"], searchable)
    )
    origin = f"{name}-origin-{secrets.token_hex(4)}"
    storage.put_arrays(
        origin,
        {
            key: np.concatenate([s.origin[key][a] for s, a in zip(segments, alive, strict=True)])
            for key in ("source", "row")
        },
    )
    return SegmentState(name, table.num_rows, len(arrays["word"]), origin)


def _kept(segment: Segment, alive: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """The tokens of the documents that are there; units as lengths, not offsets."""
    lengths = np.diff(segment.document)
    token = np.repeat(alive, lengths)
    kept: dict[str, NDArray[Any]] = {
        "word": segment.word[token],
        "start": segment.start[token],
        "length": segment.length[token],
        "document": lengths[alive],
    }
    for unit in ("sentence", "paragraph"):
        offsets = segment.units(unit)
        # No sentence is empty, so the last document that begins at or before it is its own.
        document = np.searchsorted(segment.document, offsets[:-1], "right") - 1
        kept[unit] = np.diff(offsets)[alive[document]]
    return kept


def _joined(lengths: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(lengths))]).astype(
        np.int64
    )
