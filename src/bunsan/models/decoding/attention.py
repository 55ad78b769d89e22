"""Attention of one new token a row to all before it.

Letters in shapes:  b rows · h heads · k keys · e head width
"""

from typing import Any

import numpy as np
import torch
from numba import njit
from numpy import float32
from torch import Tensor

from bunsan.models.decoding.sharing import share
from bunsan.models.encoding.rowwise import LOOSE, exponential

_A_PART = 1 << 17  # numbers of keys that are worth a thread
_ALL = np.zeros(0, np.bool_)  # the mask that masks nothing


def attend_one(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, scale: float
) -> Tensor:
    """softmax(q Kᵀ · scale) V for one query a row.

    Parameters
    ----------
    queries : (b, h, 1, e). keys, values : (b, h, k, e), the beginnings of buffers of more positions.
    mask : (b, 1, 1, k), False at what is not seen; None: all is. A row sees at least one key.

    Returns
    -------
    (b, 1, h · e)
    """
    b, h, k, e = keys.shape
    q = queries.reshape(b, h * e).numpy().reshape(-1)
    out = np.empty(b * h * e, np.float32)
    seen = _ALL if mask is None else mask.expand(b, 1, 1, k).reshape(-1).numpy()
    row, head = keys.stride(0), keys.stride(1)
    all_keys, all_values = (x.as_strided((row * b,), (1,)).numpy() for x in (keys, values))

    def part(begin: int, end: int) -> None:
        room = np.empty(k, np.float32)
        _attend(
            q, all_keys, all_values, seen, float32(scale), begin, end, h, k, e, row, head, out, room
        )

    share(part, b * h, min(torch.get_num_threads(), max(1, b * h * k * e // _A_PART)))
    return torch.from_numpy(out).view(b, 1, h * e)


def fits(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> bool:
    """Whether `attend_one` takes these."""
    return (
        queries.shape[2] == 1
        and keys.device.type == "cpu"
        and keys.dtype == torch.float32
        and keys.stride() == values.stride()
        and keys.stride()[2:] == (keys.shape[3], 1)
        and (mask is None or (mask.dtype == torch.bool and mask.shape[1:3] == (1, 1)))
    )


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def _attend(
    q: Any,
    keys: Any,
    values: Any,
    seen: Any,
    scale: Any,
    begin: int,
    end: int,
    h: int,
    k: int,
    e: int,
    row: int,
    head: int,
    out: Any,
    scores: Any,
) -> None:
    """Heads of rows from `begin` to `end`, counted over all rows."""
    masked = seen.size > 0
    for i in range(begin, end):
        r = i // h
        at = r * row + (i - r * h) * head
        query = q[i * e : (i + 1) * e]
        most = float32(-np.inf)
        for t in range(k):
            key = keys[at + t * e : at + (t + 1) * e]
            total = float32(0.0)
            for j in range(e):
                total += query[j] * key[j]
            total *= scale
            if masked and not seen[r * k + t]:
                total = float32(-1e30)
            scores[t] = total
            most = max(most, total)
        whole = float32(0.0)
        for t in range(k):
            share_ = exponential(scores[t] - most)
            if masked and not seen[r * k + t]:
                share_ = float32(0.0)
            scores[t] = share_
            whole += share_
        into = out[i * e : (i + 1) * e]
        for j in range(e):
            into[j] = float32(0.0)
        for t in range(k):
            if scores[t] != float32(0.0):
                weight = scores[t] / whole
                value = values[at + t * e : at + (t + 1) * e]
                for j in range(e):
                    into[j] += weight * value[j]
