"""Keys and values already computed, so that each new token costs one position.

Letters in shapes:  b batch · h heads · k keys · e head width · m memory positions
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

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
        self._spare: KeysValues | None = None  # buffers to select into, used in turn

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

    def select(self, rows: Tensor | Sequence[int], *, skip: int = 0, memory: bool = True) -> None:
        """Keep these rows of the batch in this order, in place: beams, finished requests.

        `skip`: forget as many positions at the beginning as well. `memory` False: every row goes to
        one that attends to the same memory, which need not be moved.
        """
        index = torch.as_tensor(rows)
        for block, held in enumerate(self._own):
            if held is not None:
                where = index.to(held[0].device)
                chosen = self._room(held, len(where))
                for old, new in zip(held, chosen, strict=True):
                    kept = new[:, :, : self.length - skip]
                    torch.index_select(old[:, :, skip : self.length], 0, where, out=kept)
                self._own[block], self._spare = chosen, held
        self.length -= skip
        for block, held in enumerate(self.memory):
            if memory and held is not None:
                where = index.to(held[0].device)
                self.memory[block] = (
                    held[0].index_select(0, where),
                    held[1].index_select(0, where),
                )

    def join(self, other: "Cache") -> None:
        """Add the rows of `other` below. Rows end at the same position: zeros fill shorter beginnings.

        Memories are filled with zeros at their end. What was filled must be masked.
        """
        length = max(self.length, other.length)
        while self.capacity <= length:
            self.capacity *= 2
        for block, (a, b) in enumerate(zip(self._own, other._own, strict=True)):
            if a is not None and b is not None:
                self._own[block] = (
                    self._joined(a[0], b[0], other.length, length),
                    self._joined(a[1], b[1], other.length, length),
                )
        for block, (a, b) in enumerate(zip(self.memory, other.memory, strict=True)):
            if a is not None and b is not None:
                self.memory[block] = (_stacked(a[0], b[0]), _stacked(a[1], b[1]))
        self.length, self._spare = length, None

    def expanded(self, rows: int) -> "Cache":
        """A new cache with `rows` times the only row of this one, which stays as it is."""
        new = Cache(len(self._own), self.length + 16)
        new.length = self.length
        for block, held in enumerate(self._own):
            if held is not None:
                k, v = (x[:, :, : self.length].expand(rows, -1, -1, -1) for x in held)
                new._own[block] = (k, v)  # full, so that appending copies it
        for block, held in enumerate(self.memory):
            if held is not None:
                k, v = (x.expand(rows, -1, -1, -1) for x in held)
                new.memory[block] = (k, v)
        return new

    def row(self, row: int, begin: int, end: int) -> list[KeysValues]:
        """A copy of one row's positions `begin` to `end`, a pair (h, end - begin, e) a block."""
        return [
            (held[0][row, :, begin:end].clone(), held[1][row, :, begin:end].clone())
            for held in self._own
            if held is not None
        ]

    def fill(
        self, rows: Sequence[Sequence[KeysValues]], lengths: Sequence[int], length: int
    ) -> None:
        """Hold what `row` gave for some rows: the first `lengths[i]` positions of each.

        They end at position `length`; zeros stand before.
        """
        while self.capacity <= length:
            self.capacity *= 2
        for block in range(len(self._own)):
            like = rows[0][block][0]
            h, _, e = like.shape
            buffers = [like.new_empty(len(rows), h, self.capacity, e) for _ in range(2)]
            for i, (row, n) in enumerate(zip(rows, lengths, strict=True)):
                for buffer, held in zip(buffers, row[block], strict=True):
                    buffer[i, :, : length - n] = 0
                    buffer[i, :, length - n : length] = held[:, :n]
            self._own[block] = (buffers[0], buffers[1])
        self.length = length

    @property
    def bytes_a_position(self) -> int:
        """Memory that one position of one row takes."""
        held = next((held for held in self._own if held is not None), None)
        if held is None:
            return 0
        _, h, _, e = held[0].shape
        return 2 * len(self._own) * h * e * held[0].element_size()

    def _room(self, held: KeysValues, b: int) -> KeysValues:
        """Buffers for `b` rows that hold nothing needed any more."""
        shape = (b, *held[0].shape[1:])
        spare = self._spare
        if spare is not None and spare[0].shape == shape and spare[0].dtype == held[0].dtype:
            return spare
        return held[0].new_empty(shape), held[1].new_empty(shape)

    def _joined(self, a: Tensor, b: Tensor, length: int, end: int) -> Tensor:
        """Rows of `a` (`self.length` positions), then of `b` (`length`), ending at `end`."""
        h, _, e = a.shape[1:]
        buffer = a.new_empty(len(a) + len(b), h, self.capacity, e)
        for rows, old, n in ((buffer[: len(a)], a, self.length), (buffer[len(a) :], b, length)):
            rows[:, :, : end - n] = 0
            rows[:, :, end - n : end] = old[:, :, :n]
        return buffer

    def _grown(self, like: Tensor, old: Tensor | None) -> Tensor:
        b, h, _, e = like.shape
        buffer = like.new_empty(b, h, self.capacity, e)
        if old is not None:
            buffer[:, :, : self.length] = old[:, :, : self.length]
        return buffer


def _stacked(a: Tensor, b: Tensor) -> Tensor:
    """Rows of both, (b, h, m, e), the shorter ones with zeros at their end."""
    m = max(a.shape[2], b.shape[2])
    return torch.cat([functional.pad(x, (0, 0, 0, m - x.shape[2])) for x in (a, b)])
