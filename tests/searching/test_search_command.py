"""`bunsan search` by meaning and by both, as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from searching_help import some_rows

from bunsan.tasks.facade import Collection

ENVIRONMENT = {**os.environ, "BUNSAN_LANG": "en", "NO_COLOR": "1", "PYTHONWARNINGS": "default"}


@pytest.fixture
def place(make: Callable[..., Collection], tmp_path: Path) -> Path:
    make(some_rows(70), "c.bunsan")
    return tmp_path


def run(*arguments: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bunsan", "search", *arguments],
        cwd=cwd, capture_output=True, encoding="utf-8", env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_by_both(place: Path) -> None:
    done = run("c.bunsan", "w3 w30", "--by", "both", "-n", "3", cwd=place)
    first, *more = done.stdout.splitlines()
    assert first.startswith("1\t0.03")
    assert "keyword " in first
    assert "meaning " in first
    assert more[0].startswith("\t")
    assert "70 documents ranked; meaning by word2vec (SIF)" in done.stderr


def test_by_meaning_page_by_page(place: Path) -> None:
    asked = ("c.bunsan", "w3 w30 zebra", "--by", "meaning", "--json")
    whole = json.loads(run(*asked, "-n", "8", cwd=place).stdout)
    assert whole["representation"] == "word2vec (SIF)"
    assert whole["total"] == 70
    page = run(*asked, "-n", "3", "--offset", "5", cwd=place)
    assert json.loads(page.stdout)["rows"] == whole["rows"][5:]
    assert "Without a vector: zebra" in page.stderr


def test_mistakes(place: Path) -> None:
    assert "both" in run("c.bunsan", "w3", "--by", "sense", cwd=place, code=2).stderr
    told = run("c.bunsan", "w3", "--by", "both", "--model", "fasttext", cwd=place, code=3).stderr
    assert "--vectors fasttext" in told
