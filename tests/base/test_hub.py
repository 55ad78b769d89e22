"""Names of models become folders: the real client against a real server on this machine, and its real cache."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bunsan.base.errors import BadInput, BunsanError, Missing
from bunsan.base.hub import (
    cached_folder,
    cached_models,
    local_folder,
    pull,
    remove_cached,
    search_hub,
)
from bunsan.base.hub_files import choose_files, is_complete
from hub_server import COMMIT, HubServer

CONFIG = b'{"model_type": "bert"}'
SMALL = {"config.json": CONFIG, "vocab.txt": b"a\nb\n", "tokenizer_config.json": b"{}"}
WEIGHTS = os.urandom(1_500_000)
HUGE = os.urandom(34_000_000)  # several of the blocks that the client writes at a time
MODELS = {
    "who/small": {**SMALL, "model.safetensors": WEIGHTS, "pytorch_model.bin": WEIGHTS},
    "who/huge": {**SMALL, "model.safetensors": HUGE},
    "who/nothing": {"README.md": b"hello", "model.pt": WEIGHTS},
    "who/split": {
        **SMALL,
        "pytorch_model.bin.index.json": json.dumps(
            {"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}}
        ).encode(),
        "pytorch_model-1.bin": b"1",
        "pytorch_model-2.bin": b"2",
    },
}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer(MODELS) as server:
        yield server


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUNSAN_OFFLINE", "HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_a_folder_is_used_as_it_is(tmp_path: Path) -> None:
    assert local_folder(tmp_path, offline=True) == tmp_path
    assert local_folder(str(tmp_path), offline=True) == tmp_path
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(BadInput, match=f"Give its folder: {tmp_path}"):
        local_folder(tmp_path / "model.safetensors")


@pytest.mark.parametrize("path", ["./none", "/none/at/all", "~/none", "a\\b"])
def test_no_such_folder(path: str) -> None:
    with pytest.raises(Missing, match="no such folder"):
        local_folder(path)


@pytest.mark.parametrize("name", ["a/b/c", "a b", "a/../b", "-x/y", "日本語", "a--b/c", "a/b?c"])
def test_no_name(name: str) -> None:
    with pytest.raises((BadInput, Missing)):
        local_folder(name, offline=True)


def test_fetched_once_then_taken_from_the_cache(hub: HubServer, tmp_path: Path) -> None:
    folder = local_folder("who/small", cache=tmp_path, endpoint=hub.url)
    assert {path.name for path in folder.iterdir()} == {*SMALL, "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG
    assert hub.fetched("pytorch_model.bin") == []
    asked = len(hub.asked)
    assert local_folder("who/small", cache=tmp_path, endpoint=hub.url) == folder
    assert local_folder("who/small@main", cache=tmp_path, offline=True) == folder
    assert local_folder(f"who/small@{COMMIT}", cache=tmp_path, offline=True) == folder
    assert local_folder("who/small", revision=COMMIT, cache=tmp_path, offline=True) == folder
    assert len(hub.asked) == asked


def test_shards_and_chosen_files(hub: HubServer, tmp_path: Path) -> None:
    folder = local_folder("who/split", cache=tmp_path, endpoint=hub.url)
    assert is_complete(folder)
    assert (folder / "pytorch_model-2.bin").read_bytes() == b"2"
    (folder / "pytorch_model-2.bin").unlink()
    assert cached_folder("who/split", cache=tmp_path) is None
    only = local_folder("who/nothing", allow=["README.md"], cache=tmp_path, endpoint=hub.url)
    assert [path.name for path in only.iterdir()] == ["README.md"]
    assert local_folder("who/nothing", allow=["README.md"], cache=tmp_path, offline=True) == only


def test_what_is_in_the_cache(hub: HubServer, tmp_path: Path) -> None:
    assert cached_models(tmp_path / "none") == []
    pull("who/small", cache=tmp_path, endpoint=hub.url)
    pull("who/split", cache=tmp_path, endpoint=hub.url)
    small, split = cached_models(tmp_path)
    assert (small.name, small.revision, small.complete) == ("who/small", COMMIT, True)
    assert small.size == len(WEIGHTS) + sum(map(len, SMALL.values()))
    assert (small.folder / "config.json").read_bytes() == CONFIG
    assert split.name == "who/split"
    with pytest.raises(Missing, match=r"who/other is not on this machine.*who/small, who/split"):
        local_folder("who/other", cache=tmp_path, offline=True)
    assert remove_cached("who/small", tmp_path) == small.size
    assert [model.name for model in cached_models(tmp_path)] == ["who/split"]
    with pytest.raises(Missing, match="who/small is not on this machine"):
        remove_cached("who/small", tmp_path)


@pytest.mark.parametrize("variable", ["BUNSAN_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_asks_nobody(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    for attempt in (local_folder, pull):
        with pytest.raises(Missing, match="bunsan models pull who/small") as caught:
            attempt("who/small", cache=tmp_path, endpoint=hub.url)
        assert caught.value.exit_code == 3
    with pytest.raises(Missing, match="cannot be searched offline"):
        search_hub("small", endpoint=hub.url)
    assert hub.asked == []


def test_refusals(hub: HubServer, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="has no model who/unknown"):
        local_folder("who/unknown", cache=tmp_path, endpoint=hub.url)
    with pytest.raises(Missing, match="no revision 'v9'"):
        local_folder("who/small@v9", cache=tmp_path, endpoint=hub.url)
    with pytest.raises(Missing, match=r"no weights that bunsan reads.*README\.md, model\.pt"):
        local_folder("who/nothing", cache=tmp_path, endpoint=hub.url)
    hub.gated.add("who/small")
    with pytest.raises(Missing, match=r"agreed to its terms.*HF_TOKEN"):
        local_folder("who/small", cache=tmp_path, endpoint=hub.url)
    hub.broken = True
    with pytest.raises(BunsanError, match="error 500"):
        local_folder("who/split", cache=tmp_path, endpoint=hub.url)


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused at once
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Missing, match=r"cannot be reached.*HTTPS_PROXY") as caught:
            local_folder("who/small", cache=tmp_path, endpoint=url)
    assert caught.value.exit_code == 3


def test_a_proxy_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{taken.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        done = run_pull("who/small", tmp_path, "http://hub.invalid")
    assert done.returncode == 3
    assert "HTTPS_PROXY" in done.stderr


def run_pull(
    name: str, cache: Path, url: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A pull in a process of its own: the client reads proxies and certificates once."""
    return subprocess.run(
        [sys.executable, "-c", PULL, name],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_CACHE": str(cache), "HF_ENDPOINT": url, **environment},
        check=False,
    )


