"""The little grammar: brackets, slots, and packs that are used up before they are shuffled."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.tasks.demo.grammar import Choice, Slot, Writer, parse


def test_parse_by_hand() -> None:
    assert parse("{me}は[甘い|[苦|辛]い]。") == (
        Slot("me"),
        "は",
        Choice((["甘い"], [Choice((["苦"], ["辛"])), "い"])),
        "。",
    )
    assert isinstance(parse("{me}")[0], Slot)
    assert parse("[|a]") == (Choice(([], ["a"])),)


@pytest.mark.parametrize("broken", ["[a|b", "a]", "a|b", "[a|[b]"])
def test_brackets_must_match(broken: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        parse(broken)


def test_slots_may_hold_slots_and_unknown_ones_are_errors() -> None:
    scope = {"dish": ("{when}の味噌汁",), "when": ("朝",)}
    assert Writer(0).write("{dish}が良い", scope) == "朝の味噌汁が良い"
    with pytest.raises(KeyError):
        Writer(0).write("{nobody}", scope)


def test_every_part_of_a_choice_is_written() -> None:
    writer = Writer(0)
    assert {writer.write("[a|b|c]", {}) for _ in range(100)} == {"a", "b", "c"}


@given(st.integers(0, 99), st.lists(st.integers(0, 5), min_size=1, max_size=9), st.integers(1, 5))
def test_a_pack_is_used_up_before_it_comes_again(seed: int, cards: list[int], rounds: int) -> None:
    writer = Writer(seed)
    options = tuple(cards)
    for _ in range(rounds):
        assert Counter(writer.draw(options) for _ in cards) == Counter(cards)


@given(st.integers(0, 99), st.sets(st.integers(0, 9), min_size=1), st.integers(0, 20))
def test_different_as_long_as_there_are_others(seed: int, cards: set[int], count: int) -> None:
    writer = Writer(seed)
    drawn = [writer.draw_different(tuple(cards), count) for _ in range(5)]
    for cards_drawn in drawn:
        assert len(cards_drawn) == count
        assert len(set(cards_drawn)) == min(count, len(cards))


def test_the_same_slot_is_filled_differently_within_one_sentence() -> None:
    writer = Writer(3)
    for _ in range(50):
        a, b = writer.write("{x}と{x}", {"x": ("机", "棚", "箱")}).split("と")
        assert a != b


def test_order_differs_by_seed_and_repeats_with_it() -> None:
    options = tuple(range(20))
    orders = [[Writer(seed).draw(options) for _ in range(1)] for seed in (0, 0, 1, 2, 3)]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) > 1
