"""What generation sees of a model: a small protocol, and the adapter that gives it to a stack.

Letters in shapes:  b batch · q new positions · k all positions · m memory positions · d width ·
v vocabulary · n positions whose logits are wanted
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from bunsan.nn.cache import Cache
from bunsan.nn.embeddings import TokenEmbeddings
from bunsan.nn.transformer import Stack

Scores = Callable[[Tensor], Tensor]  # (b, n, d) -> (b, n, v)
Encoder = Callable[[Tensor, Tensor], Tensor]  # (b, m) ids and mask -> (b, m, d)
Decoder = Callable[..., Tensor]


class LanguageModel(Protocol):
    """A decoder, alone or with an encoder, one pass at a time.

    Attributes
    ----------
    vocabulary : number of tokens it scores.
    max_positions : the most positions its decoder has; None: no limit.
    max_source : the same of its encoder.
    encodes : whether there is an encoder, whose states the decoder attends to.
    device : where ids and masks must be.
    """

    vocabulary: int
    max_positions: int | None
    max_source: int | None
    encodes: bool
    device: torch.device

    def new_cache(self, capacity: int) -> Cache:
        """An empty cache with room for `capacity` positions."""
        ...

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(b, m) ids and mask, False at padding -> (b, m, d), the memory. Encoder-decoders only."""
        ...

    def logits(
        self,
        ids: Tensor,
        cache: Cache,
        mask: Tensor | None = None,
        places: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        last: int = 1,
    ) -> Tensor:
        """Scores of the next token, after each of the last `n` new positions.

        Parameters
        ----------
        ids : (b, q), what comes after what is in the cache; the cache is appended to.
        mask : (b, k), False at padding. None: there is none.
        places : (b, q), positions counted without padding; None: there is no padding.
        memory : (b, m, d), given in the first pass only; the cache keeps what is made of it.
        memory_mask : (b, m), False at padding, given in every pass. None: there is none.
        last : n.

        Returns
        -------
        (b, n, v) float32.
        """
        ...


class StackModel:
    """A `LanguageModel` out of parts.

    Parameters
    ----------
    embeddings, stack : the decoder.
    scores : from the stack's states to logits.
    vocabulary : number of tokens scored.
    encoder : from ids and mask to the memory; None: there is no encoder.
    max_source : the most positions the encoder has.
    """

    def __init__(
        self,
        embeddings: TokenEmbeddings,
        stack: Stack,
        scores: Scores,
        vocabulary: int,
        *,
        encoder: Encoder | None = None,
        max_source: int | None = None,
    ) -> None:
        self.embeddings, self.stack, self.scores = embeddings, stack, scores
        self.vocabulary = vocabulary
        self.max_positions = embeddings.max_positions
        self.encoder = encoder
        self.max_source = max_source
        self.encodes = encoder is not None
        self.device = embeddings.tokens.weight.device
        self.step: Decoder | None = None  # a faster way for one position at a time

    def new_cache(self, capacity: int) -> Cache:
        return Cache(self.stack.config.depth, capacity)

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        if self.encoder is None:
            raise ValueError("this model has no encoder")
        return self.encoder(ids, mask)

    def logits(
        self,
        ids: Tensor,
        cache: Cache,
        mask: Tensor | None = None,
        places: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        last: int = 1,
    ) -> Tensor:
        x = self.embeddings(ids, places=places, past=len(cache))
        if self.step is not None and ids.shape[1] == 1 and memory is None:
            states = self.step(x, mask, memory_mask=memory_mask, cache=cache)
        else:
            states = self.stack(x, mask, memory=memory, memory_mask=memory_mask, cache=cache)
        return self.scores(states[:, -last:]).float()
