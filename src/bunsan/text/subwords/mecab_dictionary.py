"""Compiled MeCab dictionaries, mapped into memory: IPADIC, UniDic and others of the kind.

A folder holds sys.dic (a double array of the words' UTF-8 with the tokens of each), unk.dic (the same
of character categories, for unknown words), char.bin (the categories of characters) and matrix.bin
(the cost of a right context following a left one). All numbers are little-endian.
"""

import re
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_MAGIC = 0xEF718F77  # sys.dic begins with this xor its own size
_HEADER = 72
_NAME = 32
_CHARACTERS = 0xFFFF
_MOST_UNKNOWN = 60  # tokens of one category; dictionaries have up to some 20
_GROUP = 24  # the longest run of one category that is tried as one unknown word


class WordTable(NamedTuple):
    """A double array and the tokens it leads to.

    units : (2 * units) int32, base and check of each. tokens : (4 * tokens) int16; of each the
    contexts on its left and right (unsigned), its cost, and 0.
    """

    units: NDArray[np.int32]
    tokens: NDArray[np.int16]


class MecabFiles(NamedTuple):
    """All that analysis needs of a dictionary.

    Contexts, of which a word has one on each side, are numbered anew where that helps (`warmed`).

    units, tokens : of the words. entries : (65536) int32, the base behind each character in `units`,
        -1 where no word begins with it.
    unknown_tokens : of unknown words. unknown : (2 * categories) int32, the first of the tokens of a
        category, and their count.
    characters : (65536) uint32, categories of a character: 18 bits of which it belongs to, 8 the one
        that gives it unknown words, 4 how many characters those may have, 1 "group", 1 "invoke".
    costs : (left contexts * right contexts) int16, in the file's numbers: that of right context r of
        one word before left context l of the next at r + size * l.
    left_of, right_of : int32, the file's number of each context.
    hot : (most * most) int16, costs of the contexts with the lowest numbers, at r + most * l.
    border : the right context of what stands before all words.
    group : how many characters a run of one category may have, the first not counted, to be tried as
        one unknown word.
    """

    units: NDArray[np.int32]
    entries: NDArray[np.int32]
    tokens: NDArray[np.int16]
    unknown_tokens: NDArray[np.int16]
    characters: NDArray[np.uint32]
    unknown: NDArray[np.int32]
    costs: NDArray[np.int16]
    size: int
    group: int
    left_of: NDArray[np.int32]
    right_of: NDArray[np.int32]
    hot: NDArray[np.int16]
    most: int
    border: int


_HOT = 512  # contexts of each side: half a megabyte, which a processor keeps at hand
_ENOUGH = 30_000  # characters after which it is known which contexts are frequent


class MecabDictionary:
    """A dictionary that finds out which contexts are frequent.

    A matrix of connections has up to 70 MB, of which a few thousandths are looked at nearly always.
    Those are put together once some text was analysed. Results do not depend on it.

    files : as they are best used by now.
    """

    def __init__(self, files: MecabFiles) -> None:
        self.files = files
        self._left = np.zeros(len(files.left_of), np.int64)
        self._right = np.zeros(len(files.right_of), np.int64)
        self._seen = 0
        self._lock = threading.Lock()

    @property
    def counting(self) -> bool:
        """Uses of contexts are still to be told to `count`."""
        return self._seen < _ENOUGH

    def count(self, left: NDArray[np.int64], right: NDArray[np.int64], characters: int) -> None:
        """How often each context was used, in the file's numbers, in some text."""
        with self._lock:
            if not self.counting:
                return
            self._left += left
            self._right += right
            self._seen += characters
            if self._seen >= _ENOUGH:
                self.files = warmed(self.files, self._left, self._right)


def warmed(files: MecabFiles, left: NDArray[np.int64], right: NDArray[np.int64]) -> MecabFiles:
    """The same dictionary with contexts numbered by how often they were used.

    files : in the file's numbers.
    """
    left_of = np.argsort(-left, kind="stable").astype(np.int32)
    right_of = np.argsort(-right, kind="stable").astype(np.int32)
    most = min(_HOT, len(left_of), len(right_of))
    costs = files.costs.reshape(-1, files.size)
    new_left = np.argsort(left_of).astype(np.uint16)
    new_right = np.argsort(right_of).astype(np.uint16)

    def renumbered(tokens: NDArray[np.int16]) -> NDArray[np.int16]:
        new = tokens.copy()
        contexts = new.view(np.uint16).reshape(-1, 4)
        contexts[:, 0] = new_left[contexts[:, 0]]
        contexts[:, 1] = new_right[contexts[:, 1]]
        return new

    return files._replace(
        tokens=renumbered(files.tokens),
        unknown_tokens=renumbered(files.unknown_tokens),
        left_of=left_of,
        right_of=right_of,
        hot=costs[np.ix_(left_of[:most], right_of[:most])].reshape(-1),
        most=most,
        border=int(new_right[0]),
    )


