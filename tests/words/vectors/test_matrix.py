import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bunsan.base.errors import BadInput
from bunsan.words.vectors import matrix as matrix_module
from bunsan.words.vectors.half import to_float32
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.wordvectors import WordVectors

FINITE = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, (4, 3), elements=FINITE))
def test_int8_is_within_half_a_step(values: np.ndarray) -> None:
    stored = Matrix(values).to("int8")
    step = np.abs(values).max(axis=1, keepdims=True).astype(np.float64) / 127
    error = np.abs(stored.take(slice(None)).astype(np.float64) - values)
    assert np.all(error <= step * 0.5001 + 127 * 1.2e-38)
    assert stored.values.dtype == np.int8
    assert stored.nbytes == 4 * 3 + 4 * 4


def test_float16_and_back() -> None:
    values = np.random.default_rng(0).standard_normal((9, 4), np.float32)
    stored = Matrix(values).to("float16")
    np.testing.assert_array_equal(stored.values, values.astype(np.float16))
    np.testing.assert_array_equal(
        stored.to("float32").values, values.astype(np.float16).astype(np.float32)
    )
    with pytest.raises(BadInput, match="65504"):
        Matrix([[1e6]]).to("float16")
    with pytest.raises(BadInput, match="float32, float16, int8"):
        Matrix([[1.0]]).to("int4")  # type: ignore[arg-type]


def test_blocks_and_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_module, "_BLOCK_BYTES", 64)
    values = np.random.default_rng(1).standard_normal((23, 5)).astype(np.float32)
    values[3] = 0
    values[4] = [3e30, 0, 4e30, 0, 0]  # squares overflow float32
    values[5, 0] = np.nan
    for matrix in (Matrix(values[:4]), Matrix(values)):
        starts, blocks = zip(*matrix.blocks(), strict=True)
        np.testing.assert_array_equal(np.concatenate(blocks), matrix.values)
        assert list(starts) == np.cumsum([0, *map(len, blocks)])[:-1].tolist()
        expected = np.linalg.norm(matrix.values.astype(np.float64), axis=1)
        np.testing.assert_allclose(matrix.lengths(), expected, rtol=1e-6)
    assert sum(len(block) for _, block in Matrix(values).blocks(7)) == 7


def test_neighbours_survive_quantising() -> None:
    """What quantising costs, on vectors in clusters: float16 keeps 99 % of ten neighbours, int8 93 %."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((40, 50))
    rows = centres[rng.integers(0, 40, 3000)] + 0.5 * rng.standard_normal((3000, 50))
    vectors = WordVectors([str(i) for i in range(3000)], rows.astype(np.float32))
    asked = [str(i) for i in range(200)]
    exact = [set(found.words) for found in vectors.nearest_many(asked, 10)]
    for storage, least in (("float16", 0.99), ("int8", 0.93)):
        found = vectors.to(storage).nearest_many(asked, 10)  # type: ignore[arg-type]
        kept = np.mean([len(set(f.words) & e) / 10 for f, e in zip(found, exact, strict=True)])
        assert least <= kept <= 1


def test_refusals() -> None:
    with pytest.raises(ValueError, match="shape"):
        Matrix([1.0, 2.0])
    with pytest.raises(ValueError, match="scale"):
        Matrix(np.zeros((2, 2), np.int8))
    with pytest.raises(ValueError, match="scale"):
        Matrix(np.zeros((2, 2), np.float32), [1, 1])
    with pytest.raises(ValueError, match="scales"):
        Matrix(np.zeros((2, 2), np.int8), [1])
    assert Matrix(np.zeros((2, 2), ">f4")).values.dtype.isnative


def test_every_half_widens_as_numpy_does() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(256, 256)
    found = to_float32(every[:, ::-1])
    np.testing.assert_array_equal(found, every[:, ::-1].astype(np.float32))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(every[:, ::-1]))
