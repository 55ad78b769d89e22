"""CBOW against its plain twin."""

import numpy as np
import pytest
from kernel_cases import Case, check_against_twin

from bunsan.words.training.simd import WIDTHS


@pytest.mark.parametrize("width", WIDTHS)
def test_same_as_the_twin_at_every_width(width):
    check_against_twin("cbow", width=width)


@pytest.mark.parametrize(
    "options",
    [
        {"mean": False},
        {"shrink": False, "window": 2},
        {"ring": 4, "rings": 1, "fresh": 4},  # as the authors' program draws
        {"ring": 6, "rings": 5, "fresh": 1},
    ],
)
def test_same_as_the_twin_with_other_settings(options):
    check_against_twin("cbow", seed=1, **options)


def test_stopping_between_stretches_changes_nothing():
    whole, parts = Case(), Case()
    whole.run("cbow", 0.05)
    parts.run("cbow", 0.05, cuts=(1, 2, 100, 350))
    assert np.array_equal(whole.memory, parts.memory)
    assert np.array_equal(whole.worker.state, parts.worker.state)


def test_the_sampled_loss_is_the_twins():
    case = Case()
    case.run("cbow", 0.05)
    case.run_twin("cbow", 0.05)
    assert case.worker.loss[1] == 1
    assert case.worker.loss[0] == pytest.approx(case.twin.losses[0], rel=1e-4)
