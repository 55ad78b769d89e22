"""Token embeddings that begin as word vectors: skip-gram (Mikolov et al. 2013) on the corpus's own tokens.

A minute of it tells a new model which tokens are used alike; from chance, a Transformer learns that last about the rare
ones. What a beginning from word vectors gives is measured by Kocmi and Bojar 2017 ("An Exploration of Word Embedding
Initialization in Deep-Learning Tasks").
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.training.tokens import TokenCorpus
from bunsan.words.training.corpus import corpus_from_ids
from bunsan.words.training.settings import Word2VecSettings
from bunsan.words.training.trainer import train

SPREAD = 0.02  # standard deviation of the numbers, the one that new embeddings have
_FEWEST = 5  # a rarer token keeps its random vector


def token_vectors(
    corpus: TokenCorpus,
    vocabulary: int,
    width: int,
    folder: Path,
    *,
    epochs: int = 3,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Skip-gram vectors of the tokens of a corpus, learned once and kept in `folder`.

    Returns (vocabulary, width); zeros where a token is rarer than five times. The columns' means are zero and the
    standard deviation is `SPREAD`.
    """
    kept = folder / f"token-vectors-{width}-{epochs}-{seed}.npy"
    if kept.is_file():
        found: NDArray[np.float32] = np.load(kept, allow_pickle=False)
        if found.shape == (vocabulary, width):
            return found
    vectors = np.zeros((vocabulary, width), np.float32)
    place = folder / "token-vectors"
    settings = Word2VecSettings(
        dim=width,
        window=5,
        negative=5,
        sample=1e-4,
        min_count=_FEWEST,
        epochs=epochs,
        threads=1,
        seed=seed,
    )
    words = corpus_from_ids(
        [str(i) for i in range(vocabulary)], None, _Blocks(corpus), place, min_count=_FEWEST
    )
    with progress(tr("Word vectors of tokens", "トークンの単語ベクトルを学習中"), 1.0) as bar:
        before = 0.0

        def show(done: int, total: int, loss: float | None, alpha: float, speed: float) -> None:
            nonlocal before
            bar.advance(
                done / max(total, 1) - before, f"{speed:,.0f} " + tr("tokens/s", "トークン/秒")
            )
            before = done / max(total, 1)

        trained = train(words, settings, folder=place / "training", on_progress=show)
    learned = trained.vectors - trained.vectors.mean(0)
    vectors[[int(word) for word in trained.words]] = learned * (SPREAD / learned.std())
    with atomic_write(kept) as file:
        np.save(file, vectors)
    shutil.rmtree(place, ignore_errors=True)
    return vectors


def token_embeddings(module: nn.Module, vocabulary: int) -> nn.Embedding:
    """The first table of a model that has a row for every token."""
    tables = (part for part in module.modules() if isinstance(part, nn.Embedding))
    return next(table for table in tables if table.num_embeddings == vocabulary)


def begin_from(embeddings: nn.Embedding, vectors: NDArray[np.float32]) -> None:
    """Put the vectors in place of the random ones; rows of zeros are left as they are."""
    there = torch.from_numpy(np.flatnonzero(vectors.any(1)))
    with torch.no_grad():
        embeddings.weight[there] = torch.from_numpy(vectors)[there].to(embeddings.weight.dtype)


class _Blocks:
    """The documents of a corpus, one after another, each ended by -1."""

    def __init__(self, corpus: TokenCorpus) -> None:
        self._corpus = corpus

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        for document in range(self._corpus.documents):
            shard, number = self._corpus.shard_of(document)
            begin, end = (int(place) for place in shard.starts.read(number, number + 2))
            ids, _ = self._corpus.read(document, 0, end - begin)
            yield np.append(ids.astype(np.int32), np.int32(-1))
