"""The order that needs no memory."""

import numpy as np
import pytest

from bunsan.training.shuffle import Order, mix, seed_of


def slow_mix(x: int) -> int:
    """SplitMix64 as published, in whole numbers."""
    m = (1 << 64) - 1
    x = (x + 0x9E3779B97F4A7C15) & m
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & m
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & m
    return x ^ (x >> 31)


def test_mix_is_splitmix() -> None:
    # The first output of the published generator with seed 0.
    assert slow_mix(0) == 0xE220A8397B1DCDAF
    values = np.array([0, 1, 2, 1 << 40, (1 << 64) - 1], np.uint64)
    assert mix(values).tolist() == [slow_mix(int(v)) for v in values]


def test_seeds_depend_on_every_part_and_its_place() -> None:
    seeds = {seed_of(*parts) for parts in [(0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1), (0, -1)]}
    assert len(seeds) == 7
    assert all(0 <= seed < 1 << 63 for seed in seeds)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 17, 1000, 4096, 4097])
def test_every_number_stands_in_one_place(n: int) -> None:
    found = Order(n, 3)(np.arange(n))
    assert sorted(found.tolist()) == list(range(n))


def test_orders_look_random() -> None:
    n = 3000
    one, other = Order(n, 1)(np.arange(n)), Order(n, 2)(np.arange(n))
    assert (one == other).mean() < 0.01
    assert abs(np.corrcoef(one, np.arange(n))[0, 1]) < 0.06  # 3 standard deviations
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.06
    assert (np.diff(one) == 1).mean() < 0.01
    # Places are computed one by one: asking for some gives the same.
    assert Order(n, 1)(np.array([5, 2])).tolist() == [one[5], one[2]]
