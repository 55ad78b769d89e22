"""A server that listens: a socket, uvicorn, and an orderly end."""

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

LOCAL = ("127.0.0.1", "localhost", "::1")


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound and listens; port 0 takes one that is free.

    Raises
    ------
    BadInput : the port is taken or forbidden, or there is no such address here.
    """
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        sock = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise BadInput(
            tr(f"There is no address {host} here.", f"アドレス {host} はここにありません。"),
            remedy=tr("Give --host 127.0.0.1.", "--host 127.0.0.1 を指定してください。"),
        ) from error
    try:
        if sys.platform != "win32":  # there it would let two servers have one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(2048)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            problem = tr(f"Port {port} is taken.", f"ポート {port} は使用中です。")
        elif error.errno == errno.EACCES:
            problem = tr(f"Port {port} is forbidden.", f"ポート {port} は使えません。")
        else:
            problem = tr(
                f"{host} cannot be listened on ({error.strerror}).",
                f"{host} で待ち受けできません({error.strerror})。",
            )
        raise BadInput(
            problem,
            remedy=tr(
                "Give another with --port, or --port 0 for one that is free.",
                "--port で別のポートを指定してください。--port 0 なら空きポートを使います。",
            ),
        ) from error
    sock.setblocking(False)
    return sock


def address_of(sock: socket.socket) -> str:
    """What a client on this machine writes: http://127.0.0.1:8000."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Tells when it is ready, and leaves a signal's exit code to us.

    Parameters
    ----------
    ready : called once requests are answered.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then `ready`."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """The first Ctrl-C or SIGTERM lets requests finish, the second does not."""
        import threading

        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_number: int, _frame: FrameType | None) -> None:
            if self.should_exit:
                self.force_exit = True
            self.should_exit = True

        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, stop) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(
    app: FastAPI, *, grace_seconds: float = 20.0, ready: Callable[[], None] = lambda: None
) -> Server:
    """A server of an application; `serve(sockets=[...])` runs it."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(grace_seconds)),
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 << 10,
        ws="none",
        proxy_headers=False,
    )
    return Server(config, ready)


def run(
    app: FastAPI, sock: socket.socket, *, grace_seconds: float, ready: Callable[[], None]
) -> None:
    """Serve until Ctrl-C or SIGTERM; then running requests have so many seconds."""
    server: Any = make_server(app, grace_seconds=grace_seconds, ready=ready)
    asyncio.run(server.serve(sockets=[sock]))
