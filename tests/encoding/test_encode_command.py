"""`bunsan encode` as people run it: real files, real processes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

import bunsan
from bunsan.base.errors import BadInput, Interrupted
from bunsan.models.encoding.encoder import Encoder
from bunsan.tasks import encode as task
from bunsan.tasks.encode import EncodeOptions, encode
from bunsan.tasks.vector_files import VectorBlock, vector_writer

ROWS = [("1", "静かな部屋でした"), ("2", ""), ("3", "The food was 最高"), ("4", "静かな部屋でした")]


def run(*arguments: object, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bunsan", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "BUNSAN_LANG": "en"},
        check=False,
    )


def write_csv(path: Path, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([("id", "comment"), *ROWS])


def expected(minilm: Encoder) -> np.ndarray:
    return minilm.encode([text for _, text in ROWS if text])


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_csv_to_parquet(
    tmp_path: Path, minilm: Encoder, minilm_folder: Path, encoding: str
) -> None:
    write_csv(tmp_path / "t.csv", encoding)
    done = run(
        *("encode", "t.csv", "--text", "comment", "--keep", "id", "--model", minilm_folder),
        *("-o", "v.parquet", "--precision", "float32", "--with-text"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "t.csv:3" in done.stderr  # the row without a text
    table = pq.read_table(tmp_path / "v.parquet")
    assert table["row"].to_pylist() == [2, 4, 5]
    assert table["id"].to_pylist() == ["1", "3", "4"]
    assert table["text"].to_pylist() == [text for _, text in ROWS if text]
    np.testing.assert_allclose(np.stack(table["vector"].to_numpy()), expected(minilm), atol=2e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "v.parquet"]


def test_workbook_folder_and_stdin(tmp_path: Path, minilm: Encoder, minilm_folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in [("id", "comment"), *ROWS]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    folder = tmp_path / "texts"
    folder.mkdir()
    for i, (_, text) in enumerate(ROWS):
        (folder / f"{i}.txt").write_text(text, encoding="utf-8")
    exact = ("--model", minilm_folder, "--precision", "float32", "--json")
    workbook = run("encode", "t.xlsx", "-o", "v.npy", *exact, cwd=tmp_path)
    assert workbook.returncode == 0, workbook.stderr
    assert json.loads(workbook.stdout)["vectors"] == 3
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected(minilm), atol=2e-6)
    rows = (tmp_path / "v.rows.csv").read_text(encoding="utf-8-sig").split()
    assert rows == ["source,row", "t.xlsx,2", "t.xlsx,4", "t.xlsx,5"]
    files = run("encode", "texts", "-o", "f.safetensors", *exact, cwd=tmp_path)
    assert files.returncode == 0, files.stderr
    tensors = load_file(tmp_path / "f.safetensors")
    np.testing.assert_allclose(tensors["vectors"], expected(minilm), atol=2e-6)
    lines = "\n".join(text for _, text in ROWS) + "\n"
    piped = run("encode", "-", *exact[:-1], cwd=tmp_path, stdin=lines)
    assert piped.returncode == 0, piped.stderr
    found = [json.loads(line) for line in piped.stdout.splitlines()]
    assert [one["row"] for one in found] == [1, 3, 4]
    np.testing.assert_allclose([one["vector"] for one in found], expected(minilm), atol=2e-6)


def test_mistakes_have_exit_codes(tmp_path: Path, minilm_folder: Path) -> None:
    write_csv(tmp_path / "t.csv", "utf-8")
    model = ("--model", minilm_folder)
    for arguments, code, words in (
        (("t.csv", *model, "-o", "v.png"), 2, "cannot be written as '.png'"),
        (("t.csv", *model, "-o", "v.npy", "--text", "coment"), 2, "Did you mean 'comment'"),
        (("t.csv", *model, "-o", "v.npy", "--pool", "average"), 2, "no pooling"),
        (("t.csv", *model, "-o", "v.npy", "--precision", "int7"), 2, "no precision"),
        (("t.csv", *model, "-o", "v.npy", "--layers", "x", "--pool", "words"), 2, "no list"),
        (("none.csv", *model, "-o", "v.npy"), 2, "none.csv"),
        (("t.csv", "--model", "no/model", "-o", "v.npy", "--offline"), 3, "no/model"),
    ):
        done = run("encode", *arguments, cwd=tmp_path)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_words_and_tokens_have_rows_of_their_own(tmp_path: Path, minilm: Encoder) -> None:
    (tmp_path / "t.txt").write_text("首を痛める\n会社を首になる\n", encoding="utf-8")
    to = tmp_path / "v.parquet"
    encode(tmp_path / "t.txt", to, model=minilm, options=EncodeOptions(pool="words"))
    table = pq.read_table(to).to_pydict()
    heads = [i for i, word in enumerate(table["word"]) if word == "首"]
    assert [(table["row"][i], table["begin"][i], table["end"][i]) for i in heads] == [
        (1, 0, 1),
        (2, 3, 4),
    ]
    vectors = [word.vector for word in minilm.words("会社を首になる") if word.word == "首"]
    np.testing.assert_allclose(table["vector"][heads[1]], vectors[0], atol=1e-6)
    encode(tmp_path / "t.txt", to, model=minilm, options=EncodeOptions(pool="tokens"))
    assert pq.read_table(to)["token"].to_pylist()[:2] == ["[UNK]", "を"]
    encode(
        tmp_path / "t.txt",
        tmp_path / "v.npy",
        model=minilm,
        options=EncodeOptions(pool="layers"),
    )
    assert np.load(tmp_path / "v.npy").shape == (2, 7, 384)


def test_interrupted_goes_on(
    tmp_path: Path, minilm: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "CHUNK_TEXTS", 10)
    lines = [f"text number {i}" for i in range(35)]
    (tmp_path / "t.txt").write_text("\n".join(lines), encoding="utf-8")
    to, real, calls = tmp_path / "v.npy", task._block, []

    def stopping(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(task, "_block", stopping)
    with pytest.raises(Interrupted, match="same command goes on"):
        encode(tmp_path / "t.txt", to, model=minilm)
    assert not to.exists()
    summary = encode(tmp_path / "t.txt", to, model=minilm)
    assert (summary.resumed, summary.texts, summary.vectors) == (20, 35, 35)
    np.testing.assert_allclose(np.load(to), minilm.encode(lines), atol=2e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.txt", "v.npy", "v.rows.csv"]
    # What was kept is of these texts and options alone.
    calls.clear()
    with pytest.raises(Interrupted):
        encode(tmp_path / "t.txt", to, model=minilm)
    other = encode(tmp_path / "t.txt", to, model=minilm, options=EncodeOptions(pool="cls"))
    assert other.resumed == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_a_signal_leaves_no_half_file(tmp_path: Path, minilm_folder: Path) -> None:
    lines = (f"text number {i} and some more words to read" for i in range(40_000))
    (tmp_path / "t.txt").write_text("\n".join(lines), encoding="utf-8")
    command = ("encode", "t.txt", "--model", str(minilm_folder), "-o", "v.csv")
    child = subprocess.Popen(
        [sys.executable, "-m", "bunsan", *command], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 120
    while not (tmp_path / ".v.csv.parts").is_dir() and time.monotonic() < end:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, complaint = child.communicate(timeout=120)
    assert child.returncode == 130, complaint
    assert "goes on" in complaint
    assert sorted(path.name for path in tmp_path.iterdir()) == [".v.csv.parts", "t.txt"]


def test_open_finds_models_and_collections(tmp_path: Path, minilm_folder: Path) -> None:
    model = bunsan.open(minilm_folder)
    assert not model.writes
    with pytest.raises(bunsan.BadInput, match="writes no text"):
        model.complete("a")
    assert model.encode(["a", "b"]).shape == (2, 384)
    bunsan.learn(["静かな部屋でした"], to=tmp_path / "c.bunsan", by=())
    assert bunsan.open(tmp_path / "c.bunsan").n_documents == 1
    with pytest.raises(bunsan.Missing):
        bunsan.open(tmp_path / "none.bunsan")


@pytest.mark.parametrize("suffix", ["parquet", "npy", "safetensors", "csv", "tsv", "jsonl"])
def test_files_hold_what_was_written(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    blocks = [
        VectorBlock(
            {"row": list(range(begin, begin + n)), "name": ['",\n首' + str(begin)] * n},
            rng.standard_normal((n, 5)).astype(np.float32),
        )
        for begin, n in ((0, 3), (3, 2))
    ]
    path = tmp_path / f"v.{suffix}"
    with vector_writer(path, {"model": "m"}) as writer:
        for block in blocks:
            writer.write(block)
    vectors = np.concatenate([block.vectors for block in blocks])
    names = ['",\n首0'] * 3 + ['",\n首3'] * 2
    if suffix == "parquet":
        table = pq.read_table(path)
        found, labels = np.stack(table["vector"].to_numpy()), table["name"].to_pylist()
        assert table.schema.metadata[b"model"] == b"m"
    elif suffix == "npy":
        found = np.load(path)
        with (tmp_path / "v.rows.csv").open(encoding="utf-8-sig", newline="") as file:
            labels = [row["name"] for row in csv.DictReader(file)]
    elif suffix == "safetensors":
        tensors = load_file(path)
        found, labels = tensors["vectors"], names
        assert tensors["row"].tolist() == [0, 1, 2, 3, 4]
    elif suffix == "jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found, labels = np.array([r["vector"] for r in rows], np.float32), [r["name"] for r in rows]
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if suffix == "tsv" else ","))
        found = np.array([[r[f"v{i}"] for i in range(5)] for r in rows], np.float32)
        labels = [row["name"] for row in rows]
    np.testing.assert_array_equal(found, vectors)  # bit for bit, text formats too
    assert labels == names


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    path.write_bytes(b"old")

    def fail() -> None:
        with vector_writer(path, {}) as writer:
            writer.write(VectorBlock({"row": [1]}, np.zeros((1, 2), np.float32)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["v.npy"]
    with pytest.raises(BadInput, match="png"), vector_writer(tmp_path / "v.png", {}):
        pass
