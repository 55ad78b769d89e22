"""The OpenAPI description: it tells the truth, and nothing made from it brings the server down."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from serve_models import Running


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_nothing_made_from_it_is_a_fault(running: Running, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    tried = 0
    seen: Counter[tuple[str, int]] = Counter()
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for found in described.get_all_operations():
            operation = found.ok()
            if mode is GenerationMode.NEGATIVE and operation.method == "get":
                continue

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=10, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            def check(case: Any) -> None:
                nonlocal tried
                tried += 1
                named = case.as_transport_kwargs(base_url=running.url)
                kept = {
                    k: v for k, v in named.items() if k in ("json", "data", "headers", "params")
                }
                if mode is GenerationMode.POSITIVE and isinstance(kept.get("json"), dict):
                    _aim(case.operation.path, kept["json"])
                if "data" in kept:
                    kept["content"] = kept.pop("data")
                answer = client.request(named["method"], named["url"], **kept)
                seen[case.operation.path, answer.status_code] += 1
                assert answer.status_code < 500, (named, answer.text)
                if answer.status_code >= 400:
                    error = answer.json()["error"]
                    assert set(error) == {"message", "type", "param", "code"}

            check()
    assert tried > 60
    if mode is GenerationMode.POSITIVE:  # not everything was refused at the door
        for path in ("/v1/completions", "/v1/embeddings", "/v1/rerank", "/bunsan/words"):
            assert seen[path, 200] > 0, seen


def _aim(path: str, body: dict[str, Any]) -> None:
    """At a model that does this, and not for long."""
    model = "tiny-encoder" if path in ("/v1/embeddings", "/v1/rerank") else "tiny-writer"
    if path.startswith("/v1/") or body.get("model") is not None:
        body["model"] = model
    if "completions" in path:
        body["max_tokens"] = 3
        body.pop("max_completion_tokens", None)
        body["n"] = min(body.get("n", 1), 2)
    if "collection" in body:
        body["collection"] = None


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
