"""Which special tokens stand around one text and around a pair, and how long texts are cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bunsan.text.subwords.encoding import Ids

FIRST, SECOND = -1, -2  # in place of an id: here the pieces of the first, the second text stand

Part = tuple[int, int]  # (id, or FIRST or SECOND; type id)


@dataclass(frozen=True)
class Template:
    """Special tokens around texts, as two rows of (id, type id).

    Parameters
    ----------
    single : for one text: ((cls, 0), (FIRST, 0), (sep, 0)) is BERT's.
    pair : for two.
    side : from which end too long texts are cut.
    odd : where both texts are cut to the same length and one piece more has room, the text it goes
        to: "first", or the "longer" one, which of two equals is the second. The peers' tokenizers
        written in Python do the one, their Rust library the other.
    """

    single: tuple[Part, ...] = ((FIRST, 0),)
    pair: tuple[Part, ...] = ((FIRST, 0), (SECOND, 1))
    side: Literal["left", "right"] = "right"
    odd: Literal["first", "longer"] = "longer"

    @cached_property
    def bare(self) -> "Template":
        """The same without special tokens."""
        return Template(
            tuple(part for part in self.single if part[0] < 0),
            tuple(part for part in self.pair if part[0] < 0),
            self.side,
            self.odd,
        )

    def parts(self, *, pair: bool) -> tuple[Part, ...]:
        return self.pair if pair else self.single

    def added(self, *, pair: bool) -> int:
        """How many special tokens there are."""
        return sum(identity >= 0 for identity, _ in self.parts(pair=pair))

    def fit(self, first: int, second: int | None, most: int | None) -> tuple[int, int | None]:
        """How many pieces of each text are kept so that all is at most `most` long.

        The longer text gives first ("longest first").
        """
        if most is None:
            return first, second
        room = max(most - self.added(pair=second is not None), 0)
        if second is None:
            return min(first, room), None
        if first + second <= room:
            return first, second
        small = min(first, second)
        if room >= 2 * small:  # only the longer one is cut
            return (room - small, small) if first > second else (small, room - small)
        less = room // 2
        if first > second or self.odd == "first":
            return room - less, less
        return less, room - less

    def ids(self, first: Ids, second: Ids | None) -> Ids:
        texts = (first, second)
        rows: list[Ids] = []
        for identity, _ in self.parts(pair=second is not None):
            if identity >= 0:
                rows.append(np.array([identity], np.int32))
            else:
                text = texts[-1 - identity]
                assert text is not None
                rows.append(text)
        return np.concatenate(rows) if rows else np.zeros(0, np.int32)

    def type_ids(self, first: int, second: int) -> Ids:
        """`second` is -1 where there is one text only."""
        parts = self.parts(pair=second >= 0)
        types = np.array([kind for _, kind in parts], np.int32)
        return np.repeat(types, _counts(parts, first, second))

    def sequence(self, first: int, second: int) -> NDArray[np.int8]:
        """0 and 1 for the pieces of the texts, -1 for special tokens; `second` as in `type_ids`."""
        parts = self.parts(pair=second >= 0)
        which = np.array([-1 if identity >= 0 else -1 - identity for identity, _ in parts], np.int8)
        return np.repeat(which, _counts(parts, first, second))


def _counts(parts: Sequence[Part], first: int, second: int) -> list[int]:
    lengths = (first, second)
    return [1 if identity >= 0 else lengths[-1 - identity] for identity, _ in parts]
