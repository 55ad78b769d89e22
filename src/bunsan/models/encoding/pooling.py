"""One vector a text from the states of its tokens.

Letters in shapes:  t tokens of all texts · n texts · d width
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

MODES = ("mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")


@dataclass(frozen=True)
class Pooling:
    """How states become a vector; several modes are joined end to end.

    Parameters
    ----------
    modes : "mean"; "cls", the first token's; "max"; "mean_sqrt_len_tokens", the sum over the root of
        the number of tokens; "weightedmean", by position counted from 1; "lasttoken".
    include_prompt : False: the tokens of a prompt before the text do not take part.
    """

    modes: tuple[str, ...] = ("mean",)
    include_prompt: bool = True

    def __post_init__(self) -> None:
        for mode in self.modes:
            if mode not in MODES:
                raise BadInput(
                    tr(f"There is no pooling {mode!r}.", f"プーリング {mode!r} はありません。"),
                    remedy=tr(
                        f"Use one of: {', '.join(MODES)}.", f"次から選べます: {', '.join(MODES)}。"
                    ),
                )

    def __call__(
        self, states: Tensor, starts: Tensor, weights: Tensor | None = None, skip: int = 0
    ) -> tuple[Tensor, Tensor]:
        """(t, d) states -> (n, modes · d) vectors, and (n) what each counts when several are joined.

        Parameters
        ----------
        starts : (n + 1) where every text begins; none is empty.
        weights : (t) how much a token counts in means; None: 1.
        skip : tokens at the beginning of every text that do not take part.
        """
        starts = starts.to(states.device)
        lengths = starts.diff()
        n, states = len(lengths), states.float() if states.dtype != torch.float64 else states
        first = starts[:-1] + torch.where(lengths > skip, skip, 0)
        owner = torch.repeat_interleave(torch.arange(n, device=states.device), lengths)
        places = torch.arange(len(states), device=states.device) - starts[:-1][owner]
        if weights is None:
            weights = torch.ones(len(states), device=states.device, dtype=states.dtype)
        weights = weights.to(states) * (places >= (first - starts[:-1])[owner])
        total = weights.new_zeros(n).index_add(0, owner, weights)
        parts = [
            self._one(mode, states, starts, first, owner, places, weights, total)
            for mode in self.modes
        ]
        return torch.cat(parts, dim=-1), total

    def _one(
        self,
        mode: str,
        states: Tensor,
        starts: Tensor,
        first: Tensor,
        owner: Tensor,
        places: Tensor,
        weights: Tensor,
        total: Tensor,
    ) -> Tensor:
        if mode == "cls":
            return states[first]
        if mode == "lasttoken":
            return states[starts[1:] - 1]
        n = len(total)
        if mode == "max":
            inside = states.masked_fill((weights == 0)[:, None], -torch.inf)
            out = states.new_full((n, states.shape[1]), -torch.inf)
            return out.scatter_reduce(0, owner[:, None].expand_as(states), inside, "amax")
        if mode == "weightedmean":
            weights = weights * (places + 1)
            total = weights.new_zeros(n).index_add(0, owner, weights)
        sums = states.new_zeros(n, states.shape[1]).index_add(0, owner, states * weights[:, None])
        total = total.clamp(min=1e-9)[:, None]
        return sums / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)

    def join(self, vectors: Tensor, counts: Tensor, owner: Tensor, n: int) -> Tensor:
        """Vectors of windows -> (n, modes · d) of the texts `owner` (windows, ascending) names.

        Means are joined by how many tokens they are of, the greatest numbers stay, of "lasttoken"
        the last window's is taken.
        """
        width = vectors.shape[1] // len(self.modes)
        total = counts.new_zeros(n).index_add(0, owner, counts).clamp(min=1e-9)[:, None]
        parts = []
        for i, mode in enumerate(self.modes):
            part = vectors[:, i * width : (i + 1) * width]
            if mode == "max":
                out = part.new_full((n, width), -torch.inf)
                out = out.scatter_reduce(0, owner[:, None].expand_as(part), part, "amax")
            elif mode == "lasttoken":
                out = part.new_empty(n, width)
                last = torch.cat([owner[1:] != owner[:-1], owner.new_ones(1, dtype=torch.bool)])
                out[owner[last]] = part[last]
            else:
                root = mode == "mean_sqrt_len_tokens"
                weight = (counts.sqrt() if root else counts)[:, None]
                out = part.new_zeros(n, width).index_add(0, owner, part * weight)
                out = out / (total.sqrt() if root else total)
            parts.append(out)
        return torch.cat(parts, dim=-1)


def pooling_of(name: str | Sequence[str]) -> Pooling:
    """By name; "+" joins: "mean+max"."""
    names = name.split("+") if isinstance(name, str) else list(name)
    return Pooling(tuple(names))
