"""Completions and chat through the client that everybody uses; answers are those of `complete`."""

import asyncio
import json
from typing import Any

import openai
import pytest
from serve_models import (
    KNOWN,
    POSITIONS,
    Running,
    serving,
    translator_folder,
    writer,
    writer_folder,
)

from bunsan.tasks.complete import open_generator

MODEL = "tiny-writer"
PROMPTS = [text[:n] for text in KNOWN for n in (1, 2, 3, 4)]


def expected(prompt: str, **settings: Any) -> str:
    return writer().complete(prompt, **settings).text


def test_it_knows_its_texts() -> None:
    assert expected("朝", max_tokens=100) == KNOWN[0].removeprefix("朝")


def test_models(client: openai.OpenAI) -> None:
    found = {one.id: one for one in client.models.list()}
    assert set(found) == {MODEL, "tiny-t5", "tiny-encoder", "tiny-pairs"}
    one: Any = client.models.retrieve(MODEL)
    assert (one.id, one.object, one.owned_by) == (MODEL, "model", "bunsan")
    assert one.bunsan["kind"] == "decoder"
    assert one.bunsan["trained"] is True
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="nothing", prompt="a")


def test_a_completion_is_that_of_complete(client: openai.OpenAI) -> None:
    found = client.completions.create(model=MODEL, prompt="朝", max_tokens=100, temperature=0)
    [choice] = found.choices
    ours = writer().complete("朝", max_tokens=100)
    assert choice.text == ours.text
    assert choice.finish_reason == "stop"
    assert found.object == "text_completion"
    assert found.model == MODEL
    assert found.usage is not None
    assert found.usage.prompt_tokens == writer().count("朝")
    assert found.usage.completion_tokens == len(ours.tokens)
    assert found.usage.total_tokens == writer().count("朝") + len(ours.tokens)


def test_sixteen_tokens_unasked(client: openai.OpenAI) -> None:
    found = client.completions.create(model=MODEL, prompt="朝")
    assert found.choices[0].text == expected("朝", max_tokens=16)
    assert found.choices[0].finish_reason == "length"


def test_twenty_at_once_do_not_cross(running: Running) -> None:
    wanted = {prompt: expected(prompt, max_tokens=100) for prompt in PROMPTS}
    assert len(set(wanted.values())) > 15

    async def ask(client: openai.AsyncOpenAI, i: int) -> tuple[str, str]:
        prompt = PROMPTS[i % len(PROMPTS)]
        if i % 2:
            found = await client.completions.create(model=MODEL, prompt=prompt, max_tokens=100)
            return prompt, found.choices[0].text
        text = ""
        stream = await client.completions.create(
            model=MODEL, prompt=prompt, max_tokens=100, stream=True
        )
        async for event in stream:
            text += event.choices[0].text
        return prompt, text

    async def all_of_them() -> list[tuple[str, str]]:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="x") as client:
            return await asyncio.gather(*(ask(client, i) for i in range(40)))

    for prompt, text in asyncio.run(all_of_them()):
        assert text == wanted[prompt], prompt
    assert running.load() == (0, 0)


def test_settings_reach_the_model(client: openai.OpenAI) -> None:
    settings: dict[str, Any] = {"temperature": 1.5, "top_p": 0.9, "seed": 7}
    ours = writer().complete(
        "坂", max_tokens=20, samples=3, top_k=40, min_p=0.01, repetition_penalty=1.2,
        no_repeat_ngram=3, presence_penalty=0.5, frequency_penalty=0.25, **settings,
    )  # fmt: skip
    found = client.completions.create(
        model=MODEL, prompt="坂", max_tokens=20, n=3, presence_penalty=0.5, frequency_penalty=0.25,
        extra_body={"top_k": 40, "min_p": 0.01, "repetition_penalty": 1.2, "no_repeat_ngram_size": 3},
        **settings,
    )  # fmt: skip
    texts = [one.text for one in ours.all]
    assert [choice.text for choice in found.choices] == texts
    assert [choice.index for choice in found.choices] == [0, 1, 2]
    assert len(set(texts)) > 1
    assert found.usage is not None
    assert found.usage.prompt_tokens == writer().count("坂")
    again = client.completions.create(
        model=MODEL, prompt="坂", max_tokens=20, n=3, temperature=1.5, seed=7
    )
    other = client.completions.create(
        model=MODEL, prompt="坂", max_tokens=20, n=3, temperature=1.5, seed=-8
    )
    assert [c.text for c in again.choices] != [c.text for c in other.choices]