@lru_cache(maxsize=8)
def open_dictionary(folder: Path) -> MecabDictionary:
    """Map a dictionary's files; one folder's once for all.

    Raises
    ------
    BadInput : a file is missing, cut short or of another kind, or the dictionary is not in UTF-8.
    """
    words = _word_table(folder / "sys.dic")
    categories = _word_table(folder / "unk.dic")
    characters, names = _characters(folder / "char.bin")
    unknown = np.zeros((len(names), 2), np.int32)
    for i, name in enumerate(names):
        value = _find(categories.units, name)
        if value < 0:
            raise _damaged(folder / "unk.dic", name.decode(errors="replace"))
        unknown[i] = value >> 8, value & 0xFF
    if (unknown.sum(1) * 4 > len(categories.tokens)).any() or unknown[:, 1].max() > _MOST_UNKNOWN:
        raise _damaged(folder / "unk.dic", "tokens")
    path = folder / "matrix.bin"
    matrix = _map(path, np.dtype("<i2"))
    left, right = (int(n) & 0xFFFF for n in matrix[:2]) if len(matrix) > 2 else (0, 0)
    if left * right == 0 or len(matrix) != 2 + left * right:
        raise _damaged(path, f"{left} x {right}")
    for tokens in (words.tokens, categories.tokens):
        contexts = tokens.view(np.uint16).reshape(-1, 4)
        # Contexts on the left of a word are the right side of a connection.
        if len(contexts) and (contexts[:, 0].max() >= right or contexts[:, 1].max() >= left):
            raise _damaged(path, f"{left} x {right}")
    files = MecabFiles(
        words.units,
        _entries(words.units),
        words.tokens,
        categories.tokens,
        characters,
        unknown.reshape(-1),
        matrix[2:],
        left,
        _longest_group(folder),
        np.arange(right, dtype=np.int32),
        np.arange(left, dtype=np.int32),
        np.zeros(0, np.int16),
        0,
        0,
    )
    return MecabDictionary(files)


def _word_table(path: Path) -> WordTable:
    data = _map(path, np.dtype("u1"))
    if len(data) < _HEADER:
        raise _damaged(path, f"{len(data)} bytes")
    header = data[:40].view("<u4")
    units, tokens, features = (int(n) for n in header[6:9])
    charset = bytes(data[40:_HEADER]).split(b"\0")[0].decode("ascii", "replace")
    if int(header[0]) ^ _MAGIC != len(data) or _HEADER + units + tokens + features != len(data):
        raise _damaged(path, f"{len(data)} bytes")
    if charset.lower().replace("-", "") != "utf8":
        raise BadInput(
            tr(f"is in {charset}, not UTF-8.", f"文字コードが {charset} です。"),
            file=path,
            remedy=tr(
                "Compile the dictionary for UTF-8 (mecab-dict-index -t utf-8).",
                "UTF-8 の辞書を使ってください(mecab-dict-index -t utf-8)。",
            ),
        )
    if units % 8 or tokens % 16 or not units:
        raise _damaged(path, f"{units}, {tokens}")
    array = data[_HEADER : _HEADER + units].view("<i4")
    token = data[_HEADER + units : _HEADER + units + tokens].view("<i2").reshape(-1, 8)
    # Half the size, since each is looked up in another place of memory.
    short = np.zeros((len(token), 4), np.int16)
    short[:, :2] = token[:, :2]
    short[:, 2] = token[:, 3]
    return WordTable(array, short.reshape(-1))


def _characters(path: Path) -> tuple[NDArray[np.uint32], list[bytes]]:
    data = _map(path, np.dtype("u1"))
    count = int(data[:4].view("<u4")[0]) if len(data) >= 4 else 0
    if not 0 < count <= 18 or len(data) != 4 + _NAME * count + 4 * _CHARACTERS:
        raise _damaged(path, f"{len(data)} bytes")
    names = [bytes(data[4 + _NAME * i :][:_NAME]).split(b"\0")[0] for i in range(count)]
    table = np.zeros(_CHARACTERS + 1, np.uint32)
    table[:-1] = data[4 + _NAME * count :].view("<u4")
    table[-1] = table[0]
    if (((table >> 18) & 0xFF) >= count).any():
        raise _damaged(path, f"{count}")
    return table, names


def _entries(units: NDArray[np.int32]) -> NDArray[np.int32]:
    """The base behind every character of the basic plane, looked up all at once."""
    bases, checks = units[::2], units[1::2]
    codes = np.arange(0x10000)
    low = codes & 0x3F
    rows = (
        (codes < 0x80, (codes,)),
        ((codes >= 0x80) & (codes < 0x800), (0xC0 | codes >> 6, 0x80 | low)),
        (codes >= 0x800, (0xE0 | codes >> 12, 0x80 | (codes >> 6 & 0x3F), 0x80 | low)),
    )
    found = np.full(0x10000, -1, np.int64)
    for chosen, steps in rows:
        base = np.full(0x10000, int(units[0]), np.int64)
        for step in steps:
            at = base + step + 1
            there = (base >= 0) & (at >= 0) & (at < len(bases))
            at = np.where(there, at, 0)
            base = np.where(there & (checks[at] == base), bases[at], -1)
        found[chosen] = base[chosen]
    return found.astype(np.int32)


def _find(units: NDArray[np.int32], key: bytes) -> int:
    """The value of a key in a double array; -1 without one."""
    base = int(units[0])
    for byte in key:
        at = base + byte + 1
        if not 0 <= 2 * at < len(units) or units[2 * at + 1] != base:
            return -1
        base = int(units[2 * at])
    if not 0 <= 2 * base < len(units) or units[2 * base + 1] != base:
        return -1
    return -int(units[2 * base]) - 1


def _longest_group(folder: Path) -> int:
    for name in ("mecabrc", "dicrc"):
        path = folder / name
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        found = re.search(r"(?m)^\s*max-grouping-size\s*=\s*(\d+)", text)
        if found:
            return int(found[1])
    return _GROUP


def _map(path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        return np.asarray(np.memmap(path, dtype, mode="r"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, detail: str) -> BadInput:
    return BadInput(
        tr(
            f"is missing, damaged or no part of a MeCab dictionary ({detail}).",
            f"見つからないか壊れている、または MeCab の辞書ではありません({detail})。",
        ),
        file=path,
        remedy=tr("Install the dictionary again.", "辞書を入れ直してください。"),
    )
