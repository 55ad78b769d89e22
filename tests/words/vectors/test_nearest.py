import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors_help import slow_cosines, small_vectors

from bunsan.words.vectors import matrix as matrix_module
from bunsan.words.vectors import nearest as nearest_module
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.nearest import nearest_rows
from bunsan.words.vectors.wordvectors import WordVectors


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(0, 12), st.integers(0, 3))
def test_as_sorting_all_cosines(seed: int, n: int, k: int, barred: int) -> None:
    rng = np.random.default_rng(seed)
    # Few distinct values make ties; whole numbers make the sums exact in either precision.
    values = rng.integers(-1, 2, (n, 3)).astype(np.float32)
    queries = rng.integers(-2, 3, (4, 3)).astype(np.float32)
    exclude = rng.integers(-1, n, (4, barred))
    restrict = int(rng.integers(1, n + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix_module, "_BLOCK_BYTES", 60)
        patch.setattr(nearest_module, "_QUERIES", 3)
        rows, cosines = nearest_rows(
            Matrix(values), Matrix(values).lengths(), queries, k, exclude=exclude, restrict=restrict
        )
    for q in range(4):
        expected = slow_cosines(values[:restrict], queries[q])
        allowed = [r for r in range(restrict) if r not in exclude[q]]
        n_found = min(k, len(allowed))
        assert (rows[q, n_found:] == -1).all()
        found = rows[q, :n_found].tolist()
        assert len(set(found)) == n_found
        assert set(found) <= set(allowed)
        np.testing.assert_allclose(cosines[q, :n_found], expected[found], atol=1e-6)
        best = np.sort(expected[allowed])[::-1][:n_found]
        np.testing.assert_allclose(expected[found], best, atol=1e-6)


def test_ties_go_to_the_first() -> None:
    values = np.array([[1, 0], [2, 0], [0, 1], [4, 0]], np.float32)
    rows, _ = nearest_rows(
        Matrix(values), Matrix(values).lengths(), np.array([[1, 0]], np.float32), 3
    )
    assert rows.tolist() == [[0, 1, 3]]


def test_words_and_vectors() -> None:
    vectors = small_vectors()
    found = vectors.nearest("日本", 3)
    expected = slow_cosines(vectors.matrix.values, vectors["日本"])
    order = [row for row in np.argsort(-expected) if row != 0][:3]
    assert found.words == [vectors.words[int(row)] for row in order]
    np.testing.assert_allclose(found.scores, expected[order], atol=1e-6)
    assert found.rows.tolist() == order
    assert vectors.nearest(vectors["日本"], 1).words == ["日本"]
    assert (
        vectors.nearest("日本", 3, exclude=[found.words[0], "nowhere"]).words[:2] == found.words[1:]
    )
    assert len(vectors.nearest("日本", 100)) == 11
    assert vectors.nearest("1", 100, restrict=4).words == [
        word for word in vectors.nearest("1", 100).words if word in vectors.words[:4]
    ]
    many = vectors.nearest_many(["日本", vectors["東京"]], 3)
    assert many[0].words == found.words
    assert many[1].words[0] == "東京"
    assert vectors.nearest_many([]) == []
    with pytest.raises(ValueError, match="shape"):
        vectors.nearest([1.0, 2.0])


def test_zeros_have_cosine_zero() -> None:
    vectors = WordVectors(["a", "b", "zero"], [[1.0, 0], [-1, 0], [0, 0]])
    assert list(vectors.nearest("a", 2)) == [("zero", 0.0), ("b", -1.0)]
    assert vectors.similarity("a", "zero") == 0
    assert vectors.similarity("a", "b") == pytest.approx(-1)


def test_neighbours_read_well() -> None:
    found = WordVectors(["a", "<b>"], [[1.0, 0], [0.8, 0.6]]).nearest("a", 5)
    assert repr(found) == "[('<b>', 0.800)]"
    assert found[0] == ("<b>", pytest.approx(0.8))
    assert found[:1].words == ["<b>"]
    html = found._repr_html_()
    assert "&lt;b&gt;" in html
    assert "0.800" in html
    assert "width:96px" in html


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_one_query_or_many(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_module, "_BLOCK_BYTES", 200)
    vectors = small_vectors(60, 7).to(storage)  # type: ignore[arg-type]
    plain = vectors.to("float32")
    together = vectors.nearest_many(["日本", "東京"], 9, restrict=50)
    for word, found in zip(["日本", "東京"], together, strict=True):
        one = vectors.nearest(word, 9, restrict=50)
        assert one.words == found.words
        expected = slow_cosines(plain.matrix.values[:50], plain[word])
        np.testing.assert_allclose(one.scores, expected[one.rows], atol=1e-6)
        np.testing.assert_allclose(found.scores, expected[found.rows], atol=1e-6)
        assert one.rows.tolist() == [r for r in np.argsort(-expected) if plain.words[r] != word][:9]
