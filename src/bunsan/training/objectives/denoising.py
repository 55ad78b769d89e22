"""Denoising (Lewis et al. 2020, §2.2): spans are filled in and sentences put back in order."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.opened import OpenedModel
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.around import Around, needed
from bunsan.training.objectives.writing import start_token, written, written_loss
from bunsan.training.tokens import SENTENCE, WORD, Flags, Ids
from bunsan.training.windows import Window


class Denoising:
    """Write the text as it was.

    Parameters
    ----------
    model : an encoder-decoder with scores of words.
    share : of the tokens that give way. mean_length : of a span, Poisson's; each span, and one of no
        length too, becomes a single mask. whole_words : spans begin and end with words, and their
        lengths count words.
    permute : put sentences into a random order.
    """

    def __init__(
        self,
        model: OpenedModel,
        tokenizer: Tokenizer,
        *,
        share: float = 0.3,
        mean_length: float = 3.0,
        whole_words: bool = True,
        permute: bool = True,
    ) -> None:
        if not isinstance(model.module, EncoderDecoder):
            raise TypeError("denoising needs an encoder-decoder")
        self.model, self.module = model, model.module
        self.share, self.mean_length = share, mean_length
        self.whole_words, self.permute = whole_words, permute
        self.around = Around(tokenizer)
        self.pad, self.mask = needed(tokenizer, "pad"), needed(tokenizer, "mask")
        self.start = start_token(model, int(self.around.after[-1]) if len(self.around.after) else 0)
        self.weights: Mapping[str, float] = {"words": 1.0}
        self.added, self.together = self.around.added, 0
        self.needs = frozenset({"sentences"}) if permute else frozenset()

    def batch(self, windows: Sequence[Window]) -> Batch:
        """See `writing.written`."""
        sources, targets = [], []
        for window in windows:
            chance = window.random()
            ids, flags = window.ids, window.flags
            if self.permute:
                order = permuted(flags, chance)
                ids, flags = ids[order], flags[order]
            words = flags if self.whole_words else np.full_like(flags, WORD)
            filled = infill(ids, words, chance, self.mask, self.share, self.mean_length)
            sources.append(self.around.one(filled))
            targets.append(self.around.one(window.ids))
        return written(sources, targets, start=self.start, pad=self.pad)

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of every token of the text."""
        return written_loss(self.module, batch)

    def save(self, folder: Path) -> None:
        """The model."""
        self.model.save(folder)


def permuted(flags: Flags, chance: np.random.Generator) -> NDArray[np.int64]:
    """Places of the tokens when their sentences stand in a random order."""
    begins = flags & SENTENCE > 0
    begins[:1] = True
    sentences = np.split(np.arange(len(flags)), np.flatnonzero(begins)[1:])
    return np.concatenate([sentences[i] for i in chance.permutation(len(sentences)).tolist()])


def infill(
    ids: Ids,
    flags: Flags,
    chance: np.random.Generator,
    mask: int,
    share: float,
    mean_length: float,
) -> Ids:
    """The text with spans of words replaced by one mask each, about `share` of its tokens.

    Lengths are drawn until they add up to the share; spans are laid out apart from each other, every
    layout being equally likely; spans of no length put a mask between two words.
    """
    begins = flags & WORD > 0
    begins[:1] = True
    starts = np.append(np.flatnonzero(begins), len(ids))
    n = len(starts) - 1  # words
    wanted = int(share * n + chance.random())
    lengths: list[int] = []
    left = wanted
    while left > 0:
        length = min(int(chance.poisson(mean_length)), left)
        lengths.append(length)
        left -= length
    kept = n - wanted
    spans = len(lengths)
    # A span stands in one of the kept + 1 gaps between kept words, no two in the same one.
    while spans > kept + 1:  # only in very short texts
        lengths[-2:] = [sum(lengths[-2:])]
        spans -= 1
    gaps = np.sort(chance.permutation(kept + 1)[:spans])
    out: list[NDArray[np.int64]] = []
    at = taken = 0  # words so far; of them kept ones
    hidden = np.array([mask], np.int64)
    for gap, length in zip(gaps.tolist(), lengths, strict=True):
        end = at + gap - taken
        out += [ids[starts[at] : starts[end]], hidden]
        taken, at = gap, end + length
    return np.concatenate([*out, ids[starts[at] :]])