PULL = """
import sys
from bunsan.base.errors import BunsanError
from bunsan.base.hub import pull
try:
    print(pull(sys.argv[1]))
except BunsanError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def test_company_certificates(tmp_path: Path) -> None:
    """A certificate nobody knows is explained, and the remedy that is given works."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("needs the openssl program to make a certificate")
    with HubServer(MODELS, tls=(certificate, key)) as hub:
        refused = run_pull("who/small", tmp_path / "cache", hub.url)
        assert refused.returncode == 3, refused.stderr
        assert "not trusted" in refused.stderr
        assert "SSL_CERT_FILE" in refused.stderr
        trusted = run_pull("who/small", tmp_path / "cache", hub.url, SSL_CERT_FILE=str(certificate))
        assert trusted.returncode == 0, trusted.stderr


def test_a_pull_that_is_stopped_goes_on(hub: HubServer, tmp_path: Path) -> None:
    hub.pause = 0.1
    pulling = subprocess.Popen(
        [sys.executable, "-c", PULL, "who/huge"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_ENDPOINT": hub.url},
    )
    blobs = tmp_path / "models--who--huge" / "blobs"
    while not any(part.stat().st_size > 9_000_000 for part in blobs.glob("*.incomplete")):
        assert pulling.poll() is None, pulling.stderr
        time.sleep(0.02)
    pulling.send_signal(signal.SIGINT)
    _, told = pulling.communicate()
    assert pulling.returncode == 130, told
    assert "Go on with: bunsan models pull who/huge" in told
    (partial,) = cached_models(tmp_path)
    assert not partial.complete
    assert 9_000_000 < partial.size < len(HUGE)
    with pytest.raises(Missing, match="only in part"):
        local_folder("who/huge", cache=tmp_path, offline=True)

    hub.pause = 0
    hub.asked.clear()
    folder = local_folder("who/huge", cache=tmp_path, endpoint=hub.url)
    assert (folder / "model.safetensors").read_bytes() == HUGE
    (asked,) = hub.fetched("model.safetensors")
    assert asked is not None
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > 9_000_000
    assert hub.fetched("config.json") == []
    assert list(blobs.glob("*.incomplete")) == []
    assert cached_models(tmp_path)[0].complete


def test_a_connection_that_breaks_is_taken_up(hub: HubServer, tmp_path: Path) -> None:
    hub.drop_after = 21_000_000
    folder = pull("who/huge", cache=tmp_path, endpoint=hub.url)
    assert (folder / "model.safetensors").read_bytes() == HUGE
    assert len(hub.fetched("model.safetensors")) == 2


def test_a_file_that_arrives_damaged(hub: HubServer, tmp_path: Path) -> None:
    hub.damage = True
    with pytest.raises(BunsanError, match="checksum is wrong"):
        pull("who/huge", cache=tmp_path, endpoint=hub.url)
    assert cached_folder("who/huge", cache=tmp_path) is None
    hub.damage = False
    folder = pull("who/huge", cache=tmp_path, endpoint=hub.url)
    whole = hashlib.sha256((folder / "model.safetensors").read_bytes())
    assert whole.digest() == hashlib.sha256(HUGE).digest()


def test_a_token_goes_to_the_hub_alone(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with HubServer(MODELS) as store:
        hub.store = store.url
        folder = pull("who/huge", cache=tmp_path, endpoint=hub.url)
    assert (folder / "model.safetensors").read_bytes() == HUGE
    assert {token for *_, token in hub.asked} == {"Bearer hf_secret"}
    assert [(method, token) for method, _, _, token in store.asked] == [("GET", None)]


def test_copies_of_a_repository_are_removed_one_by_one(hub: HubServer, tmp_path: Path) -> None:
    """They have the same commits; which of them goes must not depend on the commit."""
    names = [f"who/copy{i}" for i in range(6)]
    hub.models = dict.fromkeys(names, MODELS["who/split"])
    for name in names:
        pull(name, cache=tmp_path, endpoint=hub.url)
    while names:
        remove_cached(names.pop(3 % len(names)), tmp_path)
        assert [model.name for model in cached_models(tmp_path)] == names


def test_searching(hub: HubServer) -> None:
    found = search_hub("HU", endpoint=hub.url)
    assert [(m.name, m.task, m.downloads, m.licence) for m in found] == [
        ("who/huge", "fill-mask", 7, "mit")
    ]


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (
            "config.json vocab.txt model.safetensors pytorch_model.bin tf_model.h5 onnx/model.onnx",
            "config.json vocab.txt model.safetensors",
        ),
        (
            "config.json spiece.model pytorch_model.bin",
            "config.json spiece.model pytorch_model.bin",
        ),
        (
            "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
            "model.safetensors.index.json pytorch_model.bin",
            "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
            "model.safetensors.index.json",
        ),
        (
            "modules.json config.json model.safetensors 1_Pooling/config.json 2_Dense/config.json "
            "2_Dense/model.safetensors 2_Dense/pytorch_model.bin checkpoint-9/model.safetensors",
            "modules.json config.json model.safetensors 1_Pooling/config.json 2_Dense/config.json "
            "2_Dense/model.safetensors",
        ),
        # Without its index a set of shards is of no use; code and other frameworks never are.
        ("config.json model-00001-of-00002.safetensors model.py", ""),
        ("config.json adapter_model.safetensors", ""),
        ("config.json trainer_state.json model.safetensors", "config.json model.safetensors"),
    ],
)
def test_which_files_are_fetched(files: str, chosen: str) -> None:
    assert choose_files(files.split()) == sorted(chosen.split())
