"""Finding what a source is, and opening it as a stream of bytes that can be looked ahead."""

import difflib
import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.readers.reading import ReadReport, cannot_open

STDIN = "-"
TABLE = "<table>"

SUFFIXES = {
    ".txt": "txt",
    ".text": "txt",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
FORMATS = {suffix[1:]: format for suffix, format in SUFFIXES.items()} | {
    name: name for name in ("txt", "khcoder", "csv", "tsv", "excel", "jsonl", "parquet")
}
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """One file, standard input, or a table in memory (`value`)."""

    name: str
    path: Path | None = None
    value: Any = None
    in_folder: bool = False


def format_name(typed: str) -> str:
    """The format a person means by `xlsx`, `.csv`, `ndjson`, ...; `BadInput` if there is none."""
    plain = typed.strip().lower().lstrip(".").removesuffix(".gz")
    if plain not in FORMATS:
        raise BadInput(
            tr(f"There is no format {typed!r}.", f"形式 {typed!r} はありません。"),
            remedy=tr(f"Formats: {', '.join(FORMATS)}.", f"使える形式: {'、'.join(FORMATS)}。"),
        )
    return FORMATS[plain]


def suffix_format(path: Path) -> str | None:
    """The format a file's name tells, None if it tells none."""
    name = path.name.lower().removesuffix(".gz")
    return SUFFIXES.get(os.path.splitext(name)[1])  # noqa: PTH122  a name without ".gz" is no path


def locate(sources: Any, format: str | None, report: ReadReport) -> list[Source]:
    """Every file and table that `sources` stands for, in order; folders are walked through."""
    found: list[Source] = []
    for source in _separate(sources):
        if isinstance(source, str | os.PathLike):
            found += _files(os.fspath(source), format, report)
        else:
            found.append(Source(TABLE, value=source))
    if not found:
        raise BadInput(
            tr("There is nothing to read.", "読むものがありません。"),
            remedy=tr(
                "Give a file, a folder or a table.",
                "ファイル、フォルダー、表のどれかを指定してください。",
            ),
        )
    if sum(source.name == STDIN for source in found) > 1:
        raise BadInput(
            tr("Standard input can be read only once.", "標準入力は一度しか読めません。"),
            remedy=tr("Give - once.", "- は一つだけにしてください。"),
        )
    return found


def _separate(sources: Any) -> list[Any]:
    """Paths, tables with an Arrow stream, lists of texts and lists of dicts, in a flat list."""
    if isinstance(sources, str | os.PathLike) or hasattr(sources, "__arrow_c_stream__"):
        return [sources]
    # What has no length runs only once: a generator would be empty after `bytes_total`.
    if isinstance(sources, Mapping | bytes | bytearray) or not (
        isinstance(sources, Iterable) and hasattr(sources, "__len__")
    ):
        raise BadInput(
            tr(
                f"A {type(sources).__name__} cannot be read as documents.",
                f"{type(sources).__name__} 型は文書として読めません。",
            ),
            remedy=tr(
                "Give a path, a table (pandas, polars, Arrow), a list of str or a list of dict.",
                "パス、表(pandas、polars、Arrow)、str か dict のリストにしてください。",
            ),
        )
    items = list(sources)
    if items and all(isinstance(item, Mapping) for item in items):
        return [items]
    if any(isinstance(item, str) for item in items) and all(
        item is None or isinstance(item, str) for item in items
    ):
        return items if _are_paths(items) else [items]
    return [part for item in items for part in _separate(item)]


def _are_paths(strings: list[str | None]) -> bool:
    """Whether a list of strings is one of files or one of texts.

    Raises
    ------
    BadInput : some are files and some are not, or a file's name is misspelt: do not guess.
    """
    if all(string is not None and _names_file(string) for string in strings):
        return True
    for string in strings:
        if string is not None and _has_suffix(string):
            raise BadInput(
                tr(
                    f"The list has {string!r}, which looks like a file, beside others.",
                    f"リストにファイル名らしい {string!r} と、そうでない文字列が混ざっています。",
                ),
                remedy=tr(
                    "Give files as pathlib.Path, texts as dicts ({'text': ...}).",
                    "ファイルは pathlib.Path で、本文は {'text': ...} の形で渡してください。",
                ),
            )
    return False


def _has_suffix(string: str) -> bool:
    if len(string) > 1000 or "\n" in string or "\0" in string:
        return False
    return suffix_format(Path(string)) is not None


def _names_file(string: str) -> bool:
    if string == STDIN or _has_suffix(string):
        return True
    return 0 < len(string) <= 1000 and os.path.exists(string)  # noqa: PTH110  False, no error, on NUL


def _files(name: str, format: str | None, report: ReadReport) -> list[Source]:
    if name == STDIN:
        return [Source(STDIN)]
    path = Path(name)
    try:
        if path.is_dir():
            return _folder(path, format, report)
        exists = path.exists()
    except (OSError, ValueError):  # a name too long for the system, a NUL in it
        exists = False
    if not exists:
        near: list[str] = []
        if path.parent.is_dir():
            near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], 1)
        meant = str(path.parent / near[0]) if near else ""
        raise BadInput(
            tr("There is no such file or folder.", "このファイルまたはフォルダーはありません。"),
            remedy=tr(f"Did you mean {meant}?", f"{meant} ではありませんか。")
            if near
            else tr("Check the name and where it is.", "名前と場所を確かめてください。"),
            file=name,
        )
    return [Source(name, path)]