def test_chance_without_a_seed(client: openai.OpenAI) -> None:
    found = {
        client.completions.create(
            model=MODEL, prompt="坂", max_tokens=12, temperature=5
        ).choices[0].text
        for _ in range(3)
    }  # fmt: skip
    assert len(found) > 1


def test_stop_strings(client: openai.OpenAI) -> None:
    found = client.completions.create(
        model=MODEL, prompt="朝", max_tokens=100, stop=["市場に", "無い"], logprobs=0
    )
    [choice] = found.choices
    assert choice.text == "の港に船が戻り、"
    assert choice.finish_reason == "stop"
    assert choice.logprobs is not None
    ours = writer().complete("朝", max_tokens=100, logprobs=0)
    tokens = choice.logprobs.tokens or []
    assert tokens == [c.token for c in ours.choices][: len(tokens)]
    # Those of the stop string are not told.
    assert writer().tokenizer.decode(ours.tokens[: len(tokens)]) == choice.text
    one = client.completions.create(model=MODEL, prompt="朝", max_tokens=100, stop="船")
    assert one.choices[0].text == "の港に"


def test_what_only_began_like_a_stop_string_is_told_at_the_end(client: openai.OpenAI) -> None:
    text = expected("朝", max_tokens=24)
    stop = text[-2:] + "無い"
    for stream in (False, True):
        found: Any = client.completions.create(
            model=MODEL, prompt="朝", max_tokens=24, stop=stop, stream=stream
        )
        parts = list(found) if stream else [found]
        assert "".join(part.choices[0].text for part in parts) == text


def test_logit_bias(client: openai.OpenAI) -> None:
    ours = writer().complete("猫", max_tokens=1)
    first = ours.tokens[0]
    forbidden = client.completions.create(
        model=MODEL, prompt="猫", max_tokens=1, logit_bias={str(first): -100}, logprobs=0
    )
    assert forbidden.choices[0].text != ours.text
    wanted = writer().tokenizer.encode("犬", add_special_tokens=False).ids.tolist()
    forced = client.completions.create(
        model=MODEL, prompt="猫", max_tokens=1, logit_bias={str(wanted[0]): 100}, logprobs=0
    )
    assert forced.choices[0].logprobs is not None
    assert forced.choices[0].logprobs.tokens == [writer().spell(wanted[0])]
    for bad in ("x", "99999", "-1", "１"):
        with pytest.raises(openai.BadRequestError) as caught:
            client.completions.create(model=MODEL, prompt="猫", logit_bias={bad: 1})
        assert caught.value.param == "logit_bias"


def test_probabilities_of_completions(client: openai.OpenAI) -> None:
    ours = writer().complete("The", max_tokens=8, logprobs=3)
    found = client.completions.create(model=MODEL, prompt="The", max_tokens=8, logprobs=3)
    told = found.choices[0].logprobs
    assert told is not None
    assert told.tokens == [c.token for c in ours.choices]
    assert told.token_logprobs == pytest.approx([c.logprob for c in ours.choices], abs=1e-4)
    assert told.top_logprobs is not None
    for there, here in zip(told.top_logprobs, ours.choices, strict=True):
        assert there == pytest.approx(dict(here.alternatives), abs=1e-4)
    text = found.choices[0].text
    assert told.text_offset is not None
    for offset, token in zip(told.text_offset, told.tokens or [], strict=True):
        assert text[offset:].startswith(token)


