"""Running a training: threads that can be held, progress, checkpoints, interruption."""

import threading
import time
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from bunsan.base.errors import Interrupted
from bunsan.base.language import tr
from bunsan.words.training.checkpoint import save_checkpoint
from bunsan.words.training.trained import OnProgress

_REPORT_SECONDS = 0.25
_CHECKPOINT_SECONDS = 60.0
# Saving takes at most this share of the time.
_CHECKPOINT_SHARE = 0.05


class Work(Protocol):
    """A training in portions.

    Attributes
    ----------
    threads : how many there are.
    words_total : the size of all work, in the unit of `words_done`.
    seconds : float64[1], by the clock, before this run. processor : float64[threads].
    """

    threads: int
    words_total: int
    seconds: NDArray[Any]
    processor: NDArray[Any]

    def prepare(self) -> None:
        """Have kernels compiled."""

    def work(self, number: int) -> bool:
        """Let a thread do its next portion; False when none is left."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by name."""

    def words_done(self) -> int:
        """How far it is."""

    def loss(self) -> float | None:
        """The mean loss now."""

    def alpha(self) -> float:
        """The learning rate now."""


def run(task: Work, folder: Path | None, mark: str, on_progress: OnProgress | None) -> None:
    """Work until all is done.

    Parameters
    ----------
    folder : where a checkpoint with the fingerprint `mark` is written about every minute, at the
        end and when the person interrupts; None writes none.

    Raises
    ------
    Interrupted : on KeyboardInterrupt, when all threads have ended their portions.
    """
    crew = _Crew(task)
    begun = saved = time.monotonic()
    earlier, before = float(task.seconds[0]), task.words_done()
    pause = _CHECKPOINT_SECONDS

    def save() -> None:
        task.seconds[0] = earlier + time.monotonic() - begun
        if folder is not None:
            save_checkpoint(folder, task.arrays(), mark)

    def tell() -> None:
        if on_progress is not None:
            done = task.words_done()
            speed = (done - before) / max(time.monotonic() - begun, 1e-9)
            on_progress(done, task.words_total, task.loss(), task.alpha(), speed)

    # Compiled, or read from the disk, once, before all threads would do it.
    task.prepare()
    try:
        crew.start()
        while not crew.wait(_REPORT_SECONDS):
            tell()
            if folder is not None and time.monotonic() - saved > pause:
                crew.hold()
                started = time.monotonic()
                save()
                saved = time.monotonic()
                pause = max(_CHECKPOINT_SECONDS, (saved - started) / _CHECKPOINT_SHARE)
                crew.go_on()
        tell()
        save()
    except KeyboardInterrupt:
        crew.stop()
        save()
        raise _interrupted(folder) from None
    except BaseException:
        crew.stop()  # a thread may have failed within its portion: the last checkpoint stands
        raise


def _interrupted(folder: Path | None) -> Interrupted:
    problem = tr("Training was interrupted.", "学習を中断しました。")
    if folder is None:
        remedy = tr(
            "Nothing was kept: no folder for checkpoints was given.",
            "途中経過を置くフォルダーの指定がないため、何も残っていません。",
        )
    else:
        remedy = tr(
            f"The same command takes it up again, from the checkpoint in {folder}.",
            f"同じコマンドで、{folder} の途中経過から再開できます。",
        )
    return Interrupted(problem, remedy=remedy)


class _Crew:
    """Threads that work through a task and can be held between two portions."""

    def __init__(self, task: Work) -> None:
        self._task = task
        self._changed = threading.Condition()
        self._held = self._stopped = False
        self._working = 0  # threads that are not at rest
        self._alive = 0
        self._error: BaseException | None = None

    def start(self) -> None:
        """Set all threads to work."""
        for number in range(self._task.threads):
            # One by one, so that an interruption in between waits for those there are.
            with self._changed:
                self._working += 1
                self._alive += 1
            threading.Thread(target=self._work, args=(number,), daemon=True).start()

    def _work(self, number: int) -> None:
        try:
            clock = time.thread_time()
            while not self._stopped and self._task.work(number):
                now = time.thread_time()
                self._task.processor[number] += now - clock
                clock = now
                if self._held:
                    self._rest()
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._working -= 1
                self._alive -= 1
                self._changed.notify_all()

    def _rest(self) -> None:
        with self._changed:
            self._working -= 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._held or self._stopped)
            self._working += 1

    def wait(self, seconds: float) -> bool:
        """Wait for the end of all work, not longer than `seconds`; whether it was reached."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self._alive == 0, seconds)
        if self._error is not None:
            raise self._error
        return ended

    def hold(self) -> None:
        """Return when no thread works."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: self._working == 0)

    def go_on(self) -> None:
        """End `hold`."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def stop(self) -> None:
        """Return when all threads have ended, each with its portion."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._alive == 0)
