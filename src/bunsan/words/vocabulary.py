"""The vocabulary of a collection: words with their ids, spellings and frequencies.

A word is a (form, part of speech) pair: 今日 the noun and 今日 the adverb are two words, as text
miners expect. Ids are given in the order of first appearance and never change or get reused while
the collection lives, so that arrays written once stay valid when documents are added.

A word's *variants* are the dictionary forms that were counted as it (引越し and 引っ越し under one
normalized form). The most frequent one is its *label*: people see する and いちご, not 為る and 苺.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bunsan.text.words import Analysis

Ids = NDArray[np.int32]

WORDS_SCHEMA = pa.schema(
    [
        ("form", pa.string()),
        ("pos", pa.dictionary(pa.int8(), pa.string())),
        ("label", pa.string()),
        ("frequency", pa.int64()),
        ("document_frequency", pa.int64()),
    ]
)
VARIANTS_SCHEMA = pa.schema([("word", pa.int32()), ("base", pa.string()), ("count", pa.int64())])


@dataclass(frozen=True)
class Vocabulary:
    """Read-only view of V words; row i of `words` is the word with id i."""

    words: pa.Table
    variants: pa.Table

    def __len__(self) -> int:
        return self.words.num_rows

    @cached_property
    def frequency(self) -> NDArray[np.int64]:
        """int64[V]: how many tokens are this word."""
        return self.words.column("frequency").to_numpy()

    @cached_property
    def document_frequency(self) -> NDArray[np.int64]:
        """int64[V]: how many documents contain it."""
        return self.words.column("document_frequency").to_numpy()

    @cached_property
    def _pos(self) -> tuple[list[str], NDArray[np.int8]]:
        column = self.words.column("pos").combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # an empty table stays chunked
            column = pa.array([], WORDS_SCHEMA.field("pos").type)
        return column.dictionary.to_pylist(), column.indices.to_numpy()

    def form(self, word: int) -> str:
        """The word as it is counted."""
        return self.words.column("form")[int(word)].as_py()

    def pos(self, word: int) -> str:
        """Its part of speech."""
        names, codes = self._pos
        return names[codes[word]]

    def label(self, word: int) -> str:
        """The word as people should see it: its most frequent dictionary form."""
        return self.words.column("label")[int(word)].as_py()

    def labels(self, words: Sequence[int] | NDArray[np.integer]) -> list[str]:
        """`label` of many words."""
        return self.words.column("label").take(pa.array(words, pa.int64())).to_pylist()

    def forms_and_pos(self) -> tuple[list[str], list[str]]:
        """Two lists of length V."""
        names, codes = self._pos
        return self.words.column("form").to_pylist(), [names[c] for c in codes]

    def find(self, form: str, pos: str | None = None) -> list[int]:
        """Ids of the words counted as `form` (or labelled so), the most frequent first."""
        ids = self._equal("form", form)
        if not ids:
            ids = self._equal("label", form)
        if pos is not None:
            ids = [i for i in ids if self.pos(i) == pos]
        return sorted((i for i in ids if self.frequency[i] > 0), key=lambda i: -self.frequency[i])

    def _equal(self, column: str, value: str) -> list[int]:
        # A scan of the mapped column (some 100 million bytes a second and core, a few milliseconds
        # for most collections) needs no hash table to be built or kept.
        mask = pc.equal(self.words.column(column), value)
        return np.flatnonzero(mask.to_numpy()).tolist()

    def spellings(self, word: int) -> list[tuple[str, int]]:
        """The dictionary forms counted as this word, with their frequencies, most frequent first."""
        mask = pc.equal(self.variants.column("word"), int(word))
        rows = self.variants.filter(mask)
        pairs = zip(rows.column("base").to_pylist(), rows.column("count").to_pylist(), strict=True)
        return sorted(((b, c) for b, c in pairs if c > 0), key=lambda pair: (-pair[1], pair[0]))

    def mask(self, pos: Iterable[str], without: Iterable[str] = ()) -> NDArray[np.bool_]:
        """bool[V]: words of these parts of speech, except those whose form or label is in `without`."""
        names, codes = self._pos
        wanted = set(pos)
        mask = np.array([name in wanted for name in names] + [False])[codes] if len(self) else None
        if mask is None:
            return np.zeros(0, np.bool_)
        for column in ("form", "label"):
            stop = pa.array(list(without), pa.string())
            if len(stop):
                mask &= ~pc.is_in(self.words.column(column), stop).to_numpy()
        return mask


class VocabularyBuilder:
    """Gives ids to words as documents stream by, and counts."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._variants: dict[tuple[int, str], int] = {}
        self._forms: list[str] = []
        self._pos: list[str] = []
        self._frequency: NDArray[np.int64] = np.zeros(0, np.int64)
        self._document_frequency: NDArray[np.int64] = np.zeros(0, np.int64)
        if vocabulary is not None:
            self._forms, self._pos = vocabulary.forms_and_pos()
            self._ids = {key: i for i, key in enumerate(zip(self._forms, self._pos, strict=True))}
            columns = (vocabulary.variants.column(n).to_pylist() for n in ("word", "base", "count"))
            self._variants = {(w, b): c for w, b, c in zip(*columns, strict=True)}
            self._frequency = vocabulary.frequency.copy()
            self._document_frequency = vocabulary.document_frequency.copy()

    def __len__(self) -> int:
        return len(self._forms)

    def mask(self, pos: Iterable[str]) -> NDArray[np.bool_]:
        """bool[V]: the words known so far that are of these parts of speech."""
        wanted = set(pos)
        return np.fromiter((p in wanted for p in self._pos), np.bool_, len(self))

    def ids(self, analysis: Analysis) -> Ids:
        """int32[n]: the id of every token of a batch; new words get new ids."""
        entry_ids = np.empty(len(analysis.forms), np.int32)
        for i, key in enumerate(zip(analysis.forms, analysis.pos, strict=True)):
            word = self._ids.get(key)
            if word is None:
                word = self._ids[key] = len(self._forms)
                self._forms.append(key[0])
                self._pos.append(key[1])
            entry_ids[i] = word
        self._count_variants(analysis, entry_ids, 1)
        return entry_ids[analysis.entry]

    def forget(self, analysis: Analysis) -> None:
        """Take the variants of removed documents back (the opposite of `ids`)."""
        keys = zip(analysis.forms, analysis.pos, strict=True)
        self._count_variants(analysis, [self._ids.get(key, -1) for key in keys], -1)

    def _count_variants(self, analysis: Analysis, ids: Iterable[int], sign: int) -> None:
        counts = np.bincount(analysis.entry, minlength=len(analysis.forms)).tolist()
        variants = self._variants
        for word, base, count in zip(ids, analysis.bases, counts, strict=True):
            key = (int(word), base)
            variants[key] = max(variants.get(key, 0) + sign * count, 0)

    def count(self, word: Ids, document: NDArray[np.int64], sign: int = 1) -> None:
        """Add the frequencies of a run of tokens (`document`: D+1 offsets), or take them back."""
        for name in ("_frequency", "_document_frequency"):
            old = getattr(self, name)
            if len(old) < len(self):
                setattr(self, name, np.concatenate([old, np.zeros(len(self) - len(old), np.int64)]))
        _count(word, document, self._frequency, self._document_frequency, sign)

    def finish(self) -> Vocabulary:
        """The vocabulary as it stands now."""
        v = len(self)
        self.count(np.zeros(0, np.int32), np.zeros(1, np.int64))
        labels = list(self._forms)
        best = [0] * v
        for (word, base), count in self._variants.items():
            # `>` keeps the first-seen of equally frequent spellings: the same on every run.
            if word >= 0 and count > best[word]:
                best[word], labels[word] = count, base
        words = pa.table(
            {
                "form": pa.array(self._forms, pa.string()),
                "pos": pa.array(self._pos, pa.string())
                .dictionary_encode()
                .cast(WORDS_SCHEMA.field("pos").type),
                "label": pa.array(labels, pa.string()),
                "frequency": self._frequency,
                "document_frequency": self._document_frequency,
            },
            schema=WORDS_SCHEMA,
        )
        kept = [(w, b, c) for (w, b), c in self._variants.items() if w >= 0]
        variants = pa.table(
            {
                "word": pa.array([k[0] for k in kept], pa.int32()),
                "base": pa.array([k[1] for k in kept], pa.string()),
                "count": pa.array([k[2] for k in kept], pa.int64()),
            },
            schema=VARIANTS_SCHEMA,
        )
        return Vocabulary(words, variants)


@numba.njit(nogil=True, cache=True)
def _count(word, document, frequency, document_frequency, sign):  # type: ignore[no-untyped-def]
    last = np.full(len(frequency), -1, np.int64)  # the document in which a word was last met
    for d in range(len(document) - 1):
        for i in range(document[d], document[d + 1]):
            w = word[i]
            frequency[w] += sign
            if last[w] != d:
                last[w] = d
                document_frequency[w] += sign
