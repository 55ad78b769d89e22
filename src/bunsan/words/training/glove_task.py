"""One GloVe training as arrays: records of all words, which cells are next, what is known of costs."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.words.training.glove_counts import CellGroup
from bunsan.words.training.glove_kernel import record_size, train_cells
from bunsan.words.training.simd import aligned_zeros, row_shape

Floats = NDArray[np.float32]

# Pairs of one portion of work, at most and at least: between two portions a thread looks up, and can
# be held. With some portions for each thread in an epoch, they are all in the same one mostly.
_PORTION = 1 << 18
_SMALLEST_PORTION = 1000
_PORTIONS = 16


class GloVeTask:
    """A training in progress; see `bunsan.words.training.running.Work`.

    Parameters
    ----------
    groups : the cells.
    words : how many words there are.
    known : the `arrays()` of a training to go on with, or None.
    """

    def __init__(
        self,
        groups: Sequence[CellGroup],
        words: int,
        *,
        dim: int,
        eta: float,
        epochs: int,
        threads: int,
        seed: int,
        known: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.threads = threads
        self.seconds = np.zeros(1, np.float64)
        self.processor = np.zeros(threads, np.float64)
        self._groups, self._words, self._dim = groups, words, dim
        self._eta, self._epochs, self._seed = eta, epochs, seed
        self._shape = row_shape(dim)
        self._record = record_size(self._shape)
        self._memory = aligned_zeros(words * self._record)
        pairs = sum(len(group.other) for group in groups)
        size = min(_PORTION, max(_SMALLEST_PORTION, pairs // (_PORTIONS * threads)))
        self._portions = _portions(groups, size)
        self._cells = np.array([_cells(groups[p[0]], p[2], p[3]) for p in self._portions], np.int64)
        self.words_total = int(self._cells.sum()) * epochs
        self._epoch = np.zeros(1, np.int64)
        self._left = np.zeros(len(self._portions), np.bool_)
        self._costs = np.zeros(epochs, np.float64)
        self._lock = threading.Lock()
        self._busy = [-1] * threads  # the block each thread is in
        self._done = np.zeros(threads, np.int64)  # cells, in this run
        if known is None:
            self._initialise()
            self._left[:] = True
        else:
            for name, array in self.arrays().items():
                array[...] = known[name]
        self._order = self._ordered()
        before = int(self._epoch[0]) * int(self._cells.sum()) + int(self._cells[~self._left].sum())
        self._before = min(before, self.words_total)

    def _ordered(self) -> list[int]:
        """The portions left of this epoch, in its order."""
        rng = np.random.default_rng([self._seed, int(self._epoch[0])])
        return [i for i in rng.permutation(len(self._portions)).tolist() if self._left[i]]

    def _initialise(self) -> None:
        """Rows within 1/2 of 0, divided by their length, sums of squares 1: as the authors' program.

        Biases begin at 0.
        """
        records = self._records()
        stride, dim = self._shape.stride, self._dim
        rng = np.random.default_rng(self._seed)
        for begin in range(0, self._words, 4096):
            part = records[begin : begin + 4096]
            for row in (0, 2):
                numbers = rng.random((len(part), dim), dtype=np.float32) - np.float32(0.5)
                part[:, row * stride : row * stride + dim] = numbers / dim
                part[:, (row + 1) * stride : (row + 2) * stride] = 1
            part[:, 4 * stride + 1 : 4 * stride + 4 : 2] = 1

    def _records(self) -> Floats:
        return self._memory.reshape(self._words, self._record)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by name; the arrays themselves, not copies."""
        return {
            "records": self._records(),
            "epoch": self._epoch,
            "left": self._left,
            "costs": self._costs,
            "seconds": self.seconds,
            "processor": self.processor,
        }

    def prepare(self) -> None:
        """Have the kernel compiled, or read from the disk."""
        if self._groups:
            self._train(0, np.zeros(0, np.int64))

    def _train(self, group: int, runs: NDArray[np.int64]) -> float:
        return float(
            train_cells(
                self._shape,
                self._memory,
                self._shape.stride,
                self._record,
                self._groups[group].kernel_arrays(),
                runs,
                np.float32(self._eta),
            )
        )

    def work(self, number: int) -> bool:
        """Let a thread do its next portion; False when none is left."""
        with self._lock:
            taken = self._take(number)
        if taken is None:
            return False
        epoch, portion = taken
        group, _, begin, end = self._portions[portion]
        rng = np.random.default_rng([self._seed, epoch, portion])
        cost = self._train(group, begin + rng.permutation(end - begin))
        with self._lock:
            self._costs[epoch] += cost
            self._busy[number] = -1
            self._done[number] += self._cells[portion]
        return True

    def _take(self, number: int) -> tuple[int, int] | None:
        """(epoch, portion) for a thread: the next one, but rather one whose block no other is in."""
        if not self._order:
            if self._epoch[0] >= self._epochs - 1:
                self._epoch[0] = self._epochs
                return None
            self._epoch[0] += 1
            self._left[:] = True
            self._order = self._ordered()
        place = 0
        if self.threads > 1:
            others = set(self._busy)
            free = (i for i, p in enumerate(self._order) if self._portions[p][1] not in others)
            place = next(free, 0)
        portion = self._order.pop(place)
        self._left[portion] = False
        self._busy[number] = self._portions[portion][1]
        return int(self._epoch[0]), portion

    def words_done(self) -> int:
        """Cells trained so far, all epochs together."""
        return self._before + int(self._done.sum())

    def alpha(self) -> float:
        """The learning rate AdaGrad began with."""
        return self._eta

    def loss(self) -> float | None:
        """The mean cost of a cell over the present epoch so far, or over the last one."""
        epoch = min(int(self._epoch[0]), self._epochs - 1)
        done = int(self._cells[~self._left].sum())
        if not done and epoch:
            return float(self._costs[epoch - 1] / self._cells.sum())
        return float(self._costs[epoch] / done) if done else None

    def losses(self) -> list[float]:
        """The mean cost of a cell over each epoch."""
        return [float(cost) for cost in self._costs / self._cells.sum()]

    def rows(self) -> tuple[Floats, Floats]:
        """(w + v, v), float32[V, dim] each."""
        records, stride, dim = self._records(), self._shape.stride, self._dim
        outputs = records[:, 2 * stride : 2 * stride + dim].copy()
        return records[:, :dim] + outputs, outputs


def _portions(groups: Sequence[CellGroup], size: int) -> list[tuple[int, int, int, int]]:
    """(group, block, first run, end): runs of one block with about `size` pairs."""
    portions = []
    for number, group in enumerate(groups):
        start = group.run_start
        for block in range(len(group.block_start) - 1):
            begin, end = int(group.block_start[block]), int(group.block_start[block + 1])
            while begin < end:
                wanted = np.searchsorted(start, start[begin] + size, side="right") - 1
                stop = min(max(int(wanted), begin + 1), end)
                portions.append((number, block, begin, stop))
                begin = stop
    return portions


def _cells(group: CellGroup, begin: int, end: int) -> int:
    """Cells of some runs: two for a pair of different words, one for a word with itself."""
    first, last = int(group.run_start[begin]), int(group.run_start[end])
    rows = np.repeat(group.run_word[begin:end], np.diff(group.run_start[begin : end + 1]))
    return 2 * (last - first) - int(np.count_nonzero(group.other[first:last] == rows))
