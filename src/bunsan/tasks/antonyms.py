"""The antonym fault of word vectors, measured: do opposites lie as near as words that mean the same?"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.collection.folder import Folder
from bunsan.collection.stored import StoredCollection
from bunsan.collection.vectors import open_kept
from bunsan.measure.accuracy import Accuracy
from bunsan.measure.auc import AUC, auc
from bunsan.tasks.lookup import look_up_sequence
from bunsan.tasks.table import TABLE_SUFFIXES, Table, percent
from bunsan.tasks.vectors import only_kept
from bunsan.text.pos import TAGS, pos_label
from bunsan.words.vectors.evaluate.antonyms import (
    PairLanguage,
    PairScores,
    Relation,
    listed_pairs,
    random_pairs,
    score_pairs,
)
from bunsan.words.vectors.evaluate.question_files import WordPair, read_word_pairs
from bunsan.words.vectors.files.dispatch import open_vectors
from bunsan.words.vectors.wordvectors import WordVectors

_TOP = 10  # a partner among so many neighbours counts as found
_FEWEST = 10  # pairs of each kind from which on something is said


@dataclass(frozen=True)
class AntonymFault:
    """How near antonyms lie, beside synonyms and pairs of random words of the same frequency.

    Attributes
    ----------
    synonyms, antonyms, random : cosines and ranks of the pairs of which both words have a vector.
    lists : where the synonyms and the antonyms come from.
    """

    synonyms: PairScores
    antonyms: PairScores
    random: PairScores
    lists: tuple[str, str]

    @cached_property
    def auc(self) -> AUC:
        """The chance that a synonym lies nearer than an antonym: 0.5 is the fault, 1 is none."""
        return auc(self.synonyms.cosines, self.antonyms.cosines)

    @cached_property
    def related(self) -> AUC:
        """The chance that an antonym lies nearer than a random pair: what the vectors do tell."""
        return auc(self.antonyms.cosines, self.random.cosines)

    @property
    def nearer(self) -> Accuracy:
        """The antonyms that lie nearer than the mean synonym."""
        cosines, skipped = self.antonyms.cosines, len(self.antonyms.skipped)
        mean = self.synonyms.cosines.mean() if len(self.synonyms.cosines) else math.nan
        return Accuracy(int((cosines > mean).sum()), len(cosines), skipped)

    @property
    def finding(self) -> str:
        """What was found, in a sentence or two."""
        n, m = len(self.antonyms.pairs), len(self.synonyms.pairs)
        if min(n, m) < _FEWEST:
            return tr(
                f"Only {n} pairs of antonyms and {m} of synonyms have vectors: too few to judge by.",
                f"ベクトルのある対義語は {n} 組、同義語は {m} 組だけで、判断できません。",
            )
        found, related, nearer = self.auc, self.related, self.nearer
        if related.low <= 0.5:
            return tr(
                "These vectors do not even tell antonyms from random pairs, so that of the fault nothing can be "
                f"said: antonyms are nearer in {_share_of(related)}.",
                f"対義語と無作為な語の組さえ区別できないベクトルで、欠点の有無は判断できません: 対義語のほうが近いのは {_share_of(related)}です。",
            )
        if found.low > 0.5:
            said = tr(
                "Synonyms lie nearer than antonyms more often than by chance",
                "同義語は対義語より、偶然以上に近くにあります",
            )
        elif found.high < 0.5:
            said = tr(
                "Antonyms lie even nearer than synonyms",
                "対義語のほうが、同義語よりもさらに近くにあります",
            )
        else:
            said = tr(
                "The vectors do not tell synonyms from antonyms",
                "同義語と対義語を区別できていません",
            )
        return tr(
            f"{said}: of two such pairs the synonyms are the nearer ones in {_share_of(found)}; chance "
            f"is 50 %. {nearer.right} of {nearer.asked} antonyms ({percent(nearer.share)}) are nearer than the "
            f"mean synonym. From random pairs antonyms are told in {_share_of(related)}.",
            f"{said}: 同義語の組のほうが近いのは、比べた組の {_share_of(found)}です(偶然なら 50%)。対義語 "
            f"{nearer.asked} 組のうち {nearer.right} 組({percent(nearer.share)})は、同義語の平均より近くにあります。"
            f"無作為な語の組とは {_share_of(related)}で区別できています。",
        )

    def table(self) -> Table:
        """A row for synonyms, antonyms and random pairs: how cosines and ranks are distributed."""
        columns: dict[str, list[Any]] = {
            "relation": [title for title, _ in self._parts()],
            "pairs": [len(scores.pairs) for _, scores in self._parts()],
            "skipped": [len(scores.skipped) for _, scores in self._parts()],
        }
        cosines = [scores.cosines for _, scores in self._parts()]
        columns["mean"] = [float(c.mean()) if len(c) else math.nan for c in cosines]
        for name, share in (("q25", 0.25), ("median", 0.5), ("q75", 0.75)):
            columns[name] = [float(np.quantile(c, share)) if len(c) else math.nan for c in cosines]
        ranks = [scores.ranks.ravel() for _, scores in self._parts()]
        columns["rank"] = [float(np.median(r)) if len(r) else math.nan for r in ranks]
        columns["top"] = [float((r <= _TOP).mean()) if len(r) else math.nan for r in ranks]
        titles = {
            "relation": tr("pairs of", "関係"),
            "pairs": tr("asked", "組"),
            "skipped": tr("left out", "未知語のある組"),
            "mean": tr("mean cosine", "コサイン平均"),
            "q25": tr("lower quartile", "第1四分位"),
            "median": tr("median", "中央値"),
            "q75": tr("upper quartile", "第3四分位"),
            "rank": tr("median rank", "順位の中央値"),
            "top": tr(f"in the {_TOP} nearest", f"上位 {_TOP} 語以内"),
        }
        return Table(columns, titles, self.finding)

    def by_kind(self) -> Table:
        """The area under the curve, over all pairs and for each part of speech."""
        kinds = list(dict.fromkeys(pair.kind for pair in self.antonyms.pairs if pair.kind))
        columns: dict[str, list[Any]] = {
            name: [] for name in ("pos", "synonyms", "antonyms", "auc", "low", "high", "nearer")
        }
        for kind in ("", *kinds):
            s, a = (
                scores.cosines[[not kind or pair.kind == kind for pair in scores.pairs]]
                for scores in (self.synonyms, self.antonyms)
            )
            found = auc(s, a)
            share = float((a > s.mean()).mean()) if len(a) and len(s) else math.nan
            label = tr("all", "全体") if not kind else pos_label(kind) if kind in TAGS else kind
            row = (label, len(s), len(a), found.estimate, found.low, found.high, share)
            for name, value in zip(columns, row, strict=True):
                columns[name].append(value)
        titles = {
            "pos": tr("part of speech", "品詞"),
            "synonyms": tr("synonyms", "同義語"),
            "antonyms": tr("antonyms", "対義語"),
            "auc": "AUC",
            "low": tr("low (95%)", "下限(95%)"),
            "high": tr("high (95%)", "上限(95%)"),
            "nearer": tr("antonyms nearer than the mean synonym", "同義語の平均より近い対義語"),
        }
        return Table(columns, titles)

    def rows(self) -> Table:
        """Every pair behind the numbers, the nearest first; those that could not be asked last."""
        found: list[tuple[Any, ...]] = []
        for title, scores in self._parts():
            for i in np.argsort(-scores.cosines, kind="stable").tolist():
                pair, ranks = scores.pairs[i], scores.ranks[i].tolist()
                found.append((title, pair.a, pair.b, pair.kind, float(scores.cosines[i]), *ranks))
            found += [(title, p.a, p.b, p.kind, None, None, None) for p in scores.skipped]
        names = ("relation", "a", "b", "pos", "cosine", "rank_b", "rank_a")
        columns = {name: [row[i] for row in found] for i, name in enumerate(names)}
        titles = {
            "relation": tr("pairs of", "関係"),
            "a": tr("word", "語"),
            "b": tr("partner", "相手"),
            "pos": tr("part of speech", "品詞"),
            "cosine": tr("cosine", "コサイン"),
            "rank_b": tr("partner's rank", "相手の順位"),
            "rank_a": tr("word's rank for the partner", "相手から見た順位"),
        }
        return Table(columns, titles)

    def facts(self) -> dict[str, Any]:
        """The findings as JSON can hold them."""
        return {
            "finding": self.finding,
            "lists": list(self.lists),
            "auc": {"estimate": self.auc.estimate, "low": self.auc.low, "high": self.auc.high},
            "auc_antonyms_random": self.related.estimate,
            "nearer": self.nearer.share,
            "by_pos": self.by_kind().to_rows(),
        }

    def save(self, path: str | Path) -> None:
        """Draw all pairs (.html .png .svg .pdf) or list them (.csv .xlsx ...)."""
        path = Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            self.rows().save(path)
            return
        from bunsan.figures.strips import Strip, draw_strips  # loads matplotlib or plotly

        strips = [
            Strip(
                title,
                [f"{pair.a} – {pair.b}" for pair in scores.pairs],
                scores.cosines.tolist(),
                [_ranks_said(scores, i) for i in range(len(scores.pairs))],
                named=scores is not self.random,
            )
            for title, scores in self._parts()
            if scores.pairs
        ]
        if not strips:
            raise BadInput(
                self.finding,
                remedy=tr("Give lists of your own.", "対義語と同義語の表を指定してください。"),
            )
        draw_strips(
            strips,
            path,
            axis=tr("cosine", "コサイン"),
            title=tr("How near antonyms lie", "対義語はどれほど近いか"),
            note=self.finding,
        )

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _parts(self) -> list[tuple[str, PairScores]]:
        return [
            (tr("synonyms", "同義語"), self.synonyms),
            (tr("antonyms", "対義語"), self.antonyms),
            (tr("random words", "無作為な語"), self.random),
        ]


def antonyms(
    vectors: WordVectors,
    *,
    antonyms: str | Path | None = None,
    synonyms: str | Path | None = None,
    language: str | None = None,
    seed: int = 0,
    label: Callable[[str], str] | None = None,
) -> AntonymFault:
    """How near antonyms lie, beside synonyms and random pairs.

    Parameters
    ----------
    antonyms, synonyms : files of pairs (two words and, if wanted, a part of speech in a line) in
        place of bunsan's own, which are 88 of each in Japanese and in English.
    language : "ja" or "en", which of bunsan's lists; None takes those that more words are known of.
    seed : of the random pairs, whose words are about as frequent as those of the others.
    label : the name under which the vectors know a word.

    Raises
    ------
    BadInput : a file is not of its form; names the line. Missing : there is no such file.
    """
    if language is not None and language not in ("ja", "en"):
        raise BadInput(
            tr(f"There are no lists in {language!r}.", f"{language!r} の表はありません。"),
            remedy=tr("Use ja or en.", "ja か en を指定してください。"),
        )

    def spelled(pairs: list[WordPair] | tuple[WordPair, ...]) -> list[WordPair]:
        if label is None:
            return list(pairs)
        named = [WordPair(label(p.a), label(p.b), p.kind) for p in pairs]
        return [p if q.a == q.b else q for p, q in zip(pairs, named, strict=True)]

    def listed(code: PairLanguage, relation: Relation) -> list[WordPair]:
        return spelled(listed_pairs(code, relation))

    def known(code: PairLanguage) -> int:
        words = [w for p in listed(code, "antonyms") + listed(code, "synonyms") for w in (p.a, p.b)]
        return int((vectors.words.rows(words) >= 0).sum())

    code: PairLanguage = "ja"
    if language == "en" or (language is None and known("en") > known("ja")):
        code = "en"
    given = {"synonyms": synonyms, "antonyms": antonyms}
    scores: dict[str, PairScores] = {}
    for relation in ("synonyms", "antonyms"):
        path = given[relation]
        pairs = listed(code, relation) if path is None else spelled(read_word_pairs(path))
        scores[relation] = score_pairs(vectors, pairs)
    asked = [*scores["synonyms"].pairs, *scores["antonyms"].pairs]
    chance = score_pairs(vectors, random_pairs(vectors, asked, seed))
    names = [f"bunsan ({code})" if given[r] is None else str(given[r]) for r in given]
    return AntonymFault(scores["synonyms"], scores["antonyms"], chance, (names[0], names[1]))


def antonyms_in(
    collection: StoredCollection, name: str = "word2vec", **options: Any
) -> AntonymFault:
    """`antonyms` for the vectors a collection keeps, words being found in any spelling it knows."""
    vectors = open_kept(collection, name)

    @cache
    def label(word: str) -> str:
        if word in vectors:
            return word
        found = look_up_sequence(collection, word)
        return collection.vocabulary.label(found[0][0]) if len(found) == 1 and found[0] else word

    return antonyms(vectors, label=label, **options)


def antonyms_at(path: str | Path, name: str | None = None, **options: Any) -> AntonymFault:
    """`antonyms` for a file of vectors, or for those a collection keeps under a name."""
    if not Path(path).is_dir():
        return antonyms(open_vectors(path), **options)
    collection = StoredCollection(Folder(path))
    return antonyms_in(collection, only_kept(collection, name), **options)


def _share_of(found: AUC) -> str:
    low, high, share = (percent(value) for value in (found.low, found.high, found.estimate))
    return tr(
        f"{share} of cases (95 % interval {low} – {high})",
        f"{share}(95% 区間 {low}〜{high})",
    )


def _ranks_said(scores: PairScores, i: int) -> str:
    a, b = scores.ranks[i].tolist()
    pair = scores.pairs[i]
    return tr(
        f"{pair.b} is no. {a:,} among the neighbours of {pair.a}, {pair.a} no. {b:,} among those of {pair.b}",
        f"{pair.b} は {pair.a} の近傍の {a:,} 位、{pair.a} は {pair.b} の近傍の {b:,} 位",
    )