def test_several_prompts_and_ids(client: openai.OpenAI) -> None:
    tokenizer = writer().tokenizer
    found = client.completions.create(model=MODEL, prompt=["朝", "坂"], max_tokens=5, n=2)
    texts = [expected(p, max_tokens=5, samples=2, temperature=0) for p in ("朝", "朝", "坂", "坂")]
    greedy = client.completions.create(
        model=MODEL, prompt=["朝", "坂"], max_tokens=5, n=2, temperature=0
    )
    assert len(found.choices) == 4
    assert [c.text for c in greedy.choices] == texts
    assert greedy.usage is not None
    assert greedy.usage.prompt_tokens == writer().count("朝") + writer().count("坂")
    ids = tokenizer.encode("朝", add_special_tokens=False).ids.tolist()
    by_ids = client.completions.create(model=MODEL, prompt=ids, max_tokens=5)
    assert by_ids.choices[0].text == texts[0]
    both = client.completions.create(model=MODEL, prompt=[ids, ids], max_tokens=5)
    assert [c.text for c in both.choices] == [texts[0]] * 2
    with pytest.raises(openai.BadRequestError, match="no id"):
        client.completions.create(model=MODEL, prompt=[1, 99999], max_tokens=5)


def test_streams_never_split_a_character(client: openai.OpenAI) -> None:
    for prompt in ("朝", "坂"):
        pieces: list[str] = []
        usage, finish = None, None
        for event in client.completions.create(
            model=MODEL, prompt=prompt, max_tokens=100, stream=True,
            stream_options={"include_usage": True},
        ):  # fmt: skip
            if event.choices:
                pieces.append(event.choices[0].text)
                finish = event.choices[0].finish_reason or finish
                assert event.usage is None
            else:
                usage = event.usage
        text = "".join(pieces)
        assert "\ufffd" not in text
        assert text == expected(prompt, max_tokens=100)
        assert len(pieces) > 5
        assert finish == "stop"
        assert usage is not None
        assert usage.prompt_tokens == writer().count(prompt)
        assert usage.completion_tokens == len(writer().complete(prompt, max_tokens=100).tokens)
    assert "𠮷" in expected("朝", max_tokens=100)  # four bytes


def test_streams_of_several_answers_with_stops(client: openai.OpenAI) -> None:
    whole = client.completions.create(
        model=MODEL, prompt=["朝", "坂"], max_tokens=60, n=2, temperature=0, stop=["市場", "窓の"],
        logprobs=1,
    )  # fmt: skip
    texts = ["", "", "", ""]
    tokens: list[list[str]] = [[], [], [], []]
    for event in client.completions.create(
        model=MODEL, prompt=["朝", "坂"], max_tokens=60, n=2, temperature=0, stop=["市場", "窓の"],
        logprobs=1, stream=True,
    ):  # fmt: skip
        choice = event.choices[0]
        texts[choice.index] += choice.text
        if choice.logprobs is not None:
            tokens[choice.index] += choice.logprobs.tokens or []
    assert texts == [c.text for c in whole.choices]
    assert tokens == [c.logprobs.tokens for c in whole.choices if c.logprobs is not None]


def test_a_conversation(client: openai.OpenAI) -> None:
    found = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Hello."}],
        max_completion_tokens=40,
        logprobs=True,
        top_logprobs=2,
    )
    [choice] = found.choices
    assert choice.message.content == "Good morning."
    assert choice.message.role == "assistant"
    assert choice.finish_reason == "stop"
    assert choice.logprobs is not None
    content = choice.logprobs.content or []
    data = b"".join(bytes(one.bytes or []) for one in content)
    assert data.decode().strip() == "Good morning."
    ours = writer().complete("User: Hello.\nAssistant:", max_tokens=40, logprobs=2)
    assert [one.logprob for one in content] == pytest.approx(
        [c.logprob for c in ours.choices[: len(content)]], abs=1e-4
    )
    assert all(len(one.top_logprobs) == 2 for one in content)
    assert found.usage is not None
    assert found.usage.prompt_tokens == writer().count("User: Hello.\nAssistant:")


def test_a_conversation_streamed(client: openai.OpenAI) -> None:
    text, roles, finish, events = "", [], None, 0
    for event in client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": [{"type": "text", "text": "Hello."}]}],
        stream=True,
        max_tokens=40,
        logprobs=True,
    ):
        [choice] = event.choices
        assert event.object == "chat.completion.chunk"
        text += choice.delta.content or ""
        roles += [choice.delta.role] if choice.delta.role else []
        finish = choice.finish_reason or finish
        events += 1
    assert (text, roles, finish) == ("Good morning.", ["assistant"], "stop")
    assert events > 3


