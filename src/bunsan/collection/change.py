"""Taking documents out of a collection, and joining small segments."""

import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection import writer
from bunsan.collection.matching import remove_documents
from bunsan.collection.merge import join, runs_to_join
from bunsan.collection.segment import Segment, SegmentState
from bunsan.collection.storage import State, Storage
from bunsan.collection.stored import StoredCollection, live_blobs
from bunsan.words.vocabulary import Vocabulary, VocabularyBuilder


def remove(storage: Storage, where: dict[str, str] | None = None, source: str | None = None) -> int:
    """Take out the documents with these values, or from this file; returns how many.

    Raises
    ------
    BadInput : it would leave no document at all.
    """
    with storage.writing():
        collection = StoredCollection(storage)
        builder = VocabularyBuilder(collection.vocabulary)
        states = []
        removed = 0
        for segment in collection.segments:
            lost = np.flatnonzero(_selected(collection, segment, where, source) & segment.alive())
            state = remove_documents(collection, segment, segment.state, lost, builder)
            removed += len(lost)
            if state.removed < state.documents:
                states.append(state)
        if not removed:
            return 0
        if not states:
            raise BadInput(
                tr("That would remove every document.", "すべての文書が取り除かれてしまいます。"),
                remedy=tr("Delete the folder instead.", "フォルダーごと削除してください。"),
                file=storage.location,
            )
        commit(storage, collection.state, states, builder.finish())
        return removed


def commit(
    storage: Storage, state: State, segments: list[SegmentState], vocabulary: Vocabulary
) -> None:
    """Make these segments and this vocabulary the collection's next generation.

    Small segments are joined first. What the new state does not name is deleted after it counts.
    """
    state = {k: v for k, v in state.items() if k != "pending"}
    opened = [Segment(storage, s, state["sources"]) for s in segments]
    joined: list[SegmentState] = []
    at = 0
    for begin, end in runs_to_join(segments, writer.TOKENS_IN_A_SEGMENT):
        joined += [*segments[at:begin], join(storage, opened[begin:end], vocabulary)]
        at = end
    state["generation"] = state["generation"] + 1
    state["segments"] = [s.to_dict() for s in [*joined, *segments[at:]]]
    state["vocabulary"] = put_vocabulary(storage, vocabulary)
    storage.commit(state)
    storage.keep_only(live_blobs(state))


def _selected(
    collection: StoredCollection, segment: Segment, where: dict[str, str] | None, source: str | None
) -> NDArray[np.bool_]:
    chosen = np.ones(segment.n_documents, np.bool_)
    for name, value in (where or {}).items():
        chosen &= np.array([v == value for v in segment.field(name)], np.bool_)
    if source is not None:
        names: list[Any] = collection.state["sources"]
        if source not in names:
            raise BadInput(
                tr(f"No document came from {source}.", f"{source} から読んだ文書はありません。"),
                remedy=tr("Files: ", "ファイル: ") + ", ".join(names[:10]),
            )
        chosen &= segment.origin["source"] == names.index(source)
    return chosen


def put_vocabulary(storage: Storage, vocabulary: Vocabulary) -> str:
    """Write a vocabulary under a new name, which is returned."""
    name = f"vocabulary-{secrets.token_hex(6)}"
    for part, table in (("words", vocabulary.words), ("variants", vocabulary.variants)):
        with storage.put_table(f"{name}-{part}", table.schema) as writer:
            for batch in table.to_batches():
                writer.write(batch)
    return name
