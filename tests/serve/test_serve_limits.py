"""Who may ask, how much, and what becomes of clients that leave, sleep or send nonsense."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
import torch
from serve_models import Running, encoder_folder, serving, writer, writer_folder

from bunsan.base.errors import BadInput
from bunsan.serve.settings import ServeSettings
from bunsan.serve.worker import Pace

MODEL = "tiny-writer"
NEVER_END = {"logit_bias": {str(writer().tokenizer.eos_id): -100}}


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come, however busy the machine is."""
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def send(running: Running, data: bytes, *, receive: int = 0) -> socket.socket:
    """A connection with some bytes sent."""
    where = urlsplit(running.url)
    sock = socket.socket()
    if receive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    sock.connect((where.hostname, where.port))
    sock.settimeout(60)
    sock.sendall(data)
    return sock


@contextmanager
def slow(running: Running, seconds: float = 0.02) -> Iterator[None]:
    """The model takes its time for every token, so that what is looked at does not end meanwhile."""
    model = running.app.state.service.found[MODEL].generator.model
    logits = model.logits

    def slowly(*given: Any, **named: Any) -> Any:
        time.sleep(seconds)
        return logits(*given, **named)

    model.logits = slowly
    try:
        yield
    finally:
        model.logits = logits


def raw(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def read_all(sock: socket.socket) -> bytes:
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_keys() -> None:
    with serving(models=(str(writer_folder()),), keys=("first-key", "second-鍵")) as running:

        def client(key: str) -> openai.OpenAI:
            return openai.OpenAI(base_url=f"{running.url}/v1", api_key=key, max_retries=0)

        with client("first-key") as known:
            assert [one.id for one in known.models.list()] == [MODEL]
        second = {"Authorization": "bearer second-鍵".encode()}
        assert httpx.get(f"{running.url}/v1/models", headers=second).status_code == 200
        for key in ("wrong", "first-ke", "first-keys", "FIRST-KEY"):
            with client(key) as other, pytest.raises(openai.AuthenticationError) as caught:
                other.completions.create(model=MODEL, prompt="a")
            assert caught.value.code == "invalid_api_key"
        for path in ("/v1/models", "/metrics", "/openapi.json", "/bunsan/collections", "/none"):
            answer = httpx.get(running.url + path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
        basic = {"Authorization": "Basic first-key"}
        assert httpx.get(f"{running.url}/v1/models", headers=basic).status_code == 401
        assert httpx.get(f"{running.url}/health/ready").json() == {"status": "ready"}


def test_names_and_pages() -> None:
    with serving(
        models=(str(writer_folder()),), hosts=("127.0.0.1",), origins=("https://page.example",)
    ) as running:
        asked = {"Host": "evil.example:80"}
        answer = httpx.get(f"{running.url}/v1/models", headers=asked)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "unknown_host"
        page = {"Origin": "https://page.example"}
        answer = httpx.get(f"{running.url}/v1/models", headers=page)
        assert answer.headers["access-control-allow-origin"] == "https://page.example"
        other = httpx.get(f"{running.url}/v1/models", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_no_page_may_ask_untold(running: Running) -> None:
    origin = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{running.url}/v1/completions", headers=origin)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers
    # What a page may send without being asked first is not taken for JSON.
    body = json.dumps({"model": MODEL, "prompt": "a"})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = httpx.post(
            f"{running.url}/v1/completions", content=body, headers={"Content-Type": kind}
        )
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", None),
        (b"{", "invalid_json"),
        (b"\xff\xfe", None),
        (b"[]", None),
        (b'"text"', None),
        (b"null", None),
        (b"[" * 100_000, None),
        (b'{"model": "tiny-writer", "prompt": "a", "temperature": NaN}', "invalid_value"),
        (b'{"model": "tiny-writer", "prompt": "a", "presence_penalty": Infinity}', "invalid_value"),
        (b'{"model": "tiny-writer", "prompt": "a", "max_tokens": ' + b"9" * 5000 + b"}", None),
        (b'{"model": "tiny-writer", "prompt": "a", "max_tokens": 1e400}', "invalid_value"),
        (b'{"model": "tiny-writer", "prompt": "\\ud800"}', None),
        (b'{"model": "\\udfff", "prompt": "a"}', None),
        (b'{"model": "tiny-writer", "prompt": "a", "\\ud800": 1}', None),
        (b'{"model": "tiny-writer", "prompt": {"a": 1}}', "invalid_value"),
        (b'{"prompt": "a"}', "missing_required_parameter"),
    ],
)  # fmt: skip
def test_nonsense(running: Running, body: bytes, code: str | None) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{running.url}/v1/completions", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    if code is not None:
        assert error["code"] == code


def test_not_even_http(running: Running) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    ):
        with send(running, data) as sock:
            sock.shutdown(socket.SHUT_WR)
            found = read_all(sock)
        assert b" 400 " in found.split(b"\r\n")[0]
    assert httpx.get(f"{running.url}/health").status_code == 200


