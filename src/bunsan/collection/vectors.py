"""Word vectors that a collection keeps beside its documents.

They are blobs like all else, reached through `Storage`; the state says which there are, with what
they were learned and at which generation of the collection, so that it can be told whether
documents have come or gone since.
"""

import secrets

from bunsan.base.errors import Missing
from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection, live_blobs
from bunsan.words.vectors.files import own
from bunsan.words.vectors.wordvectors import WordVectors


def keep_vectors(collection: StoredCollection, name: str, vectors: WordVectors) -> None:
    """Keep vectors under a name ("word2vec", "fasttext", ...), in place of older ones of that name."""
    arrays, metadata = own.to_arrays(vectors)
    blob = f"vectors-{name}-{secrets.token_hex(6)}"
    storage = collection.storage
    with storage.writing():
        state = storage.state()
        assert state is not None  # the collection was opened from it
        storage.put_arrays(blob, arrays)
        state["vectors"] = state.get("vectors", {}) | {
            name: {"blob": blob, "generation": collection.generation, "metadata": metadata}
        }
        storage.commit(state)
        storage.keep_only(live_blobs(state))
    collection.state["vectors"] = state["vectors"]


def kept_vectors(collection: StoredCollection) -> dict[str, bool]:
    """The names of the vectors there are, and whether they are of the documents as they are now."""
    kept = collection.state.get("vectors", {})
    return {name: v["generation"] == collection.generation for name, v in kept.items()}


def open_kept(collection: StoredCollection, name: str) -> WordVectors:
    """The vectors of this name, memory-mapped.

    Raises
    ------
    Missing : the collection has none of this name.
    """
    kept = collection.state.get("vectors", {})
    if name not in kept:
        have = ", ".join(kept) or tr("none", "なし")
        raise Missing(
            tr(
                f"The collection has no {name} vectors (it has: {have}).",
                f"コレクションに {name} のベクトルはありません(ある物: {have})。",
            ),
            remedy=tr(
                f"Learn them: bunsan learn SOURCES -o COLLECTION --vectors {name}",
                f"次で学習できます: bunsan learn 元のファイル -o コレクション --vectors {name}",
            ),
            file=collection.storage.location,
        )
    entry = kept[name]
    return own.from_arrays(
        collection.storage.arrays(entry["blob"]), entry["metadata"], collection.storage.location
    )
