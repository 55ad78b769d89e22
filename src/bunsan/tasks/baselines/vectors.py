"""Averaged word vectors, and the vectors of a frozen encoder."""

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.language import tr
from bunsan.tasks.baselines.representations import (
    ENCODER,
    WORD_VECTORS,
    Floats,
    Ints,
    Scaled,
    Texts,
    cosines,
    dense_pairs,
)
from bunsan.tasks.baselines.sequences import Sequences, words_of
from bunsan.text.words import WordSettings
from bunsan.words.vectors import sif
from bunsan.words.vectors.files.dispatch import open_vectors
from bunsan.words.vectors.wordvectors import WordVectors

_WORDS_READ = 5_000_000  # by training on the spot: small texts are read more often
_MOST_EPOCHS = 30


class Dense(ABC):
    """What both have in common: a vector for every text, scaled and paired.

    A subclass gives `vectors`, of the texts, and `named`, of names of classes.
    """

    _texts = Texts([])

    @abstractmethod
    def vectors(self) -> Floats:
        """(n or 2n, d), after `adapt`."""

    @abstractmethod
    def named(self, names: list[str]) -> Floats:
        """(names, d)"""

    def scale(self, rows: Ints) -> None:
        """Bring columns to one spread, by these rows."""
        self._scaled = Scaled(self._paired(rows))

    def features(self, rows: Ints) -> Any:
        """See `Representation`."""
        return self._scaled(self._paired(rows))

    def likeness(self, rows: Ints) -> NDArray[np.float64] | None:
        """See `Representation`."""
        if not self._texts.pairs:
            return None
        vectors = self.vectors()
        return cosines(vectors[rows], vectors[rows + self._texts.pairs]).astype(np.float64)

    def zero_shot(self, rows: Ints, names: list[str]) -> NDArray[np.float64] | None:
        """The cosine of a text with the name of each class."""
        if self._texts.pairs:
            return None
        texts, classes = self.vectors()[rows], self.named(names)
        lengths = np.linalg.norm(texts, axis=1)[:, None] * np.linalg.norm(classes, axis=1)
        product = (texts @ classes.T).astype(np.float64)
        return np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 0)

    def _paired(self, rows: Ints) -> Floats:
        vectors = self.vectors()
        if not self._texts.pairs:
            return vectors[rows]
        return dense_pairs(vectors[rows], vectors[rows + self._texts.pairs])


class MeanVectors(Dense):
    """Means of word vectors, rare words weighing more, less what all texts share.

    Arora, Liang & Ma (2017), "A simple but tough-to-beat baseline for sentence embeddings",
    Algorithm 1; see `bunsan.words.vectors.sif`. Where the vectors come without counts, how likely
    a word is comes from the texts.

    Parameters
    ----------
    source : word vectors or a file of them; None trains skip-gram on the texts that are adapted to.
    """

    kind = WORD_VECTORS

    def __init__(
        self, source: str | Path | WordVectors | None = None, words: WordSettings | None = None
    ) -> None:
        self._source = source
        self._words = words or WordSettings(form="dictionary")
        self._known: WordVectors | None = None
        if source is None:
            self.name = "word-vectors"
            self.title = tr("Mean of word vectors", "単語ベクトルの平均")
            self.note = tr("learned from these texts", "この文章から学習")
        else:
            called = "vectors" if isinstance(source, WordVectors) else Path(source).name
            self.name = f"word-vectors:{called}"
            self.title = tr(f"Mean of word vectors ({called})", f"単語ベクトルの平均({called})")
            self.note = called

    def prepare(self, texts: Texts) -> None:
        """See `Representation`."""
        if self._texts is texts:
            return
        self._texts = texts
        self._sequences = words_of(texts.all, self._words)
        self._counts = self._sequences.counts()
        if self._source is not None:
            source = self._source
            self._known = source if isinstance(source, WordVectors) else open_vectors(source)
            self._rows, self._table = _lookup(self._known, self._sequences.names)

    def adapt(self, rows: Ints) -> None:
        """Vectors, where there are none; how likely words are; what all texts share."""
        both = rows
        if self._texts.pairs:
            both = np.concatenate([rows, rows + self._texts.pairs])
        seen = np.asarray(self._counts[both].sum(axis=0)).reshape(-1)
        if self._source is None:
            self._known = _trained(self._sequences, both)
            self._rows, self._table = _lookup(self._known, self._sequences.names)
        assert self._known is not None
        if self._source is None or self._known.counts is None:
            likely = seen / max(float(seen.sum()), 1.0)
        else:
            of_row = sif.word_probabilities(self._known.counts, len(self._known))
            likely = np.where(self._rows >= 0, of_row[np.maximum(self._rows, 0)], 0.0)
        self._weights = sif.sif_weights(likely)
        means = self._means(self._counts)
        self._common = sif.principal_components(means[both], 1)
        self._vectors = sif.remove_components(means, self._common)
        self.scale(rows)

    def vectors(self) -> Floats:
        """float32[n or 2n, d]."""
        return self._vectors

    def named(self, names: list[str]) -> Floats:
        """float32[C, d]."""
        number = {name: i for i, name in enumerate(self._sequences.names)}
        found = words_of(names, self._words)
        ids = np.array([number.get(name, -1) for name in found.names], np.int64)[found.ids]
        known = ids >= 0
        shape = (len(names), len(self._sequences.names))
        ones = np.ones(int(known.sum()), np.float32)
        counts = csr_array((ones, (found.texts[known], ids[known])), shape=shape)
        return sif.remove_components(self._means(counts), self._common)

    @property
    def nbytes(self) -> int:
        """All vectors with their words, not only those that come in the texts."""
        assert self._known is not None
        names = sum(len(word.encode()) for word in self._known.words)
        subwords = self._known.subwords
        more = 0 if subwords is None else subwords.ngrams.nbytes
        return self._known.matrix.nbytes + names + more

    def _means(self, counts: csr_array) -> Floats:
        known = self._table.any(axis=1).astype(np.float64)
        total = counts @ (self._table * self._weights[:, None])
        n = counts @ known
        return np.asarray(total / np.maximum(n, 1)[:, None], np.float32)


