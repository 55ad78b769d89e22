"""What is asked of a writing model, and what comes of it, piece by piece.

A piece of text goes to its request as soon as it is written. A request whose reader is slow does not
stop its answer: pieces are kept until they are read, and an answer has at most `max_tokens` of them.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bunsan.nn.generation.decoding import Finish, Request, Row
from bunsan.nn.generation.stream import TextStream
from bunsan.serve.errors import ApiError
from bunsan.serve.worker import in_loop


@dataclass(frozen=True)
class TokenChosen:
    """A token of an answer, for those who want probabilities.

    `begin`: where its text begins in the answer, in characters.
    """

    id: int
    logprob: float
    alternatives: list[tuple[int, float]]
    begin: int


@dataclass
class Piece:
    """What is new of one answer of a request.

    Attributes
    ----------
    index : which answer. text : whole characters. tokens : how many were written.
    chosen : these tokens, where probabilities were asked for; the end token is none of them.
    finish : why it ended; None: it goes on.
    """

    index: int
    text: str = ""
    tokens: int = 0
    chosen: list[TokenChosen] = field(default_factory=list)
    finish: Finish | None = None

    def add(self, other: "Piece") -> None:
        """What came after this."""
        self.text += other.text
        self.tokens += other.tokens
        self.chosen += other.chosen
        self.finish = other.finish


@dataclass(eq=False)
class Answer:
    """One row of a job, waiting or running."""

    job: "Job"
    index: int
    request: Request
    text: TextStream
    row: Row | None = None
    told: int = 0


class Job:
    """The answers of one request. Made in the event loop, where they are read with `pieces`.

    Parameters
    ----------
    requests : one an answer, with what makes text of its tokens.
    """

    def __init__(self, requests: Sequence[tuple[Request, TextStream]]) -> None:
        self.loop = asyncio.get_running_loop()
        self.begin = time.monotonic()
        self.prompt_tokens = sum(size(r) for r, _ in requests if r.sample == 0)
        self.answers = [Answer(self, i, *request) for i, request in enumerate(requests)]
        self.unfinished = len(self.answers)
        self.cancelled = self.closed = False
        self.error: ApiError | None = None
        self._news: deque[Piece] = deque()
        self._event = asyncio.Event()

    async def pieces(self) -> AsyncGenerator[list[Piece], None]:
        """What has come since the last time, an answer's pieces joined, until all answers end.

        Raises
        ------
        ApiError : the model failed, or the server stops.
        """
        while True:
            await self._event.wait()
            self._event.clear()
            last = self.unfinished == 0 or self.error is not None
            found: dict[int, Piece] = {}
            while self._news:
                piece = self._news.popleft()
                if piece.index in found:
                    found[piece.index].add(piece)
                else:
                    found[piece.index] = piece
            if found:
                yield list(found.values())
            if last:
                if self.error is not None:
                    raise self.error
                return

    # In the worker's thread

    def tell(self, piece: Piece) -> None:
        """More of an answer; `look`, called in the event loop, makes it seen."""
        self._news.append(piece)
        if piece.finish is not None:
            self.unfinished -= 1

    def fail(self, error: ApiError) -> None:
        """No more comes."""
        self.error = error
        self.wake()

    def wake(self) -> None:
        """Let the reader look."""
        in_loop(self.loop, self.look)

    # In the event loop

    def look(self) -> None:
        """There is news."""
        self._event.set()


def size(request: Request) -> int:
    """Tokens of a prompt."""
    return len(request.ids if request.source is None else request.source)


def newest(answer: Answer) -> Piece:
    """What the last step added to an answer; a stop string ends the row."""
    row, text = answer.row, answer.text
    assert row is not None
    piece = Piece(answer.index)
    for at in range(answer.told, len(row.tokens)):
        token = row.tokens[at]
        piece.tokens += 1
        if row.finish == "end" and at == len(row.tokens) - 1:
            break
        begin = len(text.text)
        piece.text += text.push(token)
        if row.request.decoding.logprobs is not None:
            piece.chosen.append(TokenChosen(token, row.logprobs[at], row.alternatives[at], begin))
    answer.told = len(row.tokens)
    if text.stopped is not None:
        row.finish = "stop"
    if row.finish is not None:
        piece.text += text.finish()
        piece.finish = row.finish
    return piece
