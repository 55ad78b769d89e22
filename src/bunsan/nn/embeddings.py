"""Token ids, or patches of an image, as a row of vectors.

Letters in shapes:  b batch · q positions · d width · n patches
"""

import math

import torch
from torch import Tensor, nn


def sinusoids(positions: int, width: int) -> Tensor:
    """(positions, width): sines in the first half, cosines in the second (Vaswani et al. 2017, §3.5).

    The paper interleaves them; checkpoints in the wild keep the halves apart, and the two differ by
    an order of columns that training does not notice.
    """
    half = (width + 1) // 2
    # On the CPU even where a model is made without memory: nothing would fill these in later.
    with torch.device("cpu"):
        columns = torch.arange(half, dtype=torch.float64)
        rates = torch.exp(columns * (-math.log(10000.0) * 2 / width))
        angles = torch.arange(positions, dtype=torch.float64)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()[:, : width - half]], dim=1).float()


class TokenEmbeddings(nn.Module):
    """The sum of a token's, a position's and a segment's vector.

    Parameters
    ----------
    vocabulary : number of token ids.
    width : of the vectors.
    positions : rows of the learned table of positions; None: no positions are added.
    first_position : row of the first position, where a table begins with rows that none uses.
    fixed_positions : positions are sinusoids, not learned.
    types : number of segments (sentence A, sentence B); None: none.
    scale : factor on the tokens' vectors.
    norm_eps : of the layer norm on the sum; None: no norm.
    output_width : width after a linear map, where it differs from `width` (Clark et al. 2020, §3.2).
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        positions: int | None = None,
        first_position: int = 0,
        fixed_positions: bool = False,
        types: int | None = None,
        scale: float = 1.0,
        norm_eps: float | None = None,
        output_width: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.first_position, self.scale = first_position, scale
        self.max_positions = None if positions is None else positions - first_position
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions: nn.Embedding | None = None
        self.sinusoids: Tensor | None
        if positions is None:
            self.sinusoids = None
        elif fixed_positions:
            self.register_buffer("sinusoids", sinusoids(positions, width), persistent=False)
        else:
            self.sinusoids = None
            self.positions = nn.Embedding(positions, width)
        self.types = nn.Embedding(types, width) if types else None
        self.norm = nn.Identity() if norm_eps is None else nn.LayerNorm(width, eps=norm_eps)
        project = output_width is not None and output_width != width
        self.projection = nn.Linear(width, output_width or width) if project else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        ids: Tensor,
        types: Tensor | None = None,
        *,
        places: Tensor | None = None,
        past: int = 0,
    ) -> Tensor:
        """(b, q) ids -> (b, q, d).

        `types`: (b, q), zeros if None. `places`: (b, q) or (q), the position of every token counted
        from 0, -1 for padding; if None they count on from `past`.
        """
        x: Tensor = self.tokens(ids) * self.scale
        if self.max_positions is not None:
            end = past + ids.shape[-1]
            if places is not None and end > self.max_positions:  # padding may be what is too much
                end = int(places.max()) + 1
            if end > self.max_positions:
                raise ValueError(
                    f"{end} tokens do not fit: there are positions for {self.max_positions}"
                )
            if places is None:
                places = torch.arange(past, end, device=ids.device)
            x = x + self.position_vectors((places + self.first_position).clamp(min=0)).to(x.dtype)
        if self.types is not None:
            x = x + self.types(torch.zeros_like(ids) if types is None else types)
        out: Tensor = self.projection(self.dropout(self.norm(x)))
        return out

    def position_vectors(self, rows: Tensor) -> Tensor:
        """The vectors in these rows of the table of positions: (...) -> (..., d)."""
        if self.positions is not None:
            learned: Tensor = self.positions(rows)
            return learned
        if self.sinusoids is None:
            raise ValueError("these embeddings have no positions")
        return self.sinusoids[rows]


def places_from_mask(mask: Tensor) -> Tensor:
    """(b, q) mask, False at padding -> the place of every token among those that are none.

    Padding on the left moves nothing then. The place of padding itself is -1.
    """
    return mask.long().cumsum(-1).masked_fill(~mask, 0) - 1


class PatchEmbeddings(nn.Module):
    """An image as a row of vectors: a learned first one, then one a patch (Dosovitskiy et al. 2021, §3.1).

    Parameters
    ----------
    width : of the vectors.
    side : height and width of the image, in pixels.
    patch : height and width of a patch, in pixels.
    """

    def __init__(
        self,
        width: int,
        side: int,
        patch: int,
        *,
        channels: int = 3,
        bias: bool = True,
        norm_eps: float | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.side, self.channels = side, channels
        self.patches = nn.Conv2d(channels, width, patch, stride=patch, bias=bias)
        self.first = nn.Parameter(torch.zeros(width))
        self.positions = nn.Parameter(torch.zeros((side // patch) ** 2 + 1, width))
        self.norm = nn.Identity() if norm_eps is None else nn.LayerNorm(width, eps=norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, images: Tensor) -> Tensor:
        """(b, channels, side, side) -> (b, 1 + n, d)"""
        if images.shape[1:] != (self.channels, self.side, self.side):
            raise ValueError(
                f"images must be (b, {self.channels}, {self.side}, {self.side}), "
                f"not {tuple(images.shape)}"
            )
        x = self.patches(images).flatten(2).transpose(1, 2)  # (b, n, d)
        x = torch.cat([self.first.expand(len(x), 1, -1), x], dim=1)
        out: Tensor = self.norm(self.dropout(x + self.positions))
        return out
