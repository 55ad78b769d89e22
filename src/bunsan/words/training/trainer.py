"""Training word2vec and fastText: threads, learning rate, progress, putting down and taking up.

The text is cut into as many parts as there are threads. Each thread reads its part once an epoch, a
block of ids at a time, all writing to the same rows without locks (Recht, Ré, Wright & Niu 2011,
"Hogwild!: A Lock-Free Approach to Parallelizing Stochastic Gradient Descent"): with more than one,
the numbers differ from run to run, their quality does not. Between blocks the threads can be held,
and everything is in arrays then: with one thread, a training that was interrupted ends with the
same vectors, bit for bit, as one that was not.
"""

import os
import threading
import time
from pathlib import Path

from bunsan.base.errors import BadInput, Interrupted
from bunsan.base.language import tr
from bunsan.words.training.checkpoint import fingerprint, open_checkpoint, save_checkpoint
from bunsan.words.training.corpus_store import WordCorpus
from bunsan.words.training.settings import FastTextSettings, Word2VecSettings
from bunsan.words.training.task import Task
from bunsan.words.training.trained import OnProgress, Trained

_REPORT_SECONDS = 0.25
_CHECKPOINT_SECONDS = 60.0
# Saving takes at most this share of the time.
_CHECKPOINT_SHARE = 0.05


def train(
    corpus: WordCorpus,
    settings: Word2VecSettings | FastTextSettings,
    *,
    folder: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Trained:
    """Learn word vectors from a corpus of ids.

    Parameters
    ----------
    corpus : at least two different words.
    settings : `Word2VecSettings`, or `FastTextSettings` for vectors made of character n-grams.
    folder : where a checkpoint is kept, written about every minute, at the end and when the person
        interrupts. Called again with the same folder, corpus and settings, training goes on from
        there (and returns at once where it had ended). The file is the caller's to delete.
    on_progress : called about four times a second, from this thread; see `OnProgress`.

    Memory: 8 bytes for each number of a vector and word, and 4 for each of an n-gram; the corpus
    stays on disk.

    Raises
    ------
    Interrupted : on KeyboardInterrupt, with how to go on.
    BadInput : the corpus is too small, or the folder holds another training.
    """
    if len(corpus.words) < 2:
        raise BadInput(
            tr(
                "The corpus has fewer than two words that are frequent enough.",
                "十分な頻度の語がコーパスに 2 語以上ありません。",
            ),
            remedy=tr(
                "Give more text, or a smaller min_count.",
                "文章を増やすか min_count を下げてください。",
            ),
        )
    threads = settings.threads or os.cpu_count() or 1
    place = None if folder is None else Path(folder)
    mark = fingerprint(corpus, settings, threads)
    known = None if place is None else open_checkpoint(place, mark)
    task = Task(corpus, settings, threads, known)
    crew = _Crew(task)
    watch = _Watch(task, on_progress)
    saved, pause = time.monotonic(), _CHECKPOINT_SECONDS

    def put_down() -> None:
        watch.clock()
        if place is not None:
            save_checkpoint(place, task.arrays(), mark)

    # Compiled, or read from the disk, once, before all threads would do it.
    task.prepare()
    try:
        crew.start()
        while not crew.wait(_REPORT_SECONDS):
            watch.report()
            now = time.monotonic()
            if place is not None and now - saved > pause:
                crew.hold()
                put_down()
                crew.go_on()
                saved = time.monotonic()
                pause = max(_CHECKPOINT_SECONDS, (saved - now) / _CHECKPOINT_SHARE)
        watch.report()
        put_down()
    except KeyboardInterrupt:
        crew.stop()
        put_down()
        raise _interrupted(place) from None
    finally:
        crew.stop()
    return task.result()


class _Watch:
    """Tells how far a task is, and adds up the time spent on it."""

    def __init__(self, task: Task, on_progress: OnProgress | None) -> None:
        self._task, self._on_progress = task, on_progress
        self._begun = self._counted = time.monotonic()
        self._before = task.words_done()

    def report(self) -> None:
        """Call the caller back."""
        if self._on_progress is not None:
            task, done = self._task, self._task.words_done()
            seconds = max(time.monotonic() - self._begun, 1e-9)
            speed = (done - self._before) / seconds
            self._on_progress(done, task.words_total, task.loss(), task.alpha(), speed)

    def clock(self) -> None:
        """Add the seconds since the last call to the task's own."""
        now = time.monotonic()
        self._task.seconds[0] += now - self._counted
        self._counted = now


def _interrupted(folder: Path | None) -> Interrupted:
    problem = tr("Training was interrupted.", "学習を中断しました。")
    if folder is None:
        remedy = tr(
            "Nothing was kept: no folder for checkpoints was given.",
            "途中経過を置くフォルダーの指定がないため、何も残っていません。",
        )
        return Interrupted(problem, remedy=remedy)
    remedy = tr(
        f"The same command takes it up again, from the checkpoint in {folder}.",
        f"同じコマンドで、{folder} の途中経過から再開できます。",
    )
    return Interrupted(problem, remedy=remedy)


class _Crew:
    """Threads that work through a task and can be held between two blocks."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._changed = threading.Condition()
        self._held = self._stopped = False
        self._working = self._left = 0
        self._error: BaseException | None = None

    def start(self) -> None:
        """Set all threads to work."""
        for number in range(self._task.threads):
            with self._changed:
                self._working += 1
                self._left += 1
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
                self._left -= 1
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
            ended = self._changed.wait_for(lambda: self._left == 0, seconds)
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
        """Return when all threads have ended, each with its block."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._left == 0)
