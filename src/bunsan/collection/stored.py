"""A collection as it stands in its store: an immutable view of one committed state."""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.collection.segment import Segment, SegmentState
from bunsan.collection.storage import State, Storage
from bunsan.text.analyze import Analyzer
from bunsan.text.words import WordSettings
from bunsan.words.vocabulary import Vocabulary

Arrays = Mapping[str, NDArray[Any]]

_TRIES = 10


class StoredCollection:
    """The documents, words and arrays of a collection.

    An opened collection does not change when somebody adds documents meanwhile: open it again to see
    them. What is expensive to derive from it (`derived`) is kept in the store under the generation it
    was derived from, and can be deleted at any time.

    Raises
    ------
    Missing : there is no collection at this place.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.state: State = {}
        for _ in range(_TRIES):
            state = storage.state()
            if state is None or not state.get("segments"):
                raise nothing_there(storage, state)
            if state == self.state:
                break  # nobody is writing: the blob is really gone
            self.__dict__.pop("segments", None)
            self.state = state
            try:
                self._hold()
                return
            except FileNotFoundError as error:
                # Between our reading of the state and of its blobs somebody has committed another
                # one and deleted them: read that.
                missing = error.filename
        raise BadInput(
            tr("A file of the collection is missing.", "コレクションのファイルが足りません。"),
            remedy=tr("Learn the documents again.", "もう一度 learn してください。"),
            file=missing,
        )

    def _hold(self) -> None:
        """Open every blob of this state, so that later deletions do not matter."""
        _ = self.vocabulary
        for segment in self.segments:
            segment.hold()

    @cached_property
    def settings(self) -> WordSettings:
        """How the text was cut into words, and which words count."""
        return WordSettings.from_dict(self.state["words"])

    @cached_property
    def segments(self) -> list[Segment]:
        """The parts the documents are kept in."""
        states = [SegmentState(**s) for s in self.state["segments"]]
        return [Segment(self.storage, s, self.state["sources"]) for s in states]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All words, with frequencies over the documents that are there now."""
        name = self.state["vocabulary"]
        return Vocabulary(
            self.storage.table(f"{name}-words"), self.storage.table(f"{name}-variants")
        )

    @cached_property
    def analyzer(self) -> Analyzer:
        """The analyzer the documents went through, for what a person types."""
        return Analyzer(self.settings)

    @property
    def generation(self) -> int:
        """Grows by one with every change."""
        return int(self.state["generation"])

    @property
    def n_documents(self) -> int:
        """Documents that are there now."""
        return sum(s.state.documents - s.state.removed for s in self.segments)

    @property
    def by(self) -> list[str]:
        """The group columns the collection was learned with."""
        return list(self.state["by"])

    @property
    def fields(self) -> list[str]:
        """All columns kept beside the text, group columns first."""
        names = dict.fromkeys(self.by)
        for segment in self.segments:
            names.update(dict.fromkeys(segment.fields))
        return list(names)

    def require_field(self, name: str) -> str:
        """`name`, if the documents have such a column; else a `BadInput` that lists those they have."""
        if name not in self.fields:
            have = ", ".join(self.fields) or tr("none", "なし")
            raise BadInput(
                tr(
                    f"The collection has no column {name!r}.",
                    f"コレクションに列 {name!r} はありません。",
                ),
                remedy=tr(
                    f"It has: {have}. Columns are kept with `bunsan learn --by NAME`.",
                    f"ある列: {have}。列は `bunsan learn --by 列名` で残せます。",
                ),
                file=self.storage.location,
            )
        return name

    def countable(
        self, pos: tuple[str, ...] | None = None, without: tuple[str, ...] = ()
    ) -> NDArray[np.bool_]:
        """bool[V]: the words that analyses count: chosen parts of speech without stop words."""
        chosen = self.settings.pos if pos is None else pos
        return self.vocabulary.mask(chosen, {*self.settings.stop_words, *without})

    def derived(
        self, kind: str, key: Any, build: Callable[[], Arrays], *, of: str | None = None
    ) -> Arrays:
        """Arrays computed from the collection, taken from the store where they were kept.

        Parameters
        ----------
        kind : what it is, a word for the blob's name.
        key : JSON-able; everything the result depends on besides the documents.
        of : a segment's name, when it depends on nothing but that segment's immutable blobs; else
            it is bound to this generation of the collection.
        """
        digest = hashlib.blake2b(json.dumps([kind, key]).encode(), digest_size=8).hexdigest()
        owner = of if of is not None else f"derived-{self.generation}"
        name = f"{owner}-{kind}-{digest}"
        if self.storage.has(name):
            return self.storage.arrays(name)
        arrays = build()
        try:
            self.storage.put_arrays(name, arrays)
        except OSError:  # a read-only or full disk: the answer stands, it is just not kept
            return arrays
        return arrays


def nothing_there(storage: Storage, state: State | None) -> BadInput | Missing:
    """The error for a place where no collection can be opened."""
    if state is not None and state.get("pending"):
        return Missing(
            tr("Learning was interrupted before it finished.", "learn が途中で止まっています。"),
            remedy=tr(
                "Run the same `bunsan learn` command again; it goes on where it stopped.",
                "同じ `bunsan learn` をもう一度実行すると、続きから再開します。",
            ),
            file=storage.location,
        )
    return Missing(
        tr("There is no collection here.", "コレクションがありません。"),
        remedy=tr(
            "Make one with `bunsan learn FILE -o NAME.bunsan`.",
            "`bunsan learn ファイル -o 名前.bunsan` で作れます。",
        ),
        file=storage.location,
    )


def live_blobs(state: State) -> list[str]:
    """The prefixes of the names of all blobs that a state refers to (for `Storage.keep_only`)."""
    prefixes = []
    for part in (state, state.get("pending") or {}):
        prefixes += [f"{s['name']}-" for s in part.get("segments", ())]
        prefixes += [f"{part['vocabulary']}-"] if part.get("vocabulary") else []
    prefixes += [f"{v['blob']}." for v in state.get("vectors", {}).values()]
    prefixes += [f"{name}." for m in state.get("passages", {}).values() for name in m["parts"]]
    return [*prefixes, f"derived-{state.get('generation', 0)}-"]
