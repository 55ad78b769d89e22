"""The part of any model that reads text, and how that model itself makes a vector of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.open import open_model
from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModel

OwnVectors = Callable[[Tensor, NDArray[np.int32], NDArray[np.int64]], Tensor]


@dataclass(frozen=True)
class TextPart:
    """What reads text in a model.

    Parameters
    ----------
    text : embeddings and stack.
    own_vectors : (t, d) states, ids, starts -> (n, own_width): the vector that texts and images
        share, where the model has one; None: none.
    """

    text: TextModel
    own_vectors: OwnVectors | None = None
    own_width: int = 0


def open_backbone(folder: Path) -> OpenedModel:
    """A model without heads, where its family can be opened so; else as it is."""
    try:
        return open_model(folder, head="states")
    except BadInput as error:
        try:  # families whose models all have the same backbone
            return open_model(folder)
        except BadInput:
            raise error from None


def open_text_part(model: OpenedModel) -> TextPart:
    """Find it.

    Raises
    ------
    BadInput : the model reads no text.
    """
    module = model.module
    if isinstance(module, TextModel):
        return TextPart(module)
    for name in ("backbone", "encoder"):
        inside = getattr(module, name, None)
        if isinstance(inside, TextModel):
            return TextPart(inside)
    projected = getattr(module, "text", module)
    inside = getattr(projected, "model", None)
    if isinstance(inside, TextModel):
        projection = getattr(projected, "projection", None)
        if isinstance(projection, nn.Linear) and inside.pooler is not None:
            return TextPart(inside, _projected(inside.pooler, projection), projection.out_features)
        return TextPart(inside)
    raise BadInput(
        tr(
            f"A model of the kind {model.family} reads no text.",
            f"{model.family} はテキストを読むモデルではありません。",
        ),
        remedy=tr("Choose a text model.", "テキストのモデルを選んでください。"),
        file=model.folder,
    )


def _projected(pooler: nn.Module, projection: nn.Linear) -> OwnVectors:
    def vectors(states: Tensor, ids: NDArray[np.int32], starts: NDArray[np.int64]) -> Tensor:
        lengths = np.diff(starts)
        out = states.new_empty(len(lengths), projection.out_features)
        for length in np.unique(lengths).tolist():
            which = np.flatnonzero(lengths == length)
            rows = torch.from_numpy(starts[which][:, None] + np.arange(length))
            theirs = torch.from_numpy(ids)[rows].long().to(states.device)
            pooled = pooler(states[rows.to(states.device)], theirs)
            out[torch.from_numpy(which)] = projection(pooled.to(projection.weight.dtype)).float()
        return out

    return vectors
