"""Long prompts and the answers under way: turn by turn, counted and not timed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from serve_models import END, writer

from bunsan.nn.generation.beams import beam_search
from bunsan.nn.generation.decoding import Decoding, Request
from bunsan.nn.generation.loop import generate
from bunsan.serve.errors import ApiError
from bunsan.serve.jobs import Job
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings
from bunsan.serve.writing import WritingWorker
from bunsan.tasks.complete import TextGenerator

PIECE = 16


class ByHand(WritingWorker):
    """A worker whose turns are taken here, and that notes the passes of its model."""

    def __init__(self, **settings: Any) -> None:
        ours = writer()
        model: Any = Noting(ours.model)
        generator = TextGenerator(model, ours.tokenizer, ours.habits)
        made = ServeSettings(**{"piece_tokens": PIECE, "rows": 4, "queue": 9} | settings)
        super().__init__("w", generator, made, Metrics())
        self.passes: list[tuple[int, int]] = model.passes

    def _wake(self) -> None:
        pass

    def turn(self) -> list[tuple[int, int]]:
        """One turn: the (rows, positions) of its passes."""
        before = len(self.passes)
        self._turn()
        return self.passes[before:]

    def ask(self, prompt: list[int], *, n: int = 1, **settings: Any) -> Job:
        decoding = Decoding(**{"max_tokens": 60, "end": ()} | settings)
        request = Request(prompt, decoding)
        rows = [replace(request, sample=i) for i in range(n)]
        job = Job([(row, self.generator.text_stream(row)) for row in rows])
        self.submit(job)
        return job

    def written(self, job: Job) -> list[list[int]]:
        return [answer.row.tokens if answer.row else [] for answer in job.answers]

    def finish(self) -> None:
        while self._busy():
            self._turn()


class Noting:
    def __init__(self, model: Any) -> None:
        self.model, self.passes = model, list[tuple[int, int]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def logits(self, ids: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        self.passes.append((ids.shape[0], ids.shape[1]))
        return self.model.logits(ids, *args, **kwargs)


def in_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Jobs live in an event loop."""

    def run() -> None:
        async def body() -> None:
            await test()

        asyncio.run(body())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def prompt(n: int, seed: int = 0) -> list[int]:
    end = writer().tokenizer.token_to_id(END)
    drawn = torch.randint(5, 300, (2 * n,), generator=torch.Generator().manual_seed(seed))
    return [i for i in drawn.tolist() if i != end][:n]


def alone(ids: list[int], *, sample: int = 0, **settings: Any) -> list[int]:
    decoding = Decoding(**{"max_tokens": 60, "end": ()} | settings)
    return generate(writer().model, [Request(ids, decoding, sample=sample)])[0].tokens


@in_loop
async def test_a_long_prompt_halts_nobody() -> None:
    """While 160 tokens are read, the short answer gets one token after each piece."""
    worker = ByHand()
    short = worker.ask(prompt(5))
    worker.turn()
    [before] = worker.written(short)
    assert len(before) == 2  # the first, and that of the step in the same turn
    long = worker.ask(prompt(160, 1))
    for k in range(1, 10):
        assert worker.turn() == [(1, PIECE), (1, 1)]
        assert len(worker.written(short)[0]) == 2 + k
        assert worker.written(long) == [[]]
    assert worker.turn() == [(1, PIECE), (2, 1)]  # the long one joins
    worker.finish()
    assert worker.written(short) == [alone(prompt(5))]
    assert worker.written(long) == [alone(prompt(160, 1))]


