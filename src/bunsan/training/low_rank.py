"""Low-rank adaptation (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models").

A linear map W x + b stays as it is; what is learned is added to it: (alpha / rank) B A x, with A (r, in)
random and B (out, r) zero, so that training begins at the model as it was (§4.1). Merged, W + (alpha /
rank) B A is one matrix again, and nothing of this is left.

Letters in shapes:  r rank
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.nn.transformer import Attention

MAPS = ("query", "value")  # those of the paper's experiments (§4.2)


class LowRank(nn.Module):
    """A linear map with a learned addition of low rank.

    Parameters
    ----------
    linear : the map, which is frozen. rank : r. alpha : the addition counts alpha / rank.
    """

    def __init__(
        self, linear: nn.Linear, rank: int, alpha: float, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.linear = linear
        self.linear.requires_grad_(False)
        self.scale = alpha / rank
        like = linear.weight
        self.down = nn.Parameter(torch.empty(rank, linear.in_features, dtype=like.dtype))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank, dtype=like.dtype))
        with torch.no_grad():
            self.down.uniform_(-1.0, 1.0, generator=generator)
            self.down.mul_(math.sqrt(1.0 / linear.in_features))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)"""
        added = functional.linear(functional.linear(x, self.down), self.up)
        out: Tensor = self.linear(x) + added * self.scale
        return out

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """The one map that does the same."""
        # In double precision, so that the sum is off by one rounding and no more.
        added = (self.up.double() @ self.down.double()) * self.scale
        weight = self.linear.weight.double() + added
        self.linear.weight = nn.Parameter(weight.to(self.linear.weight.dtype))
        self.linear.requires_grad_(True)
        return self.linear


def add_low_rank(
    module: nn.Module,
    rank: int,
    *,
    alpha: float | None = None,
    maps: Sequence[str] = MAPS,
    seed: int = 0,
) -> int:
    """Put the addition on maps of every attention in `module`; how many got one.

    Parameters
    ----------
    alpha : None is twice the rank. maps : of "query", "key", "value", "output". seed : of A.
    """
    generator = torch.Generator().manual_seed(seed)
    made = 0
    for attention in _attentions(module):
        for name in maps:
            linear = getattr(attention, name)
            setattr(attention, name, LowRank(linear, rank, alpha or 2.0 * rank, generator))
            made += 1
    return made


def merge_low_rank(module: nn.Module) -> None:
    """Undo `add_low_rank`, keeping what was learned: the module has its own parameters again."""
    for attention in _attentions(module):
        for name, part in list(attention.named_children()):
            if isinstance(part, LowRank):
                setattr(attention, name, part.merged())


def _attentions(module: nn.Module) -> Iterator[Attention]:
    return (part for part in module.modules() if isinstance(part, Attention))
