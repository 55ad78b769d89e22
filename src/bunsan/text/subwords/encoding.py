"""What a tokenizer gives: ids, and where in the original text each piece stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bunsan.text.subwords.template import Template

Ids = NDArray[np.int32]


class Pieces:
    """The pieces of some texts, without the special tokens a model wants around them.

    Parameters
    ----------
    ids : (pieces of all texts) int32.
    start : (texts + 1) int64; text i has the pieces from start[i] to start[i + 1].
    places : gives (pieces, 2) int32, begin and end of each piece in its own text; called when
        somebody first asks, since that can cost as much as the ids did.
    """

    def __init__(
        self, ids: Ids, start: NDArray[np.int64], places: Callable[[], NDArray[np.int32]]
    ) -> None:
        self.ids = ids
        self.start = start
        self._places = places

    @cached_property
    def offsets(self) -> NDArray[np.int32]:
        return self._places()

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.start)


@dataclass(frozen=True)
class Packed:
    """Many texts as one row of ids, without padding.

    ids : (tokens) int32. start : (texts + 1) int64; text i is ids[start[i]:start[i + 1]].
    """

    ids: Ids
    start: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, i: int) -> Ids:
        return self.ids[self.start[i] : self.start[i + 1]]


@dataclass(frozen=True)
class Cut:
    """Pieces of some texts, and which of them were kept of each: from `first`, so many as `count`."""

    pieces: Pieces
    first: NDArray[np.int64]
    count: NDArray[np.int64]


class Owner(NamedTuple):
    """What tells the spelling of ids, and what stands around texts."""

    spell: Callable[[int], str]
    template: "Template"


class Encoding:
    """One text, or a pair of texts, as a model takes it.

    Attributes
    ----------
    ids : (n) int32.
    type_ids : (n) int32, 0 for the first text and its special tokens, 1 for the second's where the
        model tells them apart.
    offsets : (n, 2) int32, begin and end of each piece in characters of the text it came from, as
        it was given; (0, 0) for the special tokens that were put around it.
    special : (n) bool, True for the special tokens that were put around the text.
    tokens : the pieces as the vocabulary spells them.
    sequence : (n) int8, 0 for pieces of the first text, 1 of the second, -1 for special tokens.
    """

    __slots__ = ("_offsets", "_owner", "_source", "_which", "ids")

    def __init__(self, ids: Ids, owner: Owner, source: Sequence[Cut], which: int) -> None:
        self.ids = ids
        self._owner = owner
        self._source = source  # of the first text, of the second
        self._which = which  # of the texts that were encoded together
        self._offsets: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Encoding({self.tokens})"

    @property
    def _counts(self) -> tuple[int, int]:
        """How many pieces of each text are in; -1 where there is no second."""
        counts = [int(cut.count[self._which]) for cut in self._source]
        return counts[0], counts[1] if len(counts) > 1 else -1

    @property
    def type_ids(self) -> Ids:
        return self._owner.template.type_ids(*self._counts)

    @property
    def sequence(self) -> NDArray[np.int8]:
        return self._owner.template.sequence(*self._counts)

    @property
    def special(self) -> NDArray[np.bool_]:
        return self.sequence < 0

    @property
    def offsets(self) -> NDArray[np.int32]:
        if self._offsets is None:
            found = np.zeros((len(self.ids), 2), np.int32)
            sequence = self.sequence
            for i, cut in enumerate(self._source):
                first, count = cut.first[self._which], cut.count[self._which]
                found[sequence == i] = cut.pieces.offsets[first : first + count]
            self._offsets = found
        return self._offsets

    @property
    def tokens(self) -> list[str]:
        spell = self._owner.spell
        return [spell(i) for i in self.ids.tolist()]
