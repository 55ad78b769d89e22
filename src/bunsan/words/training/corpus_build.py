"""Building a corpus of ids in one pass over the text and one over the ids, at flat memory.

The first pass writes ids in the order of first appearance. When the text ends, all counts are
known; the second pass drops rare words and renumbers the others by falling count. Where there are
more different words than can be held, the rare ones are forgotten on the way, as word2vec does
(Mikolov et al. 2013, `ReduceVocab` of the original program); ids written before are renumbered too,
by tables that are kept on the disk until the end.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.training.corpus_store import (
    SHARD_IDS,
    Account,
    Ids,
    IdWriter,
    WordCorpus,
    clear,
    map_ids,
    save_corpus,
)
from bunsan.words.training.corpus_text import WordTable

LONGEST_STRETCH = 10_000
MOST_WORDS = 20_000_000
_BLOCK = 1 << 20  # ids renumbered at a time


class CorpusBuilder:
    """Takes words in batches and writes them as a corpus; `with` removes half of one on an error.

    Parameters
    ----------
    folder : where the corpus will lie; one that is there is replaced.
    min_count : words seen less often are left out, and windows reach over them.
    max_vocabulary : the most frequent so many words are kept.
    longest_stretch : words after which a stretch is cut even though its line goes on.
    most_words : different words held while reading; above it, rare ones are forgotten.
    shard_ids : about how many ids a file gets.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        min_count: int = 5,
        max_vocabulary: int | None = None,
        longest_stretch: int = LONGEST_STRETCH,
        most_words: int = MOST_WORDS,
        shard_ids: int = SHARD_IDS,
    ) -> None:
        if min(min_count, longest_stretch, most_words, shard_ids) < 1 or max_vocabulary == 0:
            raise BadInput(
                tr("A limit of a corpus is below 1.", "コーパスの設定に 1 未満の値があります。"),
                remedy=tr("Use 1 or more.", "1 以上にしてください。"),
            )
        self.folder = Path(folder)
        self.account = Account()
        self.raw_tokens = 0
        self._settings = (min_count, max_vocabulary, longest_stretch)
        self._most_words = most_words
        self._shard_ids = shard_ids
        clear(self.folder)
        self._table = WordTable()
        self._pending = IdWriter(self.folder, "pending", shard_ids, at_breaks=False)
        self._renumberings: list[int] = []  # files written before each forgetting

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._pending.close()
            clear(self.folder)

    def add_text(self, block: bytes) -> None:
        """Add UTF-8 whose words are parted by blanks; it must not end within a word."""
        self._write(self._table.tokenize(block))

    def add(self, forms: Sequence[str], entry: Ids, breaks: NDArray[np.integer[Any]]) -> None:
        """Add analysed text: the tokens of a batch and the words they are.

        Parameters
        ----------
        forms : the different words of the batch.
        entry : int32[n], each token's place in `forms`; a token with -1 is left out.
        breaks : ascending token offsets (0 to n) before which a stretch ends.
        """
        if len(entry) and (entry.min() < -1 or entry.max() >= len(forms)):
            raise ValueError("entry names words that forms does not have")
        breaks = np.asarray(breaks, np.int64)
        if len(breaks) and (
            breaks[0] < 0 or breaks[-1] > len(entry) or np.any(np.diff(breaks) < 0)
        ):
            raise ValueError("breaks must ascend from 0 to the number of tokens")
        ids = _with_breaks(np.asarray(entry, np.int32), breaks, self._table.number(forms))
        self._table.count(ids)
        self._write(ids)

    def end_stretch(self) -> None:
        """What follows is another line, sentence or file."""
        self._pending.write(np.array([-1], np.int32))

    def finish(self, origin: Any = None) -> WordCorpus:
        """Renumber, write the vocabulary and open the corpus.

        Parameters
        ----------
        origin : what the corpus was made from, as JSON: `is_finished` compares it.

        Raises
        ------
        BadInput : no word is frequent enough.
        """
        min_count, max_vocabulary, longest_stretch = self._settings
        self._pending.close()
        self.account.overlong_words += self._table.overlong
        counts = self._table.counts
        order, new = by_count(counts, min_count, max_vocabulary)
        if not len(order):
            raise nothing_left(self.raw_tokens, min_count)
        tables = self._compose(new)
        stretches = StretchWriter(self.folder, longest_stretch, self._shard_ids)
        for number, (name, _) in enumerate(self._pending.files):
            while tables and number >= tables[0][0]:
                tables.pop(0)
            table = tables[0][1] if tables else new
            ids = map_ids(self.folder / name)
            for at in range(0, len(ids), _BLOCK):
                stretches.write(ids[at : at + _BLOCK], table)
            del ids
            (self.folder / name).unlink()
        files = stretches.close()
        self.account.cut_stretches += stretches.cuts
        for path in self.folder.glob("renumber-*.i32"):
            path.unlink()
        return save_corpus(
            self.folder,
            self._table.words(order),
            counts[order],
            files,
            raw_tokens=self.raw_tokens,
            origin=origin,
            account=self.account,
        )

    def _write(self, ids: Ids) -> None:
        self.raw_tokens += int(np.count_nonzero(ids >= 0))
        self._pending.write(ids)
        if self._table.size > self._most_words:
            self._forget()

    def _forget(self) -> None:
        """Drop rare words, more often seen ones each time, until a tenth of the room is free."""
        self._pending.close()
        while self._table.size > 0.9 * self._most_words:
            self.account.pruned_count += 1
            size = self._table.size
            new = self._table.drop(self.account.pruned_count)
            self.account.pruned_words += size - self._table.size
            name = f"renumber-{len(self._renumberings):05d}.i32"
            (self.folder / name).write_bytes(new.astype("<i4").tobytes())
            self._renumberings.append(len(self._pending.files))

    def _compose(self, new: Ids) -> list[tuple[int, Ids]]:
        """(files it is for: those before this number, final ids) for each time of forgetting."""
        tables: list[tuple[int, Ids]] = []
        for number in reversed(range(len(self._renumberings))):
            path = self.folder / f"renumber-{number:05d}.i32"
            step = np.fromfile(path, "<i4")
            # A last -1 for those already forgotten.
            final = np.append(new, np.int32(-1))[step]
            path.write_bytes(final.astype("<i4").tobytes())
            new = map_ids(path)
            tables.insert(0, (self._renumberings[number], new))
        return tables


