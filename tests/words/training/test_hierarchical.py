"""Hierarchical softmax against its plain twin; the tree against the optimum and the sum of chances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import DIM, Case, V, check_against_twin
from word2vec_twin import sigmoid

from bunsan.words.training.noise import huffman_paths


@pytest.mark.parametrize("method", ["skipgram", "cbow"])
@pytest.mark.parametrize("width", [1, 8])
def test_same_as_the_twin(method, width):
    check_against_twin(method, width=width, tree=True)


@pytest.mark.parametrize("method", ["skipgram", "cbow"])
def test_same_as_the_twin_with_subwords(method):
    check_against_twin(method, tree=True, with_pieces=True, seed=2)


def test_sums_instead_of_means():
    check_against_twin("cbow", tree=True, mean=False, seed=3)


@given(st.lists(st.integers(1, 50), min_size=2, max_size=40))
def test_the_tree_is_a_best_one(counts):
    """Kraft's sum is 1, and the total length is that of merging the two lightest, over and over."""
    paths = huffman_paths(np.array(counts))
    lengths = np.diff(paths.start)
    assert np.sum(2.0**-lengths) == 1
    alive, total = sorted(counts), 0
    while len(alive) > 1:
        merged = alive.pop(0) + alive.pop(0)
        total += merged
        alive = sorted([*alive, merged])
    assert int(lengths @ np.array(counts)) == total
    for w in range(len(counts)):
        nodes = paths.nodes[paths.start[w] : paths.start[w + 1]]
        assert len(set(nodes.tolist())) == len(nodes)
        assert len(counts) - 2 in nodes  # the root
        assert 0 <= paths.left[w] <= lengths[w]


def test_the_chances_of_all_words_sum_to_one():
    rng = np.random.default_rng(0)
    paths = huffman_paths(rng.integers(1, 1000, V))
    nodes, x = rng.normal(0, 0.4, (V - 1, DIM)), rng.normal(0, 0.4, DIM)
    total = 0.0
    for w in range(V):
        rows = paths.nodes[paths.start[w] : paths.start[w + 1]]
        chance = 1.0
        for k, row in enumerate(rows):
            s = sigmoid(float(nodes[row] @ x))
            chance *= s if k < paths.left[w] else 1 - s
        total += chance
    assert total == pytest.approx(1, abs=1e-12)


def test_the_steps_follow_the_gradient_of_the_loss():
    """CBOW of one word from one word, by hand: d -log P / d x and / d node, by differences."""
    rng = np.random.default_rng(5)
    case = Case(tree=True, window=1, sample=0)
    case.ids = np.array([6, 2, -1], np.int32)
    inputs, outputs = rng.normal(0, 0.3, (V, DIM)), rng.normal(0, 0.3, (V - 1, DIM))
    case.inputs[:], case.outputs[:] = inputs, outputs
    path = case.twin.paths[2]

    def loss(x, nodes):
        return -sum(np.log(sigmoid((1 - 2 * code) * float(nodes[n] @ x))) for n, code in path)

    alpha, h, column = 0.01, 1e-5, 17
    x = inputs[6].copy()
    bump = np.zeros(DIM)
    bump[column] = h
    slope = (loss(x + bump, outputs) - loss(x - bump, outputs)) / (2 * h)
    own = np.zeros_like(outputs)
    own[path[0][0], column] = h
    node_slope = (loss(x, outputs + own) - loss(x, outputs - own)) / (2 * h)
    # At the first place 6 is predicted from 2, at the second 2 from 6: take the second alone.
    case.twin.inputs[:], case.twin.outputs[:] = inputs, outputs
    case.twin._cbow_tree(2, [6], alpha)
    assert case.twin.inputs[6, column] - x[column] == pytest.approx(-alpha * slope, rel=1e-5)
    moved = case.twin.outputs[path[0][0], column] - outputs[path[0][0], column]
    assert moved == pytest.approx(-alpha * node_slope, rel=1e-5)


def test_the_sampled_loss_is_minus_log_probability():
    case = Case(tree=True)
    case.run("cbow", 0.05)
    case.run_twin("cbow", 0.05)
    assert case.worker.loss[1] == 1
    assert case.worker.loss[0] == pytest.approx(case.twin.losses[0], rel=1e-4)
