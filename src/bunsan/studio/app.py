"""The studio as a web application: its pages, their assets, and what visitors fetch."""

import contextlib
import re
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bunsan._version import __version__
from bunsan.base.errors import BunsanError
from bunsan.base.language import Language, language, speaking
from bunsan.studio.layout import build_page
from bunsan.studio.sessions import Sessions
from bunsan.studio.settings import LOOPBACK, StudioSettings
from bunsan.studio.toolkit import gr, theme

_ASSETS = {
    "studio.css": "text/css; charset=utf-8",
    "studio.js": "text/javascript; charset=utf-8",
    "wordmap.js": "text/javascript; charset=utf-8",
}
_drawing = threading.Lock()  # matplotlib is for one thread at a time
_SUFFIXES = ("html", "png", "svg", "pdf", "graphml", "xlsx", "csv", "toml", "json", "zip")
_LANGUAGES: tuple[Language, ...] = ("ja", "en")
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#345a87"/><g fill="#fff">'
    '<circle cx="10" cy="11" r="3"/><circle cx="22" cy="9" r="2.2"/>'
    '<circle cx="20" cy="20" r="4"/><circle cx="9" cy="23" r="2.2"/></g></svg>'
)
# Nothing is asked of any other machine, whatever a text or a library says.
_POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"
)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def make_app(settings: StudioSettings | None = None, *, host: str = "127.0.0.1") -> FastAPI:
    """An application with the studio alone; its first page leads there.

    Parameters
    ----------
    host : the address it will be bound to. Bound to this machine only, it answers to this machine's
        names only, so that no page of another site can reach it under a name of its own.
    """
    settings = settings or StudioSettings()
    app = FastAPI(title="bunsan studio", docs_url=None, redoc_url=None, openapi_url=None)
    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])

    @app.get("/")
    def start() -> RedirectResponse:
        return RedirectResponse(settings.path + "/")

    mount_studio(app, settings)
    return app


