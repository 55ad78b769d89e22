"""Vectors of texts: texts of many requests in one pass, so many tokens at a time, in turns."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BunsanError
from bunsan.serve.errors import ApiError, as_api_error
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings
from bunsan.serve.worker import Worker, in_loop, report

if TYPE_CHECKING:
    from bunsan.models.encoding.encoder import Encoder

Vectors = NDArray[np.float32]
_AT_ONCE = 16  # texts a request may put into a pass before another has its turn


class _Job:
    def __init__(self, texts: Sequence[str], sizes: Sequence[int]) -> None:
        self.texts, self.sizes = texts, sizes
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Vectors] = self.loop.create_future()
        self.parts: list[Vectors] = []
        self.taken = 0
        self.done = 0
        self.cancelled = False

    def finish(self) -> None:
        vectors = np.concatenate(self.parts)
        in_loop(self.loop, lambda: None if self.future.done() else self.future.set_result(vectors))

    def fail(self, error: ApiError) -> None:
        self.cancelled = True
        in_loop(self.loop, lambda: None if self.future.done() else self.future.set_exception(error))


class EncodingWorker(Worker):
    """Owns an encoder."""

    def __init__(
        self, name: str, encoder: "Encoder", settings: ServeSettings, metrics: Metrics
    ) -> None:
        super().__init__(name, settings, metrics)
        self.encoder = encoder
        self._jobs: deque[_Job] = deque()
        self._waiting = 0  # texts

    async def encode(self, texts: Sequence[str], sizes: Sequence[int]) -> Vectors:
        """(n, d) vectors of texts, whose lengths in tokens are given.

        Raises
        ------
        ApiError : too much waits (429), or the server stops (503).
        """
        job = _Job(texts, sizes)
        with self._lock:
            self._check_open()
            # A request of many texts is let in if nothing waits; else no one could ever send it.
            if self._jobs and len(self._jobs) >= max(1, self.settings.queue):
                raise self.full(self._waiting)
            self._jobs.append(job)
            self._waiting += len(texts)
            self._wake()
        self.metrics.queue.labels(self.name).set(self._waiting)
        try:
            return await job.future
        finally:
            job.cancelled = True

    # In the thread

    def _busy(self) -> bool:
        return bool(self._jobs)

    def _turn(self) -> None:
        taken = self._take()
        if not taken:
            return
        texts = [job.texts[i] for job, i in taken]
        tokens = sum(job.sizes[i] for job, i in taken)
        begin = time.monotonic()
        try:
            vectors = self.encoder.encode(texts)
        except Exception as error:
            if not isinstance(error, BunsanError):
                report(error)
            for job in {job for job, _ in taken}:
                job.fail(as_api_error(error))
            return
        self._pace.done(len(texts), time.monotonic() - begin)
        self.metrics.batch.labels(self.name).observe(tokens)
        self.metrics.tokens.labels(self.name, "prompt").inc(tokens)
        at = 0
        for job, count in _runs(taken):
            job.parts.append(vectors[at : at + count])
            job.done += count
            at += count
            if job.done == len(job.texts):
                job.finish()

    def _take(self) -> list[tuple[_Job, int]]:
        """Texts for one pass: some of every request, in turns, those of one side by side."""
        counts: dict[_Job, int] = {}
        tokens = 0
        with self._lock:
            while self._jobs and (not counts or tokens < self.settings.batch_tokens):
                job = self._jobs.popleft()
                if job.cancelled:
                    self._waiting -= len(job.texts) - job.taken
                    continue
                first = job.taken - counts.get(job, 0)
                begin = job.taken
                while job.taken < len(job.texts) and job.taken - begin < _AT_ONCE:
                    if counts and tokens + job.sizes[job.taken] > self.settings.batch_tokens:
                        break
                    tokens += job.sizes[job.taken]
                    job.taken += 1
                    counts[job] = job.taken - first
                self._waiting -= job.taken - begin
                if job.taken == begin:  # its next text has no room in this pass
                    self._jobs.appendleft(job)
                    break
                if job.taken < len(job.texts):
                    self._jobs.append(job)
        self.metrics.queue.labels(self.name).set(self._waiting)
        return [(job, job.taken - n + i) for job, n in counts.items() for i in range(n)]

    def _abandon(self, error: ApiError) -> None:
        while self._jobs:
            self._jobs.popleft().fail(error)


def _runs(taken: list[tuple[_Job, int]]) -> list[tuple[_Job, int]]:
    """How many texts of each request are in a pass."""
    counts: dict[_Job, int] = {}
    for job, _ in taken:
        counts[job] = counts.get(job, 0) + 1
    return list(counts.items())
