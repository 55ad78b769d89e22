"""A stack run without padding by compiled kernels: the fast way on ordinary processors.

Tokens of many texts lie one after another as rows of one matrix. Every thread carries some texts
through all blocks alone, in slices of rows that stay in the cache of its core: threads never wait
for each other.

Letters in shapes:  t tokens of all texts · d width · h heads · e head width
"""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from bunsan.models.encoding.attention import QUERIES, attend
from bunsan.models.encoding.rowwise import BENDS, layer_norm, multiply, rms_norm
from bunsan.models.encoding.tiles import attention_tile, has_integers
from bunsan.models.encoding.weights import Arithmetic, Operand, PackedLinear, detached
from bunsan.nn.transformer import Attention, Block, FeedForward, Stack

SLICE = 96  # rows that go through a block's feed-forward network at a time
_LINE = 16  # floats in a cache line

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Norm:
    kernel: Any
    weight: Floats
    bias: Floats
    eps: np.float32

    @classmethod
    def of(cls, norm: nn.Module) -> "_Norm | None":
        if isinstance(norm, nn.LayerNorm):
            eps = np.float32(norm.eps)
            return cls(layer_norm, detached(norm.weight), detached(norm.bias), eps)
        if isinstance(norm, nn.RMSNorm):
            weight = detached(norm.weight)
            return cls(rms_norm, weight, np.zeros_like(weight), np.float32(norm.eps or 1e-6))
        return None


@dataclass(frozen=True)
class _Block:
    projection: PackedLinear  # queries, keys and values side by side
    output: PackedLinear
    attention_norm: _Norm
    up: PackedLinear
    gate: PackedLinear | None
    down: PackedLinear
    norm: _Norm


class CompiledStack:
    """A stack's forward pass on packed texts, by kernels.

    Parameters
    ----------
    stack : its weights are packed now; later changes are not seen.
    arithmetic : of the linear maps. Attention, norms and bends are in float32 always.

    Raises
    ------
    ValueError : `runs` says no.
    """

    def __init__(self, stack: Stack, arithmetic: Arithmetic = "float32") -> None:
        reason = reason_against(stack, arithmetic)
        if reason:
            raise ValueError(reason)
        self.config = stack.config
        self.arithmetic = arithmetic
        self.blocks = [_packed_block(block, arithmetic) for block in stack.blocks]
        self.norm = _Norm.of(stack.norm)
        self.bend = BENDS[self.config.activation]
        self.relative_bias = stack.relative_bias
        self._local = threading.local()

    def __call__(
        self, x: Floats, starts: NDArray[np.int64], hidden: list[Floats] | None = None
    ) -> Floats:
        """(t, d) vectors that go into the first block -> (t, d) states.

        Parameters
        ----------
        starts : (texts + 1) row at which every text begins; the last one is t.
        hidden : collects what goes into the first block and what comes out of each.
        """
        config, tokens = self.config, len(x)
        room = self._room(tokens, int(np.diff(starts).max(initial=0)))
        states = room.x.reshape(-1, room.stride)
        states[:tokens, : config.width] = x
        relative, reach = self._relative(int(np.diff(starts).max(initial=0)))
        if hidden is not None:
            hidden.append(x)
        for block in self.blocks:
            self._block(block, room, tokens, starts, relative, reach)
            if hidden is not None:
                hidden.append(states[:tokens, : config.width].copy())
        if self.norm is not None:
            out = np.empty_like(room.x)
            _apply(self.norm, room.x, 0, tokens, config.width, room.stride, out)
            states = out.reshape(-1, room.stride)
        return states[:tokens, : config.width].copy()

    def _room(self, tokens: int, longest: int) -> "_Room":
        """The calling thread's room, made anew when something larger comes."""
        room: _Room | None = getattr(self._local, "room", None)
        if room is None or room.tokens < tokens or room.longest < longest:
            known = (0, 0) if room is None else (room.tokens, room.longest)
            room = _Room(self, max(tokens, known[0]), max(longest, known[1]))
            self._local.room = room
        return room

    def _block(
        self,
        block: _Block,
        room: "_Room",
        tokens: int,
        starts: NDArray[np.int64],
        relative: Floats,
        reach: int,
    ) -> None:
        config, stride, width = self.config, room.stride, self.config.width
        inner, head = config.heads * config.size_of_head, config.size_of_head
        pre = config.norm_position == "pre"
        for begin in range(0, tokens, SLICE):
            rows = min(SLICE, tokens - begin)
            if pre:
                _apply(
                    block.attention_norm, room.x, begin * stride, rows, width, stride, room.normed
                )
                room.left.take(room.normed, 0, rows, width, stride)
            else:
                room.left.take(room.x, begin * stride, rows, width, stride)
            room.left.product(
                block.projection,
                rows,
                room.projected,
                begin * room.projected_stride,
                room.projected_stride,
            )
        attend(
            attention_tile(),
            room.projected,
            room.projected_stride,
            starts,
            config.heads,
            head,
            np.float32(head**-0.5 if config.scale_scores else 1.0),
            relative,
            reach,
            config.causal,
            room.mixed,
            room.mixed_stride,
            room.scores,
            room.queries,
            room.keys,
            room.values,
            room.shares,
            room.zeros,
        )
        for begin in range(0, tokens, SLICE):
            rows, at = min(SLICE, tokens - begin), begin * stride
            room.left_mixed.take(
                room.mixed, begin * room.mixed_stride, rows, inner, room.mixed_stride
            )
            room.left_mixed.product(block.output, rows, room.x, at, stride, add=True)
            if pre:
                _apply(block.norm, room.x, at, rows, width, stride, room.normed)
                room.left.take(room.normed, 0, rows, width, stride)
            else:
                here = room.x[at:]
                _apply(block.attention_norm, room.x, at, rows, width, stride, here)
                room.left.take(room.x, at, rows, width, stride)
            self._feed_forward(block, room, rows, at)
            if not pre:
                _apply(block.norm, room.x, at, rows, width, stride, room.x[at:])

    def _feed_forward(self, block: _Block, room: "_Room", rows: int, at: int) -> None:
        """The rows in `room.left` through the network, added to those of `room.x` from `at` on."""
        inner, stride = self.config.inner, room.inner_stride
        if block.gate is None:
            room.left.product(block.up, rows, room.inner, 0, stride)
            self.bend(room.inner, rows, inner, stride)
        else:
            room.left.product(block.gate, rows, room.inner, 0, stride)
            self.bend(room.inner, rows, inner, stride)
            room.left.product(block.up, rows, room.gated, 0, stride)
            multiply(room.inner, room.gated, rows, inner, stride)
        room.left_inner.take(room.inner, 0, rows, inner, stride)
        room.left_inner.product(block.down, rows, room.x, at, room.stride, add=True)

    def _relative(self, longest: int) -> tuple[Floats, int]:
        if self.relative_bias is None or longest == 0:
            return np.zeros(0, np.float32), 0
        import torch

        offsets = torch.arange(-(longest - 1), longest)
        with torch.inference_mode():
            found = self.relative_bias.table(self.relative_bias.bucket(offsets))  # (2n - 1, h)
        return np.ascontiguousarray(found.float().numpy().T).reshape(-1), longest


