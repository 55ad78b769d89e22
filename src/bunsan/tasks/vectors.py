"""Word vectors at work: nearest words, arithmetic, the odd one out, scores, a map of words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.folder import Folder
from bunsan.collection.stored import StoredCollection
from bunsan.collection.vectors import kept_vectors, open_kept
from bunsan.measure.accuracy import Accuracy
from bunsan.tasks.lookup import look_up, split_sum
from bunsan.tasks.table import TABLE_SUFFIXES, Table
from bunsan.words.vectors.arithmetic import Method
from bunsan.words.vectors.evaluate.analogies import score_analogies
from bunsan.words.vectors.evaluate.question_files import read_analogies, read_pairs, read_synonyms
from bunsan.words.vectors.evaluate.similarity import score_similarity
from bunsan.words.vectors.evaluate.synonyms import score_synonyms
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.neighbours import Neighbours
from bunsan.words.vectors.projection import ProjectionMethod
from bunsan.words.vectors.wordvectors import WordVectors

_NEIGHBOURS = 10


def vectors_at(
    path: str | Path,
    name: str | None = None,
    *,
    limit: int | None = None,
    encoding: str | None = None,
) -> WordVectors:
    """The vectors of a file in any known format, or those a collection keeps under a name.

    Parameters
    ----------
    name : which of a collection's; None takes the only ones there are, or word2vec's; "counts" are made
        of its co-occurrences.
    limit, encoding : of a file; see `open_vectors`.
    """
    if not Path(path).is_dir():
        return open_vectors(path, limit=limit, encoding=encoding)
    collection = StoredCollection(Folder(path))
    if name == "counts":
        from bunsan.tasks.counted import counted_vectors

        return counted_vectors(collection)
    return open_kept(collection, only_kept(collection, name))


def only_kept(collection: StoredCollection, name: str | None) -> str:
    """`name`, or where it is None that of the only vectors there are, or word2vec."""
    if name is not None:
        return name
    names = list(kept_vectors(collection))
    return names[0] if len(names) == 1 else "word2vec"


def vector_path(path: str | Path) -> Path:
    """A name without an ending gets that of bunsan's own format."""
    path = Path(path)
    return path if path.suffix else path.with_name(path.name + ".safetensors")


def convert(vectors: WordVectors, path: str | Path, storage: str | None = None) -> Path:
    """Save vectors in the format that the name's ending says; returns where they are.

    Raises
    ------
    BadInput : there is no such format or storage, or the format cannot hold a word.
    """
    if storage not in (None, "float32", "float16", "int8"):
        raise BadInput(
            tr(f"There is no storage {storage!r}.", f"{storage!r} という格納形式はありません。"),
            remedy=tr(
                "Use float32, float16 or int8.", "float32、float16、int8 から選んでください。"
            ),
        )
    target = vector_path(path)
    save_vectors(vectors, target, storage=storage)  # type: ignore[arg-type]  # checked above
    return target


def described(vectors: WordVectors) -> dict[str, Any]:
    """Words, dimensions, how they were made, what was odd in their file, as JSON can hold it."""
    facts: dict[str, Any] = {
        "words": len(vectors),
        "dim": vectors.dim,
        "storage": vectors.matrix.storage,
        "first": list(vectors.words[:10]),
    }
    if vectors.counts is not None:
        facts["tokens"] = int(vectors.counts.sum())
    if vectors.subwords is not None:
        facts["ngrams"] = f"{vectors.subwords.minn}-{vectors.subwords.maxn}"
    facts["first"] = " ".join(facts["first"])
    facts |= {key: value for key, value in vectors.about.items() if key not in facts}
    if isinstance(facts.get("settings"), dict):
        given = facts["settings"].items()
        facts["settings"] = " ".join(f"{key}={value}" for key, value in given if value is not None)
    if isinstance(facts.get("losses"), list):
        facts["losses"] = " ".join(f"{loss:.3f}" for loss in facts["losses"])
    facts["odd"] = [str(note) for note in vectors.account]
    return facts


