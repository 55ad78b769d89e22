"""fastText's .bin, with its n-grams, and its quantised .ftz.

The file is, little-endian and packed: magic and version; the arguments of training; the dictionary
with counts; the input matrix (a row a word, then a row a bucket of n-grams), dense or quantised by
products (Jégou, Douze & Schmid 2011; Joulin et al. 2016, "FastText.zip", section 3); the output
matrix. A word's vector is not in it but put together from the rows.
"""

import struct
from pathlib import Path
from typing import IO, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.words.vectors.account import Account
from bunsan.words.vectors.files.bytes_cursor import Cursor
from bunsan.words.vectors.files.finish import decode_words, make_vectors
from bunsan.words.vectors.files.sources import map_bytes, packing, unpacked
from bunsan.words.vectors.files.text_kernels import join_words
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.strings import StringTable
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

MAGIC = (793712314).to_bytes(4, "little")

_VERSIONS = (11, 12)
# The arguments in their order, with the values that are written where nothing is known.
_ARGUMENTS = {
    "dim": 0,
    "ws": 5,
    "epoch": 5,
    "minCount": 1,
    "neg": 5,
    "wordNgrams": 1,
    "loss": 2,
    "model": 2,
    "bucket": 0,
    "minn": 0,
    "maxn": 0,
    "lrUpdateRate": 100,
}
_MODELS = {1: "cbow", 2: "skipgram", 3: "supervised"}
_LOSSES = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
_SAMPLE = 1e-4
_CENTROIDS = 256
_STEP = 1 << 14  # rows written at once


def read(path: Path, *, limit: int | None = None, encoding: str = "utf-8") -> WordVectors:
    """Read fastText's .bin or .ftz; dense matrices are mapped, not read.

    Raises
    ------
    BadInput : cut, damaged or of an unknown version; the byte is named.
    """
    account = Account()
    with unpacked(path) as mapped:
        cursor = Cursor(map_bytes(mapped), path)
        cursor.skip(len(MAGIC))
        version = cursor.number("<i4")
        if version not in _VERSIONS:
            raise cursor.refuse(
                tr(f"fastText version {version}", f"fastText のバージョン {version}")
            )
        arguments = {name: int(cursor.number("<i4")) for name in _ARGUMENTS}
        sample = float(cursor.number("<f8"))
        if min(arguments[name] for name in ("dim", "bucket", "minn", "maxn")) < 0:
            raise cursor.refuse(tr("a negative argument", "負の引数"))
        if arguments["model"] == 3 and version == 11:
            arguments["maxn"] = 0  # classifiers of that version had no n-grams
        joined, counts, pruned = _dictionary(cursor, account)
        n_words = len(counts)
        quantised = bool(cursor.number("?"))
        rows = _quantised(cursor) if quantised else cursor.matrix()
        n_buckets = arguments["bucket"] if pruned is None else len(pruned)
        if rows.shape != (n_words + n_buckets, arguments["dim"]):
            raise cursor.refuse(
                tr(
                    f"a matrix of shape {rows.shape} for {n_words:,} words and {n_buckets:,} buckets",
                    f"{n_words:,} 語とバケット {n_buckets:,} 個に対し行列の形が {rows.shape}",
                )
            )
        if cursor.number("?"):
            _quantised(cursor)
        else:
            cursor.matrix()
        cursor.end(account)
        if quantised:
            account.add("quantized")
        elif packing(path) is not None:
            rows = np.array(rows)  # the unpacked copy goes away
        if limit is not None and limit < n_words:
            account.add("limited", detail=f"{limit:,}")
        n = n_words if limit is None else min(limit, n_words)
        words = decode_words(_first(joined, n), n, encoding, account, np.arange(1, n + 1))
        table = StringTable.from_blob(words.blob, words.offsets)
    own = Matrix(rows[:n])
    subwords = None
    matrix = own
    if arguments["maxn"] > 0 and arguments["bucket"] > 0:
        used, ngrams = None, rows[n_words:]
        if pruned is not None:
            used, ngrams = pruned[:, 0], ngrams[pruned[:, 1]]
        subwords = Subwords(
            Matrix(ngrams), arguments["minn"], arguments["maxn"], arguments["bucket"], used, own
        )
        matrix = Matrix(subwords.compose(table, own))
    about = {
        "source": path.name,
        "method": "fasttext",
        "model": _MODELS.get(arguments["model"], str(arguments["model"])),
        "settings": {**arguments, "loss": _LOSSES.get(arguments["loss"]), "t": sample},
    }
    return make_vectors(words, matrix, account, counts=counts[:n], subwords=subwords, about=about)


