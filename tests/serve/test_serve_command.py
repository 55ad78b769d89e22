"""`bunsan serve` in a process of its own: start, stop, exit codes, what it prints."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import openai
import pytest
from serve_models import KNOWN, collection_folder, writer, writer_folder

from bunsan.base.errors import BadInput
from bunsan.cli.main import main
from bunsan.serve.served import named

ENVIRONMENT = {
    **os.environ,
    "BUNSAN_LANG": "en",
    "OMP_NUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONUNBUFFERED": "1",
}


def start(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """A server, and where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bunsan", "serve", *arguments, "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env=ENVIRONMENT | environment,
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url:
        raise AssertionError(process.communicate()[1])
    return process, url


def test_untrained_models_unasked() -> None:
    process, url = start()
    try:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="x")
        found = {one.id: one for one in client.models.list()}
        assert set(found) == {"untrained-decoder", "untrained-encoder"}
        assert all(one.bunsan["trained"] is False for one in found.values())  # type: ignore[attr-defined]
        written = client.completions.create(model="untrained-decoder", prompt="春は", max_tokens=5)
        assert written.usage is not None
        assert written.usage.completion_tokens >= 1
        vectors = client.embeddings.create(model="untrained-encoder", input=["春", "夏"])
        assert len(vectors.data) == 2
        client.close()
    finally:
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert told.count("untrained, random weights") == 2
    assert "curl http://127.0.0.1:" in told
    assert "POST /v1/completions 200" in told
    assert "春" not in told.partition("POST")[2]  # nothing of what was asked
    assert "Traceback" not in told
    assert told.rstrip().endswith("Stopped.")


def test_what_runs_is_finished_first() -> None:
    process, url = start(str(writer_folder()), "--quiet", BUNSAN_API_KEY="from-environment")
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="from-environment")
    end = str(writer().tokenizer.eos_id)
    stream = client.completions.create(
        model="tiny-writer", prompt="朝", max_tokens=400, stream=True, logit_bias={end: -100}
    )
    events = iter(stream)
    text = next(events).choices[0].text
    process.send_signal(signal.SIGTERM)
    finish = None
    for event in events:
        text += event.choices[0].text
        finish = event.choices[0].finish_reason or finish
    assert finish == "length"
    assert text.startswith(KNOWN[0].removeprefix("朝"))
    client.close()
    out, told = process.communicate(timeout=60)
    assert (process.returncode, out, told) == (0, "", "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_second_interrupt_does_not_wait() -> None:
    process, url = start(str(writer_folder()), "--quiet")
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    end = str(writer().tokenizer.eos_id)
    stream = client.completions.create(
        model="tiny-writer", prompt="朝", max_tokens=500, n=8, stream=True, logit_bias={end: -100}
    )
    next(iter(stream))
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    client.close()
    assert process.returncode == 0


def test_mistakes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNSAN_OFFLINE", "1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        model = str(writer_folder())
        cases: list[tuple[tuple[str, ...], int, str]] = [
            (("--port", port), 2, "--port 0"),
            (("--port", "0", "--host", "no such host"), 2, "--host"),
            (("--port", "0", "/no/such/folder"), 3, ""),
            (("--port", "0", "owner/name"), 3, "owner/name"),
            (("--port", "0", model, model), 2, "NAME=FOLDER"),
            (("--port", "0", model, "--precision", "int3"), 2, "int8"),
            (("--port", "0", "--api-key", " "), 2, "empty"),
            (("--port", "0", "--rows", "0"), 2, "rows"),
        ]
        for arguments, code, told in cases:
            assert main(["serve", *arguments]) == code, arguments
            out, err = capsys.readouterr()
            assert told in err
            assert out == ""


def test_names(tmp_path: Path) -> None:
    place = str(collection_folder())
    assert named(place) == ("texts", place)
    assert named(f"mine={place}") == ("mine", place)
    assert named("owner/name") == ("owner/name", "owner/name")
    odd = tmp_path / "a=b c"
    odd.mkdir()
    assert named(str(odd)) == ("a-b-c", str(odd))
    for bad in ("=x", "a b=x", "a="):
        with pytest.raises(BadInput):
            named(bad)
