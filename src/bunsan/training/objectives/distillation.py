"""Distillation (Hinton et al. 2015; Sanh et al. 2019, §2): a small model learns what a large one
answers, what it thinks, and the masked words themselves.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.masked_words import MaskedWords
from bunsan.training.objectives.picking import real_places, scores_at, told, word_loss
from bunsan.training.windows import Window


class Distillation:
    """Soft targets, the angle between states, masked words.

    Parameters
    ----------
    student, teacher : both with the head "masked-words" and one vocabulary; only the first learns.
    temperature : of both in the soft targets.
    soft, words, cosine : weights of the three terms.
    everywhere : soft targets at every token, as published, and not at the masked ones only.
    """

    def __init__(
        self,
        student: OpenedModel,
        teacher: OpenedModel,
        tokenizer: Tokenizer,
        *,
        temperature: float = 2.0,
        soft: float = 5.0,
        words: float = 2.0,
        cosine: float = 1.0,
        everywhere: bool = True,
        share: float = 0.15,
        whole_words: bool = False,
    ) -> None:
        small, large = student.module, teacher.module
        if not isinstance(small, TextModelWithHead) or not isinstance(large, TextModelWithHead):
            raise TypeError("both must be text models with heads")
        ours, theirs = (m.backbone.embeddings.tokens.num_embeddings for m in (small, large))
        if ours != theirs:
            raise BadInput(
                tr(
                    f"The student knows {ours:,} tokens, its teacher {theirs:,}.",
                    f"生徒の語彙は {ours:,}、教師の語彙は {theirs:,} です。",
                ),
                remedy=tr("Both must use one tokenizer.", "同じトークナイザーを使ってください。"),
            )
        if cosine and small.backbone.stack.config.width != large.backbone.stack.config.width:
            raise BadInput(
                tr(
                    "States of different widths have no angle between them.",
                    "幅の違う状態の間に角度はありません。",
                ),
                remedy=tr("Set cosine = 0.", "cosine = 0 にしてください。"),
            )
        self.model, self.module = student, small
        self.teacher = large.eval().requires_grad_(False)
        self.temperature, self.everywhere = temperature, everywhere
        self._masked = MaskedWords(student, tokenizer, share=share, whole_words=whole_words)
        weights = {"soft": soft, "words": words, "cosine": cosine}
        self.weights: Mapping[str, float] = {name: w for name, w in weights.items() if w}
        self.added, self.together, self.needs = self._masked.added, 0, self._masked.needs

    def batch(self, windows: Sequence[Window]) -> Batch:
        """As `MaskedWords.batch`."""
        batch = self._masked.batch(windows)
        words = batch.counts["words"]
        counts = {"soft": batch.tokens if self.everywhere else words, "words": words}
        counts["cosine"] = batch.tokens
        batch.counts = {name: counts[name] for name in self.weights}
        return batch

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Kullback-Leibler divergence times the square of the temperature, one minus the cosine of
        the last states, cross entropy."""
        tensors = batch.tensors
        ids, mask, places = tensors["ids"], tensors.get("mask"), tensors["places"]
        with torch.no_grad():
            wanted = self.teacher.backbone(ids, mask).states
        states = self.module.backbone(ids, mask).states
        real = real_places(mask, ids.shape).to(ids.device)
        where = real if self.everywhere else places
        losses: dict[str, Tensor] = {}
        if "soft" in self.weights:
            with torch.no_grad():
                soft = scores_at(self.teacher, self.teacher.head, wanted, where)
            scores = scores_at(self.module, self.module.head, states, where)
            losses["soft"] = soft_loss(scores, soft, self.temperature)
        if "cosine" in self.weights:
            pair = (states.flatten(0, 1)[real].float(), wanted.flatten(0, 1)[real].float())
            losses["cosine"] = (1 - functional.cosine_similarity(*pair, dim=-1)).sum()
        answers: dict[str, float] = {}
        if "words" in self.weights:
            own = scores_at(self.module, self.module.head, states, places)
            losses["words"] = word_loss(own, tensors["targets"])
            answers = told(self.module, own, tensors["targets"])
        return losses, answers

    def save(self, folder: Path) -> None:
        """The student."""
        self.model.save(folder)


def soft_loss(scores: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """The sum over rows of KL(wanted || scores), both (m, v) at a temperature, times its square."""
    ours = functional.log_softmax(scores.float() / temperature, -1)
    theirs = functional.log_softmax(wanted.float() / temperature, -1)
    kl = functional.kl_div(ours, theirs, reduction="sum", log_target=True)
    return kl * temperature**2
