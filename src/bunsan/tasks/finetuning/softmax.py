"""Scores as probabilities, in numpy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """(..., n) -> (..., n), adding up to 1."""
    x = logits.astype(np.float64)
    x = np.exp(x - x.max(-1, keepdims=True))
    found: NDArray[np.float64] = x / x.sum(-1, keepdims=True)
    return found


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    """One by one, from 0 to 1."""
    x = logits.astype(np.float64)
    found: NDArray[np.float64] = np.where(
        x >= 0, 1.0 / (1.0 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1.0 + np.exp(-np.abs(x)))
    )
    return found