@dataclass(frozen=True)
class Nearest:
    """The words nearest to a word or to a sum of words."""

    plus: list[str]
    minus: list[str]
    found: Neighbours
    frequencies: list[int] | None = None

    def table(self) -> Table:
        """One row a word, the nearest first."""
        columns: dict[str, list[Any]] = {"word": self.found.words}
        if self.frequencies is not None:
            columns["frequency"] = self.frequencies
        columns["similarity"] = self.found.scores.tolist()
        titles = {
            "word": tr("word", "語"),
            "frequency": tr("frequency", "出現数"),
            "similarity": tr("similarity", "類似度"),
        }
        return Table(columns, titles)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def nearest(
    vectors: WordVectors,
    typed: str,
    *,
    k: int = 15,
    method: Method = "3cosadd",
    restrict: int | None = None,
    approximate: bool | None = None,
) -> Nearest:
    """The k words nearest to a word, or to a sum such as "王 - 男 + 女".

    Parameters
    ----------
    method : of arithmetic, "3cosadd" or "3cosmul". restrict : only among the first so many words.
    approximate : see `WordVectors.nearest`.
    """
    if method not in ("3cosadd", "3cosmul"):
        raise BadInput(
            tr(
                f"There is no method {method!r} of arithmetic.", f"計算法 {method!r} はありません。"
            ),
            remedy=tr("Use 3cosadd or 3cosmul.", "3cosadd か 3cosmul を指定してください。"),
        )
    plus, minus = ([typed.strip()], []) if typed.strip() in vectors else split_sum(typed)
    if len(plus) == 1 and not minus:
        found = vectors.nearest(plus[0], k, restrict=restrict, approximate=approximate)
    else:
        found = vectors.analogy(plus, minus, k, method=method, restrict=restrict)
    counts = vectors.counts
    return Nearest(plus, minus, found, None if counts is None else counts[found.rows].tolist())


def nearest_in(
    collection: StoredCollection, typed: str, name: str = "word2vec", **options: Any
) -> Nearest:
    """`nearest` among the vectors a collection keeps, for words in any spelling it knows."""
    vectors = open_kept(collection, name)
    plus, minus = ([typed.strip()], []) if typed.strip() in vectors else split_sum(typed)
    terms = [("+", word) for word in plus] + [("-", word) for word in minus]
    named = [
        f"{sign} {word if word in vectors else look_up(collection, word).label}"
        for sign, word in terms
    ]
    return nearest(vectors, " ".join(named), **options)


