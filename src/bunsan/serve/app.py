"""The application: `make_app`, which a server runs and other applications may mount."""

from typing import TYPE_CHECKING

from bunsan.base.optional import optional
from bunsan.serve.settings import ServeSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

_NEEDED = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "prometheus_client": "prometheus-client",
    "torch": "torch",
    "tokenizers": "tokenizers",
}


def make_app(settings: ServeSettings | None = None) -> "FastAPI":
    """A FastAPI application that serves models, opened here; `app.state.service` holds them.

    Parameters
    ----------
    settings : what is served, and within which limits; None: small untrained models.

    Raises
    ------
    Missing : the extra `serve` is not installed, or a model is not here.
    BadInput : a model is damaged.
    """
    for module, package in _NEEDED.items():
        optional(module, package, "serve", en="The server", ja="サーバー")
    from bunsan.serve.building import build_app

    return build_app(settings or ServeSettings())
