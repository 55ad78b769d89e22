"""A corpus as token ids, written once: documents one after another in memory-mapped shards.

`tokens.json` is written when everything else is, so a folder without it is unfinished work.
"""

import bisect
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Missing
from bunsan.base.files import read_json, sync_folder, write_json
from bunsan.base.language import tr
from bunsan.training.blocks import BlockFile, BlockWriter

Ids = NDArray[np.int64]
Flags = NDArray[np.uint8]

WORD, SENTENCE = 1, 2  # bits of a token's flags: a word, a sentence begins here
SHARD_TOKENS = 1 << 26
_FORMAT = 1
_LAST = "tokens.json"
_PART = "tokens.part.json"


@dataclass(frozen=True)
class Shard:
    """Some documents of a corpus.

    ids, flags : a number a token. starts : int64, where each document begins, and where the last ends.
    """

    ids: BlockFile
    flags: BlockFile
    starts: BlockFile

    @property
    def documents(self) -> int:
        """How many there are."""
        return self.starts.count - 1


class TokenCorpus:
    """Documents as token ids. Nothing is read before it is asked for.

    Attributes
    ----------
    documents, tokens : how many there are. words, sentences : whether the flags tell where these begin.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder = folder
        self.shards = [
            Shard(*(BlockFile(folder, shard[part]) for part in ("ids", "flags", "starts")))
            for shard in about["shards"]
        ]
        self.words = bool(about["words"])
        self.sentences = bool(about["sentences"])
        self.firsts = [0]  # number of the first document of every shard, and of one more
        for shard in self.shards:
            self.firsts.append(self.firsts[-1] + shard.documents)
        self.documents = self.firsts[-1]
        self.tokens = sum(shard.ids.count for shard in self.shards)

    def fingerprint(self) -> str:
        """Differs when a single token differs."""
        sums = [(s.ids.sums, s.flags.sums, s.starts.sums) for s in self.shards]
        return hashlib.blake2b(repr(sums).encode(), digest_size=16).hexdigest()

    def shard_of(self, document: int) -> tuple[Shard, int]:
        """The shard of a document, and its number in there."""
        found = bisect.bisect_right(self.firsts, document) - 1
        return self.shards[found], document - self.firsts[found]

    def read(self, document: int, begin: int, end: int) -> tuple[Ids, Flags]:
        """Tokens `begin` to `end` of a document: ids as int64, and flags.

        Raises
        ------
        BadInput : the shard is damaged.
        """
        shard, inside = self.shard_of(document)
        start = int(shard.starts.read(inside, inside + 1)[0])
        ids = shard.ids.read(start + begin, start + end).astype(np.int64)
        return ids, shard.flags.read(start + begin, start + end)


class TokenWriter:
    """Writes a corpus document by document; what an interruption leaves, `resume` goes on from.

    Parameters
    ----------
    folder : emptied of an earlier corpus, unless that was left unfinished by the same `origin`.
    vocabulary : one more than the highest id. origin : what the corpus is made from, for JSON.
    """

    def __init__(
        self,
        folder: Path,
        vocabulary: int,
        origin: Any,
        *,
        words: bool,
        sentences: bool,
        shard_tokens: int = SHARD_TOKENS,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._origin, self._limit = folder, origin, shard_tokens
        self._dtype = "<u2" if vocabulary <= 1 << 16 else "<i4"
        self._kinds = {"words": words, "sentences": sentences}
        self._shards: list[dict[str, Any]] = []
        self.read = 0  # documents of the source that are safely in finished shards
        self._seen = 0
        part = folder / _PART
        if part.is_file() and (about := read_json(part))["origin"] == origin:
            self._shards, self.read = about["shards"], about["read"]
            self._seen = self.read
        else:
            clear(folder)
        self._writers: tuple[BlockWriter, BlockWriter, BlockWriter] | None = None

    def add(self, ids: NDArray[Any], flags: Flags) -> None:
        """The next document of the source; one without tokens is counted and left out."""
        self._seen += 1
        if not len(ids):
            return
        if self._writers is None:
            number = f"{len(self._shards):05d}"
            self._writers = (
                BlockWriter(self._folder / f"ids-{number}.bin", self._dtype),
                BlockWriter(self._folder / f"flags-{number}.bin", "u1"),
                BlockWriter(self._folder / f"starts-{number}.bin", "<i8"),
            )
            self._writers[2].write(np.zeros(1, np.int64))
        self._writers[0].write(ids)
        self._writers[1].write(flags)
        self._writers[2].write(np.array([self._writers[0].count]))
        if self._writers[0].count >= self._limit:
            self._end_shard()
            about = {"origin": self._origin, "read": self._seen, "shards": self._shards}
            write_json(self._folder / _PART, about)

    def finish(self) -> TokenCorpus:
        """The corpus."""
        self._end_shard()
        sync_folder(self._folder)
        about = {"format": _FORMAT, "origin": self._origin, "shards": self._shards, **self._kinds}
        write_json(self._folder / _LAST, about)
        (self._folder / _PART).unlink(missing_ok=True)
        return TokenCorpus(self._folder, about)

    def close(self) -> None:
        """Let go of the files; an unfinished shard will be written again."""
        if self._writers is not None:
            for writer in self._writers:
                writer.abandon()
            self._writers = None

    def _end_shard(self) -> None:
        if self._writers is not None:
            ids, flags, starts = (writer.close() for writer in self._writers)
            self._shards.append({"ids": ids, "flags": flags, "starts": starts})
            self._writers = None


def open_tokens(folder: Path) -> TokenCorpus:
    """The corpus in a folder.

    Raises
    ------
    Missing : there is no finished one. BadInput : a file of it is absent or has another size.
    """
    if not (folder / _LAST).is_file():
        raise Missing(
            tr("holds no finished corpus.", "には完成したコーパスがありません。"), file=folder
        )
    about = read_json(folder / _LAST)
    if about.get("format") != _FORMAT:
        raise BadInput(
            tr("is a corpus of another version.", "は別の版のコーパスです。"),
            remedy=tr("Delete it and have it made again.", "消して作り直してください。"),
            file=folder,
        )
    return TokenCorpus(folder, about)


def is_finished(folder: Path, origin: Any) -> bool:
    """Whether the folder holds a finished corpus made from `origin`."""
    path = folder / _LAST
    return path.is_file() and read_json(path).get("origin") == origin


def clear(folder: Path) -> None:
    """Delete what an earlier corpus left."""
    for name in (_LAST, _PART):  # the JSON first: from here on it is unfinished
        (folder / name).unlink(missing_ok=True)
    for path in [*folder.glob("*-*.bin"), *folder.glob("windows-*.i64")]:
        path.unlink()
