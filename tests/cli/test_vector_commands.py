"""Word vectors on the command line: train, look, score, save; interrupted and taken up again."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_commands import ENVIRONMENT, rows_of, run

from bunsan.words.vectors.files.dispatch import open_vectors

WORDS = [f"語{i}" for i in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of 40 words, those with neighbouring numbers side by side, and its vectors."""
    place = tmp_path_factory.mktemp("vectors")
    rng = np.random.default_rng(2)
    lines = []
    for _ in range(4000):
        at = rng.integers(0, 40)
        lines.append(" ".join(WORDS[(at + int(step)) % 40] for step in rng.integers(0, 4, 8)))
    (place / "corpus.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run(
        *("train-words", "corpus.txt", "--words", "spaces", "--dim", "10", "--epochs", "3"),
        *("--min-count", "1", "--sample", "0", "--threads", "1", "-o", "v"),
        cwd=place,
    )
    assert done.stdout == ""
    assert "v.safetensors: 40 words, 10 dimensions (skipgram); 32,000 tokens" in done.stderr
    return place


def test_words_and_sums(folder: Path) -> None:
    found = rows_of(run("similar", "v.safetensors", "語10", "-n", "4", "--json", cwd=folder))
    assert {row["word"] for row in found} <= {f"語{i}" for i in range(5, 16)}
    text = run("similar", "v.safetensors", "語10 + 語12", "-n", "3", cwd=folder).stdout
    assert "語11" in text
    assert run("odd", "v.safetensors", "語3", "語4", "語30", cwd=folder).stdout == "語30\n"
    bad = run("similar", "v.safetensors", "語99", cwd=folder, code=3)
    assert "語99" in bad.stderr
    wrong = run("similar", "v.safetensors", "語1", "--arithmetic", "4cos", cwd=folder, code=2)
    assert "3cosmul" in wrong.stderr


def test_the_same_command_gives_the_same_vectors(folder: Path, tmp_path: Path) -> None:
    run(
        *("train-words", str(folder / "corpus.txt"), "--words", "spaces", "--dim", "10"),
        *("--epochs", "3", "--min-count", "1", "--sample", "0", "--threads", "1"),
        *("-o", "again.safetensors", "--quiet"),
        cwd=tmp_path,
    )
    first, again = (
        open_vectors(folder / "v.safetensors"),
        open_vectors(tmp_path / "again.safetensors"),
    )
    np.testing.assert_array_equal(first.vectors(WORDS), again.vectors(WORDS))


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.w2v", "v.bin", "v.glove", "v.kv"])
def test_formats(folder: Path, tmp_path: Path, name: str) -> None:
    run("vectors", str(folder / "v.safetensors"), "-o", name, cwd=tmp_path)
    facts = json.loads(run("vectors", name, "--json", cwd=tmp_path).stdout)
    assert (facts["words"], facts["dim"]) == (40, 10)
    found = rows_of(run("similar", name, "語10", "-n", "3", "--json", cwd=tmp_path))
    wanted = rows_of(run("similar", "v.safetensors", "語10", "-n", "3", "--json", cwd=folder))
    assert [row["word"] for row in found] == [row["word"] for row in wanted]


def test_a_damaged_file(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "v.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    bad = run("similar", "cut.safetensors", "語1", cwd=tmp_path, code=2)
    assert "cut.safetensors" in bad.stderr


def test_scores_and_maps(folder: Path, tmp_path: Path) -> None:
    pairs = "".join(f"語1,語{i},{-abs(i - 1)}\n" for i in range(2, 12))
    (tmp_path / "pairs.csv").write_text("a,b,score\n" + pairs, encoding="cp932")
    vectors = str(folder / "v.safetensors")
    scores = rows_of(run("evaluate", vectors, "--similarity", "pairs.csv", "--json", cwd=tmp_path))
    assert scores[0]["score"] > 0.7
    assert scores[0]["asked"] == 10
    assert "--analogies" in run("evaluate", vectors, cwd=tmp_path, code=2).stderr
    run("project", vectors, "--most", "20", "-o", "m.png", cwd=tmp_path)
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    places = rows_of(run("project", vectors, "語1", "語2", "語30", "--json", cwd=tmp_path))
    assert [row["word"] for row in places] == ["語1", "語2", "語30"]


def test_vectors_of_a_collection(folder: Path, tmp_path: Path) -> None:
    done = run(
        *("learn", str(folder / "corpus.txt"), "--words", "spaces", "-o", "c.bunsan"),
        *("--vectors", "word2vec,glove", "--dim", "8", "--threads", "1"),
        cwd=tmp_path,
    )
    assert "c.bunsan --vectors glove: 40 words, 8 dimensions" in done.stderr
    for name in ("word2vec", "glove"):
        found = run("similar", "c.bunsan", "語10", "--vectors", name, "-n", "3", cwd=tmp_path)
        assert found.stdout.startswith("word\tfrequency\tsimilarity\n語")
    missing = run("similar", "c.bunsan", "語10", "--vectors", "cbow", cwd=tmp_path, code=3)
    assert "--vectors cbow" in missing.stderr
    refused = run("learn", "x.txt", "--vectors", "word3vec", cwd=tmp_path, code=2)
    assert "word3vec" in refused.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_and_taken_up(folder: Path, tmp_path: Path, how: signal.Signals) -> None:
    command = [
        *(sys.executable, "-m", "bunsan", "train-words", str(folder / "corpus.txt")),
        *(
            "--words",
            "spaces",
            "--dim",
            "10",
            "--epochs",
            "3000",
            "--min-count",
            "1",
            "--sample",
            "0",
        ),
        *("--threads", "1", "-o", "v"),
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, encoding="utf-8"
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("v.safetensors.training/*/corpus/corpus.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(1.5)
    process.send_signal(how)
    _, told = process.communicate()
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "same command" in told
        assert list(tmp_path.glob("v.safetensors.training/*/training/training.safetensors"))
    assert not (tmp_path / "v.safetensors").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["v.safetensors.training"]
    # Another command is not in its way, and leaves it alone.
    short = [c if c != "3000" else "1" for c in command]
    done = subprocess.run(short, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "v.safetensors.training").exists()


def test_readings_of_words(tmp_path: Path) -> None:
    lines = ["引越 部屋 荷物 部屋 引越", "珈琲 朝食 紅茶 朝食 珈琲"] * 100
    (tmp_path / "t.txt").write_text("\n".join(lines), encoding="utf-8")
    options = ("--words", "spaces", "--dim", "8", "--min-count", "1", "--threads", "1")
    grams = ("--method", "fasttext", "--minn", "1", "--maxn", "3", "--bucket", "1000")
    run("train-words", "t.txt", *options, *grams, "--readings", "-o", "v", cwd=tmp_path)
    found = rows_of(run("similar", "v.safetensors", "ひっこし", "-n", "1", "--json", cwd=tmp_path))
    assert found[0]["word"] == "引越"
    told = run("vectors", "v.safetensors", "-o", "v.bin", cwd=tmp_path).stderr
    assert "does not hold readings" in told
    assert (
        open_vectors(tmp_path / "v.bin").words[0]
        == open_vectors(tmp_path / "v.safetensors").words[0]
    )
    wrong = run("train-words", "t.txt", *options, "--readings", "-o", "w", cwd=tmp_path, code=2)
    assert "readings" in wrong.stderr