@dataclass(frozen=True)
class Evaluation:
    """Scores of vectors: a row for each set of questions, and for each section of analogies."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: [] for name in
            ("kind", "set", "section", "score", "low", "high", "asked", "skipped", "chance")
        }
    )  # fmt: skip

    def table(self, sections: bool = True) -> Table:
        """The scores; `sections=False` leaves out all but totals."""
        titles = {
            "kind": tr("kind", "種別"),
            "set": tr("set", "問題集"),
            "section": tr("section", "区分"),
            "score": tr("score", "得点"),
            "low": tr("low (95%)", "下限(95%)"),
            "high": tr("high (95%)", "上限(95%)"),
            "asked": tr("asked", "出題数"),
            "skipped": tr("left out", "未知語"),
            "chance": tr("by chance", "偶然"),
        }
        keep = [
            i
            for i, section in enumerate(self.columns["section"])
            if sections or section in ("", "total", "semantic", "syntactic")
        ]
        columns = {name: [values[i] for i in keep] for name, values in self.columns.items()}
        note = tr(
            "Analogies and synonyms: share of right answers; similarity: Spearman's rank correlation "
            "with people's judgements.",
            "analogy・synonym: 正答率、similarity: 人の評定との順位相関(Spearman)。",
        )
        return Table(columns, titles, note)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _add(self, kind: str, name: str, section: str, *rest: Any) -> None:
        for column, value in zip(self.columns, (kind, name, section, *rest), strict=True):
            self.columns[column].append(value)

    def _add_accuracy(
        self, kind: str, name: str, section: str, accuracy: Accuracy, chance: float | None = None
    ) -> None:
        low, high = accuracy.interval()
        counted = (accuracy.asked, accuracy.skipped)
        self._add(kind, name, section, accuracy.share, low, high, *counted, chance)


def evaluate(
    vectors: WordVectors,
    *,
    analogies: Sequence[str | Path] = (),
    similarity: Sequence[str | Path] = (),
    synonyms: Sequence[str | Path] = (),
    method: Method = "3cosadd",
    restrict: int | None = 30_000,
    lower: bool = False,
    unseen: bool = False,
    column: str | None = None,
    per_relation: int | None = 1000,
    seed: int = 0,
) -> Evaluation:
    """Score vectors on sets of questions.

    Parameters
    ----------
    analogies : files with sections of "a b c d" lines (": name" begins a section), or tables
        "relation, x, y", of which `per_relation` pairs of rows are drawn (None: all).
    similarity : tables of two words and a score in the last column (or in `column`).
    synonyms : tables of a word, its synonym and other choices.
    restrict : analogies are asked about and answered with the first so many words.
    lower : questions in lower case. unseen : n-grams may give vectors to unknown words.

    Raises
    ------
    BadInput : a file is not of its form; names the line.
    """
    found = Evaluation()
    for path in analogies:
        sections = read_analogies(path, per_relation=per_relation, seed=seed)
        scores = score_analogies(vectors, sections, method=method, restrict=restrict, lower=lower)
        name = Path(path).name
        for section, accuracy in [*scores.sections, *scores.groups, ("total", scores.total)]:
            found._add_accuracy("analogy", name, section, accuracy)
    for path in similarity:
        pairs = score_similarity(vectors, read_pairs(path, column), lower=lower, unseen=unseen)
        rho = pairs.spearman
        counted = (rho.pairs, pairs.skipped, None)
        found._add(
            "similarity", Path(path).name, "", rho.estimate, rho.low, rho.high, *counted
        )  # fmt: skip
    for path in synonyms:
        chosen = score_synonyms(vectors, read_synonyms(path), lower=lower, unseen=unseen)
        found._add_accuracy("synonym", Path(path).name, "", chosen.accuracy, chosen.chance)
    return found


@dataclass(frozen=True)
class Projection:
    """Words on a plane."""

    words: list[str]
    places: NDArray[np.float64]
    method: str
    frequencies: list[int] | None
    _vectors: WordVectors = field(repr=False)

    def table(self) -> Table:
        """One row a word."""
        columns: dict[str, list[Any]] = {
            "word": self.words,
            "x": self.places[:, 0].tolist(),
            "y": self.places[:, 1].tolist(),
        }
        if self.frequencies is not None:
            columns["frequency"] = self.frequencies
        titles = {"word": tr("word", "語"), "frequency": tr("frequency", "出現数")}
        return Table(columns, titles)

    def save(self, path: str | Path) -> None:
        """Draw (.html .png .svg .pdf) or list (.csv .xlsx ...)."""
        path = Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            self.table().save(path)
            return
        from bunsan.figures.words import draw_words  # loads matplotlib or plotly

        neighbours: list[list[tuple[int, float]]] = []
        if path.suffix.lower() == ".html":
            among = self._vectors.select(self.words)
            place = {word: i for i, word in enumerate(self.words)}
            neighbours = [
                [(place[word], score) for word, score in near]
                for near in among.nearest_many(self.words, _NEIGHBOURS)
            ]
        shown = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}[self.method]
        draw_words(
            self.words,
            self.places,
            path,
            frequencies=self.frequencies,
            neighbours=neighbours,
            title=tr(f"Words by {shown}", f"語の地図({shown})"),
        )

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def project(
    vectors: WordVectors,
    words: Sequence[str] = (),
    *,
    near: str | None = None,
    most: int = 300,
    method: str = "pca",
    seed: int = 0,
) -> Projection:
    """Words on a plane, so that words alike lie together.

    Parameters
    ----------
    words : which; none takes the first `most`, or with `near` the `most` nearest to that word.
    method : "pca", "tsne" or "umap"; see `bunsan.words.vectors.projection`.
    """
    if method not in ("pca", "tsne", "umap"):
        raise BadInput(
            tr(f"There is no projection {method!r}.", f"{method!r} という射影法はありません。"),
            remedy=tr("Use pca, tsne or umap.", "pca、tsne、umap から選んでください。"),
        )
    chosen = list(dict.fromkeys(words))
    if not chosen and near is not None:
        chosen = [near, *vectors.nearest(near, most - 1).words]
    if not chosen:
        chosen = list(vectors.head(most))
    some = vectors.select(chosen)
    frequencies = None if some.counts is None else some.counts.tolist()
    return Projection(
        chosen,
        some.project(chosen, cast(ProjectionMethod, method), seed=seed),
        method,
        frequencies,
        vectors,
    )
