"""Words alike by the company they keep: nearest words, analogies, and what two words share.

`SparseVectors` holds one row of weights per word (PPMI, say), so that a likeness can be explained
by the contexts two words share. `reduce` turns it into `DenseVectors` of some hundred dimensions,
which bring out likenesses beyond shared contexts. Both answer the same questions.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from bunsan.words.rows import Ids
from bunsan.words.weighting import normalize_rows

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The most similar words, best first: int32[k] global ids and float32[k] cosines."""

    ids: Ids
    cosines: Vector


class IdVectors(ABC):
    """One vector per word, compared by cosine. A vector of zeros has cosine 0 with everything.

    Attributes
    ----------
    ids : int32[R], strictly ascending global ids; vector r belongs to the word ids[r].
    """

    def __init__(self, ids: Ids) -> None:
        self.ids = np.asarray(ids, np.int32)
        if np.any(np.diff(self.ids) <= 0):
            raise ValueError("ids must be strictly ascending")

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Numbers in a vector."""

    @abstractmethod
    def vector(self, word: int) -> Vector:
        """float32[dimensions], the vector of a word, of length 1 (or all 0).

        Raises
        ------
        KeyError : the word has no vector.
        """

    @abstractmethod
    def _products(self, vector: Vector) -> Vector:
        """float32[R]: the product of every word's unit vector with `vector`."""

    def __contains__(self, word: int) -> bool:
        place = int(np.searchsorted(self.ids, word))
        return place < len(self.ids) and int(self.ids[place]) == word

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, word: int) -> int:
        """The row of a word; KeyError where it has none."""
        if word not in self:
            raise KeyError(word)
        return int(np.searchsorted(self.ids, word))

    def similarity(self, a: int, b: int) -> float:
        """The cosine of two words."""
        return float(self.vector(a) @ self.vector(b))

    def similarities(self, vector: ArrayLike) -> Vector:
        """float32[R], the cosine of every word with a vector, in the order of `ids`."""
        query = np.asarray(vector, np.float32)
        if query.shape != (self.dimensions,):
            raise ValueError(f"a vector of shape {query.shape} among {self.dimensions} dimensions")
        length = float(np.linalg.norm(query))
        return self._products(query / np.float32(length) if length > 0 else query)

    def nearest(self, word: int, k: int = 10) -> Neighbours:
        """The k words most similar to a word, itself excluded."""
        return self.nearest_to(self.vector(word), k, exclude=[word])

    def nearest_to(self, vector: ArrayLike, k: int = 10, exclude: Sequence[int] = ()) -> Neighbours:
        """The k words most similar to a vector; of equal ones, the smaller id first."""
        cosines = self.similarities(vector)
        for word in exclude:
            if word in self:
                cosines[self.row(word)] = -np.inf
        candidates = len(cosines) - sum(word in self for word in set(exclude))
        best = _largest(cosines, min(k, candidates))
        return Neighbours(self.ids[best], cosines[best])

    def analogy(self, plus: Sequence[int], minus: Sequence[int] = (), k: int = 10) -> Neighbours:
        """The words nearest to the sum of `plus` less the sum of `minus`, those words excluded.

        king - man + woman is `analogy([king, woman], [man])`. Vectors are added at length 1:
        3CosAdd (Mikolov, Yih & Zweig 2013; Levy & Goldberg 2014, "Linguistic Regularities in Sparse
        and Explicit Word Representations").
        """
        query = np.zeros(self.dimensions, np.float32)
        for word in plus:
            query += self.vector(word)
        for word in minus:
            query -= self.vector(word)
        return self.nearest_to(query, k, exclude=[*plus, *minus])


class DenseVectors(IdVectors):
    """Vectors of a few hundred numbers.

    Parameters
    ----------
    ids : int32[R]. matrix : [R, d], of any length; kept at length 1 in float32.
    """

    def __init__(self, ids: Ids, matrix: ArrayLike) -> None:
        super().__init__(ids)
        values = np.asarray(matrix, np.float32)
        if values.ndim != 2 or len(values) != len(self.ids):
            raise ValueError(f"{len(self.ids)} ids for vectors of shape {values.shape}")
        length = np.linalg.norm(values, axis=1, keepdims=True)
        scale = np.where(length > 0, length, 1)
        self.matrix: Vector = (values / scale).astype(np.float32, copy=False)

    @property
    def dimensions(self) -> int:
        return int(self.matrix.shape[1])

    def vector(self, word: int) -> Vector:
        return self.matrix[self.row(word)]

    def _products(self, vector: Vector) -> Vector:
        return self.matrix @ vector


@dataclass(frozen=True, slots=True)
class SharedContexts:
    """What two words have in common, the greatest share first.

    Attributes
    ----------
    contexts : int[k], the contexts, as `SparseVectors` was given them.
    a, b : float32[k], the weight of each context for either word, as they came.
    shares : float32[k], what each adds to the cosine of the two words; all contexts sum to it.
    """

    contexts: NDArray[np.integer[Any]]
    a: Vector
    b: Vector
    shares: Vector


