"""The special tokens that stand around a window, and which tokens chance may pick."""

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.tokens import Ids


class Around:
    """Puts a tokenizer's special tokens around windows.

    Attributes
    ----------
    before, after : ids around one text. between : ids between two.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        single = [identity for identity, _ in tokenizer.template.single]
        body = single.index(-1)
        self.before = np.array(single[:body], np.int64)
        self.after = np.array(single[body + 1 :], np.int64)
        pair = [identity for identity, _ in tokenizer.template.pair]
        self._second_type = max(kind for _, kind in tokenizer.template.pair)
        first, second = pair.index(-1), pair.index(-2)
        self.between = np.array(pair[first + 1 : second], np.int64)

    @property
    def added(self) -> int:
        """How many there are around one text."""
        return len(self.before) + len(self.after)

    @property
    def added_to_pair(self) -> int:
        """How many there are around two."""
        return self.added + len(self.between)

    def one(self, ids: Ids) -> Ids:
        """The window with special tokens."""
        return np.concatenate([self.before, ids, self.after])

    def two(self, first: Ids, second: Ids) -> tuple[Ids, NDArray[np.int64], NDArray[np.int64]]:
        """Two texts as one input; its type ids; where their own tokens stand in it."""
        parts = [self.before, first, self.between, second, self.after]
        a, b = len(self.before), len(self.before) + len(first) + len(self.between)
        ids = np.concatenate(parts)
        types = np.zeros(len(ids), np.int64)
        types[b:] = self._second_type
        places = np.concatenate([np.arange(a, a + len(first)), np.arange(b, b + len(second))])
        return ids, types, places


def ordinary_ids(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Ids of all pieces that are no special tokens."""
    return np.setdiff1d(np.arange(tokenizer.vocab_size), np.array(sorted(tokenizer.special_ids)))


def needed(tokenizer: Tokenizer, role: str) -> int:
    """The id of a special token.

    Raises
    ------
    BadInput : the tokenizer has none.
    """
    found: int | None = getattr(tokenizer, f"{role}_id")
    if found is None:
        raise BadInput(
            tr(
                f"The tokenizer has no {role} token, which this objective needs.",
                f"トークナイザーに、この学習に必要な {role} トークンがありません。",
            ),
            remedy=tr(
                "Choose a tokenizer made for this kind of model.",
                "この種類のモデル用のトークナイザーを指定してください。",
            ),
        )
    return found


def first_of(tokenizer: Tokenizer, *roles: str) -> int:
    """The id of the first of these special tokens that there is.

    Raises
    ------
    BadInput : there is none of them.
    """
    for role in roles[:-1]:
        found: int | None = getattr(tokenizer, f"{role}_id")
        if found is not None:
            return found
    return needed(tokenizer, roles[-1])
