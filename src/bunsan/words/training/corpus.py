"""Corpora to learn word vectors from: text turned into word ids in memory-mapped shards.

Three ways in: plain text with words parted by blanks (`build_text_corpus`, compiled and fast), lists
of words from anywhere (`build_corpus`), and ids that a collection holds (`corpus_from_ids`). Words
from a Japanese analyzer come in batches, with `CorpusBuilder.add`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.words.training.corpus_build import (
    LONGEST_STRETCH,
    MOST_WORDS,
    CorpusBuilder,
    StretchWriter,
    by_count,
    nothing_left,
)
from bunsan.words.training.corpus_reading import OnBytes, Paths, TextFiles
from bunsan.words.training.corpus_store import (
    SHARD_IDS,
    Account,
    Ids,
    WordCorpus,
    clear,
    is_finished,
    joined,
    open_corpus,
    save_corpus,
)
from bunsan.words.training.corpus_text import to_utf8

__all__ = [
    "CorpusBuilder",
    "WordCorpus",
    "build_corpus",
    "build_text_corpus",
    "corpus_from_ids",
    "open_corpus",
]

_BATCH = 1 << 16  # tokens turned into ids together


def build_text_corpus(
    paths: Paths,
    folder: str | Path,
    *,
    min_count: int = 5,
    max_vocabulary: int | None = None,
    encoding: str | None = None,
    longest_stretch: int = LONGEST_STRETCH,
    most_words: int = MOST_WORDS,
    shard_ids: int = SHARD_IDS,
    on_progress: OnBytes | None = None,
) -> WordCorpus:
    """Build a corpus from plain text whose words are parted by blanks and stretches by line breaks.

    Blanks are space, tab, form feed and the full-width space. A folder that already holds the
    finished corpus of these files (by name, size and time of change) and settings is just opened.

    Parameters
    ----------
    paths : a file, a folder or several; "-" is standard input; gzip is undone.
    folder : where the corpus will lie.
    min_count, max_vocabulary, longest_stretch, most_words, shard_ids : see `CorpusBuilder`.
    encoding : of the files; None looks at each. Bytes that are no character become U+FFFD, and
        `account` tells where.
    on_progress : called as `on_progress(bytes read, all bytes or None)`.

    Raises
    ------
    BadInput : a file is absent, damaged gzip or no text; no word is frequent enough.
    """
    folder = Path(folder)
    files = TextFiles(paths, encoding)
    known = files.fingerprint()
    origin = None
    if known is not None:
        settings = [min_count, max_vocabulary, longest_stretch, most_words, shard_ids]
        origin = {"files": known, "encoding": encoding, "settings": settings}
        if is_finished(folder, origin):
            return open_corpus(folder)
    with CorpusBuilder(
        folder,
        min_count=min_count,
        max_vocabulary=max_vocabulary,
        longest_stretch=longest_stretch,
        most_words=most_words,
        shard_ids=shard_ids,
    ) as builder:
        for block in files.blocks(builder.account, on_progress):
            builder.add_text(block)
        return builder.finish(origin)


def build_corpus(
    sentences: Iterable[Sequence[str]],
    folder: str | Path,
    *,
    min_count: int = 5,
    max_vocabulary: int | None = None,
    longest_stretch: int = LONGEST_STRETCH,
    most_words: int = MOST_WORDS,
    shard_ids: int = SHARD_IDS,
) -> WordCorpus:
    """Build a corpus from sentences given as sequences of words; windows do not cross sentences.

    Parameters
    ----------
    sentences : read once. Empty words are left out.
    folder : where the corpus will lie.
    min_count, max_vocabulary, longest_stretch, most_words, shard_ids : see `CorpusBuilder`.

    Raises
    ------
    BadInput : no word is frequent enough.
    """
    with CorpusBuilder(
        folder,
        min_count=min_count,
        max_vocabulary=max_vocabulary,
        longest_stretch=longest_stretch,
        most_words=most_words,
        shard_ids=shard_ids,
    ) as builder:
        places: dict[str, int] = {}
        entry: list[int] = []
        breaks: list[int] = []
        for sentence in sentences:
            entry += [places.setdefault(word, len(places)) for word in sentence]
            breaks.append(len(entry))
            if len(entry) >= _BATCH:
                builder.add(list(places), np.array(entry, np.int32), np.array(breaks))
                places, entry, breaks = {}, [], []
        builder.add(list(places), np.array(entry, np.int32), np.array(breaks, np.int64))
        return builder.finish()


def corpus_from_ids(
    words: Sequence[str],
    counts: NDArray[np.int64] | None,
    id_blocks: Iterable[Ids],
    folder: str | Path,
    *,
    min_count: int = 5,
    max_vocabulary: int | None = None,
    longest_stretch: int = LONGEST_STRETCH,
    shard_ids: int = SHARD_IDS,
    origin: Any = None,
    account: Account | None = None,
) -> WordCorpus:
    """Build a corpus from word ids that are there already, in one pass if their counts are too.

    Parameters
    ----------
    words : the word of each id; equal ones become one word.
    counts : how often each id occurs in the blocks; None counts (the blocks are read twice, so they
        must be a list or the like, not a generator).
    id_blocks : int32 arrays in reading order; a negative id ends a stretch. The end of a block does
        not.
    folder : where the corpus will lie.
    min_count, max_vocabulary, longest_stretch, shard_ids : see `CorpusBuilder`.
    origin, account : kept with the corpus.

    Raises
    ------
    ValueError : the ids of the blocks do not agree with `words` and `counts`.
    BadInput : no word is frequent enough.
    """
    folder = Path(folder)
    first: dict[str, int] = {}
    same = np.array([first.setdefault(word, len(first)) for word in words], np.int32)
    if counts is None:
        if iter(id_blocks) is id_blocks:
            raise ValueError("without counts, the blocks are read twice: give no iterator")
        counts = np.zeros(len(words), np.int64)
        for ids in id_blocks:
            counts += _counted(ids, len(words))
    total = np.bincount(same, counts, len(first)).astype(np.int64)
    order, new = by_count(total, min_count, max_vocabulary)
    if not len(order):
        raise nothing_left(int(total.sum()), min_count)
    clear(folder)
    stretches = StretchWriter(folder, longest_stretch, shard_ids)
    table = new[same]
    written = np.zeros(len(order), np.int64)
    for ids in id_blocks:
        if len(ids) and ids.max() >= len(words):
            raise ValueError(f"the blocks have the id {ids.max()}; there are {len(words)} words")
        out = stretches.write(np.asarray(ids, np.int32), table)
        written += _counted(out, len(order))
    files = stretches.close()
    if not np.array_equal(written, total[order]):
        odd = int(np.flatnonzero(written != total[order])[0])
        raise ValueError(
            f"{list(first)[order[odd]]!r} is said to occur {total[order[odd]]} times "
            f"but occurs {written[odd]} times"
        )
    account = account or Account()
    account.cut_stretches += stretches.cuts
    different = list(first)
    return save_corpus(
        folder,
        joined([to_utf8(different[i]) for i in order.tolist()]),
        written,
        files,
        raw_tokens=int(total.sum()),
        origin=origin,
        account=account,
    )


def _counted(ids: Ids, size: int) -> NDArray[np.int64]:
    """int64[size], how often each id occurs."""
    if len(ids) and ids.max() >= size:
        raise ValueError(f"the blocks have the id {ids.max()}; there are {size} words")
    # Shifted by one, so that no copy without the breaks is made.
    return np.bincount(np.maximum(ids, -1) + 1, minlength=size + 1)[1:]
