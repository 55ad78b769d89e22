"""Words that belong together, found by how often they follow each other, made into one word.

Mikolov, Sutskever, Chen, Corrado & Dean (2013), "Distributed Representations of Words and Phrases
and their Compositionality", section 4, equation 6, as their program scales it:
score(ab) = (count(ab) - delta) / (count(a) count(b)) * tokens. Or the normalized pointwise mutual
information of Bouma (2009), "Normalized (Pointwise) Mutual Information in Collocation Extraction",
equation 7, between -1 and 1.

Pairs are first counted roughly: counters that several pairs may share, so none is counted too low
(the sketch of Cormode & Muthukrishnan 2005, with one row). Only pairs whose counter reaches `delta`
can be phrases, and only they are then counted exactly; they are few.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.rows import prefetch
from bunsan.words.training.corpus import WordCorpus, corpus_from_ids
from bunsan.words.training.corpus_build import LONGEST_STRETCH
from bunsan.words.training.corpus_store import SHARD_IDS, Ids

Scoring = Literal["default", "npmi"]

SKETCH_BITS = 26  # 2^26 counters of one byte
_BLOCK = 1 << 20
_AHEAD = 12  # pairs for which memory is asked beforehand


@dataclass(frozen=True, slots=True)
class Phrases:
    """Pairs of words that score above the threshold, best first.

    first, second : int32[P], ids of the corpus. count : int64[P], how often the second follows the
    first. score : float64[P].
    """

    first: Ids
    second: Ids
    count: NDArray[np.int64]
    score: NDArray[np.float64]


def find_phrases(
    corpus: WordCorpus,
    *,
    threshold: float | None = None,
    delta: int = 5,
    scoring: Scoring = "default",
    sketch_bits: int = SKETCH_BITS,
) -> Phrases:
    """Find the pairs of neighbouring words that are phrases.

    Parameters
    ----------
    corpus : one with all words; where rare words were left out, those around them look like
        neighbours.
    threshold : scores must be above; None means 100 by default and 0.5 for NPMI.
    delta : the discount of equation 6; pairs seen less often are no phrases by any scoring.
    scoring : "default" (equation 6) or "npmi".
    sketch_bits : the logarithm of the number of rough counters, a byte each.

    Ties stand in the order of the ids.
    """
    if delta < 0 or scoring not in ("default", "npmi"):
        raise BadInput(
            tr(
                f"delta={delta}, scoring={scoring} cannot be used.",
                f"delta={delta}、scoring={scoring} は使えません。",
            ),
            remedy=tr(
                "Use delta from 0 on and scoring default or npmi.",
                "delta は 0 以上、scoring は default か npmi にしてください。",
            ),
        )
    if threshold is None:
        threshold = 100.0 if scoring == "default" else 0.5
    least = max(delta, 1)
    sketch = np.zeros(1 << sketch_bits, np.uint8)
    for ids in _blocks(corpus):
        _count_roughly(ids, sketch)
    keys, counts = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.int64)
    held = 0
    for ids in _blocks(corpus):
        at = 0
        while True:
            at, held = _count_exactly(ids, at, sketch, min(least, 255), keys, counts, held)
            if at == len(ids):
                break
            keys, counts = _larger(keys, counts)
    used = (keys != 0) & (counts >= least)
    first = (keys[used] >> np.uint64(32)).astype(np.int64) - 1
    second = (keys[used] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    count = counts[used]
    score = phrase_score(
        count, corpus.counts[first], corpus.counts[second], corpus.tokens, delta, scoring
    )
    above = np.flatnonzero(score > threshold)
    order = above[np.lexsort((second[above], first[above], -score[above]))]
    return Phrases(
        first[order].astype(np.int32), second[order].astype(np.int32), count[order], score[order]
    )


def phrase_score(
    pair: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    tokens: int,
    delta: int,
    scoring: Scoring,
) -> NDArray[np.float64]:
    """How much two words belong together, from the counts of the pair and of each word."""
    expected = first.astype(np.float64) * second
    if scoring == "default":
        return (pair - delta) / expected * tokens
    information = -np.log(pair / tokens)
    # A pair that is all there is tells nothing about each other, and everything.
    whole = information <= 0
    npmi = np.log(pair * np.float64(tokens) / expected) / np.where(whole, 1, information)
    return np.where(whole, 1.0, npmi)


def join_phrases(
    corpus: WordCorpus,
    folder: str | Path,
    *,
    threshold: float | None = None,
    delta: int = 5,
    scoring: Scoring = "default",
    separator: str = "_",
    passes: int = 1,
    min_count: int = 5,
    longest_stretch: int = LONGEST_STRETCH,
    shard_ids: int = SHARD_IDS,
) -> WordCorpus:
    """Make phrases into words: "new york" becomes "new_york", wherever it stands.

    In a stretch, the first of two phrases that overlap is taken, and a word just joined begins no
    other, as in the authors' program; a second pass can join it further.

    Parameters
    ----------
    corpus : see `find_phrases`; it stays as it is.
    folder : where the new corpus will lie, not that of `corpus`.
    threshold, delta, scoring : see `find_phrases`.
    separator : put between the words of a phrase. Text without blanks may want "": a phrase that is
        spelt like another word then counts as that word.
    passes : phrases have up to 2^passes words.
    min_count : words and phrases that are rarer in the end are left out.
    longest_stretch, shard_ids : see `CorpusBuilder`.
    """
    folder = Path(folder)
    if folder.resolve() == corpus.folder.resolve():
        raise ValueError("a corpus cannot be joined in its own folder")
    if passes < 1:
        raise BadInput(
            tr(f"{passes} passes join nothing.", f"{passes} 回では何もつながりません。"),
            remedy=tr("Use 1 or more.", "1 以上にしてください。"),
        )
    folder.mkdir(parents=True, exist_ok=True)
    raw_tokens = corpus.raw_tokens
    with TemporaryDirectory(dir=folder, prefix="pass-") as scratch:
        for number in range(passes):
            last = number == passes - 1
            phrases = find_phrases(corpus, threshold=threshold, delta=delta, scoring=scoring)
            joined = [
                corpus.words[a] + separator + corpus.words[b]
                for a, b in zip(phrases.first.tolist(), phrases.second.tolist(), strict=True)
            ]
            corpus = corpus_from_ids(
                [*corpus.words, *joined],
                None,
                Joined(corpus, phrases),
                folder if last else Path(scratch) / str(number),
                min_count=min_count if last else 1,
                longest_stretch=longest_stretch,
                shard_ids=shard_ids,
                origin={
                    "phrases": [threshold, delta, scoring, separator, passes],
                    "raw": raw_tokens,
                },
            )
    return corpus


class Joined:
    """The ids of a corpus, block by block, with phrase p as the id V + p; can be read again."""

    def __init__(self, corpus: WordCorpus, phrases: Phrases) -> None:
        self._corpus = corpus
        size = 1 << max(4, int(4 * len(phrases.first)).bit_length())
        self._keys = np.zeros(size, np.uint64)
        self._ids = np.zeros(size, np.int64)
        _enter(_keys_of(phrases), len(corpus.words), self._keys, self._ids)

    def __iter__(self) -> Iterator[Ids]:
        """Blocks that end with a stretch."""
        for ids in _blocks(self._corpus):
            yield _join(ids, self._keys, self._ids)


def _keys_of(phrases: Phrases) -> NDArray[np.uint64]:
    return (
        (phrases.first.astype(np.uint64) + np.uint64(1)) << np.uint64(32)
    ) | phrases.second.astype(np.uint64)


def _blocks(corpus: WordCorpus) -> Iterator[Ids]:
    """The shards in blocks that end with a stretch."""
    for shard in corpus.shards:
        begin = 0
        while begin < len(shard):
            end = min(begin + _BLOCK, len(shard))
            while shard[end - 1] >= 0:
                end += 1
            yield shard[begin:end]
            begin = end


def _larger(
    keys: NDArray[np.uint64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    new_keys, new_counts = np.zeros(2 * len(keys), np.uint64), np.zeros(2 * len(keys), np.int64)
    used = keys != 0
    _insert(keys[used], counts[used], new_keys, new_counts)
    return new_keys, new_counts


# --- kernels -----------------------------------------------------------------------------------
# A pair is one number: (first + 1) << 32 | second; 0 is no pair.


@njit(nogil=True, cache=True, inline="always")
def _key(ids, i):  # type: ignore[no-untyped-def]
    a, b = ids[i], ids[i + 1]
    if a < 0 or b < 0:
        return np.uint64(0)
    return (np.uint64(a + 1) << np.uint64(32)) | np.uint64(b)


@njit(nogil=True, cache=True, inline="always")
def _mixed(key):  # type: ignore[no-untyped-def]
    """Steele, Lea & Flood (2014), "Fast Splittable Pseudorandom Number Generators", mix64."""
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@njit(nogil=True, cache=True)
def _count_roughly(ids, sketch):  # type: ignore[no-untyped-def]
    """Raise the counter of each pair, to 255 at most."""
    mask = np.uint64(len(sketch) - 1)
    for i in range(len(ids) - 1):
        if i + _AHEAD + 1 < len(ids):
            prefetch(sketch, np.int64(_mixed(_key(ids, i + _AHEAD)) & mask))
        key = _key(ids, i)
        if key != 0:
            place = _mixed(key) & mask
            sketch[place] += sketch[place] < 255


@njit(nogil=True, cache=True, inline="always")
def _place(key, keys):  # type: ignore[no-untyped-def]
    """Where a pair is in the table, or is to be."""
    mask = np.uint64(len(keys) - 1)
    # Other bits than those that chose the counter.
    place = (_mixed(key) >> np.uint64(20)) & mask
    while keys[place] != 0 and keys[place] != key:
        place = (place + np.uint64(1)) & mask
    return place


@njit(nogil=True, cache=True)
def _count_exactly(ids, at, sketch, least, keys, counts, held):  # type: ignore[no-untyped-def]
    """Count pairs from `at` on whose counter is at least `least`; returns (at, pairs held)."""
    mask = np.uint64(len(sketch) - 1)
    most = len(keys) // 2
    for i in range(at, len(ids) - 1):
        if i + _AHEAD + 1 < len(ids):
            prefetch(sketch, np.int64(_mixed(_key(ids, i + _AHEAD)) & mask))
        key = _key(ids, i)
        if key != 0 and sketch[_mixed(key) & mask] >= least:
            place = _place(key, keys)
            if keys[place] == 0:
                if held >= most:
                    return i, held
                keys[place] = key
                held += 1
            counts[place] += 1
    return len(ids), held


@njit(nogil=True, cache=True)
def _insert(keys, counts, new_keys, new_counts):  # type: ignore[no-untyped-def]
    for i in range(len(keys)):
        place = _place(keys[i], new_keys)
        new_keys[place] = keys[i]
        new_counts[place] = counts[i]


@njit(nogil=True, cache=True)
def _enter(pairs, first, keys, ids):  # type: ignore[no-untyped-def]
    """A table of phrases; their ids count from `first` on."""
    for p in range(len(pairs)):
        place = _place(pairs[p], keys)
        keys[place] = pairs[p]
        ids[place] = first + p


@njit(nogil=True, cache=True)
def _join(ids, keys, joined):  # type: ignore[no-untyped-def]
    """The ids with phrases joined, from left to right."""
    out = np.empty(len(ids), np.int32)
    n = 0
    i = 0
    while i < len(ids):
        word = ids[i]
        step = 1
        if i + 1 < len(ids):
            key = _key(ids, i)
            if key != 0:
                place = _place(key, keys)
                if keys[place] != 0:
                    word = joined[place]
                    step = 2
        out[n] = word
        n += 1
        i += step
    return out[:n]
