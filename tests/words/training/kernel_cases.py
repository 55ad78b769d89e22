"""A small training set up twice: for the compiled kernels, and for the plain twin."""

from typing import Any

import numpy as np
from word2vec_twin import Twin

from bunsan.words.training.cbow import train_cbow
from bunsan.words.training.hierarchical import train_cbow_tree, train_skipgram_tree
from bunsan.words.training.noise import huffman_paths, keep_thresholds, noise_table
from bunsan.words.training.simd import aligned_zeros, row_shape
from bunsan.words.training.skipgram import train_skipgram
from bunsan.words.training.stream import LONGEST, Model, Plan, Worker

V, DIM = 30, 100
OWN = 5


class Case:
    """Rows, plan and worker of a training of 30 words, and ids to train on."""

    def __init__(
        self,
        *,
        seed: int = 0,
        width: int | None = None,
        with_pieces: bool = False,
        tree: bool = False,
        window: int = 3,
        shrink: bool = True,
        mean: bool = True,
        ring: int = 7,
        rings: int = 3,
        fresh: int = 2,
        sample: float = 0.02,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.ids = rng.zipf(1.3, 600).astype(np.int32) % V
        self.ids[rng.choice(600, 40, replace=False)] = -1
        counts = np.bincount(self.ids[self.ids >= 0], minlength=V) + 1
        self.shape = row_shape(DIM, width)
        stride = self.shape.stride
        self.n_inputs = V + (25 if with_pieces else 0)
        n_outputs = V - 1 if tree else V
        self.memory = aligned_zeros((self.n_inputs + n_outputs + OWN) * stride)
        outputs = self.n_inputs * stride
        self.inputs[:] = rng.normal(0, 0.2, self.inputs.shape)
        self.outputs[:] = rng.normal(0, 0.2, self.outputs.shape)
        self.model = Model(self.memory, stride, outputs)
        keep = keep_thresholds(counts, sample)
        table = noise_table(counts, 0.75, rng)[: 1 << 8]
        self.plan = Plan(keep, table, window, shrink, ring, fresh, 4.0, mean)
        random, place = (
            int(rng.integers(2**63)),
            250,
        )  # near the table's end, to go over it
        shared = rng.integers(V, size=(rings, ring))
        noise = np.zeros((rings, ring + 2 * window + 2), np.int64)
        noise[:, :ring] = outputs + shared * stride
        own = (self.n_inputs + n_outputs) * stride
        self.worker = Worker(
            np.array([random, place, 0, 0, 0], np.uint64),
            noise,
            np.zeros(2),
            np.zeros(LONGEST, np.int32),
            np.zeros(500, np.int64),
            np.zeros(100, np.int64),
            np.zeros(256, np.float32),
            np.zeros(256, np.float32),
            (own, own + stride),
            (own + 2 * stride, own + 3 * stride),
            own + 4 * stride,
        )
        self.paths = huffman_paths(counts) if tree else None
        self.pieces: Any = None
        made_of = [[word] for word in range(V)]
        if with_pieces:
            lengths = rng.integers(0, 6, V)
            start = np.concatenate([[0], np.cumsum(lengths)])
            rows = rng.integers(V, self.n_inputs, start[-1])
            self.pieces = (start, rows * stride)
            for word in range(V):
                made_of[word] += rows[start[word] : start[word + 1]].tolist()
        self.twin = Twin(
            self.inputs.astype(np.float64),
            self.outputs.astype(np.float64),
            made_of,
            keep,
            table,
            window,
            shrink,
            4.0,
            shared.tolist(),
            fresh,
            mean,
            random,
            place,
            self._codes(counts) if tree else None,
        )

    @property
    def inputs(self) -> Any:
        """The input rows, without padding."""
        stride = self.shape.stride
        return self.memory[: self.n_inputs * stride].reshape(-1, stride)[:, :DIM]

    @property
    def outputs(self) -> Any:
        """The output rows, without padding."""
        stride = self.shape.stride
        return self.memory[self.n_inputs * stride :].reshape(-1, stride)[:-OWN, :DIM]

    @property
    def padding(self) -> Any:
        """What lies behind each row."""
        return self.memory.reshape(-1, self.shape.stride)[:, DIM:]

    def _codes(self, counts: Any) -> list[list[tuple[int, int]]]:
        """Nodes and codes by merging the two lightest, over and over."""
        alive = [(int(count), word, [word]) for word, count in enumerate(counts)]
        codes: list[list[tuple[int, int]]] = [[] for _ in range(V)]
        for node in range(V - 1):
            alive.sort(key=lambda entry: entry[:2])
            low, high = alive[0], alive[1]
            for code, (_, _, leaves) in enumerate((low, high)):
                for leaf in leaves:
                    codes[leaf].append((node, code))
            alive[:2] = [(low[0] + high[0], V + node, low[2] + high[2])]
        return codes

    def run(self, method: str, alpha: float, cuts: tuple[int, ...] = ()) -> None:
        """Train the kernel on all ids, called anew after each of `cuts`."""
        at, end = 0, len(self.ids)
        given = (self.shape, self.model, self.plan, self.worker, self.pieces)
        skipgram = method == "skipgram"
        for stop in (*cuts, end):
            place = (self.ids, at, stop, end, np.float32(alpha))
            if self.paths is None:
                at = (train_skipgram if skipgram else train_cbow)(*given, *place)
            else:
                kernel = train_skipgram_tree if skipgram else train_cbow_tree
                at = kernel(*given, self.paths, *place)
            assert at >= stop
            assert at == end or self.ids[at - 1] < 0  # between two stretches

    def run_twin(self, method: str, alpha: float) -> None:
        """Train the twin on all ids."""
        self.twin.train(self.ids.tolist(), alpha, method)

    def check(self) -> None:
        """The kernel's rows and state are the twin's."""
        for ours, twins in (
            (self.inputs, self.twin.inputs),
            (self.outputs, self.twin.outputs),
        ):
            np.testing.assert_allclose(ours, twins, atol=2e-4, rtol=1e-3)
        assert not self.padding.any()
        assert int(self.worker.state[0]) == self.twin.random
        assert int(self.worker.state[1]) == self.twin.place
        turn, rings = self.twin.turn, len(self.worker.rings)
        assert int(self.worker.state[2]) == turn % rings
        assert int(self.worker.state[3]) == turn // rings * self.plan.fresh % self.plan.ring


def check_against_twin(method: str, **options: Any) -> Case:
    """Train both on the same and compare; returns what was trained."""
    case = Case(**options)
    before = case.inputs.copy()
    case.run(method, 0.05)
    case.run_twin(method, 0.05)
    moved = np.abs(case.inputs - before).max(1)
    assert np.median(moved) > 0.05  # a hundred times what is allowed to differ
    case.check()
    return case
