"""What each visitor has open: nobody sees another's data.

A visitor is one tab of a browser. Every load of the page has a name, which comes with each request;
the visitor's token lives in the tab's own storage, so that a reload or a change of language finds
everything as it was.
"""

import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import Language, tr
from bunsan.studio.jobs import Job, Live

if TYPE_CHECKING:
    from bunsan.studio.twins import Origin
    from bunsan.tasks.facade import Collection
    from bunsan.tasks.finetuning.opened import OpenedTask
    from bunsan.tasks.opening import Model

_MOST = 500  # visitors remembered; those longest away are forgotten first
_RESULTS = 40  # figures and tables of a visitor that can still be fetched


@dataclass(frozen=True)
class Result:
    """Something that can be fetched: an object with `save(path)`."""

    value: Any
    name: str
    language: Language


@dataclass
class Session:
    """One visitor.

    Attributes
    ----------
    folder : for files of this visitor only; deleted with the studio.
    collection : what is open. name : what it is called on the page.
    upload : the file that was dropped. jobs : what runs or ran last, one in each slot.
    results : what can be fetched, by an unguessable name.
    kept : folders this visitor has learned into. origin : how the collection came to be.
    made : folders of models that this visitor has trained.
    table : the file that was dropped to train on. asked : the one dropped to be answered.
    halted : set to end what is being written in the Playground.
    """

    folder: Path
    collection: "Collection | None" = None
    name: str = ""
    upload: Path | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    seen: float = field(default_factory=time.monotonic)
    kept: set[Path] = field(default_factory=set)
    origin: "Origin | None" = None
    made: list[Path] = field(default_factory=list)
    table: Path | None = None
    asked: Path | None = None
    halted: threading.Event = field(default_factory=threading.Event)

    @property
    def touched(self) -> bool:
        """Something was done here."""
        return self.collection is not None or self.upload is not None or bool(self.jobs)

    @property
    def open(self) -> "Collection":
        """The open collection.

        Raises
        ------
        Missing : none is open.
        """
        if self.collection is None:
            raise Missing(
                tr("No collection is open.", "コレクションが開かれていません。"),
                remedy=tr(
                    "Open one in the room Collection, or take the demo.",
                    "「コレクション」で開くか、デモを使ってください。",
                ),
            )
        return self.collection

    def begin(
        self, slot: str, title: str, work: Callable[[], Any], live: Live | None = None
    ) -> Job:
        """Start a job; `live` is what is seen of it meanwhile.

        Raises
        ------
        BadInput : the one before in this slot is still running.
        """
        before = self.jobs.get(slot)
        if before is not None and before.running:
            raise BadInput(
                tr(
                    f"This is still running: {before.title}.",
                    f"まだ動いています({before.title})。",
                ),
                remedy=tr("Wait for it, or stop it.", "終わるのを待つか、中止してください。"),
            )
        self.jobs[slot] = job = Job(title, work, live)
        return job

    def stop(self, slot: str) -> None:
        """End the job of a slot at its next step."""
        if slot in self.jobs:
            self.jobs[slot].stop()


class Sessions:
    """All visitors of a studio, and the models they share."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bunsan-studio-")
        self._known: dict[str, Session] = {}  # by token
        self._pages: dict[str, str] = {}  # the token of every page
        self._models: dict[str, Model] = {}
        self._answering: dict[tuple[str, float], OpenedTask] = {}
        self._busy: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self.training = threading.Lock()  # one model learns at a time: it takes the whole machine

    @property
    def folder(self) -> Path:
        """Where files of visitors lie; deleted with this object."""
        return Path(self._folder.name)

    def arrive(self, page: str, token: str | None) -> str:
        """The token of the visitor whose page this is.

        Parameters
        ----------
        page : the name of the page, new with every load of it. token : what the tab remembers.
        """
        with self._lock:
            own = self._pages.get(page)
            # Who was quick to act before the page had said who it is, keeps what was done.
            if own is not None and (self._known[own].touched or token not in self._known):
                return own
            if token and token in self._known:
                self._pages[page] = token
                return token
            return self._new(page)

    def of(self, page: str) -> Session:
        """The visitor whose page this is; a new one if nobody knows it."""
        with self._lock:
            token = self._pages.get(page) or self._new(page)
            session = self._known[token]
            session.seen = time.monotonic()
            return session

    def _new(self, page: str) -> str:
        token = secrets.token_urlsafe(24)
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        self._known[token] = Session(folder)
        self._pages[page] = token
        while len(self._known) > _MOST:
            oldest = min(self._known, key=lambda t: self._known[t].seen)
            gone = self._known.pop(oldest)
            shutil.rmtree(gone.folder, ignore_errors=True)
            self._pages = {p: t for p, t in self._pages.items() if t != oldest}
        return token

    def publish(self, session: Session, value: Any, name: str, language: Language) -> str:
        """Make an object fetchable as `/figures/KEY.SUFFIX`; returns the key."""
        key = secrets.token_urlsafe(18)
        with self._lock:
            session.results[key] = Result(value, name, language)
            while len(session.results) > _RESULTS:
                del session.results[next(iter(session.results))]
        return key

    def result(self, key: str) -> tuple[Session, Result] | None:
        """What was published under this key."""
        with self._lock:
            for session in self._known.values():
                if key in session.results:
                    return session, session.results[key]
        return None

    def model(self, name: str) -> "Model":
        """A model, opened once for all."""
        from bunsan.tasks.opening import Model

        with self._opening:  # one at a time: they are large
            if name not in self._models:
                self._models[name] = Model(name)
                while len(self._models) > 3:
                    del self._models[next(iter(self._models))]
            return self._models[name]

    def answering(self, name: str) -> "OpenedTask":
        """A fine-tuned model, opened once for all as long as it stays as it is."""
        from bunsan.tasks.finetuning.entry import open_task

        config = Path(name).expanduser() / "config.json"
        key = (name, config.stat().st_mtime if config.is_file() else 0.0)
        with self._opening:
            if key not in self._answering:
                self._answering[key] = open_task(name)
                while len(self._answering) > 3:
                    del self._answering[next(iter(self._answering))]
            return self._answering[key]

    def busy(self, name: str) -> threading.Lock:
        """A model does one thing at a time: what it remembers of prompts is for one thread."""
        with self._lock:
            return self._busy.setdefault(name, threading.Lock())

    def close(self) -> None:
        """Stop what runs and delete what visitors left."""
        with self._lock:
            for session in self._known.values():
                for job in session.jobs.values():
                    job.end()
        self._folder.cleanup()
