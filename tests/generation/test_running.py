"""Rows that join and leave, beginnings that are shared: the same tokens as alone."""

import random
from typing import Any

import pytest
import torch
from generation_models import END, V, models, prompts, start

from bunsan.nn.cache import Cache
from bunsan.nn.generation.decoding import Decoding, Request, Row
from bunsan.nn.generation.loop import generate, stream
from bunsan.nn.generation.model import StackModel
from bunsan.nn.generation.prefix import PrefixStore
from bunsan.nn.generation.running import Running

KINDS = ["gpt2", "t5", "bart", "marian"]
VARIETY: list[dict[str, Any]] = [
    {},
    {"temperature": 0.8, "seed": 3},
    {"temperature": 1.2, "top_k": 9, "seed": 4},
    {"temperature": 1.0, "top_p": 0.7, "seed": 5},
    {"repetition_penalty": 1.6},
    {"presence_penalty": 0.9, "frequency_penalty": 0.4},
    {"no_repeat_ngram": 2, "temperature": 1.0, "min_p": 0.1},
    {"banned": (4, 5, 6, 7), "min_tokens": 6},
    {"logprobs": 2},
]


def many(kind: str, n: int, seed: int = 11) -> list[Request]:
    """Requests of all sorts of settings and lengths."""
    rows, chance = prompts(n, seed=seed, high=18), random.Random(seed)
    made = []
    for i, row in enumerate(rows):
        settings = Decoding(
            max_tokens=chance.randint(1, 16), end=(END,), **VARIETY[i % len(VARIETY)]
        )
        if kind == "gpt2":
            made.append(Request(row, settings, sample=i))
        else:
            made.append(Request([start(kind)], settings, source=row, sample=i))
    return made


