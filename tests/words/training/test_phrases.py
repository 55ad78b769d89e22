"""Phrases against gensim's, and against the formulas in plain Python."""

import math
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.words.training.corpus import WordCorpus, build_corpus
from bunsan.words.training.phrases import Scoring, find_phrases, join_phrases

Lines = list[list[str]]


def stretches(corpus: WordCorpus) -> Lines:
    found: Lines = [[]]
    for i in (i for shard in corpus.shards for i in shard.tolist()):
        if i < 0:
            found.append([])
        else:
            found[-1].append(corpus.words[i])
    return found[:-1]


def slow_scores(lines: Lines, delta: int, scoring: Scoring) -> dict[tuple[str, str], float]:
    words = Counter(word for line in lines for word in line)
    pairs = Counter(pair for line in lines for pair in pairwise(line))
    n = words.total()
    if scoring == "default":
        return {(a, b): (c - delta) / (words[a] * words[b]) * n for (a, b), c in pairs.items()}
    return {
        (a, b): math.log((c / n) / (words[a] / n * words[b] / n)) / -math.log(c / n)
        for (a, b), c in pairs.items()
        if c >= delta
    }


def slow_join(lines: Lines, phrases: set[tuple[str, str]], separator: str) -> Lines:
    joined: Lines = []
    for line in lines:
        joined.append([])
        rest = list(line)
        while rest:
            step = 2 if tuple(rest[:2]) in phrases else 1
            joined[-1].append(separator.join(rest[:step]))
            rest = rest[step:]
    return joined


LINES = st.lists(
    st.lists(st.sampled_from("abcdef"), min_size=2, max_size=20), min_size=2, max_size=15
)


@given(
    lines=LINES,
    scoring=st.sampled_from(["default", "npmi"]),
    delta=st.integers(1, 4),
    threshold=st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.5]),
    sketch_bits=st.sampled_from([2, 5, 16]),
)
def test_any_lines(
    lines: Lines,
    scoring: Scoring,
    delta: int,
    threshold: float,
    sketch_bits: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("phrases")
    corpus = build_corpus(lines, folder / "a", min_count=1, shard_ids=25)
    scores = slow_scores(lines, delta, scoring)
    # A score that equals the threshold may round either way.
    threshold += 1e-9 * any(abs(score - threshold) < 1e-9 for score in scores.values())
    found = find_phrases(
        corpus, threshold=threshold, delta=delta, scoring=scoring, sketch_bits=sketch_bits
    )
    told = {
        (corpus.words[a], corpus.words[b]): score
        for a, b, score in zip(found.first, found.second, found.score, strict=True)
    }
    expected = {pair: score for pair, score in scores.items() if score > threshold}
    assert told == pytest.approx(expected)
    assert np.all(np.diff(found.score) <= 0)
    pairs = Counter(pair for line in lines for pair in pairwise(line))
    assert found.count.tolist() == [pairs[pair] for pair in told]

    settings = {"threshold": threshold, "delta": delta, "scoring": scoring, "min_count": 1}
    joined = join_phrases(corpus, folder / "b", separator="+", **settings)
    whole = slow_join(lines, set(expected), "+")
    assert stretches(joined) == whole
    assert dict(zip(joined.words, joined.counts.tolist(), strict=True)) == Counter(
        word for line in whole for word in line
    )


@pytest.fixture(scope="module")
def english(shared_data: Path) -> Lines:
    import gzip

    with gzip.open(shared_data / "wiki_en" / "paragraphs_17m.txt.gz", "rt") as file:
        return [line.split() for _, line in zip(range(4000), file, strict=False)]


@pytest.mark.parametrize("scoring", ["default", "npmi"])
def test_as_gensim_finds_them(english: Lines, scoring: Scoring, tmp_path: Path) -> None:
    models = pytest.importorskip(
        "gensim.models", reason="compares with gensim, a test-only package"
    )
    corpus = build_corpus(english, tmp_path / "a", min_count=1)
    theirs = models.Phrases(english, min_count=5, threshold=0.3, scoring=scoring, delimiter="+")
    threshold = 0.3
    if scoring == "default":
        # gensim multiplies by the number of different words and pairs, the program by the tokens.
        theirs.threshold = 50.0 * len(theirs.vocab) / corpus.tokens
        threshold = 50.0
    found = find_phrases(corpus, threshold=threshold, scoring=scoring)
    ours = {
        corpus.words[a] + "+" + corpus.words[b]
        for a, b in zip(found.first, found.second, strict=True)
    }
    assert len(ours) > 500
    # gensim gives the score of each phrase that it met when joining from left to right; ask it for
    # the pairs themselves.
    counted = {
        "+".join(pair)
        for pair in {pair for line in english for pair in pairwise(line)}
        if theirs.score_candidate(*pair, [])[0] is not None
    }
    assert ours == counted
    joined = join_phrases(
        corpus, tmp_path / "b", threshold=threshold, scoring=scoring, separator="+", min_count=1
    )
    assert stretches(joined) == [list(theirs[line]) for line in english]


def test_passes_and_rare_words(tmp_path: Path) -> None:
    lines = [["new", "york", "city", f"x{i}", f"y{i}"] for i in range(20)]
    lines += [["new", f"z{i}", "york", f"u{i}", "city"] for i in range(3)]
    corpus = build_corpus(lines, tmp_path / "a", min_count=1)
    settings = {"threshold": 1.0, "min_count": 5}
    once = join_phrases(corpus, tmp_path / "b", **settings)
    assert (once.words, once.counts.tolist()) == (["city", "new_york"], [23, 20])
    twice = join_phrases(corpus, tmp_path / "c", separator="", passes=2, **settings)
    assert (twice.words, twice.counts.tolist()) == (["newyorkcity"], [20])
    assert {path.name.split("-")[0] for path in (tmp_path / "c").iterdir()} == {
        "corpus.json",
        "ids",
        "vocabulary.safetensors",
    }


def test_unfit_settings_are_refused(tmp_path: Path) -> None:
    corpus = build_corpus([["a", "b"]], tmp_path / "a", min_count=1)
    with pytest.raises(BadInput, match="delta=-1"):
        find_phrases(corpus, delta=-1)
    with pytest.raises(BadInput, match="0 passes"):
        join_phrases(corpus, tmp_path / "b", passes=0)
    with pytest.raises(ValueError, match="own folder"):
        join_phrases(corpus, tmp_path / "a")
