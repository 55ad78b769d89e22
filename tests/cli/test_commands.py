"""The real command in a process of its own: what it prints where, what it writes, how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

ROWS = [
    ("箱根", "5", "部屋から海が見える。朝食が美味しい。"),
    ("箱根", "4", "露天風呂が広くて気持ちよかった。朝食のバイキングも良い。"),
    ("草津", "5", "湯畑に近くて便利。夕食が豪華だった。"),
    ("草津", "2", "部屋が狭くて残念。風呂は熱い。"),
    ("京都", "3", "庭園が美しい。朝食は和食で美味しい。"),
    ("京都", "1", "引越しの途中で泊まった。駅から遠い。"),
    ("京都", "4", "引っ越しの前に泊まった。駅に近い。"),
]
ENVIRONMENT = {**os.environ, "BUNSAN_LANG": "en", "NO_COLOR": "1", "PYTHONWARNINGS": "default"}


def run(*arguments: str, cwd: Path, code: int = 0, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bunsan", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding=options.pop("encoding", "utf-8"),
        env={**ENVIRONMENT, **options.pop("env", {})},
        **options,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cli")
    text = "地域,評価,感想\r\n" + "".join(f"{a},{r},{t}\r\n" for a, r, t in ROWS)
    (place / "reviews.csv").write_bytes(text.encode("cp932"))
    done = run(
        "learn", "reviews.csv", "--text", "感想", "--by", "地域,評価", "-o", "r.bunsan", cwd=place
    )
    assert done.stdout == ""
    assert "read as cp932" in done.stderr
    assert "7 documents added" in done.stderr
    return place


def rows_of(done: subprocess.CompletedProcess[str]) -> list[dict]:
    return json.loads(done.stdout)["rows"]


def test_search(folder: Path) -> None:
    done = run("search", "r.bunsan", "海の見える部屋", cwd=folder)
    first = done.stdout.splitlines()
    assert first[0].startswith("1\t")
    assert "reviews.csv:2" in first[0]
    assert "地域=箱根" in first[0]
    assert first[1] == "\t【部屋】から【海】が【見える】。"
    found = rows_of(run("search", "r.bunsan", "朝食", "--where", "地域=京都", "--json", cwd=folder))
    assert [r["row"] for r in found] == [6]
    phrase = rows_of(run("search", "r.bunsan", '"駅に近い"', "--json", cwd=folder))
    assert [r["row"] for r in phrase] == [8]
    without = rows_of(run("search", "r.bunsan", "朝食 -バイキング", "--json", cwd=folder))
    assert {r["row"] for r in without} == {2, 6}


def test_spellings_count_as_one(folder: Path) -> None:
    found = rows_of(run("search", "r.bunsan", "引っ越し", "--json", cwd=folder))
    assert {r["row"] for r in found} == {7, 8}
    spellings = rows_of(run("words", "r.bunsan", "--spellings", "引越し", "--json", cwd=folder))
    assert {(r["spelling"], r["frequency"]) for r in spellings} == {("引越し", 1), ("引っ越し", 1)}


def test_kwic(folder: Path) -> None:
    done = run("kwic", "r.bunsan", "朝食", "--sort", "right", "--json", cwd=folder)
    value = json.loads(done.stdout)
    assert value["total"] == 3
    assert [r["right"][:2] for r in value["rows"]] == ["が美", "のバ", "は和"]
    shown = run("kwic", "r.bunsan", "朝食", cwd=folder).stdout.splitlines()
    assert len(shown) == 3
    assert all("【朝食】" in line for line in shown)


def test_related_and_its_rows(folder: Path) -> None:
    found = rows_of(run("related", "r.bunsan", "朝食", "--min-count", "1", "--json", cwd=folder))
    assert found[0]["word"] == "美味しい"
    assert found[0]["together"] == 2
    assert found[0]["jaccard"] == pytest.approx(2 / 3)
    both = run("related", "r.bunsan", "朝食", "--with", "美味しい", cwd=folder).stdout
    assert both.splitlines() == [
        "reviews.csv:2\t地域=箱根\t評価=5\t【朝食】が【美味しい】。",
        "reviews.csv:6\t地域=京都\t評価=3\t【朝食】は和食で【美味しい】。",
    ]
    said = rows_of(run("related", "r.bunsan", "朝食", "--predicates", "--json", cwd=folder))
    assert ("が", "美味しい") in {(r["relation"], r["predicate"]) for r in said}


def test_features(folder: Path) -> None:
    found = rows_of(
        run("features", "r.bunsan", "--by", "地域", "--min-documents", "1", "--json", cwd=folder)
    )
    of = {}
    for row in found:
        of.setdefault(row["group"], []).append(row["word"])
    assert "湯畑" in of["草津"]
    assert "引越し" in of["京都"] or "引っ越し" in of["京都"]
    for row in found:
        assert row["jaccard_low"] <= row["jaccard"] <= row["jaccard_high"]


def test_words_go_to_files(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "words.xlsx"
    done = run("words", "r.bunsan", "-o", str(path), cwd=folder)
    assert done.stdout == ""
    assert str(path) in done.stderr
    sheet = openpyxl.load_workbook(path).active
    values = list(sheet.values)
    assert values[0] == ("word", "part of speech", "tokens", "documents")
    assert ("朝食", "noun", 3, 3) in values


def test_code(folder: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.txt"
    rules.write_text("*食事\n朝食 or 夕食\n\n*風呂\n風呂 | 露天風呂\n", encoding="cp932")
    found = rows_of(run("code", "r.bunsan", str(rules), "--json", cwd=folder))
    assert [(r["code"], r["units"]) for r in found][:2] == [("食事", 4), ("風呂", 2)]
    assert found[2]["units"] == 2  # those without a code
    crossed = rows_of(run("code", "r.bunsan", str(rules), "--by", "地域", "--json", cwd=folder))
    assert [r["箱根"] for r in crossed] == [2, 1, 0]
    rows = run("code", "r.bunsan", str(rules), "--rows", cwd=folder).stdout
    assert "【露天風呂】" in rows
    rules.write_text("*食事\n朝食 or (夕食\n", encoding="utf-8")
    bad = run("code", "r.bunsan", str(rules), cwd=folder, code=2)
    assert "rules.txt:2" in bad.stderr


def test_network_and_map(folder: Path, tmp_path: Path) -> None:
    network = tmp_path / "n.html"
    run(
        "network",
        "r.bunsan",
        "-o",
        str(network),
        "--resamples",
        "5",
        "--min-count",
        "1",
        cwd=folder,
    )
    assert "朝食" in network.read_text("utf-8")
    word_map = tmp_path / "m.png"
    run("map", "r.bunsan", "--by", "地域", "-o", str(word_map), "--resamples", "5", cwd=folder)
    assert word_map.read_bytes().startswith(b"\x89PNG")
    table = tmp_path / "m.csv"
    run("map", "r.bunsan", "--by", "地域", "-o", str(table), "--resamples", "0", cwd=folder)
    assert "箱根" in table.read_text("utf-8-sig")


def test_info(folder: Path) -> None:
    facts = json.loads(run("info", "r.bunsan", "--json", cwd=folder).stdout)
    assert facts["documents"] == 7
    assert facts["by"]["地域"] == {"京都": 3, "箱根": 2, "草津": 2}
    assert "7" in run("info", "r.bunsan", "--lang", "ja", cwd=folder).stdout
    assert "文書: 7" in run("info", "r.bunsan", "--lang=ja", cwd=folder).stdout


def test_standard_input(folder: Path, tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"text": t, "area": a}) for a, _, t in ROWS)
    place = str(tmp_path / "s.bunsan")
    run("learn", "-", "--format", "jsonl", "-o", place, cwd=folder, input=lines)
    assert rows_of(run("search", place, "湯畑", "--json", cwd=folder))[0]["row"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "nowhere.bunsan", "海"], 3, "bunsan learn"),
        (["search", "r.bunsan", ""], 2, "nothing to search"),
        (["kwic", "r.bunsan", "ラーメン"], 2, "ラーメン"),
        (["similar", "r.bunsan", "朝飯前"], 2, "朝飯前"),
        (["features", "r.bunsan", "--by", "都市"], 2, "地域, 評価"),
        (["related", "r.bunsan", "朝食", "-m", "nonsense"], 2, "jaccard"),
        (["related", "r.bunsan", "朝食", "--unit", "page"], 2, "paragraph"),
        (["search", "r.bunsan", "海", "--variant", "x"], 2, "lucene"),
        (["search", "r.bunsan", "海", "--where", "地域"], 2, "COLUMN=VALUE"),
        (["words", "r.bunsan", "--pos", "foo"], 2, "noun"),
        (["words", "r.bunsan", "-o", "x.docx"], 2, ".xlsx"),
        (["learn", "missing.csv"], 2, "missing.csv"),
        (["learn", "reviews.csv", "--text", "感相", "-o", "x.bunsan"], 2, "感想"),
        (["learn", "reviews.csv", "--words", "kytea", "-o", "x.bunsan"], 2, "sudachi"),
        (["info", "reviews.csv"], 2, "not a collection"),
        (["nonsense"], 2, "nonsense"),
        (["search", "--top"], 2, "--top"),
        (["remove", "r.bunsan"], 2, "--where"),
    ],
)
def test_errors_say_what_to_do(folder: Path, arguments: list[str], code: int, message: str) -> None:
    done = run(*arguments, cwd=folder, code=code)
    assert message in done.stderr
    assert done.stdout == ""


def test_every_verb_explains_itself_in_both_languages(folder: Path) -> None:
    verbs = [
        "demo",
        "learn",
        "add",
        "remove",
        "info",
        "words",
        "search",
        "similar",
        "related",
        "features",
        "kwic",
        "network",
        "map",
        "code",
    ]
    for verb in verbs:
        shown = run(verb, "--help", cwd=folder).stdout
        assert f"$ bunsan {verb}" in shown
    assert "検索" in run("search", "--help", "--lang", "ja", cwd=folder).stdout


@pytest.mark.parametrize("encoding", ["cp932", "ascii", "euc_jp", "utf-8"])
def test_any_terminal_can_print_it(folder: Path, encoding: str) -> None:
    done = run(
        "search",
        "r.bunsan",
        "海",
        cwd=folder,
        env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        encoding=encoding,
    )
    assert "reviews.csv:2" in done.stdout
    if encoding != "ascii":
        assert "【海】" in done.stdout


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    command = (
        f'"{sys.executable}" -m bunsan words r.bunsan -n 1000 | head -n 1; echo ${{PIPESTATUS[0]}}'
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert done.stdout.splitlines()[0].startswith("word\t")
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_quiet_says_nothing_but_results(folder: Path, tmp_path: Path) -> None:
    done = run("learn", "reviews.csv", "--quiet", "-o", str(tmp_path / "q.bunsan"), cwd=folder)
    assert (done.stdout, done.stderr) == ("", "")
