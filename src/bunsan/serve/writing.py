"""Answers of one model: requests join its running batch between two steps and leave when they end.

A piece of text goes to its request as soon as it is written. A request whose reader is slow does not
stop its answer: pieces are kept until they are read, and an answer has at most `max_tokens` of them.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bunsan.nn.generation.decoding import Finish, Request, Row
from bunsan.nn.generation.prefix import PrefixStore
from bunsan.nn.generation.running import Running
from bunsan.nn.generation.stream import TextStream
from bunsan.serve.errors import ApiError, as_api_error
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings
from bunsan.serve.worker import Worker, in_loop, report

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator


@dataclass(frozen=True)
class TokenChosen:
    """A token of an answer, for those who want probabilities.

    `begin`: where its text begins in the answer, in characters.
    """

    id: int
    logprob: float
    alternatives: list[tuple[int, float]]
    begin: int


@dataclass
class Piece:
    """What is new of one answer of a request.

    Attributes
    ----------
    index : which answer. text : whole characters. tokens : how many were written.
    chosen : these tokens, where probabilities were asked for; the end token is none of them.
    finish : why it ended; None: it goes on.
    """

    index: int
    text: str = ""
    tokens: int = 0
    chosen: list[TokenChosen] = field(default_factory=list)
    finish: Finish | None = None

    def add(self, other: "Piece") -> None:
        """What came after this."""
        self.text += other.text
        self.tokens += other.tokens
        self.chosen += other.chosen
        self.finish = other.finish


@dataclass(eq=False)
class Answer:
    """One row of a job, waiting or running."""

    job: "Job"
    index: int
    request: Request
    text: TextStream
    row: Row | None = None
    told: int = 0


class Job:
    """The answers of one request. Made in the event loop, where they are read with `pieces`.

    Parameters
    ----------
    requests : one an answer, with what makes text of its tokens.
    """

    def __init__(self, requests: Sequence[tuple[Request, TextStream]]) -> None:
        self.loop = asyncio.get_running_loop()
        self.begin = time.monotonic()
        self.prompt_tokens = sum(size(r) for r, _ in requests if r.sample == 0)
        self.answers = [Answer(self, i, *request) for i, request in enumerate(requests)]
        self.unfinished = len(self.answers)
        self.cancelled = self.closed = False
        self.error: ApiError | None = None
        self._news: deque[Piece] = deque()
        self._event = asyncio.Event()

    async def pieces(self) -> AsyncGenerator[list[Piece], None]:
        """What has come since the last time, an answer's pieces joined, until all answers end.

        Raises
        ------
        ApiError : the model failed, or the server stops.
        """
        while True:
            await self._event.wait()
            self._event.clear()
            last = self.unfinished == 0 or self.error is not None
            found: dict[int, Piece] = {}
            while self._news:
                piece = self._news.popleft()
                if piece.index in found:
                    found[piece.index].add(piece)
                else:
                    found[piece.index] = piece
            if found:
                yield list(found.values())
            if last:
                if self.error is not None:
                    raise self.error
                return

    # In the worker's thread

    def tell(self, piece: Piece) -> None:
        """More of an answer; `look`, called in the event loop, makes it seen."""
        self._news.append(piece)
        if piece.finish is not None:
            self.unfinished -= 1

    def fail(self, error: ApiError) -> None:
        """No more comes."""
        self.error = error
        self.wake()

    def wake(self) -> None:
        """Let the reader look."""
        in_loop(self.loop, self.look)

    # In the event loop

    def look(self) -> None:
        """There is news."""
        self._event.set()


class WritingWorker(Worker):
    """Owns a generator's running batch."""

    def __init__(
        self, name: str, generator: "TextGenerator", settings: ServeSettings, metrics: Metrics
    ) -> None:
        super().__init__(name, settings, metrics)
        self.generator = generator
        self._waiting: deque[Answer] = deque()
        self._active: list[Answer] = []
        self._open = 0  # answers that wait, are written, or are being read
        # `choose` shares it; one without room keeps nothing.
        generator.__dict__["store"] = PrefixStore(settings.prefix_bytes)
        self._running = self._new_batch()
        self._last = time.monotonic()  # when an answer ended

    @property
    def load(self) -> tuple[int, int]:
        """Answers that are written, and that wait."""
        return len(self._active), len(self._waiting)

    def submit(self, job: Job) -> None:
        """Begin a job.

        Raises
        ------
        ApiError : it never fits (400), the queue is full (429), the server stops (503).
        """
        count, most = len(job.answers), self.settings.rows + self.settings.queue
        if count > most:
            raise ApiError(
                400, f"{count} answers are more than this server writes for a request ({most}).",
                param="n", code="too_many_answers",
            )  # fmt: skip
        with self._lock:
            self._check_open()
            waiting = len(self._waiting)
            # What is written and not yet read counts too, so that memory is bounded.
            if self._open + count > most:
                raise self.full(waiting)
            if not (self._active or waiting):
                self._last = time.monotonic()
            self._open += count
            self._waiting += job.answers
            self._wake()
        self._gauge()

    def close(self, job: Job) -> None:
        """Nobody reads it any more; answers that are not finished leave at the next step."""
        with self._lock:
            if job.closed:
                return
            job.closed = True
            self._open -= len(job.answers)
            left = 0 if job.error is not None else job.unfinished
            if left:
                job.cancelled = True
                self._waiting = deque(a for a in self._waiting if a.job is not job)
                self._lock.notify_all()
        if left:
            self.metrics.cancelled.labels(self.name).inc(left)
            self._gauge()

    # In the thread

    def _new_batch(self) -> Running:
        store = self.generator.store if self.settings.prefix_bytes else None
        return Running(self.generator.model, store)

    def _busy(self) -> bool:
        return bool(self._waiting or self._active)

    def _turn(self) -> None:
        try:
            self._leave()
            fresh = self._next()
            if fresh:
                self._add(fresh)
            if self._active:  # also after others have joined: they may be short, and many
                self._running.step()
                self.metrics.rows.labels(self.name).observe(len(self._active))
                self._deliver(self._active)
                self._leave()
        except Exception as error:  # whatever a model does, the next request has a server
            failed, self._active = self._active, []
            self._running = self._new_batch()
            found = as_api_error(error)
            for job in {answer.job for answer in failed}:
                job.cancelled = True
                job.fail(found)
            if not isinstance(error, (ApiError, MemoryError)):
                report(error)

    def _next(self) -> list[Answer]:
        """Those that may join now: as many as have room, and not too much to read at once."""
        fresh: list[Answer] = []
        tokens = 0
        with self._lock:
            while self._waiting and len(self._active) + len(fresh) < self.settings.rows:
                request = self._waiting[0].request
                more = 0 if fresh and _same(fresh[-1].request, request) else size(request)
                if fresh and tokens + more > self.settings.batch_tokens:
                    break
                tokens += more
                answer = self._waiting.popleft()
                if not answer.job.cancelled:
                    fresh.append(answer)
        return fresh

    def _add(self, fresh: list[Answer]) -> None:
        self._active += fresh  # before, so that a failure is told to them too
        try:
            rows = self._running.add([answer.request for answer in fresh])
        except ValueError as error:  # nothing was added
            del self._active[-len(fresh) :]
            for job in {answer.job for answer in fresh}:
                job.cancelled = True
                job.fail(ApiError(400, str(error), code="bad_input"))
            return
        for answer, row in zip(fresh, rows, strict=True):
            answer.row = row
        now = time.monotonic()
        for answer in fresh:
            self.metrics.first.labels(self.name).observe(now - answer.job.begin)
            if answer.request.sample == 0:
                self.metrics.tokens.labels(self.name, "prompt").inc(size(answer.request))
        self._deliver(fresh)
        self._leave()

    def _deliver(self, answers: Sequence[Answer]) -> None:
        """The newest tokens to those who asked."""
        jobs: set[Job] = set()
        for answer in answers:
            if answer.job.cancelled:
                continue
            answer.job.tell(_piece(answer))
            jobs.add(answer.job)
        for loop in {job.loop for job in jobs}:  # one, but for tests
            there = [job for job in jobs if job.loop is loop]
            in_loop(loop, partial(_look, there))
        self.metrics.tokens.labels(self.name, "completion").inc(len(answers))

    def _leave(self) -> None:
        """Finished and unwanted rows leave the batch."""
        gone: list[int] = []
        for i, answer in enumerate(self._active):
            row = answer.row
            if row is not None and answer.job.cancelled and row.finish is None:
                row.finish = "stop"
            if row is None or row.finish is not None:
                gone.append(i)
        if gone:
            self._running.drop(gone)
            leaving = set(gone)
            self._active = [a for i, a in enumerate(self._active) if i not in leaving]
            now = time.monotonic()
            self._pace.done(len(gone), now - self._last)
            self._last = now
            self._gauge()

    def _abandon(self, error: ApiError) -> None:
        waiting, active = list(self._waiting), self._active
        self._waiting, self._active = deque(), []
        for job in {answer.job for answer in [*waiting, *active]}:
            job.fail(error)

    def _gauge(self) -> None:
        running, waiting = self.load
        self.metrics.running.labels(self.name).set(running)
        self.metrics.queue.labels(self.name).set(waiting)


def _look(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.look()


def size(request: Request) -> int:
    """Tokens of a prompt."""
    return len(request.ids if request.source is None else request.source)


def _same(a: Request, b: Request) -> bool:
    """Whether two are samples of one prompt, which is read once for both."""
    return a.ids is b.ids and a.source is b.source


def _piece(answer: Answer) -> Piece:
    """What the last step added; a stop string ends the row."""
    row, text = answer.row, answer.text
    assert row is not None
    piece = Piece(answer.index)
    for at in range(answer.told, len(row.tokens)):
        token = row.tokens[at]
        piece.tokens += 1
        if row.finish == "end" and at == len(row.tokens) - 1:
            break
        begin = len(text.text)
        piece.text += text.push(token)
        if row.request.decoding.logprobs is not None:
            piece.chosen.append(TokenChosen(token, row.logprobs[at], row.alternatives[at], begin))
    answer.told = len(row.tokens)
    if text.stopped is not None:
        row.finish = "stop"
    if row.finish is not None:
        piece.text += text.finish()
        piece.finish = row.finish
    return piece
