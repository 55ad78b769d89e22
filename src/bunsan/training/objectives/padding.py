"""Rows of different lengths as one tensor."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def padded(rows: Sequence[NDArray[Any]], value: int) -> Tensor:
    """(b, longest) int64, `value` where a row has ended."""
    longest = max(len(row) for row in rows)
    out = np.full((len(rows), longest), value, np.int64)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)


def mask_of(rows: Sequence[NDArray[Any]]) -> Tensor | None:
    """(b, longest) boolean, False at padding; None where there is none."""
    lengths = np.array([len(row) for row in rows])
    longest = int(lengths.max())
    if (lengths == longest).all():
        return None
    return torch.from_numpy(np.arange(longest) < lengths[:, None])


def with_mask(tensors: dict[str, Tensor], mask: Tensor | None) -> dict[str, Tensor]:
    """Tensors of a batch, the mask among them if there is one."""
    return tensors if mask is None else tensors | {"mask": mask}
