"""The sense fault of word vectors, measured: one vector for all that a word is used for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.folder import Folder
from bunsan.collection.stored import StoredCollection
from bunsan.collection.vectors import open_kept
from bunsan.tasks.lookup import look_up
from bunsan.tasks.occurrences import Occurrences, occurrences_in, occurrences_of, too_few
from bunsan.tasks.senses_result import Senses
from bunsan.tasks.table import Table
from bunsan.tasks.vectors import only_kept
from bunsan.text.words import WordSettings
from bunsan.words.vectors.clustering import choose_groups
from bunsan.words.vectors.contexts import context_vectors
from bunsan.words.vectors.files.dispatch import open_vectors
from bunsan.words.vectors.nearest import unit_rows
from bunsan.words.vectors.wordvectors import WordVectors

_FEWEST = 20  # contexts that can be divided
_NEAREST = 8  # words shown for a sense
_NEIGHBOURS = 20  # of the one vector
# Rare words have vectors of little worth, and lie at the edge of everything.
_FREQUENT = 20_000


def senses(
    vectors: WordVectors,
    word: str,
    corpus: Any,
    *,
    text: str | None = None,
    encoding: str | None = None,
    words: str | WordSettings = "auto",
    k: int | None = None,
    window: int = 5,
    most: int = 2000,
    seed: int = 0,
) -> Senses:
    """Divide the occurrences of a word by their contexts, and see which of them its vector is for.

    Each occurrence is the weighted mean of the words around it, and these are put into groups; see
    `bunsan.words.vectors.contexts` and `bunsan.words.vectors.clustering` for how and after whom. A
    group is a way in which the word is used, which need not be a sense of a dictionary.

    Parameters
    ----------
    word : as the vectors know it. "桜/大臣" takes the occurrences of both for those of one
        pseudo-word, which tells how well the method works on this text.
    corpus : texts, files or tables as `bunsan.learn` reads them. text, encoding : of these.
    words : what cuts them into words; as the vectors were learned.
    k : the number of groups; None takes the one with the greatest silhouette, 1 to 6.
    window : words on each side, of those that have a vector, in the same line.
    most : of more occurrences than these so many are drawn at random.
    seed : of all that is random.

    Raises
    ------
    BadInput : it occurs too seldom. UnknownWord : it has no vector.
    """
    parts = _parts(vectors, word)
    for part in parts:
        vectors[part]  # one that is unknown raises
    _check(k, window, most)
    found = occurrences_of(
        corpus, vectors, parts, window=window, most=most, text=text, encoding=encoding,
        cut_into=words, seed=seed,
    )  # fmt: skip
    return _divided(vectors, word, parts, found, k, seed)


def senses_in(
    collection: StoredCollection,
    word: str,
    *,
    vectors: str | WordVectors = "word2vec",
    k: int | None = None,
    window: int = 5,
    most: int = 2000,
    where: dict[str, str] | None = None,
    seed: int = 0,
) -> Senses:
    """`senses` of a word in a collection, in whatever spelling.

    Parameters
    ----------
    vectors : those the collection keeps under this name, or others that know its words.
    where : only in documents with these values.
    """
    _check(k, window, most)
    opened = vectors if isinstance(vectors, WordVectors) else open_kept(collection, vectors)
    parts = [look_up(collection, part) for part in _parts(opened, word)]
    for part in parts:
        opened[part.label]
    found = occurrences_in(
        collection, opened, [part.ids for part in parts], window=window, most=most, where=where,
        seed=seed,
    )  # fmt: skip
    return _divided(opened, word, [part.label for part in parts], found, k, seed)


def senses_at(
    path: str | Path,
    words: Sequence[str],
    *,
    name: str | None = None,
    corpus: Any = None,
    text: str | None = None,
    encoding: str | None = None,
    cut_into: str | WordSettings = "auto",
    where: dict[str, str] | None = None,
    **options: Any,
) -> list[Senses]:
    """`senses_in` for a collection, `senses` for a file of vectors and a corpus; word by word.

    Parameters
    ----------
    name : which of the collection's vectors; or a file of others.
    """
    if Path(path).is_dir():
        if corpus is not None:
            raise BadInput(
                tr("The occurrences of a collection are its own.", "コレクションの出現はその中から採ります。"),
                remedy=tr("Leave --corpus out, or give a file of vectors.", "--corpus を省くか、ベクトルのファイルを指定してください。"),
            )  # fmt: skip
        collection = StoredCollection(Folder(path))
        for column in where or {}:
            collection.require_field(column)
        kept: str | WordVectors = only_kept(collection, name)
        if name is not None and Path(name).is_file():
            kept = open_vectors(name)
        return [senses_in(collection, w, vectors=kept, where=where, **options) for w in words]
    vectors = open_vectors(path)
    if corpus is None or where:
        raise BadInput(
            tr(
                "A file of vectors has no text in which the word occurs.",
                "ベクトルのファイルには、語の現れる文章がありません。",
            )
            if corpus is None
            else tr("--where is for collections.", "--where はコレクション用です。"),
            remedy=tr(
                "Give --corpus FILE, or a collection.",
                "--corpus ファイル、またはコレクションを指定してください。",
            ),
            file=path,
        )
    given: dict[str, Any] = {"text": text, "encoding": encoding, "words": cut_into}
    return [senses(vectors, word, corpus, **given, **options) for word in words]


def joined(tables: Sequence[Table]) -> Table:
    """Tables of the same columns beneath each other."""
    columns = {
        name: [value for table in tables for value in table[name]] for name in tables[0].columns
    }
    return Table(columns, tables[0].titles, tables[0].note if len(tables) == 1 else "")


def _parts(vectors: WordVectors, word: str) -> list[str]:
    word = word.strip()
    if word in vectors or "/" not in word.strip("/"):
        return [word]
    return list(dict.fromkeys(part.strip() for part in word.split("/") if part.strip()))


def _check(k: int | None, window: int, most: int) -> None:
    for name, value, least in (("senses", k, 1), ("window", window, 1), ("most", most, _FEWEST)):
        if value is not None and value < least:
            raise BadInput(
                tr(f"{name} = {value} cannot be used.", f"{name} = {value} は使えません。"),
                remedy=tr(f"Give {least} or more.", f"{least} 以上にしてください。"),
            )


def _divided(
    vectors: WordVectors, word: str, parts: list[str], found: Occurrences, k: int | None, seed: int
) -> Senses:
    contexts = context_vectors(vectors, found.around)
    known = np.flatnonzero(contexts.known)
    if len(known) < max(_FEWEST, k or 0):
        raise too_few(word, len(known), max(_FEWEST, k or 0))
    chosen = choose_groups(contexts.units[known], k, seed=seed)
    labels = np.full(len(found.around), -1, np.int64)
    labels[known] = chosen.grouping.labels
    groups = range(len(chosen.grouping.centroids))
    # A pseudo-word's vector is what training would make of as many occurrences each: the mean.
    own = vectors.vectors(parts).mean(axis=0)
    middles = unit_rows(np.stack([contexts.means[labels == g].mean(axis=0) for g in groups]))
    restrict = min(_FREQUENT, len(vectors))
    nearest = vectors.nearest_many(
        list(chosen.grouping.centroids), _NEAREST, exclude=parts, restrict=restrict
    )
    near_word = vectors.nearest(own, _NEIGHBOURS, exclude=parts)
    placed = contexts.place(vectors.matrix.take(near_word.rows))
    purity = None
    if len(parts) > 1:
        table = np.zeros((len(groups), len(parts)))
        np.add.at(table, (labels[known], found.which[known]), 1)
        purity = (table.max(axis=1).sum() / len(known), table.sum(axis=0).max() / len(known))
    return Senses(
        word,
        found.total,
        labels,
        chosen,
        np.bincount(labels[known], minlength=len(groups)) / len(known),
        (middles @ unit_rows(own[None, :])[0]).astype(np.float64),
        nearest,
        near_word,
        (placed @ chosen.grouping.centroids.T).argmax(axis=1),
        purity,
        _contexts=contexts,
        _occurrences=found,
        _own=own,
    )
