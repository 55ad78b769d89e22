"""Answers that come piece by piece, as server-sent events; and clients that leave before the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bunsan.serve.errors import ApiError

T = TypeVar("T")
_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


class EventStream(Response):
    """Events as they come, until the client leaves or takes nothing for too long.

    Parameters
    ----------
    events : JSON-able values, each sent as one event.
    seconds : for the client to take what was sent before.
    close : called at the end, whatever it was.
    """

    def __init__(
        self,
        events: AsyncIterator[Mapping[str, Any]],
        seconds: float,
        close: Callable[[], None],
    ) -> None:
        super().__init__(None, 200, _HEADERS, "text/event-stream")
        del self.headers["content-length"]
        self.events, self.seconds, self.close = events, seconds, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything."""
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(client_left(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)
            self.close()

    async def _write(self, send: Send) -> None:
        async def put(data: bytes, more: bool = True) -> None:
            body = {"type": "http.response.body", "body": data, "more_body": more}
            async with asyncio.timeout(self.seconds):
                await send(body)

        with suppress(TimeoutError, OSError):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            try:
                async for event in self.events:
                    await put(b"data: " + encoded(event) + b"\n\n")
            except ApiError as error:  # the status is sent already
                await put(b"data: " + encoded(error.body()) + b"\n\n")
            await put(b"data: [DONE]\n\n")
            await put(b"", more=False)


async def unless_left(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, which is cancelled when the client leaves.

    Raises
    ------
    ApiError : it left (499; nobody reads it).
    """
    task = asyncio.create_task(work)
    leaving = asyncio.create_task(client_left(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ApiError(499, "The client left.", code="client_left")
    finally:
        for one in (task, leaving):
            one.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def client_left(receive: Receive) -> None:
    """Returns when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def encoded(value: Any) -> bytes:
    """JSON in UTF-8, in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
