"""What tells one Transformer stack from another: the fields of one frozen dataclass."""

from dataclasses import dataclass
from typing import Literal

Activation = Literal["gelu", "gelu_tanh", "gelu_quick", "relu", "silu", "tanh"]


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Dimensions and habits of a stack of blocks. No field names a system.

    Parameters
    ----------
    width : size of the vector at every position.
    depth : number of blocks.
    heads : number of attention heads.
    inner : width inside the feed-forward network.
    head_width : size of a head's queries, keys and values; None: `width / heads`.
    activation : the bend inside the feed-forward network.
    gated : `activation(gate(x)) * up(x)` instead of `activation(up(x))` (Shazeer 2020).
    norm : layer norm (Ba et al. 2016) or root-mean-square norm (Zhang & Sennrich 2019).
    norm_position : before each branch, or after its residual was added, as in the paper of 2017.
    final_norm : whether a norm follows the last block, where norms stand before branches.
    bias : whether linear maps add one.
    scale_scores : divide attention scores by the root of `head_width`.
    causal : a position attends to itself and to what is before it.
    cross : blocks also attend to a memory, of `memory_width` (None: `width`).
    relative_buckets : number of buckets of relative distance with a learned bias each; None: no bias.
    relative_max_distance : distances from here on share a bucket.
    dropout, attention_dropout, inner_dropout, final_dropout : of branches, of attention weights,
        inside the feed-forward network and after the final norm, in training.
    """

    width: int
    depth: int
    heads: int
    inner: int
    head_width: int | None = None
    activation: Activation = "gelu"
    gated: bool = False
    norm: Literal["layer", "rms"] = "layer"
    norm_position: Literal["pre", "post"] = "pre"
    norm_eps: float = 1e-5
    final_norm: bool = True
    bias: bool = True
    scale_scores: bool = True
    causal: bool = False
    cross: bool = False
    memory_width: int | None = None
    relative_buckets: int | None = None
    relative_max_distance: int = 128
    dropout: float = 0.0
    attention_dropout: float = 0.0
    inner_dropout: float = 0.0
    final_dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("width", "depth", "heads", "inner"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.head_width is None and self.width % self.heads:
            raise ValueError(f"a width of {self.width} is not divided by {self.heads} heads")

    @property
    def size_of_head(self) -> int:
        """Width of one head's queries, keys and values."""
        return self.head_width or self.width // self.heads
