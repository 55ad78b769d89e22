"""A stack made ready for inference: maps joined where they read the same input, weights in fewer bytes.

One token at a time, nearly all time goes into reading the weights from memory. Half the bytes are
half the time.

Letters in shapes:  b batch · q new positions · k keys · m memory positions · d width · h heads ·
e head width
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.nn.cache import Cache
from bunsan.nn.transformer import Attention, Block, Stack

Weights = Literal["same", "bfloat16", "float16", "int8"]
Map = Callable[[Tensor], Tensor]  # (..., d) -> (..., n)
_HAS_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_MOST_PACKED = 1 << 28  # bytes of a matrix that may be held twice
_PACKED_ROWS = 64  # above, the usual layout is as fast as oneDNN's
_NO_END = 1 << 62


class Kernels(Protocol):
    """Ways of computing that may be better than PyTorch's; each says None where it is not."""

    def map(self, weight: Tensor, bias: Tensor | None, weights: Weights) -> Map | None:
        """A linear map by (n, d) and (n) for some rows, whose weights are kept so."""
        ...

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float
    ) -> Tensor | None:
        """Attention (b, q, h · e) of (b, h, q, e) to (b, h, k, e), where `mask` is True."""
        ...

    def activation(self, name: str, weight: Tensor) -> Map | None:
        """That of this name, in place, after a map by `weight`."""
        ...


