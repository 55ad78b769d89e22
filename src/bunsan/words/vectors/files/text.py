"""Lines of a word and its numbers: word2vec's text and fastText's .vec (a header line with the
number of words and dimensions first), GloVe's (none), each as Wikipedia2Vec and others write them.

A line is split from the right where it does not split from the left, so that words may hold spaces.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.words.vectors.account import Account
from bunsan.words.vectors.files import text_kernels as kernels
from bunsan.words.vectors.files.finish import Words, decode_words, make_vectors
from bunsan.words.vectors.files.sources import open_bytes
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.wordvectors import WordVectors

_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 23  # bytes of text in hand at once
_LONGEST_LINE = 1 << 26
_SAMPLE = 200  # lines that the number of dimensions is taken from
_NUMBER = re.compile(
    rb"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|nan|inf|infinity)", re.IGNORECASE
)
_WIDEST = 16  # characters of a written number and the space before it: "-1.23456789e-38"
_BLANK = b" \t\r\n"


@dataclass(frozen=True)
class _Layout:
    """What the first lines say: where the rows begin and how long they are."""

    header: tuple[int, int] | None
    dim: int
    skip: int  # bytes before the first row
    line: int  # its line, counted from 1


def read(path: Path, *, limit: int | None = None, encoding: str = "utf-8") -> WordVectors:
    """Read vectors in text.

    Parameters
    ----------
    limit : only the first so many words. encoding : of the words.

    Raises
    ------
    BadInput : the last row is cut, or these are no vectors.
    """
    account = Account()
    with open_bytes(path) as file:
        head = _read_chunk(file, _CHUNK)
        layout = _look(head, path, account)
        rows = _Rows(path, layout, account, encoding, limit)
        rows.feed(file, head[layout.skip :])
    return rows.finish()


def write(vectors: WordVectors, path: Path, *, header: bool) -> None:
    """Write vectors in text, with word2vec's header line or, as GloVe, without.

    Numbers have nine digits: they read back as the same float32.

    Raises
    ------
    BadInput : a word cannot be told from its numbers: it is empty, holds a line end, or begins or
        ends in a space; or GloVe's form, which has no dimensions written, for a word with spaces.
    """
    for word in vectors.words:
        spoilt = not word or "\n" in word or word.strip(" \t\r") != word
        if spoilt or (not header and (" " in word or "\t" in word)):
            raise BadInput(
                tr(
                    f"The word {word!r} cannot be written in this format.",
                    f"語 {word!r} はこの形式では書けません。",
                ),
                remedy=tr("Save as .safetensors.", ".safetensors で保存してください。"),
                file=path,
            )
    table, matrix = vectors.words, vectors.matrix
    step = max(1, _CHUNK // (_WIDEST * max(matrix.dim, 1)))
    with atomic_write(path) as file:
        if header:
            file.write(b"%d %d\n" % (len(table), matrix.dim))
        for start in range(0, len(table), step):
            rows = np.ascontiguousarray(matrix.take(slice(start, start + step)), np.float32)
            offsets = table.offsets[start : start + step + 1]
            room = int(offsets[-1] - offsets[0]) + len(rows) * (matrix.dim * _WIDEST + 1)
            text = np.empty(room, np.uint8)
            n = kernels.format_lines(table.blob, offsets, rows, text)
            file.write(text[:n])


class _Rows:
    """Rows as they are read, in one growing matrix."""

    def __init__(
        self, path: Path, layout: _Layout, account: Account, encoding: str, limit: int | None
    ) -> None:
        self.path, self.layout, self.account = path, layout, account
        self.encoding, self.limit = encoding, limit
        self.n = 0
        self.left_out = 0
        self.line = layout.line  # of the next line
        self.matrix = np.empty((0, layout.dim), np.float32)
        self.blobs: list[NDArray[np.uint8]] = []
        self.lengths: list[NDArray[np.int64]] = []
        self.places: list[NDArray[np.int64]] = []

    @property
    def full(self) -> bool:
        return self.limit is not None and self.n >= self.limit

    def feed(self, file: IO[bytes], rest: bytes) -> None:
        """Read all lines, `rest` first."""
        while True:
            cut = rest.rfind(b"\n") + 1
            if cut:
                self._block(rest[:cut])
                if self.full:
                    return
            rest = rest[cut:]
            if len(rest) > _LONGEST_LINE:
                raise _no_vectors(self.path, self.line)
            chunk = _read_chunk(file, _CHUNK)
            if not chunk:
                break
            rest += chunk
        if rest.strip(_BLANK):
            self._last(rest)

    def finish(self) -> WordVectors:
        """The vectors, when all lines are in."""
        header = self.layout.header
        if self.full and self.limit is not None:
            if header is None or header[0] > self.n:
                self.account.add("limited", detail=f"{self.n:,}")
        elif header is not None and header[0] != self.n + self.left_out:
            rows = self.n + self.left_out
            self.account.add("header_count", places=[1], detail=f"{header[0]:,} / {rows:,}")
        if self.left_out > self.n or (self.n == 0 and (header is None or header[0] > 0)):
            raise _no_vectors(self.path, self.layout.line)
        if self.layout.dim == 0:
            raise _no_vectors(self.path, 1)
        self.matrix.resize((self.n, self.layout.dim), refcheck=False)
        lengths = np.concatenate([np.zeros(1, np.int64), *self.lengths])
        blob = np.concatenate([np.empty(0, np.uint8), *self.blobs])
        about: dict[str, Any] = {"source": self.path.name}
        return make_vectors(
            Words(blob, np.cumsum(lengths)), Matrix(self.matrix), self.account,
            places=np.concatenate([np.empty(0, np.int64), *self.places]), about=about,
        )  # fmt: skip

    def _last(self, rest: bytes) -> None:
        """A last line without a line end: whole, or the file was cut."""
        word, numbers = _split(rest, self.layout.dim)
        if numbers is None or not word.strip(_BLANK):
            raise BadInput(
                tr(
                    f"ends in the middle of a row: {self.layout.dim} numbers were expected.",
                    f"行の途中で終わっています(数値は {self.layout.dim} 個のはずです)。",
                ),
                remedy=tr(
                    "Fetch it again, or cut off the last line.",
                    "取得し直すか、最後の行を取り除いてください。",
                ),
                file=self.path,
                row=self.line,
            )
        self.account.add("no_final_newline", places=[self.line])
        self._block(rest + b"\n")

    def _block(self, lines: bytes) -> None:
        """Take in whole lines."""
        data = np.frombuffer(lines, np.uint8)
        n_lines = int(np.count_nonzero(data == 10))
        self._reserve(n_lines)
        starts, word_ends, ends = (np.empty(n_lines, np.int64) for _ in range(3))
        flags = np.empty(n_lines, np.uint8)
        rows = self.matrix[self.n : self.n + n_lines]
        kernels.parse_lines(data, self.layout.dim, rows, starts, word_ends, ends, flags)
        numbers = np.arange(self.line, self.line + n_lines)
        self.line += n_lines
        self._note_flags(flags, numbers)
        state = flags & 3
        keep = state == kernels.PARSED
        for i in np.flatnonzero(state == kernels.ODD):
            keep[i] = self._odd(lines, int(starts[i]), int(ends[i]), rows[i], word_ends, i, numbers)
            starts[i] += _leading(lines, int(starts[i]), int(word_ends[i]))
        kept = np.flatnonzero(keep)
        if self.limit is not None:
            kept = kept[: self.limit - self.n]
        if len(kept) < n_lines:
            rows[: len(kept)] = rows[kept]
        room = np.empty(int((word_ends[kept] - starts[kept]).sum()) + len(kept), np.uint8)
        kernels.join_words(data, starts[kept], word_ends[kept], room)
        words = decode_words(room.tobytes(), len(kept), self.encoding, self.account, numbers[kept])
        self.blobs.append(words.blob)
        self.lengths.append(np.diff(words.offsets))
        self.places.append(numbers[kept])
        self.n += len(kept)

    def _odd(
        self,
        lines: bytes,
        start: int,
        end: int,
        row: NDArray[np.float32],
        word_ends: NDArray[np.int64],
        i: np.intp,
        numbers: NDArray[np.int64],
    ) -> bool:
        """A line that compiled code did not take; True when it is a row after all."""
        line = lines[start:end]
        word, values = _split(line, self.layout.dim)
        if values is None:
            self.left_out += 1
            self.account.add(
                "wrong_length",
                places=[int(numbers[i])],
                examples=[line[:20].decode("utf-8", "replace")],
            )
            return False
        if line.endswith(b"\r"):
            self.account.add("carriage_return", places=[int(numbers[i])])
        if line.rstrip(b"\r").endswith((b" ", b"\t")):
            self.account.add("trailing_space", places=[int(numbers[i])])
        with np.errstate(over="ignore"):
            row[:] = values
        word_ends[i] = start + len(word)
        return True

    def _note_flags(self, flags: NDArray[np.uint8], numbers: NDArray[np.int64]) -> None:
        for kind, found in (
            ("empty_line", (flags & 3) == kernels.EMPTY),
            ("carriage_return", flags & kernels.CARRIAGE_RETURN != 0),
            ("trailing_space", flags & kernels.TRAILING_SPACE != 0),
        ):
            self.account.add(kind, int(found.sum()), places=numbers[found][:5].tolist())

    def _reserve(self, n_lines: int) -> None:
        """Room for more rows; growing in place, so that no second copy is held."""
        needed = self.n + n_lines
        if needed > len(self.matrix):
            grown = max(needed, len(self.matrix) * 3 // 2)
            self.matrix.resize((grown, self.layout.dim), refcheck=False)


def _read_chunk(file: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes; fewer only at the end."""
    parts = []
    while size > 0:
        part = file.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _split(line: bytes, dim: int) -> tuple[bytes, list[float] | None]:
    """The word (with what stands before it) and the last `dim` numbers of a line; None where there
    are no such numbers."""
    rest = line.rstrip(_BLANK)
    values: list[float] = []
    for _ in range(dim):
        cut = max(rest.rfind(b" "), rest.rfind(b"\t"))
        if cut < 0 or not _NUMBER.fullmatch(rest, cut + 1):
            return b"", None
        values.append(float(rest[cut + 1 :]))
        rest = rest[:cut].rstrip(b" \t") if len(values) < dim else rest[:cut]
    return rest.rstrip(b" \t"), values[::-1]


