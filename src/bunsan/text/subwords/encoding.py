"""What a tokenizer gives: ids, and where in the original text each piece stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

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

    __slots__ = ("_cut", "_offsets", "_source", "_spell", "_template", "ids")

    def __init__(
        self,
        ids: Ids,
        template: "Template",
        cut: tuple[int, int],
        source: Sequence[tuple[Pieces, int]],
        spell: Callable[[int], str],
    ) -> None:
        self.ids = ids
        self._template = template
        self._cut = cut  # how many pieces of each text are in
        self._source = source  # where those pieces begin: (Pieces, index of the first)
        self._spell = spell
        self._offsets: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Encoding({self.tokens})"

    @property
    def type_ids(self) -> Ids:
        return self._template.type_ids(*self._cut)

    @property
    def sequence(self) -> NDArray[np.int8]:
        return self._template.sequence(*self._cut)

    @property
    def special(self) -> NDArray[np.bool_]:
        return self.sequence < 0

    @property
    def offsets(self) -> NDArray[np.int32]:
        if self._offsets is None:
            found = np.zeros((len(self.ids), 2), np.int32)
            sequence = self.sequence
            for i, (pieces, first) in enumerate(self._source):
                found[sequence == i] = pieces.offsets[first : first + self._cut[i]]
            self._offsets = found
        return self._offsets

    @property
    def tokens(self) -> list[str]:
        return [self._spell(i) for i in self.ids.tolist()]
