"""What turns passages and queries into vectors: an encoder, or word vectors with SIF weights."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import Missing
from bunsan.base.language import tr
from bunsan.base.shipped import shipped_model
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.collection.vectors import kept_vectors, open_kept
from bunsan.tasks.searching.cutting import WORDS, Spans, in_characters
from bunsan.words.vectors.files.dispatch import open_vectors
from bunsan.words.vectors.nearest import unit_rows
from bunsan.words.vectors.sif import sif_weights, word_probabilities
from bunsan.words.vectors.wordvectors import WordVectors

Floats = NDArray[np.float32]

_VERSION = 1  # of how vectors are made: another number makes them anew
_PREFERRED = ("word2vec", "cbow", "fasttext", "glove")
_JAPANESE = ("sudachi", "mecab", "characters")
_SAMPLES, _SAMPLE = 64, 1 << 16  # pieces of a file of weights that its fingerprint looks at
_WEIGHTS = (".safetensors", ".bin")
_DESCRIBED = (".json", ".txt", ".model", ".vocab")
_QUERY_PROMPTS, _PASSAGE_PROMPTS = ("query",), ("document", "passage", "corpus")


class Representation(Protocol):
    """Gives vectors of passages and queries.

    Attributes
    ----------
    title : for people. digest : names it and all that its vectors depend on. dim : d.
    common : how many directions that all passages share are taken away before vectors are compared.
    blob : of the word vectors in the collection that it is made of; None for an encoder.
    """

    title: str
    digest: str
    dim: int
    common: int
    blob: str | None

    def passages(self, segment: Segment, documents: Sequence[int], spans: Spans) -> Floats:
        """float32[R, d] of R passages, given as tokens from and to; zeros where there is none."""
        ...

    def query(self, text: str) -> tuple[Floats, list[str]]:
        """float32[d], zeros if nothing of it is known, and the words that are not known."""
        ...

    def parts(self, segment: Segment, span: tuple[int, int], query: Floats) -> dict[str, float]:
        """What each word of a passage adds to its product with a query, the most first; may be {}."""
        ...


class WordMeans:
    """Means of word vectors with SIF weights.

    Arora, Liang & Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", Algorithm
    1. The component that all passages share is taken away by who compares, since it changes with
    every document that comes or goes, and the means do not.

    Parameters
    ----------
    identity : tells these vectors from others. blob : of the collection, where they are kept there.
    a : of the paper's range, 1e-4 to 1e-3, the end that tells the topics of texts better.
    """

    common = 1

    def __init__(
        self,
        collection: StoredCollection,
        vectors: WordVectors,
        name: str,
        identity: str,
        *,
        blob: str | None = None,
        a: float = 1e-4,
    ) -> None:
        self.collection, self.vectors, self.blob = collection, vectors, blob
        self.title = f"{name} (SIF)"
        self.dim = vectors.dim
        self.digest = _digest(["words", identity, a, WORDS, _VERSION])
        self._a = a
        self._spelled: dict[int, Floats | None] = {}

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        """int64[V]: which row of the vectors is a word's; -1 for none."""
        vocabulary = self.collection.vocabulary
        return self.vectors.words.rows(vocabulary.labels(np.arange(len(vocabulary))))

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """float64[V']: the weight of each word that has a vector."""
        probabilities = word_probabilities(self.vectors.counts, len(self.vectors))
        return sif_weights(probabilities, self._a)

    def passages(self, segment: Segment, documents: Sequence[int], spans: Spans) -> Floats:
        """float32[R, d]: the means."""
        means = np.zeros((len(spans), self.dim), np.float32)
        for r, (begin, end) in enumerate(spans.tolist()):
            vectors, weights, _ = self._words(segment.word[begin:end])
            if len(weights):
                means[r] = weights.astype(np.float32) @ vectors / len(weights)
        return means

    def query(self, text: str) -> tuple[Floats, list[str]]:
        """The mean of its words, spelled as the collection spells them."""
        vocabulary = self.collection.vocabulary
        names: list[str] = []
        for form, pos in self.collection.analyzer.query(text):
            ids = vocabulary.find(form, pos) or vocabulary.find(form)
            names.append(vocabulary.label(ids[0]) if ids else form)
        missing = [n for n in dict.fromkeys(names) if self._vector(n) is None]
        return self.vectors.sentence(names, a=self._a), missing

    def parts(self, segment: Segment, span: tuple[int, int], query: Floats) -> dict[str, float]:
        """By word: its weight times its product with the query, over the number of words."""
        vectors, weights, ids = self._words(segment.word[span[0] : span[1]])
        products = weights * (vectors @ query) / max(len(weights), 1)
        parts: dict[str, float] = {}
        labels = self.collection.vocabulary.labels(ids)
        for label, product in zip(labels, products.tolist(), strict=True):
            parts[label] = parts.get(label, 0.0) + product
        return dict(sorted(parts.items(), key=lambda pair: -pair[1]))

    def _words(
        self, ids: NDArray[np.int32]
    ) -> tuple[Floats, NDArray[np.float64], NDArray[np.int32]]:
        """Vectors, weights and ids of the tokens that have a vector."""
        rows = self._rows[ids]
        known = rows >= 0
        vectors, weights = self.vectors.matrix.take(rows[known]), self._weights[rows[known]]
        if self.vectors.subwords is None or known.all():
            return vectors, weights, ids[known]
        spelled = [(i, self._spelling(i)) for i in ids[~known].tolist()]
        found = [(i, vector) for i, vector in spelled if vector is not None]
        if not found:
            return vectors, weights, ids[known]
        return (
            np.concatenate([vectors, np.stack([vector for _, vector in found])]),
            np.concatenate([weights, np.ones(len(found))]),
            np.concatenate([ids[known], np.array([i for i, _ in found], np.int32)]),
        )

    def _spelling(self, word: int) -> Floats | None:
        """The vector that n-grams give a word of the vocabulary."""
        if word not in self._spelled:
            self._spelled[word] = self._vector(self.collection.vocabulary.label(word))
        return self._spelled[word]

    def _vector(self, name: str) -> Floats | None:
        row = self.vectors.words.row(name)
        if row >= 0:
            return self.vectors.matrix.row(row)
        return None if self.vectors.subwords is None else self.vectors.subwords.vector(name)


