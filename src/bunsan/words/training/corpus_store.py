"""How a corpus of word ids lies on the disk: raw int32 shards, the vocabulary, one JSON last.

`corpus.json` is written when everything else is, so a folder without it is unfinished work. The ids
are little-endian int32 without any header and are memory-mapped: opening reads the vocabulary only.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Missing
from bunsan.base.files import open_arrays, read_json, save_arrays, sync_folder, write_json
from bunsan.base.language import tr

Ids = NDArray[np.int32]

SHARD_IDS = 1 << 26
_FORMAT = 1
_LAST = "corpus.json"
_VOCABULARY = "vocabulary.safetensors"


@dataclass(frozen=True)
class WordCorpus:
    """A text as word ids, in memory-mapped pieces.

    Attributes
    ----------
    words : V words, by falling count; of equal ones the one seen first comes first.
    counts : int64[V], how often each occurs in the shards.
    shards : int32 arrays, memory-mapped, in reading order. -1 ends a stretch (a line or sentence)
        that no window may cross; each stretch has at least one word, and each shard ends with -1.
    tokens : ids that are not -1, in all shards.
    raw_tokens : words read, the rare ones included.
    folder : where it lies.
    account : sentences for people about what was odd in the input, in their language.
    """

    words: list[str]
    counts: NDArray[np.int64]
    shards: list[Ids]
    tokens: int
    raw_tokens: int
    folder: Path
    account: tuple[str, ...] = ()


@dataclass
class Account:
    """What was odd while a corpus was read; kept as numbers, told in the reader's language."""

    damaged_lines: int = 0
    damaged_places: list[tuple[str, int]] = field(default_factory=list)  # the first: file, line
    overlong_words: int = 0
    pruned_words: int = 0
    pruned_count: int = 0
    cut_stretches: int = 0

    KEPT_PLACES = 100

    def damaged(self, file: str, line: int) -> None:
        """A line with bytes that are no character."""
        self.damaged_lines += 1
        if len(self.damaged_places) < self.KEPT_PLACES:
            self.damaged_places.append((file, line))

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Account":
        """The account whose `to_dict()` this is."""
        account = cls(**values)
        account.damaged_places = [(file, line) for file, line in account.damaged_places]
        return account

    def sentences(self) -> tuple[str, ...]:
        """One sentence for each kind of oddity that was met."""
        told = []
        if self.damaged_lines:
            file, line = self.damaged_places[0]
            told.append(
                tr(
                    f"{self.damaged_lines} lines had bytes that are no character, "
                    f"the first at {file}:{line}; � stands for them.",
                    f"文字として読めないバイトのある行が {self.damaged_lines} 行ありました"
                    f"(最初は {file}:{line})。� に置き換えました。",
                )
            )
        if self.overlong_words:
            told.append(
                tr(
                    f"{self.overlong_words} words of more than 65,535 bytes were left out.",
                    f"65,535 バイトを超える語を {self.overlong_words} 個除きました。",
                )
            )
        if self.pruned_words:
            told.append(
                tr(
                    f"There were too many different words to hold: {self.pruned_words} with "
                    f"{self.pruned_count} occurrences or fewer at the time were dropped on the way.",
                    f"異なり語が多すぎたため、途中でその時点の出現が {self.pruned_count} 回以下の"
                    f" {self.pruned_words} 語を除きました。",
                )
            )
        if self.cut_stretches:
            told.append(
                tr(
                    f"Lines longer than the limit were cut in {self.cut_stretches} places.",
                    f"長すぎる行を {self.cut_stretches} か所で区切りました。",
                )
            )
        return tuple(told)


