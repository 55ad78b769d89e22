"""What gensim saves with `.save()`: KeyedVectors, Word2Vec, FastText, without gensim.

The file is a pickle, of which only data is read (`inert_pickle`). Large arrays lie beside it as
NAME.vectors.npy and are memory-mapped.
"""

import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Missing
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.words.vectors.account import Account
from bunsan.words.vectors.files.finish import make_vectors
from bunsan.words.vectors.files.inert_pickle import Record, array_of, read_inert
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.strings import StringTable
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

_PROTOCOL = 4
_CLASS = b"cgensim.models.keyedvectors\nKeyedVectors\n"


def read(path: Path) -> WordVectors:
    """Read what gensim saved, of version 4 or 3.

    Raises
    ------
    BadInput : damaged, no vectors, or a pickle that wants to run something.
    Missing : an array that should lie beside the file does not.
    """
    with path.open("rb") as file:
        model = read_inert(file, path)
    attributes = _Attributes(model, path, path.name)
    keyed = attributes
    wv = attributes.state.get("wv")
    if isinstance(wv, Record):
        keyed = _Attributes(wv, path, f"{path.name}.wv")
    words = _words(keyed)
    account = Account()
    subwords = None
    if "vectors_ngrams" in keyed.names():
        own = Matrix(keyed.matrix("vectors_vocab"))
        ngrams = Matrix(keyed.matrix("vectors_ngrams"))
        minn, maxn, bucket = (keyed.integer(name) for name in ("min_n", "max_n", "bucket"))
        if len(own) != len(words) or len(ngrams) != bucket or own.dim != ngrams.dim:
            raise _no_vectors(path, "vectors_ngrams")
        subwords = Subwords(ngrams, minn, maxn, bucket, None, own)
        matrix = Matrix(subwords.compose(StringTable.from_words(words), own))
    else:
        matrix = Matrix(keyed.matrix(*[n for n in ("vectors", "syn0") if n in keyed.names()][:1]))
    if len(matrix) != len(words):
        raise _no_vectors(path, f"{len(matrix)} / {len(words)}")
    about = {"source": path.name, "gensim": type(model).__name__}
    return make_vectors(
        words, matrix, account, counts=_counts(keyed, words), subwords=subwords, about=about
    )


def write(vectors: WordVectors, path: Path) -> None:
    """Write a KeyedVectors that `gensim.models.KeyedVectors.load` reads, with the counts.

    The matrix goes beside it, as float32 in NAME.vectors.npy. N-grams are not written.
    """
    words = list(vectors.words)
    expandos = {} if vectors.counts is None else {"count": np.array(vectors.counts)}
    state = {
        "vector_size": vectors.dim,
        "index_to_key": words,
        "key_to_index": {word: row for row, word in enumerate(words)},
        "next_index": len(words),
        "expandos": expandos,
        "norms": None,
        "mapfile_path": None,
        "__numpys": ["vectors"],
        "__scipys": [],
        "__ignoreds": [],
        "__recursive_saveloads": [],
    }
    # The state as its own pickle, without the two bytes of protocol and the final stop, between the
    # making of an empty object and the handing over of the state: gensim need not be there.
    body = pickle.dumps(state, protocol=2)[2:-1]
    with atomic_write(path.with_name(path.name + ".vectors.npy")) as file:
        np.save(file, vectors.matrix.take(slice(None)).astype(np.float32), allow_pickle=False)
    with atomic_write(path) as file:
        file.write(b"\x80\x02" + _CLASS + b")\x81" + body + b"b.")


class _Attributes:
    """The attributes of a saved object, those beside the file included."""

    def __init__(self, record: Any, path: Path, prefix: str) -> None:
        if not isinstance(record, Record):
            raise _no_vectors(path, type(record).__name__)
        self.state, self.path, self.prefix = record.state, path, prefix

    def names(self) -> set[str]:
        return set(self.state) | set(self._beside())

    def _beside(self) -> list[str]:
        names = self.state.get("__numpys")
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def matrix(self, *names: str) -> NDArray[Any]:
        """A matrix of numbers by name."""
        for name in names:
            value = array_of(self.state.get(name))
            if value is None and name in self._beside():
                value = self._map(name)
            if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind == "f":
                return value
        raise _no_vectors(self.path, ", ".join(names) or "vectors")

    def integer(self, name: str) -> int:
        value = self.state.get(name)
        if not isinstance(value, int) or value < 0:
            raise _no_vectors(self.path, name)
        return value

    def _map(self, name: str) -> NDArray[Any]:
        beside = self.path.with_name(f"{self.prefix}.{name}.npy")
        if not beside.is_file():
            raise Missing(
                tr(
                    f"The array {beside.name}, which belongs to it, is not beside it.",
                    f"付属する配列ファイル {beside.name} が同じ場所にありません。",
                ),
                remedy=tr("Put it there.", "同じフォルダーに置いてください。"),
                file=self.path,
            )
        try:
            return np.asarray(np.load(beside, mmap_mode="r", allow_pickle=False))
        except (ValueError, EOFError, OSError) as error:
            raise BadInput(
                tr(
                    f"is cut short or no array ({error}).",
                    f"途中で切れているか、配列ではありません({error})。",
                ),
                remedy=tr("Fetch it again.", "取得し直してください。"),
                file=beside,
            ) from error


def _words(keyed: _Attributes) -> list[str]:
    """The words by row, under the names of gensim 4 and 3."""
    for name in ("index_to_key", "index2word", "index2entity"):
        words = array_of(keyed.state.get(name))
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    raise _no_vectors(keyed.path, "index_to_key")


def _counts(keyed: _Attributes, words: list[str]) -> NDArray[np.int64] | None:
    expandos = keyed.state.get("expandos")
    if isinstance(expandos, dict):
        counts = array_of(expandos.get("count"))
        if isinstance(counts, np.ndarray) and counts.shape == (len(words),):
            return counts.astype(np.int64)
    vocab = keyed.state.get("vocab")
    if isinstance(vocab, dict):
        with suppress(TypeError, ValueError, KeyError):
            return np.array(list(_vocab_counts(vocab, words)), np.int64)
    return None


def _vocab_counts(vocab: dict[Any, Any], words: list[str]) -> Iterator[int]:
    for word in words:
        entry = vocab.get(word)
        if not isinstance(entry, Record):
            raise TypeError(word)
        yield int(entry.state["count"])


def _no_vectors(path: Path, what: str) -> BadInput:
    return BadInput(
        tr(
            f"holds no word vectors of gensim's ({what}).",
            f"gensim の単語ベクトルが入っていません({what})。",
        ),
        remedy=tr(
            "Save the KeyedVectors (model.wv.save) or word2vec's format.",
            "KeyedVectors(model.wv.save)か word2vec 形式で保存してください。",
        ),
        file=path,
    )
