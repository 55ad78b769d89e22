"""From what a person typed to the words of a collection."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection
from bunsan.text.pos import pos_label

_TERM = re.compile(r"(?:^|(?<=\s))([+\-−－＋])(?=\s)")


@dataclass(frozen=True)
class Word:
    """A word as typed, and the vocabulary's words it stands for (the most frequent first)."""

    typed: str
    ids: tuple[int, ...]
    label: str
    pos: str
    frequency: int

    @property
    def id(self) -> int:
        """The most frequent of the words it stands for."""
        return self.ids[0]


def look_up(collection: StoredCollection, typed: str) -> Word:
    """The word a person typed, in whatever spelling or inflection.

    Raises
    ------
    BadInput : the collection does not contain it (near ones are named), or it is several words.
    """
    typed = typed.strip()
    vocabulary = collection.vocabulary
    ids = vocabulary.find(typed)
    if not ids:
        parts = collection.analyzer.query(typed)
        if len(parts) > 1:
            raise BadInput(
                tr(
                    f"{typed!r} is {len(parts)} words here: {' + '.join(f for f, _ in parts)}.",
                    f"「{typed}」はここでは {len(parts)} 語です: {' + '.join(f for f, _ in parts)}。",
                ),
                remedy=tr(
                    f"Learn it as one word with `bunsan learn --force-word {typed}`, or ask for one of its parts.",
                    f"1 語として数えるには `bunsan learn --force-word {typed}` で学習し直すか、部分の語を指定してください。",
                ),
            )
        if parts:
            ids = vocabulary.find(*parts[0]) or vocabulary.find(parts[0][0])
    if not ids:
        raise not_found(collection, typed)
    return Word(
        typed,
        tuple(ids),
        vocabulary.label(ids[0]),
        vocabulary.pos(ids[0]),
        int(vocabulary.frequency[list(ids)].sum()),
    )


def look_up_sequence(collection: StoredCollection, typed: str) -> list[list[int]]:
    """A word or a run of words: for each token, the ids that match it (empty: no document has it)."""
    vocabulary = collection.vocabulary
    ids = vocabulary.find(typed.strip())
    if ids:
        return [ids]
    return [vocabulary.find(form) for form, _ in collection.analyzer.query(typed)]


def not_found(collection: StoredCollection, typed: str) -> BadInput:
    """The error for a word the collection lacks, with those that look like it."""
    vocabulary = collection.vocabulary
    labels = vocabulary.words.column("label").to_pylist()
    frequent = np.argsort(-vocabulary.frequency, kind="stable")[:50_000].tolist()
    frequent = [i for i in frequent if vocabulary.frequency[i] > 0]
    near = [
        labels[i]
        for i in frequent
        if typed in labels[i] or (len(labels[i]) > 1 and labels[i] in typed)
    ]
    near += difflib.get_close_matches(typed, [labels[i] for i in frequent[:5000]], n=5)
    listed = list(dict.fromkeys(near))[:5]
    remedy = tr("Near it: ", "近い語: ") + " ".join(listed) if listed else None
    return BadInput(
        tr(f"No document contains {typed!r}.", f"「{typed}」を含む文書はありません。"),
        remedy=remedy,
        file=collection.storage.location,
    )


def find_sequence(word: NDArray[np.int32], sequence: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Positions at which a run of tokens begins; `sequence` has the ids allowed at each place."""
    if not sequence or any(not ids for ids in sequence):
        return np.zeros(0, np.int64)
    # Begin with the rarest token would save little: one pass over mapped ids is memory-bound.
    positions = np.flatnonzero(np.isin(word, np.asarray(sequence[0], np.int32))).astype(np.int64)
    for distance, ids in enumerate(sequence[1:], start=1):
        positions = positions[positions + distance < len(word)]
        positions = positions[np.isin(word[positions + distance], np.asarray(ids, np.int32))]
    return positions


def word_columns(
    collection: StoredCollection, ids: Sequence[int] | NDArray[np.integer]
) -> dict[str, list[object]]:
    """The columns every table of words begins with: label and part of speech."""
    vocabulary = collection.vocabulary
    return {
        "word": list(vocabulary.labels(ids)),
        "pos": [pos_label(vocabulary.pos(int(i))) for i in ids],
    }


def word_titles() -> dict[str, str]:
    """Headings of the columns that tables of words share."""
    return {
        "word": tr("word", "語"),
        "pos": tr("part of speech", "品詞"),
        "frequency": tr("tokens", "出現数"),
        "documents": tr("documents", "文書数"),
    }


def split_sum(typed: str) -> tuple[list[str], list[str]]:
    """The words of "王 - 男 + 女": those added, those subtracted. Signs stand between spaces.

    Raises
    ------
    BadInput : nothing is added.
    """
    parts = _TERM.split(" " + typed.strip().replace("\u3000", " "))
    plus: list[str] = []
    minus: list[str] = []
    sign = "+"
    for part in parts:
        if part in ("+", "＋", "-", "−", "－"):
            sign = part
        elif part.strip():
            (plus if sign in "+＋" else minus).append(part.strip())
    if not plus:
        raise BadInput(
            tr("Nothing is added.", "足す語がありません。"),
            remedy=tr("For example: king - man + woman", "例: 王 - 男 + 女"),
        )
    return plus, minus
