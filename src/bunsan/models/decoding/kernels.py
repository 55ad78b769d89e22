"""What `nn.generation` takes of compiled kernels where a processor has AVX2."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bunsan.models.decoding.attention import attend_one, fits
from bunsan.models.decoding.maps import TiledMap
from bunsan.models.encoding.rowwise import BENDS
from bunsan.models.encoding.tiles import has_integers
from bunsan.nn.generation.fast import Map, Weights

_LEAST_NUMBERS = 1 << 16  # of a weight: below, a call costs more than it saves


def has_kernels() -> bool:
    """Whether they run here."""
    return has_integers()


class CompiledKernels:
    """See `bunsan.nn.generation.fast.Kernels`."""

    def map(self, weight: Tensor, bias: Tensor | None, weights: Weights) -> Map | None:
        """By tiles, for weights of some size."""
        if weight.device.type != "cpu" or weight.shape[1] % 8:
            return None
        if weights == "same" and (weight.dtype != torch.float32 or small(weight)):
            return None
        return TiledMap(weight, bias, weights)

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float
    ) -> Tensor | None:
        """One query a row."""
        if fits(queries, keys, values, mask):
            return attend_one(queries, keys, values, mask, scale)
        return None

    def activation(self, name: str, weight: Tensor) -> Map | None:
        """In place, beside a weight of some size."""
        bend = BENDS.get(name)
        if bend is None or small(weight) or weight.device.type != "cpu":
            return None
        return _InPlace(bend)


class _InPlace:
    def __init__(self, bend: Callable[..., Any]) -> None:
        self.bend = bend

    def __call__(self, x: Tensor) -> Tensor:
        n = x.shape[-1]
        if x.dtype != torch.float32 or not x.is_contiguous():
            x = x.float().contiguous()
        self.bend(x.numpy().reshape(-1), x.numel() // n, n, n)
        return x


def small(weight: Tensor) -> bool:
    """Whether calling a kernel costs more than it saves."""
    return weight.numel() < _LEAST_NUMBERS