def _folder(folder: Path, format: str | None, report: ReadReport) -> list[Source]:
    found = []
    wanted = "txt" if format == "khcoder" else format
    for path in sorted(_visible(folder), key=lambda path: path.parts):
        known = suffix_format(path)
        # A format that was told holds for files whose name tells none.
        if known == wanted if known and wanted else known != wanted:
            found.append(Source(str(path), path, in_folder=True))
        else:
            report.ignored[path.suffix.lower() or path.name] += 1
    if not found:
        ignored = ", ".join(f"{suffix} ×{count}" for suffix, count in report.ignored.most_common(8))
        known_suffixes = ", ".join(SUFFIXES)
        raise BadInput(
            tr("No file in the folder can be read.", "フォルダーに読めるファイルがありません。")
            + (tr(f" It has {ignored}.", f"あるのは {ignored} です。") if ignored else ""),
            remedy=tr(f"Known: {known_suffixes}.", f"読める拡張子: {known_suffixes}。"),
            file=folder,
        )
    return found


def _visible(folder: Path) -> Iterator[Path]:
    """Files at any depth; neither hidden ones nor the ~$ files of an open Excel."""

    def refuse(error: OSError) -> None:
        raise cannot_open(error.filename or folder, error)

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith((".", "~$")):
                yield Path(place, name)


class Readable(Protocol):
    """What a stream is made on: a file, standard input, a gzip reader."""

    def read(self, size: int, /) -> bytes: ...


class Stream:
    """Bytes in order, of which the first can be looked at before they are read."""

    def __init__(
        self, raw: Readable, file: str, count: Callable[[int], None] | None = None
    ) -> None:
        self.file = file
        self.packed = count is None  # what is counted are the bytes on the disk, before unpacking
        self._raw = raw
        self._count = count
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only where the stream ends before."""
        while len(self._ahead) < size and (more := self._more(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none only at the end."""
        if not self._ahead:
            return self._more(size)
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data

    def read_all(self, limit: int) -> bytes:
        """All of it, for formats that are not read in order; `BadInput` beyond `limit` bytes."""
        parts, size = [], 0
        while data := self.read(1 << 20):
            parts.append(data)
            size += len(data)
            if size > limit:
                raise BadInput(
                    tr("is too large to be held in memory.", "メモリーに入らない大きさです。"),
                    remedy=tr(
                        "Give it uncompressed, as a file.", "圧縮を解いたファイルで渡してください。"
                    ),
                    file=self.file,
                )
        return b"".join(parts)

    def _more(self, size: int) -> bytes:
        try:
            data = self._raw.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadInput(
                tr(f"is damaged gzip ({error}).", f"gzip として壊れています({error})。"),
                remedy=tr(
                    "Compress or download it again.", "圧縮かダウンロードをやり直してください。"
                ),
                file=self.file,
            ) from error
        except OSError as error:
            raise cannot_open(self.file, error) from error
        if self._count is not None:
            self._count(len(data))
        return data


@contextmanager
def opened(source: Source, report: ReadReport) -> Iterator[Stream]:
    """The bytes of a file or of standard input; gzip is undone, known by its first two bytes."""

    def count(size: int) -> None:
        report.bytes_read += size

    file: IO[bytes] | None = None
    if source.path is not None:
        try:
            file = source.path.open("rb")
        except OSError as error:
            raise cannot_open(source.name, error) from error
    try:
        stream = Stream(file if file is not None else sys.stdin.buffer, source.name, count)
        if stream.peek(2) == _GZIP:
            unpacked = gzip.GzipFile(fileobj=cast(Any, stream), mode="rb")
            yield Stream(unpacked, source.name)
        else:
            yield stream
    finally:
        if file is not None:
            file.close()


def bytes_total(sources: list[Source]) -> int | None:
    """The size of all files as they lie on the disk; None when one has none (a pipe, a table)."""
    total = 0
    for source in sources:
        if source.path is None or not source.path.is_file():
            return None
        total += source.path.stat().st_size
    return total
