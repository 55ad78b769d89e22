"""An image model: patches, a stack, a pooler; with a head on it, an answer.

Letters in shapes:  b batch · n patches · d width
"""

from torch import Tensor, nn

from bunsan.nn.embeddings import PatchEmbeddings
from bunsan.nn.heads import Output
from bunsan.nn.transformer import Stack, Trace


class ImageModel(nn.Module):
    """Pixels in, states out: one for the whole image, then one a patch.

    `pooler` makes one vector of an image; None: there is none.
    """

    def __init__(
        self, embeddings: PatchEmbeddings, stack: Stack, pooler: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.stack = stack
        self.pooler = pooler

    def forward(self, images: Tensor, *, trace: Trace | None = None) -> Output:
        """(b, channels, height, width) -> `states` (b, 1 + n, d) and `pooled` (b, d)."""
        states = self.stack(self.embeddings(images), trace=trace)
        return Output(states, None if self.pooler is None else self.pooler(states))


class ImageModelWithHead(nn.Module):
    """An image model and what reads its states."""

    def __init__(self, backbone: ImageModel, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor, *, trace: Trace | None = None) -> Output:
        """As the backbone's, with the head's answer filled in."""
        filled: Output = self.head(self.backbone(images, trace=trace), None, None, None)
        return filled
