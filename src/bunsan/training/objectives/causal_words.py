"""The next word (Radford et al. 2018, §3.1)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Batch
from bunsan.training.objectives.around import first_of
from bunsan.training.objectives.padding import mask_of, padded, with_mask
from bunsan.training.objectives.picking import real_places, scores_at, told, word_loss
from bunsan.training.windows import Window


class CausalWords:
    """Tell every token from those before it. A document begins with the token that begins texts (or
    ends them, where there is only that) and ends with the one that ends them.

    Parameters
    ----------
    model : with the head "causal-words".
    """

    def __init__(self, model: OpenedModel, tokenizer: Tokenizer) -> None:
        if not isinstance(model.module, TextModelWithHead):
            raise TypeError("causal words need a text model with a head")
        self.model, self.module = model, model.module
        self.begin = first_of(tokenizer, "bos", "eos", "sep")
        self.end = first_of(tokenizer, "eos", "sep")
        self.weights: Mapping[str, float] = {"words": 1.0}
        self.added, self.together = 1, 0
        self.needs: frozenset[str] = frozenset()

    def batch(self, windows: Sequence[Window]) -> Batch:
        """`ids`, `mask`; `places`, `targets` (m): every token but the first of a row."""
        rows = []
        for window in windows:
            before = [self.begin] if window.first else []
            after = [self.end] if window.last else []
            rows.append(np.concatenate([np.array(before, np.int64), window.ids, after]))
        rows = [np.append(row, self.end) if len(row) < 2 else row for row in rows]
        inputs = [row[:-1].astype(np.int64) for row in rows]
        mask = mask_of(inputs)
        ids = padded(inputs, self.end)
        tensors = {
            "ids": ids,
            "places": real_places(mask, ids.shape),
            "targets": torch.from_numpy(np.concatenate([row[1:] for row in rows]).astype(np.int64)),
        }
        tokens = sum(map(len, inputs))
        return Batch(with_mask(tensors, mask), {"words": tokens}, tokens, ids.numel())

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy of every next token."""
        tensors = batch.tensors
        # Padding stands on the right, where no token looks: the triangle alone keeps it apart.
        output = self.module.backbone(tensors["ids"])
        scores = scores_at(self.module, self.module.head, output.states, tensors["places"])
        answers = told(self.module, scores, tensors["targets"])
        return {"words": word_loss(scores, tensors["targets"])}, answers

    def save(self, folder: Path) -> None:
        """The model."""
        self.model.save(folder)