class EncoderVectors:
    """Vectors of an encoder, at length 1, made as its own files say: mean pooling where they say
    nothing, its prompts for queries and for documents where it has them.

    Parameters
    ----------
    encoder : `bunsan.models.encoding.encoder.Encoder`, or an object with its `encode`, `layout`,
        `dim` and `model`.
    title : for people.
    """

    common = 0
    blob: str | None = None

    def __init__(self, encoder: Any, title: str) -> None:
        self.encoder, self.title = encoder, title
        self.dim: int = encoder.dim
        prompts = encoder.layout.prompts
        self._query = next((name for name in _QUERY_PROMPTS if name in prompts), None)
        self._passage = next((name for name in _PASSAGE_PROMPTS if name in prompts), None)
        self.digest = _digest(["encoder", model_fingerprint(encoder.model.folder), WORDS, _VERSION])

    def passages(self, segment: Segment, documents: Sequence[int], spans: Spans) -> Floats:
        """float32[R, d], the vectors of the passages' texts."""
        places = in_characters(segment, spans).tolist()
        whole = {d: segment.text(d) for d in set(documents)}
        texts = [whole[d][a:b] for d, (a, b) in zip(documents, places, strict=True)]
        some = [r for r, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dim), np.float32)
        if some:
            given = [texts[r] for r in some]
            vectors[some] = unit_rows(self.encoder.encode(given, prompt=self._passage))
        return vectors

    def query(self, text: str) -> tuple[Floats, list[str]]:
        """The vector of its text."""
        return unit_rows(self.encoder.encode([text], prompt=self._query))[0], []

    def parts(self, segment: Segment, span: tuple[int, int], query: Floats) -> dict[str, float]:
        """An encoder's vectors are no sums of words."""
        return {}


