"""One thread, and small models to begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from finetune_help import make_start


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of untrained models of four families with their tokenizers."""
    place = tmp_path_factory.mktemp("starts")
    return {
        family: make_start(family, place / family)
        for family in ("bert", "roberta", "distilbert", "electra")
    }


@pytest.fixture(scope="session")
def bert(starts: dict[str, Path]) -> Path:
    return starts["bert"]
