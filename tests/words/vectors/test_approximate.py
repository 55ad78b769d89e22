from pathlib import Path

import numpy as np
import pytest

from bunsan.base.errors import Missing
from bunsan.words.vectors import wordvectors
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors


def saved(folder: Path, seed: int = 0, storage: str = "float32") -> WordVectors:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((50, 24))
    rows = centres[rng.integers(0, 50, 4000)] + 0.6 * rng.standard_normal((4000, 24))
    vectors = WordVectors([f"w{i}" for i in range(4000)], rows.astype(np.float32))
    save_vectors(vectors, folder / "v.safetensors", storage=storage)  # type: ignore[arg-type]
    return open_vectors(folder / "v.safetensors")


@pytest.mark.parametrize("storage", ["float32", "int8"])
def test_nearly_as_exact(tmp_path: Path, storage: str) -> None:
    pytest.importorskip("usearch", reason="the library of the index is an extra")
    vectors = saved(tmp_path, storage=storage)
    asked = [f"w{i}" for i in range(100)]
    exact = vectors.nearest_many(asked, 10, exclude=["w7"], approximate=False)
    found = vectors.nearest_many(asked, 10, exclude=["w7"], approximate=True)
    kept = [len(set(f.words) & set(e.words)) / 10 for f, e in zip(found, exact, strict=True)]
    assert np.mean(kept) > 0.98
    for word, f, e in zip(asked, found, exact, strict=True):
        assert word not in f.words
        assert "w7" not in f.words
        scores = dict(e)
        for near, score in f:
            assert score == pytest.approx(scores.get(near, score), abs=1e-6)
        assert f.scores.tolist() == sorted(f.scores.tolist(), reverse=True)
    assert vectors.nearest("w0", 3, approximate=True).words == found[0].words[:3]


def test_kept_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("usearch", reason="the library of the index is an extra")
    vectors = saved(tmp_path)
    vectors.nearest("w0", approximate=True)
    (index,) = tmp_path.glob("*.usearch")
    assert index.name.startswith("v.safetensors.")

    def refuse(*_: object) -> None:
        raise AssertionError("the index was built again")

    monkeypatch.setattr(wordvectors.Index, "build", refuse)
    again = open_vectors(tmp_path / "v.safetensors")
    assert again.nearest("w0", approximate=True).words == vectors.nearest("w0").words
    # Of itself it is only used for many words, and never for others than it was made from.
    assert again._index_for(None, None) is None
    monkeypatch.setattr(wordvectors, "APPROXIMATE_ABOVE", 100)
    assert again._index_for(None, None) is not None
    assert again._index_for(None, 50) is None
    other = saved(tmp_path, seed=1)
    assert other._index_for(None, None) is None


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("bunsan.base.optional.import_module", nothing)
    vectors = WordVectors(["a", "b"], np.eye(2))
    with pytest.raises(Missing, match=r"usearch.*pip install 'bunsan\[ann\]'"):
        vectors.nearest("a", approximate=True)
    assert vectors.nearest("a", 1).words == ["b"]
