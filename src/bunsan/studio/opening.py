"""Opening a studio: a server on this machine, a page in the browser or in a notebook."""

import contextlib
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, BunsanError
from bunsan.base.language import Language, tr
from bunsan.base.optional import optional
from bunsan.studio.settings import LOOPBACK, StudioSettings

PORT = 7870  # the first one tried when none is given
_TRIED = 50


class Studio:
    """A studio that is open.

    Attributes
    ----------
    url : where. close : ends it. In a notebook the object shows the page itself.
    """

    def __init__(self, settings: StudioSettings, host: str, port: int | None) -> None:
        # What takes long is imported when the port is known to be free.
        uvicorn: Any = optional("uvicorn", "uvicorn", "studio", en="The studio", ja="スタジオ")
        self._socket = _bound(host, port)
        try:
            from bunsan.studio.app import make_app

            app = make_app(settings, host=host)
        except BaseException:
            self._socket.close()
            raise
        number = self._socket.getsockname()[1]
        shown = "127.0.0.1" if host in ("0.0.0.0", "", "::") else host
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{number}/"
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve until Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve from a thread, and return when it answers."""
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise BunsanError(tr("The studio did not start.", "スタジオを起動できません。"))
            time.sleep(0.02)

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)

    def __repr__(self) -> str:
        return f"<bunsan studio at {self.url}>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{self.url}" style="width:100%;height:860px;border:1px solid #8884;'
            f'border-radius:8px" title="bunsan studio"></iframe>'
        )


def open_studio(
    collection: Any = None,
    *,
    models: tuple[str, ...] | list[str] = (),
    port: int | None = None,
    host: str = "127.0.0.1",
    language: Language | None = None,
) -> Studio:
    """Open the studio beside a running program or notebook.

    Parameters
    ----------
    collection : a `Collection` kept in a folder, or the folder; None: none.
    models : folders or names of models to offer.
    port : None: the first free one. host : the address to bind to; others can reach any but
        127.0.0.1.
    language : of the page; None: the browser's.

    Returns
    -------
    A `Studio`: a notebook shows the page; `.url` says where it is, `.close()` ends it.

    Raises
    ------
    Missing : the extra `studio` is not installed. BadInput : the port is taken.
    """
    location = getattr(getattr(collection, "storage", None), "location", collection)
    settings = studio_settings(location, models, host, language)
    studio = Studio(settings, host, port)
    studio.start()
    return studio


def studio_settings(
    collection: str | Path | None,
    models: tuple[str, ...] | list[str],
    host: str,
    language: Language | None,
) -> StudioSettings:
    """The settings; a collection that cannot be opened is told now, not in the browser."""
    if collection is not None:
        from bunsan.tasks.facade import open_collection

        open_collection(str(collection))
    return StudioSettings(
        collection=None if collection is None else str(collection),
        models=tuple(models),
        language=language,
        own_machine=host in LOOPBACK,
    )


def show_in_browser(url: str) -> None:
    """Open the page once the server answers; where there is no browser, nothing happens."""
    import webbrowser

    def when_ready() -> None:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(_address(url), 0.2):
                break
            time.sleep(0.1)
        with contextlib.suppress(Exception):
            webbrowser.open(url)

    threading.Thread(target=when_ready, daemon=True).start()


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    return host.strip("[]"), int(port)


def _bound(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last: OSError | None = None
    for number in [port] if port is not None else range(PORT, PORT + _TRIED):
        one = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, number))
            return one
        except OSError as error:
            one.close()
            last = error
    raise BadInput(
        tr(f"The port {port or PORT} on {host} cannot be used ({last}).",
           f"{host} のポート {port or PORT} を使えません({last})。"),
        remedy=tr("Give another one with --port.", "--port で別の番号を指定してください。"),
    )  # fmt: skip
