"""A corpus as windows that a model can take, in a stated order, gathered into steps and batches.

Everything here is a function of a place in the order, a single number: going on from a checkpoint
needs no more than that number, and how many processes there are changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.training.shuffle import Order, mix, seed_of
from bunsan.training.tokens import Flags, Ids, TokenCorpus

_AHEAD = 4096  # windows whose lengths are looked up at once
_DOCUMENTS = 1 << 20  # documents counted at once


@dataclass(frozen=True)
class Window:
    """Consecutive tokens of one document, without special tokens.

    Attributes
    ----------
    ids, flags : (n). document, begin : where they stand. first, last : the document begins, ends here.
    key : decides what chance does to this window, this time.
    """

    ids: Ids
    flags: Flags
    document: int
    begin: int
    first: bool
    last: bool
    key: int

    def random(self) -> np.random.Generator:
        """Chance for this window, the same whoever asks."""
        return np.random.default_rng(self.key)


class TrainingData(Protocol):
    """Things to train on in an order without an end: `Windows` of a corpus, `Examples` in memory."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which things stand at these places of the order."""
        ...

    def lengths(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens of each."""
        ...

    def read(self, places: NDArray[np.int64]) -> Sequence[Any]:
        """The things at these places, as the objective's `batch` takes them."""
        ...


@dataclass(frozen=True)
class StepPlan:
    """What one step reads: places in the order, in batches.

    Attributes
    ----------
    batches : places, a row a batch, of windows of like length. next : the place after the step.
    """

    batches: list[NDArray[np.int64]]
    next: int


class Windows:
    """All windows of a corpus, or of its share held out for evaluation.

    A document longer than `room` is cut into windows of equal length, so that no scrap is left over.

    Parameters
    ----------
    room : tokens in the longest window. held_out : share of the documents for evaluation, which
        `seed` picks one by one. evaluation : those windows, or the others.
    """

    def __init__(
        self,
        corpus: TokenCorpus,
        room: int,
        *,
        held_out: float = 0.0,
        evaluation: bool = False,
        seed: int = 0,
        write: bool = True,
    ) -> None:
        if room < 1:
            raise ValueError(f"a window of {room} tokens")
        self.corpus, self.room, self.seed = corpus, room, seed
        part = "held" if evaluation else "kept"
        name = f"windows-{room}-{part}-{held_out:g}-{seed}.i64"
        path = corpus.folder / name
        # Whole where it is there at all, and gone with the corpus it counts.
        if write and not path.is_file():
            _count_windows(corpus, room, held_out, evaluation, seed, path)
        self._ends: NDArray[np.int64] = np.empty(0, np.int64)
        if path.stat().st_size:
            self._ends = np.asarray(np.memmap(path, "<i8", mode="r"))
        self.count = int(self._ends[-1]) if len(self._ends) else 0

    def __len__(self) -> int:
        return self.count

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which windows stand at these places; after the last one a new order of all begins."""
        if not self.count:
            raise BadInput(
                tr("There is no text to train on.", "学習に使えるテキストがありません。"),
                remedy=tr(
                    "Give more text, or hold less out (--held-out).",
                    "テキストを増やすか、--held-out を小さくしてください。",
                ),
            )
        return numbers_at(places, self.count, self.seed)

    def lengths(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens in each window."""
        _, begin, end, _ = self._find(numbers)
        return end - begin

    def read(self, places: NDArray[np.int64]) -> list[Window]:
        """The windows at these places of the order."""
        found = []
        rows = (places, *self._find(self.numbers(places)))
        for place, document, begin, end, length in zip(*(r.tolist() for r in rows), strict=True):
            ids, flags = self.corpus.read(document, begin, end)
            key = seed_of(self.seed, place)
            found.append(Window(ids, flags, document, begin, begin == 0, end == length, key))
        return found

    def _find(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Document, begin, end of windows, and the documents' lengths."""
        documents = np.searchsorted(self._ends, numbers, side="right")
        before = np.where(documents > 0, self._ends[documents - 1], 0)
        parts = self._ends[documents] - before
        lengths = np.empty_like(numbers)
        shards = np.searchsorted(self.corpus.firsts, documents, side="right") - 1
        for one in np.unique(shards).tolist():
            here = np.flatnonzero(shards == one)
            inside = documents[here] - self.corpus.firsts[one]
            starts = self.corpus.shards[one].starts
            lengths[here] = starts.gather(inside + 1) - starts.gather(inside)
        i = numbers - before
        return documents, i * lengths // parts, (i + 1) * lengths // parts, lengths


def numbers_at(places: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` things stand at these places; after the last one a new order of all begins."""
    rounds = places // count
    found = np.empty_like(places)
    for one in np.unique(rounds):
        here = rounds == one
        order = Order(count, seed_of(seed, int(one)))
        found[here] = order(places[here] - one * count)
    return found


@dataclass(frozen=True)
class Batching:
    """How windows become steps, and steps batches.

    Attributes
    ----------
    tokens : of a step; or sequences : windows of a step. added : special tokens a window.
    memory_tokens : tokens with padding in one batch at most; a step is as many batches as it needs.
    together : windows that must be in one batch, in the order as it is (0: batches go by length).
    """

    tokens: int | None = None
    sequences: int | None = None
    added: int = 2
    memory_tokens: int = 16384
    together: int = 0

    def step(self, windows: TrainingData, place: int) -> StepPlan:
        """The step that begins at a place of the order."""
        places, lengths = self._take(windows, place)
        end = place + len(places)
        if self.together:
            cuts = range(0, len(places), self.together)
            return StepPlan([places[cut : cut + self.together] for cut in cuts], end)
        return StepPlan(by_length(places, lengths, self.memory_tokens), end)

    def _take(
        self, windows: TrainingData, place: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if self.sequences is not None:
            places = np.arange(place, place + self.sequences)
            return places, windows.lengths(windows.numbers(places)) + self.added
        wanted = self.tokens or 1
        ahead = min(_AHEAD, 1 + wanted // (1 + self.added))
        taken: list[NDArray[np.int64]] = []
        total = 0
        while total < wanted:
            places = np.arange(place, place + ahead)
            lengths = windows.lengths(windows.numbers(places)) + self.added
            sums = total + np.cumsum(lengths)
            taken.append(lengths[: int(np.searchsorted(sums, wanted)) + 1])
            total += int(taken[-1].sum())
            place += ahead
        all_lengths = np.concatenate(taken)
        first = place - ahead * len(taken)
        return np.arange(first, first + len(all_lengths)), all_lengths


def by_length(
    places: NDArray[np.int64], lengths: NDArray[np.int64], memory_tokens: int
) -> list[NDArray[np.int64]]:
    """Batches of like length, the longest first, each of at most `memory_tokens` with padding."""
    order = np.argsort(-lengths, kind="stable")
    batches, begin = [], 0
    while begin < len(order):
        longest = int(lengths[order[begin]])
        end = begin + max(1, memory_tokens // longest)
        batches.append(places[order[begin:end]])
        begin = end
    return batches


def sample_places(windows: TrainingData, most: int) -> NDArray[np.int64]:
    """The first `most` places of the order: what is evaluated on, each time the same."""
    return np.arange(min(most, len(windows)))


def padding_share(lengths: Sequence[NDArray[np.int64]]) -> float:
    """Share of positions that are padding, in batches of these lengths."""
    cells = sum(len(batch) * int(batch.max()) for batch in lengths)
    return 1.0 - sum(int(batch.sum()) for batch in lengths) / cells


def _count_windows(
    corpus: TokenCorpus, room: int, held_out: float, evaluation: bool, seed: int, path: Path
) -> None:
    """Write how many windows there are up to and with each document, a few documents at a time."""
    beside = path.with_suffix(".part")
    total = 0
    with beside.open("wb") as file:
        for first, shard in zip(corpus.firsts, corpus.shards, strict=False):
            for begin in range(0, shard.documents, _DOCUMENTS):
                end = min(begin + _DOCUMENTS, shard.documents)
                parts = -(-np.diff(shard.starts.read(begin, end + 1)) // room)
                if held_out:
                    numbers = np.arange(first + begin, first + end, dtype=np.uint64)
                    chance = mix(mix(numbers) ^ np.uint64(seed_of(seed, 1))) >> np.uint64(11)
                    held = chance / float(1 << 53) < held_out
                    parts[held != evaluation] = 0
                elif evaluation:
                    parts[:] = 0
                ends = total + np.cumsum(parts)
                total = int(ends[-1])
                file.write(ends.astype("<i8").data)
    beside.replace(path)