class PlainMap:
    """A linear map as it is, laid out so that few rows go through it fast.

    One row costs what reading the weights costs, and a matrix that is wider than high is read faster
    transposed. Some rows go through a copy in another layout, made when they first come.

    Parameters
    ----------
    weight, bias : (n, d) and (n) or None.
    kernels : of the map that some rows go through; where there are none, oneDNN has one.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, kernels: Kernels | None = None) -> None:
        self.weight, self.bias, self.kernels = weight, bias, kernels
        self._rows: Map | None = None
        self._most_rows = 1  # until it is made
        packs = weight.device.type == "cpu" and weight.dtype == torch.float32
        self._packs = packs and weight.nbytes <= _MOST_PACKED

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.shape[:-1].numel()
        if rows > 1 and self._packs:
            if self._rows is None:
                self._rows, self._most_rows = self._for_rows()
            if rows <= self._most_rows:
                return self._rows(x)
        return functional.linear(x, self.weight, self.bias)

    def _for_rows(self) -> tuple[Map, int]:
        """A map for some rows, and for how many at most."""
        weight = self.weight.contiguous()
        made = None if self.kernels is None else self.kernels.map(weight, self.bias, "same")
        if made is not None:
            return made, _NO_END
        if not _HAS_ONEDNN:
            return (lambda x: functional.linear(x, self.weight, self.bias)), 0
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, 16)

        def product(x: Tensor) -> Tensor:
            flat = x.reshape(x.shape[:-1].numel(), -1)
            out = torch.ops.mkldnn._linear_pointwise(flat, packed, self.bias, "none", [], "")
            return out.view(*x.shape[:-1], -1)

        return product, _PACKED_ROWS


class OutputMap(PlainMap):
    """The output layer, whose matrix is the table of tokens too and so is copied to be transposed."""

    def __init__(self, weight: Tensor, bias: Tensor | None, kernels: Kernels | None = None) -> None:
        super().__init__(weight, bias, kernels)
        self._transposed: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._packs and x.shape[:-1].numel() == 1:
            if self._transposed is None:
                self._transposed = self.weight.t().contiguous().t()
            return functional.linear(x, self._transposed, self.bias)
        return super().__call__(x)


def make_map(
    linears: Sequence[nn.Linear], weights: Weights = "same", kernels: Kernels | None = None
) -> Map:
    """Some linear maps of one input as one, their outputs side by side.

    Parameters
    ----------
    weights : "same": as they are, shared with the modules. "float16", "bfloat16": rounded, in half the
        bytes, multiplied in float32. "int8": a number of 8 bits and a scale a row; inputs are rounded
        on the way. All but the first on a CPU; the modules' own are let go.
    kernels : have the map, where they have a better one than PyTorch.

    Raises
    ------
    ValueError : neither has one.
    """
    joined = [linear.weight.detach() for linear in linears]
    weight = joined[0] if len(joined) == 1 else torch.cat(joined)
    biases = [linear.bias for linear in linears]
    bias = None if biases[0] is None else torch.cat([b.detach() for b in biases])
    if weights != "same":
        made = packed_map(weight, bias, weights, kernels)
        for linear in linears:
            linear.weight = nn.Parameter(torch.empty(0), requires_grad=False)
        return made
    wide = len(weight) > weight.shape[1] and weight.device.type == "cpu"
    if wide:
        weight = weight.t().contiguous().t()
    if wide or len(joined) > 1:  # the modules' own weights become views: nothing is held twice
        parts = torch.split(weight, [len(w) for w in joined])
        for linear, part in zip(linears, parts, strict=True):
            linear.weight = nn.Parameter(part, requires_grad=False)
    return PlainMap(weight, bias, kernels)


def packed_map(
    weight: Tensor, bias: Tensor | None, weights: Weights, kernels: Kernels | None = None
) -> Map:
    """A linear map (n, d) in fewer bytes: by `kernels`, or by FBGEMM (Khudia et al. 2021).

    Raises
    ------
    ValueError : neither has such maps on this machine.
    """
    made = None if kernels is None else kernels.map(weight, bias, weights)
    if made is not None:
        return made
    if weights == "bfloat16":
        raise ValueError("there are no kernels for this processor")
    weight = weight.detach().float().contiguous()
    bias = None if bias is None else bias.detach().float().contiguous()
    ops: Any = torch.ops.quantized
    if weights == "float16":
        half = ops.linear_prepack_fp16(weight, bias)
        return lambda x: ops.linear_dynamic_fp16(x, half)
    scale = (weight.abs().amax(1) / 127).clamp(min=1e-12)
    zeros = torch.zeros(len(weight), dtype=torch.long)
    if not hasattr(torch, "quantize_per_channel"):
        raise ValueError("this PyTorch has no int8 maps")
    with warnings.catch_warnings():  # to be removed one day, and then the line above answers
        warnings.filterwarnings("ignore", message=".*deprecated", category=UserWarning)
        rounded = torch.quantize_per_channel(weight, scale.double(), zeros, 0, torch.qint8)
    packed = ops.linear_prepack(rounded, bias)
    # The range is reduced so that sums of two products fit 16 bits.
    return lambda x: ops.linear_dynamic(x, packed, True)


class FastStack:
    """What a `Stack` does in inference, with fewer and smaller steps.

    Parameters
    ----------
    stack : stays usable where `weights` is "same".
    weights, kernels : see `make_map`.
    """

    def __init__(
        self, stack: Stack, weights: Weights = "same", kernels: Kernels | None = None
    ) -> None:
        self.stack = stack

        def make(*linears: nn.Linear) -> Map:
            return make_map(linears, weights, kernels)

        name = stack.config.activation
        self.blocks = [_FastBlock(block, make, kernels, name) for block in _blocks(stack)]
        self.norm = _norm(stack.norm)

    def __call__(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache,
    ) -> Tensor:
        """As `Stack.forward`."""
        step = self.stack._step(x, mask, cache)
        attend = step.mask if step.bias is None else step.bias
        seen = None if memory_mask is None else memory_mask[:, None, None, :]
        for block in self.blocks:
            x = block(x, attend, step.causal, cache, memory, seen)
        cache.advance(x.shape[1])
        return self.norm(x)


def _blocks(stack: Stack) -> list[Block]:
    return [block for block in stack.blocks if isinstance(block, Block)]


class _FastBlock:
    def __init__(
        self, block: Block, make: Callable[..., Map], kernels: Kernels | None, activation: str
    ) -> None:
        own, feed = block.self_attention, block.feed_forward
        self.index, self.pre_norm = block.index, block.pre_norm
        self.heads, self.scale = own.heads, own.scale
        self.own_norm = _norm(block.self_attention_norm)
        self.qkv = make(own.query, own.key, own.value)
        self.own_output = make(own.output)
        self.cross: _FastCross | None = None
        if block.cross_attention is not None and block.cross_attention_norm is not None:
            self.cross = _FastCross(block.cross_attention, make)
            self.cross_norm = _norm(block.cross_attention_norm)
        self.feed_norm = _norm(block.feed_forward_norm)
        self.kernels = kernels
        bend = None if kernels is None else kernels.activation(activation, feed.up.weight)
        self.activation: Map = bend or feed.activation
        self.gated = feed.gate is not None
        self.up = make(feed.up) if feed.gate is None else make(feed.gate, feed.up)
        self.down = make(feed.down)

    def __call__(
        self,
        x: Tensor,
        mask: Tensor | None,
        causal: bool,
        cache: Cache,
        memory: Tensor | None,
        seen: Tensor | None,
    ) -> Tensor:
        if self.pre_norm:
            x = x + self._attend(self.own_norm(x), mask, causal, cache)
            if self.cross is not None:
                x = x + self.cross(self.cross_norm(x), self.index, cache, memory, seen)
            return x + self._feed(self.feed_norm(x))
        x = self.own_norm(x + self._attend(x, mask, causal, cache))
        if self.cross is not None:
            x = self.cross_norm(x + self.cross(x, self.index, cache, memory, seen))
        return self.feed_norm(x + self._feed(x))

    def _attend(self, x: Tensor, mask: Tensor | None, causal: bool, cache: Cache) -> Tensor:
        b, q, _ = x.shape
        queries, keys, values = self.qkv(x).view(b, q, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        keys, values = cache.append(self.index, keys, values)
        if self.kernels is not None and not causal:
            y = self.kernels.attend(queries, keys, values, mask, self.scale)
            if y is not None:
                return self.own_output(y)
        y = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal, scale=self.scale
        )
        return self.own_output(y.transpose(1, 2).reshape(b, q, -1))

    def _feed(self, x: Tensor) -> Tensor:
        inner = self.up(x)
        if self.gated:
            gate, up = inner.chunk(2, -1)
            inner = self.activation(gate) * up
        else:
            inner = self.activation(inner)
        return self.down(inner)


class _FastCross:
    """Attention to a memory, whose keys and values are made once."""

    def __init__(self, attention: Attention, make: Callable[..., Map]) -> None:
        self.attention, self.scale = attention, attention.scale
        self.query = make(attention.query)
        self.output = make(attention.output)

    def __call__(
        self, x: Tensor, index: int, cache: Cache, memory: Tensor | None, seen: Tensor | None
    ) -> Tensor:
        held = cache.memory[index]
        if held is None:
            if memory is None:
                raise ValueError("this stack attends to a memory, and none was given")
            held = cache.memory[index] = self.attention.project(memory)
        queries: Tensor = self.attention.split(self.query(x))
        y = functional.scaled_dot_product_attention(
            queries, *held, attn_mask=seen, scale=self.scale
        )
        return self.output(y.transpose(1, 2).flatten(2))


def _norm(module: nn.Module) -> Map:
    """A norm without the costs of a module's call."""
    if isinstance(module, nn.LayerNorm):
        shape, weight, bias, eps = (
            module.normalized_shape,
            module.weight.detach(),
            module.bias.detach(),
            module.eps,
        )
        return lambda x: torch.layer_norm(x, shape, weight, bias, eps)
    return module
