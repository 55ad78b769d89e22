"""One training as arrays: where every row lies, what every thread remembers, which block is next."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.text.readings import readings_of
from bunsan.words.training.cbow import train_cbow
from bunsan.words.training.corpus_store import WordCorpus
from bunsan.words.training.hierarchical import train_cbow_tree, train_skipgram_tree
from bunsan.words.training.ngram_index import NgramIndex, index_ngrams
from bunsan.words.training.noise import huffman_paths, keep_thresholds, noise_table
from bunsan.words.training.settings import FastTextSettings, Word2VecSettings
from bunsan.words.training.simd import LINE, aligned_zeros, row_shape
from bunsan.words.training.skipgram import train_skipgram
from bunsan.words.training.stream import LONGEST, RANDOM, TABLE, Model, Plan, Worker
from bunsan.words.training.trained import Trained

# The learning rate is the same for a block of ids, and threads look up from their work after one.
_LARGEST_BLOCK = 100_000
_BLOCKS = 2000  # in a whole training, so that the rate falls smoothly on small texts too
_SMALLEST_BLOCK = 1000
_OWN_ROWS = 5  # of each thread: hidden, error, for two inputs, and zeros


class Task:
    """A training in progress.

    Attributes
    ----------
    threads : how many there are.
    words_total : words to be read, all epochs together.
    seconds : float64[1], time by the clock, before this run.
    processor : float64[threads], processor time of each thread.
    """

    def __init__(
        self,
        corpus: WordCorpus,
        settings: Word2VecSettings,
        threads: int,
        known: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self._corpus, self._settings, self.threads = corpus, settings, threads
        self._ends = np.cumsum([len(shard) for shard in corpus.shards], dtype=np.int64)
        ids = int(self._ends[-1])
        self.words_total = corpus.tokens * settings.epochs
        self._block = int(
            np.clip(ids * settings.epochs // _BLOCKS, _SMALLEST_BLOCK, _LARGEST_BLOCK)
        )
        # Thread k reads ids cuts[k] to cuts[k + 1].
        self._cuts = np.linspace(0, ids, threads + 1).astype(np.int64)

        words, shape = len(corpus.words), row_shape(settings.dim)
        self._shape = shape
        self._ngrams: NgramIndex | None = None
        pieces = 0
        if isinstance(settings, FastTextSettings):
            readings = readings_of(corpus.words) if settings.readings else None
            self._ngrams = index_ngrams(
                corpus.words, settings.minn, settings.maxn, settings.bucket, readings
            )
            pieces = len(self._ngrams.buckets)
        self._inputs = words + pieces
        self._outputs = words - 1 if settings.hs else words
        rows = self._inputs + self._outputs + _OWN_ROWS * threads
        memory = aligned_zeros(rows * shape.stride)
        self._model = Model(memory, shape.stride, self._inputs * shape.stride)

        rng = np.random.default_rng(settings.seed)
        self._paths = huffman_paths(corpus.counts) if settings.hs else None
        table = np.zeros(1, np.int32)
        if self._paths is None:
            table = noise_table(corpus.counts, settings.ns_exponent, rng)
        ring, _, fresh = settings.sharing
        self._plan = Plan(
            keep_thresholds(corpus.counts, settings.sample),
            table,
            settings.window,
            settings.shrink_window,
            ring,
            fresh,
            float(settings.negative),
            settings.cbow_mean,
        )
        self._pieces = None
        if self._ngrams is not None:
            row = (words + self._ngrams.row.astype(np.int64)) * shape.stride
            self._pieces = (self._ngrams.start, row)
        # Blocks done in the present epoch end here, for each thread; epochs done.
        self._at = self._cuts[:-1].copy()
        self._epoch = np.zeros(threads, np.int64)
        self._losses = np.zeros((settings.epochs, threads, 2), np.float64)
        self.seconds = np.zeros(1, np.float64)
        self.processor = np.zeros(threads, np.float64)
        self._workers = [self._new_worker(k, rng) for k in range(threads)]
        if known is not None:
            for name, array in self.arrays().items():
                array[...] = known[name]
        else:
            self._initialise(rng)

    def _initialise(self, rng: np.random.Generator) -> None:
        """Input rows at random, output rows 0, as the authors' programs begin."""
        dim = self._settings.dim
        reach = 0.5 if self._ngrams is None else 1.0
        inputs = self._rows(0, self._inputs)
        for begin in range(0, self._inputs, 4096):
            part = inputs[begin : begin + 4096]
            part[:] = (rng.random(part.shape, dtype=np.float32) * 2 - 1) * np.float32(reach / dim)

    def _new_worker(self, number: int, rng: np.random.Generator) -> Worker:
        settings, model = self._settings, self._model
        state = np.zeros(5, np.uint64)
        state[RANDOM] = rng.integers(2**63)
        state[TABLE] = rng.integers(len(self._plan.table))
        ring, rings, _ = settings.sharing
        around = 2 * settings.window + 2
        noise = rng.integers(len(self._plan.table), size=(rings, ring))
        shared = np.zeros((rings, ring + around), np.int64)
        shared[:, :ring] = model.outputs + self._plan.table[noise].astype(np.int64) * model.stride
        longest = ring + around
        if self._paths is not None:
            longest = max(around, int(np.diff(self._paths.start).max()))
        most_pieces = 1
        if self._ngrams is not None:
            most_pieces += int(np.diff(self._ngrams.start).max())
        room = 2 * longest + LINE
        own = (self._inputs + self._outputs + _OWN_ROWS * number) * model.stride
        return Worker(
            state,
            shared,
            np.zeros(2, np.float64),
            np.zeros(LONGEST, np.int32),
            np.zeros(around * most_pieces, np.int64),
            np.zeros(longest + 1, np.int64),
            np.zeros(room, np.float32),
            np.zeros(room, np.float32),
            (own, own + model.stride),
            (own + 2 * model.stride, own + 3 * model.stride),
            own + 4 * model.stride,
        )

    def _rows(self, begin: int, end: int) -> NDArray[np.float32]:
        """Rows `begin` to `end` of the memory, without their padding."""
        stride = self._shape.stride
        rows = self._model.memory[begin * stride : end * stride].reshape(-1, stride)
        return rows[:, : self._settings.dim]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by name; the arrays themselves, not copies."""
        found: dict[str, NDArray[Any]] = {
            "rows": self._rows(0, self._inputs + self._outputs),
            "at": self._at,
            "epoch": self._epoch,
            "losses": self._losses,
            "seconds": self.seconds,
            "processor": self.processor,
        }
        for number, worker in enumerate(self._workers):
            found[f"state.{number}"] = worker.state
            found[f"rings.{number}"] = worker.rings
        return found

    def prepare(self) -> None:
        """Have the kernel compiled, or read from the disk."""
        self._call(0, np.zeros(0, np.int32), 0, 0, 0)

    def _call(self, number: int, ids: NDArray[np.int32], begin: int, stop: int, end: int) -> int:
        """Run the kernel of this method; returns the place to go on from."""
        worker, pieces = self._workers[number], self._pieces
        alpha = np.float32(self.alpha())
        given = (self._shape, self._model, self._plan, worker, pieces)
        skipgram = self._settings.method == "skipgram"
        if self._paths is None:
            kernel = train_skipgram if skipgram else train_cbow
            return int(kernel(*given, ids, begin, stop, end, alpha))
        tree = train_skipgram_tree if skipgram else train_cbow_tree
        return int(tree(*given, self._paths, ids, begin, stop, end, alpha))

    def work(self, number: int) -> bool:
        """Let a thread do its next block; False when all its blocks are done."""
        epoch = int(self._epoch[number])
        if epoch == self._settings.epochs:
            return False
        at, part_end = int(self._at[number]), int(self._cuts[number + 1])
        if at >= part_end:
            self._at[number] = self._cuts[number]
            self._epoch[number] = epoch + 1
            return True
        which = int(np.searchsorted(self._ends, at, side="right"))
        shard = self._corpus.shards[which]
        first = int(self._ends[which]) - len(shard)
        end = min(part_end - first, len(shard))
        begin = at - first
        worker = self._workers[number]
        worker.loss[:] = 0
        reached = self._call(number, shard, begin, min(begin + self._block, end), end)
        self._losses[epoch, number] += worker.loss
        self._at[number] = first + reached
        return True

    def _share_done(self) -> float:
        """How much of all epochs is done, 0 to 1."""
        ids = int(self._ends[-1])
        done = int((self._epoch * np.diff(self._cuts) + self._at - self._cuts[:-1]).sum())
        return done / (ids * self._settings.epochs)

    def words_done(self) -> int:
        """Words read so far, all epochs together."""
        return round(self._share_done() * self.words_total)

    def alpha(self) -> float:
        """The learning rate now."""
        start, end = self._settings.rates
        return max(end, start - (start - end) * self._share_done())

    def loss(self) -> float | None:
        """The mean loss over the present epoch; None before the first was taken."""
        for epoch in range(int(self._epoch.min(initial=0)), -1, -1):
            if epoch < len(self._losses):
                total, n = self._losses[epoch].sum(0)
                if n:
                    return float(total / n)
        return None

    def result(self) -> Trained:
        """The vectors, copied."""
        words = len(self._corpus.words)
        totals = self._losses.sum(1)
        losses = [float(total / n) if n else float("nan") for total, n in totals]
        own = self._rows(0, words).copy()
        trained = Trained(
            words=self._corpus.words,
            counts=self._corpus.counts,
            vectors=own,
            outputs=self._rows(self._inputs, self._inputs + self._outputs).copy(),
            losses=losses,
            seconds=float(self.seconds[0]),
            processor_seconds=float(self.processor.sum()),
        )
        if self._ngrams is None:
            return trained
        ngrams = self._rows(words, self._inputs).copy()
        return replace(
            trained,
            vectors=compose(own, ngrams, self._ngrams),
            own=own,
            ngrams=ngrams,
            buckets=self._ngrams.buckets,
        )


def compose(
    own: NDArray[np.float32], ngrams: NDArray[np.float32], index: NgramIndex
) -> NDArray[np.float32]:
    """float32[V, dim], the mean of each word's own row and those of its n-grams."""
    vectors = np.empty_like(own)
    start = index.start
    for word in range(len(own)):
        rows = index.row[start[word] : start[word + 1]]
        total = own[word].astype(np.float64) + ngrams[rows].sum(0, np.float64)
        vectors[word] = total / (1 + len(rows))
    return vectors
