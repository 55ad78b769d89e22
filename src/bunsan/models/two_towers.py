"""Two models that put texts and images into one space (Radford et al. 2021, §2.3).

Letters in shapes:  t texts · i images · q positions · p projection
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.models.image import ImageModel
from bunsan.models.text import TextModel
from bunsan.nn.heads import Output


@dataclass
class Matches:
    """How well texts and images fit.

    `text` (t, p) and `image` (i, p) have length 1; `logits` (i, t) are their products, scaled.
    `text_output` and `image_output` are what the two models gave.
    """

    text: Tensor
    image: Tensor
    logits: Tensor
    text_output: Output
    image_output: Output


class Projected(nn.Module):
    """A text or image model whose pooled vector is mapped into the space of both."""

    def __init__(self, model: TextModel | ImageModel, width: int, projection: int) -> None:
        super().__init__()
        self.model = model
        self.projection = nn.Linear(width, projection, bias=False)

    def forward(self, *args: Any, **named: Any) -> Output:
        """As the model, with `projected` (b, p), whose length is not 1."""
        output: Output = self.model(*args, **named)
        return replace(output, projected=self.projection(output.pooled))


class DualEncoder(nn.Module):
    """Texts and images in one space.

    Parameters
    ----------
    text, image : the two towers.
    scale : factor on the products; None: it is learned, as `log_scale`.
    """

    def __init__(self, text: Projected, image: Projected, scale: float | None = None) -> None:
        super().__init__()
        self.text = text
        self.image = image
        self.scale = scale
        self.log_scale = nn.Parameter(torch.tensor(2.6592)) if scale is None else None

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        types: Tensor | None = None,
        *,
        images: Tensor,
    ) -> Matches:
        """`ids`, `mask`, `types`: (t, q). `images`: (i, channels, height, width)."""
        read, seen = self.text(ids, mask, types), self.image(images)
        text = functional.normalize(read.projected, dim=-1)
        image = functional.normalize(seen.projected, dim=-1)
        logits = image @ text.T
        if self.log_scale is not None:
            logits = logits * self.log_scale.exp()
        elif self.scale is not None:
            logits = logits * self.scale
        return Matches(text, image, logits, read, seen)

    def encode_text(
        self, ids: Tensor, mask: Tensor | None = None, types: Tensor | None = None
    ) -> Tensor:
        """(t, q) -> (t, p), of length 1."""
        return functional.normalize(self.text(ids, mask, types).projected, dim=-1)

    def encode_image(self, images: Tensor) -> Tensor:
        """(i, channels, height, width) -> (i, p), of length 1."""
        return functional.normalize(self.image(images).projected, dim=-1)