class EncoderVectors(Dense):
    """The vectors of a sentence encoder as it is. See `bunsan.open_encoder`."""

    kind = ENCODER

    def __init__(self, model: str | Path, **options: Any) -> None:
        self._model, self._options = model, options
        self.name = f"encoder:{model}"
        called = model_name(model)
        self.title = tr(f"Encoder {called}", f"エンコーダー {called}")
        self.note = tr("frozen", "固定")
        self._encoder: Any = None

    def prepare(self, texts: Texts) -> None:
        """See `Representation`."""
        from bunsan.tasks.encode import open_encoder

        if self._texts is texts:
            return
        self._texts = texts
        self._encoder = open_encoder(self._model, **self._options)
        self._vectors = np.asarray(self._encoder.encode(texts.all), np.float32)

    def adapt(self, rows: Ints) -> None:
        """One spread for every column."""
        self.scale(rows)

    def vectors(self) -> Floats:
        """float32[n or 2n, d]."""
        return self._vectors

    def named(self, names: list[str]) -> Floats:
        """float32[C, d]."""
        return np.asarray(self._encoder.encode(names), np.float32)

    @property
    def nbytes(self) -> int:
        """The files of weights and vocabularies."""
        folder = Path(self._encoder.model.folder)
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def model_name(model: str | Path) -> str:
    """What people call a model: its folder, with the one around it where that says more."""
    path = Path(str(model))
    plain = path.name in ("model", "final", "best", "checkpoint", "output")
    return f"{path.parent.name}/{path.name}" if plain and path.parent.name else path.name


def _lookup(vectors: WordVectors, names: list[str]) -> tuple[Ints, Floats]:
    """The row of each word (-1 for none), and float32[V, d] of vectors, zeros where there is none."""
    rows = np.asarray(vectors.words.rows(names), np.int64)
    table = np.zeros((len(names), vectors.dim), np.float32)
    known = rows >= 0
    if known.any():
        table[known] = vectors.matrix.take(rows[known])
    if vectors.subwords is not None:
        for place in np.flatnonzero(~known).tolist():
            vector = vectors.subwords.vector(names[place])
            if vector is not None:
                table[place] = vector
    return rows, table


def _trained(sequences: Sequences, rows: Ints) -> WordVectors:
    """Skip-gram on some of the texts, with one thread: the same texts give the same vectors."""
    from bunsan.tasks.training import trained_vectors, vector_settings
    from bunsan.words.training.corpus import CorpusBuilder

    ids, stops = sequences.select(rows)
    counted = np.bincount(ids, minlength=1)
    if (counted > 1).sum() < 2:  # nothing to learn from
        return WordVectors([], np.zeros((0, 1), np.float32))
    epochs = int(np.clip(_WORDS_READ / max(len(ids), 1), 5, _MOST_EPOCHS))
    settings = vector_settings(
        "skipgram", dim=100, min_count=2, sample=1e-3, epochs=epochs, threads=1
    )
    with tempfile.TemporaryDirectory(prefix="bunsan-") as place:
        folder = Path(place)
        with CorpusBuilder(folder / "corpus", min_count=2) as builder:
            builder.add(sequences.names, ids.astype(np.int32), stops)
            corpus = builder.finish()
        return trained_vectors(corpus, settings, folder / "training")
