"""A thread that does all the work of one model, so that nothing there is done twice at once.

Requests live in the event loop, models in threads; `Worker` is where they meet.
"""

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from bunsan.serve.errors import ApiError, as_api_error
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings

T = TypeVar("T")


class Worker:
    """Does calls one after the other. What does more overrides `_busy`, `_turn` and `_abandon`.

    Parameters
    ----------
    name : of the model, for metrics.
    """

    def __init__(self, name: str, settings: ServeSettings, metrics: Metrics) -> None:
        self.name, self.settings, self.metrics = name, settings, metrics
        self._lock = threading.Condition()
        self._calls: deque[_Call] = deque()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._pace = Pace()

    async def call(self, function: Callable[[], T]) -> T:
        """The result of a function that runs in the thread, between other work.

        Raises
        ------
        ApiError : too many calls wait (429), or the server stops (503).
        """
        call = _Call(function)
        with self._lock:
            self._check_open()
            if len(self._calls) >= max(1, self.settings.queue):
                raise self.full(len(self._calls))
            self._calls.append(call)
            self._wake()
        try:
            found: T = await call.future
        finally:
            call.cancelled = True
        return found

    def stop(self) -> None:
        """End the thread; what waits is told so."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join()
        else:
            self._close()

    def full(self, waiting: int) -> ApiError:
        """The answer to one request too many."""
        seconds = self._pace.seconds(waiting)
        return ApiError(
            429,
            f"{self.name} has too many requests; try again in {seconds} s.",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(seconds)},
        )

    # In the thread

    def _busy(self) -> bool:
        """Whether `_turn` has something to do."""
        return False

    def _turn(self) -> None:
        """Some work, not much at a time: calls wait meanwhile."""

    def _abandon(self, error: ApiError) -> None:
        """Tell everybody who waits that nothing comes."""

    def _run(self) -> None:
        while True:
            with self._lock:
                while not (self._stopping or self._calls or self._busy()):
                    self._lock.wait()
                if self._stopping:
                    break
                call = self._calls.popleft() if self._calls else None
            if call is not None:
                begin = time.monotonic()
                call.run()
                self._pace.done(1, time.monotonic() - begin)
            if self._busy():
                try:
                    self._turn()
                except Exception as error:  # the thread lives on, whatever it was
                    report(error)
                    self._abandon(as_api_error(error))
        self._close()

    def _close(self) -> None:
        error = stopping()
        while self._calls:
            self._calls.popleft().fail(error)
        self._abandon(error)

    # With the lock held

    def _check_open(self) -> None:
        if self._stopping:
            raise stopping()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name=f"bunsan-{self.name}", daemon=True
            )
            self._thread.start()
        self._lock.notify_all()


class Pace:
    """How long one thing takes, lately: for `Retry-After`."""

    def __init__(self) -> None:
        self._each = 0.1

    def done(self, count: int, seconds: float) -> None:
        """So many were done in so many seconds."""
        if count:
            self._each += 0.1 * (seconds / count - self._each)

    def seconds(self, waiting: int) -> int:
        """Whole seconds until that many are done, between 1 and 60."""
        return min(60, max(1, math.ceil(self._each * waiting)))


class _Call:
    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.cancelled = False

    def run(self) -> None:
        if self.cancelled:
            return
        try:
            result = self.function()
        except Exception as error:
            self.fail(error)
        else:
            self._tell(lambda: self.future.set_result(result))

    def fail(self, error: Exception) -> None:
        self._tell(lambda: self.future.set_exception(error))

    def _tell(self, how: Callable[[], None]) -> None:
        def tell() -> None:
            if not self.future.done():
                how()

        in_loop(self.loop, tell)


def in_loop(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Call it there; where the loop is closed nobody waits any more."""
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        if not loop.is_closed():
            raise


def report(error: Exception) -> None:
    """A fault that a client is told nothing of, for whoever runs the server."""
    logging.getLogger("bunsan.serve").error("a model's work failed", exc_info=error)


def stopping() -> ApiError:
    """The answer of a server that is about to end."""
    return ApiError(503, "The server is stopping.", code="stopping", headers={"Retry-After": "5"})
