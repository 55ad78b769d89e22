"""One server of all kinds of models for most tests."""

from collections.abc import Iterator

import openai
import pytest
from serve_models import ALL, Running, serving


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with serving(models=ALL["models"](), rows=8, queue=64, max_tokens=480) as found:
        yield found


@pytest.fixture(scope="session")
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as found:
        yield found
