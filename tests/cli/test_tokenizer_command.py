"""`bunsan train-tokenizer`, as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import bunsan

TEXT = "東京タワーは高い。\nホテルの朝食が美味しかったです。\nThe quick brown fox.\n" * 5


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bunsan", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_tokenizer_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "b.csv").write_text("本文,n\n京都の大学,1\n", encoding="cp932")
    done = run(
        "train-tokenizer",
        tmp_path / "a.txt",
        tmp_path / "b.csv",
        "-o",
        tmp_path / "out",
        "--words",
        "mecab-ipadic",
        "--vocab-size",
        "200",
        "--special",
        "<x>",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    opened = bunsan.open_tokenizer(tmp_path / "out")
    assert facts["vocab_size"] == opened.vocab_size <= 200
    assert opened.encode("東京<x>大学").tokens == [
        "[CLS]",
        "東京",
        "<x>",
        *opened.encode("大学").tokens[1:-1],
        "[SEP]",
    ]
    assert opened.token_to_id("京") is not None  # from the table


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--kind", "klingon"], 2, "wordpiece"),
        (["--words", "mecab-unidic"], 3, "pip install unidic"),
        (["--vocab-size", "3"], 2, "vocab_size"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, options: list[str], code: int, told: str) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    done = run("train-tokenizer", tmp_path / "a.txt", "-o", tmp_path / "out", *options)
    assert done.returncode == code
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n\n", encoding="utf-8")
    done = run("train-tokenizer", tmp_path / "a.txt", "-o", tmp_path / "out")
    assert done.returncode == 2


def test_in_python(tmp_path: Path) -> None:
    own = bunsan.train_tokenizer(
        ["東京 タワー", "京都 タワー"], words="spaces", vocab_size=60, to=tmp_path / "t"
    )
    assert own.decode(own.encode("京都 タワー").ids) == "京都タワー"
    assert bunsan.open_tokenizer(tmp_path / "t").vocabulary() == own.vocabulary()
