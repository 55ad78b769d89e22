"""Replaced-token detection (Clark et al. 2020): a small generator fills in hidden words, and the model
tells for every token whether the generator put it there.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.masked_words import MaskedWords
from bunsan.training.objectives.picking import scores_at, word_loss
from bunsan.training.windows import Window


class ReplacedTokens:
    """Two models that share their tables of tokens, positions and segments (§3.2).

    The generator learns masked words alone: no gradient passes through the words it draws (§2).

    Parameters
    ----------
    discriminator : with the head "replaced-tokens"; what is wanted in the end.
    generator : with the head "masked-words" and embeddings of the same width.
    weight : of the discriminator's loss beside the generator's.
    """

    def __init__(
        self,
        discriminator: OpenedModel,
        generator: OpenedModel,
        tokenizer: Tokenizer,
        *,
        share: float = 0.15,
        whole_words: bool = False,
        weight: float = 50.0,
    ) -> None:
        detect, fill = discriminator.module, generator.module
        if not isinstance(detect, TextModelWithHead) or not isinstance(fill, TextModelWithHead):
            raise TypeError("both must be text models with heads")
        theirs, ours = detect.backbone.embeddings, fill.backbone.embeddings
        if theirs.tokens.weight.shape != ours.tokens.weight.shape:
            raise ValueError("the embeddings of the two must have the same shape")
        ours.tokens, ours.positions, ours.types = theirs.tokens, theirs.positions, theirs.types
        self.discriminator, self.generator = discriminator, generator
        self.detect, self.fill = detect, fill
        self.module: nn.Module = nn.ModuleDict({"discriminator": detect, "generator": fill})
        # Every chosen token is hidden: what stands there in the end is the generator's word.
        self._masked = MaskedWords(
            generator, tokenizer, share=share, whole_words=whole_words, hidden=1.0, replaced=0.0
        )
        self.weights: Mapping[str, float] = {"generator": 1.0, "discriminator": weight}
        self.added, self.together, self.needs = self._masked.added, 0, self._masked.needs

    def batch(self, windows: Sequence[Window]) -> Batch:
        """As `MaskedWords.batch`."""
        batch = self._masked.batch(windows)
        batch.counts = {"generator": batch.counts["words"], "discriminator": batch.tokens}
        return batch

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of the hidden tokens; of every token, whether it was replaced."""
        tensors = batch.tensors
        ids, mask, places = tensors["ids"], tensors.get("mask"), tensors["places"]
        states = self.fill.backbone(ids, mask).states
        scores = scores_at(self.fill, self.fill.head, states, places)
        drawn = draw(scores.detach())
        seen, replaced = put(ids, places, drawn, tensors["targets"])
        logits = self.detect(seen, mask).logits
        if logits is None:
            raise ValueError("the discriminator gives no scores")
        wrong = functional.binary_cross_entropy_with_logits(
            logits.float(), replaced, reduction="none"
        )
        if mask is not None:
            wrong = wrong[mask]
        told: dict[str, float] = {}
        if not self.detect.training:
            found = (logits > 0) == (replaced > 0)
            found = found.flatten() if mask is None else found[mask]
            told = {"right": float(found.sum()), "asked": float(len(found))}
        losses = {
            "generator": word_loss(scores, tensors["targets"]),
            "discriminator": wrong.sum(),
        }
        return losses, told

    def save(self, folder: Path) -> None:
        """The discriminator, with the generator in a folder of its own inside."""
        self.discriminator.save(folder)
        self.generator.save(folder / "generator")


def draw(scores: Tensor) -> Tensor:
    """(m, v) scores -> (m) ids, each with the probability that the softmax gives it."""
    # Where a uniform number falls among the running sums: one random number a word, not one a score.
    sums = scores.float().softmax(-1).cumsum(-1)
    thrown = torch.rand(len(scores), 1, device=scores.device) * sums[:, -1:]
    return torch.searchsorted(sums, thrown, right=True).flatten().clamp_(max=scores.shape[-1] - 1)


def put(ids: Tensor, places: Tensor, drawn: Tensor, original: Tensor) -> tuple[Tensor, Tensor]:
    """The drawn words in their places, (b, q), and where one is not the original, 1.0 or 0.0.

    A word that the generator got right counts as original (§2).
    """
    seen = ids.flatten().scatter(0, places, drawn).view_as(ids)
    wrong = (drawn != original).float()
    replaced = torch.zeros(ids.numel(), device=ids.device).scatter(0, places, wrong)
    return seen, replaced.view_as(ids)
