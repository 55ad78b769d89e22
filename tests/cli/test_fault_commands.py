"""`bunsan antonyms` and `bunsan senses` in processes of their own."""

import json
from pathlib import Path

import numpy as np
import pytest
from test_commands import run

from bunsan.words.vectors.evaluate.antonyms import listed_pairs
from bunsan.words.vectors.files.dispatch import save_vectors
from bunsan.words.vectors.wordvectors import WordVectors

AROUND = {
    "体": ["頭", "肩", "腕", "胸", "喉", "背中", "耳", "額", "顎", "頬", "髪", "肌"],
    "職": [
        "会社",
        "社員",
        "上司",
        "給料",
        "役員",
        "部長",
        "課長",
        "辞令",
        "人事",
        "賃金",
        "雇用",
        "会議",
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of bunsan's Japanese lists, the words of each pair side by side, and of others; a
    text in which 首 stands among those of the body or of work."""
    place = tmp_path_factory.mktemp("faults")
    rng = np.random.default_rng(0)
    table: dict[str, np.ndarray] = {}
    for relation in ("antonyms", "synonyms"):
        for pair in listed_pairs("ja", relation):
            middle = table.get(pair.a, table.get(pair.b, rng.normal(size=60)))
            for word in (pair.a, pair.b):
                table.setdefault(word, middle + 0.6 * rng.normal(size=60))
    for i, words in enumerate(AROUND.values()):
        for word in words:
            table[word] = 8 * np.eye(60)[i] + 0.4 * rng.normal(size=60)
    table["首"] = 8 * np.eye(60)[0] + np.eye(60)[1]
    table |= {f"other{i}": rng.normal(size=60) for i in range(600)}
    words = rng.permutation(list(table)).tolist()
    save_vectors(WordVectors(words, np.array([table[w] for w in words])), place / "v.safetensors")
    lines = []
    for i in range(160):
        words = AROUND["体" if i % 4 else "職"]
        chosen = rng.choice(words, 6, replace=False).tolist()
        lines.append(" ".join([*chosen[:3], "首", *chosen[3:]]))
    (place / "t.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place


def test_antonyms(folder: Path):
    done = run("antonyms", "v.safetensors", cwd=folder)
    lines = done.stdout.splitlines()
    assert lines[0].split("\t")[:3] == ["relation", "pairs", "skipped"]
    assert [line.split("\t")[:3] for line in lines[1:3]] == [
        ["synonyms", "88", "0"],
        ["antonyms", "88", "0"],
    ]
    assert "do not tell synonyms from antonyms" in done.stderr
    told = json.loads(run("antonyms", "v.safetensors", "--json", cwd=folder).stdout)
    assert told["auc"]["low"] < 0.5 < told["auc"]["high"]
    assert told["auc_antonyms_random"] > 0.95
    assert [row["pairs"] for row in told["rows"]][:2] == [88, 88]
    assert told["by_pos"][0]["pos"] == "all"
    pairs = json.loads(run("antonyms", "v.safetensors", "--pairs", "--json", cwd=folder).stdout)
    assert {"a", "b", "cosine", "rank_a", "rank_b"} <= set(pairs["rows"][0])
    by_pos = run("antonyms", "v.safetensors", "--by-pos", "--lang", "ja", cwd=folder)
    assert by_pos.stdout.splitlines()[1].startswith("全体\t88\t88\t")
    assert "区別できていません" in by_pos.stderr


def test_lists_of_ones_own(folder: Path, tmp_path: Path):
    vectors = str(folder / "v.safetensors")
    (tmp_path / "o.csv").write_bytes("高い,安い\n首,給料\n".encode("cp932"))
    told = json.loads(
        run("antonyms", vectors, "--antonyms", "o.csv", "--json", cwd=tmp_path).stdout
    )
    assert told["rows"][1]["pairs"] == 2
    assert told["lists"] == ["bunsan (ja)", "o.csv"]
    (tmp_path / "bad.csv").write_text("高い,安い\n長い\n", encoding="utf-8")
    bad = run("antonyms", vectors, "--synonyms", "bad.csv", cwd=tmp_path, code=2)
    assert "bad.csv:2" in bad.stderr
    gone = run("antonyms", vectors, "--synonyms", "gone.csv", cwd=tmp_path, code=3)
    assert "gone.csv" in gone.stderr
    assert "ja or en" in run("antonyms", vectors, "--list", "fr", cwd=tmp_path, code=2).stderr
    assert "nothing" in run("antonyms", "nothing.bin", cwd=tmp_path, code=3).stderr


@pytest.mark.parametrize("name", ["f.html", "f.png", "f.svg", "f.pdf", "f.xlsx"])
def test_files(folder: Path, tmp_path: Path, name: str):
    vectors, text = str(folder / "v.safetensors"), str(folder / "t.txt")
    done = run("antonyms", vectors, "-o", name, cwd=tmp_path)
    assert done.stdout == ""
    assert f"Wrote {name}" in done.stderr
    assert (tmp_path / name).stat().st_size > 1000
    done = run(
        *("senses", vectors, "首", "--corpus", text, "--words", "spaces", "-o", "s" + name),
        cwd=tmp_path,
    )
    assert "75 %, 25 %" in done.stderr
    assert (tmp_path / ("s" + name)).stat().st_size > 1000


def test_senses_of_a_text(folder: Path):
    command = ("senses", "v.safetensors", "首", "--corpus", "t.txt", "--words", "spaces")
    told = json.loads(run(*command, "--json", cwd=folder).stdout)
    assert [row["share"] for row in told["rows"]] == [0.75, 0.25]
    assert set(told["rows"][1]["nearest"].split()) <= set(AROUND["職"])
    assert told["rows"][0]["cosine"] > told["rows"][1]["cosine"]
    assert told["words"][0]["total"] == 160
    passages = run(*command, "--rows", cwd=folder)
    lines = passages.stdout.splitlines()
    assert all("【首】" in line for line in lines)
    assert any("sense=2" in line and "給料" in line for line in lines)
    near = json.loads(run(*command, "--neighbours", "--json", cwd=folder).stdout)["rows"]
    assert {row["word"]: row["sense"] for row in near}["頭"] == 1
    assert "--corpus" in run("senses", "v.safetensors", "首", cwd=folder, code=2).stderr
    assert "足" in run(*command[:2], "足", *command[3:], cwd=folder, code=3).stderr
    two = ("senses", "v.safetensors", "首", "頭", *command[3:], "-o", "x.png")
    assert "one word" in run(*two, cwd=folder, code=2).stderr
    assert run(*command, "-k", "0", cwd=folder, code=2)


def test_senses_in_a_collection(folder: Path, tmp_path: Path):
    run(
        *("learn", str(folder / "t.txt"), "--words", "spaces", "-o", "c.bunsan"),
        *("--vectors", "word2vec", "--dim", "10", "--threads", "1"),
        cwd=tmp_path,
    )
    rows = json.loads(run("senses", "c.bunsan", "首", "--json", cwd=tmp_path).stdout)["rows"]
    assert [row["occurrences"] for row in rows] == [120, 40]
    words = json.loads(run("senses", "c.bunsan", "会社/頭", "--json", cwd=tmp_path).stdout)
    assert words["words"][0]["purity"] == 1.0
    run("antonyms", "c.bunsan", "--json", cwd=tmp_path)
    assert "--vectors cbow" in run(
        "senses", "c.bunsan", "首", "--vectors", "cbow", cwd=tmp_path, code=3
    ).stderr  # fmt: skip
