"""Opening and saving vectors in any known format."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.base.shipped import shipped_models
from bunsan.text.encoding import encoding_name
from bunsan.words.vectors.account import Note
from bunsan.words.vectors.files import (
    fasttext_binary,
    gensim_native,
    own,
    text,
    word2vec_binary,
)
from bunsan.words.vectors.files.sources import open_bytes, packing
from bunsan.words.vectors.matrix import Storage
from bunsan.words.vectors.wordvectors import WordVectors

Format = Literal["safetensors", "word2vec", "word2vec-binary", "glove", "fasttext", "gensim"]

_LOOK = 1 << 16  # bytes that tell a format
_NUMERIC = frozenset(b"0123456789+-.eE \t\r\nnaifNAIF")
_WIDE_ENCODINGS = ("utf-16", "utf-32")

_BY_SUFFIX: dict[str, Format] = {
    ".safetensors": "safetensors",
    ".vec": "word2vec",
    ".txt": "word2vec",
    ".w2v": "word2vec-binary",
    ".bin": "word2vec-binary",
    ".glove": "glove",
    ".kv": "gensim",
}


def open_vectors(
    path: str | Path,
    format: Format | None = None,
    *,
    limit: int | None = None,
    encoding: str | None = None,
) -> WordVectors:
    """Open a file of word vectors, or those that come with the package by their name; what was odd is in `account`.

    Own files are mapped in a millisecond whatever their size. Text may be packed by gzip, bzip2, xz
    or zip, and so may word2vec's and fastText's binary files.

    Parameters
    ----------
    format : told by the content when None: "safetensors" (bunsan's own), "word2vec" (text with a
        header, also fastText's .vec), "word2vec-binary", "glove" (text without a header),
        "fasttext" (.bin, .ftz), "gensim" (saved by `.save()`).
    limit : only the first so many words. encoding : of the words; UTF-8 when None.

    Raises
    ------
    Missing : no such file. BadInput : damaged, cut short, or of no known format; the line or byte is
    named.
    """
    path = Path(path)
    if not path.exists() and str(path) in shipped_models():
        path = shipped_models()[str(path)] / "words.safetensors"
    if not path.is_file():
        raise Missing(
            tr("There is no such file.", "ファイルがありません。"),
            remedy=tr("Check the name.", "名前を確かめてください。"),
            file=path,
        )
    if limit is not None and limit < 1:
        raise ValueError("a limit below 1")
    name = "utf-8" if encoding is None else encoding_name(encoding)
    if name.startswith(_WIDE_ENCODINGS):
        raise BadInput(
            tr(
                "Vectors in UTF-16 or UTF-32 are not read.",
                "UTF-16・UTF-32 のベクトルは読めません。",
            ),
            remedy=tr("Convert the file to UTF-8.", "UTF-8 に変換してください。"),
            file=path,
        )
    name = "utf-8" if name == "utf-8-sig" else name
    kind = recognise(path) if format is None else check_format(format)
    if kind == "safetensors":
        vectors = own.read(path)
        return vectors if limit is None else vectors.head(limit)
    if kind == "gensim":
        vectors = gensim_native.read(path)
        return vectors if limit is None else vectors.head(limit)
    readers: dict[str, Callable[..., WordVectors]] = {
        "word2vec": text.read,
        "glove": text.read,
        "word2vec-binary": word2vec_binary.read,
        "fasttext": fasttext_binary.read,
    }
    return readers[kind](path, limit=limit, encoding=name)


def save_vectors(
    vectors: WordVectors,
    path: str | Path,
    format: Format | None = None,
    *,
    storage: Storage | None = None,
) -> None:
    """Save vectors, whole or not at all.

    Parameters
    ----------
    format : by the name when None: .safetensors, .txt and .vec (word2vec's text), .w2v (its binary
        form), .glove, .kv (gensim), .bin (fastText's with n-grams, else word2vec's).
    storage : "float32", "float16" or "int8" for bunsan's own file; others hold float32.

    fastText's .bin holds n-grams but no readings: see `lost_in_saving`. Text, .w2v and .kv hold
    neither.

    Raises
    ------
    BadInput : no format belongs to the name, or the format cannot hold a word.
    """
    path = Path(path)
    kind = _format_to_write(vectors, path, format)
    if kind is None:
        names = ", ".join(_BY_SUFFIX)
        raise BadInput(
            tr("The name does not say which format.", "名前から形式が分かりません。"),
            remedy=tr(
                f"Let it end in one of {names}, or give a format.",
                f"名前の終わりを {names} のどれかにするか、形式を指定してください。",
            ),
            file=path,
        )
    if storage is not None:
        vectors = vectors.to(storage)
    if kind == "safetensors":
        own.save(vectors, path)
    elif kind == "gensim":
        gensim_native.write(vectors, path)
    elif kind == "fasttext":
        fasttext_binary.write(vectors, path)
    elif kind == "word2vec-binary":
        word2vec_binary.write(vectors, path)
    else:
        text.write(vectors, path, header=kind == "word2vec")


def lost_in_saving(
    vectors: WordVectors, path: str | Path, format: Format | None = None
) -> list[Note]:
    """What a person would not expect `save_vectors` to leave out, given the same, to be told."""
    subwords = vectors.subwords
    if subwords is None or not subwords.readings:
        return []
    kind = _format_to_write(vectors, Path(path), format)
    return [Note("no_readings")] if kind == "fasttext" else []


def _format_to_write(vectors: WordVectors, path: Path, format: Format | None) -> Format | None:
    if format is not None:
        return check_format(format)
    suffix = path.suffix.lower()
    if suffix == ".bin" and vectors.subwords is not None:
        return "fasttext"
    return _BY_SUFFIX.get(suffix)


def check_format(name: str) -> Format:
    """A name of a format; BadInput for another one."""
    known = get_args(Format)
    if name not in known:
        raise BadInput(
            tr(f"Unknown format {name!r}.", f"形式 {name!r} は不明です。"),
            remedy=tr(
                f"Choose one of {', '.join(known)}.", f"{'、'.join(known)} から選んでください。"
            ),
        )
    return name  # type: ignore[return-value]


def recognise(path: Path) -> Format:
    """The format of a file by what is in it.

    Raises
    ------
    BadInput : it is of no known format.
    """
    with open_bytes(path) as file:
        start = b""
        while len(start) < _LOOK and (part := file.read(_LOOK - len(start))):
            start += part
    packed = packing(path) is not None
    if start[:4] == fasttext_binary.MAGIC:
        return "fasttext"
    if start[:1] == b"\x80" and len(start) > 1 and 2 <= start[1] <= 5 and not packed:
        return "gensim"
    length = int.from_bytes(start[:8], "little")
    if start[8:9] == b"{" and length < path.stat().st_size and not packed:
        return "safetensors"
    first, _, rest = start.partition(b"\n")
    fields = first.split()
    if len(fields) == 2 and fields[0].isdigit() and fields[1].isdigit():
        after = rest.partition(b" ")[2]
        # Four bytes a number: text shows itself in the first few of them.
        if after and not set(after[: min(64, 4 * int(fields[1]))]) <= _NUMERIC:
            return "word2vec-binary" if not _text_row(rest, int(fields[1])) else "word2vec"
        return "word2vec"
    if b"\0" in start:
        raise BadInput(
            tr("is of no known format.", "未知の形式です。"),
            remedy=tr(
                "Known are word2vec, GloVe, fastText, gensim and safetensors.",
                "word2vec、GloVe、fastText、gensim、safetensors を読めます。",
            ),
            file=path,
        )
    return "glove"


def _text_row(rest: bytes, dim: int) -> bool:
    """Whether a row of text follows, whose word holds spaces."""
    line = rest.partition(b"\n")[0]
    values = line.split()[-dim:]
    return b"\0" not in line and all(set(value) <= _NUMERIC for value in values)