def mount_studio(app: FastAPI, settings: StudioSettings) -> Sessions:
    """Put the studio into an application, at `settings.path`; returns its visitors."""
    sessions = Sessions()
    base = settings.path

    @app.get(base + "/", include_in_schema=False)
    @app.get(base, include_in_schema=False)
    def choose(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{base}/{_wanted(request, settings)}/")

    @app.get(base + "/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        return _asset(name)

    @app.get(base + "/figures/{key}.{suffix}", include_in_schema=False)
    def figure(key: str, suffix: str) -> Response:
        return _figure(sessions, key, suffix)

    before = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[Any]:
        async with before(running) as state:
            try:
                yield state
            finally:
                sessions.close()

    app.router.lifespan_context = lifespan
    for spoken in _LANGUAGES:
        with speaking(spoken):
            page = build_page(sessions, settings, spoken)
        page.queue(default_concurrency_limit=None)
        gr.mount_gradio_app(
            app,
            page,
            path=f"{base}/{spoken}",
            server_name="127.0.0.1",
            theme=theme(),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
            max_file_size="4gb",
        )
    app.add_middleware(_Pages, base=base)
    # Beside `bunsan serve`, whose limit is for requests to models, not for tables.
    app.state.own_limits = (*getattr(app.state, "own_limits", ()), base)
    return sessions


class _Pages:
    """Pages with their language, looks and rules."""

    def __init__(self, app: App, base: str) -> None:
        self.app = app
        self.pages = {f"{base}/{spoken}/": spoken for spoken in _LANGUAGES}
        self.base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self.base):
            await self.app(scope, receive, send)
            return
        spoken = self.pages.get(scope["path"])
        start: Message = {}
        body: list[bytes] = []

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                headers.append((b"content-security-policy", _POLICY.encode()))
                headers.append((b"referrer-policy", b"same-origin"))
                headers.append((b"x-content-type-options", b"nosniff"))
                message = {**message, "headers": headers}
                if spoken is not None:
                    start.update(message)
                    return
            elif spoken is not None and message["type"] == "http.response.body":
                body.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                text = self._dressed(b"".join(body).decode(), spoken).encode()
                kept = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
                kept.append((b"content-length", str(len(text)).encode()))
                kept.append((b"set-cookie", f"bunsan={spoken}; Path=/; SameSite=Lax".encode()))
                await send({**start, "headers": kept})
                await send({"type": "http.response.body", "body": text})
                return
            await send(message)

        if spoken is not None:  # it has to be read, so it must not come compressed
            plain = [(n, v) for n, v in scope["headers"] if n != b"accept-encoding"]
            scope = {**scope, "headers": plain}
        await self.app(scope, receive, pass_on)

    def _dressed(self, page: str, spoken: Language) -> str:
        page = re.sub(r'\blang="en"', f'lang="{spoken}"', page, count=1)
        page = re.sub(r'<meta\s+(?:property="og:|name="twitter:)[^>]*/>\s*', "", page)
        asset = f"{self.base}/assets"
        page = re.sub(r'<link rel="manifest"[^>]*>', "", page)
        head = (
            f'<link rel="icon" href="{asset}/icon.svg" type="image/svg+xml">'
            f"<style>@font-face{{font-family:'bunsan-fallback';font-display:block;"
            f"src:url('{asset}/fallback.ttf') format('truetype')}}</style>"
            f'<link rel="stylesheet" href="{asset}/studio.css?{__version__}">'
            f'<script src="{asset}/studio.js?{__version__}"></script>'
        )
        waiting = (
            # Where no font here has Japanese, these two characters fetch the one that comes along.
            '<div class="b-waiting" aria-hidden="true"><b>bunsan</b> <i lang="ja">分散</i><span></span>'
            "<span></span><span></span></div>"
        )
        return page.replace("</head>", head + "</head>", 1).replace(
            "<gradio-app", waiting + "<gradio-app", 1
        )


def _wanted(request: Request, settings: StudioSettings) -> Language:
    """The language a visitor reads: as settled, as chosen before, as the browser says."""
    if settings.language is not None:
        return settings.language
    kept = request.cookies.get("bunsan")
    for spoken in _LANGUAGES:
        if kept == spoken:
            return spoken
    for part in request.headers.get("accept-language", "").split(","):
        code = part.split(";")[0].strip().lower()[:2]
        for spoken in _LANGUAGES:
            if code == spoken:
                return spoken
    return language()


def _asset(name: str) -> Response:
    aging = {"Cache-Control": "max-age=3600"}
    if name == "plotly.js":
        import plotly

        path = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
        return FileResponse(path, media_type="text/javascript", headers=aging)
    if name == "fallback.ttf":
        from bunsan.figures.fonts import bundled_font

        return FileResponse(bundled_font(), media_type="font/ttf", headers=aging)
    if name == "icon.svg":
        return Response(_ICON, media_type="image/svg+xml", headers=aging)
    if name not in _ASSETS:
        return Response(status_code=404)
    content = (files("bunsan.studio") / "assets" / name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})


def _figure(sessions: Sessions, key: str, suffix: str) -> Response:
    found = sessions.result(key)
    if found is None or suffix not in _SUFFIXES:
        return Response(status_code=404)
    session, result = found
    path = session.folder / f"{secrets.token_hex(6)}.{suffix}"
    with speaking(result.language), _drawing:
        try:
            result.value.save(path)
            content = path.read_bytes()
        except BunsanError as error:
            return Response(str(error), status_code=400, media_type="text/plain; charset=utf-8")
        finally:
            path.unlink(missing_ok=True)
    media = {
        "html": "text/html; charset=utf-8",
        "png": "image/png",
        "svg": "image/svg+xml",
        "pdf": "application/pdf",
        "json": "application/json",
    }
    return Response(
        content,
        media_type=media.get(suffix, "application/octet-stream"),
        headers={"Cache-Control": "private, max-age=600"},
    )
