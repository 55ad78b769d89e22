"""`bunsan finetune` and `bunsan predict` as people run them: real files, real processes."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from finetune_help import choices, entities, questions, reviews, squad, write_lines

import bunsan
from bunsan.cli.main import main
from bunsan.tasks.finetuning.opened import OpenedTask
from bunsan.tasks.finetuning.predicting import Columns, predict_file
from bunsan.tasks.row_files import row_writer

QUICK = ("--epochs", "20", "--batch", "8", "--rate", "4e-3", "--threads", "1")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, cwd: Path, stdin: str | None = None) -> Done:
    """The command in this process; with `stdin`, in one of its own."""
    words = [str(argument) for argument in arguments]
    if stdin is not None:
        done = subprocess.run(
            [sys.executable, "-m", "bunsan", *words],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "BUNSAN_LANG": "en", "OMP_NUM_THREADS": "1"},
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    for stream in (out, err):
        stream.seek(0)
    return Done(code, out.read(), err.read())


@pytest.fixture(scope="module")
def place(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workbook of reviews and the classifier that the command made of it."""
    folder = tmp_path_factory.mktemp("cli")
    book = openpyxl.Workbook()
    book.active.append(["id", "コメント", "評価"])
    for i, row in enumerate(reviews(60)):
        book.active.append([i, row["text"], row["label"] if i != 4 else None])
    book.save(folder / "reviews.xlsx")
    done = run(
        *("finetune", "classification", "--model", bert, "--train", "reviews.xlsx"),
        *("--held-out", "0.2", "-o", "out", *QUICK),
        cwd=folder,
        stdin="",
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert "bad" in done.stdout
    for words in (
        "Columns: text = コメント; label = 評価",
        "1 rows have no label",
        "held out for the scores",
        "Wrote out",
        "Next: bunsan predict out reviews.xlsx -o predictions.csv",
    ):
        assert words in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["out", "reviews.xlsx"]
    return folder


def test_every_format_has_the_same_rows(place: Path) -> None:
    found: list[list[tuple[Any, ...]]] = []
    for name in ("p.csv", "p.tsv", "p.xlsx", "p.jsonl", "p.parquet"):
        done = run("predict", "out", "reviews.xlsx", "-o", name, "-p", "--keep", "id", cwd=place)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        assert "60 rows predicted" in done.stderr
        path = place / name
        if name.endswith("xlsx"):
            table = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
            rows = [dict(zip(table[0], line, strict=True)) for line in table[1:]]
        elif name.endswith("parquet"):
            rows = pq.read_table(path).to_pylist()
        elif name.endswith("jsonl"):
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file, delimiter="\t" if "tsv" in name else ","))
        assert list(rows[0]) == [
            *("source", "row", "id", "コメント", "prediction", "probability", "p(bad)", "p(good)"),
        ]
        found.append(
            [
                (
                    r["source"],
                    int(r["row"]),
                    str(r["id"]),
                    r["コメント"],
                    r["prediction"],
                    *tuple(round(float(r[key]), 5) for key in ("probability", "p(bad)", "p(good)")),
                )
                for r in rows
            ]
        )
        path.unlink()
    assert all(rows == found[0] for rows in found)
    assert [row[1] for row in found[0]] == list(range(2, 62))
    right = sum(row[4] == ("good" if i % 2 == 0 else "bad") for i, row in enumerate(found[0]))
    assert right > 54


def test_scores_alone_and_beside(place: Path) -> None:
    alone = run("predict", "out", "reviews.xlsx", "--score", cwd=place)
    assert alone.returncode == 0, alone.stderr
    assert "accuracy" in alone.stdout
    assert "1 rows have no label and were not scored" in alone.stderr
    both = run("predict", "out", "reviews.xlsx", "--score", "--json", "-o", "p.csv", cwd=place)
    told = json.loads(both.stdout)
    assert told["scores"]["items"] == 59
    assert told["rows"] == 60
    (place / "p.csv").unlink()


def test_lines_from_standard_input(place: Path) -> None:
    lines = "The room in Nara was lovely, Sato.\n\nThe bath in Kyoto was rude, Mori.\n"
    done = run("predict", "out", "-", cwd=place, stdin=lines)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["row"], row["prediction"]) for row in rows] == [(1, "good"), (3, "bad")]


def test_in_python(place: Path) -> None:
    import pandas

    opened = bunsan.open_task(place / "out")
    assert opened.labels == ["bad", "good"]
    one = opened.predict("The room in Nara was lovely, Sato.")
    assert (one.label, set(one.probabilities)) == ("good", {"bad", "good"})
    assert sum(one.probabilities.values()) == pytest.approx(1.0)
    assert one.probability == one.probabilities["good"]
    texts = [row["text"] for row in reviews(6)]
    many = opened.predict(texts)
    assert [one.label for one in many] == ["good", "bad"] * 3
    assert opened.predict([]) == []
    frame = pandas.DataFrame({"x": [1] * 6, "コメント": texts})
    assert opened.predict(frame) == many
    assert opened.predict([{"コメント": text} for text in texts]) == many
    assert opened.predict(str(place / "reviews.xlsx"))[0].label == "good"
    gaps = opened.predict(pandas.DataFrame({"コメント": [texts[0], None, " ", texts[1]]}))
    assert gaps == [many[0], None, None, many[1]]
    assert opened.predict(texts) == many  # a file in between changes no column