def test_paths_and_methods(running: Running) -> None:
    for method, path, status in (
        ("GET", "/none", 404), ("GET", "/v1/completions", 405), ("DELETE", "/v1/models", 405),
        ("GET", "/docs", 404), ("GET", "/redoc", 404),
    ):  # fmt: skip
        answer = httpx.request(method, running.url + path)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]


def test_bodies_that_are_too_large() -> None:
    with serving(models=(str(writer_folder()),), max_body=2000) as running:

        def post(prompt: str) -> httpx.Response:
            return httpx.post(
                f"{running.url}/v1/completions", json={"model": MODEL, "prompt": prompt}
            )

        assert post("a" * 300).status_code == 200
        for size in (2500, 7000):
            answer = post("a" * size)
            assert answer.status_code == 413
            assert answer.json()["error"]["code"] == "request_too_large"
        # Told before it is sent, and in pieces of which nobody knows how many come.
        head = raw("/v1/completions", b"", "X: y").replace(b"Length: 0", b"Length: 99999999")
        with send(running, head) as sock:
            assert b" 413 " in read_all(sock).split(b"\r\n")[0]
        chunked = raw("/v1/completions", b"").replace(
            b"Content-Length: 0", b"Transfer-Encoding: chunked"
        )
        with send(running, chunked + (b"7d0\r\n" + b"a" * 2000 + b"\r\n") * 5) as sock:
            assert b" 413 " in read_all(sock).split(b"\r\n")[0]


def test_a_body_that_does_not_come() -> None:
    with serving(models=(str(writer_folder()),), body_seconds=0.2) as running:
        whole = raw("/v1/completions", b'{"model": "tiny-writer", "prompt": "a"}')
        with send(running, whole[:-5]) as sock:
            found = read_all(sock)
        assert b" 408 " in found.split(b"\r\n")[0]
        with send(running, whole[:-5]) as sock:  # leaves before its request is whole
            pass
        assert httpx.get(f"{running.url}/health").status_code == 200


def test_one_request_too_many() -> None:
    """One answer is written, one waits: the third is told to come again."""
    with (
        serving(models=(str(writer_folder()),), rows=1, queue=1) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="x", max_retries=0) as client,
    ):
        long: dict[str, Any] = {"model": MODEL, "prompt": "a", "max_tokens": 500, "stream": True}
        with slow(running):
            first = client.completions.create(**long, **NEVER_END)
            second = client.completions.create(**long, **NEVER_END)
            with pytest.raises(openai.RateLimitError) as caught:
                client.completions.create(model=MODEL, prompt="a")
        assert int(caught.value.response.headers["retry-after"]) >= 1
        assert caught.value.code == "rate_limit_exceeded"
        # What can never fit is not told to come again.
        with pytest.raises(openai.BadRequestError) as never:
            client.completions.create(model=MODEL, prompt=["a", "b", "c"])
        assert never.value.code == "too_many_answers"
        first.close()
        assert "".join(event.choices[0].text for event in second if event.choices)
        until(lambda: running.load() == (0, 0))
        assert client.completions.create(model=MODEL, prompt="a").choices


