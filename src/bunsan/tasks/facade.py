"""The Python API: `learn`, `open_collection`, and a `Collection` with a method per deed."""

import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.build import LearnReport, Reading
from bunsan.collection.build import learn as build
from bunsan.collection.change import remove
from bunsan.collection.folder import Folder
from bunsan.collection.storage import Storage
from bunsan.collection.stored import StoredCollection
from bunsan.tasks import describe
from bunsan.tasks.kwic import Concordance, kwic
from bunsan.tasks.lookup import look_up
from bunsan.tasks.passages import Passage, passages
from bunsan.tasks.search import By, SearchResult, search, store_impacts
from bunsan.tasks.table import Table
from bunsan.text.words import WordSettings

if TYPE_CHECKING:
    from bunsan.tasks.antonyms import AntonymFault
    from bunsan.tasks.coding import Coded
    from bunsan.tasks.correspondence import WordMap
    from bunsan.tasks.features import Features
    from bunsan.tasks.network import WordNetwork
    from bunsan.tasks.related import Predicates, Related
    from bunsan.tasks.senses_result import Senses
    from bunsan.tasks.similar import Similar
    from bunsan.tasks.vectors import Nearest
    from bunsan.words.vectors.wordvectors import WordVectors

# Deeds are imported when they are first asked for: a search needs neither scipy nor networkx, which
# take longer to load than the search takes.

Names = str | Sequence[str] | None