class StretchWriter:
    """Writes the final shards: ids renumbered, rare words dropped, long stretches cut."""

    def __init__(self, folder: Path, longest: int, shard_ids: int) -> None:
        self.cuts = 0
        self._writer = IdWriter(folder, "ids", shard_ids, at_breaks=True)
        self._longest = longest
        self._length = 0  # of the stretch under way

    def write(self, ids: Ids, table: Ids) -> Ids:
        """Add ids, renumbered by `table`; returns what was written."""
        out: Ids
        out, self._length, cuts = _renumber(ids, table, self._length, self._longest)
        self.cuts += cuts
        self._writer.write(out)
        return out

    def close(self) -> list[tuple[str, int]]:
        """End the last stretch; (name, ids) of the files."""
        if self._length:
            self._writer.write(np.array([-1], np.int32))
        self._writer.close()
        return self._writer.files


def by_count(
    counts: NDArray[np.int64], min_count: int, max_vocabulary: int | None
) -> tuple[NDArray[np.int64], Ids]:
    """(old ids of the words that are kept, by falling count; new id of each old one, or -1)."""
    order = np.argsort(-counts, kind="stable")
    order = order[: np.count_nonzero(counts >= max(min_count, 1))][:max_vocabulary]
    new = np.full(len(counts), -1, np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return order, new


def nothing_left(raw_tokens: int, min_count: int) -> BadInput:
    """The error for a corpus without a word."""
    if not raw_tokens:
        return BadInput(
            tr("There are no words.", "語がありません。"),
            remedy=tr("Give text with words parted by spaces.", "語を空白で区切ってください。"),
        )
    return BadInput(
        tr(
            f"None of the {raw_tokens} words occurs {min_count} times.",
            f"{raw_tokens} 語のうち {min_count} 回以上現れる語がありません。",
        ),
        remedy=tr("Lower the least count.", "最小出現回数を下げてください。"),
    )


# --- kernels -----------------------------------------------------------------------------------


@njit(nogil=True, cache=True)
def _renumber(ids, table, length, longest):  # type: ignore[no-untyped-def]
    """New ids; no empty stretch, none longer than `longest`. Returns (ids, open length, cuts)."""
    out = np.empty(len(ids) + len(ids) // longest + 2, np.int32)
    n = 0
    cuts = 0
    for old in ids:
        if old < 0:
            if length > 0:
                out[n] = -1
                n += 1
                length = 0
            continue
        new = table[old]
        if new >= 0:
            if length == longest:
                out[n] = -1
                n += 1
                length = 0
                cuts += 1
            out[n] = new
            n += 1
            length += 1
    return out[:n], length, cuts


@njit(nogil=True, cache=True)
def _with_breaks(entry, breaks, number):  # type: ignore[no-untyped-def]
    """The numbers of the tokens' words, with -1 at the breaks; tokens without a word left out."""
    out = np.empty(len(entry) + len(breaks), np.int32)
    n = 0
    b = 0
    for i in range(len(entry) + 1):
        while b < len(breaks) and breaks[b] == i:
            out[n] = -1
            n += 1
            b += 1
        if i < len(entry) and entry[i] >= 0 and number[entry[i]] >= 0:
            out[n] = number[entry[i]]
            n += 1
    return out[:n]
