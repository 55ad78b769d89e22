"""Vectors of texts that belong together, by contrast with the others of the batch.

A question should be nearer to its own passage than to the passages of the other questions (Henderson et
al. 2017, "Efficient Natural Language Response Suggestion", §4.4: the others of a batch are the negatives;
Karpukhin et al. 2020, §3.2), and a passage nearer to its own question, both counted alike (Radford et
al. 2021, figure 3).

Letters in shapes:  b pairs · q positions · d width
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from bunsan.models.opened import OpenedModel
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example
from bunsan.training.objective import Batch
from bunsan.training.objectives.contrast import Contrast, cosines
from bunsan.training.objectives.padding import mask_of, padded, with_mask


class PairContrast(Contrast):
    """Pairs of texts; every example has two rows, with special tokens.

    Texts that are the same as another one's are no negatives of it.

    Parameters
    ----------
    model : without a head. vector, temperature : as of `Contrast`. together : pairs of a batch.
    """

    def __init__(
        self,
        model: OpenedModel,
        tokenizer: Tokenizer,
        *,
        vector: Literal["first", "mean"] = "mean",
        temperature: float = 0.05,
        together: int = 64,
    ) -> None:
        super().__init__(
            model, tokenizer, vector=vector, temperature=temperature, together=together
        )
        self.added = 0

    def batch(self, windows: Sequence[Example]) -> Batch:  # type: ignore[override]
        """`ids`, `mask` (b, q) of the first texts, `ids2`, `mask2` of the second ones; `same`,
        `same2` (b), equal numbers for equal texts."""
        tensors: dict[str, Tensor] = {}
        tokens = cells = 0
        for place, end in ((0, ""), (1, "2")):
            rows = [example.rows[place] for example in windows]
            ids = padded(rows, self.pad)
            side = with_mask({"ids": ids}, mask_of(rows))
            tensors |= {name + end: tensor for name, tensor in side.items()}
            known: dict[bytes, int] = {}
            numbers = [known.setdefault(row.tobytes(), len(known)) for row in rows]
            tensors["same" + end] = torch.tensor(numbers)
            tokens, cells = tokens + sum(map(len, rows)), cells + ids.numel()
        return Batch(tensors, {"pairs": len(windows)}, tokens, cells)

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of finding each text's partner, both ways; how many second texts are found."""
        first = self.vectors(batch.tensors["ids"], batch.tensors.get("mask")).float()
        second = self.vectors(batch.tensors["ids2"], batch.tensors.get("mask2")).float()
        scores = cosines(first, second) / self.temperature
        own = torch.arange(len(scores), device=scores.device)
        there = _others(scores, batch.tensors["same2"])
        back = _others(scores.T, batch.tensors["same"])
        loss = functional.cross_entropy(there, own, reduction="sum")
        loss = (loss + functional.cross_entropy(back, own, reduction="sum")) / 2
        told = {"right": float((there.argmax(1) == own).sum()), "asked": float(len(own))}
        return {"pairs": loss}, {} if self.module.training else told


def _others(scores: Tensor, same: Tensor) -> Tensor:
    """(b, b) without those that are the partner's text once more."""
    twins = same[:, None] == same
    twins.fill_diagonal_(False)
    return scores.masked_fill(twins, float("-inf"))
