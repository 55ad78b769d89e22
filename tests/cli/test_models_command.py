"""`bunsan models` as it is used: the real command line, and a hub on this machine."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from bunsan.base.shipped import shipped_models
from bunsan.cli.verbs.models import _example
from hub_server import HubServer

NAME = "cl-tohoku/bert-base-japanese-v2"
CONFIG = {
    "model_type": "bert",
    "num_hidden_layers": 7,
    "hidden_size": 84,
    "num_attention_heads": 7,
    "vocab_size": 123,
}
FILES = {
    "config.json": json.dumps(CONFIG).encode(),
    "vocab.txt": b"[PAD]\n",
    "pytorch_model.bin": os.urandom(1_200_000),
}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with HubServer({NAME: FILES, "some/other": FILES}) as server:
        yield server


class Machine:
    """The command line with a cache of its own."""

    def __init__(self, hub: HubServer, cache: Path) -> None:
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HF_", "BUNSAN_"))},
            "HF_ENDPOINT": hub.url,
            "HF_HUB_CACHE": str(cache),
            "BUNSAN_LANG": "en",
            "COLUMNS": "80",
            "TERM": "xterm",
            "NO_COLOR": "1",
        }

    def run(self, *arguments: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "bunsan", "models", *arguments],
            capture_output=True,
            text=True,
            env=self.environment | more,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def on_terminal(self, *arguments: str, language: str) -> list[str]:
        """The lines that a person sees on a terminal of 80 columns."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "bunsan", "models", *arguments],
            stdout=theirs,
            stderr=theirs,
            env=self.environment | {"BUNSAN_LANG": language},
        )
        os.close(theirs)
        seen = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # Linux's way to say that the other end has closed
                break
            if not block:
                break
            seen += block
        os.close(ours)
        assert process.wait() == 0, seen
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode()).splitlines()


@pytest.fixture
def machine(hub: HubServer, tmp_path: Path) -> Machine:
    return Machine(hub, tmp_path / "cache")


def test_list_pull_show_remove(machine: Machine) -> None:
    local = json.loads(machine.run("--local", "--json").stdout)["rows"]
    own = list(shipped_models())
    assert [row["name"] for row in local] == own
    assert all(row["complete"] for row in local)
    card = json.loads(machine.run("show", NAME, "--json").stdout)
    assert (card["layers"], card["here"]) == (12, None)
    assert "layers" in card["unverified"]
    assert card["commands"][0] == f"bunsan models pull {NAME}"

    pulled = machine.run("pull", "bert-base-japanese-v2")
    folder = Path(pulled.stdout.strip())
    assert {path.name for path in folder.iterdir()} == set(FILES)
    (row,) = json.loads(machine.run("--local", "--json").stdout)["rows"][len(own) :]
    assert (row["name"], row["megabytes"], row["complete"]) == (NAME, 1.2, True)
    # Its own config.json is believed more than the catalogue, and needs no mark.
    card = json.loads(machine.run("show", NAME, "--json").stdout)
    assert [card[k] for k in ("layers", "width", "heads", "vocabulary")] == [7, 84, 7, 123]
    assert not {"layers", "width", "heads", "vocabulary", "name"} & set(card["unverified"])
    assert card["here"]["folder"] == str(folder)

    machine.run("pull", "some/other")
    names = [r["name"] for r in json.loads(machine.run("--local", "--json").stdout)["rows"]]
    assert names == [*own, NAME, "some/other"]
    assert "kyoto-bert-base" in machine.run("list").stdout
    removed = json.loads(machine.run("remove", NAME, "--json").stdout)
    assert removed["bytes"] > 1_200_000
    assert not folder.exists()
    machine.run("remove", NAME, code=3)


def test_commands_are_the_examples_of_the_verbs() -> None:
    assert _example("models", "who/what") == ["bunsan models show who/what"]
    assert _example("no-such-verb", "who/what") == []


def test_offline(machine: Machine) -> None:
    told = machine.run("pull", NAME, "--offline", code=3).stderr
    assert f"bunsan models pull {NAME}" in told
    machine.run("search", "bert", "--hub", "--offline", code=3)
    assert NAME in machine.run("search", "東北大", "--offline").stdout


def test_searching_the_hub(machine: Machine) -> None:
    rows = json.loads(machine.run("search", "other", "--hub", "--json").stdout)["rows"]
    assert [(row["name"], row["licence"]) for row in rows] == [("some/other", "mit")]
    assert "--hub" in machine.run("search", "nothing like it").stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("pul", "x"), 2, "bunsan models show pul"),
        (("show",), 2, "the name of one model"),
        (("show", "a", "b"), 2, "the name of one model"),
        (("search",), 2, "search takes words"),
        (("--task", "dance"), 2, "fill-mask"),
        (("--family", "LSTM"), 2, "GPT-2"),
        (("show", "rinna/japanese-gtp2-small"), 3, "Perhaps: rinna/japanese-gpt2-small"),
        (("pull", "rinna/japanese-gtp2-small"), 3, "Perhaps: rinna/japanese-gpt2-small"),
        (("pull", "kyoto-bert-base"), 3, "Kurohashi lab's page"),
        (("pull", f"{NAME}@v9"), 3, "no revision 'v9'"),
    ],
)
def test_mistakes(machine: Machine, arguments: tuple[str, ...], code: int, told: str) -> None:
    assert told in machine.run(*arguments, code=code).stderr


def test_tables_in_files(machine: Machine, tmp_path: Path) -> None:
    machine.run("-o", str(tmp_path / "models.csv"))
    text = (tmp_path / "models.csv").read_text(encoding="utf-8-sig")
    assert text.startswith("name,called,family,size,type,does,")
    assert len(text.splitlines()) == 38


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_a_person_sees_fits_80_columns(machine: Machine, language: str) -> None:
    machine.run("pull", NAME)
    for arguments in ((), ("search", "bert"), ("--local",), ("show", "kyoto-bert-base")):
        lines = machine.on_terminal(*arguments, language=language)
        assert max(cell_len(line) for line in lines) <= 80
        assert len(lines) > 4
    card = "\n".join(machine.on_terminal("show", "chitra", language=language))
    assert {"en": "Learned from", "ja": "学習データ"}[language] in card
    assert " ?" in card
    assert {"en": "? not checked", "ja": "? は公開"}[language] in card