class _Room:
    """The memory one pass works in. Rows to spare at the end, and columns to spare in every row."""

    def __init__(self, stack: CompiledStack, tokens: int, longest: int) -> None:
        config, kind = stack.config, stack.arithmetic
        tile, tallest = attention_tile(), 64
        inner = config.heads * config.size_of_head
        rows = tokens + tallest
        self.tokens, self.longest = tokens, longest
        self.stride = _stride(config.width, stack.blocks[0].down)
        self.projected_stride = _stride(3 * inner, stack.blocks[0].projection)
        self.mixed_stride = -(-inner // _LINE) * _LINE + tile.columns
        self.inner_stride = _stride(config.inner, stack.blocks[0].up)
        # Rows to spare must hold finite numbers.
        self.x = np.zeros(rows * self.stride, np.float32)
        self.projected = np.zeros(rows * self.projected_stride, np.float32)
        self.mixed = np.zeros(rows * self.mixed_stride, np.float32)
        slice_rows = SLICE + tallest
        self.normed = np.zeros(slice_rows * self.stride, np.float32)
        self.inner = np.zeros(slice_rows * self.inner_stride, np.float32)
        self.gated = self.inner if stack.blocks[0].gate is None else np.zeros_like(self.inner)
        self.left = Operand(kind, slice_rows, config.width)
        self.left_mixed = Operand(kind, slice_rows, inner)
        self.left_inner = Operand(kind, slice_rows, config.inner)
        columns = -(-max(longest, 1) // tile.columns) * tile.columns + tile.columns
        self.scores = np.zeros((QUERIES + tile.rows) * columns, np.float32)
        self.queries = np.zeros((longest + tile.rows) * config.size_of_head, np.float32)
        self.keys = np.zeros(columns * config.size_of_head, np.float32)
        self.values = np.zeros(columns * (config.size_of_head + tile.columns), np.float32)
        self.shares = np.zeros(QUERIES, np.float32)
        self.zeros = np.zeros(tile.columns, np.float32)


def _stride(width: int, weight: PackedLinear) -> int:
    """Floats from row to row: room for the last panel of a product, and one cache line more."""
    columns = -(-width // weight.tile.columns) * weight.tile.columns
    return -(-columns // _LINE) * _LINE + _LINE


def _apply(
    norm: _Norm, x: Floats, at: int, rows: int, width: int, stride: int, out: Floats
) -> None:
    norm.kernel(x, at, rows, width, stride, norm.weight, norm.bias, norm.eps, out)


def _packed_block(block: nn.Module, arithmetic: Arithmetic) -> _Block:
    assert isinstance(block, Block)
    attention: Attention = block.self_attention
    network: FeedForward = block.feed_forward
    attention_norm = _Norm.of(block.self_attention_norm)
    norm = _Norm.of(block.feed_forward_norm)
    assert attention_norm is not None
    assert norm is not None
    return _Block(
        PackedLinear.of([attention.query, attention.key, attention.value], arithmetic),
        PackedLinear.of([attention.output], arithmetic),
        attention_norm,
        PackedLinear.of([network.up], arithmetic),
        None if network.gate is None else PackedLinear.of([network.gate], arithmetic),
        PackedLinear.of([network.down], arithmetic),
        norm,
    )


def reason_against(stack: Stack, arithmetic: Arithmetic = "float32") -> str | None:
    """Why the kernels cannot run this stack here; None: they can."""
    config = stack.config
    if config.cross:
        return "the stack attends to a memory"
    if config.size_of_head % 2:
        return "heads of an odd width"
    if arithmetic != "float32" and not has_integers():
        return "the processor lacks AVX2"
    return None
