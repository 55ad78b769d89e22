"""The Transformer (Vaswani et al. 2017): one stack of blocks from which every system is assembled.

Letters in shapes:  b batch · q queries · k keys · m memory positions · d width · h heads ·
e head width · f inner width

A mask is boolean and says where a query MAY attend: True at (b, 1, q, k) keeps the pair.
A bias is added to the scores before the softmax: (1, h, q, k).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bunsan.nn.cache import Cache, KeysValues
from bunsan.nn.config import Activation, StackConfig
from bunsan.nn.relative import RelativeBias

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "gelu_quick": lambda x: x * torch.sigmoid(1.702 * x),
    "relu": functional.relu,
    "silu": functional.silu,
    "tanh": torch.tanh,
}


def make_norm(config: StackConfig) -> nn.Module:
    """The norm a stack uses, over its width."""
    if config.norm == "rms":
        return nn.RMSNorm(config.width, eps=config.norm_eps)
    return nn.LayerNorm(config.width, eps=config.norm_eps)


@dataclass
class Trace:
    """What a stack keeps for people who look inside; it costs memory, so it is kept on request.

    `hidden` holds depth + 1 tensors (b, q, d): what goes into the first block, then what comes out
    of each. `attention` and `cross_attention` hold a tensor (b, h, q, k) a block, each row adding
    up to 1, where `weights` is True.
    """

    weights: bool = False
    hidden: list[Tensor] = field(default_factory=list)
    attention: list[Tensor] = field(default_factory=list)
    cross_attention: list[Tensor] = field(default_factory=list)


class Attention(nn.Module):
    """Every query takes a weighted mean of the values, by how well their keys match (§3.2)."""

    def __init__(self, config: StackConfig, source_width: int | None = None) -> None:
        super().__init__()
        inner = config.heads * config.size_of_head
        source = source_width or config.width
        self.heads = config.heads
        self.scale = config.size_of_head**-0.5 if config.scale_scores else 1.0
        self.dropout = config.attention_dropout
        self.query = nn.Linear(config.width, inner, bias=config.bias)
        self.key = nn.Linear(source, inner, bias=config.bias)
        self.value = nn.Linear(source, inner, bias=config.bias)
        self.output = nn.Linear(inner, config.width, bias=config.bias)

    def split(self, x: Tensor) -> Tensor:
        """(b, q, h·e) -> (b, h, q, e)"""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def project(self, source: Tensor) -> KeysValues:
        """Keys and values of what is attended to: (b, k, d) -> 2 × (b, h, k, e)."""
        return self.split(self.key(source)), self.split(self.value(source))

    def forward(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
        *,
        causal: bool = False,
        weights: list[Tensor] | None = None,
    ) -> Tensor:
        """(b, q, d) attends to keys and values that were projected before: 2 × (b, h, k, e).

        `causal` says that the mask is the triangle of as many queries as keys, which then need not
        be made. `weights` collects the attention weights, (b, h, q, k).
        """
        queries = self.split(self.query(x))
        if weights is not None:
            weights.append(self._weights(queries, keys, mask, bias, causal))
        if bias is not None:
            mask = bias if mask is None else bias.masked_fill(~mask, -math.inf)
        y = functional.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=mask,
            is_causal=causal,
            scale=self.scale,
            dropout_p=self.dropout if self.training else 0.0,
        )
        out: Tensor = self.output(y.transpose(1, 2).flatten(2))
        return out

    def _weights(
        self,
        queries: Tensor,
        keys: Tensor,
        mask: Tensor | None,
        bias: Tensor | None,
        causal: bool,
    ) -> Tensor:
        scores = queries @ keys.transpose(-1, -2) * self.scale  # (b, h, q, k)
        if bias is not None:
            scores = scores + bias
        if causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        return scores.softmax(-1)


class FeedForward(nn.Module):
    """Two linear maps with a bend between them, at every position alone (§3.3)."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        self.up = nn.Linear(config.width, config.inner, bias=config.bias)
        self.gate = (
            nn.Linear(config.width, config.inner, bias=config.bias) if config.gated else None
        )
        self.dropout = nn.Dropout(config.inner_dropout)
        self.down = nn.Linear(config.inner, config.width, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., d)"""
        if self.gate is None:
            inner = self.activation(self.up(x))  # (..., f)
        else:
            inner = self.activation(self.gate(x)) * self.up(x)
        out: Tensor = self.down(self.dropout(inner))
        return out


class Block(nn.Module):
    """Attend to oneself, attend to the memory if there is one, think; each with a residual (§3.1)."""

    def __init__(self, config: StackConfig, index: int) -> None:
        super().__init__()
        self.index = index
        self.pre_norm = config.norm_position == "pre"
        self.self_attention = Attention(config)
        self.self_attention_norm = make_norm(config)
        self.cross_attention: Attention | None = None
        self.cross_attention_norm: nn.Module | None = None
        if config.cross:
            self.cross_attention = Attention(config, config.memory_width)
            self.cross_attention_norm = make_norm(config)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = make_norm(config)
        self.dropout = nn.Dropout(config.dropout)

    def residual(self, x: Tensor, norm: nn.Module, branch: Callable[[Tensor], Tensor]) -> Tensor:
        """A branch around which its input is carried."""
        out: Tensor
        if self.pre_norm:
            out = x + self.dropout(branch(norm(x)))
        else:
            out = norm(x + self.dropout(branch(x)))
        return out

    def forward(self, x: Tensor, step: "Step") -> Tensor:
        """(b, q, d) -> (b, q, d)"""

        def attend(x: Tensor) -> Tensor:
            keys, values = self.self_attention.project(x)
            if step.cache is not None:
                keys, values = step.cache.append(self.index, keys, values)
            attention: Tensor = self.self_attention(
                x, keys, values, step.mask, step.bias, causal=step.causal, weights=step.weights
            )
            return attention

        x = self.residual(x, self.self_attention_norm, attend)
        if self.cross_attention is not None and self.cross_attention_norm is not None:
            cross = self.cross_attention

            def attend_memory(x: Tensor) -> Tensor:
                held = None if step.cache is None else step.cache.memory[self.index]
                if held is None:
                    if step.memory is None:
                        raise ValueError("this stack attends to a memory, and none was given")
                    held = cross.project(step.memory)
                    if step.cache is not None:
                        step.cache.memory[self.index] = held
                attention: Tensor = cross(x, *held, step.memory_mask, weights=step.cross_weights)
                return attention

            x = self.residual(x, self.cross_attention_norm, attend_memory)
        return self.residual(x, self.feed_forward_norm, self.feed_forward)


@dataclass
class Step:
    """What is the same for all blocks in one pass through a stack."""

    mask: Tensor | None = None  # (b, 1, q, k)
    bias: Tensor | None = None  # (1 or b, h, q, k), -inf where the mask is False
    causal: bool = False  # the mask is a triangle, not made
    memory: Tensor | None = None  # (b, m, d')
    memory_mask: Tensor | None = None  # (b, 1, 1, m)
    cache: Cache | None = None
    weights: list[Tensor] | None = None
    cross_weights: list[Tensor] | None = None


class Stack(nn.Module):
    """A stack of blocks: (b, q, d) -> (b, q, d)."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(Block(config, index) for index in range(config.depth))
        self.relative_bias = RelativeBias(config) if config.relative_buckets else None
        normed = config.norm_position == "pre" and config.final_norm
        self.norm = make_norm(config) if normed else nn.Identity()
        self.dropout = nn.Dropout(config.final_dropout)
        self.checkpointing = False  # recompute blocks in the backward pass instead of keeping them

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache | None = None,
        trace: Trace | None = None,
    ) -> Tensor:
        """One pass.

        Parameters
        ----------
        x : (b, q, d).
        mask : (b, k), False at padding, of all keys: those in the cache and the new ones.
        memory, memory_mask : (b, m, d') and (b, m): what `cross` blocks attend to. With a cache
            that has seen the memory, `memory` may be None.
        cache : appended to in place.
        trace : collects what happens inside.

        Returns
        -------
        (b, q, d). Rows at padding are finite and without meaning.
        """
        if mask is not None:
            keys = x.shape[1] + (0 if cache is None else len(cache))
            if mask.dtype != torch.bool or mask.shape != (x.shape[0], keys):
                raise ValueError(
                    f"the mask must be boolean and ({x.shape[0]}, {keys}), one for every key, "
                    f"not {mask.dtype} and {tuple(mask.shape)}"
                )
        step = self._step(x, mask, cache)
        step.memory = memory
        step.memory_mask = None if memory_mask is None else memory_mask[:, None, None, :]
        if trace is not None:
            trace.hidden.append(x)
            if trace.weights:
                step.weights, step.cross_weights = trace.attention, trace.cross_attention
        for block in self.blocks:
            if self.checkpointing and self.training:
                x = checkpoint(block, x, step, use_reentrant=False)
            else:
                x = block(x, step)
            if trace is not None:
                trace.hidden.append(x)
        if cache is not None:
            cache.advance(x.shape[1])
        out: Tensor = self.dropout(self.norm(x))
        return out

    def _step(self, x: Tensor, mask: Tensor | None, cache: Cache | None) -> Step:
        past, n = 0 if cache is None else len(cache), x.shape[1]
        keep = None if mask is None else mask[:, None, None, :]  # (b, 1, 1, k)
        step = Step(cache=cache)
        if not self.config.causal or n == 1:  # one query: all that is there lies before it
            step.mask = keep
        elif keep is None and self.relative_bias is None and past == 0:
            step.causal = True
        else:
            queries = torch.arange(past, past + n, device=x.device)
            keys = torch.arange(past + n, device=x.device)
            step.mask = (keys[None, :] <= queries[:, None])[None, None]  # (1, 1, q, k)
            if keep is not None:
                # A query at padding may attend to itself: a row with nothing to attend to has no
                # softmax.
                itself = keys[None, :] == queries[:, None]
                step.mask = step.mask & keep | itself
        if self.relative_bias is not None:
            bias = self.relative_bias(past, n, x.device).to(x.dtype)
            if step.mask is not None:  # once for all blocks
                bias, step.mask = bias.masked_fill(~step.mask, -math.inf), None
            step.bias = bias
        return step
