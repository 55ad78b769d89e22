import numpy as np
import pytest
from vectors_help import WORDS, small_vectors

from bunsan.words.vectors.sif import sif_weights, word_probabilities


def test_as_algorithm_1() -> None:
    """Arora et al. 2017, Algorithm 1, written out."""
    vectors = small_vectors()
    sentences = [
        ["日本", "東京", "nowhere"],
        ["a", "a", "パリ"],
        ["1", "-0.5", "日本"],
        ["nowhere"],
        [],
    ]
    assert vectors.counts is not None
    probability = {w: c / vectors.counts.sum() for w, c in zip(WORDS, vectors.counts, strict=True)}
    means = []
    for sentence in sentences:
        known = [word for word in sentence if word in probability]
        weighted = [vectors[w].astype(float) * 0.01 / (0.01 + probability[w]) for w in known]
        means.append(sum(weighted) / len(known) if known else np.zeros(5))
    plain = np.array(means)
    np.testing.assert_allclose(vectors.sentences(sentences, a=0.01, remove=0), plain, atol=1e-6)
    np.testing.assert_allclose(vectors.sentence(sentences[1], a=0.01), plain[1], atol=1e-6)
    u = np.linalg.svd(plain)[2][0]
    removed = np.array([v - u * (u @ v) for v in plain])
    np.testing.assert_allclose(vectors.sentences(sentences, a=0.01), removed, atol=1e-5)
    u = np.linalg.svd(plain)[2][:2]
    removed = plain - plain @ u.T @ u
    np.testing.assert_allclose(vectors.sentences(sentences, a=0.01, remove=2), removed, atol=1e-5)


def test_unseen_words_weigh_one() -> None:
    vectors = small_vectors(ngrams=True)
    assert vectors.subwords is not None
    unseen = vectors.subwords.vector("日本人")
    assert unseen is not None
    np.testing.assert_allclose(vectors.sentence(["日本人"]), unseen, atol=1e-6)


def test_zipf_where_counts_are_unknown() -> None:
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    expected = [1 / harmonic, 1 / 2 / harmonic, 1 / 3 / harmonic, 1 / 4 / harmonic]
    np.testing.assert_allclose(word_probabilities(None, 4), expected)
    np.testing.assert_allclose(word_probabilities([3, 1, 0], 3), [0.75, 0.25, 0])
    np.testing.assert_allclose(sif_weights([0.001, 0], 0.001), [0.5, 1])
    with pytest.raises(ValueError, match="above 0"):
        sif_weights([0.1], 0)
    assert small_vectors().sentences([]).shape == (0, 5)
