"""Vectors of sentences by contrast (Gao et al. 2021, "SimCSE", §3): a text read twice, with different
units dropped out, should be nearer to itself than to every other text of the batch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from bunsan.base.files import write_json
from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModel
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.around import Around, needed
from bunsan.training.objectives.padding import mask_of, padded, with_mask
from bunsan.training.windows import Window


class Contrast:
    """Unsupervised SimCSE. Windows are the sentences, so a document should be one.

    Parameters
    ----------
    model : without a head.
    vector : the first position's state, or the mean of all.
    temperature : cosines are divided by it.
    together : texts of a batch, each the negative of all others.
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
        if not isinstance(model.module, TextModel):
            raise TypeError("contrast needs a text model without a head")
        self.model, self.module = model, model.module
        self.vector, self.temperature = vector, temperature
        self.around = Around(tokenizer)
        self.pad = needed(tokenizer, "pad")
        self.weights: Mapping[str, float] = {"pairs": 1.0}
        self.added, self.together = self.around.added, together
        self.needs: frozenset[str] = frozenset()

    def batch(self, windows: Sequence[Window]) -> Batch:
        """`ids`, `mask` (b, q)."""
        rows = [self.around.one(window.ids) for window in windows]
        ids = padded(rows, self.pad)
        tensors = with_mask({"ids": ids}, mask_of(rows))
        tokens = sum(map(len, rows))
        return Batch(tensors, {"pairs": len(rows)}, tokens, ids.numel())

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of finding each text's twin among all of the batch."""
        ids, mask = batch.tensors["ids"], batch.tensors.get("mask")
        vectors = self.vectors(torch.cat([ids, ids]), None if mask is None else mask.repeat(2, 1))
        first, second = vectors.float().chunk(2)
        scores = cosines(first, second) / self.temperature
        own = torch.arange(len(ids), device=ids.device)
        loss = functional.cross_entropy(scores, own, reduction="sum")
        return {"pairs": loss}, {}

    def vectors(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """(b, q) -> (b, d)"""
        states: Tensor = self.module(ids, mask).states
        if self.vector == "first":
            return states[:, 0]
        if mask is None:
            return states.mean(1)
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def save(self, folder: Path) -> None:
        """The model, and how its states become a vector, in the files sentence-transformers reads."""
        self.model.save(folder)
        prefix = "sentence_transformers.models"
        modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
        (folder / "1_Pooling").mkdir()
        width = self.module.stack.config.width
        write_json(
            folder / "1_Pooling" / "config.json",
            {
                "word_embedding_dimension": width,
                "pooling_mode_cls_token": self.vector == "first",
                "pooling_mode_mean_tokens": self.vector == "mean",
            },
        )
        write_json(
            folder / "modules.json",
            [
                {"idx": i, "name": str(i), "path": path, "type": f"{prefix}.{name}"}
                for i, (path, name) in enumerate(modules)
            ],
        )


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """(n, d) and (m, d) -> (n, m)"""
    return functional.normalize(first, dim=-1) @ functional.normalize(second, dim=-1).T
