"""Work that takes its time: in a thread of its own, watched from the page, stopped on request."""

import contextvars
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from bunsan.base.errors import BunsanError, Interrupted
from bunsan.base.language import tr
from bunsan.base.progress import listening


class Live:
    """What is seen of work under way beside its progress, and how it is ended gently.

    Attributes
    ----------
    gentle : it has something to keep by now: a first wish to stop is told to it through `enough`, and
        only a second one ends it at once.
    """

    def __init__(self) -> None:
        self.gentle = False
        self.enough = threading.Event()

    def picture(self) -> str:
        """Markup below the progress."""
        return ""


class Job:
    """One piece of work.

    Attributes
    ----------
    title : what is done. share : how much of it, 0 to 1; None where that is not known.
    note : a few words about it. result : what it gave. error : why it failed.
    stopped : the person stopped it.
    """

    def __init__(self, title: str, work: Callable[[], Any], live: Live | None = None) -> None:
        self.title, self.note = title, ""
        self.live = live or Live()
        self.share: float | None = None
        self.result: Any = None
        self.error: BunsanError | None = None
        self.stopped = False
        self._work = work
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._begun = time.monotonic()
        self._end: float | None = None
        # The page's language goes along into the thread.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """It has not ended."""
        return not self._ended.is_set()

    @property
    def seconds(self) -> float:
        """Since it began, or from then to its end."""
        return (time.monotonic() if self._end is None else self._end) - self._begun

    def stop(self) -> None:
        """End it at the next step; what can be kept is kept."""
        if self.live.gentle and not self.live.enough.is_set():
            self.live.enough.set()
        else:
            self._stop.set()

    def end(self) -> None:
        """The same without any delay: the studio closes."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended within so many seconds."""
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            with listening(self._hear):
                self.result = self._work()
        except (KeyboardInterrupt, Interrupted):
            self.stopped = True
        except BunsanError as error:
            self.error = error
        except Exception as error:
            traceback.print_exc()
            self.error = unexpected(error)
        finally:
            self._end = time.monotonic()
            self._ended.set()

    def _hear(self, title: str, done: float, total: float | None, note: str) -> None:
        self.title, self.note = title, note
        self.share = min(done / total, 1.0) if total else None
        if self._stop.is_set():
            raise KeyboardInterrupt


def unexpected(error: Exception) -> BunsanError:
    """The message for a failure nobody has foreseen."""
    return BunsanError(
        tr(
            f"Something failed that should not ({type(error).__name__}: {error}).",
            f"予期しない失敗です({type(error).__name__}: {error})。",
        ),
        remedy=tr(
            "The terminal in which the studio runs shows where.",
            "スタジオを起動した端末に詳細があります。",
        ),
    )
