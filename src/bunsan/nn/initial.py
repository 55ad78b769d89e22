"""First values of parameters, as the papers and their code set them."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from bunsan.nn.embeddings import PatchEmbeddings
from bunsan.nn.heads import WordScores


def initialise(module: nn.Module, std: float, generator: torch.Generator | None = None) -> None:
    """Weights from a normal distribution with this standard deviation, biases 0, norms the identity."""

    def draw(weight: Tensor) -> None:
        nn.init.normal_(weight, std=std, generator=generator)

    fill(module, draw)


def fill(module: nn.Module, draw: Callable[[Tensor], object]) -> None:
    """Set every parameter and buffer: weights by `draw`, biases to 0, norms to the identity."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear | nn.Embedding | nn.Conv2d):
                draw(part.weight)
                _zero(getattr(part, "bias", None))
            elif isinstance(part, nn.LayerNorm | nn.RMSNorm):
                nn.init.ones_(part.weight)
                _zero(getattr(part, "bias", None))
            elif isinstance(part, PatchEmbeddings):
                draw(part.first)
                draw(part.positions)
            elif isinstance(part, WordScores):
                if part.weight is not None:
                    draw(part.weight)
                _zero(part.bias)


def _zero(bias: Tensor | None) -> None:
    if bias is not None:
        nn.init.zeros_(bias)


class _NoFirstValues(TorchFunctionMode):
    """Leaves out what torch does to new parameters, which without memory only costs seconds."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return given["tensor"] if "tensor" in given else args[0]
        return func(*args, **given)


@contextmanager
def without_memory() -> Iterator[None]:
    """Modules made inside have shapes and no memory; `materialise` and a file give them theirs."""
    with torch.device("meta"), _NoFirstValues():
        yield


def materialise(module: nn.Module) -> set[str]:
    """Give memory to what was made without any; the names of those parameters and buffers."""
    made: set[str] = set()
    for path, part in module.named_modules():
        for held in (part._parameters, part._buffers):
            for name, value in held.items():
                if value is None or not value.is_meta:
                    continue
                empty = torch.zeros_like(value, device="cpu")
                is_parameter = isinstance(value, nn.Parameter)
                held[name] = nn.Parameter(empty, value.requires_grad) if is_parameter else empty
                made.add(f"{path}.{name}" if path else name)
    return made


def residual_std(std: float, depth: int) -> float:
    """Smaller for maps that end in a residual, of which there are two a block (Radford et al. 2019, §2.3)."""
    return std / math.sqrt(2 * depth)
