"""What the loop and an objective know of each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass
class Batch:
    """Windows made ready for a model.

    Attributes
    ----------
    tensors : by name. counts : by term of the loss, how many things it is a sum over.
    tokens : tokens that are no padding. cells : positions, padding included.
    """

    tensors: dict[str, Tensor]
    counts: dict[str, int]
    tokens: int
    cells: int

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        if device.type == "cpu":
            return self
        moved = {name: x.to(device, non_blocking=True) for name, x in self.tensors.items()}
        return Batch(moved, self.counts, self.tokens, self.cells)


class Objective(Protocol):
    """What is made small.

    Attributes
    ----------
    module : holds all that is trained. weights : the terms of the loss, and what each counts.
    added : special tokens a window gets. together : windows whose batch must not be taken apart, 0 if
    any may. needs : "words", "sentences": what the corpus must tell of its tokens.
    """

    module: nn.Module
    weights: Mapping[str, float]
    added: int
    together: int
    needs: frozenset[str]

    def batch(self, windows: Sequence[Any]) -> Batch:
        """What `TrainingData.read` gave as the model takes it; chance is each window's own."""
        ...

    def loss(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """The sum of every term over the batch, and what is told beside in evaluation: how many
        answers were "right", of how many "asked".

        The loss of a step is the sum over terms of `weights[term] * sum / count`, sums and counts
        those of all its batches.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the models so that `open_model` opens the one that is wanted from `folder`."""
        ...
