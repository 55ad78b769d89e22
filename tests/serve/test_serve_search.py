"""Beam search and the best of several answers, as the same model finds them without a server."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from serve_models import KNOWN, Running, serving, translator_folder, writer, writer_folder
from test_serve_limits import NEVER_END, raw, send, slow, until

from bunsan.tasks.complete import TextGenerator, open_generator

MODEL, TRANSLATOR = "tiny-writer", "tiny-t5"
BEAMS: list[dict[str, Any]] = [
    {"num_beams": 2},
    {"num_beams": 5, "length_penalty": 0.2},
    {"num_beams": 4, "length_penalty": 2.0, "early_stopping": True},
    {"num_beams": 3, "early_stopping": "never", "no_repeat_ngram_size": 2},
]


def local(generator: TextGenerator, prompt: str, settings: dict[str, Any], **more: Any) -> Any:
    names = {"num_beams": "beams", "no_repeat_ngram_size": "no_repeat_ngram"}
    ours = {names.get(name, name): value for name, value in settings.items()}
    return generator.complete(prompt, **ours, **more)


@pytest.mark.parametrize("settings", BEAMS)
def test_beams_are_those_of_complete(client: openai.OpenAI, settings: dict[str, Any]) -> None:
    for prompt in ("朝", "坂の上", "x", "User: Hel"):
        n = settings["num_beams"]
        found = client.completions.create(
            model=MODEL, prompt=prompt, max_tokens=24, n=n, extra_body=settings
        )
        ours = local(writer(), prompt, settings, max_tokens=24, samples=n).all
        assert [choice.text for choice in found.choices] == [one.text for one in ours]
        assert [choice.finish_reason for choice in found.choices] == [
            "stop" if one.finish in ("end", "stop") else "length" for one in ours
        ]
        assert [choice.index for choice in found.choices] == list(range(n))
        assert found.usage is not None
        assert found.usage.completion_tokens == sum(len(one.tokens) for one in ours)
        assert found.usage.prompt_tokens == writer().count(prompt)


def test_beams_find_what_the_likeliest_tokens_do_not() -> None:
    """Else the test above would say nothing."""
    texts = [(t[:n], i) for i, t in enumerate(KNOWN) for n in (1, 2, 3)]
    differ = [
        writer().complete(prompt, beams=5, max_tokens=24).text
        != writer().complete(prompt, max_tokens=24).text
        for prompt, _ in [*texts, ("x", 0)]
    ]
    assert any(differ)


def test_beams_of_an_encoder_decoder_and_several_prompts(client: openai.OpenAI) -> None:
    generator = open_generator(translator_folder())
    prompts = ["朝の港", "犬は庭を走る。", "The ferry"]
    found = client.completions.create(
        model=TRANSLATOR, prompt=prompts, max_tokens=12, n=2, extra_body={"num_beams": 3}
    )
    ours = [
        one.text for p in prompts for one in generator.complete(p, beams=3, samples=2,
                                                                max_tokens=12).all
    ]  # fmt: skip
    assert [choice.text for choice in found.choices] == ours


def test_beams_in_a_conversation_and_with_a_stop(client: openai.OpenAI) -> None:
    found = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Hello."}], max_tokens=20,
        extra_body={"num_beams": 3},
    )  # fmt: skip
    asked = "User: Hello.\nAssistant:"
    ours = writer().complete(asked, beams=3, max_tokens=20, stop="\nUser:").text
    assert found.choices[0].message.content == ours.lstrip()
    stop = KNOWN[0][6]
    cut = client.completions.create(
        model=MODEL, prompt=KNOWN[0][:2], max_tokens=30, stop=stop, extra_body={"num_beams": 3}
    )
    assert cut.choices[0].text == writer().complete(KNOWN[0][:2], beams=3, max_tokens=30,
                                                    stop=stop).text  # fmt: skip
    assert cut.choices[0].finish_reason == "stop"
    assert stop not in cut.choices[0].text


def test_many_searches_beside_plain_answers(running: Running) -> None:
    """They share the rows, and take turns: none changes another."""
    prompts = [text[:n] for text in KNOWN for n in (1, 2, 3)]

    async def ask(client: openai.AsyncOpenAI, i: int) -> tuple[str, int, str]:
        beams = (1, 2, 3, 8)[i % 4]
        prompt = prompts[i % len(prompts)]
        found = await client.completions.create(
            model=MODEL, prompt=prompt, max_tokens=20, extra_body={"num_beams": beams}
        )
        return prompt, beams, found.choices[0].text

    async def all_of_them() -> list[tuple[str, int, str]]:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="x") as client:
            return await asyncio.gather(*(ask(client, i) for i in range(24)))

    for prompt, beams, text in asyncio.run(all_of_them()):
        assert text == writer().complete(prompt, beams=beams, max_tokens=20).text, (prompt, beams)
    assert running.load() == (0, 0)


def test_the_best_of_several(client: openai.OpenAI) -> None:
    settings: dict[str, Any] = {"temperature": 1.6, "seed": 5, "max_tokens": 12}
    for prompt, n, best_of in (("朝", 1, 6), ("坂", 3, 7), ("x", 2, 2)):
        found = client.completions.create(
            model=MODEL, prompt=prompt, n=n, best_of=best_of, **settings
        )
        ours = writer().complete(prompt, samples=best_of, logprobs=0, **settings).all
        means = [sum(c.logprob for c in one.choices) / len(one.choices) for one in ours]
        order = sorted(range(best_of), key=lambda i: -means[i])
        best = [ours[i].text for i in (order[:n] if best_of > n else range(n))]
        assert [choice.text for choice in found.choices] == best
        assert [choice.index for choice in found.choices] == list(range(n))
        assert all(choice.logprobs is None for choice in found.choices)
        assert found.usage is not None  # all that were written are paid for
        assert found.usage.completion_tokens == sum(len(one.tokens) for one in ours)


def test_the_best_of_several_of_several_prompts(client: openai.OpenAI) -> None:
    settings: dict[str, Any] = {"temperature": 1.6, "seed": 5, "max_tokens": 6}
    both = client.completions.create(
        model=MODEL, prompt=["朝", "坂"], best_of=3, logprobs=2, **settings
    )
    alone = [
        client.completions.create(model=MODEL, prompt=p, best_of=3, **settings).choices[0].text
        for p in ("朝", "坂")
    ]
    assert [choice.text for choice in both.choices] == alone
    for choice in both.choices:
        assert choice.logprobs is not None
        assert choice.logprobs.top_logprobs is not None
        assert len(choice.logprobs.top_logprobs) == 6
        assert all(len(alternatives) == 2 for alternatives in choice.logprobs.top_logprobs)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"num_beams": 9}, "num_beams"),
        ({"num_beams": 0}, "num_beams"),
        ({"num_beams": 10**9}, "num_beams"),
        ({"num_beams": 2, "n": 3}, "n"),
        ({"num_beams": 2, "stream": True}, "num_beams"),
        ({"num_beams": 2, "logprobs": 1}, "num_beams"),
        ({"num_beams": 2, "temperature": 0.5}, "temperature"),
        ({"num_beams": 3, "best_of": 3}, "best_of"),
        ({"num_beams": 3, "length_penalty": 1e9}, "length_penalty"),
        ({"num_beams": 3, "early_stopping": "soon"}, "early_stopping"),
        ({"best_of": 9}, "best_of"),
        ({"best_of": 2, "n": 3}, "best_of"),
        ({"best_of": 4, "stream": True}, "best_of"),
    ],
)
def test_what_cannot_be_searched(client: openai.OpenAI, body: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=MODEL, prompt="朝", extra_body=body)
    assert caught.value.param == param


def test_a_search_is_no_wider_than_the_rows() -> None:
    with serving(models=(str(writer_folder()),), rows=3) as running:
        url, body = f"{running.url}/v1/completions", {"model": MODEL, "prompt": "朝"}
        answer = httpx.post(url, json=body | {"num_beams": 4})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "num_beams"
        found = httpx.post(url, json=body | {"num_beams": 3, "n": 2}).json()["choices"]
        assert [c["text"] for c in found] == [
            one.text for one in writer().complete("朝", beams=3, samples=2, max_tokens=16).all
        ]


def test_what_the_maker_set_is_searched_where_it_can_be(tmp_path: Path) -> None:
    place = shutil.copytree(translator_folder(), tmp_path / "searcher")
    (place / "generation_config.json").write_text(
        json.dumps(
            {
                name: value
                for name, value in json.loads((place / "config.json").read_text()).items()
                if name in ("decoder_start_token_id", "eos_token_id", "pad_token_id")
            }
            | {"num_beams": 4}
        )
    )
    generator = open_generator(place)
    ours = generator.complete("朝の港", max_tokens=9).text
    greedy = generator.complete("朝の港", max_tokens=9, beams=1).text
    assert ours == generator.complete("朝の港", max_tokens=9, beams=4).text != greedy

    with (
        serving(models=(str(place),), rows=8) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="x", max_retries=0) as client,
    ):
        body: dict[str, Any] = {"model": "searcher", "prompt": "朝の港", "max_tokens": 9}
        assert client.completions.create(**body).choices[0].text == ours
        one = {"num_beams": 1}
        assert client.completions.create(**body, extra_body=one).choices[0].text == greedy
        streamed = client.completions.create(**body, stream=True)
        assert "".join(event.choices[0].text for event in streamed) == greedy


def test_who_leaves_a_search_frees_its_rows() -> None:
    with serving(models=(str(writer_folder()),), rows=4, queue=8) as running:
        body = {"model": MODEL, "prompt": "a", "max_tokens": 500, "num_beams": 4, **NEVER_END}
        with slow(running, 0.2):
            data = raw("/v1/completions", json.dumps(body).encode())
            socks = [send(running, data) for _ in range(2)]
            until(lambda: running.load() == (1, 1))  # the second has no rows
            socks[0].close()
            socks[1].close()
            until(lambda: running.load() == (0, 0))
        answer = httpx.post(
            f"{running.url}/v1/completions", json={"model": MODEL, "prompt": "朝", "max_tokens": 3}
        )
        assert answer.json()["choices"][0]["text"] == writer().complete("朝", max_tokens=3).text
