"""The fixture that makes collections."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from collection_help import SPACES, Rows

from bunsan.tasks.facade import Collection, learn


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Collection]:
    """`make(rows)`: a collection of dicts with `text` and `g` in a folder of the test."""

    def build(rows: Rows, name: str = "c.bunsan", **options: Any) -> Collection:
        options = {"text": "text", "by": ["g"], "words": SPACES, **options}
        return learn(rows, to=tmp_path / name, **options)

    return build
