"""Which parts of a model learn, and how fast: frozen layers, rates that fall from layer to layer."""

import re
from typing import Literal

from torch import nn

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.text import TextModelWithHead

_BLOCK = re.compile(r"^backbone\.stack\.blocks\.(\d+)\.")


def freeze(module: TextModelWithHead, first: int | Literal["all"]) -> None:
    """Let the embeddings and the first blocks stay as they are; "all" leaves the head and the pooler.

    Raises
    ------
    BadInput : there are not so many blocks.
    """
    blocks = list(module.backbone.stack.blocks)
    if first != "all" and not 0 <= first <= len(blocks):
        raise BadInput(
            tr(
                f"{first} layers cannot be frozen: the model has {len(blocks)}.",
                f"{first} 層は固定できません。モデルの層は {len(blocks)} です。",
            ),
            remedy=tr(
                f"Give 0 to {len(blocks)}, or all.", f"0 から {len(blocks)}、または all です。"
            ),
        )
    module.backbone.embeddings.requires_grad_(False)
    for block in blocks if first == "all" else blocks[:first]:
        block.requires_grad_(False)
    if first == "all":
        module.backbone.stack.requires_grad_(False)


def freeze_maps(module: TextModelWithHead) -> None:
    """Freeze everything but the head and the pooler; what is added afterwards learns."""
    freeze(module, "all")


def layer_rates(module: TextModelWithHead, decay: float) -> dict[str, float]:
    """A share of the learning rate by name of a parameter: 1 for the head and the pooler, `decay`
    for the last block, its square for the one before, ..., the smallest for the embeddings.

    Layer-wise decay as in the fine-tuning of ELECTRA (Clark et al. 2020, appendix B) and of ULMFiT
    (Howard & Ruder 2018, §3.2); here the last block is one step below the head.
    """
    depth = len(module.backbone.stack.blocks)
    rates: dict[str, float] = {}
    for name, _ in module.named_parameters():
        block = _BLOCK.match(name)
        if block is not None:
            rates[name] = decay ** (depth - int(block[1]))
        elif name.startswith("backbone.embeddings."):
            rates[name] = decay ** (depth + 1)
        else:
            rates[name] = 1.0
    return rates


def trained_share(module: nn.Module) -> tuple[int, int]:
    """How many numbers learn, of how many."""
    learned = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return learned, sum(p.numel() for p in module.parameters())
