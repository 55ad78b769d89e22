import math

import pytest

from bunsan.measure.accuracy import Accuracy, pooled
from bunsan.measure.intervals import wilson


def test_by_hand() -> None:
    accuracy = Accuracy(right=3, asked=4, skipped=12)
    assert accuracy.share == 0.75
    assert accuracy.coverage == 0.25
    # Wilson's limits of 3 in 4 at 95 %: (0.3006, 0.9544), Brown, Cai & DasGupta's formula.
    assert accuracy.interval() == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert accuracy.interval(0.5) == pytest.approx(tuple(map(float, wilson(3, 4, 0.5))))


def test_none_asked() -> None:
    nothing = Accuracy(0, 0, 0)
    assert math.isnan(nothing.share)
    assert math.isnan(nothing.coverage)
    assert nothing.interval() == (0, 1)


def test_pooled() -> None:
    assert pooled([Accuracy(1, 2, 3), Accuracy(10, 20, 30)]) == Accuracy(11, 22, 33)
    assert pooled([]) == Accuracy(0, 0, 0)