def told(rows: list[Row]) -> list[Any]:
    return [
        (row.tokens, row.finish, [round(x, 3) for x in row.logprobs], len(row.alternatives))
        for row in rows
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_batched_with_others_of_other_settings(kind: str) -> None:
    _, model = models(kind)
    requests = many(kind, 18)
    alone = [generate(model, [request])[0] for request in requests]
    assert told(generate(model, requests, rows=18)) == told(alone)
    assert told(generate(model, requests, rows=4)) == told(alone)  # the others wait


@pytest.mark.parametrize("kind", KINDS)
def test_joining_and_leaving_on_the_way(kind: str) -> None:
    _, model = models(kind)
    requests = many(kind, 14, seed=12)
    alone = [generate(model, [request])[0] for request in requests]
    running, chance = Running(model), random.Random(5)
    waiting, done = list(range(len(requests))), {}
    numbers: dict[Row, int] = {}
    while waiting or running.rows:
        while waiting and (chance.random() < 0.5 or not running.rows):
            some = [waiting.pop(0) for _ in range(min(len(waiting), chance.randint(1, 3)))]
            rows = running.add([requests[i] for i in some])
            numbers |= dict(zip(rows, some, strict=True))
            finished = [i for i, row in enumerate(running.rows) if row.finish]
            for row in running.drop(finished):
                done[numbers[row]] = row
        running.step()
        for row in running.drop([i for i, row in enumerate(running.rows) if row.finish]):
            done[numbers[row]] = row
    assert told([done[i] for i in range(len(requests))]) == told(alone)


def test_a_row_that_is_stopped_leaves_the_others_alone() -> None:
    _, model = models("gpt2")
    requests = [Request(row, Decoding(max_tokens=12)) for row in prompts(4)]
    alone = [generate(model, [request])[0] for request in requests]

    def watch(row: Row) -> None:
        if row.request is requests[1] and len(row.tokens) == 3:
            row.finish = "stop"

    found = generate(model, requests, watch=watch)
    assert found[1].tokens == alone[1].tokens[:3]
    assert [found[i].tokens for i in (0, 2, 3)] == [alone[i].tokens for i in (0, 2, 3)]


def test_samples_of_a_prompt_differ_and_come_again() -> None:
    _, model = models("gpt2")
    settings = Decoding(max_tokens=8, temperature=1.0, seed=2)
    requests = [Request([5, 6, 7], settings, sample=i) for i in range(6)]
    found = [tuple(row.tokens) for row in generate(model, requests)]
    assert len(set(found)) > 3
    assert [tuple(row.tokens) for row in generate(model, requests[::-1])] == found[::-1]


def test_finished_rows_come_as_they_finish() -> None:
    _, model = models("gpt2")
    lengths = [9, 2, 5]
    requests = [Request([5, 6], Decoding(max_tokens=n)) for n in lengths]
    assert [i for i, _ in stream(model, iter(requests))] == [1, 2, 0]


class Counting:
    """A model that counts what it reads."""

    def __init__(self, model: StackModel) -> None:
        self.model, self.read = model, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def logits(self, ids: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        self.read += ids.numel()
        return self.model.logits(ids, *args, **kwargs)


def test_shared_beginnings_are_read_once() -> None:
    _, model = models("gpt2")
    beginning = prompts(1, low=20, high=21)[0]
    settings = Decoding(max_tokens=1, logprobs=0)
    requests = [Request(beginning + row, settings) for row in prompts(5, low=2, high=4)]
    alone = [generate(model, [request])[0] for request in requests]
    counting = Counting(model)
    assert told(generate(counting, requests)) == told(alone)
    assert counting.read <= 20 + 5 * 3


def test_a_store_of_prefixes_changes_nothing_but_the_work() -> None:
    _, model = models("gpt2")
    chance, texts = random.Random(3), [[9, 8, 7]]
    for _ in range(25):  # texts that share beginnings of all lengths
        other = chance.choice(texts)
        texts.append(
            other[: chance.randint(1, len(other))] + prompts(1, seed=chance.randint(0, 99))[0]
        )
    requests = [
        Request(text[:40], Decoding(max_tokens=6, **VARIETY[i % len(VARIETY)]))
        for i, text in enumerate(texts)
    ]
    alone = [generate(model, [request])[0] for request in requests]
    for most in (1 << 30, 40_000, 10):  # everything, some, nothing is kept
        store, counting = PrefixStore(most), Counting(model)
        found = []
        for i in range(0, len(requests), 4):
            found += generate(counting, requests[i : i + 4], store=store)
        assert told(found) == told(alone)
        assert store.held_bytes <= most
        if most == 1 << 30:
            read = counting.read
            generate(counting, requests, store=store)
            assert counting.read - read < read / 2


def test_the_next_turn_reads_the_new_words_only() -> None:
    _, model = models("gpt2")
    store, counting = PrefixStore(), Counting(model)
    first = generate(counting, [Request([5, 6, 7, 8], Decoding(max_tokens=5))], store=store)[0]
    counting.read = 0
    talk = [5, 6, 7, 8, *first.tokens, 9, 10]
    second = generate(counting, [Request(talk, Decoding(max_tokens=1))], store=store)[0]
    assert counting.read == 3  # the answer's last token, which nothing was read after, and two new
    assert second.tokens == generate(model, [Request(talk, Decoding(max_tokens=1))])[0].tokens


def test_a_store_forgets_what_was_longest_unused() -> None:
    def entry(n: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [(torch.zeros(1, n, 1), torch.zeros(1, n, 1))]  # 8 bytes a token

    store = PrefixStore(8 * 9)
    store.put([1, 2, 3], entry(3))
    store.put([4, 5, 6], entry(3))
    store.put([7, 8, 9], entry(3))
    assert store.find([1, 2, 0]) is not None  # used now
    store.put([4, 4, 4], entry(3))
    assert store.has([1, 2])
    assert not store.has([4, 5])
    store.put([1, 2, 3, 4], entry(4))  # takes the place of its own beginning
    assert len(store) == 2
    assert store.has([1, 2, 3, 4])
    assert store.has([4, 4, 4])
    store.put([0] * 100, entry(100))  # larger than all the room
    assert len(store) == 2
    assert store.find([3]) is None
    store.clear()
    assert store.held_bytes == 0


def filled(rows: int, length: int, seed: int, memory: int = 0) -> tuple[Cache, torch.Tensor]:
    cache = Cache(2, 4)
    x = torch.randn(rows, 2, length, 3, generator=torch.Generator().manual_seed(seed))
    for block in range(2):
        cache.append(block, x + block, -x - block)
        if memory:
            cache.memory[block] = (x[:, :, :memory], x[:, :, :memory])
    cache.advance(length)
    return cache, x


def held(cache: Cache, block: int) -> torch.Tensor:
    return cache._own[block][0][:, :, : len(cache)]


def test_cache_joined_selected_trimmed() -> None:
    a, x = filled(2, 5, 1, memory=2)
    b, y = filled(3, 9, 2, memory=4)
    a.join(b)
    assert len(a) == 9
    assert torch.equal(held(a, 1)[:2, :, 4:], x + 1)
    assert not held(a, 1)[:2, :, :4].any()
    assert torch.equal(held(a, 1)[2:], y + 1)
    assert torch.equal(a.memory[0][0][:2, :, :2], x[:, :, :2])
    assert not a.memory[0][0][:2, :, 2:].any()
    a.select([4, 0], skip=3)
    assert len(a) == 6
    assert torch.equal(held(a, 0)[0], y[2, :, 3:])
    assert torch.equal(held(a, 0)[1, :, 1:], x[0])
    a.select([1, 0])
    assert torch.equal(held(a, 0)[1], y[2, :, 3:])
    more = torch.ones(2, 2, 40, 3)
    for block in range(2):
        keys, values = a.append(block, more, more)
    a.advance(40)
    assert keys.shape == (2, 2, 46, 3)
    assert torch.equal(keys[1, :, :6], y[2, :, 3:] + 1)
    assert torch.equal(values[1, :, :6], -y[2, :, 3:] - 1)


def test_cache_rows_put_back_and_expanded() -> None:
    a, x = filled(2, 5, 1)
    blocks = a.row(1, 1, 5)
    b = Cache(2, 1)
    b.fill([blocks, blocks], [2, 4], 6)
    assert torch.equal(held(b, 1)[0, :, 4:], x[1, :, 1:3] + 1)
    assert torch.equal(held(b, 1)[1, :, 2:], x[1, :, 1:] + 1)
    assert not held(b, 1)[0, :, :4].any()
    one, y = filled(1, 5, 3, memory=2)
    three = one.expanded(3)
    for block in range(2):
        three.append(block, torch.ones(3, 2, 1, 3), torch.ones(3, 2, 1, 3))
    three.advance(1)
    assert torch.equal(held(three, 0)[2, :, :5], y[0])
    assert len(one) == 5
    assert torch.equal(held(one, 0), y)
    assert three.memory[0][0].shape == (3, 2, 2, 3)


assert V
