"""What a model wrote: results of generation, for programs, terminals and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bunsan.base.language import tr
from bunsan.nn.generation.decoding import Finish
from bunsan.tasks.table import Table


@dataclass(frozen=True)
class TokenChoice:
    """One token that was written.

    Attributes
    ----------
    token : its text, or how the vocabulary spells it where it is part of a character.
    id : of the token.
    logprob : its log-probability by the model's own distribution, before all settings.
    alternatives : the likeliest tokens there, with theirs, likeliest first.
    """

    token: str
    id: int
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Completion:
    """An answer.

    Attributes
    ----------
    text : what was written, without the stop string.
    prompt : what was given.
    finish : "end": the model ended it; "stop": a stop string came; "length": `max_tokens` were
        reached; "context": the model has no more positions.
    tokens : ids that were written, an end token among them.
    choices : each token with its log-probability, where asked for.
    score : of a beam, its summed log-probability over the length to the power of the penalty.
    cut : tokens of the prompt's beginning (of its end, for an encoder) that did not fit.
    others : further samples or beams of the same prompt.
    """

    text: str
    prompt: str
    finish: Finish
    tokens: tuple[int, ...] = ()
    choices: tuple[TokenChoice, ...] = ()
    score: float | None = None
    cut: int = 0
    others: tuple["Completion", ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def all(self) -> tuple["Completion", ...]:
        """This one and the others."""
        return (self, *self.others)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        values: dict[str, Any] = {
            "text": self.text,
            "finish": self.finish,
            "tokens": len(self.tokens),
        }
        if self.score is not None:
            values["score"] = self.score
        if self.choices:
            values["logprobs"] = [
                {
                    "token": choice.token,
                    "id": choice.id,
                    "logprob": choice.logprob,
                    "alternatives": [
                        {"token": token, "logprob": value} for token, value in choice.alternatives
                    ],
                }
                for choice in self.choices
            ]
        if self.cut:
            values["cut"] = self.cut
        return values


@dataclass(frozen=True)
class Answer:
    """One of given answers.

    Attributes
    ----------
    answer : its text.
    probability : among the given answers.
    logprob : of the whole answer. tokens : how many it has.
    """

    answer: str
    probability: float
    logprob: float
    tokens: int

    @property
    def mean(self) -> float:
        """The log-probability a token."""
        return self.logprob / self.tokens if self.tokens else 0.0


@dataclass(frozen=True)
class Choice:
    """Given answers, the most probable first."""

    prompt: str
    answers: tuple[Answer, ...]

    @property
    def best(self) -> str:
        """The most probable answer."""
        return self.answers[0].answer

    def __str__(self) -> str:
        return self.best

    def table(self) -> Table:
        """Answers with their probabilities."""
        return Table(
            {
                "answer": [a.answer for a in self.answers],
                "probability": [a.probability for a in self.answers],
                "logprob": [a.logprob for a in self.answers],
                "mean": [a.mean for a in self.answers],
            },
            {
                "answer": tr("answer", "答え"),
                "probability": tr("probability", "確率"),
                "logprob": tr("log-probability", "対数確率"),
                "mean": tr("per token", "1 トークンあたり"),
            },
        )


@dataclass(frozen=True)
class ScoredText:
    """How probable a given text is.

    Attributes
    ----------
    choices : every token that could be scored: all but the first, where nothing precedes it.
    """

    text: str
    choices: tuple[TokenChoice, ...] = field(default=())

    @property
    def logprob(self) -> float:
        """The summed log-probability."""
        return sum(choice.logprob for choice in self.choices)

    @property
    def perplexity(self) -> float:
        """The exponential of the mean surprise of a token."""
        from math import exp

        return exp(-self.logprob / len(self.choices)) if self.choices else 1.0


def completions_table(
    completions: Sequence[Completion], more: dict[str, Sequence[Any]] | None = None
) -> Table:
    """One row an answer, numbered by prompt and sample; `more` are columns of the prompts."""
    rows = [
        (i, sample, completion)
        for i, first in enumerate(completions)
        for sample, completion in enumerate(first.all)
    ]
    several = any(first.others for first in completions)
    columns: dict[str, list[Any]] = {
        name: [values[i] for i, _, _ in rows] for name, values in (more or {}).items()
    }
    if not columns:
        columns["prompt"] = [c.prompt for _, _, c in rows]
    if several:
        columns["sample"] = [sample + 1 for _, sample, _ in rows]
    columns["text"] = [c.text for _, _, c in rows]
    columns["finish"] = [c.finish for _, _, c in rows]
    columns["tokens"] = [len(c.tokens) for _, _, c in rows]
    if any(c.score is not None for _, _, c in rows):
        columns["score"] = [c.score for _, _, c in rows]
    return Table(
        columns,
        {
            "prompt": tr("prompt", "入力"),
            "sample": tr("sample", "番号"),
            "text": tr("text", "生成された文"),
            "finish": tr("ended by", "終わり方"),
            "tokens": tr("tokens", "トークン数"),
            "score": tr("score", "得点"),
        },
    )
