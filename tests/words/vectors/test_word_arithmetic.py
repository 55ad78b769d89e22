import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors_help import slow_cosines, small_vectors

from bunsan.base.errors import BadInput
from bunsan.words.vectors import arithmetic
from bunsan.words.vectors import matrix as matrix_module
from bunsan.words.vectors.arithmetic import solve_analogies
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.wordvectors import WordVectors


def slow_scores(values: np.ndarray, a: int, b: int, c: int, method: str) -> np.ndarray:
    """Levy & Goldberg 2014, equations (2) and (4), one cosine after the other."""
    to_a, to_b, to_c = (slow_cosines(values, values[row]) for row in (a, b, c))
    if method == "3cosadd":
        return to_b - to_a + to_c
    return (to_b + 1) / 2 * ((to_c + 1) / 2) / ((to_a + 1) / 2 + 0.001)


@given(st.integers(0, 2**32), st.sampled_from(["3cosadd", "3cosmul"]), st.sampled_from([5, 30]))
def test_many_at_once(seed: int, method: arithmetic.Method, restrict: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((30, 4), np.float32)
    questions = rng.integers(0, 30, (50, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arithmetic, "_BLOCK", 7)
        patch.setattr(arithmetic, "_WORDS", 8)
        patch.setattr(matrix_module, "_BLOCK_BYTES", 16 * 11)
        answers = solve_analogies(
            Matrix(values), Matrix(values).lengths(), questions, method=method, restrict=restrict
        )
    for (a, b, c), answer in zip(questions.tolist(), answers.tolist(), strict=True):
        scores = slow_scores(values, a, b, c, method)[:restrict]
        scores[[row for row in (a, b, c) if row < restrict]] = -np.inf
        if np.isinf(scores).all():
            assert answer == -1
            continue
        assert answer not in (a, b, c)
        assert scores[answer] == pytest.approx(scores.max(), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_one(method: arithmetic.Method) -> None:
    vectors = small_vectors()
    found = vectors.analogy(["東京", "フランス"], ["日本"], 12, method=method)
    scores = slow_scores(vectors.matrix.values, 0, 1, 3, method)
    order = [row for row in np.argsort(-scores) if row not in (0, 1, 3)]
    assert found.rows.tolist() == order
    if method == "3cosmul":
        np.testing.assert_allclose(found.scores, scores[order], rtol=1e-5)
    else:
        units = vectors.matrix.values / vectors.lengths[:, None]
        expected = slow_cosines(vectors.matrix.values, units[1] + units[3] - units[0])
        np.testing.assert_allclose(found.scores, expected[order], atol=1e-6)
    assert found.rows[0] == solve_analogies(
        vectors.matrix, vectors.lengths, np.array([[0, 1, 3]]), method=method
    )
    few = vectors.analogy(["東京", "フランス"], ["日本"], 12, method=method, restrict=5)
    assert few.words == [word for word in found.words if word in vectors.words[:5]]


def test_planted_relation() -> None:
    rng = np.random.default_rng(2)
    countries, capital = rng.standard_normal((10, 20)), 2 * rng.standard_normal(20)
    words = [f"country{i}" for i in range(10)] + [f"capital{i}" for i in range(10)]
    vectors = WordVectors(words, np.concatenate([countries, countries + capital]))
    for method in ("3cosadd", "3cosmul"):
        for i in range(1, 10):
            found = vectors.analogy(["capital0", f"country{i}"], ["country0"], 1, method=method)  # type: ignore[arg-type]
            assert found.words == [f"capital{i}"]


def test_vectors_in_place_of_words() -> None:
    vectors = small_vectors()
    by_vector = vectors.analogy([vectors["東京"], "フランス"], [vectors["日本"]], 12)
    assert by_vector.words[0] in ("東京", *vectors.analogy(["東京", "フランス"], ["日本"]).words)
    assert "東京" in by_vector.words
    assert "フランス" not in by_vector.words


def test_odd_one_out() -> None:
    vectors = WordVectors(["a", "b", "c", "odd"], [[1, 0.1], [1, 0], [1, -0.1], [-0.2, 1]])
    assert vectors.odd_one_out(["a", "odd", "b", "c"]) == "odd"
    with pytest.raises(BadInput, match="three words"):
        vectors.odd_one_out(["a", "b"])


def test_refusals() -> None:
    vectors = small_vectors()
    with pytest.raises(ValueError, match="3cosadd"):
        vectors.analogy(["a"], method="4cos")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no words"):
        vectors.analogy([])
    with pytest.raises(KeyError):
        vectors.analogy(["nowhere"])
    assert len(solve_analogies(vectors.matrix, vectors.lengths, np.empty((0, 3), np.int64))) == 0
