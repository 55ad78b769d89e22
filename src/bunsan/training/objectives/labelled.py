"""Labels of texts, of tokens, of answers and of choices: what a published encoder is fine-tuned for
(Devlin et al. 2019, §4; Figure 4).

Letters in shapes:  b examples · r rows (texts) · q positions · n outputs · c choices
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.models.opened import OpenedModel
from bunsan.models.text import ChoiceModel, TextModelWithHead
from bunsan.nn.heads import Output
from bunsan.training.examples import Example
from bunsan.training.objective import Batch
from bunsan.training.objectives.padding import mask_of, padded, with_mask

Kind = Literal["class", "classes", "number", "tags", "span", "choice"]
UNLABELLED = -100  # the target of a token that has none


class Labelled:
    """Whatever has a target for every example.

    Parameters
    ----------
    model : with the head of the task: "classification" for "class", "classes", "number"; "labels" for
        "tags"; "spans" for "span"; "choice".
    kind : "class", one of n; "classes", any of n; "number"; "tags", one of n at every position; "span",
        first and last position; "choice", one of the rows.
    pad : id of padding.
    class_weights : (n) what an example counts, by its class ("class"), or what a class counts where
        it is there ("classes").
    """

    def __init__(
        self,
        model: OpenedModel,
        kind: Kind,
        pad: int,
        *,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        if not isinstance(model.module, TextModelWithHead):
            raise TypeError("labels need a text model with a head")
        self.model = model
        self.text: TextModelWithHead = model.module
        self.module: nn.Module = model.module
        self.kind, self.pad = kind, pad
        self.class_weights = None if class_weights is None else torch.tensor(class_weights)
        self.weights: Mapping[str, float] = {"labels": 1.0}
        self.added, self.together = 0, 0
        self.needs: frozenset[str] = frozenset()

    def batch(self, windows: Sequence[Example]) -> Batch:
        """`ids`, `mask`, `types` (r, q); `rows` (b), rows an example; `targets`."""
        tensors = collated(windows, self.pad)
        longest = tensors["ids"].shape[1]
        found = [example.target for example in windows]
        targets = [target for target in found if target is not None]
        if self.kind == "tags":
            tensors["targets"] = padded(targets, UNLABELLED)
            count = int((tensors["targets"] != UNLABELLED).sum())
        else:
            whole = self.kind in ("class", "span", "choice")
            dtype = np.int64 if whole else np.float32
            tensors["targets"] = torch.from_numpy(np.stack(targets).astype(dtype))
            count = tensors["targets"].numel() if self.kind == "classes" else len(windows)
        tokens = sum(len(row) for example in windows for row in example.rows)
        cells = sum(len(example.rows) for example in windows) * longest
        return Batch(tensors, {"labels": count}, tokens, cells)

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Cross entropy ("class", "choice", "tags", "span": the mean of first and last), cross entropy
        of every class ("classes"), squared error ("number")."""
        targets = batch.tensors["targets"]
        logits = scores(self.text, self.kind, batch.tensors).float()
        weights = self.class_weights
        weights = None if weights is None else weights.to(logits.device)
        if self.kind == "number":
            loss = functional.mse_loss(logits.reshape(targets.shape), targets, reduction="sum")
            return {"labels": loss}, {}
        if self.kind == "classes":
            loss = functional.binary_cross_entropy_with_logits(
                logits, targets, pos_weight=weights, reduction="sum"
            )
            right = (logits > 0) == (targets > 0.5)
            return {"labels": loss}, self._told(right, right.numel())
        if self.kind == "span":
            first = functional.cross_entropy(logits[..., 0], targets[:, 0], reduction="sum")
            last = functional.cross_entropy(logits[..., 1], targets[:, 1], reduction="sum")
            right = (logits.argmax(1) == targets).all(-1)
            return {"labels": (first + last) / 2}, self._told(right, len(right))
        if self.kind == "tags":
            logits, targets = logits.flatten(0, 1), targets.flatten()
            asked = int((targets != UNLABELLED).sum())
        else:
            asked = len(targets)
        loss = functional.cross_entropy(
            logits, targets, weights, reduction="sum", ignore_index=UNLABELLED
        )
        return {"labels": loss}, self._told(logits.argmax(-1) == targets, asked)

    def _told(self, right: Tensor, asked: int) -> dict[str, float]:
        if self.module.training:
            return {}
        return {"right": float(right.sum()), "asked": float(asked)}

    def save(self, folder: Path) -> None:
        """The model."""
        self.model.save(folder)


def collated(examples: Sequence[Example], pad: int) -> dict[str, Tensor]:
    """`ids`, `mask`, `types` (r, q), the latter two where there are any; `rows` (b), rows an example."""
    rows = [row for example in examples for row in example.rows]
    tensors = {
        "ids": padded(rows, pad),
        "rows": torch.tensor([len(example.rows) for example in examples]),
    }
    if any(example.types is not None for example in examples):
        types = [
            kind
            for example in examples
            for kind in example.types or tuple(np.zeros_like(row) for row in example.rows)
        ]
        tensors["types"] = padded(types, 0)
    return with_mask(tensors, mask_of(rows))


def scores(module: TextModelWithHead, kind: Kind, tensors: Mapping[str, Tensor]) -> Tensor:
    """The head's answer: (b, n); (b, q, n) for "tags"; (b, q, 2) for "span", -inf at padding; (b, c)
    for "choice", -inf where an example has fewer choices."""
    ids, mask, types = tensors["ids"], tensors.get("mask"), tensors.get("types")
    if isinstance(module, ChoiceModel):
        one = [None if x is None else x[:, None] for x in (ids, mask, types)]
        flat = _logits(module(*one))[:, 0]  # (r)
        rows = tensors["rows"]
        there = torch.arange(int(rows.max()), device=ids.device) < rows[:, None]
        out = flat.new_full(there.shape, -math.inf)
        out[there] = flat
        return out
    logits = _logits(module(ids, mask, types))
    if kind == "span" and mask is not None:
        logits = logits.masked_fill(~mask[..., None], -math.inf)
    return logits


def _logits(output: Output) -> Tensor:
    if output.logits is None:
        raise ValueError("this head gives no scores")
    return output.logits