def _leading(lines: bytes, start: int, end: int) -> int:
    """How many spaces stand before a word."""
    word = lines[start:end]
    return len(word) - len(word.lstrip(b" \t"))


def _look(head: bytes, path: Path, account: Account) -> _Layout:
    """Header and dimensions from the first lines."""
    skip = 0
    if head.startswith(_BOM):
        account.add("byte_order_mark")
        skip = len(_BOM)
    end = head.find(b"\n", skip)
    first = head[skip : end if end >= 0 else len(head)]
    header = _header(first)
    body = end + 1 if end >= 0 else len(head)
    # Only whole lines tell the dimensions, but where there is one line it must do.
    sample = [line for line in head[body:].split(b"\n", _SAMPLE)[:-1] if line.strip(_BLANK)]
    found = Counter(n for n in map(_numbers_at_end, sample) if n > 0)
    usual = found.most_common(1)[0][0] if found else 0
    # Lines of one number each, the first like the others, have no header: "12 5", "13 7", ...
    if header is not None and (set(found) != {1} or header[1] == 1):
        dim = header[1]
        if found and dim not in found:
            account.add("header_dimension", places=[1], detail=f"{dim} / {usual}")
            dim = usual
        return _Layout(header, dim, body, 2)
    dim = usual or _numbers_at_end(first)
    if dim <= 0:
        raise _no_vectors(path, 1)
    account.add("no_header", detail=str(dim))
    return _Layout(None, dim, skip, 1)


def _header(line: bytes) -> tuple[int, int] | None:
    """The number of words and of dimensions, where a line is two whole numbers."""
    fields = line.split()
    if len(fields) == 2 and all(field.isdigit() and len(field) < 15 for field in fields):
        return int(fields[0]), int(fields[1])
    return None


def _numbers_at_end(line: bytes) -> int:
    """How many numbers a line ends in, the first field counted as a word whatever it is."""
    fields = line.split()
    n = 0
    for field in reversed(fields[1:]):
        if not _NUMBER.fullmatch(field):
            break
        n += 1
    return n


def _no_vectors(path: Path, line: int) -> BadInput:
    return BadInput(
        tr("holds no rows of a word and its numbers.", "語と数値の並ぶ行がありません。"),
        remedy=tr(
            "Text vectors have one word a line and the same number of numbers after each.",
            "テキスト形式では、1行に1語とその後ろに同じ個数の数値が並びます。",
        ),
        file=path,
        row=line,
    )
