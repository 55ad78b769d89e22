"""bunsan's own file: one safetensors file that is mapped, not read.

Tensors: `words.blob`, `words.offsets`, `words.hashes`, `words.order` (see `StringTable`), `matrix`
[V, d] in F32, F16 or I8, `scale` [V] for I8, `lengths` [V], `counts` [V] where known; with n-grams
also `ngrams.matrix`, `ngrams.scale`, `ngrams.used`, `ngrams.words` and `ngrams.words_scale`. The
metadata holds `format`, `version`, `about`, `account` and `ngrams` (minn, maxn, bucket, and readings
where they are used) as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import open_arrays, read_metadata, save_arrays
from bunsan.base.language import tr
from bunsan.words.vectors.account import Note
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.strings import StringTable
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

_FORMAT = "bunsan.vectors"
_VERSION = "1"


def save(vectors: WordVectors, path: Path) -> None:
    """Write vectors with all they have."""
    save_arrays(path, *to_arrays(vectors))


def to_arrays(vectors: WordVectors) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The tensors and the metadata of the file."""
    arrays: dict[str, NDArray[Any]] = vectors.words.arrays("words.")
    _put(arrays, "matrix", "scale", vectors.matrix)
    arrays["lengths"] = vectors.lengths
    if vectors.counts is not None:
        arrays["counts"] = vectors.counts
    metadata = {
        "format": _FORMAT,
        "version": _VERSION,
        "about": json.dumps(vectors.about, ensure_ascii=False),
        "account": json.dumps([note.to_dict() for note in vectors.account], ensure_ascii=False),
    }
    subwords = vectors.subwords
    if subwords is not None:
        _put(arrays, "ngrams.matrix", "ngrams.scale", subwords.ngrams)
        if subwords.used is not None:
            arrays["ngrams.used"] = subwords.used
        if subwords.words is not None:
            _put(arrays, "ngrams.words", "ngrams.words_scale", subwords.words)
        settings = {"minn": subwords.minn, "maxn": subwords.maxn, "bucket": subwords.bucket}
        if subwords.readings:
            settings["readings"] = True
        metadata["ngrams"] = json.dumps(settings)
    return arrays, metadata


def read(path: Path) -> WordVectors:
    """Map a file that `save` wrote.

    Raises
    ------
    BadInput : damaged, of a later version, or safetensors of something else.
    """
    return from_arrays(open_arrays(path), read_metadata(path), path)


def from_arrays(
    arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], path: Path | str
) -> WordVectors:
    """The vectors of which `to_arrays` made these; `path` says where they lie.

    Raises
    ------
    BadInput : as `read`.
    """
    if metadata.get("format") != _FORMAT:
        raise BadInput(
            tr(
                "is a safetensors file, but not of word vectors.",
                "safetensors ですが、単語ベクトルのファイルではありません。",
            ),
            file=path,
        )
    if metadata.get("version") != _VERSION:
        version = metadata.get("version")
        raise BadInput(
            tr(f"is of version {version}.", f"バージョンは {version} です。"),
            remedy=tr("Update bunsan.", "bunsan を更新してください。"),
            file=path,
        )
    try:
        return WordVectors(
            StringTable.from_arrays(arrays, "words."),
            _get(arrays, "matrix", "scale"),
            counts=arrays.get("counts"),
            subwords=_subwords(arrays, metadata),
            lengths=arrays["lengths"],
            about=json.loads(metadata["about"]),
            account=[Note.from_dict(note) for note in json.loads(metadata["account"])],
            path=path if isinstance(path, Path) else None,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(
            tr(f"is damaged ({error}).", f"壊れています({error})。"),
            remedy=tr("Make or fetch it again.", "作り直すか、取得し直してください。"),
            file=path,
        ) from error


def _subwords(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> Subwords | None:
    if "ngrams" not in metadata:
        return None
    settings = json.loads(metadata["ngrams"])
    words = None
    if "ngrams.words" in arrays:
        words = _get(arrays, "ngrams.words", "ngrams.words_scale")
    return Subwords(
        _get(arrays, "ngrams.matrix", "ngrams.scale"),
        int(settings["minn"]),
        int(settings["maxn"]),
        int(settings["bucket"]),
        arrays.get("ngrams.used"),
        words,
        bool(settings.get("readings", False)),
    )


def _put(arrays: dict[str, NDArray[Any]], name: str, scale: str, matrix: Matrix) -> None:
    arrays[name] = matrix.values
    if matrix.scale is not None:
        arrays[scale] = matrix.scale


def _get(arrays: Mapping[str, NDArray[Any]], name: str, scale: str) -> Matrix:
    values = arrays[name]
    if values.dtype not in (np.float32, np.float16, np.int8):
        raise ValueError(f"{name} of dtype {values.dtype}")
    return Matrix(values, arrays.get(scale))
