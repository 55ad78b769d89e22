"""A stack run on texts of many lengths without padding.

The tokens of all texts lie one after another as rows of one matrix, so that linear maps and norms
see no padding; only attention looks at texts one by one, those of equal length together. Gradients
flow as through the padded way, which gives the same numbers.

Letters in shapes:  t tokens of all texts · b texts of a run · q, k positions · d width · h heads
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bunsan.nn.transformer import Attention, Block, Stack


@dataclass(frozen=True)
class Run:
    """Texts whose attention is computed together.

    `texts` of them, of `length` positions, from row `begin` to `end`. `rows` (b·q) and `mask`
    (b, 1, 1, k) are given where some are shorter than `length`: `rows` names the row of every
    position (padding repeats one), `back` (tokens) the position of every row.
    """

    begin: int
    end: int
    texts: int
    length: int
    rows: Tensor | None = None
    mask: Tensor | None = None
    back: Tensor | None = None


class Packing:
    """Where the texts stand in the matrix of all tokens.

    Parameters
    ----------
    lengths : tokens of every text, in the order given; none may be 0.
    waste : share of padding allowed within a run. 0 lets texts attend together only when they are
        of one length; on accelerators, which like few large pieces of work, 0.1 is a good choice.

    Attributes
    ----------
    starts : (texts + 1) where every text begins.
    places : (t) position of every token in its text.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        *,
        waste: float = 0.0,
        device: torch.device | str | None = None,
    ) -> None:
        if any(length < 1 for length in lengths):
            raise ValueError("a text without tokens cannot be packed")
        self.lengths = list(lengths)
        sizes = torch.tensor(self.lengths, dtype=torch.long)
        self.starts = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)])
        order = torch.argsort(sizes, stable=True)
        self._sorted = bool((order[1:] > order[:-1]).all())
        at = torch.repeat_interleave(self.starts[:-1], sizes)
        self.places = torch.arange(len(at)) - at
        # Row i of the sorted matrix is row gather[i] of the given one.
        begin = torch.cat([torch.zeros(1, dtype=torch.long), sizes[order].cumsum(0)])
        moved = self.starts[order] - begin[:-1]
        self._gather = torch.arange(len(at)) + torch.repeat_interleave(moved, sizes[order])
        self._back = torch.empty_like(self._gather)
        self._back[self._gather] = torch.arange(len(at))
        self.runs = _runs(sizes[order].tolist(), waste)
        self.to(device)

    def to(self, device: torch.device | str | None) -> "Packing":
        """Put what is needed in a forward pass on a device."""
        if device is not None:
            self.places = self.places.to(device)
            self._gather, self._back = self._gather.to(device), self._back.to(device)
            self.runs = [
                Run(
                    run.begin,
                    run.end,
                    run.texts,
                    run.length,
                    *(None if x is None else x.to(device) for x in (run.rows, run.mask, run.back)),
                )
                for run in self.runs
            ]
        return self

    def sort(self, x: Tensor) -> Tensor:
        """(t, ...) rows so that texts of equal length stand together."""
        return x if self._sorted else x[self._gather]

    def unsort(self, x: Tensor) -> Tensor:
        """Undo `sort`."""
        return x if self._sorted else x[self._back]

    def padded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(t, ...) -> (texts, longest, ...) with zeros, and the mask (texts, longest)."""
        parts = torch.split(x, self.lengths)
        longest = torch.arange(max(self.lengths, default=0))
        mask = longest[None, :] < torch.tensor(self.lengths)[:, None]
        return nn.utils.rnn.pad_sequence(list(parts), batch_first=True), mask.to(x.device)


def _runs(lengths: list[int], waste: float) -> list[Run]:
    """Runs of ascending lengths."""
    runs: list[Run] = []
    first, row = 0, 0
    while first < len(lengths):
        last, tokens = first, 0
        while last < len(lengths):
            all_tokens = tokens + lengths[last]
            if lengths[last] * (last + 1 - first) * (1 - waste) > all_tokens:
                break
            last, tokens = last + 1, all_tokens
        runs.append(_run(lengths[first:last], row))
        first, row = last, row + tokens
    return runs


def _run(lengths: list[int], begin: int) -> Run:
    n, longest, tokens = len(lengths), lengths[-1], sum(lengths)
    if lengths[0] == longest:
        return Run(begin, begin + tokens, n, longest)
    sizes = torch.tensor(lengths)
    starts = sizes.cumsum(0) - sizes
    places = torch.arange(longest)
    mask = places[None, :] < sizes[:, None]  # (b, q)
    rows = (starts[:, None] + places.clamp(max=longest)[None, :]).where(mask, starts[:, None])
    back = mask.flatten().nonzero().flatten()
    return Run(begin, begin + tokens, n, longest, rows.flatten(), mask[:, None, None, :], back)


def run_packed(
    stack: Stack, x: Tensor, packing: Packing, hidden: list[Tensor] | None = None
) -> Tensor:
    """The stack's forward pass on packed texts: (t, d) -> (t, d).

    Parameters
    ----------
    x : (t, d), rows in the order of `packing`.
    hidden : collects depth + 1 tensors (t, d), as `Trace.hidden` does.

    Raises
    ------
    ValueError : the stack attends to a memory.
    """
    if stack.config.cross:
        raise ValueError("a stack that attends to a memory cannot run on packed texts")
    x = packing.sort(x)
    biases = _biases(stack, packing, x)
    if hidden is not None:
        hidden.append(packing.unsort(x))
    for block in stack.blocks:
        assert isinstance(block, Block)
        if stack.checkpointing and stack.training:
            x = checkpoint(
                _block, block, x, packing, biases, stack.config.causal, use_reentrant=False
            )
        else:
            x = _block(block, x, packing, biases, stack.config.causal)
        if hidden is not None:
            hidden.append(packing.unsort(x))
    out: Tensor = packing.unsort(stack.norm(x))
    return out


def _biases(stack: Stack, packing: Packing, x: Tensor) -> list[Tensor | None]:
    """A bias (1, h, q, k) for every run; that of the longest is cut for shorter ones."""
    if stack.relative_bias is None or not packing.runs:
        return [None] * len(packing.runs)
    longest = max(run.length for run in packing.runs)
    whole = stack.relative_bias(0, longest, x.device).to(x.dtype)
    return [whole[:, :, : run.length, : run.length] for run in packing.runs]


def _block(
    block: Block, x: Tensor, packing: Packing, biases: list[Tensor | None], causal: bool
) -> Tensor:
    attention = block.self_attention

    def attend(x: Tensor) -> Tensor:
        projected = torch.stack([attention.query(x), attention.key(x), attention.value(x)])
        parts = [
            _attend(attention, projected[:, run.begin : run.end], run, bias, causal)
            for run, bias in zip(packing.runs, biases, strict=True)
        ]
        out: Tensor = attention.output(torch.cat(parts))
        return out

    x = block.residual(x, block.self_attention_norm, attend)
    return block.residual(x, block.feed_forward_norm, block.feed_forward)


def _attend(
    attention: Attention, projected: Tensor, run: Run, bias: Tensor | None, causal: bool
) -> Tensor:
    """(3, b·q, h·e) queries, keys and values of a run -> (b·q, h·e)."""
    if run.rows is not None:
        projected = projected[:, run.rows]
    shape = (3, run.texts, run.length, attention.heads, -1)
    queries, keys, values = projected.view(shape).transpose(2, 3)  # (b, h, q, e) each
    mask = run.mask
    if causal and (mask is not None or bias is not None):
        triangle = torch.ones(run.length, run.length, dtype=torch.bool, device=projected.device)
        mask = triangle.tril() if mask is None else triangle.tril() & mask
    if bias is not None:
        mask = bias if mask is None else bias.masked_fill(~mask, -math.inf)
    y = functional.scaled_dot_product_attention(
        queries,
        keys,
        values,
        attn_mask=mask,
        is_causal=causal and mask is None,
        scale=attention.scale,
        dropout_p=attention.dropout if attention.training else 0.0,
    )
    flat = y.transpose(1, 2).flatten(2).flatten(0, 1)
    return flat if run.back is None else flat[run.back]