def write(vectors: WordVectors, path: Path) -> None:
    """Write fastText's .bin (version 12, dense), which fastText loads: the same vectors for known
    and unknown words.

    The output matrix, which only further training needs, is zeros. Without n-grams the vectors
    are written as a model that has none. Readings, of which fastText knows nothing, are folded into
    the rows of known words, which keep their vectors; unknown words are made of characters alone.

    Raises
    ------
    BadInput : a word is empty or holds a space or NUL, which fastText's dictionary cannot hold.
    """
    table, subwords = vectors.words, vectors.subwords
    for word in table:
        if not word or set(word) & set(" \n\r\t\v\f\0"):
            raise BadInput(
                tr(
                    f"The word {word!r} cannot be written in this format.",
                    f"語 {word!r} はこの形式では書けません。",
                ),
                remedy=tr("Save as .safetensors.", ".safetensors で保存してください。"),
                file=path,
            )
    # Some readers drop words that never came, or are rarer than the file says words are.
    counts = np.maximum(1 if vectors.counts is None else vectors.counts, np.ones(len(table), int))
    arguments = {**_ARGUMENTS, "dim": vectors.dim, "wordNgrams": 1}
    arguments |= _known_arguments(vectors.about)
    arguments["minCount"] = int(min(arguments["minCount"], counts.min(initial=1)))
    if subwords is None:
        own: Any = vectors.matrix.take(slice(None))
        arguments |= {"bucket": 0, "minn": 0, "maxn": 0}
    else:
        subwords = subwords.without_readings(table, vectors.matrix)
        own = subwords.own_rows(table, vectors.matrix)
        arguments |= {"bucket": subwords.bucket, "minn": subwords.minn, "maxn": subwords.maxn}
    n_rows = len(table) + arguments["bucket"]
    with atomic_write(path) as file:
        file.write(MAGIC + struct.pack("<i", 12))
        file.write(struct.pack("<12i", *arguments.values()) + struct.pack("<d", _SAMPLE))
        file.write(struct.pack("<3i", len(table), len(table), 0))
        file.write(struct.pack("<2q", int(counts.sum()), -1))
        for word, count in zip(table, counts.tolist(), strict=True):
            file.write(word.encode() + b"\0" + struct.pack("<qb", count, 0))
        file.write(struct.pack("<?2q", False, n_rows, vectors.dim))
        _write_rows(file, Matrix(own), None, len(table))
        if subwords is not None:
            _write_rows(file, subwords.ngrams, subwords.used, subwords.bucket)
        file.write(struct.pack("<?2q", False, len(table), vectors.dim))
        zeros = np.zeros((min(_STEP, len(table)), vectors.dim), "<f4")
        for start in range(0, len(table), _STEP):
            file.write(zeros[: len(table) - start].tobytes())


def _write_rows(
    file: IO[bytes], matrix: Matrix, used: NDArray[np.int64] | None, n_rows: int
) -> None:
    """Rows as float32; those of buckets that are not `used` are zeros."""
    for start in range(0, n_rows, _STEP):
        stop = min(start + _STEP, n_rows)
        if used is None:
            part = matrix.take(slice(start, stop))
        else:
            part = np.zeros((stop - start, matrix.dim), np.float32)
            first, last = np.searchsorted(used, [start, stop])
            part[used[first:last] - start] = matrix.take(slice(first, last))
        file.write(np.ascontiguousarray(part, "<f4").tobytes())


def _known_arguments(about: dict[str, Any]) -> dict[str, int]:
    """Arguments of an earlier reading that the file may hold again."""
    settings = about.get("settings")
    settings = settings if isinstance(settings, dict) else {}
    names = ("ws", "epoch", "minCount", "neg")
    known = {n: settings[n] for n in names if isinstance(settings.get(n), int)}
    if about.get("model") == "cbow":
        known["model"] = 1
    return known


