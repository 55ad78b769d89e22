"""Keys and values already computed, so that each new token costs one position.

Letters in shapes:  b batch · h heads · k keys · e head width · m memory positions
"""

from collections.abc import Sequence

import torch
from torch import Tensor

KeysValues = tuple[Tensor, Tensor]  # 2 × (b, h, k, e)


class Cache:
    """Keys and values of every block, in buffers with room to grow.

    Those of the tokens so far are appended to by each step; those of a memory (an encoder's output)
    are computed once.

    Parameters
    ----------
    depth : number of blocks.
    capacity : positions to make room for at once; buffers double when they are full.
    """

    def __init__(self, depth: int, capacity: int = 64) -> None:
        self.capacity = max(1, capacity)
        self.length = 0  # positions held by every block; a step in progress is not counted yet
        self._own: list[KeysValues | None] = [None] * depth
        self.memory: list[KeysValues | None] = [None] * depth

    def __len__(self) -> int:
        return self.length

    def append(self, block: int, keys: Tensor, values: Tensor) -> KeysValues:
        """Keep 2 × (b, h, n, e) as positions `length` to `length + n`; returns all up to there.

        `length` itself moves by `advance`, once every block has appended.
        """
        end = self.length + keys.shape[2]
        held = self._own[block]
        if held is None or held[0].shape[2] < end:
            while self.capacity < end:
                self.capacity *= 2
            held = self._own[block] = (
                self._grown(keys, held and held[0]),
                self._grown(values, held and held[1]),
            )
        held[0][:, :, self.length : end] = keys
        held[1][:, :, self.length : end] = values
        return held[0][:, :, :end], held[1][:, :, :end]

    def advance(self, n: int) -> None:
        """`n` more positions are held now."""
        self.length += n

    def truncate(self, length: int) -> None:
        """Forget positions from `length` on: what follows shares only the beginning."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot keep {length} of {self.length} positions")
        self.length = length

    def select(self, rows: Tensor | Sequence[int]) -> None:
        """Keep these rows of the batch in this order, in place: beams, finished requests."""
        index = torch.as_tensor(rows)
        for kept in (self._own, self.memory):
            for block, held in enumerate(kept):
                if held is not None:
                    where = index.to(held[0].device)
                    kept[block] = (held[0].index_select(0, where), held[1].index_select(0, where))

    def _grown(self, like: Tensor, old: Tensor | None) -> Tensor:
        b, h, _, e = like.shape
        buffer = like.new_empty(b, h, self.capacity, e)
        if old is not None:
            buffer[:, :, : self.length] = old[:, :, : self.length]
        return buffer
