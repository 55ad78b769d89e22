"""Counting and laying out pairs for GloVe against dictionaries in plain Python."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from bunsan.words.training.corpus import build_corpus, corpus_from_ids
from bunsan.words.training.glove_counts import count_rows, matrix_rows, open_cells, write_cells

Counts = dict[tuple[int, int], float]


def slow_counts(stretches: list[list[int]], window: int) -> Counts:
    """x_ij, both sides, 1/d (Pennington et al. 2014, section 4.2)."""
    x: Counts = defaultdict(float)
    for stretch in stretches:
        for i, a in enumerate(stretch):
            for j, b in enumerate(stretch):
                if i != j and abs(i - j) <= window:
                    x[a, b] += 1 / abs(i - j)
    return x


STRETCHES = st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=25), min_size=1, max_size=12)


@given(
    stretches=STRETCHES,
    window=st.integers(1, 12),
    piece=st.integers(1, 60),
    group=st.integers(1, 40),
    block=st.integers(1, 9),
    shard_ids=st.integers(1, 50),
)
def test_every_pair_is_laid_out_once(
    stretches: list[list[int]],
    window: int,
    piece: int,
    group: int,
    block: int,
    shard_ids: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("glove")
    flat = np.array([i for stretch in stretches for i in [*stretch, -1]], np.int32)
    names = [chr(97 + i) for i in range(13)]
    corpus = corpus_from_ids(names, None, [flat], folder, min_count=1, shard_ids=shard_ids)
    new = {names.index(word): i for i, word in enumerate(corpus.words)}
    expected = slow_counts([[new[i] for i in stretch] for stretch in stretches], window)

    rows = count_rows(corpus, window, folder, piece=piece, group=group)
    files = write_cells(rows, folder, x_max=2.0, alpha=0.6, block=block)
    assert not list(folder.glob("pairs-*"))
    found: Counts = {}
    for cells in open_cells(folder, files):
        for b in range(len(cells.block_start) - 1):
            words = []
            for r in range(cells.block_start[b], cells.block_start[b + 1]):
                i = int(cells.run_word[r])
                words.append(i)
                assert cells.run_start[r] < cells.run_start[r + 1]
                for e in range(cells.run_start[r], cells.run_start[r + 1]):
                    j = int(cells.other[e])
                    assert j <= i
                    assert j // block == b
                    assert (i, j) not in found
                    found[i, j] = float(np.exp(np.float64(cells.log[e])))
                    assert cells.weight[e] == pytest.approx(min(1, (found[i, j] / 2) ** 0.6))
            assert words == sorted(set(words))
    assert found == pytest.approx({(i, j): x for (i, j), x in expected.items() if j <= i}, rel=1e-5)


def test_a_matrix_gives_the_same_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    sentences = [[f"w{i}" for i in rng.zipf(1.5, 20) % 40] for _ in range(60)]
    corpus = build_corpus(sentences, tmp_path, min_count=1)
    size = len(corpus.words)
    lower = np.zeros((size, size))
    for first, part in count_rows(corpus, 5, tmp_path, group=100):
        lower[first : first + part.shape[0]] = part.toarray()
    full = csr_array(lower + np.tril(lower, -1).T)
    again = np.zeros((size, size))
    firsts = []
    for first, part in matrix_rows(full, group=100):
        firsts.append(first)
        again[first : first + part.shape[0]] = part.toarray()
    assert len(firsts) > 3
    np.testing.assert_array_equal(again, lower)


def test_unfit_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        next(matrix_rows(csr_array(np.ones((2, 3)))))
    with pytest.raises(ValueError, match="symmetric"):
        next(matrix_rows(csr_array([[0.0, 1.0], [2.0, 0.0]])))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="finite"):
            next(matrix_rows(csr_array([[0.0, bad], [bad, 0.0]])))
