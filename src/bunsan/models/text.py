"""A text model: embeddings, a stack, a pooler; with a head on it, an answer.

Letters in shapes:  b batch · q positions · k keys · m memory positions · c choices · d width
"""

from typing import Any

from torch import Tensor, nn

from bunsan.nn.cache import Cache
from bunsan.nn.embeddings import TokenEmbeddings, places_from_mask
from bunsan.nn.heads import Output
from bunsan.nn.transformer import Stack, Trace


class TextModel(nn.Module):
    """Token ids in, states out.

    Parameters
    ----------
    embeddings, stack : what it consists of.
    pooler : makes one vector of a text; None: there is none.
    places_from_mask : positions count the tokens that are no padding, so that padding on the left
        moves nothing; else they count all.
    """

    def __init__(
        self,
        embeddings: TokenEmbeddings,
        stack: Stack,
        pooler: nn.Module | None = None,
        *,
        places_from_mask: bool = False,
    ) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.stack = stack
        self.pooler = pooler
        self.places_from_mask = places_from_mask

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        types: Tensor | None = None,
        *,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache | None = None,
        trace: Trace | None = None,
    ) -> Output:
        """One pass.

        Parameters
        ----------
        ids : (b, q).
        mask : (b, k) boolean, False at padding; with a cache it covers what is in it too. None:
            there is no padding.
        types : (b, q), which of two texts a token belongs to.
        memory, memory_mask : (b, m, d) and (b, m), for a decoder that attends to an encoder.
        cache : of the tokens before, appended to in place.
        trace : collects hidden states and attention.
        """
        past = 0 if cache is None else len(cache)
        places = None
        if self.places_from_mask and mask is not None:
            places = places_from_mask(mask)[:, past:]
        x = self.embeddings(ids, types, places=places, past=past)
        states = self.stack(
            x, mask, memory=memory, memory_mask=memory_mask, cache=cache, trace=trace
        )
        pooled = None if self.pooler is None else self.pooler(states, ids)
        return Output(states, pooled)

    def new_cache(self, capacity: int = 64) -> Cache:
        """An empty cache with a place for every block."""
        return Cache(self.stack.config.depth, capacity)


class TextModelWithHead(nn.Module):
    """A text model and what reads its states."""

    def __init__(self, backbone: TextModel, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        types: Tensor | None = None,
        **others: Any,
    ) -> Output:
        """As the backbone's, with the head's answer filled in."""
        output = self.backbone(ids, mask, types, **others)
        filled: Output = self.head(output, ids, mask, self.backbone.embeddings.tokens.weight)
        return filled

    def new_cache(self, capacity: int = 64) -> Cache:
        """An empty cache with a place for every block."""
        return self.backbone.new_cache(capacity)


class ChoiceModel(TextModelWithHead):
    """One score a choice: (b, c, q) ids -> `logits` (b, c). All choices of a batch are one batch of texts."""

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        types: Tensor | None = None,
        **others: Any,
    ) -> Output:
        """`ids`, `mask`, `types`: (b, c, q)."""
        choices = ids.shape[1]

        def flat(x: Tensor | None) -> Tensor | None:
            return None if x is None else x.flatten(0, 1)

        output = super().forward(ids.flatten(0, 1), flat(mask), flat(types), **others)
        if output.logits is None:
            raise ValueError("this head gives no scores")
        output.logits = output.logits.view(-1, choices)
        return output
