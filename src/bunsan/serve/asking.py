"""From what a client sent to what the running batch takes. Runs beside the event loop."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.nn.generation.decoding import Decoding, Request
from bunsan.nn.generation.stream import TextStream
from bunsan.serve.errors import ApiError, unsupported
from bunsan.serve.served import Writer
from bunsan.serve.settings import ServeSettings
from bunsan.serve.shapes import ChatRequest, CompletionRequest, Writing

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator

_COMPLETION_TOKENS = 16  # what OpenAI's API writes unasked


@dataclass(frozen=True)
class Asked:
    """Rows to write: every prompt `n` times, a prompt's together.

    Attributes
    ----------
    requests : with what makes text of their tokens.
    n : rows a prompt. strips : whether space at an answer's beginning is left out.
    """

    requests: list[tuple[Request, TextStream]]
    n: int
    strips: bool = False


def completion(writer: Writer, body: CompletionRequest, settings: ServeSettings) -> Asked:
    """Rows of /v1/completions.

    Raises
    ------
    ApiError : something is not supported, or does not fit.
    """
    if body.echo:
        raise unsupported("echo", "prepend the prompt yourself")
    if body.suffix:
        raise unsupported("suffix", "models here only go on with a text")
    written = _best_of(body, settings)
    given = body.prompt
    one = isinstance(given, str) or isinstance(given[0], int)
    prompts: Sequence[Any] = [given] if one else given
    if len(prompts) > settings.max_texts:
        raise too_many("prompt", len(prompts), settings.max_texts)
    logprobs = body.logprobs
    if logprobs is None and written > body.n:  # by which the best are chosen
        logprobs = 0
    decoding = _decoding(writer, body, settings, logprobs, _COMPLETION_TOKENS, samples=written)
    asked = body.max_tokens is not None
    requests = [_request(writer, prompt, decoding, settings, asked, "prompt") for prompt in prompts]
    return Asked(_samples(writer.generator, requests, _stops(body.stop), written), written)


def _best_of(body: CompletionRequest, settings: ServeSettings) -> int:
    """How many answers to a prompt are written."""
    if body.best_of is None or body.best_of == body.n:
        return body.n
    if body.best_of < body.n:
        raise _wrong("best_of", f"n ({body.n}) cannot be more than best_of ({body.best_of}).")
    if body.best_of > settings.max_answers:
        raise _wrong("best_of", f"best_of can be {settings.max_answers} at most here.")
    if body.stream:
        raise _wrong("best_of", "best_of above n cannot be streamed: the best is known at the end.")
    if (body.num_beams or 1) > 1:
        raise _wrong("best_of", "best_of draws answers, num_beams searches for them: give one.")
    return body.best_of


def chat(writer: Writer, body: ChatRequest, settings: ServeSettings) -> Asked:
    """Rows of /v1/chat/completions; as `completion`."""
    for name in ("tools", "functions", "audio", "prediction", "web_search_options"):
        if getattr(body, name):
            raise unsupported(name)
    for name in ("tool_choice", "function_call"):
        if getattr(body, name) not in (None, "none", "auto"):
            raise unsupported(name)
    form = body.response_format
    if form is not None and not (isinstance(form, dict) and form.get("type") == "text"):
        raise unsupported("response_format", 'only {"type": "text"}')
    if body.modalities not in (None, ["text"]):
        raise unsupported("modalities", 'only ["text"]')
    if body.top_logprobs is not None and not body.logprobs:
        raise ApiError(
            400, "top_logprobs needs logprobs to be true.", param="top_logprobs",
            code="invalid_value",
        )  # fmt: skip
    messages = [_message(i, m) for i, m in enumerate(body.messages)]
    format = writer.chat
    try:
        prompt = format.prompt(messages)
    except BadInput as error:
        raise _wrong("messages", str(error)) from error
    most = body.max_completion_tokens or body.max_tokens
    name = "max_tokens" if body.max_completion_tokens is None else "max_completion_tokens"
    body = body.model_copy(update={"max_tokens": most})
    logprobs = (body.top_logprobs or 0) if body.logprobs else None
    decoding = _decoding(writer, body, settings, logprobs, None, name)
    ids: str | list[int] = prompt
    if not format.special:  # the template has put them itself
        tokenizer = writer.generator.tokenizer
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids.tolist()
    request = _request(writer, ids, decoding, settings, most is not None, "messages")
    stops = (*_stops(body.stop), *format.stop)
    return Asked(_samples(writer.generator, [request], stops, body.n), body.n, format.strips)


def too_many(param: str, count: int, most: int) -> ApiError:
    """More texts than a request may have."""
    return ApiError(
        400, f"{param} has {count} texts; this server takes {most} at once.",
        param=param, code="too_many_texts",
    )  # fmt: skip


def too_long(param: str, tokens: int, most: int) -> ApiError:
    """A prompt that never fits."""
    return ApiError(
        400,
        f"This model's maximum context length is {most} tokens, and {param} has {tokens}.",
        param=param,
        code="context_length_exceeded",
    )


def _decoding(
    writer: Writer,
    body: Writing,
    settings: ServeSettings,
    logprobs: int | None,
    usual: int | None,
    length_param: str = "max_tokens",
    samples: int | None = None,
) -> Decoding:
    """The model's habits with what was asked for in their place."""
    if body.n > settings.max_answers:
        raise _wrong("n", f"n can be {settings.max_answers} at most here.")
    wanted = body.max_tokens
    if wanted is not None and wanted > settings.max_tokens:
        raise _wrong(length_param, f"{length_param} can be {settings.max_tokens} at most here.")
    widest = min(settings.max_beams, settings.rows)
    if body.num_beams is not None:
        _check_beams(body, logprobs, widest)
    given: dict[str, Any] = {
        name: getattr(body, name)
        for name in (
            "temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty",
            "repetition_penalty", "min_tokens", "length_penalty", "early_stopping",
        )
    }  # fmt: skip
    given["beams"] = body.num_beams
    given["no_repeat_ngram"] = body.no_repeat_ngram_size
    given["max_tokens"] = wanted or min(usual or settings.max_tokens, settings.max_tokens)
    given["logprobs"] = logprobs
    given["bias"] = _bias(writer, body.logit_bias)
    given["seed"] = secrets.randbits(62) if body.seed is None else body.seed % (1 << 64)
    try:
        decoding, _ = writer.generator.decoding(samples=samples or body.n, **given)
    except BadInput as error:
        raise ApiError(400, str(error), code="invalid_value") from error
    # A search that the model's maker set, and nobody asked for, gives way to what it cannot do.
    searches = decoding.beams <= widest and not body.stream and logprobs is None
    return decoding if searches else replace(decoding, beams=1)