class IdWriter:
    """Writes a stream of ids as raw int32 files of about `limit` ids each.

    With `at_breaks`, a new file begins only after a -1.
    """

    def __init__(self, folder: Path, stem: str, limit: int, *, at_breaks: bool) -> None:
        self.files: list[tuple[str, int]] = []  # name, ids
        self._folder = folder
        self._stem = stem
        self._limit = limit
        self._at_breaks = at_breaks
        self._file: IO[bytes] | None = None
        self._size = 0

    def write(self, ids: Ids) -> None:
        """Append ids."""
        while len(ids):
            room = max(self._limit - self._size, 0)
            end, full = min(room, len(ids)), room <= len(ids)
            if full and self._at_breaks:
                # The -1 that fills the file, or the first after it.
                first = max(room - 1, 0)
                breaks = np.flatnonzero(ids[first:] < 0)
                full = len(breaks) > 0
                end = first + int(breaks[0]) + 1 if full else len(ids)
            self._append(ids[:end])
            if full:
                self.close()
            ids = ids[end:]

    def close(self) -> None:
        """End the file under way; the next id begins a new one."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.files[-1] = (self.files[-1][0], self._size)
            self._file = None
            self._size = 0

    def _append(self, ids: Ids) -> None:
        if self._file is None:
            name = f"{self._stem}-{len(self.files):05d}.i32"
            self._file = (self._folder / name).open("wb")
            self.files.append((name, 0))
        self._file.write(np.ascontiguousarray(ids, "<i4").data)
        self._size += len(ids)


def map_ids(path: Path) -> Ids:
    """The ids of a raw file, memory-mapped."""
    if path.stat().st_size == 0:
        return np.empty(0, np.int32)
    # As a plain array: every slice of the memmap subclass would cost a Python call.
    return np.asarray(np.memmap(path, "<i4", mode="r"))


def joined(words: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Words as `save_corpus` wants them."""
    start = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=start[1:])
    return np.frombuffer(b"".join(words), np.uint8), start


def save_corpus(
    folder: Path,
    words: tuple[NDArray[np.uint8], NDArray[np.int64]],
    counts: NDArray[np.int64],
    files: list[tuple[str, int]],
    *,
    raw_tokens: int,
    origin: Any,
    account: Account,
) -> WordCorpus:
    """Write what belongs to finished shards, `corpus.json` last, and open it.

    words : UTF-8 one after the other, and where each of them begins; the last is its length.
    """
    letters, start = words
    arrays: dict[str, NDArray[Any]] = {
        "bytes": letters,
        "start": start,
        "counts": np.asarray(counts, np.int64),
    }
    save_arrays(folder / _VOCABULARY, arrays)
    sync_folder(folder)
    write_json(
        folder / _LAST,
        {
            "format": _FORMAT,
            "tokens": int(counts.sum()),
            "raw_tokens": raw_tokens,
            "shards": [{"file": name, "ids": size} for name, size in files],
            "origin": origin,
            "account": account.to_dict(),
        },
    )
    return open_corpus(folder)


def open_corpus(folder: str | Path) -> WordCorpus:
    """Open the corpus in a folder; its ids are memory-mapped.

    Raises
    ------
    Missing : there is no finished corpus in the folder.
    BadInput : a file of it is absent or truncated.
    """
    folder = Path(folder)
    if not is_finished(folder):
        raise Missing(
            tr("holds no finished corpus.", "には完成したコーパスがありません。"),
            remedy=tr("Build it (again).", "作成し(直し)てください。"),
            file=folder,
        )
    about = read_json(folder / _LAST)
    if about["format"] != _FORMAT:
        raise BadInput(
            tr("is a corpus of another version.", "は別の版のコーパスです。"),
            remedy=tr("Build it again.", "作成し直してください。"),
            file=folder,
        )
    vocabulary = open_arrays(folder / _VOCABULARY)
    # Decoded at once, for which places of bytes become places of characters.
    letters = vocabulary["bytes"]
    begun = np.concatenate([[0], np.cumsum((letters & 0xC0) != 0x80)])
    text = letters.tobytes().decode()
    words = [text[a:b] for a, b in pairwise(begun[vocabulary["start"]].tolist())]
    shards = []
    for shard in about["shards"]:
        path = folder / shard["file"]
        if not path.is_file() or path.stat().st_size != 4 * shard["ids"]:
            raise BadInput(
                tr("is absent or has another size.", "がないか、大きさが違います。"),
                remedy=tr("Build the corpus again.", "コーパスを作成し直してください。"),
                file=path,
            )
        shards.append(map_ids(path))
    return WordCorpus(
        words,
        vocabulary["counts"].copy(),
        shards,
        about["tokens"],
        about["raw_tokens"],
        folder,
        Account.from_dict(about["account"]).sentences(),
    )


def is_finished(folder: Path, origin: Any = None) -> bool:
    """Whether the folder holds a finished corpus, and (if given) one made from `origin`."""
    path = folder / _LAST
    return path.is_file() and (origin is None or read_json(path)["origin"] == origin)


def clear(folder: Path) -> None:
    """Make room for a corpus: what an earlier or unfinished one left is deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_LAST, _VOCABULARY):  # the JSON first: from here on it is unfinished
        (folder / name).unlink(missing_ok=True)
    for pattern in ("ids-*.i32", "pending-*.i32", "renumber-*.i32"):
        for path in folder.glob(pattern):
            path.unlink()
