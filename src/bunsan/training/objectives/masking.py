"""Which tokens are hidden, and by what (Devlin et al. 2019, §3.1; Liu et al. 2019, §4.1).

Chance is drawn anew each time a window is read: dynamic masking.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunsan.training.tokens import WORD, Flags, Ids


@dataclass(frozen=True)
class Masking:
    """How tokens are hidden.

    Parameters
    ----------
    mask : id of the token that hides. random : ids that may stand in for another.
    share : of the tokens that are chosen. whole_words : choose words, not tokens; words are where
        the tokenizer begins one, in Japanese morphemes.
    hidden, replaced : shares of the chosen ones that are hidden, and replaced by a random token; the
        rest stays as it is.
    """

    mask: int
    random: NDArray[np.int64]
    share: float = 0.15
    whole_words: bool = True
    hidden: float = 0.8
    replaced: float = 0.1

    def choose(self, flags: Flags, chance: np.random.Generator) -> NDArray[np.int64]:
        """Places of the chosen tokens, ascending; at least one.

        `share * n` of them, rounded up or down by chance so that the mean is exact. Words are taken
        in random order; one that is too long for what is left to choose is passed over.
        """
        n = len(flags)
        wanted = max(1, int(self.share * n + chance.random()))
        if not self.whole_words:
            return np.sort(chance.permutation(n)[:wanted])
        begins = flags & WORD > 0
        begins[0] = True
        starts = np.flatnonzero(begins)
        lengths = np.diff(np.append(starts, n))
        order = chance.permutation(len(starts))
        taken = lengths[order]
        total = np.cumsum(taken)
        fits = total <= wanted
        words, left = order[fits], wanted - int(taken[fits].sum())
        if left:  # the words after the first that did not fit, as far as there is room
            for word in order[~fits].tolist():
                if lengths[word] <= left:
                    words = np.append(words, word)
                    left -= int(lengths[word])
                    if not left:
                        break
        if not len(words):
            words = order[:1]
        chosen = np.zeros(len(starts), np.bool_)
        chosen[words] = True
        return np.flatnonzero(np.repeat(chosen, lengths))

    def hide(self, ids: Ids, chosen: NDArray[np.int64], chance: np.random.Generator) -> Ids:
        """The ids with the chosen ones hidden, replaced or left."""
        out = ids.copy()
        fate = chance.random(len(chosen))
        out[chosen[fate < self.hidden]] = self.mask
        other = chosen[(fate >= self.hidden) & (fate < self.hidden + self.replaced)]
        out[other] = self.random[chance.integers(len(self.random), size=len(other))]
        return out
