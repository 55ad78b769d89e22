from typing import Any

import numpy as np
import pytest
from vectors_help import small_vectors

from bunsan.base.errors import BadInput, Missing
from bunsan.words.vectors.projection import project


def clusters() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = np.eye(10)[:3] * 5
    of = np.repeat(np.arange(3), 20)
    return centres[of] + 0.3 * rng.standard_normal((60, 10)), of


def test_pca_as_a_singular_value_decomposition() -> None:
    vectors, _ = clusters()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    u, singular, _ = np.linalg.svd(units - units.mean(axis=0))
    expected = u[:, :2] * singular[:2]
    found = project(vectors)
    for axis in range(2):
        sign = np.sign(expected[:, axis] @ found[:, axis])
        np.testing.assert_allclose(found[:, axis], sign * expected[:, axis], atol=1e-6)
        assert found[np.abs(found[:, axis]).argmax(), axis] > 0
    np.testing.assert_array_equal(project(vectors), found)


def test_one_dimension_and_few_words() -> None:
    found = project([[2.0], [-3.0]])
    np.testing.assert_allclose(np.abs(found), [[1, 0], [1, 0]])
    with pytest.raises(BadInput, match="at least 2"):
        project([[1.0, 2.0]])
    with pytest.raises(BadInput, match="at least 4"):
        project(np.eye(3), "tsne")
    with pytest.raises(ValueError, match="pca"):
        project(np.eye(5), "mds")  # type: ignore[arg-type]
    assert small_vectors().project(["日本", "東京", "パリ"]).shape == (3, 2)


@pytest.mark.parametrize(("method", "library"), [("tsne", "openTSNE"), ("umap", "umap")])
@pytest.mark.filterwarnings("default")  # what their libraries say of one another
def test_clusters_stay_together(method: Any, library: str) -> None:
    pytest.importorskip(library, reason="an extra", exc_type=ImportError)
    vectors, of = clusters()
    found = project(vectors, method, perplexity=10, neighbors=10, seed=1)
    near = np.linalg.norm(found[:, None] - found[None], axis=2)
    np.fill_diagonal(near, np.inf)
    assert np.mean(of[near.argmin(axis=1)] == of) > 0.95
    again = project(vectors, method, perplexity=10, neighbors=10, seed=1)
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize(("method", "package"), [("tsne", "openTSNE"), ("umap", "umap-learn")])
def test_what_to_install(method: Any, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("bunsan.base.optional.import_module", nothing)
    with pytest.raises(Missing, match=f"{package}.*pip install") as error:
        project(np.eye(5), method)
    assert error.value.exit_code == 3
