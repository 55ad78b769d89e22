"""Prompts that are read in pieces: what follows is as if they were read at once."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from generation_models import END, models, prompts, start

from bunsan.nn.generation.beams import BeamSearch, beam_search
from bunsan.nn.generation.decoding import Decoding, Request, Row
from bunsan.nn.generation.loop import generate
from bunsan.nn.generation.prefill import Reading, prefill
from bunsan.nn.generation.prefix import PrefixStore
from bunsan.nn.generation.running import Running

PIECES = [1, 2, 3, 7, 16, 50, 1000]


def rows_of(kind: str, n: int, seed: int = 1, low: int = 2, high: int = 40) -> list[Request]:
    settings = Decoding(max_tokens=8, end=(END,))
    rows = prompts(n, seed=seed, low=low, high=high)
    if kind == "gpt2":
        return [Request(row, settings) for row in rows]
    return [Request([start(kind)], settings, source=row) for row in rows]


def read(running: Running, requests: Sequence[Request], tokens: int) -> tuple[list[Row], int]:
    """The rows, and in how many pieces they were read."""
    joining, pieces = running.begin(requests), 0
    while True:
        rows = running.advance(joining, tokens)
        pieces += 1
        if rows is not None:
            return rows, pieces


def finish(running: Running) -> None:
    while running.rows:
        running.step()
        running.drop([i for i, row in enumerate(running.rows) if row.finish])


class Watched:
    """A model that notes how many positions each pass has, all rows together."""

    def __init__(self, model: Any) -> None:
        self.model, self.passes = model, list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def logits(self, ids: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        self.passes.append(ids.numel())
        return self.model.logits(ids, *args, **kwargs)


@pytest.mark.parametrize("tokens", PIECES)
def test_the_same_tokens_whatever_the_piece(tokens: int) -> None:
    """Rows of very different lengths: some columns of a piece are padding, or all of it."""
    _, model = models("gpt2")
    requests = rows_of("gpt2", 7)
    wanted = [row.tokens for row in generate(model, requests)]
    running = Running(model)
    rows, pieces = read(running, requests, tokens)
    assert pieces > 1 or tokens == 1000
    finish(running)
    assert [row.tokens for row in rows] == wanted


@pytest.mark.parametrize("tokens", [1, 5, 20])
def test_keys_values_and_logits_are_those_of_one_pass(tokens: int) -> None:
    _, model = models("gpt2")
    requests = [Request(row) for row in ([7] * 30, [5, 6, 7], list(range(3, 40)))]
    whole, reading = prefill(model, requests), Reading(model, requests)
    while (found := reading.advance(tokens)) is None:
        pass
    torch.testing.assert_close(found.logits, whole.logits, rtol=1e-4, atol=1e-4)
    assert found.start.tolist() == whole.start.tolist()
    for i, begin in enumerate(whole.start.tolist()):
        pairs = zip(
            found.cache.row(i, begin, len(found.cache)), whole.cache.row(i, begin, len(whole.cache)),
            strict=True,
        )  # fmt: skip
        for ours, theirs in pairs:
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tokens", PIECES)
def test_beginnings_that_are_known(tokens: int) -> None:
    """Of some prompts all is known, of some a beginning, of some nothing."""
    _, model = models("gpt2")
    beginning = prompts(1, low=25, high=26)[0]
    settings = Decoding(max_tokens=6)
    requests = [Request(beginning + row, settings) for row in prompts(5, seed=3, low=1, high=20)]
    requests += [Request(row, settings) for row in prompts(3, seed=4, low=2, high=30)]
    wanted = [row.tokens for row in generate(model, requests)]
    for known in ([], [0], [0, 2, 5], range(8)):
        store = PrefixStore()
        generate(model, [requests[i] for i in known], store=store)
        running = Running(model, store)
        rows, _ = read(running, requests, tokens)
        finish(running)
        assert [row.tokens for row in rows] == wanted
        assert all(running.unread(request) == 1 for request in requests)


def test_no_piece_is_larger_and_nothing_is_read_twice() -> None:
    _, model = models("gpt2")
    watched: Any = Watched(model)
    beginning = prompts(1, low=20, high=21)[0]
    rows = [beginning + row for row in prompts(3, seed=8, low=6, high=7)]
    store = PrefixStore()
    running = Running(watched, store)
    assert running.unread(Request(rows[0])) == 26
    _, pieces = read(running, [Request(row) for row in rows], 9)
    # What all begin with by 9, 9, 2; the rest of three rows by 2 columns, by 3 columns, by the last.
    assert watched.passes == [9, 9, 2, 6, 9, 3]
    assert pieces == 5  # the third is what was left of the beginning, and two columns
    watched.passes.clear()
    assert running.unread(Request([*rows[0], 9, 9])) == 2
    read(running, [Request([*rows[0], 9, 9])], 9)
    assert watched.passes == [2]


def test_a_running_answer_goes_on_while_a_long_prompt_is_read() -> None:
    """Between two pieces of the long one there is a token for the short one, and they are its own."""
    _, model = models("gpt2")
    short = Request([5, 6, 7], Decoding(max_tokens=20))
    long = Request(prompts(1, seed=9, low=48, high=49)[0], Decoding(max_tokens=5))
    alone = [row.tokens for row in generate(model, [short, long])]
    watched: Any = Watched(model)
    running = Running(watched)
    [first] = running.add([short])
    joining, told = running.begin([long]), []
    while running.advance(joining, 4) is None:
        told.append(len(first.tokens))
        running.step()
    assert told == list(range(1, 12))  # 48 tokens are twelve pieces
    assert watched.passes == [3] + [4, 1] * 11 + [4]
    finish(running)
    assert [first.tokens, joining.rows[0].tokens] == alone


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_encoders_read_whole(kind: str) -> None:
    _, model = models(kind)
    requests = rows_of(kind, 4)
    wanted = [row.tokens for row in generate(model, requests)]
    running = Running(model)
    rows, pieces = read(running, requests, 1)
    assert pieces == 1
    assert running.unread(requests[0]) == len(requests[0].source or ())
    finish(running)
    assert [row.tokens for row in rows] == wanted


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_a_beam_search_beside_a_batch(kind: str) -> None:
    """A search and a batch take turns, and neither changes the other."""
    _, model = models(kind)
    plain = rows_of(kind, 3, seed=5)
    searched = [
        Request(r.ids, Decoding(max_tokens=9, end=(END,), beams=3), r.source)
        for r in rows_of(kind, 2, seed=6)
    ]
    wanted = [row.tokens for row in generate(model, plain)]
    search, running = BeamSearch(model, searched), Running(model)
    rows = running.add(plain)
    over = False
    while running.rows or not over:
        over = over or search.advance(4)
        running.step()
        running.drop([i for i, row in enumerate(running.rows) if row.finish])
    assert [row.tokens for row in rows] == wanted
    assert search.rows == 6
    for ours, alone in zip(search.found, beam_search(model, searched), strict=True):
        assert [one.tokens for one in ours] == [one.tokens for one in alone]
        assert [one.score for one in ours] == pytest.approx([one.score for one in alone], rel=1e-5)


def test_a_search_says_what_it_cannot_take() -> None:
    _, model = models("gpt2")
    two, three = Decoding(max_tokens=4, beams=2), Decoding(max_tokens=4, beams=3)
    with pytest.raises(ValueError, match="same settings"):
        BeamSearch(model, [Request([5], two), Request([5], three)])
    with pytest.raises(ValueError, match="as much room"):
        BeamSearch(model, [Request([5] * 62, two), Request([5], two)])
    found = beam_search(model, [Request([5] * 62, two), Request([5], two)])
    assert [len(texts[0].tokens) for texts in found] == [2, 4]
