"""Chance: each request has its own, so that what runs beside it changes nothing."""

import numpy as np
import torch
from torch import Tensor

_BLOCK = 64


class Draws:
    """Uniform numbers in [0, 1) of one request: one a token, by a counter-based generator.

    Philox (Salmon et al. 2011), keyed by the seed and the number of the sample.
    """

    def __init__(self, seed: int, sample: int = 0) -> None:
        self._generator = np.random.Generator(
            np.random.Philox(np.random.SeedSequence([seed, sample]))
        )
        self._block: list[float] = []

    def next(self) -> float:
        """The next number."""
        if not self._block:
            self._block = self._generator.random(_BLOCK)[::-1].tolist()
        return self._block.pop()


def draw(logits: Tensor, uniform: Tensor) -> Tensor:
    """The token at which the cumulative probability passes a uniform number: (b, v) and (b) -> (b).

    One number a token, whatever the vocabulary and the rules, by inversion of the distribution
    function in double precision.
    """
    heights = logits.double().softmax(-1).cumsum(-1)
    total = heights[:, -1:]
    at = torch.minimum(uniform[:, None] * total, torch.nextafter(total, total.new_zeros(())))
    return torch.searchsorted(heights, at, right=True).squeeze(1)


def chosen_logprobs(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probabilities of these tokens: (b, v) and (b) -> (b)."""
    return logits.gather(1, tokens[:, None]).squeeze(1) - logits.logsumexp(-1)
