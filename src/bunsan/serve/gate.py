"""What stands before every request: who may ask, how much, for how long; and what is counted after.

A plain ASGI middleware: nothing of a response is held back.
"""

import asyncio
import hashlib
import hmac
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from bunsan.serve.errors import ApiError, as_api_error
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_JSON = ("/v1/", "/bunsan/")  # here nothing else is read
_OPEN = ("/health", "/health/live", "/health/ready")
_DRAINED = 4  # bodies up to so many times the limit are read to the end before they are refused


class Gate:
    """Keys, host names, sizes and times of requests; metrics and the access log."""

    def __init__(self, app: App, settings: ServeSettings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self._keys = [hashlib.sha256(key.encode()).digest() for key in settings.keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin = time.monotonic()
        status = 499  # the client left before there was an answer
        started = False

        async def noting(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
            await send(message)

        self.metrics.open.inc()
        try:
            headers = dict(scope["headers"])
            self._check(scope, headers)
            if _is_others(scope):
                await self.app(scope, receive, noting)
                return
            body = await self._body(headers, receive)
            if scope["path"].startswith(_JSON):
                _check_json(body, headers)
            await self.app(scope, _replayed(body, receive), noting)
        except _Left:
            pass
        except Exception as error:
            if not started:
                with suppress(Exception):
                    await as_api_error(error).response()(scope, receive, noting)
            if not isinstance(error, ApiError):
                raise
        finally:
            self.metrics.open.dec()
            self._note(scope, status, time.monotonic() - begin)

    def _check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        hosts = self.settings.hosts
        if hosts and _host(headers.get(b"host", b"")) not in hosts:
            raise ApiError(
                400,
                "This server is not addressed by that name; `bunsan serve --allow-host NAME` admits one.",
                code="unknown_host",
            )
        if not self._keys or scope["path"] in _OPEN:
            return
        scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
        given = hashlib.sha256(key.strip()).digest()
        # All are compared, each in constant time.
        found = [hmac.compare_digest(given, known) for known in self._keys]
        if scheme.lower() != b"bearer" or not any(found):
            raise ApiError(
                401,
                "No valid API key: send `Authorization: Bearer KEY`.",
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """All of it, so that a client that sends slowly waits here and nowhere else."""
        most = self.settings.max_body
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > _DRAINED * most:
            raise _too_large(most)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Left
                    part = message.get("body", b"")
                    size += len(part)
                    if size <= most:
                        parts.append(part)
                    elif size > _DRAINED * most:
                        raise _too_large(most)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise ApiError(
                408, "The request took too long to arrive.", code="timeout",
                headers={"Connection": "close"},
            ) from None  # fmt: skip
        if size > most:
            raise _too_large(most)
        return b"".join(parts)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        endpoint = str(getattr(route, "path", "other"))
        self.metrics.requests.labels(endpoint, str(status)).inc()
        self.metrics.seconds.labels(endpoint).observe(seconds)
        if self.settings.log:
            told = endpoint if route is not None else "?"
            extra = scope.get("bunsan.note", "")
            clock = time.strftime("%H:%M:%S")
            line = f"{clock} {scope['method']} {told} {status} {seconds * 1000:.0f} ms {extra}"
            print(line.rstrip(), file=sys.stderr, flush=True)


def _is_others(scope: Scope) -> bool:
    """Whether the path is one of an application that was mounted beside the API and has limits of its
    own, such as the studio with the files that are dropped there: it says so in `app.state.own_limits`."""
    paths = getattr(getattr(scope.get("app"), "state", None), "own_limits", ())
    return any(scope["path"] == path or scope["path"].startswith(path + "/") for path in paths)


def _check_json(body: bytes, headers: dict[bytes, bytes]) -> None:
    """Refuse what says that it is something else, and half characters, which no answer could repeat."""
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    # A web page may send other types without being asked first (CORS); JSON it may not.
    if body and kind != b"application/json":
        raise ApiError(
            400, "The body must be JSON, with Content-Type: application/json.",
            code="unsupported_media_type",
        )  # fmt: skip
    if _SURROGATE.search(body) and not _is_text(body):
        raise ApiError(
            400, "The body has half of a character (a lone surrogate).", code="invalid_value"
        )


def _is_text(body: bytes) -> bool:
    """Whether JSON with surrogates in it has them in pairs; what is no JSON is told elsewhere."""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    except (ValueError, RecursionError):
        pass
    return True


class _Left(Exception):
    """The client closed the connection before its request was whole."""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body again for the app, then what the server says next: that the client left."""
    told = False

    async def again() -> Message:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


def _too_large(most: int) -> ApiError:
    return ApiError(
        413, f"The request is larger than {most:,} bytes.", code="request_too_large",
        headers={"Connection": "close"},
    )  # fmt: skip


def _host(value: bytes) -> str:
    """The name in a Host header, without the port."""
    text = value.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
