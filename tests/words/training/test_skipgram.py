"""Skip-gram against its plain twin, and the twin's gradient against differences of the loss."""

import numpy as np
import pytest
from kernel_cases import DIM, Case, check_against_twin
from word2vec_twin import sigmoid

from bunsan.words.training.simd import WIDTHS
from bunsan.words.training.skipgram import train_skipgram


@pytest.mark.parametrize("width", WIDTHS)
def test_same_as_the_twin_at_every_width(width):
    check_against_twin("skipgram", width=width)


@pytest.mark.parametrize(
    "options",
    [
        {"shrink": False},
        {"window": 1},
        {"ring": 4, "rings": 1, "fresh": 4},  # all new at each place
        {"ring": 5, "rings": 4, "fresh": 1},
        {"sample": 0},
        {"sample": 0.001},
    ],
)
def test_same_as_the_twin_with_other_settings(options):
    check_against_twin("skipgram", seed=1, **options)


def test_stopping_between_stretches_changes_nothing():
    whole, parts = Case(), Case()
    whole.run("skipgram", 0.05)
    parts.run("skipgram", 0.05, cuts=(1, 2, 100, 350))
    assert np.array_equal(whole.memory, parts.memory)
    for a, b in (
        (whole.worker.state, parts.worker.state),
        (whole.worker.loss, parts.worker.loss),
    ):
        assert np.array_equal(a, b)


def test_nothing_is_read_beyond_the_end():
    case, cut = Case(), Case()
    end = int(np.flatnonzero(case.ids < 0)[10]) + 2  # within a stretch
    cut.ids = cut.ids[:end].copy()
    cut.run("skipgram", 0.05)
    given = (case.shape, case.model, case.plan, case.worker, None)
    assert train_skipgram(*given, case.ids, 0, end, end, np.float32(0.05)) == end
    assert np.array_equal(case.memory, cut.memory)


def test_long_stretches_are_cut():
    case = Case(sample=0)
    case.ids = (np.arange(10_000) * 7 % 29).astype(np.int32)
    case.run("skipgram", 1e-4)
    assert case.worker.state[4] == 5_000  # every place was trained, two at a time


def test_the_steps_follow_the_gradient_of_the_loss():
    """Each row moves by minus alpha times the derivative of
    -sum log s(o.x) - weight sum log s(-n.x)."""
    rng = np.random.default_rng(3)
    case = Case(ring=4, rings=1, fresh=4, window=2, shrink=False, sample=0)
    case.ids = np.array([3, 9, 5, -1], np.int32)
    twin = case.twin
    twin.inputs[:], twin.outputs[:] = rng.normal(0, 0.3, (2, *twin.inputs.shape))
    twin.place = 0

    def loss(inputs, outputs):
        x = inputs[9]
        noise = twin.table[4:8].tolist()  # the second place of the stretch
        there = -sum(np.log(sigmoid(x @ outputs[w])) for w in (3, 5))
        return there - 4.0 * 2 / 4 * sum(np.log(sigmoid(-(x @ outputs[w]))) for w in noise)

    def derivative(array, row, k):
        h = 1e-5
        array[row, k] += h
        up = loss(twin.inputs, twin.outputs)
        array[row, k] -= 2 * h
        down = loss(twin.inputs, twin.outputs)
        array[row, k] += h
        return (up - down) / (2 * h)

    inputs, outputs = twin.inputs.copy(), twin.outputs.copy()
    columns = rng.choice(DIM, 8, replace=False)
    wanted = {
        ("in", 9): [derivative(twin.inputs, 9, k) for k in columns],
        ("out", 3): [derivative(twin.outputs, 3, k) for k in columns],
        ("out", int(twin.table[4])): [
            derivative(twin.outputs, int(twin.table[4]), k) for k in columns
        ],
    }
    alpha = 1e-6
    case.inputs[:], case.outputs[:] = inputs, outputs
    # Only the middle place: reaches of the others would add their own steps.
    twin._skipgram([3, 9, 5], [1], twin.table[4:8].tolist(), 2, alpha)
    moved = {
        ("in", 9): twin.inputs[9] - inputs[9],
        ("out", 3): twin.outputs[3] - outputs[3],
        ("out", int(twin.table[4])): (twin.outputs - outputs)[int(twin.table[4])],
    }
    for name, slope in wanted.items():
        np.testing.assert_allclose(moved[name][columns] / -alpha, slope, rtol=1e-5, atol=1e-7)


def test_the_sampled_loss_is_the_twins():
    """One turn in 512 is taken, the first among them."""
    case = Case(sample=0)
    rng = np.random.default_rng(1)
    case.ids = np.where(np.arange(2600) % 13 == 12, -1, rng.integers(30, size=2600)).astype(
        np.int32
    )
    case.run("skipgram", 0.01)
    case.run_twin("skipgram", 0.01)
    losses = case.twin.losses
    assert len(losses) == 1200
    assert case.worker.loss[0] == pytest.approx(losses[0] + losses[512] + losses[1024], rel=1e-3)
    assert 3 <= case.worker.loss[1] <= 18  # words predicted at three places
