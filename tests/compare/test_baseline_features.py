"""Features of texts: n-grams against slow counting and scikit-learn, vectors against plain means."""

from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from bunsan.tasks.baselines.counts import Tfidf
from bunsan.tasks.baselines.representations import Scaled, Texts, dense_pairs, sparse_pairs
from bunsan.tasks.baselines.sequences import characters_of, ngram_counts, words_of
from bunsan.tasks.baselines.vectors import MeanVectors
from bunsan.text.words import WordSettings
from bunsan.words.vectors.wordvectors import WordVectors

TEXTS = ["猫がいる", "犬がいる。猫もいる", "", "Ａ a  b", "猫", "いるいるいる"]


def test_ngrams_as_counted_slowly() -> None:
    sequences = characters_of(TEXTS)
    counts, size = ngram_counts(sequences, 1, 3)
    found = [Counter(row[row > 0].tolist()) for row in counts.toarray()]
    for text, row in zip(TEXTS, found, strict=True):
        plain = " ".join(text.lower().split())
        expected = Counter(plain[i : i + n] for n in (1, 2, 3) for i in range(len(plain) - n + 1))
        assert row == Counter(expected.values())
    whole = {
        plain[i : i + n]
        for plain in (" ".join(t.lower().split()) for t in TEXTS)
        for n in (1, 2, 3)
        for i in range(len(plain) - n + 1)
    }
    present = np.flatnonzero(counts.sum(axis=0))
    assert len(present) == len(whole)
    assert size[present].sum() == sum(len(gram.encode()) for gram in whole)


def test_words_leave_out_marks() -> None:
    found = words_of(
        ["部屋が、広い。", "", "広かった!"], WordSettings("sudachi", form="dictionary")
    )
    texts = [
        [found.names[i] for i in found.ids[a:b]]
        for a, b in zip(found.ends[:-1], found.ends[1:], strict=True)
    ]
    assert texts[0] == ["部屋", "が", "広い"]
    assert texts[1] == []
    assert texts[2][0] == "広い"
    ids, stops = found.select(np.array([2, 0]))
    assert [found.names[i] for i in ids] == [*texts[2], *texts[0]]
    assert stops.tolist() == [len(texts[2]), len(texts[2]) + 3]


def test_tfidf_as_scikit_learn() -> None:
    texts = ["猫がいる家", "犬がいる", "猫と犬", "鳥もいる家だ"]
    ours = Tfidf("characters", 3)
    ours.prepare(Texts(texts))
    ours.adapt(np.arange(3))  # the last one is not looked at
    found = ours.features(np.arange(4)).toarray()
    theirs = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    expected = np.vstack([theirs.fit_transform(texts[:3]).toarray(),
                          theirs.transform(texts[3:]).toarray()])  # fmt: skip
    # Columns may be in another order: the inner products say everything.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-6)
    assert found.shape == expected.shape


def test_what_is_not_adapted_to_changes_nothing() -> None:
    """The held-out texts must not leak into the features of the others."""
    texts = ["部屋が広い", "朝食がおいしい", "風呂が広い", "庭がきれい"]
    other = [*texts[:3], "まったく 別の 部屋 部屋 部屋"]
    for unit in ("words", "characters"):
        found = []
        for some in (texts, other):
            one = Tfidf(unit)
            one.prepare(Texts(some))
            one.adapt(np.arange(3))
            features = one.features(np.arange(3)).toarray()
            found.append(features @ features.T)
        np.testing.assert_allclose(*found, atol=1e-6)


def test_pairs_side_by_side() -> None:
    ours = Tfidf("characters", 1)
    ours.prepare(Texts(["あい", "うえ"], ["あい", "あえ"]))
    rows = np.arange(2)
    ours.adapt(rows)
    found = ours.features(rows).toarray()
    width = (found.shape[1] - 1) // 4
    a, b, less, both = (found[:, i * width : (i + 1) * width] for i in range(4))
    np.testing.assert_allclose(less, np.abs(a - b), atol=1e-6)
    np.testing.assert_allclose(both, a * b, atol=1e-6)
    np.testing.assert_allclose(found[:, -1], (a * b).sum(axis=1), atol=1e-6)
    assert found[0, -1] == pytest.approx(1)
    np.testing.assert_allclose(ours.likeness(rows), found[:, -1], atol=1e-6)
    dense = dense_pairs(a.astype(np.float32), b.astype(np.float32))
    np.testing.assert_allclose(dense, sparse_pairs(*map(_sparse, (a, b))).toarray(), atol=1e-6)


def _sparse(rows: np.ndarray) -> object:
    from scipy.sparse import csr_array

    return csr_array(rows)


def test_means_of_word_vectors_by_hand() -> None:
    """Weights a / (a + p), then the direction all share is taken away."""
    vectors = WordVectors(
        ["部屋", "広い", "朝食"], np.array([[1, 0], [0, 1], [1, 1]], np.float32), counts=[6, 3, 1]
    )
    texts = ["部屋が広い", "朝食", "部屋", "見知らぬ"]
    ours = MeanVectors(vectors, WordSettings("sudachi", form="dictionary"))
    ours.prepare(Texts(texts))
    ours.adapt(np.arange(4))
    p = np.array([0.6, 0.3, 0.1])
    w = 1e-3 / (1e-3 + p)
    means = np.array(
        [[w[0] / 2, w[1] / 2], [w[2], w[2]], [w[0], 0], [0, 0]]
    )  # が has no vector and is not counted
    common = np.linalg.svd(means)[2][0]
    np.testing.assert_allclose(ours.vectors(), means - np.outer(means @ common, common), atol=1e-6)
    near = ours.zero_shot(np.arange(4), ["広い", "知らない名前"])
    assert near is not None
    assert near.shape == (4, 2)
    assert ours.nbytes == 6 * 4 + sum(len(word.encode()) for word in vectors.words)


def test_vectors_learned_on_the_spot() -> None:
    """Words that are used alike come out alike, and the same texts give the same vectors."""
    rng = np.random.default_rng(0)
    texts = [f"{rng.choice(['猫', '犬'])}が走る" for _ in range(200)]
    texts += [f"{rng.choice(['電車', '飛行機'])}に乗る" for _ in range(200)]
    found = []
    for _ in range(2):
        ours = MeanVectors(words=WordSettings("sudachi", form="dictionary"))
        ours.prepare(Texts(texts))
        ours.adapt(np.arange(400))
        found.append(ours.vectors())
    np.testing.assert_array_equal(*found)
    unit = found[0] / np.maximum(np.linalg.norm(found[0], axis=1, keepdims=True), 1e-9)
    within = (unit[:200] @ unit[:200].T).mean()
    across = (unit[:200] @ unit[200:].T).mean()
    assert within > across + 0.3
    nothing = MeanVectors(words=WordSettings("spaces", form="surface"))
    nothing.prepare(Texts(["a", "b"]))
    nothing.adapt(np.arange(2))  # no word comes twice
    assert (nothing.features(np.arange(2)) == 0).all()


def test_scaled_columns() -> None:
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(50, 4)) * [1, 10, 0, 3] + 5).astype(np.float32)
    found = Scaled(rows)(rows)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), np.sqrt([1 / 3, 1 / 3, 0, 1 / 3]), atol=1e-4)
    assert (found**2).sum(axis=1).mean() == pytest.approx(1, rel=1e-3)