def _dictionary(
    cursor: Cursor, account: Account
) -> tuple[bytes, NDArray[np.int64], NDArray[np.int64] | None]:
    """The words each followed by a newline, their counts, and the buckets that pruning has left with
    their rows, int64[P, 2] by ascending bucket (None: all are there)."""
    size, n_words, n_labels = (int(cursor.number("<i4")) for _ in range(3))
    cursor.skip(8)  # the number of tokens
    n_pruned = int(cursor.number("<i8"))
    if not 0 <= n_words <= size or n_labels != size - n_words:
        raise cursor.refuse(
            tr(f"a dictionary of {size}, {n_words} words", f"辞書の大きさ {size}、語数 {n_words}")
        )
    cursor.room(size * 10)
    starts, ends, counts = (np.empty(size, np.int64) for _ in range(3))
    after, done = _find_entries(cursor.data, cursor.place, starts, ends, counts)
    if done < size:
        cursor.place = after
        raise cursor.refuse(
            tr(
                f"entry {done + 1:,} of the dictionary is not whole",
                f"辞書の {done + 1:,} 番目の語が不完全",
            )
        )
    cursor.place = after
    if counts.min(initial=0) < 0:
        raise cursor.refuse(tr("a negative count", "負の頻度"))
    starts, ends = starts[:n_words], ends[:n_words]
    joined = np.empty(int((ends - starts).sum()) + n_words, np.uint8)
    join_words(cursor.data, starts, ends, joined)
    if np.count_nonzero(joined == 10) != n_words:
        raise cursor.refuse(tr("a word with a line end", "改行を含む語"))
    account.add("labels", n_labels)
    if n_pruned < 0:
        return joined.tobytes(), counts[:n_words], None
    pairs = cursor.array("<i4", 2 * n_pruned).reshape(-1, 2).astype(np.int64)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if n_pruned and (pairs.min() < 0 or pairs[:, 1].max() >= n_pruned):
        raise cursor.refuse(tr("pruned buckets", "枝刈りされたバケット"))
    return joined.tobytes(), counts[:n_words], pairs


def _first(joined: bytes, n: int) -> bytes:
    """The first n of words that are each followed by a newline."""
    ends = np.flatnonzero(np.frombuffer(joined, np.uint8) == 10)
    return joined[: int(ends[n - 1]) + 1] if n else b""


def _quantised(cursor: Cursor) -> NDArray[np.float32]:
    """A matrix quantised by products, made dense."""
    with_norms = bool(cursor.number("?"))
    m, n = int(cursor.number("<i8")), int(cursor.number("<i8"))
    size = int(cursor.number("<i4"))
    codes = cursor.array("u1", size)
    parts = _quantiser(cursor)
    n_parts = len(parts)
    if m < 0 or m * n_parts != size or sum(part.shape[1] for part in parts) != n:
        raise cursor.refuse(tr("quantised rows", "量子化された行"))
    dense = np.concatenate(
        [part[codes.reshape(m, n_parts)[:, i]] for i, part in enumerate(parts)], axis=1
    )
    if with_norms:
        norms = cursor.array("u1", m)
        dense *= _quantiser(cursor)[0][norms, :1]
    return np.asarray(dense, np.float32)


def _quantiser(cursor: Cursor) -> list[NDArray[np.float32]]:
    """The centroids of each part of a vector: float32[256, numbers in the part]."""
    dim, n_parts, width, last = (int(cursor.number("<i4")) for _ in range(4))
    if min(dim, n_parts, width, last) < 1 or (n_parts - 1) * width + last != dim:
        raise cursor.refuse(tr("a product quantiser", "直積量子化の設定"))
    centroids = cursor.array("<f4", dim * _CENTROIDS)
    cuts = np.arange(1, n_parts) * _CENTROIDS * width
    return [part.reshape(_CENTROIDS, -1) for part in np.split(centroids, cuts)]


@njit(nogil=True, cache=True)
def _find_entries(data, place, starts, ends, counts):  # type: ignore[no-untyped-def]
    """Words ending in NUL with an int64 count and a type: (place after, how many were whole)."""
    for i in range(len(starts)):
        q = place
        while q < len(data) and data[q] != 0:
            q += 1
        if q + 10 > len(data):
            return place, i
        starts[i] = place
        ends[i] = q
        count = np.int64(0)
        for k in range(8):
            count |= np.int64(data[q + 1 + k]) << (8 * k)
        counts[i] = count
        place = q + 10
    return place, len(starts)
