"""word2vec and fastText as plainly as can be: float64 numpy, one pair at a time, exact functions.

The same choices are made at random as in the kernels, by the same generator.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


# An output row, its label, and its weight for each input: 0 where it is no target of that one.
Target = tuple[int, int, list[float]]


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return float(1 / (1 + np.exp(-x)))


@dataclass
class Twin:
    """One thread of training; `inputs` and `outputs` are changed.

    pieces : for each word the rows of `inputs` it is the mean of. paths : for each word its inner
    nodes and codes, for hierarchical softmax; None trains with noise.
    """

    inputs: Rows
    outputs: Rows
    pieces: list[list[int]]
    keep: NDArray[np.uint32]
    table: NDArray[np.int32]
    window: int
    shrink: bool
    negative: float
    rings: list[list[int]]
    fresh: int
    mean: bool
    random: int
    place: int
    paths: list[list[tuple[int, int]]] | None = None
    turn: int = 0
    losses: list[float] = field(default_factory=list)
    newest: list[int] = field(default_factory=list)

    def bits(self) -> int:
        """32 random bits (Knuth's MMIX generator)."""
        self.random = (self.random * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.random >> 32

    def noise(self) -> list[int]:
        """The noise words of this turn."""
        ring = self.rings[self.turn % len(self.rings)]
        oldest = self.turn // len(self.rings) * self.fresh
        self.newest = [(oldest + k) % len(ring) for k in range(self.fresh)]
        for k, at in enumerate(self.newest):
            ring[at] = int(self.table[(self.place + k) % len(self.table)])
        self.place += self.fresh
        self.turn += 1
        return ring

    def pull(self, hidden: list[Rows], targets: list[Target], alpha: float) -> list[Rows]:
        """Train the output rows of `targets`; returns what each of `hidden` gains."""
        gained = [np.zeros_like(x) for x in hidden]
        chances = [[sigmoid(x @ self.outputs[row]) for x in hidden] for row, _, _ in targets]
        for chance, (row, label, weights) in zip(chances, targets, strict=True):
            before = self.outputs[row].copy()
            for k, x in enumerate(hidden):
                step = alpha * weights[k] * (label - chance[k])
                gained[k] += step * before
                self.outputs[row] += step * x
        self.losses.append(self._loss([chance[0] for chance in chances], targets))
        return gained

    def _loss(self, chances: list[float], targets: list[Target]) -> float:
        """The loss of the first input; of the noise, that of the words drawn last, for all."""
        loss = 0.0
        for chance, (_, label, weights) in zip(chances, targets, strict=True):
            if self.paths is not None or label:
                loss -= weights[0] * np.log(chance if label else 1 - chance)
        if self.paths is None:
            noise = chances[: len(self.rings[0])]
            words = sum(label * weights[0] for _, label, weights in targets)
            for k in self.newest:
                loss -= self.negative * words / self.fresh * np.log(1 - noise[k])
        return loss

    def train(self, ids: list[int], alpha: float, method: str) -> None:
        """Train on all stretches of `ids`."""
        stretch: list[int] = []
        for word in [*ids, -1]:
            if word >= 0:
                if self.bits() <= int(self.keep[word]):
                    stretch.append(word)
                continue
            if self.paths is None:
                self._in_pairs(stretch, alpha, method)
            else:
                self._in_trees(stretch, alpha, method)
            stretch = []

    def reach(self) -> int:
        """How far the window reaches this time."""
        return self.window - ((self.bits() * self.window) >> 32 if self.shrink else 0)

    # --- noise: two places at a time, all from the rows as they were before -------------------------

    def _in_pairs(self, stretch: list[int], alpha: float, method: str) -> None:
        if len(stretch) == 1:
            return
        train = self._skipgram if method == "skipgram" else self._cbow
        for i in range(0, len(stretch), 2):
            noise, reach = self.noise(), self.reach()
            train(stretch, list(range(i, min(i + 2, len(stretch)))), noise, reach, alpha)

    def _skipgram(
        self, stretch: list[int], places: list[int], noise: list[int], reach: int, alpha: float
    ) -> None:
        around = [[j != i and abs(j - i) <= reach for i in places] for j in range(len(stretch))]
        weights = self.negative * np.sum(around, 0) / len(noise)
        targets = [(word, 0, weights.tolist()) for word in noise]
        # In the kernel's order: around the first alone, around both, around the second alone.
        kinds = [[True, False], [True, True], [False, True]] if len(places) == 2 else [[True]]
        for kind in kinds:
            there = [word for word, of in zip(stretch, around, strict=True) if of == kind]
            targets += [(word, 1, [float(one) for one in kind]) for word in there]
        made_of = [self.pieces[stretch[i]] for i in places]
        hidden = [self.inputs[rows].mean(0) for rows in made_of]
        for rows, gained in zip(made_of, self.pull(hidden, targets, alpha), strict=True):
            np.add.at(self.inputs, rows, gained)

    def _cbow(
        self, stretch: list[int], places: list[int], noise: list[int], reach: int, alpha: float
    ) -> None:
        weight = self.negative / len(noise)
        targets = [(word, 0, [weight] * len(places)) for word in noise]
        made_of = []
        for k, i in enumerate(places):
            around = stretch[max(0, i - reach) : i] + stretch[i + 1 : i + 1 + reach]
            made_of.append([row for word in around for row in self.pieces[word]])
            targets.append((stretch[i], 1, [float(other == k) for other in range(len(places))]))
        hidden = [self.inputs[rows].sum(0) / (len(rows) if self.mean else 1) for rows in made_of]
        for rows, gained in zip(made_of, self.pull(hidden, targets, alpha), strict=True):
            np.add.at(self.inputs, rows, gained)

    # --- hierarchical softmax: one place at a time -------------------------------------------------

    def _in_trees(self, stretch: list[int], alpha: float, method: str) -> None:
        train = self._skipgram_tree if method == "skipgram" else self._cbow_tree
        for i in range(len(stretch)):
            reach = self.reach()
            around = stretch[max(0, i - reach) : i] + stretch[i + 1 : i + 1 + reach]
            if around:
                train(stretch[i], around, alpha)

    def _path(self, word: int) -> list[Target]:
        assert self.paths is not None
        return [(node, 1 - code, [1.0]) for node, code in self.paths[word]]

    def _skipgram_tree(self, word: int, around: list[int], alpha: float) -> None:
        made_of = self.pieces[word]
        for target in around:
            hidden = self.inputs[made_of].mean(0)
            np.add.at(self.inputs, made_of, self.pull([hidden], self._path(target), alpha)[0])

    def _cbow_tree(self, word: int, around: list[int], alpha: float) -> None:
        made_of = [row for w in around for row in self.pieces[w]]
        hidden = self.inputs[made_of].sum(0) / (len(made_of) if self.mean else 1)
        np.add.at(self.inputs, made_of, self.pull([hidden], self._path(word), alpha)[0])
