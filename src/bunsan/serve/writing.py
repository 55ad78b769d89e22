"""Answers of one model: requests join its running batch between two steps and leave when they end.

Each turn reads a piece of the prompts that wait, writes one token of all answers, and takes every
beam search a token further. A prompt longer than a piece is read over many turns, one such prompt at
a time; short ones need not wait for it.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from bunsan.nn.generation.beams import BeamSearch
from bunsan.nn.generation.decoding import Finish, Request, Row
from bunsan.nn.generation.prefix import PrefixStore
from bunsan.nn.generation.running import Joining, Running
from bunsan.serve.errors import ApiError, as_api_error
from bunsan.serve.jobs import Answer, Job, newest, size
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings
from bunsan.serve.worker import Worker, in_loop, report

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator

_LOOKED_AT = 32  # answers that wait: a short one further back overtakes no long one


@dataclass(eq=False)
class _Group:
    """Answers of one prompt that is read in pieces, or that is searched."""

    answers: list[Answer]
    work: Joining | BeamSearch

    @property
    def rows(self) -> int:
        """Rows of a batch that it takes."""
        return self.work.rows if isinstance(self.work, BeamSearch) else len(self.answers)

    @property
    def wanted(self) -> bool:
        """Whether anybody still reads it."""
        return not all(answer.job.cancelled for answer in self.answers)


class WritingWorker(Worker):
    """Owns a generator's running batch."""

    def __init__(
        self, name: str, generator: "TextGenerator", settings: ServeSettings, metrics: Metrics
    ) -> None:
        super().__init__(name, settings, metrics)
        self.generator = generator
        self._waiting: deque[Answer] = deque()
        self._active: list[Answer] = []  # rows of the batch, in its order
        self._long: _Group | None = None  # whose prompt is being read
        self._searches: list[_Group] = []
        self._open = 0  # answers that wait, are written, or are being read
        # `choose` shares it; one without room keeps nothing.
        generator.__dict__["store"] = PrefixStore(settings.prefix_bytes)
        self._running = self._new_batch()
        self._last = time.monotonic()  # when an answer ended

    @property
    def load(self) -> tuple[int, int]:
        """Answers that are written, and that wait."""
        return len(self._begun()), len(self._waiting)

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
        rows = max(answer.request.decoding.beams for answer in job.answers)
        if rows > self.settings.rows:  # it would wait for ever
            raise ApiError(
                400, f"{rows} beams are more than this server searches with ({self.settings.rows}).",
                param="num_beams", code="invalid_value",
            )  # fmt: skip
        with self._lock:
            self._check_open()
            waiting = len(self._waiting)
            # What is written and not yet read counts too, so that memory is bounded.
            if self._open + count > most:
                raise self.full(waiting)
            if not self._busy():
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
        return Running(self.generator.model, self._store)

    @property
    def _store(self) -> PrefixStore | None:
        return self.generator.store if self.settings.prefix_bytes else None

    def _busy(self) -> bool:
        return bool(self._waiting or self._active or self._long or self._searches)

    def _turn(self) -> None:
        try:
            self._leave()
            self._read()
            if self._active:
                self._running.step()
                self.metrics.rows.labels(self.name).observe(len(self._active))
                self._deliver(self._active)
                self._leave()
            for group in list(self._searches):
                self._search(group)
        except Exception as error:  # whatever a model does, the next request has a server
            failed = self._begun()
            self._active, self._long, self._searches = [], None, []
            self._running = self._new_batch()
            found = as_api_error(error)
            for job in {answer.job for answer in failed}:
                job.cancelled = True
                job.fail(found)
            if not isinstance(error, (ApiError, MemoryError)):
                report(error)

    def _begun(self) -> list[Answer]:
        """All answers that wait no more."""
        groups = [*self._searches, *([self._long] if self._long else [])]
        return self._active + [answer for group in groups for answer in group.answers]

    def _read(self) -> None:
        """A piece of the prompts that wait: short ones whole, then some of a long one."""
        piece = self.settings.piece_tokens
        fresh, tokens = self._next()
        if fresh:
            self._active += fresh  # before, so that a failure is told to them too
            try:
                joining = self._running.begin([answer.request for answer in fresh])
                rows = self._running.advance(joining)
            except ValueError as error:  # nothing was added
                del self._active[-len(fresh) :]
                _refuse(fresh, error)
            else:
                assert rows is not None
                self._joined(fresh, rows)
        if self._long is not None and not self._long.wanted:
            self._ended(len(self._long.answers))
            self._long = None
        if self._long is None:
            return
        # Half a piece is its own, so that many short prompts do not keep it waiting.
        tokens = max(piece - tokens, piece // 2, 1)
        group, work = self._long, self._long.work
        if isinstance(work, BeamSearch):
            work.advance(tokens)
            if not work.reading:
                self._long = None
                self._searches.append(group)
        elif (added := self._running.advance(work, tokens)) is not None:
            self._long = None
            self._active += group.answers
            self._joined(group.answers, added)

    def _next(self) -> tuple[list[Answer], int]:
        """Answers that may join now, and how many tokens are read for them; a long one begins."""
        piece = self.settings.piece_tokens
        held = [*self._searches, *([self._long] if self._long else [])]
        room = self.settings.rows - len(self._active) - sum(group.rows for group in held)
        with self._lock:
            some = [a for a in islice(self._waiting, _LOOKED_AT) if not a.job.cancelled]
        fresh: list[Answer] = []
        long: list[Answer] = []
        left = piece
        for answer in some:
            request = answer.request
            if long and _same(long[0].request, request):
                if _searched(request):
                    long.append(answer)
                    continue
                if room < 1:
                    break
                long.append(answer)
            elif _searched(request) or self._unread(fresh, request) > piece:
                if self._long is not None or long:
                    continue
                if room < request.decoding.beams:
                    break  # else others would for ever take the places that it waits for
                long.append(answer)
            elif room < 1 or (fresh and self._unread(fresh, request) > left):
                break
            else:
                left -= self._unread(fresh, request)
                fresh.append(answer)
            room -= request.decoding.beams
        if not (fresh or long):
            return [], 0
        with self._lock:
            chosen = {*fresh, *long}
            self._waiting = deque(answer for answer in self._waiting if answer not in chosen)
        if long:
            self._begin(long)
        return fresh, piece - left

    def _unread(self, fresh: Sequence[Answer], request: Request) -> int:
        """Tokens to read for one more answer; samples of a prompt are read once."""
        if fresh and _same(fresh[-1].request, request):
            return 0
        most = size(request)
        return most if most <= self.settings.piece_tokens else self._running.unread(request)

    def _begin(self, answers: list[Answer]) -> None:
        """Begin to read a long prompt, or one that is searched."""
        requests = [answer.request for answer in answers]
        try:
            work: Joining | BeamSearch = (
                BeamSearch(self.generator.model, requests[:1], self._store)
                if _searched(requests[0])
                else self._running.begin(requests)
            )
        except ValueError as error:
            _refuse(answers, error)
        else:
            self._long = _Group(answers, work)

    def _joined(self, answers: Sequence[Answer], rows: Sequence[Row]) -> None:
        """Prompts were read: their answers are the last rows of the batch."""
        for answer, row in zip(answers, rows, strict=True):
            answer.row = row
        self._told_first(answers)
        self._deliver(answers)
        self._leave()

    def _told_first(self, answers: Sequence[Answer]) -> None:
        now = time.monotonic()
        for answer in answers:
            self.metrics.first.labels(self.name).observe(now - answer.job.begin)
            if answer.request.sample == 0:
                self.metrics.tokens.labels(self.name, "prompt").inc(size(answer.request))

    def _search(self, group: _Group) -> None:
        """One more token of every beam; at the end the best texts are the answers."""
        search = group.work
        assert isinstance(search, BeamSearch)
        if group.wanted and not search.advance():
            return
        self._searches.remove(group)
        self._ended(len(group.answers))
        if not group.wanted:
            return
        for answer in group.answers:
            request = answer.request
            tokens = search.found[0][request.sample].tokens
            finish: Finish = "end" if tokens[-1] in request.decoding.end else "length"
            answer.row = Row(request, len(tokens), tokens, finish=finish)
        self._told_first(group.answers)
        self._deliver(group.answers)

    def _deliver(self, answers: Sequence[Answer]) -> None:
        """The newest tokens to those who asked."""
        jobs: set[Job] = set()
        tokens = 0
        for answer in answers:
            if answer.job.cancelled:
                continue
            piece = newest(answer)
            tokens += piece.tokens
            answer.job.tell(piece)
            jobs.add(answer.job)
        for loop in {job.loop for job in jobs}:  # one, but for tests
            there = [job for job in jobs if job.loop is loop]
            in_loop(loop, partial(_look, there))
        self.metrics.tokens.labels(self.name, "completion").inc(tokens)

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
            self._ended(len(gone))

    def _ended(self, count: int) -> None:
        now = time.monotonic()
        self._pace.done(count, now - self._last)
        self._last = now
        self._gauge()

    def _abandon(self, error: ApiError) -> None:
        left = [*self._waiting, *self._begun()]
        self._waiting, self._active, self._long, self._searches = deque(), [], None, []
        for job in {answer.job for answer in left}:
            job.fail(error)

    def _gauge(self) -> None:
        running, waiting = self.load
        self.metrics.running.labels(self.name).set(running)
        self.metrics.queue.labels(self.name).set(waiting)


def _look(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.look()


def _same(a: Request, b: Request) -> bool:
    """Whether two are samples of one prompt, which is read once for both."""
    return a.ids is b.ids and a.source is b.source


def _searched(request: Request) -> bool:
    return request.decoding.beams > 1


def _refuse(answers: Sequence[Answer], error: ValueError) -> None:
    for job in {answer.job for answer in answers}:
        job.cancelled = True
        job.fail(ApiError(400, str(error), code="bad_input"))
