"""Vectors on a plane: PCA at once, t-SNE and UMAP from their libraries where installed."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.optional import optional
from bunsan.base.progress import progress
from bunsan.words.vectors.matrix import Floats
from bunsan.words.vectors.nearest import unit_rows

_TSNE_STEPS = 750  # openTSNE's 250 with exaggeration and 500 without
_TOLD_EVERY = 25

ProjectionMethod = Literal["pca", "tsne", "umap"]


def project(
    vectors: ArrayLike,
    method: ProjectionMethod = "pca",
    *,
    perplexity: float = 30.0,
    neighbors: int = 15,
    seed: int = 0,
) -> NDArray[np.float64]:
    """float64[n, 2], a place on a plane for each of n vectors [n, d], compared by cosine.

    Parameters
    ----------
    method : "pca", the plane on which the vectors (at length 1) vary most; "tsne" (van der Maaten &
        Hinton 2008) and "umap" (McInnes, Healy & Melville 2018) keep neighbours together instead,
        and distances between groups mean little.
    perplexity : of t-SNE, about the number of neighbours kept; lowered for few vectors.
    neighbors : of UMAP, likewise.

    Raises
    ------
    Missing : the library for t-SNE or UMAP is not installed.
    BadInput : fewer than 2 vectors, or fewer than 4 for t-SNE and UMAP.
    """
    units = unit_rows(np.asarray(vectors, np.float32))
    need = 2 if method == "pca" else 4
    if len(units) < need:
        raise BadInput(
            tr(f"A map needs at least {need} words.", f"地図には {need} 語以上が必要です。"),
            remedy=tr("Give more words.", "語を増やしてください。"),
        )
    if method == "pca":
        return _pca(units)
    if method == "tsne":
        return _tsne(units, perplexity, seed)
    if method == "umap":
        return _umap(units, neighbors, seed)
    raise ValueError(f"method {method!r} is neither 'pca', 'tsne' nor 'umap'")


def _pca(units: Floats) -> NDArray[np.float64]:
    """Scores on the first two principal axes; of each, the largest in size is positive."""
    centred = units.astype(np.float64) - units.mean(axis=0, dtype=np.float64)
    if centred.shape[1] == 1:
        centred = np.column_stack([centred, np.zeros(len(centred))])
    _, axes = np.linalg.eigh(centred.T @ centred)
    places = centred @ axes[:, ::-1][:, :2]
    peak = places[np.abs(places).argmax(axis=0), [0, 1]]
    return np.asarray(places * np.where(peak < 0, -1.0, 1.0), np.float64)


def _tsne(units: Floats, perplexity: float, seed: int) -> NDArray[np.float64]:
    library = optional("openTSNE", "openTSNE", "tsne", en="t-SNE", ja="t-SNE ")
    # openTSNE wants more than three times the perplexity in points.
    bounded = min(perplexity, max((len(units) - 1) / 3 - 1e-9, 1.0))
    with progress("t-SNE", _TSNE_STEPS) as bar:
        places = library.TSNE(
            perplexity=bounded,
            metric="cosine",
            initialization=_pca(units) * 1e-4,
            n_jobs=1,  # with more, sums come in another order and the map changes
            random_state=seed,
            callbacks=lambda *_: bar.advance(_TOLD_EVERY),
            callbacks_every_iters=_TOLD_EVERY,
        ).fit(units)
    return np.asarray(places, np.float64)


def _umap(units: Floats, neighbors: int, seed: int) -> NDArray[np.float64]:
    library = optional("umap", "umap-learn", "umap", en="UMAP", ja="UMAP ")
    places = library.UMAP(
        n_neighbors=min(neighbors, len(units) - 1),
        metric="cosine",
        init=_pca(units),
        random_state=seed,
        n_jobs=1,
    ).fit_transform(units)
    return np.asarray(places, np.float64)