def _check_beams(body: Writing, logprobs: int | None, widest: int) -> None:
    beams = body.num_beams or 1
    if beams > widest:
        raise _wrong("num_beams", f"num_beams can be {widest} at most here.")
    if beams == 1:
        return
    if body.n > beams:
        raise _wrong("n", f"n can be num_beams ({beams}) at most: a search finds no more texts.")
    if body.stream:
        raise _wrong("num_beams", "A search cannot be streamed: its texts are known at the end.")
    if logprobs is not None:
        raise _wrong("num_beams", "A search tells no logprobs.")
    if body.temperature:
        raise _wrong("temperature", "num_beams searches and draws nothing: leave temperature out.")


def _wrong(param: str, message: str) -> ApiError:
    return ApiError(400, message, param=param, code="invalid_value")


def _bias(writer: Writer, given: dict[str, float] | None) -> tuple[tuple[int, float], ...] | None:
    if not given:
        return None
    most = writer.generator.model.vocabulary
    for key in given:
        if not (key.isascii() and key.isdigit() and len(key) < 10 and int(key) < most):
            raise _wrong("logit_bias", f"logit_bias: {key[:20]!r} is no id of {most} tokens.")
    return tuple((int(key), value) for key, value in given.items())


def _request(
    writer: Writer,
    prompt: str | list[int],
    decoding: Decoding,
    settings: ServeSettings,
    length_asked: bool,
    param: str,
) -> Request:
    """One row, which fits."""
    generator, model = writer.generator, writer.generator.model
    # A prompt that gives way to nothing: only what cannot be read at all is cut, and refused here.
    least = replace(decoding, max_tokens=1)
    if isinstance(prompt, str):
        try:
            request, cut = generator.request(prompt, least)
        except BadInput as error:
            raise _wrong(param, str(error)) from error
    else:
        wrong = [i for i in prompt if i >= model.vocabulary]
        if wrong:
            raise _wrong(param, f"{wrong[0]} is no id of {model.vocabulary} tokens.")
        request, cut = _of_ids(generator, prompt), 0
    read = len(request.ids if request.source is None else request.source) + cut
    room = model.max_source if model.encodes else _less(model.max_positions)
    most = min(limit for limit in (settings.max_prompt, room) if limit is not None)
    if read > most:
        raise too_long(param, read, most)
    if length_asked and model.max_positions is not None:
        whole = len(request.ids) + decoding.max_tokens
        if whole > model.max_positions:
            raise ApiError(
                400,
                f"This model's maximum context length is {model.max_positions} tokens: "
                f"{len(request.ids)} of the prompt and {decoding.max_tokens} to write are too many.",
                param="max_tokens",
                code="context_length_exceeded",
            )
    return replace(request, decoding=decoding)


def _of_ids(generator: "TextGenerator", ids: list[int]) -> Request:
    if not ids:
        raise _wrong("prompt", "The prompt is empty.")
    if not generator.model.encodes:
        return Request(ids)
    assert generator.habits.start is not None
    return Request([generator.habits.start], source=ids)


def _less(most: int | None) -> int | None:
    """A decoder's prompt leaves a position for what is written."""
    return None if most is None else most - 1


def _samples(
    generator: "TextGenerator", requests: Sequence[Request], stops: Sequence[str], n: int
) -> list[tuple[Request, TextStream]]:
    rows = [replace(request, sample=i) for request in requests for i in range(n)]
    return [(row, generator.text_stream(row, stops)) for row in rows]


def _stops(given: str | list[str] | None) -> tuple[str, ...]:
    return tuple(s for s in ([given] if isinstance(given, str) else given or []) if s)


def _message(i: int, message: Any) -> dict[str, str]:
    """A message with its text as one string."""
    where = f"messages[{i}]"
    for name in ("tool_calls", "function_call", "audio"):
        if getattr(message, name):
            raise unsupported(f"{where}.{name}")
    if message.role in ("tool", "function"):
        raise unsupported(f"{where}.role", f"{message.role!r}")
    content = message.content
    if isinstance(content, list):
        for part in content:
            if part.type not in ("text", "refusal"):
                raise unsupported(f"{where}.content", f"parts of the type {part.type[:40]!r}")
        content = "".join(part.text or part.refusal or "" for part in content)
    found = {"role": message.role, "content": content or ""}
    return found | ({"name": message.name} if message.name else {})
