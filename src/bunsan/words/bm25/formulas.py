"""The five BM25 scoring functions that are in use, and the one shape they all have.

Kamphuis, de Vries, Boytsov, Lin (ECIR 2020), "Which BM25 Do You Mean? A Large-Scale
Reproducibility Study of Scoring Variants", table 1, tells them apart. Each is a sum over the words
of the query of `idf(word) * tf_component(tf, length)`, and every `tf_component` can be written

    absent + scale * tf / (tf + saturation * (1 - b + b * length / average_length))

with three constants of the variant (`Shape`). What depends on the document is the same fraction in
all of them. So the index stores that fraction alone; `idf`, `scale` and `absent` are multiplied in
or added when a query comes.

`absent` is what a word contributes to a document that lacks it. BM25L and BM25+ were proposed (Lv
and Zhai 2011) with their delta given only to documents that have the word; in the form of Kamphuis
et al., which this follows, the sum runs over all words of the query for every document. The two
differ in scores and, for queries of several words, in ranks.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from numba import njit

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

Variant = Literal["robertson", "lucene", "atire", "bm25l", "bm25+"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

LARGEST_CONSTANT = 1000.0  # of k1 and delta; keeps every impact far from float32 underflow


@njit(nogil=True, cache=True)
def idf_robertson(df: float, n: float) -> float:
    """Robertson et al. 1994 (Okapi at TREC-3), zero instead of negative.

    A word in more than half of the documents would lower the score of those that have it; as other
    implementations do, it counts nothing instead.
    """
    return max(0.0, math.log((n - df + 0.5) / (df + 0.5)))


@njit(nogil=True, cache=True)
def idf_lucene(df: float, n: float) -> float:
    """Lucene's, always above zero (Kamphuis et al. 2020, section 2, "Lucene (accurate)")."""
    return math.log(1.0 + (n - df + 0.5) / (df + 0.5))


@njit(nogil=True, cache=True)
def idf_atire(df: float, n: float) -> float:
    """Trotman, Jia, Crane 2012 (ATIRE); zero for a word of every document."""
    return math.log(n / df)


@njit(nogil=True, cache=True)
def idf_bm25l(df: float, n: float) -> float:
    """Lv and Zhai 2011 (SIGIR), "When documents are very long, BM25 fails!"."""
    return math.log((n + 1.0) / (df + 0.5))


@njit(nogil=True, cache=True)
def idf_bm25plus(df: float, n: float) -> float:
    """Lv and Zhai 2011 (CIKM), "Lower-bounding term frequency normalization"."""
    return math.log((n + 1.0) / df)


@njit(nogil=True, cache=True)
def inverse_document_frequency(variant: int, df: float, n: float) -> float:
    """Idf of a word in `df` (at least 1) of `n` documents; `variant` indexes `VARIANTS`."""
    if variant == 0:
        return idf_robertson(df, n)
    if variant == 1:
        return idf_lucene(df, n)
    if variant == 2:
        return idf_atire(df, n)
    if variant == 3:
        return idf_bm25l(df, n)
    return idf_bm25plus(df, n)


class Shape(NamedTuple):
    """The constants of `absent + scale * tf / (tf + saturation * length_normalisation)`."""

    saturation: float
    scale: float
    absent: float


def shape_robertson(k1: float) -> Shape:
    """tf / (tf + k1 n), where n = 1 - b + b * length / average_length; Lucene's is the same."""
    return Shape(k1, 1.0, 0.0)


def shape_atire(k1: float) -> Shape:
    """(k1 + 1) tf / (tf + k1 n)."""
    return Shape(k1, k1 + 1.0, 0.0)


def shape_bm25plus(k1: float, delta: float) -> Shape:
    """delta + (k1 + 1) tf / (tf + k1 n)."""
    return Shape(k1, k1 + 1.0, delta)


def shape_bm25l(k1: float, delta: float) -> Shape:
    """(k1 + 1) (c + delta) / (k1 + c + delta) with c = tf / n.

    At c = 0 it is (k1 + 1) delta / (k1 + delta). What is left when that is subtracted is
    (k1 + 1) k1 / (k1 + delta) * c / (c + k1 + delta), and c / (c + s) = tf / (tf + s n).
    """
    s = k1 + delta
    if s == 0.0:
        return Shape(0.0, 1.0, 0.0)  # the limit: every document that has the word scores 1
    return Shape(s, (k1 + 1.0) * k1 / s, (k1 + 1.0) * delta / s)


@dataclass(frozen=True, slots=True)
class Bm25Parameters:
    """Which formula, and its constants.

    Parameters
    ----------
    variant : one of `VARIANTS`.
    k1 : how slowly repeated occurrences of a word stop adding to the score, 0 to 1000.
    b : how much long documents are held back, 0 (not at all) to 1.
    delta : of BM25L and BM25+, 0 to 1000; None is what their authors recommend, 0.5 and 1.

    Raises
    ------
    BadInput : a value outside of its range.
    """

    variant: Variant = "lucene"
    k1: float = 1.5
    b: float = 0.75
    delta: float | None = None

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            known = ", ".join(VARIANTS)
            raise BadInput(
                tr(
                    f"There is no BM25 variant {self.variant!r}.",
                    f"BM25 に {self.variant!r} という種類はありません。",
                ),
                remedy=tr(f"Choose one of: {known}.", f"次から選んでください: {known}"),
            )
        for name, value, largest in (
            ("k1", self.k1, LARGEST_CONSTANT),
            ("b", self.b, 1.0),
            ("delta", 0.0 if self.delta is None else self.delta, LARGEST_CONSTANT),
        ):
            if not 0.0 <= value <= largest:  # also refuses not-a-number
                raise BadInput(
                    tr(
                        f"BM25's {name} is {value}; it must be from 0 to {largest:g}.",
                        f"BM25 の {name} が {value} です。0 以上 {largest:g} 以下にしてください。",
                    )
                )

    @property
    def code(self) -> int:
        """The variant as kernels know it, an index into `VARIANTS`."""
        return VARIANTS.index(self.variant)

    @property
    def shape(self) -> Shape:
        """The variant's constants for these parameters."""
        if self.variant == "bm25l":
            return shape_bm25l(self.k1, 0.5 if self.delta is None else self.delta)
        if self.variant == "bm25+":
            return shape_bm25plus(self.k1, 1.0 if self.delta is None else self.delta)
        return shape_atire(self.k1) if self.variant == "atire" else shape_robertson(self.k1)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; `Bm25Parameters(**d)` reads it back."""
        return {"variant": self.variant, "k1": self.k1, "b": self.b, "delta": self.delta}
