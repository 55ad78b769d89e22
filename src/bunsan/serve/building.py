"""The application put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from starlette.middleware.cors import CORSMiddleware

from bunsan._version import __version__
from bunsan.serve import deeds, openai
from bunsan.serve.errors import ApiError, install
from bunsan.serve.gate import Gate
from bunsan.serve.served import Service
from bunsan.serve.settings import ServeSettings

_ABOUT = "Models and collections of bunsan, by the API that OpenAI's clients speak, and by its own."


def build_app(settings: ServeSettings) -> FastAPI:
    """See `bunsan.serve.app.make_app`."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.ready = True
        try:
            yield
        finally:
            service.ready = False
            service.close()

    # The usual pages for the description load their programs from elsewhere: there is none.
    app = FastAPI(
        title="bunsan",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    install(app)
    bearer = [Depends(HTTPBearer(auto_error=False))] if settings.keys else []
    app.include_router(openai.router(service), dependencies=bearer)
    app.include_router(deeds.router(service), dependencies=bearer)

    @app.get("/health", tags=["operation"])
    @app.get("/health/live", tags=["operation"])
    async def live() -> JSONResponse:
        """The process answers."""
        return JSONResponse({"status": "live"})

    @app.get("/health/ready", tags=["operation"])
    async def ready() -> JSONResponse:
        """Models are open, and requests are taken."""
        if not service.ready:
            raise ApiError(503, "Not ready.", code="not_ready")
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", tags=["operation"], response_class=Response)
    async def metrics() -> Response:
        """Counters, for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")

    app.add_middleware(Gate, settings=settings, metrics=service.metrics)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    return app