class SparseVectors(IdVectors):
    """Vectors of weighted contexts, one number per context word.

    Parameters
    ----------
    ids : int32[R], strictly ascending global ids of the rows.
    matrix : CSR [R, C] of weights.
    contexts : int[C], what the columns are: global ids or any other numbers; `ids` when None.
    """

    def __init__(
        self, ids: Ids, matrix: Any, contexts: NDArray[np.integer[Any]] | None = None
    ) -> None:
        super().__init__(ids)
        self.contexts: NDArray[np.integer[Any]] = (
            self.ids if contexts is None else np.asarray(contexts)
        )
        self.weights = csr_array(matrix, dtype=np.float32)
        if self.weights.shape != (len(self.ids), len(self.contexts)):
            raise ValueError(
                f"weights of shape {self.weights.shape} for {len(self.ids)} words"
                f" and {len(self.contexts)} contexts"
            )
        self._units = normalize_rows(self.weights)

    @property
    def dimensions(self) -> int:
        return len(self.contexts)

    def vector(self, word: int) -> Vector:
        columns, values = self._cells(self._units, word)
        vector = np.zeros(self.dimensions, np.float32)
        vector[columns] = values
        return vector

    def _products(self, vector: Vector) -> Vector:
        return _multiply(self._units.indptr, self._units.indices, self._units.data, vector)

    def shared_contexts(self, a: int, b: int, k: int = 10) -> SharedContexts:
        """The k contexts that make two words similar."""
        columns_a, weights_a = self._cells(self.weights, a)
        columns_b, weights_b = self._cells(self.weights, b)
        common, at_a, at_b = np.intersect1d(columns_a, columns_b, True, return_indices=True)
        unit_a = self._cells(self._units, a)[1][at_a]
        unit_b = self._cells(self._units, b)[1][at_b]
        shares = unit_a * unit_b
        best = _largest(shares, min(k, len(shares)))
        return SharedContexts(
            self.contexts[common[best]], weights_a[at_a][best], weights_b[at_b][best], shares[best]
        )

    def reduce(self, dimensions: int, *, power: float = 0.5, seed: int = 0) -> DenseVectors:
        """Vectors of fewer dimensions: the rows of U S^power of a truncated singular value
        decomposition of the weights.

        Parameters
        ----------
        dimensions : at most min(R, C).
        power : how much the strong dimensions outweigh the weak ones. 1 keeps the products of the
            rows as well as that many dimensions can; 0.5 and 0 find similar words better (Levy,
            Goldberg & Dagan 2015, section 3.3).
        seed : of the random start; the same seed gives the same vectors.
        """
        u, singular = truncated_svd(self.weights, dimensions, seed=seed)
        return DenseVectors(self.ids, u * singular**power)

    def _cells(self, matrix: csr_array, word: int) -> tuple[Ids, Vector]:
        row = self.row(word)
        cells = slice(matrix.indptr[row], matrix.indptr[row + 1])
        return matrix.indices[cells], matrix.data[cells]


def truncated_svd(matrix: Any, dimensions: int, *, seed: int = 0) -> tuple[Vector, Vector]:
    """The left singular vectors and singular values of a sparse matrix, largest first.

    By implicitly restarted Lanczos iteration (Lehoucq, Sorensen & Yang 1998, "ARPACK Users' Guide")
    from a random start; small matrices are decomposed whole.

    Returns
    -------
    float32[R, dimensions] and float32[dimensions]. Signs are chosen so that the entry of each left
    vector that is largest in absolute value is positive.
    """
    matrix = csr_array(matrix, dtype=np.float32)
    smaller = min(matrix.shape)
    if not 1 <= dimensions <= smaller:
        raise ValueError(f"{dimensions} dimensions of a matrix of shape {matrix.shape}")
    # Lanczos needs room for twice the dimensions, and something to start from.
    if 2 * dimensions + 1 >= smaller or smaller <= 200 or matrix.count_nonzero() == 0:
        u, singular, _ = np.linalg.svd(matrix.toarray(), full_matrices=False)
    else:
        start = np.random.default_rng(seed).standard_normal(smaller, np.float32)
        u, singular, _ = svds(matrix, dimensions, v0=start, return_singular_vectors="u")
    order = np.argsort(-singular, kind="stable")[:dimensions]
    u, singular = u[:, order], singular[order]
    peak = u[np.abs(u).argmax(axis=0), np.arange(dimensions)]
    return u * np.where(peak < 0, np.float32(-1), np.float32(1)), singular


def _largest(values: Vector, k: int) -> NDArray[np.intp]:
    """The places of the k largest values, largest first, of equal ones the first first."""
    if k <= 0:
        return np.empty(0, np.intp)
    kth = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > kth)
    level = np.flatnonzero(values == kth)[: k - len(above)]
    chosen = np.concatenate([above, level])
    return chosen[np.lexsort((chosen, -values[chosen]))]


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def _multiply(indptr, indices, values, vector):  # type: ignore[no-untyped-def]
    """CSR times a vector."""
    product = np.empty(len(indptr) - 1, np.float32)
    for row in range(len(indptr) - 1):
        total = np.float32(0)
        for j in range(indptr[row], indptr[row + 1]):
            total += values[j] * vector[indices[j]]
        product[row] = total
    return product
