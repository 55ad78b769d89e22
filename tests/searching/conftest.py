"""The fixture that makes collections with word vectors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from searching_help import SPACES, some_vectors

from bunsan.collection.vectors import keep_vectors
from bunsan.tasks.facade import Collection, learn
from bunsan.words.vectors.wordvectors import WordVectors


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Collection]:
    """`make(rows)`: a collection with word vectors under the name word2vec."""

    def build(rows: Any, name: str = "c.bunsan", vectors: WordVectors | None = None) -> Collection:
        made = learn(rows, to=tmp_path / name, text="text", by=["g"], words=SPACES)
        keep_vectors(made, "word2vec", some_vectors() if vectors is None else vectors)
        return made

    return build
