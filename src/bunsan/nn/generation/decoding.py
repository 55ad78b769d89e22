"""How the next token is chosen, and what a request is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Finish = Literal["end", "length", "context", "stop"]


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How tokens are chosen and when to stop. Whatever is left out changes nothing.

    Parameters
    ----------
    max_tokens, min_tokens : how many new tokens, the end token among them.
    end : ids of tokens that end a text.
    temperature : divides logits before a token is drawn; 0: the likeliest token is taken.
    top_k : draw among the k likeliest tokens (Fan et al. 2018); 0: among all.
    top_p : draw among the likeliest tokens that make up this probability (Holtzman et al. 2020).
    min_p : draw among tokens at least this fraction as likely as the likeliest (Nguyen et al. 2024).
    repetition_penalty : makes tokens of the prompt and of the answer less likely (Keskar et al. 2019).
    presence_penalty : taken off the logits of tokens that were generated.
    frequency_penalty : the same, once for every time they were.
    no_repeat_ngram : no sequence of this many tokens comes twice (Paulus et al. 2018); 0: it may.
    banned : ids that are never chosen.
    bias : pairs of an id and what is added to its logit (OpenAI's API).
    first : id of the first new token. last : ids the last one is chosen from when `max_tokens` is
        reached. Some summarisers and translators were trained with these.
    seed : of what is drawn. The same request with the same seed gives the same tokens, whatever runs
        beside it.
    logprobs : how many of the likeliest tokens to tell with each chosen one, and the log-probability
        of each, by the model's own distribution; 0: of the chosen one alone; None: nothing.
    beams : width of the beam search; 1: none.
    length_penalty : exponent of the length by which a beam's summed log-probability is divided.
    early_stopping : True: stop at as many finished beams as the search is wide. False: stop when the
        best running one, at its present length, does not reach the worst finished one. "never": stop
        when it cannot at any length.
    """

    max_tokens: int = 128
    min_tokens: int = 0
    end: tuple[int, ...] = ()
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    no_repeat_ngram: int = 0
    banned: tuple[int, ...] = ()
    bias: tuple[tuple[int, float], ...] = ()
    first: int | None = None
    last: tuple[int, ...] = ()
    seed: int = 0
    logprobs: int | None = None
    beams: int = 1
    length_penalty: float = 1.0
    early_stopping: bool | Literal["never"] = False

    def __post_init__(self) -> None:
        checks = {
            "max_tokens": self.max_tokens >= 1,
            "min_tokens": self.min_tokens >= 0,
            "temperature": self.temperature >= 0,
            "top_k": self.top_k >= 0,
            "top_p": 0 < self.top_p <= 1,
            "min_p": 0 <= self.min_p <= 1,
            "repetition_penalty": self.repetition_penalty > 0,
            "no_repeat_ngram": self.no_repeat_ngram >= 0,
            "logprobs": self.logprobs is None or self.logprobs >= 0,
            "beams": self.beams >= 1,
            "seed": self.seed >= 0,
        }
        for name, fine in checks.items():
            if not fine:
                raise ValueError(f"{name} cannot be {getattr(self, name)}")


@dataclass(frozen=True)
class Request:
    """A text to go on with.

    Parameters
    ----------
    ids : the prompt; for an encoder-decoder what its decoder starts with. At least one id.
    source : what the encoder reads; None for decoders.
    sample : which of several samples of the same prompt and seed this is.
    """

    ids: Sequence[int]
    decoding: Decoding = field(default_factory=Decoding)
    source: Sequence[int] | None = None
    sample: int = 0


@dataclass(eq=False)
class Row:
    """A request on its way.

    Attributes
    ----------
    tokens : ids generated so far.
    logprobs : the log-probability of each, where asked for.
    alternatives : for each the likeliest ids with theirs, where asked for.
    limit : how many tokens there can be at most.
    finish : None while it runs; "end": an end token came; "length": `max_tokens` are reached;
        "context": the model has no position left; "stop": the caller stopped it.
    """

    request: Request
    limit: int
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    alternatives: list[list[tuple[int, float]]] = field(default_factory=list)
    finish: Finish | None = None


def limit_of(request: Request, max_positions: int | None) -> int:
    """How many tokens this request can have.

    Raises
    ------
    ValueError : the prompt is empty or leaves no position for a token.
    """
    n = len(request.ids)
    if n == 0:
        raise ValueError("a prompt needs at least one token")
    limit = request.decoding.max_tokens
    if max_positions is not None:
        if n >= max_positions:
            raise ValueError(f"a prompt of {n} tokens leaves none of {max_positions} positions")
        limit = min(limit, max_positions - n)
    return limit
