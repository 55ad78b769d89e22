"""Scores of word vectors against the same worked out plainly."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from vectors_help import small_vectors

from bunsan.measure.accuracy import Accuracy
from bunsan.words.vectors.evaluate.analogies import score_analogies
from bunsan.words.vectors.evaluate.question_files import (
    Analogy,
    AnalogySection,
    ScoredPair,
    SynonymQuestion,
    read_analogies,
    read_pairs,
)
from bunsan.words.vectors.evaluate.similarity import score_similarity
from bunsan.words.vectors.evaluate.synonyms import score_synonyms
from bunsan.words.vectors.wordvectors import WordVectors


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
@pytest.mark.parametrize("restrict", [None, 25])
def test_analogies_one_by_one(method: str, restrict: int | None) -> None:
    vectors = small_vectors(40, 4)
    rng = np.random.default_rng(1)
    words = [*vectors.words, "nowhere"]
    sections = [
        AnalogySection(
            name,
            [
                Analogy(words[a], words[b], words[c], (words[d], words[e]))
                for a, b, c, d, e in rng.integers(0, 41, (400, 5)).tolist()
            ],
        )
        for name in ("capitals", "gram1")
    ]
    scores = score_analogies(vectors, sections, method=method, restrict=restrict)  # type: ignore[arg-type]
    known = set(vectors.words[: restrict or 40])
    for section, (name, accuracy) in zip(sections, scores.sections, strict=True):
        right = asked = 0
        for q in section.questions:
            if {q.a, q.b, q.c} <= known and known & set(q.answers):
                found = vectors.analogy([q.b, q.c], [q.a], 1, method=method, restrict=restrict)  # type: ignore[arg-type]
                asked += 1
                right += found.words[0] in known & set(q.answers)
        assert name == section.name
        assert accuracy == Accuracy(right, asked, 400 - asked)
        assert right > 0
    assert scores.total.asked == sum(accuracy.asked for _, accuracy in scores.sections)
    assert [name for name, _ in scores.groups] == ["semantic", "syntactic"]
    assert scores.groups[1][1] == scores.sections[1][1]
    assert scores.restrict == (restrict or 40)


def test_lower_case() -> None:
    vectors = WordVectors(["a", "b", "c", "d"], [[1, 0], [0, 1], [1, 0.1], [0.1, 1]])
    sections = [AnalogySection("x", [Analogy("A", "B", "C", ("D",))])]
    assert score_analogies(vectors, sections).total == Accuracy(0, 0, 1)
    scores = score_analogies(vectors, sections, lower=True)
    assert scores.total == Accuracy(1, 1, 0)
    assert scores.groups == []
    pairs = [ScoredPair("A", "B", 1.0), ScoredPair("A", "C", 5.0)]
    assert score_similarity(vectors, pairs).unknown == ["A", "B", "C"]
    assert score_similarity(vectors, pairs, lower=True).spearman.estimate == 1
    question = [SynonymQuestion("A", ("C", "B"))]
    assert score_synonyms(vectors, question).accuracy == Accuracy(0, 0, 1)
    assert score_synonyms(vectors, question, lower=True).accuracy == Accuracy(1, 1, 0)


def test_similarity_as_scipy() -> None:
    vectors = small_vectors(30, 6, ngrams=True)
    rng = np.random.default_rng(2)
    words = [*vectors.words, "日本人", "</s>"]
    # No word with itself: that such cosines are equal is a matter of the last digit.
    places = [rng.choice(32, 2, replace=False).tolist() for _ in range(80)]
    pairs = [ScoredPair(words[a], words[b], float(rng.integers(0, 5))) for a, b in places]
    for unseen in (False, True):
        scores = score_similarity(vectors, pairs, unseen=unseen)
        known = set(words[: 31 if unseen else 30])
        used = [pair for pair in pairs if {pair.a, pair.b} <= known]
        cosines = [vectors.similarity(pair.a, pair.b) for pair in used]
        people = [pair.score for pair in used]
        assert scores.spearman.estimate == pytest.approx(spearmanr(cosines, people)[0], abs=1e-9)
        assert scores.pearson.estimate == pytest.approx(pearsonr(cosines, people)[0], abs=1e-6)
        assert scores.spearman.pairs == len(used)
        assert scores.skipped == 80 - len(used)
        assert scores.coverage == pytest.approx(len(used) / 80)
        assert set(scores.unknown) == {word for p in pairs for word in (p.a, p.b)} - known


def test_nothing_known() -> None:
    scores = score_similarity(small_vectors(), [ScoredPair("x", "y", 1.0)])
    assert np.isnan(scores.spearman.estimate)
    assert scores.coverage == 0
    synonyms = score_synonyms(small_vectors(), [SynonymQuestion("x", ("y", "z"))])
    assert synonyms.accuracy == Accuracy(0, 0, 1)
    assert np.isnan(synonyms.chance)


def test_synonyms() -> None:
    vectors = WordVectors(["w", "near", "far", "same"], [[1, 0], [1, 0.2], [0, 1], [1, 0.2]])
    questions = [
        SynonymQuestion("w", ("near", "far", "nowhere")),  # right, of two known choices
        SynonymQuestion("w", ("far", "near", "same")),  # wrong, of three
        SynonymQuestion("w", ("near", "same")),  # a tie is wrong
        SynonymQuestion("w", ("nowhere", "near")),  # the answer is unknown
        SynonymQuestion("w", ("near", "nowhere")),  # nothing to choose from
    ]
    scores = score_synonyms(vectors, questions)
    assert scores.accuracy == Accuracy(1, 3, 2)
    assert scores.chance == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 3)


def test_analogies_as_gensim(tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="another scorer is not installed")
    rng = np.random.default_rng(3)
    base = rng.standard_normal((40, 8))
    other = base + rng.standard_normal(8) + 0.5 * rng.standard_normal((40, 8))
    words = [f"{side}{i}" for i in range(40) for side in "xy"]
    vectors = WordVectors(words, np.stack([base, other], axis=1).reshape(80, 8))
    lines = [": gram1"]
    for i, j in rng.integers(0, 45, (300, 2)).tolist():  # some words are unknown
        if i != j:
            lines.append(f"x{i} y{i} x{j} y{j}")
    path = tmp_path / "questions"
    path.write_text("\n".join(lines), encoding="utf-8")
    keyed = models.KeyedVectors(8)
    keyed.add_vectors(words, vectors.matrix.values)
    for restrict in (80, 50):
        _, sections = keyed.evaluate_word_analogies(
            str(path), restrict_vocab=restrict, case_insensitive=False
        )
        scores = score_analogies(vectors, read_analogies(path), restrict=restrict)
        right, wrong = (len(sections[0][name]) for name in ("correct", "incorrect"))
        assert scores.total == Accuracy(right, right + wrong, len(lines) - 1 - right - wrong)
        assert 0 < right < right + wrong


def test_similarity_as_gensim(tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="another scorer is not installed")
    rng = np.random.default_rng(4)
    vectors = small_vectors(40, 6)
    places = [rng.choice(40, 2, replace=False) for _ in range(100)]
    lines = [
        f"{vectors.words[int(a)]}\t{vectors.words[int(b)]}\t{rng.integers(9)}" for a, b in places
    ]
    path = tmp_path / "pairs"
    path.write_text("\n".join([*lines, "nowhere\t日本\t3"]), encoding="utf-8")
    keyed = models.KeyedVectors(6)
    keyed.add_vectors(list(vectors.words), vectors.matrix.values)
    pearson, spearman, unknown = keyed.evaluate_word_pairs(str(path), case_insensitive=False)
    scores = score_similarity(vectors, read_pairs(path))
    assert scores.pearson.estimate == pytest.approx(pearson[0], abs=1e-5)
    assert scores.spearman.estimate == pytest.approx(spearman[0], abs=1e-9)
    assert 1 - scores.coverage == pytest.approx(unknown / 100)
