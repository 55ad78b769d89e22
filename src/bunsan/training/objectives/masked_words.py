"""Masked words (Devlin et al. 2019, §3.1), with whole words and dynamic masking (Liu et al. 2019),
and the next sentence as an option.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.nn.heads import Pretraining
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.around import Around, needed, ordinary_ids
from bunsan.training.objectives.masking import Masking
from bunsan.training.objectives.padding import mask_of, padded, with_mask
from bunsan.training.objectives.picking import scores_at, told, word_loss
from bunsan.training.tokens import SENTENCE, WORD, Flags, Ids
from bunsan.training.windows import Window


class MaskedWords:
    """Fill in hidden words; with a "pretraining" head also tell whether two texts belong together.

    Parameters
    ----------
    model : with the head "masked-words" or "pretraining".
    share, whole_words, hidden, replaced : see `Masking`.
    """

    def __init__(
        self,
        model: OpenedModel,
        tokenizer: Tokenizer,
        *,
        share: float = 0.15,
        whole_words: bool = True,
        hidden: float = 0.8,
        replaced: float = 0.1,
    ) -> None:
        if not isinstance(model.module, TextModelWithHead):
            raise TypeError("masked words need a text model with a head")
        self.model, self.module = model, model.module
        head = self.module.head
        self.pairs = isinstance(head, Pretraining)
        self.words = head.words if isinstance(head, Pretraining) else head
        self.around = Around(tokenizer)
        self.pad = needed(tokenizer, "pad")
        self.masking = Masking(
            needed(tokenizer, "mask"),
            ordinary_ids(tokenizer),
            share,
            whole_words,
            hidden,
            replaced,
        )
        self.weights: Mapping[str, float] = {"words": 1.0} | ({"pairs": 1.0} if self.pairs else {})
        self.added = self.around.added_to_pair if self.pairs else self.around.added
        self.together = 0
        needs = ({"words"} if whole_words else set()) | ({"sentences"} if self.pairs else set())
        self.needs = frozenset(needs)

    def batch(self, windows: Sequence[Window]) -> Batch:
        """`ids`, `mask`, `types` as the model's; `places`, `targets` (m): the chosen tokens, counted
        row by row; `pairs` (b): 0 where the second text follows."""
        chances = [window.random() for window in windows]
        texts = self._pairs(windows, chances) if self.pairs else self._singles(windows)
        hidden, places, targets = [], [], []
        longest = max(len(ids) for ids, *_ in texts)
        for i, ((ids, _, own, flags, _), chance) in enumerate(zip(texts, chances, strict=True)):
            chosen = own[self.masking.choose(flags, chance)]
            hidden.append(self.masking.hide(ids, chosen, chance))
            places.append(chosen + i * longest)
            targets.append(ids[chosen])
        tensors = {
            "ids": padded(hidden, self.pad),
            "places": torch.from_numpy(np.concatenate(places)),
            "targets": torch.from_numpy(np.concatenate(targets)),
        }
        counts = {"words": len(tensors["targets"])}
        if self.pairs:
            tensors["types"] = padded([types for _, types, *_ in texts], 0)
            tensors["pairs"] = torch.tensor([pair for *_, pair in texts])
            counts["pairs"] = len(windows)
        tokens = sum(map(len, hidden))
        return Batch(with_mask(tensors, mask_of(hidden)), counts, tokens, longest * len(windows))

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of the chosen tokens, and of the pairs."""
        tensors = batch.tensors
        output = self.module.backbone(tensors["ids"], tensors.get("mask"), tensors.get("types"))
        scores = scores_at(self.module, self.words, output.states, tensors["places"])
        losses = {"words": word_loss(scores, tensors["targets"])}
        answers = told(self.module, scores, tensors["targets"])
        if isinstance(self.module.head, Pretraining):
            pair = self.module.head.pair(output.pooled).float()
            losses["pairs"] = functional.cross_entropy(pair, tensors["pairs"], reduction="sum")
        return losses, answers

    def save(self, folder: Path) -> None:
        """The model."""
        self.model.save(folder)

    def _singles(self, windows: Sequence[Window]) -> list[tuple[Ids, Ids, Ids, Flags, int]]:
        found = []
        for window in windows:
            ids = self.around.one(window.ids)
            own = np.arange(len(window.ids)) + len(self.around.before)
            found.append((ids, np.zeros(0, np.int64), own, window.flags, 0))
        return found

    def _pairs(
        self, windows: Sequence[Window], chances: Sequence[np.random.Generator]
    ) -> list[tuple[Ids, Ids, Ids, Flags, int]]:
        """Each window cut in two at the beginning of a sentence; for every second one the second part
        comes from another document of the batch, if there is one."""
        cuts = [cut_of(window, chance) for window, chance in zip(windows, chances, strict=True)]
        found = []
        for i, (window, chance) in enumerate(zip(windows, chances, strict=True)):
            other = i
            if chance.random() < 0.5:
                strangers = [j for j, one in enumerate(windows) if one.document != window.document]
                if strangers:
                    other = strangers[int(chance.integers(len(strangers)))]
            second = windows[other]
            # No longer than the window was.
            stop = cuts[other] + len(window.ids) - cuts[i] if other != i else len(window.ids)
            part, flags = second.ids[cuts[other] : stop], second.flags[cuts[other] : stop]
            ids, types, own = self.around.two(window.ids[: cuts[i]], part)
            both = np.concatenate([window.flags[: cuts[i]], flags])
            found.append((ids, types, own, both, int(other != i)))
        return found


def cut_of(window: Window, chance: np.random.Generator) -> int:
    """Where a window is cut in two: where a sentence begins, or else a word, near its middle."""
    for bit in (SENTENCE, WORD):
        begins = np.flatnonzero(window.flags & bit)
        begins = begins[begins > 0]
        if len(begins):
            if bit == WORD:
                begins = begins[np.argsort(abs(begins - len(window.ids) // 2))[:1]]
            return int(begins[chance.integers(len(begins))])
    return len(window.ids) // 2