def test_who_leaves_frees_the_place() -> None:
    with (
        serving(models=(str(writer_folder()),), rows=1, queue=8) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="x", max_retries=0) as client,
    ):
        body = {"model": MODEL, "prompt": "a", "max_tokens": 500, **NEVER_END}
        with slow(running, 0.2):  # to the end it would take longer than anybody waits
            stream = client.completions.create(**body, stream=True)
            next(iter(stream))
            stream.close()
            until(lambda: running.load() == (0, 0))
            # Without a stream, running and waiting.
            data = raw("/v1/completions", json.dumps(body).encode())
            socks = [send(running, data) for _ in range(3)]
            until(lambda: running.load() == (1, 2))
            socks[2].close()
            until(lambda: running.load() == (1, 1))
            socks[0].close()
            socks[1].close()
            until(lambda: running.load() == (0, 0))
        told = httpx.get(f"{running.url}/metrics").text
        assert 'bunsan_cancelled_total{model="tiny-writer"} 4.0' in told
        assert client.completions.create(model=MODEL, prompt="朝", max_tokens=5).choices


def test_a_slow_reader_blocks_nobody() -> None:
    """Megabytes of one answer wait for a reader that sleeps, and others are served meanwhile."""
    with (
        serving(models=(str(writer_folder()),), rows=9, queue=8) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="x", max_retries=0) as client,
    ):
        body = {
            "model": MODEL, "messages": [{"role": "user", "content": "a"}], "n": 8, "stream": True,
            "max_tokens": 300, "logprobs": True, "top_logprobs": 20, "temperature": 0, **NEVER_END,
        }  # fmt: skip
        data = raw("/v1/chat/completions", json.dumps(body).encode(), "Connection: close")
        with send(running, data, receive=4096) as sock:
            with slow(running):
                until(lambda: running.load()[0] == 8)
                for prompt in ("朝", "坂"):
                    found = client.completions.create(model=MODEL, prompt=prompt, max_tokens=40)
                    assert found.choices[0].text == writer().complete(prompt, max_tokens=40).text
            until(lambda: running.load() == (0, 0))  # written without being read
            whole = read_all(sock)
        assert len(whole) > 1_000_000
        text = ["" for _ in range(8)]
        for line in whole.split(b"data: ")[1:]:
            part = line.split(b"\n\n")[0].split(b"\r\n0")[0]
            if part == b"[DONE]":
                break
            for choice in json.loads(part)["choices"]:
                text[choice["index"]] += choice["delta"].get("content") or ""
        plain = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "a"}], max_tokens=300,
            temperature=0, **NEVER_END,
        )  # fmt: skip
        assert text == [plain.choices[0].message.content] * 8


def test_a_reader_that_takes_nothing_is_left() -> None:
    with serving(models=(str(writer_folder()),), rows=8, send_seconds=0.3) as running:
        body = {
            "model": MODEL, "prompt": "a", "n": 8, "stream": True, "max_tokens": 500,
            "logprobs": 20, "temperature": 0, **NEVER_END,
        }  # fmt: skip
        with send(running, raw("/v1/completions", json.dumps(body).encode()), receive=4096):
            with slow(running, 0.005):
                until(lambda: running.load()[0] == 8)
            until(lambda: "bunsan_open_requests 1.0" in httpx.get(f"{running.url}/metrics").text)


