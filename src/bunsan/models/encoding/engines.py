"""Who computes the states of packed texts: kernels on ordinary processors, torch elsewhere.

Letters in shapes:  t tokens of all texts · d width
"""

import copy
import os
from typing import Any, Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.encoding.compiled import CompiledStack, reason_against
from bunsan.models.encoding.tiles import features, has_integers
from bunsan.models.encoding.weights import Arithmetic
from bunsan.models.text import TextModel
from bunsan.nn.packing import Packing, run_packed

Precision = Literal["auto", "float32", "int16", "int8", "bfloat16", "float16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)


class Engine(Protocol):
    """Computes states. `threads` callers may call at once; `tokens` is a good amount for one call."""

    name: str
    threads: int
    tokens: int

    def __call__(
        self, ids: NDArray[np.int32], starts: NDArray[np.int64], hidden: list[Tensor] | None = None
    ) -> Tensor:
        """(t) ids of packed texts -> (t, d) states in float32; `hidden` collects depth + 1 more."""
        ...


class TorchEngine:
    """The differentiable way, without gradients: any device, any dtype."""

    def __init__(self, model: TextModel, device: torch.device, dtype: torch.dtype) -> None:
        if dtype != next(model.parameters()).dtype:
            model = copy.deepcopy(model)  # the model itself is saved as it was opened
        self.model = model.to(device=device, dtype=dtype)
        self.device = device
        self.name = f"torch {str(dtype).removeprefix('torch.')} {device}"
        self.threads = 1
        self.tokens = 4096 if device.type == "cpu" else 32768
        self.waste = 0.0 if device.type == "cpu" else 0.1

    def __call__(
        self, ids: NDArray[np.int32], starts: NDArray[np.int64], hidden: list[Tensor] | None = None
    ) -> Tensor:
        """See `Engine`."""
        packing = Packing(np.diff(starts).tolist(), waste=self.waste, device=self.device)
        with torch.inference_mode():
            places = packing.places[None]
            x = self.model.embeddings(
                torch.from_numpy(ids).long().to(self.device)[None], places=places
            )
            inside: list[Tensor] | None = None if hidden is None else []
            states = run_packed(self.model.stack, x[0], packing, inside)
            if hidden is not None and inside is not None:
                hidden += [one.float() for one in inside]
            return states.float()


class KernelEngine:
    """Compiled kernels, one thread a group of texts."""

    def __init__(self, model: TextModel, arithmetic: Arithmetic, threads: int) -> None:
        self.stack = CompiledStack(model.stack, arithmetic)
        self.embeddings = _Embeddings(model.embeddings)
        self.name = f"kernels {arithmetic}"
        self.threads = threads
        self.tokens = 1024

    def __call__(
        self, ids: NDArray[np.int32], starts: NDArray[np.int64], hidden: list[Tensor] | None = None
    ) -> Tensor:
        """See `Engine`."""
        inside: list[NDArray[np.float32]] | None = None if hidden is None else []
        states = self.stack(self.embeddings(ids, starts), starts, inside)
        if hidden is not None and inside is not None:
            hidden += [torch.from_numpy(one) for one in inside]
        return torch.from_numpy(states)


class _Embeddings:
    """What `TokenEmbeddings` does, in arrays: torch's own threads would wait for each other."""

    def __init__(self, module: Any) -> None:
        def array(tensor: Tensor) -> NDArray[np.float32]:
            return tensor.detach().float().numpy()

        self.tokens = array(module.tokens.weight)
        self.scale = np.float32(module.scale)
        self.positions: NDArray[np.float32] | None = None
        if module.max_positions is not None:
            rows = torch.arange(module.first_position, module.first_position + module.max_positions)
            with torch.inference_mode():
                self.positions = array(module.position_vectors(rows))
        self.type = None if module.types is None else array(module.types.weight)[0]
        self.norm = module.norm if isinstance(module.norm, nn.LayerNorm) else None
        self.projection = module.projection if isinstance(module.projection, nn.Linear) else None

    def __call__(self, ids: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
        x: NDArray[np.float32] = self.tokens[ids]
        if self.scale != 1:
            x *= self.scale
        if self.positions is not None:
            lengths = np.diff(starts)
            if lengths.max(initial=0) > len(self.positions):
                raise ValueError(f"{lengths.max()} tokens, positions for {len(self.positions)}")
            x += self.positions[np.arange(len(ids)) - np.repeat(starts[:-1], lengths)]
        if self.type is not None:
            x += self.type
        if self.norm is not None:
            x -= x.mean(1, keepdims=True)
            x *= 1 / np.sqrt((x * x).mean(1, keepdims=True) + np.float32(self.norm.eps))
            x = (
                x * self.norm.weight.detach().float().numpy()
                + self.norm.bias.detach().float().numpy()
            )
        if self.projection is not None:
            x = x @ self.projection.weight.detach().float().numpy().T
            x += self.projection.bias.detach().float().numpy()
        return x


def make_engine(
    model: TextModel,
    precision: str,
    device: torch.device,
    threads: int | None = None,
    way: Literal["auto", "kernels", "torch"] = "auto",
) -> Engine:
    """The fastest engine for a precision, "auto" excepted.

    bfloat16 and float16 run on processors without such instructions in 16-bit fixed point, which is
    faster there and nearer to float32.

    Raises
    ------
    BadInput : the precision does not exist, or not here.
    """
    check_precision(precision)
    floats = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if precision in ("bfloat16", "float16") and device.type == "cpu" and not has_bfloat16():
        precision = "int16" if reason_against(model.stack, "int16") is None else "float32"
    arithmetic: Any = "float32" if precision in floats else precision
    reason = reason_against(model.stack, arithmetic) if device.type == "cpu" else "no processor"
    if precision not in floats:
        if reason or way == "torch":
            raise BadInput(
                tr(
                    f"{precision} needs an x86-64 processor with AVX2 and a plain encoder.",
                    f"{precision} には AVX2 をもつ x86-64 プロセッサーと通常のエンコーダーが必要です。",
                ),
                remedy=tr("Use --precision float32.", "--precision float32 を指定してください。"),
            )
        return KernelEngine(model, arithmetic, threads or available_cores())
    # Elsewhere than on x86-64, the products that torch calls are better than ours.
    if precision == "float32" and reason is None and has_integers() and way != "torch":
        return KernelEngine(model, arithmetic, threads or available_cores())
    dtype = floats[precision]
    if device.type == "cpu" and dtype == torch.float16:
        dtype = torch.bfloat16
    return TorchEngine(model, device, dtype)


def check_precision(precision: str) -> None:
    """Refuse what is none."""
    if precision not in PRECISIONS:
        raise BadInput(
            tr(f"There is no precision {precision!r}.", f"精度 {precision!r} はありません。"),
            remedy=tr(
                f"Use one of: {', '.join(PRECISIONS)}.",
                f"次から選べます: {', '.join(PRECISIONS)}。",
            ),
        )


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 by itself."""
    return bool(features().get("avx512bf16") or features().get("amx-bf16"))


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