def representation(collection: StoredCollection, model: Any = None) -> Representation:
    """The representation that a model's name stands for, opened once for an opened collection.

    Parameters
    ----------
    model : the name of word vectors that the collection keeps ("word2vec"), a file of word vectors,
        the folder or name of an encoder, an opened one (`bunsan.open`, `bunsan.open_encoder`). None:
        the Japanese encoder of this package if it has one and the collection is Japanese; else the
        word vectors that the collection has; else, for Japanese, those of this package.

    Raises
    ------
    Missing : there is nothing that gives vectors.
    """
    known: dict[Any, Representation] = collection.__dict__.setdefault("_representations", {})
    kept = [entry["blob"] for entry in collection.state.get("vectors", {}).values()]
    # Vectors that were learned anew are others; an encoder that was opened is known by itself.
    key = (model if model is None or isinstance(model, (str, Path)) else id(model), *kept)
    if key not in known:
        known[key] = _open(collection, model)
    return known[key]


def _open(collection: StoredCollection, model: Any) -> Representation:
    kept = kept_vectors(collection)
    if model is None:
        return _usual(collection, list(kept))
    if isinstance(model, str) and (model in kept or model in _PREFERRED):
        return _kept(collection, model)
    if isinstance(model, (str, Path)):
        words = shipped_model("words")
        if words is not None and str(model) == words.name:
            return _words(collection, words / "words.safetensors", words.name)
        if Path(model).is_file():
            return _words(collection, Path(model), Path(model).name)
        return _encoder(model, Path(model).name if Path(model).is_dir() else str(model))
    encoder = getattr(model, "encoder", model)  # what `bunsan.open` gives has one
    return EncoderVectors(encoder, Path(encoder.model.folder).name)


def _usual(collection: StoredCollection, kept: Sequence[str]) -> Representation:
    """What is used unasked."""
    japanese = collection.settings.analyzer in _JAPANESE
    encoder, words = shipped_model("encoder"), shipped_model("words")
    if encoder is not None and japanese and _models_are_here():
        return _encoder(encoder, encoder.name)
    for name in (*_PREFERRED, *kept):
        if name in kept:
            return _kept(collection, name)
    if words is not None and japanese:
        return _words(collection, words / "words.safetensors", words.name)
    raise Missing(
        tr(
            "The collection has no vectors to search by meaning with.",
            "意味で検索するためのベクトルがコレクションにありません。",
        ),
        remedy=tr(
            "Learn some: bunsan learn SOURCES -o COLLECTION --vectors word2vec; "
            "or name an encoder with --model.",
            "次で学習できます: bunsan learn 元のファイル -o コレクション --vectors word2vec。"
            "または --model でエンコーダーを指定してください。",
        ),
        file=collection.storage.location,
    )


def _kept(collection: StoredCollection, name: str) -> WordMeans:
    vectors = open_kept(collection, name)
    blob = collection.state["vectors"][name]["blob"]
    return WordMeans(collection, vectors, name, blob, blob=blob)


def _words(collection: StoredCollection, file: Path, name: str) -> WordMeans:
    return WordMeans(collection, open_vectors(file), name, model_fingerprint(file))


def _encoder(model: str | Path, title: str) -> EncoderVectors:
    from bunsan.tasks.encode import open_encoder

    return EncoderVectors(open_encoder(model), title)


def _models_are_here() -> bool:
    from bunsan.base.optional import needs_models

    try:
        needs_models(en="Encoding texts", ja="ベクトル化")
    except Missing:
        return False
    return True


def model_fingerprint(place: str | Path) -> str:
    """What tells one model's files from another's, wherever they lie.

    Settings and vocabularies are read whole; of weights some pieces all over the file, which any
    training changes.

    Parameters
    ----------
    place : the folder of a model, or one file of vectors.
    """
    digest = hashlib.blake2b(digest_size=16)
    root = Path(place)
    files = [root] if root.is_file() else [*root.glob("*"), *root.glob("*/*")]
    for file in sorted(one for one in files if one.is_file()):
        size = file.stat().st_size
        if file.suffix in _DESCRIBED:
            pieces: Sequence[int] = range(0, size, _SAMPLE)
        elif file.suffix in _WEIGHTS or file == root:
            pieces = np.linspace(0, max(size - _SAMPLE, 0), _SAMPLES).astype(int).tolist()
        else:
            continue
        digest.update(f"{file.relative_to(root).as_posix()}\0{size}\0".encode())
        with file.open("rb") as opened:
            for at in pieces:
                opened.seek(at)
                digest.update(opened.read(_SAMPLE))
    return digest.hexdigest()


def _digest(about: Any) -> str:
    return hashlib.blake2b(repr(about).encode(), digest_size=8).hexdigest()
