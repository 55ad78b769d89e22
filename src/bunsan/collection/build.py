"""Learning: documents are read, cut into words, and written as segments, resumably.

`learn` brings a collection in step with its sources: documents that are new are analysed, those that
are gone are taken out, those that only moved get their new row; nothing else is touched. `add` does
the same for the given sources only and takes nothing out.
"""

import hashlib
import json
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, Interrupted
from bunsan.base.language import tr
from bunsan.base.progress import Progress, progress
from bunsan.collection.change import commit, put_vocabulary
from bunsan.collection.matching import Matcher
from bunsan.collection.segment import SegmentState
from bunsan.collection.storage import State, Storage
from bunsan.collection.stored import StoredCollection, live_blobs
from bunsan.collection.writer import SegmentWriter, document_key
from bunsan.text.analyze import analyze_stream, resolve
from bunsan.text.documents import (
    Document,
    ReadReport,
    batched,
    bytes_total,
    nothing_read,
    read_documents,
)
from bunsan.text.words import WordSettings
from bunsan.words.vocabulary import Vocabulary, VocabularyBuilder


@dataclass(frozen=True)
class Reading:
    """How the sources are read; see `bunsan.text.documents.read_documents`."""

    text: str | None = None
    by: tuple[str, ...] | None = None
    keep: tuple[str, ...] = ()
    unit: str = "auto"
    encoding: str | None = None
    format: str | None = None
    sheet: str | int | None = None
    on_bad: str = "skip"

    def options(self) -> dict[str, Any]:
        """Keyword arguments for the readers."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass
class LearnReport:
    """What a `learn` or an `add` did."""

    reading: ReadReport
    added: int = 0
    removed: int = 0
    unchanged: int = 0
    resumed: int = 0
    settings: WordSettings = field(default_factory=WordSettings)


def learn(
    storage: Storage,
    sources: Any,
    *,
    reading: Reading,
    words: WordSettings,
    remove_missing: bool = True,
    threads: int | None = None,
    label: str | None = None,
) -> LearnReport:
    """Bring the collection in `storage` in step with `sources`, making it where there is none.

    Parameters
    ----------
    sources : paths, "-", a table, or a list of texts.
    remove_missing : take out documents that the sources no longer have (False: `add`).
    label : shown wherever the collection is described (the demo says that it is made up).

    Raises
    ------
    BadInput : a source cannot be read; the collection stays as it was.
    Interrupted : stopped by the person; the same call goes on where it stopped.
    """
    with storage.writing():
        return _Job(storage, sources, reading, words, remove_missing, threads, label).run()


class _Job:
    def __init__(
        self,
        storage: Storage,
        sources: Any,
        reading: Reading,
        words: WordSettings,
        remove_missing: bool,
        threads: int | None,
        label: str | None,
    ) -> None:
        self.storage = storage
        self.sources = sources
        self.reading = reading
        self.words = words
        self.remove_missing = remove_missing
        self.threads = threads
        self.state: State = storage.state() or {"generation": 0, "segments": []}
        self.label = label if label is not None else self.state.get("label")
        self.read_report = ReadReport()
        self.report = LearnReport(self.read_report)

    def run(self) -> LearnReport:
        total = bytes_total(self.sources)
        documents = read_documents(self.sources, **self.reading.options(), report=self.read_report)
        with progress(tr("Learning", "学習中"), total) as bar:
            batches = batched(documents)
            first = next(batches, None)
            if first is None:
                raise nothing_read(self.read_report)
            self.settings = resolve(self.words, [d.text for d in first])
            self.report.settings = self.settings
            self._open_old()
            self._job_key = self._fingerprint()
            self._take_up_pending()
            try:
                self._write(chain([first], batches), bar)
            except KeyboardInterrupt:
                raise self._interrupted() from None
        return self.report

    # What is there already ------------------------------------------------------------------------

    def _open_old(self) -> None:
        """Open the committed documents, if they were analysed as these will be."""
        self.old: StoredCollection | None = None
        if not self.state.get("segments"):
            return
        if self.state["words"] == self.settings.to_dict():
            self.old = StoredCollection(self.storage)
        elif not self.remove_missing:
            raise BadInput(
                tr(
                    "Documents can only be added with the word settings the collection was learned with.",
                    "追加できるのは、コレクションと同じ語の設定の文書だけです。",
                ),
                remedy=tr(
                    "Learn everything again with `bunsan learn`.",
                    "`bunsan learn` で全体を学習し直してください。",
                ),
                file=self.storage.location,
            )

    def _fingerprint(self) -> str:
        """Names this very job, so that only the same command takes up what an earlier one left."""
        parts: list[Any] = [self.reading.options(), self.settings.to_dict(), self.remove_missing]
        parts.append(self.state.get("generation", 0))
        for source in self.sources if isinstance(self.sources, (list, tuple)) else [self.sources]:
            if isinstance(source, (str, Path)) and _is_there(source):
                files = (
                    [Path(source)] if Path(source).is_file() else sorted(Path(source).rglob("*"))
                )
                parts += [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in files]
            else:
                parts.append(secrets.token_hex(8))  # a pipe or a table cannot be recognised again
        return hashlib.blake2b(json.dumps(parts, default=str).encode(), digest_size=16).hexdigest()

    def _take_up_pending(self) -> None:
        pending = self.state.get("pending")
        self.done: list[SegmentState] = []
        self.skip = 0
        self.source_names: list[str] = list(self.old.state["sources"]) if self.old else []
        vocabulary: Vocabulary | None = self.old.vocabulary if self.old else None
        if pending and pending["job"] == self._job_key:
            self.done = [SegmentState(**s) for s in pending["segments"]]
            self.skip = self.report.resumed = pending["documents"]
            self.source_names = pending["sources"]
            name = pending["vocabulary"]
            vocabulary = Vocabulary(
                self.storage.table(f"{name}-words"), self.storage.table(f"{name}-variants")
            )
        else:
            self.state.pop("pending", None)
        self.vocabulary = VocabularyBuilder(vocabulary)
        self.storage.keep_only(live_blobs(self.state))
        self.source_index = {name: i for i, name in enumerate(self.source_names)}

    # The work -------------------------------------------------------------------------------------

    def _write(self, batches: Iterable[list[Document]], bar: Progress) -> None:
        matcher = Matcher(self.old, self._given_sources()) if self.old else None
        self.writer: SegmentWriter | None = None
        # Batches leave `fresh` for the analyser and come back with their analysis, in order.
        waiting: deque[tuple[list[Document], list[int]]] = deque()
        seen_bytes = 0
        new = 0

        def fresh() -> Iterator[list[str]]:
            nonlocal new
            for batch in batches:
                documents, keys = self._only_new(batch, matcher)
                before, new = new, new + len(documents)
                if before < self.skip:  # an earlier run has written these
                    documents, keys = documents[self.skip - before :], keys[self.skip - before :]
                if documents:
                    waiting.append((documents, keys))
                    yield [d.text for d in documents]

        try:
            for analysis in analyze_stream(fresh(), self.settings, self.threads):
                documents, keys = waiting.popleft()
                if self.writer is not None and not self.writer.takes(documents):
                    self._finish_segment()
                if self.writer is None:
                    names = dict.fromkeys(
                        chain(self.read_report.by, *(d.fields for d in documents))
                    )
                    self.writer = SegmentWriter(self.storage, self.vocabulary, list(names))
                sources = [self._source_id(d.source) for d in documents]
                self.writer.add(documents, keys, sources, analysis)
                self.report.added += len(documents)
                note = tr(f"{self.report.added:,} documents", f"{self.report.added:,} 文書")
                bar.advance(self.read_report.bytes_read - seen_bytes, note)
                seen_bytes = self.read_report.bytes_read
                if self.writer.full:
                    self._finish_segment()
                    self._checkpoint()
            if self.writer is not None:
                self._finish_segment()
        except BaseException:
            if self.writer is not None:
                self.writer.abandon()
            raise
        self._commit(matcher)

    def _given_sources(self) -> set[str] | None:
        """None: match against every document that is there; else against these sources' only."""
        if self.remove_missing:
            return None
        items = self.sources if isinstance(self.sources, (list, tuple)) else [self.sources]
        return {str(s) for s in items if isinstance(s, (str, Path))}

    def _only_new(
        self, batch: list[Document], matcher: Matcher | None
    ) -> tuple[list[Document], list[int]]:
        keys = [document_key(d) for d in batch]
        if matcher is None:
            return batch, keys
        known = matcher.match(
            keys, [self._source_id(d.source) for d in batch], [d.row for d in batch]
        )
        self.report.unchanged += sum(known)
        pairs = [(d, k) for d, k, there in zip(batch, keys, known, strict=True) if not there]
        return [d for d, _ in pairs], [k for _, k in pairs]

    def _source_id(self, name: str) -> int:
        if name not in self.source_index:
            self.source_index[name] = len(self.source_names)
            self.source_names.append(name)
        return self.source_index[name]

    def _finish_segment(self) -> None:
        assert self.writer is not None
        self.done.append(self.writer.finish())
        self.writer = None

    def _checkpoint(self) -> None:
        """Note what is finished, so that an interrupted job need not do it again."""
        self.state["pending"] = {
            "job": self._job_key,
            "documents": self.skip + self.report.added,
            "segments": [s.to_dict() for s in self.done],
            "sources": self.source_names,
            "vocabulary": put_vocabulary(self.storage, self.vocabulary.finish()),
        }
        self.storage.commit(self.state)
        self.storage.keep_only(live_blobs(self.state))

    def _commit(self, matcher: Matcher | None) -> None:
        old: list[SegmentState] = []
        if matcher is not None:
            old, self.report.removed = matcher.finish(self.vocabulary, self.remove_missing)
        if matcher is not None and not self.done and not self.report.removed and not matcher.moved:
            self.storage.keep_only(live_blobs(self.state))
            return
        kept_by = self.state.get("by", []) if not self.remove_missing else []
        segments = old + self.done
        if not any(s.documents > s.removed for s in segments):
            raise nothing_read(self.read_report)
        state: State = {
            "generation": self.state["generation"],
            "label": self.label,
            "words": self.settings.to_dict(),
            "reading": {**self.reading.options(), "text": self.read_report.text},
            "by": list(dict.fromkeys([*kept_by, *self.read_report.by])),
            "sources": self.source_names,
            "report": self.read_report.to_dict(),
        }
        if self.old is not None:
            state |= {
                kind: self.state[kind] for kind in ("vectors", "passages") if kind in self.state
            }
        commit(self.storage, state, segments, self.vocabulary.finish())

    # What goes wrong ------------------------------------------------------------------------------

    def _interrupted(self) -> Interrupted:
        kept = self.state.get("pending", {}).get("documents", 0)
        return Interrupted(
            tr(
                f"Interrupted; {kept:,} documents are kept.",
                f"中断しました。{kept:,} 文書まで保存してあります。",
            ),
            remedy=tr(
                "Run the same command again to go on from there.",
                "同じコマンドをもう一度実行すると、そこから再開します。",
            ),
            file=self.storage.location,
        )


def _is_there(path: str | Path) -> bool:
    """Whether this is a file or a folder; a long text, which no path can be, is not."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
