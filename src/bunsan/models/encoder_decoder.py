"""An encoder-decoder: a text is read whole, and another is written while attending to it.

Letters in shapes:  b batch · q positions · m positions of the source · d width · v vocabulary
"""

from dataclasses import replace

from torch import Tensor, nn

from bunsan.models.text import TextModel
from bunsan.nn.cache import Cache
from bunsan.nn.heads import Output, WordScores, at_position, last_position
from bunsan.nn.transformer import Trace


class EncoderDecoder(nn.Module):
    """Two text models, the second of which attends to the first's states (Vaswani et al. 2017, §3.1).

    Parameters
    ----------
    encoder, decoder : the two; they may share their table of tokens.
    scores : of the words, at every position of the decoder; None: states only.
    """

    def __init__(
        self, encoder: TextModel, decoder: TextModel, scores: WordScores | None = None
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.scores = scores

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        *,
        target_ids: Tensor,
        target_mask: Tensor | None = None,
        trace: Trace | None = None,
        target_trace: Trace | None = None,
    ) -> Output:
        """Read and write at once, as in training.

        `ids`, `mask`: (b, m), the source. `target_ids`, `target_mask`: (b, q), what the decoder is
        given, beginning with its start token. `states` and `logits` are the decoder's, (b, q, ·).
        """
        read = self.encode(ids, mask, trace=trace)
        return self.decode(
            target_ids, read.states, mask, target_mask=target_mask, trace=target_trace
        )

    def encode(
        self, ids: Tensor, mask: Tensor | None = None, *, trace: Trace | None = None
    ) -> Output:
        """(b, m) -> `states` (b, m, d), the memory."""
        out: Output = self.encoder(ids, mask, trace=trace)
        return out

    def decode(
        self,
        target_ids: Tensor,
        memory: Tensor | None,
        memory_mask: Tensor | None = None,
        *,
        target_mask: Tensor | None = None,
        cache: Cache | None = None,
        trace: Trace | None = None,
    ) -> Output:
        """(b, q) ids -> `states` (b, q, d) and `logits` (b, q, v).

        `memory`, `memory_mask`: (b, m, d) and (b, m); with a cache that has seen the memory, it may
        be None. `target_mask`: (b, k), over what is in the cache too.
        """
        output: Output = self.decoder(
            target_ids,
            target_mask,
            memory=memory,
            memory_mask=memory_mask,
            cache=cache,
            trace=trace,
        )
        output = replace(output, memory=memory)
        if self.scores is None:
            return output
        tokens = self.decoder.embeddings.tokens.weight
        return replace(output, logits=self.scores(output.states, tokens))

    def new_cache(self, capacity: int = 64) -> Cache:
        """An empty cache for the decoder."""
        return self.decoder.new_cache(capacity)


class EncoderDecoderWithHead(nn.Module):
    """Reads a text twice, through the encoder and, moved by one, through the decoder, whose states a
    head looks at (Lewis et al. 2020, §3.1).

    `start` is the token that the decoder begins with; None: the last token of the text itself.
    """

    def __init__(self, backbone: EncoderDecoder, head: nn.Module, start: int | None) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.start = start

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Output:
        """`ids`, `mask`: (b, q)."""
        moved = ids.roll(1, dims=1)
        if self.start is None:
            moved[:, 0] = at_position(ids, last_position(mask, ids))
        else:
            moved[:, 0] = self.start
        output: Output = self.backbone(ids, mask, target_ids=moved)
        filled: Output = self.head(
            output, ids, mask, self.backbone.decoder.embeddings.tokens.weight
        )
        return filled
