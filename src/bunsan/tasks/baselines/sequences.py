"""Texts as sequences of numbers, and n-grams of them as counts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from bunsan.text.analyze import analyze_stream
from bunsan.text.words import WordSettings

Ints = NDArray[np.int64]

# Marks that stand between words rather than beside them.
LEFT_OUT = ("PUNCT", "SYM", "SPACE")
_BATCH_CHARACTERS = 60_000


@dataclass(frozen=True)
class Sequences:
    """D texts as n units (words or characters), V different ones.

    Attributes
    ----------
    names : V. ids : int64[n]. ends : int64[D + 1], where each text begins; the last is n.
    """

    names: list[str]
    ids: Ints
    ends: Ints

    @property
    def texts(self) -> Ints:
        """int64[n], the text of each unit."""
        return np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))

    def counts(self) -> csr_array:
        """CSR [D, V], how often each unit comes in each text."""
        return _table(self.texts, self.ids, (len(self.ends) - 1, len(self.names)))

    def select(self, rows: Ints) -> tuple[Ints, Ints]:
        """The ids of some texts one after the other, and where each ends."""
        lengths = np.diff(self.ends)[rows]
        stops = np.cumsum(lengths)
        places = np.arange(int(lengths.sum())) - np.repeat(stops - lengths, lengths)
        return self.ids[np.repeat(self.ends[:-1][rows], lengths) + places], stops


def words_of(texts: Sequence[str], settings: WordSettings) -> Sequences:
    """Texts cut into words in the form the settings say, punctuation left out."""
    number: dict[str, int] = {}
    ids: list[Ints] = []
    lengths: list[Ints] = []
    for analysis in analyze_stream(_batches(texts), settings):
        kept = np.array([pos not in LEFT_OUT for pos in analysis.pos], np.bool_)
        table = np.array(
            [number.setdefault(form, len(number)) for form in analysis.forms], np.int64
        )
        if not len(table):
            lengths.append(np.zeros(analysis.n_documents, np.int64))
            continue
        inside = kept[analysis.entry]
        ids.append(table[analysis.entry[inside]])
        before = np.concatenate([[0], np.cumsum(inside)])
        lengths.append(np.diff(before[analysis.document]))
    ends = np.concatenate([[0], *map(np.asarray, lengths)]).cumsum()
    return Sequences(list(number), np.concatenate([np.zeros(0, np.int64), *ids]), ends)


def characters_of(texts: Sequence[str]) -> Sequences:
    """Texts as characters in lower case, white space as one space."""
    plain = [" ".join(text.lower().split()) for text in texts]
    points = np.frombuffer("".join(plain).encode("utf-32-le", "replace"), np.uint32)
    found, ids = np.unique(points, return_inverse=True)
    ends = np.concatenate([[0], np.cumsum([len(text) for text in plain])]).astype(np.int64)
    return Sequences([chr(c) for c in found.tolist()], ids.astype(np.int64).reshape(-1), ends)


def ngram_counts(sequences: Sequences, shortest: int, longest: int) -> tuple[csr_array, Ints]:
    """CSR [D, N], how often each n-gram of `shortest` to `longest` units comes in each text; and
    int64[N], the bytes of its name."""
    ids, texts = sequences.ids, sequences.texts
    size = np.array([len(name.encode()) for name in sequences.names], np.int64)
    grams, lengths = ids, size
    tables: list[Any] = []
    names: list[Ints] = []
    documents = len(sequences.ends) - 1
    for n in range(1, longest + 1):
        if n > 1:
            last = ids[n - 1 :]
            both, grams = np.unique(
                grams[: len(last)] * max(len(size), 1) + last, return_inverse=True
            )
            grams = grams.reshape(-1).astype(np.int64)
            lengths = lengths[both // max(len(size), 1)] + size[both % max(len(size), 1)]
        if n >= shortest:
            of_text = texts[: len(grams)]
            inside = of_text == texts[n - 1 :]  # no n-gram reaches into the next text
            tables.append(_table(of_text[inside], grams[inside], (documents, len(lengths))))
            names.append(lengths)
    return csr_array(hstack(tables)), np.concatenate(names)


def _table(rows: Ints, columns: Ints, shape: tuple[int, int]) -> csr_array:
    table = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    table.sum_duplicates()
    return table


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
