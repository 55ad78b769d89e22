"""word2vec and fastText as plainly as can be: float64 numpy, one pair at a time, exact functions.

The same choices are made at random as in the kernels, by the same generator.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


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

    def bits(self) -> int:
        """32 random bits (Knuth's MMIX generator)."""
        self.random = (self.random * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.random >> 32

    def noise(self) -> list[int]:
        """The noise words of this place."""
        ring = self.rings[self.turn % len(self.rings)]
        for k in range(self.fresh):
            oldest = (self.turn // len(self.rings) * self.fresh + k) % len(ring)
            ring[oldest] = int(self.table[(self.place + k) % len(self.table)])
        self.place += self.fresh
        self.turn += 1
        return ring

    def pull(self, hidden: Rows, targets: list[tuple[int, int, float]], alpha: float) -> Rows:
        """Train the output rows of `targets` (row, label, weight); returns what `hidden` gains."""
        gained = np.zeros_like(hidden)
        chances = [sigmoid(hidden @ self.outputs[row]) for row, _, _ in targets]
        for chance, (row, label, weight) in zip(chances, targets, strict=True):
            step = alpha * weight * (label - chance)
            gained += step * self.outputs[row]
            self.outputs[row] += step * hidden
        self.losses.append(self._loss(chances, targets))
        return gained

    def _loss(self, chances: list[float], targets: list[tuple[int, int, float]]) -> float:
        """The loss of these targets; of the noise, that of the words drawn last, for all."""
        loss = 0.0
        for chance, (_, label, weight) in zip(chances, targets, strict=True):
            if self.paths is not None or label:
                loss -= weight * np.log(chance if label else 1 - chance)
        if self.paths is None:
            words = sum(label for _, label, _ in targets)
            turn, ring = self.turn - 1, len(targets) - words
            for k in range(self.fresh):
                newest = (turn // len(self.rings) * self.fresh + k) % ring
                share = self.negative * words / self.fresh
                loss -= share * np.log(1 - chances[words + newest])
        return loss

    def train(self, ids: list[int], alpha: float, method: str) -> None:
        """Train on all stretches of `ids`."""
        stretch: list[int] = []
        for word in [*ids, -1]:
            if word >= 0:
                if self.bits() <= int(self.keep[word]):
                    stretch.append(word)
                continue
            for i in range(len(stretch)):
                reach = self.window
                if self.shrink:
                    reach -= (self.bits() * self.window) >> 32
                around = stretch[max(0, i - reach) : i] + stretch[i + 1 : i + 1 + reach]
                if not around:
                    continue
                if method == "skipgram":
                    self._skipgram(stretch[i], around, alpha)
                else:
                    self._cbow(stretch[i], around, alpha)
            stretch = []

    def _path(self, word: int) -> list[tuple[int, int, float]]:
        assert self.paths is not None
        return [(node, 1 - code, 1.0) for node, code in self.paths[word]]

    def _skipgram(self, word: int, around: list[int], alpha: float) -> None:
        made_of = self.pieces[word]
        if self.paths is None:
            noise = self.noise()
            weight = self.negative * len(around) / len(noise)
            targets = [(w, 1, 1.0) for w in around] + [(w, 0, weight) for w in noise]
            groups = [targets]
        else:
            groups = [self._path(w) for w in around]
        for targets in groups:
            gained = self.pull(self.inputs[made_of].mean(0), targets, alpha)
            np.add.at(self.inputs, made_of, gained)

    def _cbow(self, word: int, around: list[int], alpha: float) -> None:
        made_of = [row for w in around for row in self.pieces[w]]
        hidden = self.inputs[made_of].sum(0) / (len(made_of) if self.mean else 1)
        if self.paths is None:
            noise = self.noise()
            weight = self.negative / len(noise)
            targets = [(word, 1, 1.0)] + [(w, 0, weight) for w in noise]
        else:
            targets = self._path(word)
        np.add.at(self.inputs, made_of, self.pull(hidden, targets, alpha))
