"""Windows, steps and batches against plain lists."""

from pathlib import Path

import numpy as np
import pytest
from training_help import numbers

from bunsan.base.errors import BadInput
from bunsan.training.windows import Batching, Windows, by_length, padding_share

LENGTHS = [3, 1, 50, 7, 2, 90, 10, 11, 20, 5]


def test_every_token_is_in_one_window_and_none_is_a_scrap(tmp_path: Path) -> None:
    windows = Windows(numbers(tmp_path, LENGTHS, shard_tokens=40), 10)
    read = windows.read(np.arange(len(windows)))
    assert sorted(i for w in read for i in w.ids.tolist()) == list(range(sum(LENGTHS)))
    assert len(windows) == sum(-(-length // 10) for length in LENGTHS)
    for w in read:
        parts = -(-LENGTHS[w.document] // 10)
        assert LENGTHS[w.document] // parts <= len(w.ids) <= 10
        assert w.first == (w.begin == 0)
        assert w.last == (w.begin + len(w.ids) == LENGTHS[w.document])
    assert len({w.key for w in read}) == len(read)


def test_each_round_has_its_own_order_and_chance(tmp_path: Path) -> None:
    windows = Windows(numbers(tmp_path, LENGTHS), 10)
    n = len(windows)
    first, second = windows.read(np.arange(n)), windows.read(np.arange(n, 2 * n))
    places = [[(w.document, w.begin) for w in read] for read in (first, second)]
    assert sorted(places[0]) == sorted(places[1])
    assert places[0] != places[1]
    assert not {w.key for w in first} & {w.key for w in second}
    over = windows.read(np.arange(n - 2, n + 2))
    assert [w.key for w in over] == [w.key for w in [*first[-2:], *second[:2]]]


def test_held_out_documents_are_not_trained_on(tmp_path: Path) -> None:
    made = numbers(tmp_path, [4] * 400)
    options = {"held_out": 0.25, "seed": 3}
    kept = Windows(made, 10, **options)
    held = Windows(made, 10, evaluation=True, **options)
    a = {w.document for w in kept.read(np.arange(len(kept)))}
    b = {w.document for w in held.read(np.arange(len(held)))}
    assert not a & b
    assert a | b == set(range(400))
    assert 70 < len(b) < 130
    assert {w.document for w in Windows(made, 10, held_out=0.25, seed=4).read(np.arange(100))} != a


def test_steps_by_tokens(tmp_path: Path) -> None:
    windows = Windows(numbers(tmp_path, LENGTHS), 10)
    batching = Batching(tokens=100, added=2, memory_tokens=40)
    place, seen = 0, []
    for _ in range(12):
        plan = batching.step(windows, place)
        lengths = [windows.lengths(windows.numbers(batch)) + 2 for batch in plan.batches]
        total = sum(int(batch.sum()) for batch in lengths)
        last = int(windows.lengths(windows.numbers(np.array([plan.next - 1])))[0]) + 2
        assert total - last < 100 <= total  # one window less would not be enough
        assert all(len(batch) * batch.max() <= 40 for batch in lengths)
        places = sorted(np.concatenate(plan.batches).tolist())
        assert places == list(range(place, plan.next))
        seen += places
        place = plan.next
    assert seen == list(range(place))


def test_steps_by_windows_and_whole_batches(tmp_path: Path) -> None:
    windows = Windows(numbers(tmp_path, LENGTHS), 10)
    plan = Batching(sequences=9, memory_tokens=1000).step(windows, 4)
    assert len(plan.batches) == 1
    assert sorted(plan.batches[0].tolist()) == list(range(4, 13))
    kept = Batching(sequences=9, together=4).step(windows, 4)
    assert [batch.tolist() for batch in kept.batches] == [[4, 5, 6, 7], [8, 9, 10, 11], [12]]


def test_batches_go_by_length() -> None:
    lengths = np.array([5, 9, 2, 9, 3])
    batches = by_length(np.arange(5), lengths, 18)
    assert [batch.tolist() for batch in batches] == [[1, 3], [0, 4, 2]]
    assert padding_share([lengths[batch] for batch in batches]) == 1 - 28 / 33
    # One that is too long for the limit stands alone.
    assert [batch.tolist() for batch in by_length(np.arange(2), np.array([30, 4]), 18)] == [
        [0],
        [1],
    ]


def test_nothing_to_train_on(tmp_path: Path) -> None:
    made = numbers(tmp_path, [3])
    windows = Windows(made, 10, evaluation=True)
    assert len(windows) == 0
    with pytest.raises(BadInput, match="no text"):
        windows.read(np.arange(1))
