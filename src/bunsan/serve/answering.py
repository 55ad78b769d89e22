"""Answers in the form of OpenAI's API: whole, or as events.

The two endpoints differ in their names for the same things; `Form` is that difference.
"""

import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bunsan.serve.jobs import Answer, Job, Piece, TokenChosen
from bunsan.serve.served import Writer

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator
    from bunsan.text.subwords.tokenizer import Tokenizer

_LEAST = -9999.0  # what stands for a probability of nothing, which JSON has no number for
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass
class Whole:
    """One answer as far as it was written."""

    text: str = ""
    chosen: list[TokenChosen] = field(default_factory=list)
    tokens: int = 0
    finish: str | None = None
    stripped: int = 0  # characters left out at the beginning

    def add(self, piece: Piece, strips: bool) -> str:
        """Take a piece in; returns what of it is shown."""
        text = piece.text
        if strips and not self.text:
            text = text.lstrip()
            self.stripped += len(piece.text) - len(text)
        self.text += text
        self.tokens += piece.tokens
        self.chosen += piece.chosen
        if piece.finish is not None:
            self.finish = "stop" if piece.finish in ("end", "stop") else "length"
        return text


@dataclass(frozen=True)
class Form:
    """Which endpoint it is, and what was asked for there.

    Attributes
    ----------
    alternatives : how many likeliest tokens are told beside each; None: no probabilities are.
    best_of, n : of so many answers to a prompt so many are told, those of the most probable tokens.
    """

    kind: Literal["text", "chat"]
    writer: Writer
    strips: bool = False
    alternatives: int | None = None
    usage: bool = False  # a stream ends with the numbers of tokens
    n: int = 1
    best_of: int = 1

    def head(self, stream: bool) -> dict[str, Any]:
        """What every answer and event begins with."""
        if self.kind == "text":
            name, mark = "text_completion", "cmpl"
        else:
            name, mark = "chat.completion" + (".chunk" if stream else ""), "chatcmpl"
        return {
            "id": f"{mark}-{secrets.token_hex(12)}",
            "object": name,
            "created": int(time.time()),
            "model": self.writer.name,
        }

    def logprobs(self, chosen: Sequence[TokenChosen], whole: Whole) -> dict[str, Any] | None:
        """Tokens with their probabilities; None where nobody asked."""
        if self.alternatives is None:
            return None
        spell = Spelling(self.writer.generator)
        if self.kind == "text":
            return {
                "tokens": [spell.text(one.id) for one in chosen],
                "token_logprobs": [_finite(one.logprob) for one in chosen],
                "top_logprobs": [
                    {spell.text(i): _finite(p) for i, p in one.alternatives} for one in chosen
                ],
                "text_offset": [max(0, one.begin - whole.stripped) for one in chosen],
            }
        content = [
            spell.entry(one.id, one.logprob)
            | {"top_logprobs": [spell.entry(i, p) for i, p in one.alternatives]}
            for one in chosen
        ]
        return {"content": content, "refusal": None}

    def choice(self, index: int, whole: Whole) -> dict[str, Any]:
        """A finished answer."""
        chosen = kept(whole)
        common = {
            "index": index,
            "logprobs": self.logprobs(chosen, whole),
            "finish_reason": whole.finish,
        }
        if self.kind == "text":
            return {"text": whole.text, **common}
        message = {"role": "assistant", "content": whole.text, "refusal": None}
        return {"message": message, **common}

    def part(
        self, index: int, text: str, logprobs: dict[str, Any] | None, finish: str | None
    ) -> dict[str, Any]:
        """A piece of an answer."""
        common = {"index": index, "logprobs": logprobs, "finish_reason": finish}
        if self.kind == "text":
            return {"text": text, **common}
        return {"delta": {"content": text} if text or finish is None else {}, **common}


async def whole_answer(form: Form, job: Job) -> tuple[dict[str, Any], list[Whole]]:
    """All answers of a job, and what each consists of."""
    wholes = [Whole() for _ in job.answers]
    async with aclosing(job.pieces()) as news:
        async for pieces in news:
            for piece in pieces:
                wholes[piece.index].add(piece, form.strips)
    told = range(len(wholes)) if form.best_of == form.n else _best(job.answers, form)
    choices = [form.choice(i, wholes[place]) for i, place in enumerate(told)]
    return {**form.head(False), "choices": choices, "usage": usage(job, wholes)}, wholes


