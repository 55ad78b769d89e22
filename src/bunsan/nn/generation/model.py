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
from bunsan.nn.generation.fast import FastStack, Kernels, Map, OutputMap, Weights, packed_map
from bunsan.nn.heads import WordScores
from bunsan.nn.transformer import Stack

Encoder = Callable[[Tensor, Tensor], Tensor]  # (b, m) ids and mask -> (b, m, d)


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
    scores : the output layer; where it has no matrix of its own, that of `embeddings` is its.
    encoder : from ids and mask to the memory; None: there is no encoder.
    max_source : the most positions the encoder has.
    kernels : kernels that `prepare` takes before PyTorch's; see `fast.Kernels`.
    """

    def __init__(
        self,
        embeddings: TokenEmbeddings,
        stack: Stack,
        scores: WordScores,
        *,
        encoder: Encoder | None = None,
        max_source: int | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        self._kernels = kernels
        self.embeddings, self.scores = embeddings, scores
        self.depth = stack.config.depth
        self.max_positions = embeddings.max_positions
        self.encoder = encoder
        self.max_source = max_source
        self.encodes = encoder is not None
        table = embeddings.tokens.weight
        self.device, self.vocabulary = table.device, len(self._matrix())
        self._stack = stack
        self._run: Stack | FastStack = stack
        self._output: Map = lambda states: scores(states, table)

    def prepare(self, weights: Weights = "same") -> None:
        """Make ready for inference; training does not go on with the modules afterwards.

        Parameters
        ----------
        weights : in which form the decoder's are read: see `fast.make_map`. With "int8", where there
            are no kernels, the output layer is float16: small differences decide there.

        Raises
        ------
        ValueError : these weights need a CPU.
        """
        if weights != "same" and self.device.type != "cpu":
            raise ValueError(f"{weights} weights need a CPU, not {self.device}")
        with torch.no_grad():
            self._run = FastStack(self._stack, weights, self._kernels)
            matrix, scale, bias = self._matrix(), self.scores.scale, self.scores.bias
            if weights != "same":
                kept: Weights = weights
                if weights == "int8" and self._kernels is None:  # FBGEMM's is too coarse for it
                    kept = "float16"
                self._output = packed_map(matrix * scale, bias, kept, self._kernels)
            elif scale == 1.0:
                self._output = OutputMap(matrix, bias, self._kernels)

    def new_cache(self, capacity: int) -> Cache:
        return Cache(self.depth, capacity)

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
        states = self._run(x, mask, memory=memory, memory_mask=memory_mask, cache=cache)
        return self._output(states[:, -last:]).float()

    def _matrix(self) -> Tensor:
        own = self.scores.weight
        return (self.embeddings.tokens.weight if own is None else own).detach()
