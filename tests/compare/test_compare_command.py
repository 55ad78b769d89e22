"""`bunsan compare` as a person runs it."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., list[dict[str, Any]]]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bunsan", "compare", *arguments], cwd=tmp_path,
            capture_output=True, text=True, encoding="utf-8", timeout=120,
            env={**os.environ, "BUNSAN_LANG": lang, "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    return call


@pytest.fixture
def table(tmp_path: Path, make_reviews: Make) -> str:
    rows = make_reviews(90, noise=0.05)
    for row in rows[75:]:
        row["label"] = ""
    with (tmp_path / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return "reviews.csv"


def test_table_figure_and_rows_to_label(run: Run, table: str, tmp_path: Path) -> None:
    done = run(
        table, "--text", "text", "--label", "label", "--next", "4", "-o", "next.csv", "-o", "c.svg",
        "--folds", "3",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("system\taccuracy\tlow\thigh")
    assert [line.split("\t")[0] for line in lines[1:]] == [
        "Majority", "TF-IDF of words", "TF-IDF of characters", "Mean of word vectors",
    ]  # fmt: skip
    assert "15 rows have no label" in done.stderr
    assert "Use " in done.stderr
    with (tmp_path / "next.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert all(int(row["row"]) > 76 for row in rows)  # the header is row 1
    assert "TF-IDF" in (tmp_path / "c.svg").read_text("utf-8")


def test_curve_in_japanese(run: Run, table: str, tmp_path: Path) -> None:
    done = run(
        table, "--text", "text", "--label", "label", "--curve", "--sizes", "10,20", "--folds", "3",
        "-o", "c.html", "--json", lang="ja",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert [p["labels"] for p in values["curves"][0]["points"]] == [10, 20]
    page = (tmp_path / "c.html").read_text("utf-8")
    assert "TF-IDF(文字)" in page
    assert "ラベルのある行数" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "star"], "列 'star' はありません"),
        (["--label", "label", "--curve", "--sizes", "a"], "数の並びではありません"),
    ],
)
def test_faults(run: Run, table: str, arguments: list[str], message: str) -> None:
    done = run(table, "--text", "text", *arguments, lang="ja")
    assert done.returncode == 2
    assert message in done.stderr