def test_metrics(running: Running, client: openai.OpenAI) -> None:
    client.completions.create(model=MODEL, prompt="朝", max_tokens=4)
    httpx.get(f"{running.url}/none")
    told = httpx.get(f"{running.url}/metrics").text
    for line in (
        'bunsan_requests_total{endpoint="/v1/completions",status="200"}',
        'bunsan_requests_total{endpoint="other",status="404"}',
        'bunsan_queue{model="tiny-writer"} 0.0',
        'bunsan_tokens_total{kind="completion",model="tiny-writer"}',
        'bunsan_tokens_total{kind="prompt",model="tiny-writer"}',
        'bunsan_time_to_first_token_seconds_count{model="tiny-writer"}',
        'bunsan_batch_rows_bucket{le="1.0",model="tiny-writer"}',
    ):
        assert line in told


def test_a_model_that_fails_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that raises ends the answers under way; the next request has a server."""
    with (
        serving(models=(str(writer_folder()), str(encoder_folder()))) as running,
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="x", max_retries=0) as client,
    ):
        model = running.app.state.service.found[MODEL].generator.model

        def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError("secret inside")

        with monkeypatch.context() as patch:
            patch.setattr(model, "logits", broken)
            with pytest.raises(openai.InternalServerError) as caught:
                client.completions.create(model=MODEL, prompt="朝")
            assert "secret" not in str(caught.value)
        assert client.completions.create(model=MODEL, prompt="朝", max_tokens=2).choices
        served = running.app.state.service.found["tiny-encoder"]
        for owner, name in ((served.encoder, "encode"), (served.worker, "_take")):
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, broken)
                with pytest.raises(openai.InternalServerError) as caught:
                    client.embeddings.create(model="tiny-encoder", input="船")
                assert "secret" not in str(caught.value)
            assert client.embeddings.create(model="tiny-encoder", input="船").data


def test_what_waits_is_told_that_the_server_stops() -> None:
    with serving(models=(str(writer_folder()),), rows=1) as running:
        body = {"model": MODEL, "prompt": "a", "max_tokens": 3}
        running.app.state.service.close()
        answer = httpx.post(f"{running.url}/v1/completions", json=body)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "stopping"


def test_settings_that_cannot_be() -> None:
    for bad in ({"rows": 0}, {"max_tokens": -1}, {"keys": ("",)}, {"body_seconds": 0.0}):
        with pytest.raises(BadInput):
            ServeSettings(**bad)  # type: ignore[arg-type]
    assert ServeSettings(queue=0, prefix_bytes=0).log is False


def test_when_to_come_again() -> None:
    pace = Pace()
    for _ in range(200):
        pace.done(2, 1.0)
    assert pace.seconds(10) == 5
    assert pace.seconds(0) == 1
    assert pace.seconds(100_000) == 60


def test_calls_that_nobody_waits_for_are_left_out() -> None:
    from bunsan.serve.metrics import Metrics
    from bunsan.serve.worker import Worker

    done: list[int] = []

    async def run() -> None:
        worker = Worker("w", ServeSettings(), Metrics())
        import threading

        gate = threading.Event()
        first = asyncio.create_task(worker.call(lambda: gate.wait(30)))
        second = asyncio.create_task(worker.call(lambda: done.append(2)))
        third = asyncio.create_task(worker.call(lambda: done.append(3)))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        gate.set()
        await asyncio.gather(first, third)
        await asyncio.to_thread(worker.stop)

    asyncio.run(run())
    assert done == [3]


def test_beginnings_that_are_kept_are_not_too_many() -> None:
    from bunsan.nn.generation.prefix import PrefixStore

    store = PrefixStore(most=2)
    for first in range(4):
        store.put([first, 1, 2], [(torch.zeros(2, 3, 4), torch.zeros(2, 3, 4))])
    assert len(store) == 2
    assert store.find([0, 1, 2]) is None
    found = store.find([3, 1, 5])
    assert found is not None
    assert found[1] == 2
    nothing = PrefixStore(0)
    nothing.put([1], [(torch.zeros(2, 1, 4), torch.zeros(2, 1, 4))])
    assert len(nothing) == 0
