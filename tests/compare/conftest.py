"""Small labelled tables whose answers are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

GOOD = ["広い", "きれい", "親切", "おいしい", "静か", "便利"]
BAD = ["狭い", "汚い", "不親切", "まずい", "うるさい", "不便"]
THINGS = ["部屋", "朝食", "風呂", "受付", "駐車場", "庭", "ロビー", "廊下"]


def reviews(n: int, *, noise: float = 0.1, seed: int = 0) -> list[dict[str, Any]]:
    """Rows with `text`, `label` (良い or 悪い), `stars` (a number) and `writer`; a share `noise` of
    the labels is wrong."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        good = bool(i % 2)
        words = [str(rng.choice(GOOD if good else BAD)) for _ in range(2)]
        things = rng.choice(THINGS, 2, replace=False).tolist()
        text = f"{things[0]}が{words[0]}です。{things[1]}も{words[1]}と思いました。"
        label = good != (rng.random() < noise)
        stars = 3 + (2 if good else -2) + rng.normal(0, 0.5)
        rows.append(
            {"text": text, "label": "良い" if label else "悪い", "stars": f"{stars:.2f}",
             "writer": f"w{i % 12}"}
        )  # fmt: skip
    return rows


def pairs(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of two texts and how alike they are, from 0 to 5."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        first = rng.choice(THINGS, 4, replace=False).tolist()
        shared = int(rng.integers(0, 5))
        rest = [t for t in THINGS if t not in first]
        second = first[:shared] + rest[: 4 - shared]
        rng.shuffle(second)
        value = 1.25 * shared + rng.normal(0, 0.2)
        rows.append({"a": "と".join(first), "b": "と".join(second), "score": f"{value:.3f}"})
    return rows


@pytest.fixture(scope="session")
def make_reviews() -> Callable[..., list[dict[str, Any]]]:
    return reviews


@pytest.fixture(scope="session")
def make_pairs() -> Callable[..., list[dict[str, Any]]]:
    return pairs
