"""A small hub on loopback: enough of its interface for the real client library to list, fetch and search models."""

import hashlib
import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = 1_000_000  # such files have SHA-256 as their tag, smaller ones Git's SHA-1


class HubServer:
    """`with HubServer({"who/what": {"config.json": b"{}"}}) as hub: ... hub.url`.

    Attributes
    ----------
    asked : every request, as (method, path, Range header or None, Authorization header or None).
    drop_after : bytes after which the connection of every large file breaks; None lets all through.
    pause : seconds between megabytes. gated : names that answer 403. broken : answer 500 to everything.
    damage : flip a byte of every large file on its way.
    store : address of another server that large files are fetched from, as the real hub does it.
    """

    def __init__(
        self, models: dict[str, dict[str, bytes]], tls: tuple[Path, Path] | None = None
    ) -> None:
        self.models = models
        self.asked: list[tuple[str, str, str | None, str | None]] = []
        self.drop_after: int | None = None
        self.pause = 0.0
        self.gated: set[str] = set()
        self.broken = False
        self.damage = False
        self.store: str | None = None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub._answer(self)

            def do_GET(self) -> None:
                hub._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "HubServer":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fetched(self, file: str) -> list[str | None]:
        """The Range headers of the GET requests for a file, in order."""
        return [r for method, path, r, _ in self.asked if method == "GET" and path.endswith(file)]

    def _answer(self, to: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(to.path)
        path = unquote(parts.path)
        headers = to.headers
        self.asked.append((to.command, path, headers["Range"], headers["Authorization"]))
        if self.broken:
            return _send(to, 500, b"{}")
        if path == "/api/models":
            words = parse_qs(parts.query).get("search", [""])[0]
            found = [self._about(n) for n in self.models if words.lower() in n.lower()]
            return _send(to, 200, json.dumps(found).encode())
        match = re.fullmatch(
            r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?"
            r"|/([^/]+/[^/]+)/resolve/([^/]+)/(.+)",
            path,
        )
        if match is None:
            return _send(to, 404, b"{}")
        name = match[1] or match[4]
        if name not in self.models:
            return _refuse(to, 401, "RepoNotFound")
        if name in self.gated:
            return _refuse(to, 403, "GatedRepo")
        if (match[3] or match[5] or "main") not in ("main", COMMIT):
            return _refuse(to, 404, "RevisionNotFound")
        if match[2] == "tree":
            return _send(to, 200, json.dumps(self._tree(name)).encode())
        if match[1]:
            return _send(to, 200, json.dumps(self._about(name)).encode())
        if match[6] not in self.models[name]:
            return _refuse(to, 404, "EntryNotFound")
        return self._file(to, self.models[name][match[6]])

    def _about(self, name: str) -> dict[str, Any]:
        return {
            "_id": "1",
            "id": name,
            "modelId": name,
            "sha": COMMIT,
            "private": False,
            "downloads": 7,
            "pipeline_tag": "fill-mask",
            "tags": ["ja", "license:mit"],
            "siblings": [
                {"rfilename": file, "size": len(data), "blobId": _tag(data)}
                for file, data in self.models[name].items()
            ],
        }

    def _tree(self, name: str) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": file, "size": len(data), "oid": _tag(data)}
            for file, data in self.models[name].items()
        ]

    def _file(self, to: BaseHTTPRequestHandler, data: bytes) -> None:
        tag, begin = _tag(data), 0
        large = len(data) >= _LARGE
        asked = re.fullmatch(r"bytes=(\d+)-", to.headers["Range"] or "")
        if asked:
            begin = int(asked[1])
        if large and self.store is not None:
            to.send_response(302)
            to.send_header("Location", self.store + to.path)
            to.send_header("X-Linked-Etag", f'"{tag}"')
            to.send_header("X-Linked-Size", str(len(data)))
            to.send_header("X-Repo-Commit", COMMIT)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        to.send_response(206 if asked else 200)
        to.send_header("ETag", f'"{tag}"')
        to.send_header("X-Repo-Commit", COMMIT)
        to.send_header("Accept-Ranges", "bytes")
        to.send_header("Content-Length", str(len(data) - begin))
        if asked:
            to.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        to.end_headers()
        if to.command == "HEAD":
            return
        if large and self.damage:
            data = data[:-1] + bytes([data[-1] ^ 1])
        end = len(data)
        if large and self.drop_after is not None:
            end = min(end, begin + self.drop_after)
        try:
            for at in range(begin, end, 1 << 20):
                to.wfile.write(data[at : min(end, at + (1 << 20))])
                time.sleep(self.pause if large else 0)
        except (BrokenPipeError, ConnectionResetError):
            pass
        if end < len(data):
            to.close_connection = True


def _tag(data: bytes) -> str:
    if len(data) >= _LARGE:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _send(to: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    to.send_response(status)
    to.send_header("Content-Type", "application/json")
    to.send_header("Content-Length", str(len(body)))
    to.end_headers()
    if to.command != "HEAD":
        to.wfile.write(body)


def _refuse(to: BaseHTTPRequestHandler, status: int, code: str) -> None:
    to.send_response(status)
    to.send_header("X-Error-Code", code)
    to.send_header("X-Error-Message", code)
    to.send_header("Content-Length", "0")
    to.end_headers()
