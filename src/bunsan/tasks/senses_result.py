"""What dividing the occurrences of a word gave."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr
from bunsan.tasks.occurrences import Occurrences
from bunsan.tasks.passages import Passage
from bunsan.tasks.table import TABLE_SUFFIXES, Table, percent
from bunsan.words.vectors.clustering import Chosen
from bunsan.words.vectors.contexts import Contexts
from bunsan.words.vectors.neighbours import Neighbours

_AROUND = 90  # characters of a long sentence kept on each side of the word


@dataclass(frozen=True)
class Senses:
    """The occurrences of a word in groups of like contexts, and where its one vector lies among them.

    Attributes
    ----------
    word : as asked. total : its occurrences; `labels` is for those that were looked at.
    labels : int64[n], the group of each, from 0, the largest first; -1 where no word around is known.
    chosen : the groups and why there are so many.
    shares : float64[k]. cosines : float64[k], of the word's one vector with the mean context of each.
    nearest : for each group the words nearest to it.
    near_word : the neighbours of the word's one vector. split : int64, the group of each of these.
    """

    word: str
    total: int
    labels: NDArray[np.int64]
    chosen: Chosen
    shares: NDArray[np.float64]
    cosines: NDArray[np.float64]
    nearest: list[Neighbours]
    near_word: Neighbours
    split: NDArray[np.int64]
    purity: tuple[float, float] | None = None
    _contexts: Contexts = field(repr=False, kw_only=True)
    _occurrences: Occurrences = field(repr=False, kw_only=True)
    _own: NDArray[np.float32] = field(repr=False, kw_only=True)

    @property
    def k(self) -> int:
        """The number of groups."""
        return len(self.shares)

    @property
    def finding(self) -> str:
        """What was found, in a few sentences."""
        used = int((self.labels >= 0).sum())
        n, m = f"{used:,}", f"{used:,} 件"
        if used < self.total:
            n, m = f"{used:,} (of {self.total:,})", f"{used:,} 件(全 {self.total:,} 件中)"
        parts = tr(", ", "、").join(percent(share) for share in self.shares)
        if self.k == 1:
            return tr(
                f"The {n} contexts of {self.word} do not fall into groups: no split is better than "
                f"contexts without groups would give{self._silhouette()}.",
                f"「{self.word}」の文脈 {m}は分かれません。どう分けても、群のない文脈を分けた場合と変わりません{self._silhouette()}。",
            )
        closest = int(self.cosines.argmax())
        others = tr(", ", "、").join(
            f"{c:.2f}" for g, c in enumerate(self.cosines) if g != closest
        )  # fmt: skip
        inside = int((self.split == closest).sum())
        said = tr(
            f"The {n} contexts of {self.word} fall into {self.k} groups ({parts}){self._silhouette()}. Its one "
            f"vector lies nearest to group {closest + 1} (cosine {self.cosines[closest]:.2f}; the others "
            f"{others}), and {inside} of its {len(self.split)} nearest words belong there.",
            f"「{self.word}」の文脈 {m}は {self.k} 群に分かれます({parts}){self._silhouette()}。一つしかないベクトルは第 "
            f"{closest + 1} 群に最も近く(コサイン {self.cosines[closest]:.2f}、ほかは {others})、近い語 {len(self.split)} 語のうち "
            f"{inside} 語がそこに属します。",
        )
        if self.purity is not None:
            found, chance = self.purity
            said += tr(
                f" The groups tell the words apart in {percent(found)} of the contexts (one group: {percent(chance)}).",
                f"群だけで、元の語を {percent(found)} 当てられます(分けなければ {percent(chance)})。",
            )
        return said

    def table(self) -> Table:
        """A row for each group: its share, its words, how near the one vector lies, an example."""
        counts = np.bincount(self.labels[self.labels >= 0], minlength=self.k)
        inside = np.bincount(self.split, minlength=self.k)
        examples = [found[0].marked() if found else "" for found in self.typical(1)]
        columns: dict[str, list[Any]] = {
            "word": [self.word] * self.k,
            "sense": list(range(1, self.k + 1)),
            "occurrences": counts.tolist(),
            "share": self.shares.tolist(),
            "cosine": self.cosines.tolist(),
            "neighbours": inside.tolist(),
            "nearest": [" ".join(near.words) for near in self.nearest],
            "example": [text.replace("\n", " ") for text in examples],
        }
        titles = {
            "word": tr("word", "語"),
            "sense": tr("group", "群"),
            "occurrences": tr("occurrences", "出現数"),
            "share": tr("share", "割合"),
            "cosine": tr("cosine with the one vector", "一つのベクトルとのコサイン"),
            "neighbours": tr("of its nearest words", "近い語のうち"),
            "nearest": tr("words nearest to the group", "群に近い語"),
            "example": tr("typical", "典型例"),
        }
        return Table(columns, titles, self.finding)

    def neighbours(self) -> Table:
        """The words nearest to the one vector, each with the group it belongs to."""
        columns: dict[str, list[Any]] = {
            "of": [self.word] * len(self.near_word),
            "word": self.near_word.words,
            "similarity": self.near_word.scores.tolist(),
            "sense": (self.split + 1).tolist(),
        }
        titles = {
            "of": tr("asked", "元の語"),
            "word": tr("word", "語"),
            "similarity": tr("similarity", "類似度"),
            "sense": tr("group", "群"),
        }
        return Table(columns, titles)

    def silhouettes(self) -> Table:
        """The mean silhouette by number of groups, which decides how many there are."""
        scores = self.chosen.silhouettes
        columns: dict[str, list[Any]] = {
            "groups": list(scores),
            "silhouette": list(scores.values()),
        }
        titles = {"groups": tr("groups", "群の数"), "silhouette": tr("silhouette", "シルエット")}
        return Table(columns, titles)

    def typical(self, each: int = 5) -> list[list[Passage]]:
        """For each group the sentences whose contexts lie nearest to its middle."""
        found: list[list[Passage]] = []
        for order in self._order:
            # Works come in several editions: a sentence is shown once.
            passages = {p.text: p for p in reversed(self._passages(order[: 4 * each]))}
            found.append(list(passages.values())[::-1][:each])
        return found

    def rows(self, each: int = 5) -> list[Passage]:
        """The most typical sentences of each group, with its number in the field "sense"."""
        return [passage for group in self.typical(each) for passage in group]

    def facts(self) -> dict[str, Any]:
        """The findings as JSON can hold them."""
        chance = self.chosen.chance
        found: dict[str, Any] = {
            "word": self.word,
            "finding": self.finding,
            "total": self.total,
            "used": int((self.labels >= 0).sum()),
            "silhouettes": {str(k): score for k, score in self.chosen.silhouettes.items()},
            "silhouette_without_groups": None if math.isnan(chance) else chance,
            "neighbours": self.neighbours().to_rows(),
        }
        if self.purity is not None:
            found["purity"], found["purity_of_one_group"] = self.purity
        return found

    def save(self, path: str | Path, method: str = "pca", *, seed: int = 0) -> None:
        """Draw the contexts on a plane (.html .png .svg .pdf) or list the groups (.csv .xlsx ...).

        Parameters
        ----------
        method : "pca", "tsne" or "umap"; see `bunsan.words.vectors.projection`.
        """
        path = Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            self.table().save(path)
            return
        from bunsan.tasks.senses_figure import draw  # loads matplotlib or plotly

        draw(self, path, method, seed)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    @cached_property
    def _order(self) -> list[list[int]]:
        """The occurrences of each group, the most typical first."""
        fit = np.full(len(self.labels), -np.inf)
        known = np.flatnonzero(self.labels >= 0)
        centroids = self.chosen.grouping.centroids[self.labels[known]]
        fit[known] = (self._contexts.units[known] * centroids).sum(axis=1)
        order = np.argsort(-fit, kind="stable")
        return [order[self.labels[order] == group].tolist() for group in range(self.k)]

    def _passages(self, places: Sequence[int]) -> list[Passage]:
        found = self._occurrences.passages(places)
        return [
            replace(_short(passage), fields=self._named(i, passage))
            for i, passage in zip(places, found, strict=True)
        ]

    def _named(self, i: int, passage: Passage) -> dict[str, str | None]:
        sense = {"sense": str(self.labels[i] + 1)}
        return sense | {name: value for name, value in passage.fields.items() if name != "sense"}

    def _silhouette(self) -> str:
        scores = self.chosen.silhouettes
        if not scores:
            return ""
        best, chance = max(scores.values()), self.chosen.chance
        return tr(
            f" (silhouette {best:.3f}; without groups at most {chance:.3f})",
            f"(シルエット {best:.3f}、群がなければ最大 {chance:.3f})",
        )


def _short(passage: Passage) -> Passage:
    """A long sentence cut down to what stands around the word."""
    (a, b), text = passage.marks[0], passage.text
    begin, end = max(0, a - _AROUND), min(len(text), b + _AROUND)
    head, tail = "…" * (begin > 0), "…" * (end < len(text))
    shift = len(head) - begin
    return replace(passage, text=head + text[begin:end] + tail, marks=[(a + shift, b + shift)])