def test_an_encoder_decoder(client: openai.OpenAI) -> None:
    ours = open_generator(translator_folder())
    for prompt in ("猫は屋根", "The river"):
        found = client.completions.create(model="tiny-t5", prompt=prompt, max_tokens=12)
        assert found.choices[0].text == ours.complete(prompt, max_tokens=12).text
        assert found.usage is not None
        assert found.usage.prompt_tokens == ours.count(prompt)
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model="tiny-t5", prompt=[[]], max_tokens=3)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("echo", True),
        ("suffix", "end"),
        ("best_of", 9),
        ("n", 100),
        ("max_tokens", 481),
        ("top_p", 0),
        ("temperature", -1),
        ("logprobs", 99),
        ("nonsense", 1),
        ("stream_options", {"include_usage": True}),
        ("prompt", "あ" * POSITIONS),
        ("prompt", []),
    ],
)
def test_what_cannot_be_is_told_by_name(client: openai.OpenAI, field: str, value: Any) -> None:
    body = {"prompt": "朝", field: value}
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=MODEL, extra_body=body, prompt=body["prompt"])
    assert caught.value.param == field
    assert caught.value.type == "invalid_request_error"
    assert caught.value.code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("response_format", {"type": "json_object"}),
        ("top_logprobs", 3),
        ("messages", []),
        ("modalities", ["audio"]),
    ],
)
def test_of_chat_too(client: openai.OpenAI, field: str, value: Any) -> None:
    messages: Any = [{"role": "user", "content": "a"}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=messages, extra_body={field: value})
    assert caught.value.param == field


def test_pictures_and_tools_are_refused(client: openai.OpenAI) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    messages: list[Any] = [{"role": "user", "content": [picture]}]
    with pytest.raises(openai.BadRequestError, match="not supported"):
        client.chat.completions.create(model=MODEL, messages=messages)
    answer = {"role": "tool", "content": "x", "tool_call_id": "1"}
    with pytest.raises(openai.BadRequestError, match="not supported"):
        client.chat.completions.create(model=MODEL, messages=[answer])  # type: ignore[list-item]


def test_what_never_fits_is_refused_at_once(client: openai.OpenAI) -> None:
    ids = [5] * (POSITIONS - 10)
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=MODEL, prompt=ids, max_tokens=11)
    assert caught.value.code == "context_length_exceeded"
    assert client.completions.create(model=MODEL, prompt=ids, max_tokens=10).choices
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model="tiny-encoder", prompt="a")


def test_as_long_as_there_is_room(client: openai.OpenAI) -> None:
    """Without max_tokens a conversation ends where the model's positions do."""
    end = str(writer().tokenizer.eos_id)
    message = "a" * 400
    found = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": message}], logit_bias={end: -100}
    )
    assert found.choices[0].finish_reason == "length"
    assert found.usage is not None
    assert found.usage.total_tokens == min(POSITIONS, found.usage.prompt_tokens + 480)


def test_beginnings_are_shared(running: Running) -> None:
    store = running.app.state.service.found[MODEL].generator.store
    assert len(store) > 0
    assert store.held_bytes <= store.most_bytes


def test_precisions() -> None:
    with (
        serving(
            models=(f"half={writer_folder()}",), precision="float16", prefix_bytes=0
        ) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="x") as client,
    ):
        found = client.completions.create(model="half", prompt="朝", max_tokens=100)
        assert found.choices[0].text == KNOWN[0].removeprefix("朝")


def test_events_end_as_they_should(running: Running) -> None:
    import httpx

    body = {"model": MODEL, "prompt": "猫", "max_tokens": 3, "stream": True}
    answer = httpx.post(f"{running.url}/v1/completions", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = answer.text.split("\n\n")
    assert lines[-1] == ""
    assert lines[-2] == "data: [DONE]"
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    assert "".join(e["choices"][0]["text"] for e in events) == expected("猫", max_tokens=3)
    assert len({e["id"] for e in events}) == 1
