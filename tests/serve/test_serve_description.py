"""The OpenAPI description: it tells the truth, and nothing made from it brings the server down."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from serve_models import Running

DESCRIPTION = schemathesis.pytest.from_fixture("description")


@pytest.fixture
def description(running: Running) -> Any:
    return schemathesis.openapi.from_url(f"{running.url}/openapi.json")


@DESCRIPTION.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_nothing_made_from_it_is_a_fault(case: Any) -> None:
    answer = case.call(timeout=60)
    assert answer.status_code < 500, (case.as_curl_command(), answer.text)
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}


def test_it_names_everything(running: Running) -> None:
    found = httpx.get(f"{running.url}/openapi.json").json()
    for path in (
        "/v1/models", "/v1/models/{name}", "/v1/completions", "/v1/chat/completions",
        "/v1/embeddings", "/v1/rerank", "/bunsan/search", "/bunsan/similar", "/bunsan/kwic",
        "/bunsan/classify", "/health", "/metrics",
    ):  # fmt: skip
        assert path in found["paths"]
    body = found["components"]["schemas"]["ChatRequest"]
    assert body["additionalProperties"] is False
    assert "messages" in body["required"]


def test_no_host_outside_is_named() -> None:
    """The server loads nothing from elsewhere, and neither does a page of it."""
    import bunsan.serve as package

    for path in Path(package.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for line in text.splitlines():
            assert "https://" not in line, (path.name, line)