class Collection(StoredCollection):
    """Documents that were learned, and what can be asked of them.

    Made by `bunsan.learn` or `bunsan.open`. Every method gives an object that a notebook displays,
    with `.table()` for programs and, where it counts something, `.rows()` for the sentences behind it.
    """

    report: LearnReport | None = None

    def search(
        self,
        query: str,
        *,
        by: By = "keyword",
        model: Any = None,
        k: int = 10,
        offset: int = 0,
        where: dict[str, str] | None = None,
        match_all: bool = False,
        variant: str = "lucene",
        k1: float = 1.5,
        b: float = 0.75,
    ) -> SearchResult:
        """The k documents that match best, by keyword (BM25), meaning or both; see
        `bunsan.tasks.search.search`."""
        return search(
            self,
            query,
            by=by,
            model=model,
            k=k,
            offset=offset,
            where=self._where(where),
            match_all=match_all,
            variant=variant,
            k1=k1,
            b=b,
        )

    def similar(self, word: str, *, k: int = 15, **options: Any) -> "Similar":
        """Words used like `word`, or like "王 - 男 + 女"; see `bunsan.tasks.similar.similar`."""
        from bunsan.tasks.similar import similar

        return similar(self, word, k=k, **options)

    def nearest(
        self, word: str, *, vectors: str = "word2vec", k: int = 15, **options: Any
    ) -> "Nearest":
        """Words nearest to `word`, or to "王 - 男 + 女", by the vectors that `learn_vectors` made; see
        `bunsan.tasks.vectors.nearest`."""
        from bunsan.tasks.vectors import nearest_in

        return nearest_in(self, word, vectors, k=k, **options)

    def antonyms(self, vectors: str = "word2vec", **options: Any) -> "AntonymFault":
        """How near antonyms lie by the vectors that `learn_vectors` made; see
        `bunsan.tasks.antonyms.antonyms`."""
        from bunsan.tasks.antonyms import antonyms_in

        return antonyms_in(self, vectors, **options)

    def senses(self, word: str, **options: Any) -> "Senses":
        """The occurrences of `word` in groups of like contexts, and where its one vector lies; see
        `bunsan.tasks.senses.senses_in`."""
        from bunsan.tasks.senses import senses_in

        options["where"] = self._where(options.get("where"))
        return senses_in(self, word, **options)

    def related(self, word: str, *, k: int = 20, **options: Any) -> "Related":
        """Words that occur together with `word`; see `bunsan.tasks.related.related`."""
        from bunsan.tasks.related import related

        options["where"] = self._where(options.get("where"))
        return related(self, word, k=k, **options)

    def predicates(self, word: str, *, k: int = 20, min_count: int = 1) -> "Predicates":
        """What is said of `word`: predicates by case particle; see `bunsan.tasks.related.predicates`."""
        from bunsan.tasks.related import predicates

        return predicates(self, word, k=k, min_count=min_count)

    def features(self, by: str | None = None, *, k: int = 10, **options: Any) -> "Features":
        """The words that mark each group; see `bunsan.tasks.features.features`."""
        from bunsan.tasks.features import features

        options["where"] = self._where(options.get("where"))
        return features(self, self._by(by), k=k, **options)

    def kwic(
        self,
        word: str,
        *,
        sort: str = "text",
        width: int = 30,
        limit: int | None = 50,
        where: dict[str, str] | None = None,
    ) -> Concordance:
        """Occurrences in context; see `bunsan.tasks.kwic.kwic`."""
        return kwic(self, word, sort=sort, width=width, limit=limit, where=self._where(where))

    def network(self, **options: Any) -> "WordNetwork":
        """The co-occurrence network; see `bunsan.tasks.network.word_network`."""
        from bunsan.tasks.network import word_network

        options["where"] = self._where(options.get("where"))
        return word_network(self, **options)

    def map(self, by: str | None = None, **options: Any) -> "WordMap":
        """Correspondence analysis; see `bunsan.tasks.correspondence.word_map`."""
        from bunsan.tasks.correspondence import word_map

        options["where"] = self._where(options.get("where"))
        return word_map(self, self._by(by), **options)

    def code(self, rules: str | Path, *, by: str | None = None, unit: str = "document") -> "Coded":
        """Apply a file of coding rules; see `bunsan.tasks.coding.code`."""
        from bunsan.tasks.coding import code

        return code(self, rules, by=None if by is None else self.require_field(by), unit=unit)

    def learn_vectors(self, method: str = "word2vec", **options: Any) -> "WordVectors":
        """Learn word vectors ("word2vec", "cbow", "fasttext", "glove") and keep them in the
        collection; see `bunsan.tasks.training.learn_vectors`. Interrupted, the same call goes on."""
        from bunsan.tasks.training import learn_vectors

        beside = self.storage.path if isinstance(self.storage, Folder) else None
        return learn_vectors(self, method, beside=beside, **options)

    def vectors(self, name: str = "word2vec") -> "WordVectors":
        """The word vectors that `learn_vectors` made; "counts": made of the co-occurrences."""
        from bunsan.collection.vectors import open_kept
        from bunsan.tasks.counted import COUNTS, counted_vectors

        if name == COUNTS:
            return counted_vectors(self)
        return open_kept(self, name)

    def passages(
        self,
        words: str | Iterable[str],
        *,
        unit: str = "sentence",
        where: dict[str, str] | None = None,
        limit: int | None = 20,
    ) -> list[Passage]:
        """The sentences (or other units) that contain all of `words`."""
        typed = [words] if isinstance(words, str) else list(words)
        groups = [look_up(self, word).ids for word in typed]
        return passages(self, groups, unit=unit, where=self._where(where), limit=limit)

    def words(self, *, k: int | None = 100, pos: tuple[str, ...] | None = None) -> Table:
        """Words by frequency; None for all."""
        return describe.words(self, k, pos)

    def spellings(self, word: str) -> Table:
        """The dictionary forms that were counted as `word`."""
        return describe.spellings(self, word)

    def describe(self) -> dict[str, Any]:
        """Documents, words, columns and settings, as JSON can hold them."""
        return describe.describe(self)

    def add(
        self, sources: Any, *, encoding: str | None = None, threads: int | None = None
    ) -> LearnReport:
        """Add documents, analysed as those that are there; this object then shows them too."""
        remembered = {**self.state["reading"], "encoding": encoding}
        remembered["by"] = tuple(self.by)
        remembered["keep"] = tuple(remembered["keep"])
        report = build(
            self.storage,
            sources,
            reading=Reading(**remembered),
            words=self.settings,
            remove_missing=False,
            threads=threads,
        )
        self.refresh()
        store_impacts(self)
        return report

    def remove(self, *, where: dict[str, str] | None = None, source: str | None = None) -> int:
        """Take documents out; returns how many."""
        removed = remove(self.storage, self._where(where), source)
        self.refresh()
        return removed

    def refresh(self) -> None:
        """See what was added or removed since this object was made, here or elsewhere."""
        storage, report = self.storage, self.report
        self.__dict__.clear()
        StoredCollection.__init__(self, storage)
        self.report = report

    def _by(self, by: str | None) -> str:
        if by is not None:
            return self.require_field(by)
        if not self.by:
            raise BadInput(
                tr(
                    "The collection has no group column.",
                    "コレクションにグループの列がありません。",
                ),
                remedy=tr(
                    "Learn it again with --by COLUMN.",
                    "`bunsan learn --by 列名` で学習し直してください。",
                ),
                file=self.storage.location,
            )
        return self.by[0]

    def _where(self, where: dict[str, str] | None) -> dict[str, str] | None:
        for name in where or {}:
            self.require_field(name)
        return where

    def __str__(self) -> str:
        return describe.as_text(self)

    def __repr__(self) -> str:
        return f"<bunsan.Collection {self.storage.location!r}: {self.n_documents:,} documents>"

    def _repr_html_(self) -> str:
        return describe.as_html(self)


