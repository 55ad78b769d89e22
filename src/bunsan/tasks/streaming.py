"""Texts of a model as they are written: pieces to show, rows to stop."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bunsan.nn.generation.decoding import Request, Row
from bunsan.nn.generation.running import Running
from bunsan.nn.generation.stream import TextStream
from bunsan.tasks.completion import Completion

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator


class Stream(Iterator[str]):
    """Pieces of text as they are written.

    Attributes
    ----------
    completion : the answer; complete once the iterator has ended, or after `close`.
    """

    def __init__(
        self,
        generator: "TextGenerator",
        prompt: str,
        request: Request,
        cut: int,
        stop: Sequence[str],
    ) -> None:
        self._generator, self._prompt = generator, prompt
        self._request, self.cut, self._stop = request, cut, stop
        self._running = Running(generator.model, generator.store)
        self._row: Row | None = None
        self._text = generator.text_stream(request, stop)
        self._pieces: list[str] = []

    def __next__(self) -> str:
        while not self._pieces:
            row = self._row
            if row is None:
                [row] = self._running.add([self._request])
                self._row = row
            elif row.finish is None:
                self._running.step()
            else:
                self._leave()
                raise StopIteration
            if row.finish != "end":
                self._take(self._text.push(row.tokens[-1]))
            if self._text.stopped is not None:
                row.finish = "stop"
            if row.finish is not None:
                self._take(self._text.finish())
                self._leave()
        return self._pieces.pop(0)

    def close(self) -> None:
        """Stop writing; what was written stays in `completion`."""
        if self._row is not None and self._row.finish is None:
            self._row.finish = "stop"
            self._text.finish()
        self._leave()

    @property
    def completion(self) -> Completion:
        row = self._row
        if row is None:
            return Completion("", self._prompt, "stop", cut=self.cut)
        done = self._generator.completion(self._prompt, row, self.cut, self._stop)
        return replace(done, text=self._text.text, finish=row.finish or "stop")

    def _take(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)

    def _leave(self) -> None:
        if self._running.rows:
            self._running.drop([0])


class Watch:
    """Ends rows at which a stop string has come."""

    def __init__(self, generator: "TextGenerator", stop: Sequence[str]) -> None:
        self.generator, self.stop = generator, stop
        self.texts: dict[Row, TextStream] = {}

    def __call__(self, row: Row) -> None:
        text = self.texts.get(row)
        if text is None:
            text = self.texts[row] = self.generator.text_stream(row.request, self.stop)
        if row.finish != "end":
            text.push(row.tokens[-1])
        if text.stopped is not None:
            row.finish = "stop"
        if row.finish is not None:
            del self.texts[row]