@in_loop
async def test_a_short_prompt_does_not_wait_for_a_long_one() -> None:
    worker = ByHand()
    long, other = worker.ask(prompt(200, 1)), worker.ask(prompt(100, 2))
    worker.turn()
    short = worker.ask(prompt(6, 3), max_tokens=3)
    assert worker.turn() == [(1, 6), (1, PIECE - 6), (1, 1)]  # they share the piece
    assert [len(one) for one in worker.written(short)] == [2]
    assert worker.written(long) == worker.written(other) == [[]]
    # Many short ones do not keep the long one from half a piece of each turn.
    many = [worker.ask(prompt(PIECE, 10 + i), max_tokens=1) for i in range(3)]
    for _ in many:
        assert (1, PIECE // 2) in worker.turn()
    worker.finish()
    for job, ids in ((long, prompt(200, 1)), (other, prompt(100, 2))):
        assert worker.written(job) == [alone(ids)]
    assert worker.written(short) == [alone(prompt(6, 3), max_tokens=3)]


@in_loop
async def test_what_was_read_before_is_not_long() -> None:
    worker = ByHand()
    worker.ask(prompt(100, 4), max_tokens=1)
    worker.finish()
    again = worker.ask([*prompt(100, 4), 7, 8], max_tokens=2)
    assert worker.turn() == [(1, 2), (1, 1)]
    assert worker.written(again) == [alone([*prompt(100, 4), 7, 8], max_tokens=2)]


@in_loop
async def test_samples_of_a_long_prompt_are_read_once() -> None:
    worker = ByHand(rows=3)
    job = worker.ask(prompt(64, 5), n=5, temperature=1.0, seed=3, max_tokens=8)
    worker.finish()
    # By 16, and again only the last token, for the two that had no room at first.
    assert [passed for passed in worker.passes if passed[1] > 1] == [(1, PIECE)] * 4
    settings: dict[str, Any] = {"temperature": 1.0, "seed": 3, "max_tokens": 8}
    wanted = [alone(prompt(64, 5), sample=i, **settings) for i in range(5)]
    assert worker.written(job) == wanted
    assert len({tuple(one) for one in wanted}) > 2


@in_loop
async def test_nobody_reads_a_prompt_whose_reader_has_left() -> None:
    worker = ByHand()
    job = worker.ask(prompt(200, 6))
    worker.turn()
    assert worker.load == (1, 0)
    worker.close(job)
    assert worker.turn() == []
    assert worker.load == (0, 0)
    assert not worker._busy()


@in_loop
async def test_a_search_takes_its_rows_and_turns() -> None:
    """Four rows: a search of three leaves one, and the next search waits for its own."""
    worker = ByHand()
    plain = worker.ask(prompt(5), max_tokens=30)
    first = worker.ask(prompt(40, 7), beams=3, max_tokens=12)
    second = worker.ask(prompt(9, 8), beams=4, max_tokens=4)
    last = worker.ask(prompt(4, 9), max_tokens=2)
    assert worker.turn() == [(1, 5), (1, PIECE - 5), (1, 1)]
    assert worker.turn() == [(1, PIECE), (1, 1)]
    assert worker.turn() == [(1, 13), (1, 1), (3, 1)]  # the rest of 40, then a token of all beams
    assert worker.turn() == [(1, 1), (3, 1)]
    assert worker.load == (2, 2)
    worker.finish()
    for job, ids, beams, n in ((first, prompt(40, 7), 3, 12), (second, prompt(9, 8), 4, 4)):
        request = Request(ids, Decoding(max_tokens=n, beams=beams))
        wanted = beam_search(writer().model, [request])[0][0].tokens
        assert worker.written(job) == [wanted]
    assert worker.written(plain) == [alone(prompt(5), max_tokens=30)]
    assert worker.written(last) == [alone(prompt(4, 9), max_tokens=2)]
    assert not worker._busy()


@in_loop
async def test_all_are_told_when_the_model_fails() -> None:
    worker = ByHand()
    jobs = [
        worker.ask(prompt(5)), worker.ask(prompt(9, 1), beams=2), worker.ask(prompt(90, 2)),
    ]  # fmt: skip
    for _ in range(3):
        worker.turn()
    assert worker.load == (3, 0)
    model: Any = worker.generator.model

    def broken(*_: Any, **__: Any) -> None:
        raise MemoryError

    kept, model.logits = model.logits, broken
    worker.turn()
    model.logits = kept
    assert worker.load == (0, 0)
    for job in jobs:
        with pytest.raises(ApiError):
            async for _ in job.pieces():
                pass
    after = worker.ask(prompt(5), max_tokens=3)
    worker.finish()
    assert worker.written(after) == [alone(prompt(5), max_tokens=3)]