async def events(form: Form, job: Job) -> AsyncIterator[dict[str, Any]]:
    """The answers of a job as they are written."""
    head = form.head(True)
    more = {"usage": None} if form.usage else {}
    wholes = [Whole() for _ in job.answers]
    waiting: list[list[TokenChosen]] = [[] for _ in job.answers]

    def event(choice: dict[str, Any]) -> dict[str, Any]:
        return {**head, "choices": [choice], **more}

    if form.kind == "chat":
        for i in range(len(wholes)):
            first = {"role": "assistant", "content": "", "refusal": None}
            yield event({"index": i, "delta": first, "logprobs": None, "finish_reason": None})
    async with aclosing(job.pieces()) as news:
        async for pieces in news:
            for piece in pieces:
                i, whole = piece.index, wholes[piece.index]
                text = whole.add(piece, form.strips)
                waiting[i] += piece.chosen
                if not text and whole.finish is None:
                    continue
                if whole.finish is not None:  # tokens of a stop string are not told
                    known = kept(whole)
                    waiting[i] = [one for one in waiting[i] if one in known]
                told = form.logprobs(waiting[i], whole)
                waiting[i] = []
                if form.kind == "chat" and text and whole.finish is not None:
                    yield event(form.part(i, text, told, None))
                    text, told = "", None
                yield event(form.part(i, text, told, whole.finish))
    if form.usage:
        yield {**head, "choices": [], "usage": usage(job, wholes)}


def _best(answers: Sequence[Answer], form: Form) -> list[int]:
    """Places of the answers that are told: of each prompt's the best by probability a token."""
    places: list[int] = []
    for begin in range(0, len(answers), form.best_of):
        of_prompt = range(begin, begin + form.best_of)
        means = {i: _mean_logprob(answers[i]) for i in of_prompt}
        places += sorted(of_prompt, key=lambda i: (-means[i], i))[: form.n]
    return places


def _mean_logprob(answer: Answer) -> float:
    """Of all tokens that were written, the end token among them."""
    assert answer.row is not None
    logprobs = answer.row.logprobs
    return sum(logprobs) / len(logprobs)


def usage(job: Job, wholes: Sequence[Whole]) -> dict[str, int]:
    """Numbers of tokens; a prompt of several answers is counted once."""
    written = sum(whole.tokens for whole in wholes)
    return {
        "prompt_tokens": job.prompt_tokens,
        "completion_tokens": written,
        "total_tokens": job.prompt_tokens + written,
    }


def kept(whole: Whole) -> list[TokenChosen]:
    """Tokens whose text belongs to the answer: not those of a stop string."""
    end = len(whole.text) + whole.stripped
    return [one for one in whole.chosen if one.begin < end or whole.finish != "stop"]


class Spelling:
    """Texts and bytes of single tokens."""

    def __init__(self, generator: "TextGenerator") -> None:
        self.generator = generator
        self.tokenizer: Tokenizer = generator.tokenizer

    def text(self, token: int) -> str:
        """Its text, or how the vocabulary spells it."""
        return self.generator.spell(token)

    def entry(self, token: int, logprob: float) -> dict[str, Any]:
        """A token as chat completions tell it."""
        data = self.bytes(token)
        return {
            "token": self.text(token),
            "logprob": _finite(logprob),
            "bytes": None if data is None else list(data),
        }

    def bytes(self, token: int) -> bytes | None:
        """Its bytes in UTF-8, of which a character may have several tokens; None: not known."""
        text = self.tokenizer.decode([token], skip_special_tokens=False)
        if text and "\ufffd" not in text:
            return text.encode()
        if token >= self.tokenizer.vocab_size:
            return None
        piece = self.tokenizer.id_to_token(token)
        match = _BYTE.fullmatch(piece)
        if match:
            return bytes([int(match[1], 16)])
        if piece and all(c in _ALPHABET for c in piece):
            return bytes(_ALPHABET[c] for c in piece)
        return None


def _finite(value: float) -> float:
    return max(value, _LEAST)


def _alphabet() -> dict[str, int]:
    """The characters by which byte-level BPE spells bytes (Radford et al. 2019): printable ones are
    themselves, the others follow from U+0100."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {
        chr(0x100 + i): byte for i, byte in enumerate(others)
    }


_ALPHABET = _alphabet()
