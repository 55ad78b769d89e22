"""A learned bias per head and bucket of distance between key and query (Raffel et al. 2020, §2.1)."""

import math

import torch
from torch import Tensor, nn

from bunsan.nn.config import StackConfig


class RelativeBias(nn.Module):
    """Near distances have a bucket each, far ones share buckets that widen logarithmically."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        if config.relative_buckets is None:
            raise ValueError("this stack has no relative buckets")
        self.buckets = config.relative_buckets
        self.max_distance = config.relative_max_distance
        self.both_ways = not config.causal
        self.table = nn.Embedding(config.relative_buckets, config.heads)

    def bucket(self, offset: Tensor) -> Tensor:
        """The bucket of `offset` = position of the key - position of the query; any shape."""
        n, first = self.buckets, torch.zeros_like(offset)
        if self.both_ways:
            n //= 2
            first, distance = (offset > 0).long() * n, offset.abs()
        else:
            distance = (-offset).clamp(min=0)
        near = n // 2
        # `near` is where single distances end; from there to max_distance the other half of the
        # buckets grows in equal ratios.
        ratio = torch.log(distance.float().clamp(min=1) / near) / math.log(self.max_distance / near)
        far = (near + (ratio * (n - near)).long()).clamp(max=n - 1)
        return first + torch.where(distance < near, distance, far)

    def forward(self, past: int, n: int, device: torch.device) -> Tensor:
        """(1, h, n, past + n): for the queries at `past` to `past + n` and all keys up to them."""
        queries = torch.arange(past, past + n, device=device)
        keys = torch.arange(past + n, device=device)
        found: Tensor = self.table(self.bucket(keys[None, :] - queries[:, None]))  # (q, k, h)
        return found.permute(2, 0, 1)[None]
