"""What a text is represented by, and how two texts of a pair become one row of features."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from bunsan.base.language import tr

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

# The order of cost to the person who uses it: what must be installed, kept and waited for.
FLOOR, COUNTS, WORD_VECTORS, ENCODER, FINE_TUNED = range(5)


@dataclass(frozen=True)
class Texts:
    """n texts, or n pairs of texts.

    Attributes
    ----------
    first, second : n each; `second` is None where there are no pairs.
    """

    first: list[str]
    second: list[str] | None = None

    def __len__(self) -> int:
        return len(self.first)

    @property
    def pairs(self) -> int:
        """How many pairs there are, 0 where there are none."""
        return 0 if self.second is None else len(self.first)

    @property
    def all(self) -> list[str]:
        """The first ones, then the second ones."""
        return self.first + (self.second or [])


class Representation(Protocol):
    """Texts as rows of numbers. Labels are never seen.

    Attributes
    ----------
    name : for programs. title : for people. kind : its place in the order of cost.
    note : a few words on how it was made.
    """

    name: str
    title: str
    kind: int
    note: str

    def prepare(self, texts: Texts) -> None:
        """Do, once for all texts, what one does to each text by itself."""
        ...

    def adapt(self, rows: Ints) -> None:
        """Learn what is learned from many texts (how rare words are, vectors, means), from these
        rows alone."""
        ...

    def features(self, rows: Ints) -> Any:
        """[k, F] sparse or float32, some rows, by what was last adapted."""
        ...

    def likeness(self, rows: Ints) -> NDArray[np.float64] | None:
        """float64[k], the cosine of both texts of pairs: what is known without any label. None where
        there are no pairs."""
        ...

    def zero_shot(self, rows: Ints, names: list[str]) -> NDArray[np.float64] | None:
        """float64[k, C], how near each text is to the name of each class; None: it cannot tell."""
        ...

    @property
    def nbytes(self) -> int:
        """What has to be kept to make features of new texts."""
        ...


def sparse_pairs(a: Any, b: Any) -> Any:
    """Rows of unit length of two texts each, side by side with what they share: a, b, |a - b|, a * b
    and their cosine.

    Mou et al. (2016), "Natural language inference by tree-based convolution and heuristic matching",
    § 3.2.
    """
    both = a.multiply(b)
    cosine = csr_array(np.asarray(both.sum(axis=1), np.float32).reshape(-1, 1))
    return csr_array(hstack([a, b, abs(a - b), both, cosine]))


def dense_pairs(a: Floats, b: Floats) -> Floats:
    """As `sparse_pairs`, of any rows."""
    return np.hstack([a, b, np.abs(a - b), a * b, cosines(a, b)[:, None]]).astype(np.float32)


def cosines(a: Floats, b: Floats) -> Floats:
    """float32[n], of row and row; 0 where one is all zeros."""
    length = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    product = np.einsum("ij,ij->i", a, b)
    return np.divide(product, length, out=np.zeros_like(product), where=length > 0)


class CosineOf:
    """Pairs by nothing but how alike their texts are. See `Representation`.

    Parameters
    ----------
    whole : says how alike. It may be compared as well, and does its work for both once.
    """

    note = ""

    def __init__(self, whole: Representation) -> None:
        self._whole = whole
        self.name, self.kind = f"{whole.name}:cosine", whole.kind
        self.title = tr(f"{whole.title}, cosine", f"{whole.title}のコサイン")

    def prepare(self, texts: Texts) -> None:
        """See `Representation`."""
        self._whole.prepare(texts)

    def adapt(self, rows: Ints) -> None:
        """See `Representation`."""
        self._whole.adapt(rows)

    def features(self, rows: Ints) -> Any:
        """float32[k, 1]."""
        like = self._whole.likeness(rows)
        if like is None:
            raise ValueError("only pairs have a cosine")
        return like.astype(np.float32)[:, None]

    def likeness(self, rows: Ints) -> NDArray[np.float64] | None:
        """See `Representation`."""
        return self._whole.likeness(rows)

    def zero_shot(self, rows: Ints, names: list[str]) -> NDArray[np.float64] | None:
        """See `Representation`."""
        return None

    @property
    def nbytes(self) -> int:
        """See `Representation`."""
        return self._whole.nbytes


class Scaled:
    """Columns brought to mean 0 and one spread, and rows to a length of about 1."""

    def __init__(self, rows: Floats) -> None:
        self.mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = rows.std(axis=0, dtype=np.float64).astype(np.float32)
        varies = spread > 1e-6 * np.maximum(np.abs(self.mean), 1e-6)
        width = max(int(varies.sum()), 1)
        self.scale = np.where(varies, 1 / np.maximum(spread, 1e-12), 0) / np.sqrt(width)
        self.scale = self.scale.astype(np.float32)

    def __call__(self, rows: Floats) -> Floats:
        return np.asarray((rows - self.mean) * self.scale, np.float32)
