"""Span corruption (Raffel et al. 2020, §3.1.4): spans of a text give way to sentinels, and the model
writes what stood there.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.opened import OpenedModel
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.around import needed
from bunsan.training.objectives.writing import start_token, written, written_loss
from bunsan.training.tokens import Ids
from bunsan.training.windows import Window

SENTINELS = tuple(f"<extra_id_{i}>" for i in range(100))


class SpanCorruption:
    """Write the spans that sentinels stand for.

    Parameters
    ----------
    model : an encoder-decoder with scores of words.
    share : of the tokens that are taken out. mean_length : of a span.
    """

    def __init__(
        self,
        model: OpenedModel,
        tokenizer: Tokenizer,
        *,
        share: float = 0.15,
        mean_length: float = 3.0,
    ) -> None:
        if not isinstance(model.module, EncoderDecoder):
            raise TypeError("span corruption needs an encoder-decoder")
        self.model, self.module = model, model.module
        self.share, self.mean_length = share, mean_length
        self.sentinels = sentinels_of(tokenizer)
        self.pad, self.end = needed(tokenizer, "pad"), needed(tokenizer, "eos")
        self.start = start_token(model, self.pad)
        self.weights: Mapping[str, float] = {"words": 1.0}
        self.added, self.together = 1, 0
        self.needs: frozenset[str] = frozenset()

    def batch(self, windows: Sequence[Window]) -> Batch:
        """See `writing.written`."""
        sources, targets = [], []
        for window in windows:
            chance = window.random()
            noise = noise_mask(
                len(window.ids), chance, self.share, self.mean_length, len(self.sentinels)
            )
            source, target = corrupt(window.ids, noise, self.sentinels)
            sources.append(np.append(source, self.end))
            targets.append(np.append(target, self.end))
        return written(sources, targets, start=self.start, pad=self.pad)

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of every token to be written."""
        return written_loss(self.module, batch)

    def save(self, folder: Path) -> None:
        """The model."""
        self.model.save(folder)


def noise_mask(
    n: int, chance: np.random.Generator, share: float, mean_length: float, most: int = 100
) -> NDArray[np.bool_]:
    """(n) True where a token is taken out; spans of chance lengths, a kept token before each.

    The number of tokens taken out and of spans is fixed by n; what is left to chance is how each is
    divided, every division having the same probability, as in the paper's code.
    """
    if n < 2:
        return np.zeros(n, np.bool_)
    noise = min(max(round(n * share), 1), n - 1)
    spans = min(max(round(noise / mean_length), 1), noise, n - noise, most)
    lengths = np.empty(2 * spans, np.int64)
    lengths[0::2] = divide(n - noise, spans, chance)
    lengths[1::2] = divide(noise, spans, chance)
    return np.repeat(np.arange(2 * spans) % 2 == 1, lengths)


def divide(n: int, parts: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """`parts` whole numbers of at least 1 that add up to n, all such rows being equally likely."""
    cuts = np.sort(chance.choice(n - 1, parts - 1, replace=False)) + 1
    return np.diff(np.concatenate([[0], cuts, [n]]))


def corrupt(ids: Ids, noise: NDArray[np.bool_], sentinels: NDArray[np.int64]) -> tuple[Ids, Ids]:
    """The source, a sentinel in place of each span, and the target, a sentinel before each span."""
    edges = np.diff(np.concatenate([[False], noise, [False]]).astype(np.int8))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    source, target, after = [], [], 0
    for number, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        sentinel = sentinels[number : number + 1]
        source += [ids[after:begin], sentinel]
        target += [sentinel, ids[begin:end]]
        after = end
    source.append(ids[after:])
    return np.concatenate(source), np.concatenate(target) if target else ids[:0]


def sentinels_of(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Ids of <extra_id_0>, <extra_id_1>, ...

    Raises
    ------
    BadInput : there are none.
    """
    found: list[int] = []
    while (i := tokenizer.token_to_id(f"<extra_id_{len(found)}>")) is not None:
        found.append(i)
    if not found:
        raise BadInput(
            tr(
                "The tokenizer has no sentinels (<extra_id_0>, ...), which span corruption needs.",
                "トークナイザーに、スパン破損に必要な番兵(<extra_id_0> など)がありません。",
            ),
            remedy=tr(
                "Choose a tokenizer made for T5.", "T5 用のトークナイザーを指定してください。"
            ),
        )
    return np.array(found, np.int64)
