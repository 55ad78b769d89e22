"""The command line in a process of its own: results, pipes, exit codes, interruption."""

import csv
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from writing_models import KNOWN, folder

ENVIRONMENT = {
    **os.environ,
    "BUNSAN_LANG": "en",
    "OMP_NUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8",
}
REST = KNOWN[0].removeprefix("春")


def bunsan(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bunsan", *arguments],
        input=stdin, capture_output=True, text=True, encoding="utf-8", env=ENVIRONMENT, check=False,
    )  # fmt: skip


def test_complete_and_stream_and_pipe() -> None:
    model = str(folder())
    plain = bunsan("complete", "春", "-m", model)
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, REST + "\n", "")
    streamed = bunsan("complete", "-", "-m", model, "--stream", "--stop", "冬", stdin="春\n")
    assert streamed.stdout == REST.split("冬")[0] + "\n"


def test_json_with_samples_and_probabilities() -> None:
    done = bunsan(
        "complete", "春", "-m", str(folder()), "--samples", "2", "--seed", "4",
        "--logprobs", "2", "--max-tokens", "5", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["prompt"] == "春"
    assert len(found["completions"]) == 2
    assert len(found["completions"][0]["logprobs"]) == 5
    assert len(found["completions"][0]["logprobs"][0]["alternatives"]) == 2


def test_many_prompts_into_a_table(tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("春\n吉野家の\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    done = bunsan(
        "complete", "--prompts", str(tmp_path / "prompts.txt"), "-m", str(folder()),
        "--beams", "2", "-o", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["prompt"] for row in rows] == ["春", "吉野家の"]
    assert rows[0]["text"] == REST
    assert rows[0]["finish"] == "end"


def test_too_long_a_prompt_is_told() -> None:
    done = bunsan("complete", "春" * 200, "-m", str(folder()), "--max-tokens", "4")
    assert done.returncode == 0
    assert "were left out" in done.stderr
    quiet = bunsan("complete", "春" * 200, "-m", str(folder()), "--max-tokens", "4", "--quiet")
    assert quiet.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("complete", "春"), 2, "--model"),
        (("complete", "-m", "x"), 2, "prompt"),
        (("complete", "春", "-m", "{model}", "--top-p", "3"), 2, "top_p"),
        (("complete", "春", "-m", "{model}", "--stream", "--json"), 2, "--stream"),
        (("complete", "春", "-m", "/no/such/folder", "--offline"), 3, ""),
        (("prompt", "nothing"), 3, "sentiment"),
        (("prompt", "era.en", "-m", "{model}"), 2, "--input"),
        (("prompt", "question.en", "-m", "{model}", "why"), 2, "passage"),
        (("prompt", "era.en", "1999", "-m", "{model}", "--shots", "99"), 2, "examples"),
        (("chat",), 2, "--model"),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int, told: str) -> None:
    done = bunsan(*(a.format(model=folder()) for a in arguments))
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_prompts_listed_shown_and_asked(tmp_path: Path) -> None:
    assert "sentiment.ja" in bunsan("prompt").stdout
    shown = bunsan("prompt", "era.ja", "1964年", "--show", "--shots", "1").stdout
    assert shown.endswith("西暦: 1995年\n和暦: 平成7年\n\n西暦: 1964年\n和暦:\n")
    template = tmp_path / "own.toml"
    template.write_text(
        'example = "感想: {text}\\n判定: {answer}"\nanswers = ["肯定", "否定"]\n', "utf-8"
    )
    asked = bunsan("prompt", str(template), "わるい", "-m", str(folder()))
    assert asked.stdout == "否定\n", asked.stderr
    (tmp_path / "in.csv").write_text("text\nよい\nわるい\n", encoding="utf-8")
    (tmp_path / "examples.tsv").write_text("text\tanswer\nよい\t肯定\n", encoding="utf-8")
    table = bunsan(
        "prompt", str(template), "--input", str(tmp_path / "in.csv"), "-m", str(folder()), "--json"
    )
    assert [row["answer"] for row in json.loads(table.stdout)["rows"]] == ["肯定", "否定"]
    drawn = bunsan(
        "prompt", str(template), "わるい", "-m", str(folder()), "--shots", "1",
        "--examples", str(tmp_path / "examples.tsv"),
    )  # fmt: skip
    assert drawn.stdout == "否定\n", drawn.stderr


def test_examples_that_do_not_fit_are_told() -> None:
    done = bunsan("prompt", "question.ja", "何?", "--set", "passage=あ", "-m", str(folder()))
    assert done.returncode == 0, done.stderr
    assert "left out" in done.stderr


def test_chat_from_a_pipe(tmp_path: Path) -> None:
    saved = tmp_path / "talk.json"
    done = bunsan(
        "chat", "-m", str(folder()), "--persona", "猫", "--shots", "0", "--max-tokens", "4",
        "--temperature", "0", stdin=f"春\n/set max_tokens=6\n夏\n/save {saved}\n/reset\n/quit\nx\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") >= 2
    assert [turn["message"] for turn in json.loads(saved.read_text("utf-8"))["turns"]] == [
        "春",
        "夏",
    ]
    assert bunsan("chat", "-m", str(folder()), stdin="/load /no/such.json\n").returncode == 2


def test_chat_forgets_and_tells() -> None:
    done = bunsan(
        "chat", "-m", str(folder()), "--persona", "猫", "--shots", "0", "--max-tokens", "20",
        stdin="春は\n夏は\n秋は\n冬は\n春は\n夏は\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no longer seen" in done.stderr


def read_until(
    terminal: int, wanted: str, seconds: float = 120, again: Callable[[], None] | None = None
) -> str:
    """What the terminal shows up to `wanted`; `again` is done for every second of silence."""
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen.decode("utf-8", "ignore"):
        assert time.monotonic() < end, seen.decode("utf-8", "replace")
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 4096)
        elif again is not None:
            again()
    return seen.decode("utf-8", "ignore")


def test_interrupt_at_the_prompt_does_not_end_the_chat() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bunsan", "chat", "-m", str(folder()), "--persona", "猫",
         "--shots", "0", "--max-tokens", "3"],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**ENVIRONMENT, "TERM": "dumb"},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        read_until(ours, "> ")
        # A signal between the prompt's appearing and the wait for a key is seen with the next one
        # only, so it is sent again as a person would press the keys again.
        interrupt = partial(process.send_signal, signal.SIGINT)
        interrupt()
        read_until(ours, "/quit or Ctrl-D", again=interrupt)
        os.write(ours, b"/help\n")
        read_until(ours, "/retry")
        os.write(ours, b"/quit\n")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_interrupt_stops_the_answer_and_not_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process, so that the signal surely comes in the middle of an answer."""
    from writing_models import writer

    from bunsan.cli.verbs.chat import _Talk
    from bunsan.tasks.chat import Chat, Reply

    talk = _Talk(Chat(writer(), template="dialogue.ja", persona="猫", shots=0, max_tokens=30))
    pieces: list[str] = []
    following = Reply.__next__

    def one(reply: Reply) -> str:
        piece = following(reply)
        pieces.append(piece)
        os.kill(os.getpid(), signal.SIGINT)
        return piece

    monkeypatch.setattr(Reply, "__next__", one)
    before = signal.getsignal(signal.SIGINT)
    talk.answer("春")
    assert len(pieces) == 1
    assert talk.chat.turns == [("春", pieces[0].rstrip())]
    assert signal.getsignal(signal.SIGINT) is before