def test_mistakes_have_exit_codes(place: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNSAN_OFFLINE", "1")
    (place / "b.csv").write_text("id,comment\n1,The room was great\n")
    for arguments, code, words in (
        (("predict", "out", "b.csv", "-o", "p.png"), 2, "cannot be written as '.png'"),
        (("predict", "out", "b.csv", "-o", "p.csv"), 2, "no column 'コメント'"),
        (("predict", "out", "none.csv"), 2, "none.csv"),
        (("predict", "out", "b.csv", "--text", "coment"), 2, "Did you mean 'comment'"),
        (("predict", bert, "b.csv"), 2, "was not fine-tuned"),
        (("predict", "out", "b.csv", "--text", "comment", "--score"), 2, "評価"),
        (("finetune", "x", "-m", bert, "-t", "b.csv", "-o", "new"), 2, "no task 'x'"),
        (
            ("finetune", "pairs", "-m", bert, "-t", "b.csv", "-o", "new", "--freeze", "some"),
            2,
            "--freeze cannot be 'some'",
        ),
        (
            ("finetune", "pairs", "-m", "no/model", "-t", "b.csv", "-o", "new"),
            3,
            "no/model",
        ),
    ):
        done = run(*arguments, cwd=place)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    done = run("predict", "out", "b.csv", "--text", "comment", cwd=place)
    assert json.loads(done.stdout)["comment"] == "The room was great"
    (place / "b.csv").unlink()
    assert sorted(path.name for path in place.iterdir()) == ["out", "reviews.xlsx"]


def test_entities_answers_and_choices(bert: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", entities())
    (tmp_path / "q.json").write_text(json.dumps(squad(questions(none=True))))
    write_lines(tmp_path / "c.jsonl", choices())
    for task, file in (("tokens", "e.jsonl"), ("answers", "q.json"), ("choices", "c.jsonl")):
        made = run(
            *("finetune", task, "-m", bert, "-t", file, "-o", f"{task}-model", *QUICK, "--json"),
            cwd=tmp_path,
        )
        assert made.returncode == 0, made.stderr
        told = json.loads(made.stdout)
        assert told["task"] == task
        assert told["scores"]["items"] == told["valid"] > 0
    done = run("predict", "tokens-model", "e.jsonl", "-o", "e.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "e.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 60
    for row in rows[:20]:
        if row["span"]:
            assert row["text"][int(row["start"]) : int(row["end"])] == row["span"]
    lines = run("predict", "tokens-model", "e.jsonl", cwd=tmp_path).stdout.splitlines()
    first = json.loads(lines[0])
    assert {span["type"] for span in first["spans"]} <= {"person", "place"}
    done = run("predict", "answers-model", "q.json", "--no-text", "-o", "q.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text().splitlines()]
    wanted = questions(none=True)
    for one, row in zip(found, wanted, strict=True):
        if one["start"] is not None:
            assert row["context"][one["start"] : one["end"]] == one["prediction"]
        assert "context" not in one
    assert (
        sum(one["prediction"] == row["answer"] for one, row in zip(found, wanted, strict=True)) > 30
    )
    done = run("predict", "choices-model", "c.jsonl", "--score", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout


def test_rows_come_out_in_order_whatever_the_chunks(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bunsan.tasks.finetuning import answering as module

    opened: OpenedTask = bunsan.open_task(place / "out")
    rows = [{"text": "great " * (1 + 7 * i % 23) + f"room {i}", "コメント": ""} for i in range(70)]
    rows = [{"コメント": row["text"], "n": i} for i, row in enumerate(rows)]
    predict_file(opened, rows, tmp_path / "a.jsonl", columns=Columns(keep=("n",)))
    monkeypatch.setattr(module, "CHUNK_ROWS", 7)
    predict_file(opened, rows, tmp_path / "b.jsonl", columns=Columns(keep=("n",)))
    a, b = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("a.jsonl", "b.jsonl")
    )
    assert [one["n"] for one in a] == [str(i) for i in range(70)]
    for one, other in zip(a, b, strict=True):
        assert one | {"probability": 0} == other | {"probability": 0}
        assert one["probability"] == pytest.approx(other["probability"], abs=2e-6)


def test_cells_that_look_like_formulas_stay_text(tmp_path: Path) -> None:
    rows = [
        {"row": 1, "text": "=1+1", "probability": None},
        {"row": 2, "text": "x", "probability": 0.5},
    ]
    for name in ("a.xlsx", "a.parquet", "a.csv", "empty.xlsx", "empty.parquet"):
        with row_writer(tmp_path / name) as writer:
            writer.write(rows[:1] if "empty" not in name else [])
            writer.write(rows[1:] if "empty" not in name else [])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [cell.value for cell in sheet["B"]] == ["text", "=1+1", "x"]
    assert sheet["B2"].data_type == "s"
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == rows
    with pytest.raises(AttributeError), row_writer(tmp_path / "gone.csv") as writer:
        writer.write([*rows, None])  # type: ignore[list-item]
    assert not (tmp_path / "gone.csv").exists()
    assert pq.read_table(tmp_path / "empty.parquet").num_rows == 0