def learn(
    sources: Any,
    *,
    to: str | Path | Storage | None = None,
    text: str | None = None,
    by: Names = None,
    keep: Names = (),
    unit: str = "auto",
    encoding: str | None = None,
    format: str | None = None,
    sheet: str | int | None = None,
    on_bad: str = "skip",
    words: WordSettings | None = None,
    threads: int | None = None,
    label: str | None = None,
) -> Collection:
    """Learn a collection from files, folders, "-", a table (pandas, polars, Arrow) or a list of texts.

    Parameters
    ----------
    to : the folder to keep it in; a temporary one, deleted with the object, when left out.
    text, by : the text column and the group columns, guessed when left out; `by=()` for none.
    keep : further columns to keep.
    unit : what a document is in a txt file: "line", "paragraph", "file".
    on_bad : "skip" bad rows and report them, or "refuse" the input.
    words : how text is cut into words; see `bunsan.WordSettings`.

    Raises
    ------
    BadInput : the input cannot be used; the error names file, row and remedy.
    Interrupted : stopped by the person; the same call goes on where it stopped.
    """
    temporary = None
    if to is None:
        temporary = tempfile.TemporaryDirectory(suffix=".bunsan", ignore_cleanup_errors=True)
        to = temporary.name
    storage: Storage = Folder(to) if isinstance(to, (str, Path)) else to
    reading = Reading(
        text,
        None if by is None else _tuple(by),
        _tuple(keep),
        unit,
        encoding,
        format,
        sheet,
        on_bad,
    )
    report = build(
        storage,
        [str(s) if isinstance(s, Path) else s for s in sources]
        if isinstance(sources, list)
        else sources,
        reading=reading,
        words=WordSettings() if words is None else words,
        threads=threads,
        label=label,
    )
    collection = Collection(storage)
    collection.report = report
    store_impacts(collection)
    if temporary is not None:
        weakref.finalize(collection, temporary.cleanup)
    return collection


def open_collection(path: str | Path | Storage) -> Collection:
    """Open a collection made by `learn`.

    Raises
    ------
    Missing : there is none at this place.
    BadInput : it is damaged or of another version.
    """
    return Collection(Folder(path) if isinstance(path, (str, Path)) else path)


def demo(language: str = "ja", *, to: str | Path | None = None, seed: int = 0) -> Collection:
    """The demo collection: a small made-up world in Japanese ("ja") or English ("en")."""
    from bunsan.tasks.tour import learn_demo

    return learn_demo(language, to=to, seed=seed)


def _tuple(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())
