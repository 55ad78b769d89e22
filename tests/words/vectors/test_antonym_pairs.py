"""Pairs of words: ranks by hand and by a slow twin, the lists that come with bunsan, random pairs."""

from pathlib import Path

import numpy as np
import pytest

from bunsan.base.errors import BadInput, Missing
from bunsan.text.analyze import Analyzer
from bunsan.text.words import WordSettings
from bunsan.words.vectors import matrix
from bunsan.words.vectors.evaluate.antonyms import listed_pairs, random_pairs, score_pairs
from bunsan.words.vectors.evaluate.question_files import WordPair, read_word_pairs
from bunsan.words.vectors.wordvectors import WordVectors


def at_angles(degrees: dict[str, float]) -> WordVectors:
    angles = np.deg2rad(list(degrees.values()))
    lengths = np.arange(1, len(angles) + 1)[:, None]  # which cosines do not see
    return WordVectors(degrees, np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths)


def test_ranks_by_hand():
    """From a: b 10, c 30, d 50 degrees away; from d: c 20, b 40, a 50."""
    vectors = at_angles({"a": 0, "b": 10, "c": 30, "d": 50})
    pairs = [WordPair("a", "d"), WordPair("a", "b"), WordPair("c", "b"), WordPair("a", "x")]
    found = score_pairs(vectors, pairs)
    np.testing.assert_allclose(found.cosines, np.cos(np.deg2rad([50, 10, 20])), atol=1e-6)
    # c's nearest: b and d, both 20 degrees away, share the first place; b's: a, then c.
    assert found.ranks.tolist() == [[3, 3], [1, 1], [1, 2]]
    assert found.pairs == pairs[:3]
    assert found.skipped == pairs[3:]


def test_ranks_as_a_slow_twin_across_blocks(monkeypatch):
    monkeypatch.setattr(matrix, "_BLOCK_BYTES", 4 * 16 * 70)  # 70 rows a block
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(300)]
    table = rng.normal(size=(300, 16)).astype(np.float32)
    vectors = WordVectors(words, table)
    chosen = rng.choice(300, (100, 2), replace=True)
    chosen = chosen[chosen[:, 0] != chosen[:, 1]]
    found = score_pairs(vectors, [WordPair(words[a], words[b]) for a, b in chosen])
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    cosines = unit.astype(np.float64) @ unit.T
    for (a, b), ranks in zip(chosen.tolist(), found.ranks.tolist(), strict=True):
        wanted = []
        for x, y in ((a, b), (b, a)):
            order = [j for j in np.argsort(-cosines[x]) if j != x]
            wanted.append(order.index(y) + 1)
        assert ranks == wanted


def test_rank_is_the_place_that_nearest_gives():
    rng = np.random.default_rng(1)
    vectors = WordVectors([f"w{i}" for i in range(80)], rng.normal(size=(80, 5)))
    for storage in ("float32", "int8"):
        stored = vectors.to(storage)
        found = score_pairs(stored, [WordPair("w3", "w40")])
        assert stored.nearest("w3", 79).words.index("w40") + 1 == found.ranks[0, 0]


def test_random_pairs_are_as_frequent_and_none_of_the_listed():
    rng = np.random.default_rng(2)
    words = [f"w{i}" for i in range(3000)]
    counts = np.arange(3000, 0, -1) ** 2
    shuffled = rng.permutation(3000)  # the order in the file is not that of frequency
    vectors = WordVectors(
        [words[i] for i in shuffled], rng.normal(size=(3000, 4)), counts=counts[shuffled]
    )
    pairs = [WordPair(f"w{i}", f"w{3 * i + 1}") for i in range(6, 900, 9)]
    found = random_pairs(vectors, [*pairs, WordPair("w1", "unknown")], seed=3)
    listed = {word for pair in pairs for word in (pair.a, pair.b)}
    assert len(found) == len(pairs)
    for pair in found:
        assert pair.a != pair.b
        assert not {pair.a, pair.b} & listed
    assert random_pairs(vectors, pairs, seed=3) == found
    assert random_pairs(vectors, pairs, seed=4) != found
    few = random_pairs(vectors, [WordPair("w100", "w2500")] * 40)
    ranks = np.array([(int(pair.a[1:]), int(pair.b[1:])) for pair in few])
    assert np.abs(ranks[:, 0] - 100).max() <= 20
    assert np.abs(ranks[:, 1] - 2500).max() <= 260


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_lists_are_balanced_and_apart(language):
    antonyms, synonyms = (listed_pairs(language, r) for r in ("antonyms", "synonyms"))
    for pairs in (antonyms, synonyms):
        kinds = [pair.kind for pair in pairs]
        assert [kinds.count(k) for k in ("NOUN", "VERB", "ADJ", "ADV")] == [24, 24, 24, 16]
        words = [word for pair in pairs for word in (pair.a, pair.b)]
        assert len(set(words)) == len(words)
    assert not {frozenset((p.a, p.b)) for p in antonyms} & {frozenset((p.a, p.b)) for p in synonyms}


def test_the_japanese_words_are_what_the_analyzer_gives():
    dictionary = Analyzer(WordSettings(analyzer="sudachi", form="dictionary"))
    normalized = Analyzer(WordSettings(analyzer="sudachi"))
    for relation in ("antonyms", "synonyms"):
        for pair in listed_pairs("ja", relation):
            for word in (pair.a, pair.b):
                assert dictionary.query(word) == [(word, pair.kind)]
            # Two spellings of one word would be one word in a collection.
            assert normalized.query(pair.a) != normalized.query(pair.b)


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ("高い\t安い\n長い\n", 2, "fewer than two"),
        ("# remark\n高い,安い,ADJ\n\n同じ,同じ\n", 4, "twice"),
        ("a,b\n,c\n", 2, "fewer than two"),
    ],
)
def test_a_bad_file_is_named_by_row(tmp_path: Path, text: str, row: int, problem: str):
    path = tmp_path / "pairs.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=problem) as caught:
        read_word_pairs(path)
    assert (caught.value.row, caught.value.file) == (row, str(path))


def test_files_of_pairs(tmp_path: Path):
    path = tmp_path / "pairs.csv"
    path.write_bytes("高い,安い,形容詞,x\n安い,高い\n開く,閉じる\n".encode("cp932"))
    assert read_word_pairs(path) == [WordPair("高い", "安い", "形容詞"), WordPair("開く", "閉じる")]
    path.write_text("# nothing\n")
    with pytest.raises(BadInput, match="no questions"):
        read_word_pairs(path)
    with pytest.raises(Missing):
        read_word_pairs(tmp_path / "none.tsv")
